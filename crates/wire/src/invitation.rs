//! [`Invitation`]: the link with which an operator lets one person in.

use core::fmt;
use core::str::FromStr;

use crate::address::{FingerprintError, SCHEME, ShortFingerprint};
use crate::name::{HostError, HostPort, Name, NameError};
use crate::{InviteCode, base32};

/// What follows the host in an invitation; no name is as short, so no address looks alike.
pub(crate) const PATH: &str = "i/";

/// `oub://host[:port]/i/CODE[/name]#SERVERFP`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invitation {
    /// Where.
    pub at: HostPort,
    /// What lets in, once.
    pub code: InviteCode,
    /// What the server must prove to be.
    pub server: ShortFingerprint,
    /// The name it is for, if the server tied it to one.
    pub name: Option<Name>,
}

/// Why a text is not an invitation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InvitationError {
    /// Not `oub://host/i/…`.
    #[error("an invitation begins with oub://, a host and /i/")]
    Form,
    /// The host is not one.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The code is not one.
    #[error("an invitation's code has 26 of the characters 0-9 and A-Z without I, L, O, U")]
    Code,
    /// The name is not one.
    #[error(transparent)]
    Name(#[from] NameError),
    /// No `#` and fingerprint.
    #[error("an invitation ends with '#' and the server's fingerprint")]
    MissingFingerprint,
    /// The fingerprint is not one.
    #[error(transparent)]
    Fingerprint(#[from] FingerprintError),
}

impl Invitation {
    /// Reads a link; the code may be grouped by four with `-`, and code and fingerprint may be in lower case.
    pub fn parse(text: &str) -> Result<Invitation, InvitationError> {
        let link = text.strip_prefix(SCHEME).ok_or(InvitationError::Form)?;
        let (at, rest) = link.split_once('/').ok_or(InvitationError::Form)?;
        let rest = rest.strip_prefix(PATH).ok_or(InvitationError::Form)?;
        let (path, server) = rest.split_once('#').ok_or(InvitationError::MissingFingerprint)?;
        let (code, name) = match path.split_once('/') {
            Some((code, name)) => (code, Some(Name::parse(name)?)),
            None => (path, None),
        };
        Ok(Invitation {
            at: HostPort::parse(at)?,
            code: parse_code(code)?,
            server: ShortFingerprint::parse(server)?,
            name,
        })
    }
}

impl FromStr for Invitation {
    type Err = InvitationError;

    fn from_str(text: &str) -> Result<Invitation, InvitationError> {
        Invitation::parse(text)
    }
}

impl fmt::Display for Invitation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{SCHEME}{}/{PATH}{}", self.at, base32::encode(self.code.as_bytes()))?;
        if let Some(name) = &self.name {
            write!(out, "/{name}")?;
        }
        write!(out, "#{}", self.server)
    }
}

/// 26 characters, plain or in groups of exactly four.
fn parse_code(text: &str) -> Result<InviteCode, InvitationError> {
    let plain =
        if text.contains('-') { ungroup(text).ok_or(InvitationError::Code)? } else { text.to_owned() };
    base32::decode(&plain).map(InviteCode).ok_or(InvitationError::Code)
}

fn ungroup(text: &str) -> Option<String> {
    let whole = base32::chars(InviteCode::BYTES);
    let groups: Vec<&str> = text.split('-').collect();
    let (last, full) = groups.split_last()?;
    let fits = full.iter().all(|group| group.len() == 4) && last.len() == whole % 4;
    fits.then(|| groups.concat())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_printed_invitation_is_read_back_and_is_no_address(
            code: [u8; 16],
            server: [u8; 20],
            port in 1_u16..,
            name in proptest::option::of("[a-z0-9][a-z0-9._-]{1,31}"),
        ) {
            let name = name.map(|name| Name::parse(&name).unwrap());
            let at = HostPort::new("[2001:db8::1]", port).unwrap();
            let invitation = Invitation { at, code: InviteCode(code), server: server.into(), name };
            let text = invitation.to_string();
            prop_assert_eq!(Invitation::parse(&text), Ok(invitation));
            prop_assert!(crate::Address::parse(&text).is_err());
        }

        #[test]
        fn no_text_makes_the_parser_panic(tail in ".{0,80}") {
            let _ = (Invitation::parse(&tail), Invitation::parse(&format!("oub://localhost/i/{tail}")));
        }
    }

    #[test]
    fn debug_shows_no_code() {
        let code = "0123456789ABCDEFGHJKMNPQR0";
        let text = format!("oub://localhost/i/{code}#0123456789ABCDEFGHJKMNPQRSTVWXYZ");
        assert!(!format!("{:?}", Invitation::parse(&text).unwrap()).contains("0123"));
    }
}
