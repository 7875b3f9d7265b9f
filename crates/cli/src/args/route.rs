//! [`Route`]: how servers are reached, as people write it.

use client::Proxy;

use crate::messages::problems;

/// How servers are reached.
#[derive(Clone, Debug)]
pub enum Route {
    /// With nothing between: `none`, which turns off what the file turns on.
    Straight,
    /// Through a proxy, always.
    Through(Proxy),
}

impl Route {
    /// The proxy, if there is one.
    pub fn proxy(&self) -> Option<Proxy> {
        match self {
            Self::Straight => None,
            Self::Through(proxy) => Some(proxy.clone()),
        }
    }
}

/// "socks5://127.0.0.1:9050", "none".
pub fn parse_route(text: &str) -> Result<Route, String> {
    if text == "none" {
        return Ok(Route::Straight);
    }
    Proxy::parse(text).map(Route::Through).ok_or_else(|| problems::write_a_proxy().to_owned())
}

/// As it may be shown: without user and password, also where it is no proxy.
pub fn without_credentials(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((before, at)) => {
            let scheme = before.split_once("://").map(|(scheme, _)| format!("{scheme}://"));
            format!("{}***@{at}", scheme.unwrap_or_default())
        }
        None => text.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_read_and_shown_without_its_password() {
        assert!(parse_route("none").unwrap().proxy().is_none());
        let route = parse_route("socks5://alice:p%40ss@localhost:9050").unwrap();
        assert_eq!(route.proxy().unwrap().to_string(), "localhost:9050");
        assert!(!format!("{route:?}").contains("ss@"));
        assert!(["", " ", "None", "9050"].iter().all(|text| parse_route(text).is_err()));
        assert_eq!(without_credentials("socks5://a:b@c@h:1"), "socks5://***@h:1");
        assert_eq!(without_credentials("a:b@h"), "***@h");
        assert_eq!(without_credentials("socks5://h:1"), "socks5://h:1");
    }
}
