//! Breaks text into lines of a terminal: measured by what is seen, not by bytes.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use crate::shown::shown;

/// A sign with more marks on it than any script writes is cut, or it would be painted over its neighbours.
const SIGN_CHARS_MAX: usize = 12;

/// How many columns a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// What somebody wrote, made harmless, in lines of at most `columns`. At words where that is possible.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(2);
    shown(text, 0).split('\n').flat_map(|line| wrap_line(line, columns)).collect()
}

fn wrap_line(line: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut current, mut taken) = (String::new(), 0);
    for word in pieces(line) {
        let room = width(word);
        if taken + room > columns && taken > 0 && room <= columns && !word.trim().is_empty() {
            lines.push(std::mem::take(&mut current));
            taken = 0;
        }
        for sign in word.graphemes(true) {
            let sign = bounded(sign);
            let room = width(&sign);
            if taken + room > columns {
                lines.push(std::mem::take(&mut current));
                taken = 0;
                if sign == " " {
                    continue;
                }
            }
            current.push_str(&sign);
            taken += room;
        }
    }
    lines.push(current);
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

/// What must not be parted: a word with the signs at it, and what a non-breaking space holds together. Wide signs, as of
/// Chinese, have no blanks between them and may be parted.
fn pieces(line: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut before) = (0, "");
    for (at, word) in line.split_word_bound_indices() {
        let blank = |word: &str| word.starts_with([' ', '\t']);
        let wide = |word: &str| word.graphemes(true).next().is_some_and(|sign| width(sign) > 1);
        if blank(before) || blank(word) || (wide(before) && wide(word)) {
            pieces.extend(line.get(start..at));
            start = at;
        }
        before = word;
    }
    pieces.extend(line.get(start..));
    pieces
}

fn bounded(sign: &str) -> String {
    let mut chars = sign.chars();
    let mut kept: String = chars.by_ref().take(SIGN_CHARS_MAX).collect();
    if chars.next().is_some() {
        kept.push('\u{2026}');
    }
    kept
}

/// As much of one line as fits, with an ellipsis where something is left out. What it gets is harmless already.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.graphemes(true).map(bounded).collect();
    }
    let mut kept = String::new();
    let mut taken = 0;
    for sign in text.graphemes(true).map(bounded) {
        taken += width(&sign);
        if taken >= columns {
            break;
        }
        kept.push_str(&sign);
    }
    if columns > 0 {
        kept.push('\u{2026}');
    }
    kept
}

/// `left` at the left and `right` at the right of a line; the left one gives way.
pub fn apart(left: &str, right: &str, columns: usize) -> String {
    let room = columns.saturating_sub(width(right) + usize::from(!right.is_empty()));
    let left = cut(left, room);
    let between = columns.saturating_sub(width(&left) + width(right));
    format!("{left}{}{right}", " ".repeat(between))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_words_and_long_words_anywhere() {
        assert_eq!(wrap("the key is under the pot", 10), ["the key is", "under the", "pot"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("a\n\nb", 10), ["a", "", "b"]);
        assert_eq!(wrap("", 10), [""]);
    }

    #[test]
    fn no_line_begins_with_what_belongs_to_the_word_before() {
        assert_eq!(wrap("Which pot? This.", 9), ["Which", "pot?", "This."]);
        assert_eq!(wrap("dites : « ici »", 8), ["dites :", "« ici »"]);
    }

    #[test]
    fn wide_signs_take_two_columns_and_are_never_halved() {
        assert_eq!(wrap("鍵鍵鍵", 5), ["鍵鍵", "鍵"]);
        assert_eq!(wrap("👩‍💻👩‍💻👩‍💻", 4), ["👩‍💻👩‍💻", "👩‍💻"]);
        assert_eq!(cut("鍵鍵鍵", 5), "鍵鍵…");
        assert_eq!(width(&apart("鍵鍵鍵鍵鍵鍵", "2 new", 12)), 12);
    }

    #[test]
    fn no_line_is_wider_than_the_screen_whatever_was_written() {
        let marks = format!("e{}", "\u{301}".repeat(5_000));
        for text in [&"x".repeat(16_384), "\u{1b}[2J\u{202e}\u{200b}", "a\tb\r\u{7}", &marks, "🇫🇷🇩🇪 ❤️‍🔥"]
        {
            for columns in [2, 7, 40] {
                for line in wrap(text, columns) {
                    assert!(width(&line) <= columns, "{line:?}");
                    assert!(!line.contains(|sign: char| sign.is_control() || sign == '\u{202e}'));
                    assert!(line.chars().count() <= columns * (SIGN_CHARS_MAX + 1));
                }
            }
        }
    }
}
