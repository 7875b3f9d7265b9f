//! Standard output, whose reader may leave at any time.

use std::fmt::Arguments;
use std::io::{self, Write as _};

/// Prints a line. When nobody reads any more the demo ends; the keeper of the stage clears away.
pub fn line(text: Arguments<'_>) {
    if writeln!(io::stdout().lock(), "{text}").is_err() {
        std::process::exit(0);
    }
}

/// `println!` for a reader who may leave.
macro_rules! say {
    ($($text:tt)*) => { $crate::say::line(format_args!($($text)*)) };
}

pub(crate) use say;
