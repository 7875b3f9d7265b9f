//! `oub id`: shows my address.

use crate::args::Id;
use crate::context::Context;
use crate::exit::Exit;
use crate::json::Line;
use crate::qr::qr;
use crate::shown::hex;
use crate::stop::Stop;

/// Prints the full address, as text, JSON or QR code.
pub fn run(context: &Context, args: &Id) -> Result<Exit, Stop> {
    let client = context.open()?;
    let address = client.address()?;
    let full = address.to_string();
    let line = Line::new("identity")
        .text("name", address.name.as_str())
        .text("address", &full)
        .text("human", &address.human())
        .text("fingerprint", &hex(&client.identity_fingerprint()?));
    let text = if args.qr { format!("{}\n{full}", qr(&full)?) } else { full };
    context.screen.answer(line, &text)?;
    Ok(Exit::Done)
}
