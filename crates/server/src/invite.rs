//! Invitations: made by the running server, printed for the person who passes them on.

use fast_qr::QRBuilder;
use serde::{Deserialize, Serialize};
use store::NewInvite;
use wire::address::ShortFingerprint;
use wire::{Invitation, InviteCode, Name, UnixSeconds};

use crate::backup::verbs::moment;
use crate::clock::wall;
use crate::failure::{EXIT_REFUSED, EXIT_TEMPORARY, EXIT_UNEXPECTED, Failure};
use crate::relay::Relay;
use crate::task::random;

/// Life of the invitations that nobody gave one.
pub const EXPIRES_S: u64 = 7 * 86_400;

/// Why there is no invitation.
#[derive(thiserror::Error, Debug)]
pub enum InviteError {
    /// The name has an owner.
    #[error("somebody registered this name")]
    Taken,
    /// The name was given up, and rests for longer than the invitation would live.
    #[error("its owner gave it up; nobody can register it before {}", moment(free_from.0))]
    Resting {
        /// Which.
        name: Name,
        /// From when on somebody else may have it.
        free_from: UnixSeconds,
    },
    /// The store could not keep it.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    NoRandomness,
}

impl From<InviteError> for Failure {
    fn from(error: InviteError) -> Self {
        let why = error.to_string();
        match error {
            InviteError::Taken => Failure::new(
                "the name is registered already",
                why,
                "choose another name; its owner comes back with   oub join --recover",
                EXIT_REFUSED,
                "OUB-S050",
            ),
            InviteError::Resting { name, free_from } => Failure::new(
                "the name was given up, and rests",
                why,
                format!(
                    "choose another name, or let the invitation live longer:   oublietted invite {} --expires {}d",
                    name.as_str(),
                    days_to_outlive(free_from, wall())
                ),
                EXIT_REFUSED,
                "OUB-S053",
            ),
            InviteError::Store(_) => Failure::new(
                "the invitation could not be stored",
                why,
                "make room on the disk, then try again:   oublietted status",
                EXIT_TEMPORARY,
                "OUB-S043",
            ),
            InviteError::NoRandomness => Failure::new(
                "the invitation could not be made",
                why,
                "try again",
                EXIT_UNEXPECTED,
                "OUB-S010",
            ),
        }
    }
}

/// An invitation as it is shown.
#[derive(Clone, Serialize, Deserialize, Debug)]
pub struct Issued {
    /// For whom.
    pub name: String,
    /// `oub://host/i/CODE/name#SERVERFP`.
    pub link: String,
    /// From when on it is void, in seconds since 1970.
    pub expires: u64,
    /// How long it is valid from now on.
    pub valid_s: u64,
}

/// Makes an invitation and stores it durably. Blocks.
pub fn issue(relay: &Relay, name: Name, valid_s: u64) -> Result<Issued, InviteError> {
    let expires = UnixSeconds(wall().0.saturating_add(valid_s));
    // A name that was given up is somebody's again once it has rested, if the invitation lives to see it.
    if let Some(state) = relay.store.name(&name)?
        && !relay.store.is_for_the_taking(&name, None, true, expires)?
    {
        let rests = state.free_from().filter(|free_from| *free_from > expires);
        return Err(rests.map_or(InviteError::Taken, |free_from| InviteError::Resting { name, free_from }));
    }
    let code = InviteCode(random().ok_or(InviteError::NoRandomness)?);
    relay.store.invite(NewInvite { code, name: Some(name.clone()), expires })?;
    let server = ShortFingerprint::from_full(relay.server_id.as_bytes());
    let link =
        Invitation { at: relay.public_host.clone(), code, server, name: Some(name.clone()) }.to_string();
    Ok(Issued { name: name.as_str().to_owned(), link, expires: expires.0, valid_s })
}

impl Issued {
    /// The screen for the person who passes it on.
    pub fn screen(&self, qr: bool) -> String {
        let Self { name, link, valid_s, .. } = self;
        let mut screen = format!(
            "Invitation for “{name}” — single use, valid {}. Send it over a channel you trust.\n\n  oub join {link}\n\n",
            span(*valid_s)
        );
        if qr && let Ok(code) = QRBuilder::new(link.as_bytes()).build() {
            screen.push_str(&code.to_str());
            screen.push_str("\n\n");
        }
        screen.push_str("The server's identity is inside the invitation; nothing else needs checking.\n");
        screen
    }

    /// One JSON line for scripts.
    pub fn json(&self) -> String {
        let Self { name, link, expires, .. } = self;
        serde_json::json!({"v": 1, "t": "invitation", "name": name, "link": link, "expires": expires})
            .to_string()
    }
}

/// So many days live an invitation that can be used for a week once the name is free.
fn days_to_outlive(free_from: UnixSeconds, now: UnixSeconds) -> u64 {
    (free_from.0.saturating_sub(now.0) + EXPIRES_S).div_ceil(86_400)
}

/// A time for people: in its largest whole unit.
fn span(seconds: u64) -> String {
    let (count, unit) = match seconds {
        s if s % 86_400 == 0 => (s / 86_400, "day"),
        s if s % 3_600 == 0 => (s / 3_600, "hour"),
        s if s % 60 == 0 => (s / 60, "minute"),
        s => (s, "second"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_screen_holds_one_line_that_can_be_copied() {
        let link = "oub://relay.example/i/7F4Q/alice#FP".to_owned();
        let issued = Issued { name: "alice".into(), link, expires: 9, valid_s: 7 * 86_400 };
        let screen = issued.screen(false);
        assert!(screen.starts_with("Invitation for “alice” — single use, valid 7 days. Send it"));
        assert!(screen.lines().any(|line| line == "  oub join oub://relay.example/i/7F4Q/alice#FP"));
        assert!(issued.screen(true).len() > screen.len());
    }

    #[test]
    fn a_name_that_rests_says_when_it_is_free_and_which_invitation_lives_to_see_it() {
        let free_from = UnixSeconds(1_800_000_000);
        for (now, days) in [(1_800_000_000 - 30 * 86_400, 37), (1_799_999_999, 8), (1_800_000_001, 7)] {
            assert_eq!(days_to_outlive(free_from, UnixSeconds(now)), days);
        }
        let name = "alice".parse().map_err(|_| ());
        let shown = name.map(|name| Failure::from(InviteError::Resting { name, free_from }).to_string());
        let shown = shown.unwrap_or_default();
        assert!(shown.contains("before 2027-01-15 08:00 UTC\n"), "{shown}");
        assert!(
            shown.contains("oublietted invite alice --expires ") && shown.contains("OUB-S053"),
            "{shown}"
        );
    }

    #[test]
    fn a_span_is_named_in_its_largest_whole_unit() {
        assert_eq!(span(86_400), "1 day");
        assert_eq!(span(5_400), "90 minutes");
        assert_eq!(span(61), "61 seconds");
    }
}
