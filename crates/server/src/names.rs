//! `name` and `invite list|revoke`: what an operator may see and decide (`docs/decisions/0010-what-an-operator-may.md`).
//!
//! Names are public records; whose mailbox is whose, nobody here knows, and nothing here says.

use serde::{Deserialize, Serialize};
use store::{Invite, NameState, NamesFound, StoreError, Suspension};
use wire::Name;
use wire::address::ShortFingerprint;

use crate::backup::verbs::moment;
use crate::clock::wall;
use crate::failure::{EXIT_REFUSED, EXIT_TEMPORARY, Failure};
use crate::relay::Relay;

/// Names in one answer; more are asked for behind the last.
pub const NAMES_MAX: usize = 128;
/// Invitations in one answer.
pub const INVITES_MAX: usize = 256;
/// Digits of an invitation's id that are shown and asked for.
const ID_DIGITS: usize = 16;
/// Rounds of revoking, each of as many invitations as the store finds at once: nobody makes more for one name.
const REVOKED_MAX: usize = 256;

/// One name.
#[derive(Clone, Serialize, Deserialize, Debug)]
pub struct NameLine {
    /// Itself.
    pub name: String,
    /// `registered`, `suspended` or `given-up`.
    pub state: String,
    /// Number of its record: how often its key was replaced.
    pub seq: u32,
    /// The fingerprint of its identity key, as in addresses; none when the key is no key.
    pub identity: Option<String>,
    /// Since when it is suspended or given up, in seconds since 1970.
    pub since: Option<u64>,
}

/// Some names, and behind which key the next ones are.
#[derive(Clone, Serialize, Deserialize, Debug)]
pub struct NamesPage {
    /// In no order that means anything.
    pub names: Vec<NameLine>,
    /// To ask on, if there are more.
    pub next: Option<String>,
}

/// One invitation that is out.
#[derive(Clone, Serialize, Deserialize, Debug)]
pub struct InviteLine {
    /// To revoke it by. It says nothing of the code.
    pub id: String,
    /// From when on it is void.
    pub expires: u64,
    /// Whether it is for one name.
    pub for_one_name: bool,
}

/// Why nothing was done.
#[derive(thiserror::Error, Debug)]
pub enum NameError {
    /// Nobody has it.
    #[error("nobody registered this name here")]
    NoSuchName,
    /// None has this id.
    #[error("no invitation has this id")]
    NoSuchInvite,
    /// The store could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<NameError> for Failure {
    fn from(error: NameError) -> Self {
        let why = error.to_string();
        match error {
            NameError::NoSuchName => {
                Failure::new("there is no such name", why, "oublietted name list", EXIT_REFUSED, "OUB-S051")
            }
            NameError::NoSuchInvite => Failure::new(
                "there is no such invitation",
                why,
                "oublietted invite list   — a used one is gone by itself",
                EXIT_REFUSED,
                "OUB-S052",
            ),
            NameError::Store(_) => Failure::new(
                "the store could not do it",
                why,
                "make room on the disk, then try again:   oublietted status",
                EXIT_TEMPORARY,
                "OUB-S043",
            ),
        }
    }
}

/// Names behind a key. Blocks.
pub fn list(relay: &Relay, after: Option<&str>) -> Result<NamesPage, NameError> {
    let after = after.and_then(from_hex::<32>);
    let NamesFound { names, next } = relay.store.names(after.as_ref(), NAMES_MAX)?;
    Ok(NamesPage { names: names.into_iter().map(NameLine::from).collect(), next: next.map(|key| hex(&key)) })
}

/// One name. Blocks.
pub fn show(relay: &Relay, name: &Name) -> Result<NameLine, NameError> {
    Ok(relay.store.name(name)?.ok_or(NameError::NoSuchName)?.into())
}

/// Suspends a name, or resumes it, and says how it stands. Blocks.
pub fn set_suspended(relay: &Relay, name: &Name, suspended: bool) -> Result<NameLine, NameError> {
    let done = if suspended { relay.store.suspend(name, wall())? } else { relay.store.resume(name)? };
    match done {
        Suspension::Done | Suspension::Already => show(relay, name),
        Suspension::NoSuchName => Err(NameError::NoSuchName),
    }
}

