//! Names of files that others chose, reduced to what may stand in one's own folder (DESIGN § 9.6).

/// Bytes of a name here: file systems take 255, and a number may have to be added.
pub const NAME_BYTES_MAX: usize = 200;
/// What a file without a usable name is called.
const NAMELESS: &str = "file";

/// The last part of a path without characters that steer a terminal, turn the reading order round, cannot be seen or
/// mean something to a file system; never empty, hidden, or read as an option.
pub fn base_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last
        .chars()
        .map(|each| if is_space(each) { ' ' } else { each })
        .filter(|each| is_harmless(*each))
        .collect();
    let kept = kept.trim().trim_start_matches(['.', '-', ' ']).trim_end_matches(['.', ' ']);
    let kept = shortened(kept);
    if kept.is_empty() || is_a_device(&kept) { format!("{NAMELESS}{}", extension(&kept)) } else { kept }
}

/// `report.pdf`, then `report (1).pdf`: another name where the first is taken.
pub fn numbered(name: &str, number: u32) -> String {
    if number == 0 {
        return name.to_owned();
    }
    let extension = extension(name);
    let stem = name.strip_suffix(extension.as_str()).unwrap_or(name);
    format!("{stem} ({number}){extension}")
}

fn is_space(each: char) -> bool {
    each.is_whitespace()
}

fn is_harmless(each: char) -> bool {
    let hidden = matches!(each,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}');
    let special = matches!(each, '<' | '>' | ':' | '"' | '|' | '?' | '*');
    !each.is_control() && !hidden && !special
}

/// Cut at a character, with the extension kept.
fn shortened(name: &str) -> String {
    if name.len() <= NAME_BYTES_MAX {
        return name.to_owned();
    }
    let extension = extension(name);
    let mut stem = String::new();
    for each in name.chars() {
        if stem.len() + each.len_utf8() + extension.len() > NAME_BYTES_MAX {
            break;
        }
        stem.push(each);
    }
    stem + &extension
}

/// From the last dot on, if that is short.
fn extension(name: &str) -> String {
    match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= 16 => name.get(dot..).unwrap_or_default().to_owned(),
        _ => String::new(),
    }
}

/// Names that mean a device elsewhere: a folder may be shared.
fn is_a_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let numbered =
        |prefix: &str| stem.strip_prefix(prefix).is_some_and(|rest| rest.len() == 1 && rest != "0");
    matches!(stem.as_str(), "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_become_harmless() {
        for (hostile, harmless) in [
            ("report.pdf", "report.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Windows\\system.ini", "system.ini"),
            ("/", "file"),
            ("", "file"),
            ("..", "file"),
            (".bashrc", "bashrc"),
            ("-rf", "rf"),
            ("a\u{1b}[2Jb.txt", "a[2Jb.txt"),
            ("photo\u{202e}gpj.exe", "photogpj.exe"),
            ("a\nb\tc.txt", "a b c.txt"),
            ("nul.txt", "file.txt"),
            ("COM1", "file"),
            ("com10.txt", "com10.txt"),
            ("name. . .", "name"),
            ("\u{200b}\u{feff}", "file"),
            ("clé sous le pot 🔑.md", "clé sous le pot 🔑.md"),
        ] {
            assert_eq!(base_name(hostile), harmless, "{hostile:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut_at_a_character_and_keeps_its_extension() {
        let name = base_name(&format!("{}.tar.gz", "é".repeat(300)));
        assert!(name.len() <= NAME_BYTES_MAX && name.ends_with(".gz"));
        assert_eq!(base_name(&name), name);
    }

    #[test]
    fn a_taken_name_is_numbered_before_its_extension() {
        assert_eq!(numbered("report.pdf", 0), "report.pdf");
        assert_eq!(numbered("report.pdf", 2), "report (2).pdf");
        assert_eq!(numbered("README", 1), "README (1)");
    }
}
