//! Words that come as an argument or on standard input.

use std::io::{self, IsTerminal as _, Read as _};

use crate::problem::Problem;
use crate::stop::{Stop, usage};

/// More than any message may have; the exact bound is the client's to tell.
const STDIN_BYTES_MAX: u64 = 1 << 20;

/// The words given, or standard input where `-` or a pipe says so. `example` shows how it is done.
pub fn words(given: Option<&str>, example: &str) -> Result<String, Stop> {
    let nothing = |why: &str| nothing_to_send(why, example);
    let text = match given {
        Some("-") => from_stdin()?,
        None if !io::stdin().is_terminal() => from_stdin()?,
        None => return Err(nothing("no text was given").into()),
        Some(text) => text.to_owned(),
    };
    if text.is_empty() { Err(nothing("the text is empty").into()) } else { Ok(text) }
}

/// Neither words nor anything else.
pub fn nothing_to_send(why: &str, example: &str) -> Problem {
    usage("OUB-E035", "there is nothing to send", why, example)
}

/// All of standard input as text, without the line end that `echo` adds.
fn from_stdin() -> Result<String, Stop> {
    let mut text = String::new();
    io::stdin().lock().take(STDIN_BYTES_MAX).read_to_string(&mut text).map_err(|error| {
        usage("OUB-E036", "standard input is not a text", error.to_string(), "send text in UTF-8")
    })?;
    if text.ends_with('\n') {
        text.pop();
    }
    Ok(text)
}
