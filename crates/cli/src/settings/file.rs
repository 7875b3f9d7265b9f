//! The configuration file: where it is, who may have written it, and what it settles.

use std::env;
use std::fs::{self, Metadata};
use std::io::{self, Read as _};
use std::ops::Range;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use client::Profile;
use rustix::fs::OFlags;
use toml_edit::{Document, Item, TableLike};

use crate::exit::Exit;
use crate::messages::{Words, reason, settings as messages};
use crate::problem::Problem;
use crate::settings::setting::{Setting, Value};
use crate::shown::shown_on_one_line;

/// The table whose tables settle something for one profile only.
pub const PROFILES: &str = "profiles";
/// No configuration is longer.
const BYTES_MAX: u64 = 64 * 1024;
const NAME: &str = "config.toml";

/// What a file settles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where it is.
    pub path: PathBuf,
    entries: Vec<Entry>,
}

/// One line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The profile that it is for; every profile if none is named.
    pub profile: Option<String>,
    /// What is settled.
    pub setting: &'static Setting,
    /// How.
    pub value: Value,
    /// In which line.
    pub line: usize,
}

/// `DIR/config.toml` with `--home DIR`, else `$XDG_CONFIG_HOME/oubliette/config.toml`, else the same below
/// `~/.config`; `None` where nobody has a home.
pub fn place(home: Option<&Path>) -> Option<PathBuf> {
    if let Some(home) = home {
        return Some(home.join(NAME));
    }
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config = absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")))?;
    Some(config.join("oubliette").join(NAME))
}

impl File {
    /// Reads it; `None` when there is none. One that others may write is not believed.
    pub fn read(path: &Path) -> Result<Option<Self>, Box<Problem>> {
        let Some(text) = text_of(path)? else { return Ok(None) };
        let entries = entries(&text).map_err(|wrong| wrong.problem(path))?;
        Ok(Some(Self { path: path.to_path_buf(), entries }))
    }

    /// What it says about a setting, for a profile: its own section before what holds for all.
    pub fn entry(&self, setting: &Setting, profile: &str) -> Option<&Entry> {
        let of = |wanted: Option<&str>| {
            self.entries.iter().find(|each| each.setting == setting && each.profile.as_deref() == wanted)
        };
        of(Some(profile)).or_else(|| of(None))
    }
}

/// The text of a configuration file that only its owner may write; `None` when there is none.
pub fn text_of(path: &Path) -> Result<Option<String>, Box<Problem>> {
    let unreadable_by = |error: io::Error| unreadable(path, &reason(error));
    // A pipe in its place would be waited for without an end.
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = match fs::OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(unreadable_by)?,
    };
    // Judged and read through one handle, so that nothing takes its place in between.
    let facts = file.metadata().map_err(unreadable_by)?;
    if !facts.is_file() {
        return Err(unreadable(path, messages::no_file()));
    }
    if facts.len() > BYTES_MAX {
        return Err(unreadable(path, &messages::longer_than(BYTES_MAX)));
    }
    check_ours(path, &facts)?;
    // Who may write the folder may put another file into its place: that of a link, and that of what it leads to.
    let real = path.canonicalize().map_err(unreadable_by)?;
    for folder in [path.parent(), real.parent()].into_iter().flatten() {
        check_ours(folder, &fs::metadata(folder).map_err(unreadable_by)?)?;
    }
    let mut text = String::new();
    file.take(BYTES_MAX).read_to_string(&mut text).map_err(unreadable_by)?;
    Ok(Some(text))
}

fn check_ours(path: &Path, facts: &Metadata) -> Result<(), Box<Problem>> {
    const STICKY: u32 = 0o1000;
    let shown = path.display();
    let me = rustix::process::geteuid().as_raw();
    if facts.uid() != me && facts.uid() != 0 {
        return Err(lax(messages::foreign(shown)));
    }
    let mode = facts.mode() & 0o7777;
    // Nobody replaces the files of others in a folder such as /tmp.
    if mode & 0o022 == 0 || (facts.is_dir() && mode & STICKY != 0) {
        return Ok(());
    }
    Err(lax(messages::others_may_write(shown, format!("{mode:o}"))))
}

/// Something in the text that does not hold.
#[derive(Debug, PartialEq, Eq)]
pub struct Wrong {
    line: usize,
    fault: Fault,
}

