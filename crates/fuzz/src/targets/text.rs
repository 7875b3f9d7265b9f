//! What people type: whatever is accepted is printed and read back as the same value.

use crate::features::Features;
use core::fmt::{Debug, Display};
use core::str::FromStr;
use wire::{Address, HostPort, Invitation, Name, ShortFingerprint};

/// Tries one text as everything that a text may be.
pub fn run(input: &[u8]) -> Features {
    let mut features = Features::default();
    let text = String::from_utf8_lossy(input);
    there_and_back::<Address>("address", &text, &mut features);
    there_and_back::<Invitation>("invitation", &text, &mut features);
    there_and_back::<ShortFingerprint>("fingerprint", &text, &mut features);
    if let Some(name) = there_and_back::<Name>("name", &text, &mut features) {
        assert_eq!(name.as_str(), text, "a name was folded");
    }
    host(&text, &mut features);
    features.outcome("words", &e2ee::recovery_entropy(&text));
    features
}

fn there_and_back<T: FromStr + Display + PartialEq>(
    what: &str,
    text: &str,
    features: &mut Features,
) -> Option<T>
where
    T::Err: Debug + PartialEq,
{
    let parsed = text.parse::<T>();
    features.outcome(what, &parsed);
    let value = parsed.ok()?;
    let printed = value.to_string();
    assert!(printed.parse::<T>().is_ok_and(|again| again == value), "{what}: {printed:?} is another value");
    features.count(what, printed.len());
    Some(value)
}

fn host(text: &str, features: &mut Features) {
    let parsed = HostPort::parse(text);
    features.outcome("host", &parsed);
    if let Ok(at) = parsed {
        assert_eq!(HostPort::parse(&at.to_string()), Ok(at.clone()), "a host prints as another");
        assert_eq!(HostPort::new(at.host(), at.port()), Ok(at), "a host is refused in its parts");
    }
}
