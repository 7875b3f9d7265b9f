//! At which of the addresses that are listened on proxies say for whom they speak: at none, at all, or at some.

use std::fmt;
use std::net::SocketAddr;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Where the PROXY header is wanted of every connection, and taken (`spec/connection.md § Behind a proxy`).
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub enum ProxyEntrances {
    /// At no address.
    #[default]
    None,
    /// At each.
    All,
    /// At these.
    At(Vec<SocketAddr>),
}

impl ProxyEntrances {
    /// Whether this address is one of them.
    pub fn includes(&self, address: SocketAddr) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::At(some) => some.contains(&address),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::None => true,
            Self::All => false,
            Self::At(some) => some.is_empty(),
        }
    }

    /// The first that is not among these: nobody would see that what it is wanted for is not done.
    pub fn first_beyond(&self, listened_on: &[SocketAddr]) -> Option<SocketAddr> {
        match self {
            Self::None | Self::All => None,
            Self::At(some) => some.iter().find(|address| !listened_on.contains(address)).copied(),
        }
    }
}

impl fmt::Display for ProxyEntrances {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => out.write_str("false"),
            Self::All => out.write_str("true"),
            Self::At(some) => {
                let some: Vec<_> = some.iter().map(|address| format!("\"{address}\"")).collect();
                write!(out, "[{}]", some.join(", "))
            }
        }
    }
}

impl<'de> Deserialize<'de> for ProxyEntrances {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Written)
    }
}

/// As it is written.
struct Written;

impl<'de> Visitor<'de> for Written {
    type Value = ProxyEntrances;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("true, false, or a list of addresses that stand under listen too")
    }

    fn visit_bool<E: Error>(self, all: bool) -> Result<ProxyEntrances, E> {
        Ok(if all { ProxyEntrances::All } else { ProxyEntrances::None })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<ProxyEntrances, A::Error> {
        let mut some = Vec::new();
        while let Some(text) = from.next_element::<String>()? {
            some.push(crate::config::endpoint(&text).map_err(A::Error::custom)?);
        }
        Ok(ProxyEntrances::At(some))
    }
}
