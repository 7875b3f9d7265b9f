//! How far a file has come: a bar on a terminal, a line for each tenth elsewhere, on standard error; with `--json` an
//! object for each tenth on standard output, and at the daemon's socket.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, OnceLock};

use client::{Progress, Teller};

use crate::commands::size;
use crate::json::Line;
use crate::messages::screens;
use crate::screen::Screen;

const BAR_COLUMNS: u64 = 30;
/// Fewer parts are there before anybody looks.
const PARTS_MIN: u64 = 4;

/// Somebody to tell while a file of so many bytes, if that is known, is read and sent to a contact, who is known by then.
pub fn of_sending(screen: &Screen, to: &Arc<OnceLock<String>>, bytes: Option<u64>) -> Teller<Progress> {
    let (screen, to) = (screen.clone(), to.clone());
    let tenths = Mutex::new(0);
    Teller::new(move |progress: &Progress| match *progress {
        Progress::Read { bytes: read } => {
            if has_bar(&screen) && bytes.is_none_or(|bytes| bytes > read) {
                bar(&screens::reading(size(read)), read, bytes.unwrap_or(read));
            }
        }
        Progress::Stored { parts, stored } if parts >= PARTS_MIN => {
            let tenth = tenth_begun(&tenths, stored, parts);
            if has_bar(&screen) {
                bar(&screens::parts_done(stored, parts), stored, parts);
            } else if let Some(tenth) = tenth {
                screen.say(&screens::tenths_done(tenth, stored, parts));
            }
            if tenth.is_some() && screen.is_json() {
                // A closed pipe shows when it is said what became of the file, which goes on.
                let to = to.get().map_or("", String::as_str);
                let _ = screen.print(&to_json(to, parts, stored).to_string());
            }
        }
        Progress::Stored { .. } => {}
    })
}

/// Says an object for each tenth of a file that is sent to this contact.
pub fn for_programs(to: &str, say: impl Fn(Line) + Send + Sync + 'static) -> Teller<Progress> {
    let to = to.to_owned();
    let tenths = Mutex::new(0);
    Teller::new(move |progress: &Progress| {
        if let Progress::Stored { parts, stored } = *progress
            && parts >= PARTS_MIN
            && tenth_begun(&tenths, stored, parts).is_some()
        {
            say(to_json(&to, parts, stored));
        }
    })
}

fn to_json(to: &str, parts: u64, stored: u64) -> Line {
    Line::new("progress").text("to", to).number("parts", parts).number("stored", stored)
}

/// A bar moves the cursor: it is for a terminal where colours are wanted, too.
fn has_bar(screen: &Screen) -> bool {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    io::stderr().is_terminal() && !dumb && !screen.is_quiet() && screen.is_coloured()
}

fn bar(words: &str, done: u64, all: u64) {
    let filled = done.saturating_mul(BAR_COLUMNS).checked_div(all).unwrap_or(BAR_COLUMNS).min(BAR_COLUMNS);
    let line: String = (0..BAR_COLUMNS).map(|column| if column < filled { '█' } else { '░' }).collect();
    let mut err = io::stderr().lock();
    // A closed standard error is not worth dying for.
    let _ = write!(err, "\r\u{1b}[2K{line}  {words}").and_then(|()| err.flush());
}

/// Takes the bar away, wherever it stands.
pub fn end(screen: &Screen) {
    if has_bar(screen) {
        erase();
    }
}

fn erase() {
    let mut err = io::stderr().lock();
    let _ = write!(err, "\r\u{1b}[2K").and_then(|()| err.flush());
}

/// The tenth that is reached, if it was not told of yet.
fn tenth_begun(tenths: &Mutex<u64>, stored: u64, parts: u64) -> Option<u64> {
    let tenth = stored.saturating_mul(10).checked_div(parts).unwrap_or(10);
    let mut told = tenths.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    (tenth > *told).then(|| {
        *told = tenth;
        tenth
    })
}
