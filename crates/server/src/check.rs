//! `check`: looks at configuration and data folder without starting anything, and names a remedy for each.

use std::io::Write;

use store::EmbeddedStore;

use crate::admin::{Question, Reply};
use crate::ask::ask;
use crate::clock::wall;
use crate::config::Settings;
use crate::data_folder::{DataFolder, DataFolderError, check_private, refuse_half_restored};
use crate::failure::{EXIT_LOCAL, Failure};
use crate::identity::Identity;
use crate::serve::store_screen;

/// Checks everything that can be checked; the first thing that would keep `serve` from starting is the error.
pub fn check(settings: &Settings, out: &mut impl Write) -> Result<(), Failure> {
    say(out, "configuration", "valid");
    if !settings.data.exists() {
        say(out, "data folder", "not there yet; the first start makes it");
        return Ok(());
    }
    check_private(&settings.data)?;
    say(out, "data folder", "private");
    if matches!(ask(&settings.data, &Question::Health), Ok(Reply::Serving)) {
        say(out, "server", "running; its store is checked by   oublietted status");
        return check_identity(settings, out);
    }
    let folder = match DataFolder::hold(&settings.data) {
        Ok(folder) => folder,
        Err(DataFolderError::Held(_)) => return Err(silent()),
        Err(error) => return Err(error.into()),
    };
    refuse_half_restored(folder.path())?;
    check_identity(settings, out)?;
    if !folder.store().exists() {
        say(out, "store", "not there yet; the first start makes it");
        return Ok(());
    }
    let store = EmbeddedStore::open(&folder.store()).map_err(store_screen)?;
    let totals = store::MailboxStore::totals(&store);
    say(
        out,
        "store",
        &format!("opens; {} mailboxes, {} envelopes waiting", totals.mailboxes, totals.waiting),
    );
    Ok(())
}

fn check_identity(settings: &Settings, out: &mut impl Write) -> Result<(), Failure> {
    let Some(identity) = Identity::inspect(&settings.data.join("identity"))? else {
        say(out, "identity", "not there yet; the first start makes it");
        return Ok(());
    };
    let days = identity.ca_not_after().0.saturating_sub(wall().0) / 86_400;
    let root = if identity.root_key_is_here() { "root key here" } else { "root key kept elsewhere" };
    say(out, "identity", &format!("sound; authority valid for {days} days, {root}"));
    Ok(())
}

fn silent() -> Failure {
    Failure::new(
        "a server holds the data folder but does not answer",
        "it is starting, stopping or stuck",
        "wait a minute; if it stays so, restart it",
        EXIT_LOCAL,
        "OUB-S077",
    )
}

fn say(out: &mut impl Write, what: &str, how: &str) {
    // A closed pipe is a normal end.
    let _closed = writeln!(out, "{what:<14} {how}");
}
