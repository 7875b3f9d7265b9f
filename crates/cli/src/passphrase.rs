//! Where a passphrase comes from: a file, an open descriptor, or a person at a terminal; never an argument.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use client::{ClientError, Passphrase};

use crate::context::Context;
use crate::exit::Exit;
use crate::messages::{problems, reason, screens};
use crate::problem::Problem;
use crate::stop::Stop;

const FILE_BYTES_MAX: u64 = 4_096;

/// The passphrase of a vault that has one.
pub fn existing(context: &Context) -> Result<Passphrase, Stop> {
    match context.global().passphrase_place() {
        Some(path) => from_file(context, &path),
        None if context.can_ask() => Ok(Passphrase::new(ask(screens::passphrase())?)),
        None => Err(ClientError::PassphraseNeeded.into()),
    }
}

/// One for a new vault; `None` where there is no file and nobody to ask.
pub fn chosen(context: &Context) -> Result<Option<Passphrase>, Stop> {
    match context.global().passphrase_place() {
        Some(path) => Ok(Some(from_file(context, &path)?)),
        None if context.can_ask() => Ok(Some(choose(screens::choose_passphrase())?)),
        None => Ok(None),
    }
}

/// The passphrase that a new backup shall have.
pub fn for_new_backup(context: &Context, file: Option<&Path>) -> Result<Passphrase, Stop> {
    match file {
        Some(path) => from_file(context, path),
        None if context.can_ask() => choose(screens::choose_backup_passphrase()),
        None => Err(no_backup_passphrase().into()),
    }
}

/// The passphrase of an existing backup.
pub fn of_backup(context: &Context, file: Option<&Path>) -> Result<Passphrase, Stop> {
    match file {
        Some(path) => from_file(context, path),
        None if context.can_ask() => Ok(Passphrase::new(ask(screens::backup_passphrase())?)),
        None => Err(no_backup_passphrase().into()),
    }
}

/// The 24 words: from a file, from standard input, or from a person at a terminal.
pub fn recovery_words(context: &Context, file: Option<&Path>) -> Result<Passphrase, Stop> {
    let read = |source: &mut dyn Read| {
        let mut text = String::new();
        source.take(FILE_BYTES_MAX).read_to_string(&mut text).map(|_| Passphrase::new(text))
    };
    let unreadable = |error: std::io::Error| {
        Problem::of(Exit::Local, "OUB-E085", problems::words_unreadable(reason(error)))
    };
    match file {
        Some(path) if path == Path::new("-") => Ok(read(&mut std::io::stdin().lock()).map_err(unreadable)?),
        Some(path) => Ok(File::open(path).and_then(|mut file| read(&mut file)).map_err(unreadable)?),
        None if context.can_ask() => Ok(Passphrase::new(ask(screens::recovery_words())?)),
        None => Err(Problem::of(Exit::Usage, "OUB-E039", problems::words_needed()).into()),
    }
}

fn no_backup_passphrase() -> Problem {
    Problem::of(Exit::Local, "OUB-E156", problems::backup_needs_passphrase())
}

fn from_file(context: &Context, path: &Path) -> Result<Passphrase, Stop> {
    let unusable =
        |why: String| Problem::of(Exit::Local, "OUB-E082", problems::passphrase_file(path.display(), why));
    let file = File::open(path).map_err(|error| unusable(reason(error)))?;
    let facts = file.metadata().map_err(|error| unusable(reason(error)))?;
    if facts.is_file() && facts.permissions().mode() & 0o077 != 0 {
        context.screen.warn(&problems::others_may_read(path.display()));
    }
    let mut line = String::new();
    BufReader::new(file.take(FILE_BYTES_MAX))
        .read_line(&mut line)
        .map_err(|error| unusable(reason(error)))?;
    let length = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(length);
    if line.is_empty() {
        return Err(unusable(problems::first_line_is_empty().to_owned()).into());
    }
    Ok(Passphrase::new(line))
}

fn choose(prompt: &str) -> Result<Passphrase, Stop> {
    let first = ask(prompt)?;
    if first.is_empty() {
        return Err(unfit(problems::it_is_empty()).into());
    }
    if first != ask(screens::once_more())? {
        return Err(unfit(problems::not_the_same()).into());
    }
    Ok(Passphrase::new(first))
}

fn unfit(why: &str) -> Problem {
    Problem::of(Exit::Local, "OUB-E083", problems::passphrase_unfit(why))
}

fn ask(prompt: &str) -> Result<String, Stop> {
    rpassword::prompt_password(prompt).map_err(|error| {
        Problem::of(Exit::Local, "OUB-E084", problems::passphrase_unread(reason(error))).into()
    })
}
