//! Where a passphrase comes from: a file, or a person at a terminal; never an argument.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use client::{ClientError, Passphrase};

use crate::context::Context;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::stop::Stop;

const FILE_BYTES_MAX: u64 = 4_096;

/// The passphrase of a vault that has one.
pub fn existing(context: &Context) -> Result<Passphrase, Stop> {
    match &context.global().passphrase_file {
        Some(path) => from_file(context, path),
        None if context.can_ask() => Ok(Passphrase::new(ask("Passphrase: ")?)),
        None => Err(ClientError::PassphraseNeeded.into()),
    }
}

/// One for a new vault; `None` where there is no file and nobody to ask.
pub fn chosen(context: &Context) -> Result<Option<Passphrase>, Stop> {
    match &context.global().passphrase_file {
        Some(path) => Ok(Some(from_file(context, path)?)),
        None if context.can_ask() => Ok(Some(choose("Choose a passphrase for your keys: ")?)),
        None => Ok(None),
    }
}

/// The passphrase that a new backup shall have.
pub fn for_new_backup(context: &Context, file: Option<&Path>) -> Result<Passphrase, Stop> {
    match file {
        Some(path) => from_file(context, path),
        None if context.can_ask() => choose("Choose a passphrase for this backup: "),
        None => Err(no_backup_passphrase().into()),
    }
}

/// The passphrase of an existing backup.
pub fn of_backup(context: &Context, file: Option<&Path>) -> Result<Passphrase, Stop> {
    match file {
        Some(path) => from_file(context, path),
        None if context.can_ask() => Ok(Passphrase::new(ask("Passphrase of the backup: ")?)),
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
        let what = "the recovery words cannot be read";
        Problem::new(Exit::Local, "OUB-E085", what, error.to_string(), "check the file given to --words-file")
    };
    match file {
        Some(path) if path == Path::new("-") => Ok(read(&mut std::io::stdin().lock()).map_err(unreadable)?),
        Some(path) => Ok(File::open(path).and_then(|mut file| read(&mut file)).map_err(unreadable)?),
        None if context.can_ask() => Ok(Passphrase::new(ask("The 24 recovery words (not shown): ")?)),
        None => Err(Problem::new(
            Exit::Usage,
            "OUB-E039",
            "the recovery words are needed",
            "none were given, and nobody can be asked for them here",
            "oub join ADDRESS --recover --words-file FILE   (or - for standard input)",
        )
        .into()),
    }
}

fn no_backup_passphrase() -> Problem {
    Problem::new(
        Exit::Local,
        "OUB-E156",
        "the backup needs a passphrase",
        "none was given, and nobody can be asked for one here",
        "run it in a terminal, or give   --backup-passphrase-file FILE   (OUB_BACKUP_PASSPHRASE_FILE)",
    )
}

fn from_file(context: &Context, path: &Path) -> Result<Passphrase, Stop> {
    let unusable = |why: String| {
        let what = format!("the passphrase file {} cannot be used", path.display());
        Problem::new(Exit::Local, "OUB-E082", what, why, "give a file whose first line is the passphrase")
    };
    let file = File::open(path).map_err(|error| unusable(error.to_string()))?;
    let facts = file.metadata().map_err(|error| unusable(error.to_string()))?;
    if facts.is_file() && facts.permissions().mode() & 0o077 != 0 {
        context.screen.warn(&format!("others may read {0}; do   chmod 600 {0}", path.display()));
    }
    let mut line = String::new();
    BufReader::new(file.take(FILE_BYTES_MAX))
        .read_line(&mut line)
        .map_err(|error| unusable(error.to_string()))?;
    let length = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(length);
    if line.is_empty() {
        return Err(unusable("its first line is empty".to_owned()).into());
    }
    Ok(Passphrase::new(line))
}

fn choose(prompt: &str) -> Result<Passphrase, Stop> {
    let first = ask(prompt)?;
    if first.is_empty() {
        return Err(unfit("it is empty").into());
    }
    if first != ask("Once more: ")? {
        return Err(unfit("the two are not the same").into());
    }
    Ok(Passphrase::new(first))
}

fn unfit(why: &str) -> Problem {
    Problem::new(Exit::Local, "OUB-E083", "this passphrase cannot be used", why, "run the same command again")
}

fn ask(prompt: &str) -> Result<String, Stop> {
    rpassword::prompt_password(prompt).map_err(|error| {
        let what = "the passphrase could not be read";
        Problem::new(Exit::Local, "OUB-E084", what, error.to_string(), "use   --passphrase-file FILE").into()
    })
}