/// Invitations that are out, and whether there are more than are told. Blocks.
pub fn invites(relay: &Relay, name: Option<&Name>) -> Result<(Vec<InviteLine>, bool), NameError> {
    let found = relay.store.invites(name, &[])?;
    let more = found.len() > INVITES_MAX;
    Ok((found.iter().take(INVITES_MAX).map(InviteLine::from).collect(), more))
}

/// Makes one invitation void by its id, or every one for a name; says how many. Blocks.
pub fn revoke(relay: &Relay, id: Option<&str>, name: Option<&Name>) -> Result<u64, NameError> {
    let id = match id {
        Some(id) => from_hex::<{ ID_DIGITS / 2 }>(id).ok_or(NameError::NoSuchInvite)?.to_vec(),
        None => Vec::new(),
    };
    let mut count = 0;
    for _ in 0..REVOKED_MAX {
        let ids: Vec<_> = relay.store.invites(name, &id)?.iter().map(|invite| invite.id).collect();
        match relay.store.revoke(&ids)? {
            0 => break,
            more => count += more,
        }
    }
    if count == 0 { Err(NameError::NoSuchInvite) } else { Ok(count) }
}

impl From<NameState> for NameLine {
    fn from(found: NameState) -> Self {
        let body = found.record.body;
        let identity = crypto::PublicIdentity::from_bytes(&body.identity_key.0).ok();
        let state = match (found.given_up, found.suspended) {
            (Some(_), _) => "given-up",
            (None, Some(_)) => "suspended",
            (None, None) => "registered",
        };
        Self {
            name: body.name.as_str().to_owned(),
            state: state.to_owned(),
            seq: body.seq,
            identity: identity.map(|key| ShortFingerprint::from_full(&key.fingerprint()).to_string()),
            since: found.given_up.or(found.suspended).map(|since| since.0),
        }
    }
}

impl From<&Invite> for InviteLine {
    fn from(invite: &Invite) -> Self {
        let mut id = hex(&invite.id);
        id.truncate(ID_DIGITS);
        Self { id, expires: invite.expires.0, for_one_name: invite.for_one_name }
    }
}

impl NameLine {
    /// A line of a list.
    pub fn line(&self) -> String {
        let Self { name, state, seq, since, .. } = self;
        let since = since.map_or_else(String::new, |since| format!(" since {}", moment(since)));
        format!("{name:<34}{state}{since}, record {seq}\n")
    }

    /// A screen of its own.
    pub fn screen(&self) -> String {
        let identity = self.identity.as_deref().unwrap_or("not a key");
        format!("{}  identity  {identity}\n", self.line())
    }

    /// One JSON line for scripts.
    pub fn json(&self) -> String {
        tagged("name", self)
    }
}

impl InviteLine {
    /// A line of a list.
    pub fn line(&self) -> String {
        let Self { id, expires, for_one_name } = self;
        let void = if *expires <= wall().0 { "void since" } else { "valid until" };
        let whom = if *for_one_name { "for one name" } else { "for any name" };
        format!("{id}  {void} {}, {whom}\n", moment(*expires))
    }

    /// One JSON line for scripts.
    pub fn json(&self) -> String {
        tagged("invite", self)
    }
}

fn tagged(kind: &str, value: &impl Serialize) -> String {
    let mut value = serde_json::to_value(value).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        fields.extend([("v".into(), 1.into()), ("t".into(), kind.into())]);
    }
    value.to_string() + "\n"
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// As many bytes as are wanted, of as many digits as that takes.
pub fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() == 2 * N)?;
    for (to, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        *to = u8::try_from(pair.iter().fold(0, |sum, digit| sum * 16 + digit)).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_comes_back() {
        let bytes: [u8; 32] = std::array::from_fn(|at| at as u8 * 7);
        assert_eq!(from_hex(&hex(&bytes)), Some(bytes));
        assert_eq!(from_hex::<32>("00"), None);
        assert_eq!(from_hex::<32>(&"g".repeat(64)), None);
    }
}
