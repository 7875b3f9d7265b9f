//! [`Proxy`]: what stands between this client and every server, so that servers do not learn where the client is.

use std::{fmt, sync::Arc};

use wire::HostPort;
use zeroize::Zeroizing;

use crate::{
    vault::key::to_hex,
    world::{Dice, World},
};

/// May stand before the rest. Names are resolved by the proxy whichever of the two is written.
const SCHEMES: [&str; 2] = ["socks5://", "socks5h://"];
/// A user name or a password is no longer (RFC 1929).
const CREDENTIAL_BYTES_MAX: usize = 255;

/// A SOCKS5 proxy, as that of Tor. Once there is one, no connection goes past it.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    at: HostPort,
    given: Option<Arc<Credentials>>,
}

/// What is said to a proxy that asks who is there: wiped when dropped, silent in `Debug`.
#[derive(PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) user: Zeroizing<Vec<u8>>,
    pub(crate) password: Zeroizing<Vec<u8>>,
}

impl Proxy {
    /// Reads `socks5://[USER:PASSWORD@]HOST:PORT`, in which the scheme may be left out. A sign that means something there
    /// is written as in every such address, `%40` for `@`. Anything else is `None`.
    pub fn parse(text: &str) -> Option<Proxy> {
        let text = SCHEMES.iter().find_map(|scheme| text.strip_prefix(scheme)).unwrap_or(text);
        // Another scheme would read as somebody's name.
        if text.contains('/') {
            return None;
        }
        let (given, at) = match text.rsplit_once('@') {
            Some((given, at)) => (Some(Arc::new(Credentials::parse(given)?)), at),
            None => (None, text),
        };
        // The port of a relay, which may be left out of an address, is no proxy's.
        let (_, port) = at.rsplit_once(':')?;
        let has_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        has_port.then(|| HostPort::parse(at).ok()).flatten().map(|at| Proxy { at, given })
    }

    /// Where it listens.
    pub fn at(&self) -> &HostPort {
        &self.at
    }

    /// Those that somebody gave; else fresh ones for each connection. Tor leads streams with different credentials along
    /// different ways (`IsolateSOCKSAuth`), so that nothing links two connections but their time.
    pub(crate) fn credentials(&self, world: &dyn World) -> Arc<Credentials> {
        self.given.clone().unwrap_or_else(|| Arc::new(Credentials::generate(&mut Dice(world))))
    }
}

/// Without the credentials.
impl fmt::Display for Proxy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.at.host(), self.at.port())
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Proxy({self})")
    }
}

impl Credentials {
    fn parse(text: &str) -> Option<Self> {
        let (user, password) = text.split_once(':')?;
        let read = |text| decoded(text).filter(|bytes| (1..=CREDENTIAL_BYTES_MAX).contains(&bytes.len()));
        Some(Self { user: read(user)?, password: read(password)? })
    }

    fn generate(rng: &mut Dice<'_>) -> Self {
        let mut draw = || Zeroizing::new(to_hex(&rng.bytes::<16>()).into_bytes());
        Self { user: draw(), password: draw() }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Credentials(..)")
    }
}

/// With `%40` read as `@`.
fn decoded(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => (half(rest.next()?)? << 4) | half(rest.next()?)?,
            byte => byte,
        });
    }
    Some(bytes)
}

fn half(sign: u8) -> Option<u8> {
    char::from(sign).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::RealWorld;

    fn given(text: &str) -> (Vec<u8>, Vec<u8>) {
        let given = Proxy::parse(text).unwrap().given.unwrap();
        (given.user.to_vec(), given.password.to_vec())
    }

    #[test]
    fn a_proxy_is_read_as_people_write_it() {
        for text in ["socks5://localhost:9050", "localhost:9050", "socks5h://localhost:9050"] {
            assert_eq!(Proxy::parse(text).unwrap().to_string(), "localhost:9050", "{text}");
        }
        assert_eq!(Proxy::parse("[::1]:24268").unwrap().to_string(), "[::1]:24268");
        assert_eq!(given("socks5://a:b@h:1"), (b"a".to_vec(), b"b".to_vec()));
        assert_eq!(given("%61%3a:p%40:%25@h:1"), (b"a:".to_vec(), b"p@:%".to_vec()));
        let long = "x".repeat(CREDENTIAL_BYTES_MAX);
        assert_eq!(given(&format!("{long}:{long}@h:1")).1.len(), CREDENTIAL_BYTES_MAX);
        assert!(Proxy::parse(&format!("{long}x:a@h:1")).is_none());
        assert!(Proxy::parse(&format!("a:{long}x@h:1")).is_none());
    }

    #[test]
    fn what_is_no_proxy_is_refused() {
        let wrong = "h : h: h:0 h:65536 h:+1 h:01 [::1] ::1:9050 http://h:1 http://a:b@h:1 socks4://h:1 socks5:// socks5://h:1/ socks5:h:1 \
                     @h:1 a@h:1 :@h:1 a:@h:1 :b@h:1 a:%@h:1 a:%4@h:1 a:%zz@h:1 a:%+1@h:1 H:1 none";
        for text in wrong.split(' ').chain(["", "h h:1"]) {
            assert!(Proxy::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn nobody_is_shown_a_password_and_each_connection_has_its_own() {
        let proxy = Proxy::parse("socks5://alice:secret@h:1").unwrap();
        let shown = format!("{proxy} {proxy:?} {:?}", proxy.given);
        assert!(!shown.contains("secret") && !shown.contains("alice"), "{shown}");
        assert_eq!(proxy.credentials(&RealWorld), proxy.credentials(&RealWorld));
        let bare = Proxy::parse("h:1").unwrap();
        let (one, other) = (bare.credentials(&RealWorld), bare.credentials(&RealWorld));
        assert!(one.user != other.user && one.password != other.password);
        assert_eq!((one.user.len(), one.password.len()), (32, 32));
    }
}
