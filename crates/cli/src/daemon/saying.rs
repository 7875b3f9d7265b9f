//! Requests that say something to a contact, or take what a contact sent: what the commands of these names do.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use client::{AskOptions, Client, SaidError, SendOptions, Sent, SentState};

use crate::commands::{input, send};
use crate::context::PATIENCE_WITH_PEOPLE;
use crate::daemon::conversation::Broken;
use crate::daemon::request::{Asked, How};
use crate::exit::Exit;
use crate::json::Line;
use crate::messages::{problems, reason};
use crate::problem::Problem;
use crate::shown::shown_on_one_line;

/// Does it, and says what came of it.
pub fn answer(client: &Client, asked: Asked) -> Result<Line, Broken> {
    let sent = match asked {
        Asked::Send { to, text, how } => client.send(&to, words(&text)?, &options(how))?,
        Asked::SendFile { to, path, name, text, how } => {
            send_file(client, &to, &path, name.as_deref(), &text, &options(how))?
        }
        Asked::Ask { to, text, choices, seconds, how } => {
            let wait =
                seconds.map_or(PATIENCE_WITH_PEOPLE, |seconds| Duration::from_secs(u64::from(seconds)));
            return ask(client, &to, words(&text)?, choices, wait, options(how));
        }
        Asked::Answer { to, question, text, how } => {
            client.answer(&to, question.as_deref(), words(&text)?, &options(how))?
        }
        Asked::Edit { to, message, text, how } => client.edit(&to, &message, words(&text)?, &options(how))?,
        Asked::TakeBack { to, message, how } => {
            let sent = client.take_back(&to, &message, &options(how))?;
            let state = match sent.as_ref().map(|sent| &sent.state) {
                None => "never left",
                Some(SentState::Stored) => "sent",
                Some(SentState::Queued(_)) => "queued",
            };
            return Ok(Line::new("taken_back").text("to", &to).text("state", state));
        }
        Asked::Save { message, folder } => {
            // A name that is no folder would become the file's own.
            if !folder.is_dir() {
                let words = problems::no_folder(shown_on_one_line(&folder.to_string_lossy()));
                return Err(Problem::of(Exit::Usage, "OUB-E153", words).into());
            }
            let path = client.save_file(&message, &folder)?;
            return Ok(Line::new("saved").text("id", &message).text("path", &path.to_string_lossy()));
        }
        _ => return Err(input::nothing_to_send("nothing was said", "oub help api").into()),
    };
    Ok(send::to_json(&sent))
}

fn words(text: &str) -> Result<&str, Broken> {
    let example = "{\"v\":1,\"do\":\"send\",\"to\":…,\"text\":…}";
    if text.is_empty() { Err(input::nothing_to_send("the text is empty", example).into()) } else { Ok(text) }
}

fn options(how: How) -> SendOptions {
    let How { idempotency, require_verified, no_queue } = how;
    SendOptions { idempotency, require_verified, no_queue, ..SendOptions::default() }
}

fn send_file(
    client: &Client,
    to: &str,
    path: &Path,
    name: Option<&str>,
    text: &str,
    options: &SendOptions,
) -> Result<Sent, Broken> {
    let unreadable = |reason: String| client::ClientError::from(SaidError::FileUnreadable { reason });
    // A pipe that nobody writes to would hold this conversation for ever.
    if !path.is_file() {
        return Err(unreadable("it is no file, or cannot be seen".to_owned()).into());
    }
    let mut file = File::open(path).map_err(|error| unreadable(reason(error)))?;
    client::check_file_length(file.metadata().map_err(|error| unreadable(reason(error)))?.len())?;
    let own = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(client.send_file(to, &mut file, name.unwrap_or(&own), text, options)?)
}

/// Asks and does not wait: the answer comes to subscribers, as a message that names the question.
fn ask(
    client: &Client,
    to: &str,
    text: &str,
    choices: Vec<String>,
    wait: Duration,
    send: SendOptions,
) -> Result<Line, Broken> {
    let sent = client.ask_only(to, text, &AskOptions { choices, wait, send, stop: None, told: None })?;
    let stored = sent.state == SentState::Stored;
    Ok(Line::new("asked").text("id", &sent.id).text("to", &sent.to).truth("stored", stored))
}
