//! Asking a SOCKS5 proxy for a way to a server (RFC 1928, RFC 1929), without I/O: what to say, how many bytes to await,
//! and what they mean.
//!
//! Exactly the bytes of an answer are awaited, so that whatever follows is left for who talks to the server.

use core::net::IpAddr;

use wire::{HostPort, Writer};

use crate::proxy::Credentials;

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const NOTHING_ACCEPTABLE: u8 = 0xff;
/// Of the exchange of user name and password.
const AUTHENTICATION_VERSION: u8 = 1;
const CONNECT: u8 = 1;
const RESERVED: u8 = 0;
const SUCCEEDED: u8 = 0;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// The most bytes that are awaited at once: the rest of an address that is a name.
pub(super) const AWAITED_MAX: usize = 255 + 2;

/// A conversation with a proxy: say [`Asking::say`], await [`Asking::awaited`] bytes, and [`Asking::hear`] them.
pub(super) struct Asking<'a> {
    to: &'a HostPort,
    credentials: &'a Credentials,
    stage: Stage,
    say: Vec<u8>,
    gave_credentials: bool,
}

/// What the proxy says next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// By what it wants to know who is there.
    Method,
    /// Whether the credentials are right.
    Verdict,
    /// Whether it is connected. A proxy that refuses may break off behind these two bytes.
    Reply,
    /// Of what kind the address is that it connects from, and its first byte.
    Kind,
    /// The rest of that address, which is of no use.
    Address(usize),
    /// Nothing: the way is open.
    Open,
}

/// Why there is no way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    /// This is no SOCKS5 proxy.
    NotSocks,
    /// It wants other credentials.
    Credentials,
    /// It refuses, with this number.
    Refused(u8),
}

impl<'a> Asking<'a> {
    /// Offers credentials first: a proxy that takes both prefers what is named first, and Tor tells connections apart by
    /// them. One that knows none, as that of `ssh -D`, takes none.
    pub(super) fn begin(to: &'a HostPort, credentials: &'a Credentials) -> Self {
        let say = vec![VERSION, 2, USER_AND_PASSWORD, NO_AUTHENTICATION];
        Self { to, credentials, stage: Stage::Method, say, gave_credentials: false }
    }

    /// What is to be said now; once.
    pub(super) fn say(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.say)
    }

    /// Takes the bytes that were awaited.
    pub(super) fn hear(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.stage = match (self.stage, bytes) {
            (Stage::Method, [VERSION, USER_AND_PASSWORD]) => {
                self.say = authentication(self.credentials);
                self.gave_credentials = true;
                Stage::Verdict
            }
            (Stage::Method, [VERSION, NO_AUTHENTICATION]) => self.connect(),
            (Stage::Method, [VERSION, NOTHING_ACCEPTABLE]) => return Err(Fault::Credentials),
            (Stage::Verdict, [AUTHENTICATION_VERSION, SUCCEEDED]) => self.connect(),
            (Stage::Verdict, [AUTHENTICATION_VERSION, _]) => return Err(Fault::Credentials),
            (Stage::Reply, [VERSION, SUCCEEDED]) => Stage::Kind,
            (Stage::Reply, [VERSION, reply]) => return Err(Fault::Refused(*reply)),
            // With two bytes of a port behind each.
            (Stage::Kind, [RESERVED, IPV4, _]) => Stage::Address(3 + 2),
            (Stage::Kind, [RESERVED, IPV6, _]) => Stage::Address(15 + 2),
            (Stage::Kind, [RESERVED, NAME, len]) => Stage::Address(usize::from(*len) + 2),
            (Stage::Address(_), _) => Stage::Open,
            _ => return Err(Fault::NotSocks),
        };
        Ok(())
    }

    fn connect(&mut self) -> Stage {
        self.say = request(self.to);
        Stage::Reply
    }

    /// How many bytes to await; none once the way is open.
    pub(super) fn awaited(&self) -> usize {
        match self.stage {
            Stage::Method | Stage::Verdict | Stage::Reply => 2,
            Stage::Kind => 3,
            Stage::Address(rest) => rest,
            Stage::Open => 0,
        }
    }

    /// Whether the proxy knows of us all that it wants to.
    pub(super) fn is_known(&self) -> bool {
        !matches!(self.stage, Stage::Method | Stage::Verdict)
    }

    /// Whether what is said from now on is said to the server.
    pub(super) fn is_open(&self) -> bool {
        self.stage == Stage::Open
    }

    /// Whether the proxy asked for credentials.
    pub(super) fn gave_credentials(&self) -> bool {
        self.gave_credentials
    }
}

fn authentication(credentials: &Credentials) -> Vec<u8> {
    let mut out = Writer::new();
    out.u8(AUTHENTICATION_VERSION);
    out.short_bytes(&credentials.user);
    out.short_bytes(&credentials.password);
    out.into_bytes()
}

