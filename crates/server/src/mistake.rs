//! The help or the version that was asked for, and what is wrong with a command line: the grammar says both.

use clap::Error;

use crate::failure::{EXIT_USAGE, Failure};
use crate::verbs::taken;

/// Says it. Help that was asked for is an answer: whoever wants it learns when it was not written to its end.
pub fn tell(error: &Error) -> Result<u8, Failure> {
    let said = error.print();
    if error.use_stderr() {
        return Ok(EXIT_USAGE);
    }
    taken(said).map(|()| 0)
}
