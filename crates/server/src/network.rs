//! A network of addresses, `10.0.0.0/8` or one address: what an operator names as a proxy.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::Deserialize;

/// Addresses with a common prefix.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Debug)]
#[serde(try_from = "String")]
pub struct Network {
    address: IpAddr,
    prefix: u32,
}

/// What was written is no network.
#[derive(Clone, PartialEq, Eq, thiserror::Error, Debug)]
#[error("“{0}” is neither an address nor a network like 10.0.0.0/8 whose host bits are zero")]
pub struct NotANetwork(String);

impl Network {
    /// Whether an address belongs to it. An IPv4 address written as IPv6 is the IPv4 one.
    pub fn contains(&self, ip: IpAddr) -> bool {
        let (ours, theirs) = (self.address, ip.to_canonical());
        ours.is_ipv4() == theirs.is_ipv4() && head(ours, self.prefix) == head(theirs, self.prefix)
    }
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let wrong = || NotANetwork(text.to_owned());
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let whole = bits(address);
        let network = Self { address, prefix: prefix.unwrap_or(whole) };
        let is_sound = network.prefix <= whole && head(address, network.prefix) == head(address, whole);
        is_sound.then_some(network).ok_or_else(wrong)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.prefix == bits(self.address) {
            true => write!(out, "{}", self.address),
            false => write!(out, "{}/{}", self.address, self.prefix),
        }
    }
}

impl TryFrom<String> for Network {
    type Error = NotANetwork;

    fn try_from(text: String) -> Result<Self, NotANetwork> {
        text.parse()
    }
}

fn bits(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The first `prefix` bits, the rest zero.
fn head(address: IpAddr, prefix: u32) -> u128 {
    let value = match address {
        IpAddr::V4(ip) => u128::from(ip.to_bits()),
        IpAddr::V6(ip) => ip.to_bits(),
    };
    let rest = bits(address).saturating_sub(prefix);
    value.checked_shr(rest).and_then(|kept| kept.checked_shl(rest)).unwrap_or(0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn contains(network: &str, ip: &str) -> bool {
        network.parse::<Network>().unwrap().contains(ip.parse().unwrap())
    }

    #[test]
    fn a_network_holds_what_shares_its_prefix() {
        assert!(contains("127.0.0.0/8", "127.9.8.7") && !contains("127.0.0.0/8", "128.0.0.1"));
        assert!(contains("10.1.2.3", "::ffff:10.1.2.3") && !contains("10.1.2.3", "10.1.2.4"));
        assert!(contains("2001:db8::/32", "2001:db8:ffff::1") && !contains("2001:db8::/32", "2001:db9::"));
        assert!(contains("0.0.0.0/0", "8.8.8.8") && !contains("0.0.0.0/0", "::1"));
        assert!(contains("::/0", "::1") && contains("::1", "::1"));
    }

    #[test]
    fn what_is_no_network_is_said_to_be_none() {
        for text in ["", "proxy", "10.0.0.0/33", "10.0.0.1/8", "::1/129", "10.0.0.0/", "10.0.0.0/-1", "/8"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
