//! `oub identity`: my own key.

use std::path::Path;

use client::Client;

use crate::args::{self, BackupPassphrase, Protect};
use crate::commands::notices;
use crate::context::Context;
use crate::exit::Exit;
use crate::json::Line;
use crate::messages::{language, screens};
use crate::stop::Stop;
use crate::{passphrase, protector};

/// Gives my name a new key.
pub fn run(context: &Context, verb: &args::Identity) -> Result<Exit, Stop> {
    match verb {
        args::Identity::Rotate => rotate(context),
        args::Identity::Renew => renew(context),
        args::Identity::Backup { file, passphrase } => backup(context, file, passphrase),
        args::Identity::Restore { file, passphrase, verify_only: true, .. } => {
            verify(context, file, passphrase)
        }
        args::Identity::Restore { file, passphrase, protect, .. } => {
            restore(context, file, passphrase, *protect)
        }
    }
}

fn backup(context: &Context, file: &Path, from: &BackupPassphrase) -> Result<Exit, Stop> {
    let client = context.open()?;
    let passphrase = passphrase::for_new_backup(context, from.backup_passphrase_file.as_deref())?;
    let written = client.backup(file, &passphrase)?;
    let shown = file.display().to_string();
    let line = Line::new("backed_up")
        .text("file", &shown)
        .number("contacts", u64::from(written.contacts))
        .number("messages", u64::from(written.messages));
    context.screen.answer(line, &shown)?;
    context.screen.say(&screens::read_back(written.contacts, written.messages));
    context.screen.say(screens::keep_elsewhere());
    Ok(Exit::Done)
}

/// The answer of a backup that was read from its first page to its last.
fn verify(context: &Context, file: &Path, from: &BackupPassphrase) -> Result<Exit, Stop> {
    let passphrase = passphrase::of_backup(context, from.backup_passphrase_file.as_deref())?;
    let whole = Client::check_backup(file, &passphrase)?;
    let shown = file.display().to_string();
    let line = Line::new("backup_checked")
        .text("file", &shown)
        .number("contacts", u64::from(whole.contacts))
        .number("messages", u64::from(whole.messages));
    context.screen.answer(line, &shown)?;
    context.screen.say(&screens::backup_whole(whole.contacts, whole.messages));
    Ok(Exit::Done)
}

fn restore(context: &Context, file: &Path, from: &BackupPassphrase, protect: Protect) -> Result<Exit, Stop> {
    let passphrase = passphrase::of_backup(context, from.backup_passphrase_file.as_deref())?;
    let profile = context.profile()?;
    let protector = protector::for_join(context, &profile, protect)?;
    context.screen.say(screens::reading_backup());
    let (client, restored) = Client::restore(&profile, file, &passphrase, &protector, context.options())?;
    let address = restored.address.to_string();
    let line = Line::new("restored")
        .text("name", restored.address.name.as_str())
        .text("address", &address)
        .number("contacts", u64::from(restored.contacts))
        .number("messages", u64::from(restored.messages))
        .truth("renewed", restored.unreachable.is_none());
    context.screen.answer(line, &address)?;
    let screen = &context.screen;
    screen.say(&screens::restored(restored.contacts, restored.messages));
    match &restored.unreachable {
        None => screen.say(screens::fresh_keys_published()),
        Some(error) => screen.warn(&screens::fresh_keys_not_yet(error.what_in(language()))),
    }
    notices::tell(context, &client)?;
    Ok(Exit::Done)
}

fn renew(context: &Context) -> Result<Exit, Stop> {
    let client = context.open()?;
    context.screen.say(screens::making_this_copy_count());
    let renewed = client.renew()?;
    let line = Line::new("renewed").number("contacts", u64::from(renewed.contacts));
    let text = screens::renewed(renewed.contacts);
    context.screen.answer(line, &text)?;
    context.screen.say(screens::others_refused());
    Ok(Exit::Done)
}

fn rotate(context: &Context) -> Result<Exit, Stop> {
    let client = context.open()?;
    context.screen.say(screens::making_new_key());
    let rotated = client.rotate_identity()?;
    let address = rotated.address.to_string();
    let line = Line::new("rotated")
        .text("name", rotated.address.name.as_str())
        .text("address", &address)
        .number("sequence", u64::from(rotated.sequence));
    context.screen.answer(line, &address)?;
    context.screen.say(screens::new_address());
    context.screen.say(screens::recovery_words_stay());
    Ok(Exit::Done)
}
