//! Looks whether everything is in order, and says what to do where it is not.

use client_core::schedule::day_of;
use wire::ConnectionKind;

use crate::{
    Client, ClientError,
    engine::{owner::Owner, pull::collect_alone, run},
    transport::{Line, Pin},
    vault::{
        inbox,
        me::{self, Copy},
        permissions, recovery,
    },
};

/// One thing looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Check {
    /// What was looked at: a short stable word (`permissions`, `vault`, `protector`, `server`, `clock`,
    /// `mailboxes`, `keys`, `copy`, `outbox`, `quarantine`).
    pub subject: &'static str,
    /// How it is.
    pub verdict: Verdict,
    /// One line for people.
    pub finding: String,
    /// What to do, where something is to be done.
    pub remedy: Option<String>,
}

/// How a thing is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// In order.
    Good,
    /// Works, but look at it.
    Warning,
    /// Does not work.
    Bad,
}

/// Clocks further apart than this are told.
const CLOCK_S_MAX: u64 = 300;

/// See [`Client::doctor`].
pub(crate) fn run_checks(client: &Client) -> Vec<Check> {
    let mut checks = vec![permissions_check(client), vault_check(client), protector_check(client)];
    checks.extend(server_checks(client));
    checks.extend([keys_check(client), copy_check(client), outbox_check(client), quarantine_check(client)]);
    checks
}

fn good(subject: &'static str, finding: impl Into<String>) -> Check {
    Check { subject, verdict: Verdict::Good, finding: finding.into(), remedy: None }
}

fn warning(subject: &'static str, finding: impl Into<String>, remedy: &str) -> Check {
    Check { subject, verdict: Verdict::Warning, finding: finding.into(), remedy: Some(remedy.into()) }
}

fn bad(subject: &'static str, error: &ClientError) -> Check {
    Check {
        subject,
        verdict: Verdict::Bad,
        finding: format!("{}: {}", error.what(), error.why()),
        remedy: Some(error.do_()),
    }
}

fn permissions_check(client: &Client) -> Check {
    let profile = client.vault.profile();
    match permissions::check(profile) {
        Ok(()) => good("permissions", format!("{} is readable by you alone", profile.dir().display())),
        Err(error) => bad("permissions", &error),
    }
}

fn vault_check(client: &Client) -> Check {
    let check =
        client.vault.read(|tx| Ok(tx.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))?));
    match check {
        Ok(answer) if answer == "ok" => good("vault", "every page is whole"),
        Ok(_) => bad("vault", &ClientError::VaultDamaged { what: "a page of the file" }),
        Err(error) => bad("vault", &error),
    }
}

fn protector_check(client: &Client) -> Check {
    match client.vault.profile().protection() {
        Ok(crate::Protection::Passphrase) => good("protector", "the vault's key is wrapped by a passphrase"),
        Ok(crate::Protection::KeyFile) => good(
            "protector",
            "the vault's key is in a file beside it: whoever reads the folder reads everything",
        ),
        Ok(crate::Protection::Keyring) => {
            good("protector", "the vault's key is in the keyring of this session, and it gave it just now")
        }
        Err(error) => bad("protector", &error),
    }
}

/// Connects anonymously for the clock, and as owner for the mailboxes.
fn server_checks(client: &Client) -> Vec<Check> {
    let me = match client.vault.me() {
        Ok(me) => me,
        Err(error) => return vec![bad("server", &error)],
    };
    let greeting = run(async {
        let pin = Pin::Full(me.server_id);
        let line = Line::connect(&client.options, &me.at, pin, ConnectionKind::Anonymous).await?;
        let welcome = line.welcome().clone();
        line.close().await;
        Ok(welcome)
    });
    match greeting {
        Err(error) => vec![bad("server", &error)],
        Ok(welcome) => {
            let versions = format!("{} to {}", welcome.versions.min, welcome.versions.max);
            let finding = format!("{} is the server I pinned; it speaks protocol versions {versions}", me.at);
            vec![good("server", finding), clock_check(client, welcome.time.0), mailboxes_check(client)]
        }
    }
}

fn clock_check(client: &Client, server: u64) -> Check {
    let apart = client.now().0.abs_diff(server);
    match apart <= CLOCK_S_MAX {
        true => good("clock", "this computer and the server agree on the time"),
        false => {
            warning("clock", format!("this computer and the server are {apart} s apart"), "set the clock")
        }
    }
}

fn mailboxes_check(client: &Client) -> Check {
    let Ok(_alone) = collect_alone(client) else {
        return good("mailboxes", "another process is collecting");
    };
    let found = run(async {
        let owner = Owner::connect(client).await?;
        let found = (owner.waiting(), owner.oldest_days());
        owner.close().await;
        Ok(found)
    });
    match found {
        Ok((0, _)) => good("mailboxes", "both open; nothing waits"),
        Ok((waiting, days)) => {
            good("mailboxes", format!("both open; {waiting} waiting, the oldest for {days} days"))
        }
        Err(error) => bad("mailboxes", &error),
    }
}

fn keys_check(client: &Client) -> Check {
    match client.vault.me() {
        Err(error) => bad("keys", &error),
        Ok(me) => {
            let ends = me.bundle.map_or(0, |bundle| bundle.body.not_after.0);
            let left = ends.saturating_sub(day_of(client.now()).0);
            match (me.bundle_published, left) {
                (true, 1..) => good("keys", format!("published, good for {left} more days")),
                _ => warning("keys", "my keys for first contact are not up to date", "oub pull"),
            }
        }
    }
}

/// Whether another copy of this profile is, or was, at work.
fn copy_check(client: &Client) -> Check {
    let (state, last) = match client.vault.read(|tx| Ok((me::copy(tx)?, recovery::last_other_copy(tx)?))) {
        Ok(found) => found,
        Err(error) => return bad("copy", &error),
    };
    let days = last.map(|notice| client.now().0.saturating_sub(notice.at.0) / 86_400);
    match (state, days) {
        (Copy::PerhapsOld, _) => bad("copy", &ClientError::OtherCopy),
        (Copy::Restored, _) => warning("copy", "restored, and not renewed yet", "oub pull"),
        (_, Some(days @ 0..30)) => warning(
            "copy",
            format!("another copy of this profile was at work {days} days ago"),
            "use one copy only; if you do not know of another:  oub identity renew",
        ),
        _ => good("copy", "this is the one copy of my identity, as far as can be seen"),
    }
}

fn outbox_check(client: &Client) -> Check {
    match client.outbox() {
        Ok(list) if list.is_empty() => good("outbox", "empty"),
        Ok(list) => warning("outbox", format!("{} not stored yet", list.len()), "oub outbox"),
        Err(error) => bad("outbox", &error),
    }
}

fn quarantine_check(client: &Client) -> Check {
    match client.vault.read(inbox::count_set_aside) {
        Ok(0) => good("quarantine", "empty"),
        Ok(count) => {
            let finding =
                format!("{count} envelopes could not be opened; what was in them is asked for again");
            warning("quarantine", finding, "oub log --quarantine")
        }
        Err(error) => bad("quarantine", &error),
    }
}
