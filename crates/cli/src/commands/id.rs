//! `oub id`: shows my address.

use std::fmt::Write as _;

use fast_qr::QRBuilder;

use crate::args::Id;
use crate::context::Context;
use crate::exit::Exit;
use crate::json::Line;
use crate::problem::Problem;
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

fn qr(text: &str) -> Result<String, Stop> {
    let code = QRBuilder::new(text).build().map_err(|error| {
        let why = format!("{error:?}");
        Problem::new(
            Exit::Unexpected,
            "OUB-E013",
            "the address does not fit into a QR code",
            why,
            "send it as text",
        )
    })?;
    Ok(code.to_str())
}

/// Lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}
