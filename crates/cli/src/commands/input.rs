//! Words that come as an argument or on standard input.

use std::io::{self, IsTerminal as _, Read as _};

use client::{ClientError, TEXT_BYTES_MAX};

use crate::exit::Exit;
use crate::messages::{problems, reason};
use crate::problem::Problem;
use crate::stop::Stop;

/// More than any message may have; the exact bound is the client's to tell.
const STDIN_BYTES_MAX: u64 = 1 << 20;

/// The words given, or standard input where `-` or a pipe says so. `example` shows how it is done.
pub fn words(given: Option<&str>, example: &str) -> Result<String, Stop> {
    let nothing = |why: &str| nothing_to_send(why, example);
    let text = match given {
        Some("-") => from_stdin()?,
        None if !io::stdin().is_terminal() => from_stdin()?,
        None => return Err(nothing(problems::no_text()).into()),
        Some(text) => text.to_owned(),
    };
    if text.is_empty() { Err(nothing(problems::text_is_empty()).into()) } else { Ok(text) }
}

/// Neither words nor anything else.
pub fn nothing_to_send(why: &str, example: &str) -> Problem {
    Problem::of(Exit::Usage, "OUB-E035", problems::nothing_to_send(why, example))
}

/// All of standard input as text, without the line end that `echo` adds.
fn from_stdin() -> Result<String, Stop> {
    let no_text = |why: String| {
        let words = problems::stdin_is_no_text(why, problems::send_in_utf8());
        Problem::of(Exit::Usage, "OUB-E036", words)
    };
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(STDIN_BYTES_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|error| no_text(reason(error)))?;
    if bytes.len() as u64 > STDIN_BYTES_MAX {
        // Cut anywhere, even within a letter: how long it is, and whether it is a text, nobody knows.
        let too_long = ClientError::TooLong { bytes: bytes.len(), max: TEXT_BYTES_MAX };
        return Err(Problem::from(&too_long).with_why(problems::stdin_is_endless()).into());
    }
    let mut text = String::from_utf8(bytes).map_err(|_| no_text(problems::not_utf8().to_owned()))?;
    if text.ends_with('\n') {
        text.pop();
    }
    Ok(text)
}
