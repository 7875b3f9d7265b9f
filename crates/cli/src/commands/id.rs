//! `oub id`: shows my address, or the recovery words.

use crate::args::Id;
use crate::commands::{notices, words};
use crate::context::Context;
use crate::exit::Exit;
use crate::json::Line;
use crate::qr::qr;
use crate::shown::hex;
use crate::stop::Stop;
use crate::when;

/// Prints the full address, as text, JSON or QR code.
pub fn run(context: &Context, args: &Id) -> Result<Exit, Stop> {
    let client = context.open()?;
    if args.words {
        return words::show(context, &client);
    }
    let address = client.address()?;
    let full = address.to_string();
    let given_up = client.released()?.and_then(|released| released.at);
    let line = Line::new("identity")
        .text("name", address.name.as_str())
        .text("address", &full)
        .text("human", &address.human())
        .text("fingerprint", &hex(&client.identity_fingerprint()?))
        .maybe_text("given_up", given_up.map(when::for_programs).as_deref());
    notices::tell_given_up(context, &client)?;
    let text = if args.qr { format!("{}\n{full}", qr(&full)?) } else { full };
    context.screen.answer(line, &text)?;
    notices::tell_words(context, &client)?;
    Ok(Exit::Done)
}