/// A name goes as it is: whoever resolved it here would tell a resolver whom we talk to.
fn request(to: &HostPort) -> Vec<u8> {
    let mut out = Writer::new();
    out.bytes(&[VERSION, CONNECT, RESERVED]);
    match to.host_to_resolve().parse() {
        Ok(IpAddr::V4(address)) => {
            out.u8(IPV4);
            out.bytes(&address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            out.u8(IPV6);
            out.bytes(&address.octets());
        }
        Err(_) => {
            out.u8(NAME);
            out.short_bytes(to.host().as_bytes());
        }
    }
    out.u16(to.port());
    out.into_bytes()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    const WITH_NAME: &[u8] = b"\x05\x02\x01\x00\x05\x00\x00\x03\x02hi\x00\x50";

    fn credentials() -> Credentials {
        Credentials { user: Zeroizing::new(b"me".to_vec()), password: Zeroizing::new(b"pw".to_vec()) }
    }

    fn onion() -> HostPort {
        HostPort::parse(&format!("{}.onion:7", "a".repeat(56))).unwrap()
    }

    /// What was said in answer to these bytes, and how many of them were left: nothing is awaited that does not come.
    fn said_to(answers: &[u8], to: &HostPort) -> (Result<Vec<Vec<u8>>, Fault>, usize) {
        let credentials = credentials();
        let mut asking = Asking::begin(to, &credentials);
        let (mut said, mut rest) = (vec![asking.say()], answers);
        while asking.awaited() > 0 {
            assert!(asking.awaited() <= AWAITED_MAX);
            let Some((bytes, later)) = rest.split_at_checked(asking.awaited()) else { break };
            rest = later;
            if let Err(fault) = asking.hear(bytes) {
                return (Err(fault), rest.len());
            }
            said.extend(Some(asking.say()).filter(|bytes| !bytes.is_empty()));
        }
        (Ok(said), rest.len())
    }

    #[test]
    fn a_name_is_resolved_by_the_proxy_and_an_address_goes_as_it_is() {
        let (said, left) = said_to(&[WITH_NAME, b"TLS"].concat(), &onion());
        let said = said.unwrap();
        assert_eq!((said.len(), left), (3, 3), "what follows is not touched");
        assert_eq!(said[0], b"\x05\x02\x02\x00");
        assert_eq!(said[1], b"\x01\x02me\x02pw");
        let name = format!("{}.onion", "a".repeat(56));
        assert_eq!(said[2], [b"\x05\x01\x00\x03\x3e", name.as_bytes(), b"\x00\x07"].concat());
        let request = |at: &str| request(&HostPort::parse(at).unwrap());
        assert_eq!(request("127.0.0.1:7"), b"\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x07");
        assert_eq!(request("[::1]:7"), [b"\x05\x01\x00\x04".as_slice(), &[0; 15], b"\x01\x00\x07"].concat());
        let longest = [["a".repeat(63).as_str(); 3].join(".").as_str(), "b".repeat(61).as_str()].join(".");
        assert_eq!(request(&longest)[..5], [5, 1, 0, 3, 253]);
    }

    #[test]
    fn a_proxy_without_credentials_is_asked_at_once() {
        let (said, left) = said_to(b"\x05\x00\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50", &onion());
        assert_eq!((said.unwrap().len(), left), (2, 0));
        let v6 = [b"\x05\x00\x05\x00\x00\x04".as_slice(), &[0; 18]].concat();
        assert_eq!(said_to(&v6, &onion()).1, 0);
        let long = [b"\x05\x00\x05\x00\x00\x03\xff".as_slice(), &[b'x'; 257], b"T"].concat();
        assert_eq!(said_to(&long, &onion()).1, 1);
        assert_eq!(said_to(b"\x05\x00\x05\x00\x00\x03\x00\x00\x50T", &onion()).1, 1);
    }

    #[test]
    fn whatever_is_cut_short_opens_nothing() {
        for end in 0..WITH_NAME.len() {
            let to = onion();
            let credentials = credentials();
            let mut asking = Asking::begin(&to, &credentials);
            let mut rest = &WITH_NAME[..end];
            while let Some((bytes, later)) = rest.split_at_checked(asking.awaited()) {
                asking.hear(bytes).unwrap();
                rest = later;
            }
            assert!(asking.awaited() > 0, "{end}");
        }
    }

    #[test]
    fn refusals_are_told_apart() {
        for (answers, fault) in [
            (b"\x05\xff".as_slice(), Fault::Credentials),
            (b"\x05\x02\x01\x01", Fault::Credentials),
            (b"\x05\x02\x05\x00", Fault::NotSocks),
            (b"\x04\x00", Fault::NotSocks),
            (b"\x05\x01", Fault::NotSocks),
            (b"HTTP/1.0 501", Fault::NotSocks),
            (b"\x05\x00\x04\x00", Fault::NotSocks),
            (b"\x05\x00\x05\x00\x01\x01\x7f", Fault::NotSocks),
            (b"\x05\x00\x05\x00\x00\x02\x7f", Fault::NotSocks),
            (b"\x05\x00\x05\x04", Fault::Refused(4)),
            (b"\x05\x02\x01\x00\x05\xf4\x00\x01", Fault::Refused(0xf4)),
        ] {
            assert_eq!(said_to(answers, &onion()).0, Err(fault), "{answers:?}");
        }
    }
}
