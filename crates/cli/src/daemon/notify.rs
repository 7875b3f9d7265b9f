//! Tells a person at a desktop that something came: by default how much, and nothing else.

use std::collections::BTreeSet;
use std::io;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use client::Waiting;

use crate::args::Notify;
use crate::daemon::shared::Shared;
use crate::messages::{daemon as messages, reason};
use crate::shown::shown_on_one_line;

const PROGRAM: &str = "notify-send";
/// What comes within this time is told together.
const TOGETHER: Duration = Duration::from_secs(2);
/// Between two notifications.
const APART: Duration = Duration::from_secs(10);
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
    let mut told: Option<Instant> = None;
    let mut untold: Vec<String> = Vec::new();
    while !shared.is_stopping() {
        if shared.news.wait(&mut seen, LOOK) && untold.is_empty() {
            std::thread::sleep(TOGETHER);
        }
        untold.extend(look(&mut known));
        if untold.is_empty() || told.is_some_and(|told| told.elapsed() < APART) {
            continue;
        }
        if let Err(error) = tell(&words(wish, &untold)) {
            let why = match error.kind() {
                io::ErrorKind::NotFound => messages::not_installed().to_owned(),
                _ => reason(error),
            };
            return shared.context.screen.say(&messages::no_notifications(PROGRAM, why));
        }
        untold.clear();
        told = Some(Instant::now());
    }
}

/// Never through a shell; what comes from others is an argument after `--`, and no markup is read in a summary.
fn tell(summary: &str) -> io::Result<()> {
    let mut process = Command::new(PROGRAM);
    process.args(["--app-name=oubliette", "--category=im.received", "--expire-time=10000", "--", summary]);
    let mut child = process.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    // A notification server that does not answer holds up one thread of its own, and nothing else.
    std::thread::spawn(move || child.wait());
    Ok(())
}

fn words(wish: Notify, from: &[String]) -> String {
    let count = match from.len() {
        1 => messages::one_new().to_owned(),
        count => messages::some_new(count),
    };
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
