//! Where a passphrase comes from: a file, or a person at a terminal; never an argument.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
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
        None if context.can_ask() => Ok(Some(choose()?)),
        None => Ok(None),
    }
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

fn choose() -> Result<Passphrase, Stop> {
    let first = ask("Choose a passphrase for your keys: ")?;
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
