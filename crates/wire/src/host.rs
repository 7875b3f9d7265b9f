//! [`HostPort`]: where a server listens, in one spelling only.

use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

use crate::limits::{HOST_BYTES_MAX, PORT};
use crate::{DecodeError, Reader, Wire, Writer};

/// A checked host (a DNS name in lower case, an IPv4 address, or `[IPv6]`) and a port that is not 0.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct HostPort {
    host: Box<str>,
    port: u16,
}

/// Why a text is not a host and port.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HostError {
    /// Empty, or longer than any host name.
    #[error("a host has 1 to {HOST_BYTES_MAX} characters")]
    Length,
    /// Neither a DNS name in lower case nor an IPv4 address.
    #[error("a host is a name in lower case, an IPv4 address, or an IPv6 address in brackets")]
    Host,
    /// Brackets without an IPv6 address in its shortest spelling.
    #[error("between brackets stands an IPv6 address in its shortest spelling")]
    Ipv6,
    /// Not 1 to 65535 in digits without leading zeros.
    #[error("a port is a number from 1 to 65535")]
    Port,
}

impl HostPort {
    /// Checks a host and a port.
    pub fn new(host: &str, port: u16) -> Result<HostPort, HostError> {
        check_host(host)?;
        if port == 0 {
            return Err(HostError::Port);
        }
        Ok(HostPort { host: host.into(), port })
    }

    /// Checks `host` or `host:port`; without a port it is 24268.
    pub fn parse(text: &str) -> Result<HostPort, HostError> {
        match split_port(text) {
            (host, Some(port)) => HostPort::new(host, parse_port(port)?),
            (host, None) => HostPort::new(host, PORT),
        }
    }

    /// The host as written; an IPv6 address keeps its brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The host without the brackets of an IPv6 address, as resolvers and sockets want it.
    pub fn host_to_resolve(&self) -> &str {
        self.host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(&self.host)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for HostPort {
    type Err = HostError;

    fn from_str(text: &str) -> Result<HostPort, HostError> {
        HostPort::parse(text)
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.host)?;
        if self.port == PORT { Ok(()) } else { write!(out, ":{}", self.port) }
    }
}

impl Wire for HostPort {
    fn write(&self, out: &mut Writer) {
        out.short_bytes(self.host.as_bytes());
        out.u16(self.port);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let host = core::str::from_utf8(input.short_bytes()?).map_err(|_| HostError::Host)?;
        Ok(HostPort::new(host, input.u16()?)?)
    }
}

/// Cuts at the colon before the port; those inside brackets belong to the host.
fn split_port(text: &str) -> (&str, Option<&str>) {
    if text.starts_with('[') {
        return match text.split_once("]:") {
            Some((host, port)) => (text.get(..=host.len()).unwrap_or(text), Some(port)),
            None => (text, None),
        };
    }
    match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    }
}

fn parse_port(text: &str) -> Result<u16, HostError> {
    let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    if !canonical {
        return Err(HostError::Port);
    }
    text.parse().map_err(|_| HostError::Port)
}

fn check_host(host: &str) -> Result<(), HostError> {
    if host.is_empty() || host.len() > HOST_BYTES_MAX {
        return Err(HostError::Length);
    }
    if let Some(rest) = host.strip_prefix('[') {
        return check_ipv6(rest.strip_suffix(']').ok_or(HostError::Ipv6)?);
    }
    if !host.split('.').all(is_label) {
        return Err(HostError::Host);
    }
    // A last label of digits makes it an IPv4 address for every resolver, or nonsense: `1.2.3`, `010.0.0.1`.
    let looks_like_ipv4 =
        host.rsplit('.').next().is_some_and(|label| label.bytes().all(|b| b.is_ascii_digit()));
    if looks_like_ipv4 && host.parse::<Ipv4Addr>().is_err() {
        return Err(HostError::Host);
    }
    Ok(())
}

/// One spelling per address, so that equal addresses are equal texts.
fn check_ipv6(text: &str) -> Result<(), HostError> {
    let address: Ipv6Addr = text.parse().map_err(|_| HostError::Ipv6)?;
    if address.to_string() == text { Ok(()) } else { Err(HostError::Ipv6) }
}

fn is_label(label: &str) -> bool {
    let ends_well = !label.starts_with('-') && !label.ends_with('-');
    let made_well = label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    (1..=63).contains(&label.len()) && ends_well && made_well
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_host_on_the_wire_obeys_the_same_rules_as_a_typed_one() {
        let at = HostPort::parse("[2001:db8::1]:7").unwrap();
        assert_eq!(HostPort::from_bytes(&at.to_bytes()), Ok(at));
        assert_eq!(HostPort::from_bytes(b"\x01a\0\0"), Err(DecodeError::Host(HostError::Port)));
        assert_eq!(HostPort::from_bytes(b"\x00\0\x07"), Err(DecodeError::Host(HostError::Length)));
        assert_eq!(HostPort::from_bytes(b"\x01A\0\x07"), Err(DecodeError::Host(HostError::Host)));
        assert_eq!(HostPort::from_bytes(b"\x01\xff\0\x07"), Err(DecodeError::Host(HostError::Host)));
    }

    #[test]
    fn a_host_to_resolve_has_no_brackets() {
        assert_eq!(HostPort::parse("[::1]").unwrap().host_to_resolve(), "::1");
        assert_eq!(HostPort::parse("localhost").unwrap().host_to_resolve(), "localhost");
    }

    #[test]
    fn the_longest_host_is_one_and_a_character_more_is_none() {
        let longest = [["a".repeat(63).as_str(); 3].join(".").as_str(), "b".repeat(61).as_str()].join(".");
        assert_eq!(longest.len(), HOST_BYTES_MAX);
        assert!(HostPort::new(&longest, 1).is_ok());
        assert_eq!(HostPort::new(&format!("{longest}b"), 1), Err(HostError::Length));
    }
}
