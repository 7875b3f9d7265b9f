//! `oub files` and `oub save`: what I was sent beside words.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use client::{FileState, ReceivedBody, ReceivedFile};

use crate::args::{Files, Save};
use crate::commands::message;
use crate::context::Context;
use crate::exit::Exit;
use crate::json::Line;
use crate::messages::{problems, screens};
use crate::problem::Problem;
use crate::screen::Bytes;
use crate::shown::shown_on_one_line;
use crate::stop::Stop;
use crate::when;

/// Lists received files, oldest first.
pub fn list(context: &Context, args: &Files) -> Result<Exit, Stop> {
    let files = context.open()?.files(args.contact.as_deref())?;
    files.iter().try_for_each(|file| show(context, file))?;
    if files.is_empty() {
        context.screen.say(screens::no_files());
    }
    Ok(Exit::Done)
}

fn show(context: &Context, file: &ReceivedFile) -> Result<(), Stop> {
    let body = ReceivedBody::File(Box::new(file.file.clone()));
    let line = Line::new("file")
        .text("id", &file.id)
        .text("from", &file.from)
        .text("sent", &when::for_programs(file.sent_at))
        .json("file", message::file_to_json(&body));
    let text = format!(
        "{}  {}  {}  {}",
        message::short(&file.id),
        shown_on_one_line(&file.from),
        when::for_people(file.sent_at),
        message::words(&body, 0).trim_start_matches(screens::file_prefix()),
    );
    Ok(context.screen.answer(line, &text)?)
}

/// Saves one file, or writes it to standard output.
pub fn save(context: &Context, args: &Save) -> Result<Exit, Stop> {
    let client = context.open()?;
    if args.output.as_deref() == Some(Path::new("-")) {
        let mut out = Bytes::default();
        let written = client.write_file(&args.file, &mut out);
        // What standard output says of itself is more than that a file could not be written.
        out.taken()?;
        return Ok(written.map(|()| Exit::Done)?);
    }
    let to = match &args.output {
        Some(path) => path.clone(),
        None if io::stdout().is_terminal() => PathBuf::from("."),
        None => {
            return Err(Problem::of(Exit::Usage, "OUB-E152", problems::nowhere_to_save()).into());
        }
    };
    let path = client.save_file(&args.file, &to)?;
    let shown = path.to_string_lossy();
    let line = Line::new("saved").text("id", &args.file).text("path", &shown);
    context.screen.answer(line, &shown_on_one_line(&shown))?;
    Ok(Exit::Done)
}

/// Saves a file that is being handed out; `None` if the message is none, or not whole.
pub fn save_handed_out(
    client: &client::Client,
    received: &client::Received,
    to: &Path,
) -> Result<Option<PathBuf>, client::ClientError> {
    match &received.body {
        ReceivedBody::File(file) => match &file.state {
            FileState::Whole => client.save_file(&received.id, to).map(Some),
            // A hook failed before, or the power did: the file is where it was saved then.
            FileState::Saved(path) => Ok(Some(path.clone())),
            _ => Ok(None),
        },
        _ => Ok(None),
    }
}
