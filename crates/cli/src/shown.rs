//! Text from others, made harmless for a screen: nothing in it moves the cursor or turns the line round.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// The text with every control, bidirectional and invisible character written as `\u{…}`; each further line
/// is indented, so that no message can pass for two.
pub fn shown(text: &str, indent: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for each in text.chars() {
        match each {
            '\n' => {
                out.push('\n');
                out.extend(std::iter::repeat_n(' ', indent));
            }
            '\t' => out.push(' '),
            hidden if is_dangerous(hidden) => push_escaped(&mut out, hidden),
            plain => out.push(plain),
        }
    }
    out
}

/// The same for what must stay on one line: names, addresses, reasons.
pub fn shown_on_one_line(text: &str) -> String {
    shown(&text.replace('\n', "\u{240a}"), 0)
}

/// JSON with the same characters escaped as JSON does it, since somebody may look at it in a terminal: it reads
/// back as the text that it was. JSON itself wants only the first 32 escaped.
pub fn escaped_in_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for each in json.chars() {
        match is_dangerous(each) {
            true => each.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }),
            false => out.push(each),
        }
    }
    out
}

fn push_escaped(out: &mut String, hidden: char) {
    // Writing to a String cannot fail.
    let _ = write!(out, "\\u{{{:x}}}", u32::from(hidden));
}

/// Characters that act on the terminal or on the reading order, or cannot be seen at all. The joiners that
/// emoji and several scripts need (U+200C, U+200D, variation selectors) stay.
fn is_dangerous(each: char) -> bool {
    each.is_control()
        || matches!(each,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// With blanks after it, to fill so many columns: an accent may be a sign of its own, and takes none.
pub fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(text.width())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_and_bidi_are_shown_and_not_obeyed() {
        assert_eq!(shown("a\u{1b}[31mb", 0), "a\\u{1b}[31mb");
        assert_eq!(shown("\u{9b}2J\u{7}\r", 0), "\\u{9b}2J\\u{7}\\u{d}");
        assert_eq!(shown("x\u{202e}gpj.exe\u{2069}", 0), "x\\u{202e}gpj.exe\\u{2069}");
        assert_eq!(shown("\u{feff}\u{200b}\u{e0041}", 0), "\\u{feff}\\u{200b}\\u{e0041}");
    }

    #[test]
    fn a_second_line_cannot_pass_for_another_message() {
        assert_eq!(shown("hi\nbob  09:14  yes", 4), "hi\n    bob  09:14  yes");
        assert_eq!(shown_on_one_line("hi\nbob"), "hi\u{240a}bob");
    }

    #[test]
    fn ordinary_writing_stays_as_it_is() {
        let text = "clé sous le pot — 鍵 🔑 👩‍💻 مفتاح";
        assert_eq!(shown(text, 0), text);
    }

    #[test]
    fn nothing_that_a_terminal_obeys_gets_through() {
        for each in
            (0..=0x10_ffff_u32).filter_map(char::from_u32).filter(|each| each.is_control() && *each != '\n')
        {
            assert!(!shown(&each.to_string(), 0).contains(each) || each == ' ', "{:x}", u32::from(each));
        }
    }
}
