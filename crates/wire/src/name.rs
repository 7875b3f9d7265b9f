//! [`Name`]: `alice`, 2 to 32 characters of `[a-z0-9][a-z0-9._-]*`, refused rather than folded.

use core::fmt;
use core::str::FromStr;

use crate::limits::{NAME_BYTES_MAX, NAME_BYTES_MIN};
use crate::{DecodeError, Reader, Wire, Writer};

pub use crate::host::{HostError, HostPort};

/// A checked name. It has no `Debug` of its letters, so that it does not slip into a log.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Box<str>);

/// Why a text is not a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NameError {
    /// Not 2 to 32 characters.
    #[error("a name has {NAME_BYTES_MIN} to {NAME_BYTES_MAX} characters")]
    Length,
    /// A character that no name has.
    #[error("a name is made of a-z, 0-9, '.', '_' and '-'")]
    Character,
    /// A first character that no name begins with.
    #[error("a name begins with a-z or 0-9")]
    First,
}

impl Name {
    /// Checks a text; nothing is folded or trimmed.
    pub fn parse(text: &str) -> Result<Name, NameError> {
        check(text.as_bytes())?;
        Ok(Name(text.into()))
    }

    /// The letters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Name, NameError> {
        Name::parse(text)
    }
}

impl Wire for Name {
    fn write(&self, out: &mut Writer) {
        out.short_bytes(self.0.as_bytes());
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let bytes = input.short_bytes()?;
        check(bytes)?;
        let text = core::str::from_utf8(bytes).map_err(|_| NameError::Character)?;
        Ok(Name(text.into()))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Name(..)")
    }
}

fn check(bytes: &[u8]) -> Result<(), NameError> {
    if !(NAME_BYTES_MIN..=NAME_BYTES_MAX).contains(&bytes.len()) {
        return Err(NameError::Length);
    }
    if !bytes.iter().all(|byte| is_alphanumeric(*byte) || b"._-".contains(byte)) {
        return Err(NameError::Character);
    }
    if !bytes.first().is_some_and(|byte| is_alphanumeric(*byte)) {
        return Err(NameError::First);
    }
    Ok(())
}

fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// I03, I04: every character that there is, first and later in a name.
    #[test]
    fn a_name_has_one_form_and_every_other_character_is_refused() {
        let is_first = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let is_later = |c: char| is_first(c) || matches!(c, '.' | '_' | '-');
        for c in '\0'..=char::MAX {
            for (text, fits) in [(format!("{c}a"), is_first(c)), (format!("a{c}"), is_later(c))] {
                let name = Name::parse(&text);
                assert_eq!(name.is_ok(), fits, "{text:?}");
                assert!(name.is_ok_and(|name| name.as_str() == text) || !fits, "{text:?} was folded");
            }
        }
    }
}