#[derive(Debug, PartialEq, Eq)]
enum Fault {
    /// Not TOML.
    Grammar(String),
    /// No setting has this key.
    Unknown { key: String, nearest: Option<&'static str> },
    /// A setting has it, and the value does not fit.
    Value { key: String, wish: String },
}

/// Everything that a text settles, or the first thing that is wrong with it.
pub fn entries(text: &str) -> Result<Vec<Entry>, Wrong> {
    let document = Document::parse(text).map_err(|error| Wrong::grammar(text, &error))?;
    let mut reading = Reading { text, entries: Vec::new() };
    reading.table(document.as_table(), "", None)?;
    Ok(reading.entries)
}

/// In which line something stands.
fn line_of(text: &str, at: Option<Range<usize>>) -> usize {
    let start = at.map_or(0, |span| span.start);
    text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1
}

struct Reading<'a> {
    text: &'a str,
    entries: Vec<Entry>,
}

impl Reading<'_> {
    /// Goes no deeper than the keys of settings do.
    fn table(&mut self, table: &dyn TableLike, group: &str, profile: Option<&str>) -> Result<(), Wrong> {
        for (name, item) in table.iter() {
            let line = line_of(self.text, table.key(name).and_then(toml_edit::Key::span));
            let key = if group.is_empty() { name.to_owned() } else { format!("{group}.{name}") };
            match item.as_table_like() {
                Some(inner) if group.is_empty() && profile.is_none() && name == PROFILES => {
                    self.profiles(inner)?;
                }
                Some(inner) if group.is_empty() && Setting::is_group(name) => {
                    self.table(inner, name, profile)?;
                }
                _ => self.entries.push(entry(&key, item, profile, line)?),
            }
        }
        Ok(())
    }

    fn profiles(&mut self, table: &dyn TableLike) -> Result<(), Wrong> {
        for (name, item) in table.iter() {
            let line = line_of(self.text, table.key(name).and_then(toml_edit::Key::span));
            let key = format!("{PROFILES}.{name}");
            let wrong =
                |wish: &str| Wrong { line, fault: Fault::Value { key: key.clone(), wish: wish.to_owned() } };
            Profile::named(Some(Path::new("/")), name).map_err(|_| wrong(messages::no_profile_name()))?;
            let inner = item.as_table_like().ok_or_else(|| wrong(messages::must_be_table()))?;
            self.table(inner, "", Some(name))?;
        }
        Ok(())
    }
}

fn entry(key: &str, item: &Item, profile: Option<&str>, line: usize) -> Result<Entry, Wrong> {
    let wrong = |fault: Fault| Wrong { line, fault };
    let found = Setting::of(key).filter(|setting| profile.is_none() || setting.key != "profile");
    let Some(setting) = found else {
        return Err(wrong(Fault::Unknown { key: key.to_owned(), nearest: Setting::nearest(key) }));
    };
    let value = item.as_value().ok_or_else(|| messages::one_value().to_owned());
    let value = value.and_then(|value| setting.kind.read(value));
    let value = value.map_err(|wish| wrong(Fault::Value { key: key.to_owned(), wish }))?;
    Ok(Entry { profile: profile.map(str::to_owned), setting, value, line })
}

impl Wrong {
    /// No TOML.
    pub fn grammar(text: &str, error: &toml_edit::TomlError) -> Self {
        let reason = error.message().lines().next().unwrap_or_default().to_owned();
        Self { line: line_of(text, error.span()), fault: Fault::Grammar(reason) }
    }

    /// The same, for whoever wrote that file.
    pub fn problem(self, path: &Path) -> Box<Problem> {
        let place = messages::line_of(path.display(), self.line);
        let problem = |code, words| Box::new(Problem::of(Exit::Usage, code, words));
        match self.fault {
            Fault::Grammar(reason) => {
                problem("OUB-E173", messages::not_understood(place, shown_on_one_line(&reason)))
            }
            Fault::Unknown { key, nearest } => problem(
                "OUB-E174",
                messages::unknown(shown_on_one_line(&key), place, remedy_for_unknown(nearest)),
            ),
            Fault::Value { key, wish } => {
                problem("OUB-E175", messages::unfit_in_file(shown_on_one_line(&key), place, wish))
            }
        }
    }
}

