//! A name in a command that somebody is told to type.

use std::borrow::Cow;

/// The text as one word of a shell: as it is where a shell leaves it alone, else in quotes.
pub fn shell_word(text: &str) -> Cow<'_, str> {
    let is_plain =
        |each: char| each.is_alphanumeric() || matches!(each, '.' | '_' | '-' | '@' | ':' | '/' | '+');
    if !text.is_empty() && text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_takes_every_name_as_one_word() {
        for plain in ["bob", "élise", "bob-2", "鍵", "a.b_c@h:1"] {
            assert_eq!(shell_word(plain), plain);
        }
        assert_eq!(shell_word("Bob Müller"), "'Bob Müller'");
        assert_eq!(shell_word("$(x); o'clock"), r"'$(x); o'\''clock'");
        assert_eq!(shell_word(""), "''");
    }
}
