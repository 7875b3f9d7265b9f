//! A QR code for a terminal.

use fast_qr::{ECL, QRBuilder};

use crate::exit::Exit;
use crate::messages::problems;
use crate::problem::Problem;
use crate::stop::Stop;

/// The text as a QR code of half blocks. A screen does not get dirty: the least correction, the fewest rows.
pub fn qr(text: &str) -> Result<String, Stop> {
    let code = QRBuilder::new(text)
        .ecl(ECL::L)
        .build()
        .map_err(|error| Problem::of(Exit::Unexpected, "OUB-E013", problems::no_qr(format!("{error:?}"))))?;
    Ok(code.to_str())
}
