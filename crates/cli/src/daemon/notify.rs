//! Tells a person at a desktop that something came: by default how much, and nothing else.

use std::collections::BTreeSet;
use std::io;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use client::Waiting;

use crate::args::Notify;
use crate::daemon::shared::Shared;
use crate::messages::{counts, daemon as messages, reason};
use crate::shown::shown_on_one_line;

const PROGRAM: &str = "notify-send";
/// What comes within this time is told together.
const TOGETHER: Duration = Duration::from_secs(2);
/// Between two notifications.
const APART: Duration = Duration::from_secs(10);
/// A program that has not told it by then is ended.
const TELLS_FOR: Duration = Duration::from_secs(30);
/// How often it looks without news.
const LOOK: Duration = Duration::from_secs(2);
/// Names in one notification.
const NAMES_MAX: usize = 3;
/// Messages counted at once.
const BATCH_MAX: usize = 256;

/// Runs until the daemon ends, or there is nobody to tell it to.
pub fn run(shared: &Arc<Shared>, wish: Notify) {
    if wish == Notify::None {
        return;
    }
    let Ok(client) = shared.open(None) else { return };
    let (mut known, mut seen) = (BTreeSet::<Waiting>::new(), 0);
    let look = |known: &mut BTreeSet<Waiting>| {
        let mut came = Vec::new();
        while let Ok(found) = client.unhandled(known, BATCH_MAX) {
            *known = found.still;
            let more = found.new.len() == BATCH_MAX;
            for (waiting, message) in found.new {
                known.insert(waiting);
                came.push(message.from);
            }
            if !more {
                break;
            }
        }
        came
    };
    // What waits already was told by whoever ran before.
    look(&mut known);
    let mut told: Option<Told> = None;
    let mut untold: Vec<String> = Vec::new();
    while !shared.is_stopping() {
        if shared.news.wait(&mut seen, LOOK) && untold.is_empty() {
            std::thread::sleep(TOGETHER);
        }
        untold.extend(look(&mut known));
        // A notification server that does not answer holds up one program, and nothing else.
        let is_over = told.as_mut().is_none_or(Told::is_over);
        if untold.is_empty() || !is_over {
            continue;
        }
        match tell(&words(wish, &untold)) {
            Ok(process) => told = Some(Told { process, at: Instant::now() }),
            Err(error) => {
                let why = match error.kind() {
                    io::ErrorKind::NotFound => messages::not_installed().to_owned(),
                    _ => reason(error),
                };
                return shared.context.screen.say(&messages::no_notifications(PROGRAM, why));
            }
        }
        untold.clear();
    }
}

/// The last notification.
struct Told {
    process: Child,
    at: Instant,
}

impl Told {
    /// Whether its program has ended and the next one may be told. One that takes too long is ended here.
    fn is_over(&mut self) -> bool {
        if matches!(self.process.try_wait(), Ok(None)) {
            if self.at.elapsed() < TELLS_FOR {
                return false;
            }
            // It may have ended by itself meanwhile.
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
        self.at.elapsed() >= APART
    }
}

/// Never through a shell; what comes from others is an argument after `--`, and no markup is read in a summary.
fn tell(summary: &str) -> io::Result<Child> {
    let mut process = Command::new(PROGRAM);
    process.args(["--app-name=oubliette", "--category=im.received", "--expire-time=10000", "--", summary]);
    process.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
}

fn words(wish: Notify, from: &[String]) -> String {
    let count = counts::new_messages(from.len());
    if wish != Notify::Name {
        return count;
    }
    let names: BTreeSet<&String> = from.iter().collect();
    let shown: Vec<String> = names.iter().take(NAMES_MAX).map(|name| shown_on_one_line(name)).collect();
    let others = if names.len() > NAMES_MAX { messages::and_others() } else { "" };
    messages::new_from(count, shown.join(", "), others)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_names_nobody_and_a_name_steers_no_terminal() {
        let from = ["bob".to_owned(), "al\u{1b}[2Jice".to_owned(), "bob".to_owned()];
        assert_eq!(words(Notify::Count, &from), "3 new messages");
        assert_eq!(words(Notify::Name, &from), "3 new messages from al\\u{1b}[2Jice, bob");
        let crowd: Vec<String> = ["a", "b", "c", "d"].map(str::to_owned).into();
        assert_eq!(words(Notify::Name, &crowd), "4 new messages from a, b, c and others");
        assert_eq!(words(Notify::Count, &["bob".to_owned()]), "1 new message");
    }
}
