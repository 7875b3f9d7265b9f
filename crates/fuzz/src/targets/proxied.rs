//! What a proxy says before it passes a connection through.

use server::proxy_header::{Parsed, ProxyHeader};
use wire::limits::PROXY_HEADER_BYTES_MAX;

use crate::features::Features;

/// Tries one beginning of a connection, as the server reads it: never beyond a header, never without end.
pub fn run(input: &[u8]) -> Features {
    let mut features = Features::default();
    let mut len = 0;
    let parsed = loop {
        let read = input.get(..len).unwrap_or(input);
        match ProxyHeader::parse(read) {
            Parsed::Wants(more) => {
                assert!(more > 0, "it wants nothing and says so for ever");
                assert!(len + more <= PROXY_HEADER_BYTES_MAX, "a header without end");
                if len + more > input.len() {
                    break Parsed::Wants(more);
                }
                len += more;
            }
            parsed => break parsed,
        }
    };
    features.count("read", len);
    match parsed {
        Parsed::Whole(header) => {
            features.note("header", core::mem::discriminant(&header));
            if let ProxyHeader::Of(address) = header {
                features.note("family", address.is_ipv4());
            }
            assert!(len >= 15, "the shortest header is longer");
            let twice = input.get(..len).map(ProxyHeader::parse);
            assert_eq!(twice, Some(parsed), "another header");
        }
        Parsed::Wants(_) => features.note("wants", len > 12),
        Parsed::Wrong => features.note("wrong", len > 12),
    }
    features
}