/// What to do about a key that nobody knows.
pub fn remedy_for_unknown(nearest: Option<&str>) -> String {
    match nearest {
        Some(nearest) => messages::did_you_mean(nearest),
        None => messages::lists_all().to_owned(),
    }
}

fn lax(words: Words) -> Box<Problem> {
    Box::new(Problem::of(Exit::Local, "OUB-E171", words))
}

fn unreadable(path: &Path, why: &str) -> Box<Problem> {
    Box::new(Problem::of(Exit::Local, "OUB-E172", messages::unreadable(path.display(), why)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        entries(text).unwrap_err().problem(Path::new("/c")).to_string()
    }

    #[test]
    fn a_profile_has_its_own_section_before_what_holds_for_all() {
        let text = "timeout = \"5s\"\npull.output = \"/a\"\n[profiles.work]\ntimeout = \"9s\"\n[profiles.work.pull]\noutput = \"/b\"\n";
        let file = File { path: PathBuf::new(), entries: entries(text).unwrap() };
        let said = |key: &str, profile: &str| {
            let entry = file.entry(Setting::of(key).unwrap(), profile).unwrap();
            (entry.value.to_json(), entry.line)
        };
        assert_eq!(said("timeout", "default"), ("5s".into(), 1));
        assert_eq!(said("timeout", "work"), ("9s".into(), 4));
        assert_eq!(said("pull.output", "default"), ("/a".into(), 2));
        assert_eq!(said("pull.output", "work"), ("/b".into(), 6));
        assert!(file.entry(Setting::of("color").unwrap(), "work").is_none());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line_and_what_was_meant() {
        let unknown = fault("# a\ncolor = \"never\"\nrequire_verified = true\n");
        assert!(unknown.contains("line 3") && unknown.contains("exist: require_verified"), "{unknown}");
        assert!(unknown.contains("did you mean   require-verified"), "{unknown}");
        for (text, line, code) in [
            ("color = ", 1, "OUB-E173"),
            ("a = 1\na = 2", 2, "OUB-E173"),
            ("[pull]\n\nfolder = \"/x\"", 3, "OUB-E174"),
            ("[x.y.z]\nk = 1", 1, "OUB-E174"),
            ("\n[profiles.work]\nprofile = \"x\"", 3, "OUB-E174"),
            ("[profiles.work.profiles.work]\ncolor = \"never\"", 1, "OUB-E174"),
            ("[profiles]\n\"../x\" = {}", 2, "OUB-E175"),
            ("[profiles]\nwork = 1", 2, "OUB-E175"),
            ("\ncolor = \"pink\"", 2, "OUB-E175"),
            ("color = true", 1, "OUB-E175"),
            ("timeout = 30", 1, "OUB-E175"),
            ("no-input = \"true\"", 1, "OUB-E175"),
            ("pull = \"/x\"", 1, "OUB-E174"),
            ("[color]\nx = 1", 1, "OUB-E175"),
            ("[[daemon]]\nnotify = \"name\"", 1, "OUB-E174"),
        ] {
            let fault = fault(text);
            assert!(fault.contains(&format!("line {line}")) && fault.contains(code), "{text}: {fault}");
        }
    }

    #[test]
    fn whatever_a_file_holds_becomes_settings_or_a_refusal_that_no_terminal_obeys() {
        let whole = "color = \"never\"\nquiet = 1\n[daemon]\nexec = '''a\nb'''\n[profiles.\"w.x\"]\npull.output = \"~/in\"\n";
        assert_eq!(entries(whole).unwrap().len(), 4);
        let strange =
            ["\u{1b}[2J", "\"\\u001b[2J\" = 1", "\u{202e}", "]", "=", "\"", "{", "'''", "\0", "\u{feff}"];
        for at in (0..=whole.len()).filter(|at| whole.is_char_boundary(*at)) {
            let (before, after) = whole.split_at(at);
            let texts = strange.iter().map(|each| format!("{before}{each}{after}"));
            for text in texts.chain([before.to_owned(), after.to_owned()]) {
                if let Err(wrong) = entries(&text) {
                    let said = wrong.problem(Path::new("/c")).to_string();
                    assert!(!said.chars().any(|each| each.is_control() && each != '\n'), "{said:?}");
                }
            }
        }
        assert!(entries(&"[".repeat(60_000)).is_err());
        assert!(entries(&format!("color = {}", "[".repeat(60_000))).is_err());
    }
}
