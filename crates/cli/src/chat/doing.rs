//! What is done to or beside messages from inside a chat: answer, quote, edit, take back, files.

use std::fs::File;
use std::path::PathBuf;

use client::{Client, ClientError, SaidError, SendOptions, SentState};

use crate::commands::send::why_queued;
use crate::messages::chat as says;
use crate::shown::shown_on_one_line;

/// What a line asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Doing {
    /// Answer the newest open question.
    Answer(String),
    /// Answer the last message of the other, quoting it.
    Reply(String),
    /// Other words for my last message.
    Edit(String),
    /// Take my last message back.
    TakeBack,
    /// Send a file.
    File(PathBuf),
    /// Save one: the beginning of its message's id, and a folder.
    Save(String, PathBuf),
}

/// What is in the vault from then on.
#[derive(Debug)]
pub enum Committed {
    /// Something waits in the outbox; its id.
    Waits(String),
    /// A message was taken back that had not left.
    NotLeft,
}

impl Doing {
    /// Reads a line that begins with a slash; `None` if it is none of these.
    pub fn read(line: &str) -> Option<Self> {
        // What has several lines is a text.
        let line = line.trim().strip_prefix('/').filter(|line| !line.contains('\n'))?;
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        Some(match (word, rest.is_empty()) {
            ("answer", false) => Self::Answer(rest.to_owned()),
            ("reply", false) => Self::Reply(rest.to_owned()),
            ("edit", false) => Self::Edit(rest.to_owned()),
            ("take-back", true) => Self::TakeBack,
            ("file", false) => Self::File(PathBuf::from(rest)),
            ("save", false) => {
                let (id, folder) = rest.split_once(char::is_whitespace)?;
                Self::Save(id.to_owned(), PathBuf::from(folder.trim()))
            }
            _ => return None,
        })
    }

    /// Commits what it says to a contact, or what is no longer said, and asks no server. `None`: it is about a file, which
    /// takes time.
    pub fn commit(&self, client: &Client, to: &str) -> Result<Option<Committed>, ClientError> {
        let options = SendOptions::default();
        let id = match self {
            Self::Answer(text) => client.queue_answer(to, None, text, &options)?,
            Self::Reply(text) => client.queue(to, text, &quoting_last(client, to)?)?,
            Self::Edit(text) => client.queue_edit(to, "last", text, &options)?,
            Self::TakeBack => match client.queue_take_back(to, "last", &options)? {
                Some(id) => id,
                None => return Ok(Some(Committed::NotLeft)),
            },
            Self::File(_) | Self::Save(..) => return Ok(None),
        };
        Ok(Some(Committed::Waits(id)))
    }

    /// Does it towards a contact, and says what came of it.
    pub fn run(&self, client: &Client, to: &str) -> Result<String, ClientError> {
        let options = SendOptions::default();
        let sent = match self {
            Self::Answer(text) => client.answer(to, None, text, &options)?,
            Self::Reply(text) => client.send(to, text, &quoting_last(client, to)?)?,
            Self::Edit(text) => client.edit(to, "last", text, &options)?,
            Self::TakeBack => match client.take_back(to, "last", &options)? {
                Some(sent) => sent,
                None => return Ok(says::not_left().to_owned()),
            },
            Self::File(path) => send_file(client, to, path, &options)?,
            Self::Save(id, folder) => {
                let path = client.save_file(id, folder)?;
                return Ok(says::saved_as(shown_on_one_line(&path.to_string_lossy())));
            }
        };
        let to = shown_on_one_line(to);
        Ok(match &sent.state {
            SentState::Stored => says::stored_for(to),
            SentState::Queued(reason) => says::waiting_for(&to, why_queued(reason, &to)),
        })
    }
}

fn send_file(
    client: &Client,
    to: &str,
    path: &PathBuf,
    options: &SendOptions,
) -> Result<client::Sent, ClientError> {
    let unreadable = |error: std::io::Error| SaidError::FileUnreadable { reason: error.to_string() };
    // What is no file may have no end, or never begin: a pipe to which nobody writes.
    let facts = path.metadata().map_err(unreadable)?;
    if !facts.is_file() {
        return Err(SaidError::FileUnreadable { reason: says::no_file().to_owned() }.into());
    }
    client::check_file_length(facts.len())?;
    let mut file = File::open(path).map_err(unreadable)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    client.send_file(to, &mut file, &name, "", options)
}

/// Quotes the last message that the contact wrote.
fn quoting_last(client: &Client, to: &str) -> Result<SendOptions, ClientError> {
    let page = client.log_page(to, client::LogFrom::Newest, 200)?;
    let theirs = page.into_iter().rev().find(|entry| {
        entry.direction == client::Direction::Received && !entry.id.is_empty() && entry.body.text().is_some()
    });
    let last = theirs.ok_or_else(|| SaidError::NoSuchMessage { which: "last".to_owned() })?;
    Ok(SendOptions { quotes: Some(last.id), ..SendOptions::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_the_help_says() {
        assert_eq!(Doing::read("/answer 2"), Some(Doing::Answer("2".into())));
        assert_eq!(Doing::read("/reply  see you "), Some(Doing::Reply("see you".into())));
        assert_eq!(Doing::read("/take-back"), Some(Doing::TakeBack));
        assert_eq!(Doing::read("/file a b.txt"), Some(Doing::File("a b.txt".into())));
        assert_eq!(Doing::read("/save 01ab in"), Some(Doing::Save("01ab".into(), "in".into())));
        for none in [
            "answer yes",
            "/answer",
            "/take-back now",
            "/save 01ab",
            "//answer x",
            "/etc/hosts",
            "/edit a\nb",
        ] {
            assert_eq!(Doing::read(none), None, "{none}");
        }
    }
}
