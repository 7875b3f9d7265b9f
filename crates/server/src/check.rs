//! `check`: looks at configuration, folder, disk, identity and store without starting anything, and names a remedy for each.

use std::io::{self, Write};
use std::path::Path;

use serde_json::json;
use store::{EmbeddedStore, Former};

use crate::admin::{Question, Reply};
use crate::ask::{ask, told};
use crate::backup::verbs::moment;
use crate::bench::{self, Verdict};
use crate::clock::wall;
use crate::config::Settings;
use crate::data_folder::{
    DataFolder, DataFolderError, check_path, check_private, io_error, refuse_half_restored, refuse_lost_store,
};
use crate::failure::{EXIT_LOCAL, Failure};
use crate::identity::Identity;
use crate::owner::ActingAs;
use crate::proxy_entrances::ProxyEntrances;
use crate::serve::{store_screen, told_at_opening};
use crate::verbs::taken;

/// Less room than this is said: deposits are refused soon. A store as it was before an upgrade gives way to it.
pub const ROOM_BYTES_MIN: u64 = 512 * 1024 * 1024;

/// Says one thing after the other, as lines or as JSON.
pub struct Report<'a> {
    /// Where to.
    out: &'a mut dyn Write,
    /// How.
    json: bool,
    /// What first went wrong with that, if anything did.
    written: io::Result<()>,
}

impl<'a> Report<'a> {
    /// Nothing said yet.
    pub fn new(out: &'a mut dyn Write, json: bool) -> Self {
        Self { out, json, written: Ok(()) }
    }

    fn well(&mut self, what: &str, how: &str) {
        self.say(what, true, how);
    }

    /// Something that does not keep `serve` from starting, and that somebody should act on.
    fn mind(&mut self, what: &str, how: &str) {
        self.say(what, false, how);
    }

    fn say(&mut self, what: &str, ok: bool, how: &str) {
        if self.written.is_err() {
            return;
        }
        self.written = match self.json {
            true => {
                writeln!(self.out, "{}", json!({"v": 1, "t": "check", "what": what, "ok": ok, "how": how}))
            }
            false => writeln!(self.out, "{what:<14} {}{how}", if ok { "" } else { "MIND: " }),
        };
    }
}

/// Checks everything that can be checked; the first thing that would keep `serve` from starting is the error.
pub fn check(settings: &Settings, mut report: Report<'_>) -> Result<(), Failure> {
    look(settings, &mut report)?;
    taken(report.written)
}

fn look(settings: &Settings, report: &mut Report<'_>) -> Result<(), Failure> {
    report.well("configuration", "valid");
    if !settings.proxy_header.is_empty() {
        let proxies = settings.budgets.proxies.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let whose = match &settings.proxy_header {
            ProxyEntrances::At(some) => {
                let some: Vec<_> = some.iter().map(ToString::to_string).collect();
                format!("every connection to {}", some.join(", "))
            }
            _ => "every connection".to_owned(),
        };
        report.well("proxy header", &format!("wanted of {whose}, and taken from {proxies} alone"));
    }
    let data = &settings.data;
    check_path(data)?;
    if !data.exists() {
        report.well("data folder", "not there yet; the first start makes it");
        return Ok(());
    }
    // Of root's own files in there, the server's user could not write one.
    let _acting = ActingAs::owner_of(data).map_err(|error| io_error(data, error))?;
    check_private(data)?;
    report.well("data folder", "private");
    refuse_half_restored(data)?;
    refuse_lost_store(data)?;
    check_disk(data, report)?;
    tell_of_former(data, report);
    match ask(data, &Question::Health) {
        Ok(Reply::Serving) => {
            report.well("server", "running; its store is checked by   oublietted status");
            return check_identity(settings, report);
        }
        Ok(reply) => return Err(told(reply)),
        // Whether nobody is at home or somebody is silent, the folder tells.
        Err(_) => {}
    }
    let folder = match DataFolder::hold(data) {
        Ok(folder) => folder,
        Err(DataFolderError::Held(_)) => return Err(silent()),
        Err(error) => return Err(error.into()),
    };
    check_identity(settings, report)?;
    if !folder.store().exists() {
        report.well("store", "not there yet; the first start makes it");
        return Ok(());
    }
    let store = EmbeddedStore::open(&folder.store()).map_err(store_screen)?;
    for told in told_at_opening(&store) {
        report.mind("store", &told);
    }
    let totals = store::MailboxStore::totals(&store);
    let how = format!("opens; {} mailboxes, {} envelopes waiting", totals.mailboxes, totals.waiting);
    match totals.damaged {
        0 => report.well("store", &how),
        damaged => report
            .mind("store", &format!("{how}, {damaged} DAMAGED rows; make a backup, then check the disk")),
    }
    Ok(())
}

/// What still holds what was let go of since an upgrade.
fn tell_of_former(data: &Path, report: &mut Report<'_>) {
    for former in Former::beside(&data.join("store")).unwrap_or_default() {
        let (path, until) = (former.path.display(), moment(former.until().0));
        report.well("former store", &format!("in {path}, of layout {}, until {until}", former.layout));
    }
}

fn check_disk(data: &Path, report: &mut Report<'_>) -> Result<(), Failure> {
    // When the system cannot say, the next lines will.
    if let Ok(found) = rustix::fs::statvfs(data) {
        let room = found.f_bavail.saturating_mul(found.f_frsize);
        let how = format!("{} MiB free", room / 1024 / 1024);
        match room < ROOM_BYTES_MIN {
            false => report.well("disk", &how),
            true => {
                report.mind("disk", &format!("{how}; messages are refused when 64 MiB are left: make room"))
            }
        }
    }
    let (one, verdict) = match bench::glance(data) {
        Ok(glance) => glance,
        // The relay goes on with a full disk, and so does this.
        Err(error) if error.is_for_want_of_room() => {
            report.mind("sync", "not measured: there is no room to write to");
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let in_memory = bench::in_memory(data);
    let how = format!("{} µs a sync (half within); {}", one.p50_us, verdict.words(in_memory));
    match verdict == Verdict::Sound && !in_memory {
        true => report.well("sync", &how),
        false => report.mind("sync", &format!("{how}:   oublietted bench")),
    }
    Ok(())
}

fn check_identity(settings: &Settings, report: &mut Report<'_>) -> Result<(), Failure> {
    let Some(identity) = Identity::inspect(&settings.data.join("identity"))? else {
        report.well("identity", "not there yet; the first start makes it");
        return Ok(());
    };
    let (end, here) = (identity.ca_not_after().0, identity.root_key_is_here());
    let days = end.saturating_sub(wall().0) / 86_400;
    let root = if here { "root key here" } else { "root key kept elsewhere" };
    let how = format!("sound; authority valid for {days} days, {root}");
    match identity.ends_soon(wall()) {
        false => report.well("identity", &how),
        true => report.mind(
            "identity",
            &format!("{how}: bring root.key back (identity import-root) before {}", moment(end)),
        ),
    }
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
