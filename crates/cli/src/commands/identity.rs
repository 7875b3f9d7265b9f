//! `oub identity`: my own key.

use std::path::Path;

use client::{Client, Released};

use crate::args::{self, BackupPassphrase, Protect};
use crate::commands::notices;
use crate::context::Context;
use crate::exit::Exit;
use crate::json::Line;
use crate::messages::{counts, language, problems, screens};
use crate::problem::Problem;
use crate::stop::Stop;
use crate::{passphrase, protector, when};

/// Gives my name a new key.
pub fn run(context: &Context, verb: &args::Identity) -> Result<Exit, Stop> {
    match verb {
        args::Identity::Rotate => rotate(context),
        args::Identity::Renew => renew(context),
        args::Identity::Release { yes } => release(context, yes.as_deref()),
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
    notices::tell_given_up(context, &client)?;
    let passphrase = passphrase::for_new_backup(context, from.backup_passphrase_file.as_deref())?;
    let written = client.backup(file, &passphrase)?;
    let shown = file.display().to_string();
    let line = Line::new("backed_up")
        .text("file", &shown)
        .number("contacts", u64::from(written.contacts))
        .number("messages", u64::from(written.messages));
    context.screen.answer(line, &shown)?;
    context
        .screen
        .say(&screens::read_back(counts::contacts(written.contacts), counts::messages(written.messages)));
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
    context
        .screen
        .say(&screens::backup_whole(counts::contacts(whole.contacts), counts::messages(whole.messages)));
    Ok(Exit::Done)
}

fn restore(context: &Context, file: &Path, from: &BackupPassphrase, protect: Protect) -> Result<Exit, Stop> {
    let passphrase = passphrase::of_backup(context, from.backup_passphrase_file.as_deref())?;
    let profile = context.profile()?;
    let protector = protector::for_join(context, &profile, protect)?;
    context.screen.say(screens::reading_backup());
    let (client, restored) = Client::restore(&profile, file, &passphrase, &protector, context.options())?;
    let is_given_up = client.released()?.is_some();
    let address = restored.address.to_string();
    let line = Line::new("restored")
        .text("name", restored.address.name.as_str())
        .text("address", &address)
        .number("contacts", u64::from(restored.contacts))
        .number("messages", u64::from(restored.messages))
        .truth("renewed", restored.unreachable.is_none() && !is_given_up);
    context.screen.answer(line, &address)?;
    let screen = &context.screen;
    screen.say(&screens::restored(counts::contacts(restored.contacts), counts::messages(restored.messages)));
    match &restored.unreachable {
        None if is_given_up => notices::tell_given_up(context, &client)?,
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
    let text = screens::renewed(counts::contacts_told(renewed.contacts));
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

/// What was begun, or is done, needs no second yes.
fn release(context: &Context, yes: Option<&str>) -> Result<Exit, Stop> {
    let client = context.open()?;
    let name = client.name()?.to_string();
    let is_meant = match yes {
        Some(given) => given == name,
        None => client.released()?.is_some() || is_typed(context, &name),
    };
    if !is_meant {
        return Err(Problem::of(Exit::Usage, "OUB-E189", problems::not_released(&name)).into());
    }
    context.screen.say(screens::giving_up());
    let released = client.release_name()?;
    context.screen.answer(to_json(&released), &screens::name_was_given_up(&name))?;
    if released.unsent > 0 {
        context.screen.warn(&screens::never_leaves(counts::messages_never_leave(released.unsent)));
    }
    context.screen.say(&screens::profile_can_be_read(&name));
    notices::tell(context, &client)?;
    Ok(Exit::Done)
}

/// Says what it does before it asks.
fn is_typed(context: &Context, name: &str) -> bool {
    if context.can_ask() {
        context.screen.important(&screens::giving_up_does(name));
    }
    context.is_typed(name, &screens::type_the_name(name))
}

fn to_json(released: &Released) -> Line {
    Line::new("released")
        .text("name", released.address.name.as_str())
        .text("address", &released.address.to_string())
        .maybe_text("at", released.at.map(when::for_programs).as_deref())
        .number("unsent", u64::from(released.unsent))
}
