//! A QR code for a terminal.

use fast_qr::{ECL, QRBuilder};

use crate::exit::Exit;
use crate::problem::Problem;
use crate::stop::Stop;

/// The text as a QR code of half blocks. A screen does not get dirty: the least correction, the fewest rows.
pub fn qr(text: &str) -> Result<String, Stop> {
    let code = QRBuilder::new(text).ecl(ECL::L).build().map_err(|error| {
        let what = "this does not fit into a QR code";
        Problem::new(Exit::Unexpected, "OUB-E013", what, format!("{error:?}"), "send it as text")
    })?;
    Ok(code.to_str())
}
