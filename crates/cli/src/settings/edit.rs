//! Changes one line of the configuration file, and keeps every other as somebody wrote it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::ops::Range;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use client::Profile;
use toml_edit::{Document, DocumentMut, Item, Table, TableLike};

use crate::exit::Exit;
use crate::messages::{reason, settings as messages};
use crate::problem::Problem;
use crate::settings::file::{self, PROFILES, remedy_for_unknown};
use crate::settings::setting::{Setting, Value};
use crate::shown::shown_on_one_line;

/// A setting for all profiles, or for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The profile; all of them if none is named.
    pub profile: Option<String>,
    /// The setting.
    pub setting: &'static Setting,
}

impl Key {
    /// `timeout`, or `profiles.work.timeout`.
    pub fn parse(text: &str) -> Result<Self, Box<Problem>> {
        let of_profile = text.strip_prefix(PROFILES).and_then(|rest| rest.strip_prefix('.'));
        let (profile, key) = match of_profile.map(|rest| split_profile(rest).ok_or_else(|| unknown(text))) {
            Some(split) => split.map(|(profile, key)| (Some(profile.to_owned()), key))?,
            None => (None, text),
        };
        let found = Setting::of(key).filter(|setting| profile.is_none() || setting.key != "profile");
        Ok(Self { profile, setting: found.ok_or_else(|| unknown(key))? })
    }

    /// The tables that hold it, from the outermost, and its name in the last.
    fn path(&self) -> (Vec<String>, &'static str) {
        let mut tables = Vec::new();
        if let Some(profile) = &self.profile {
            tables.extend([PROFILES.to_owned(), profile.clone()]);
        }
        match self.setting.key.split_once('.') {
            Some((group, name)) => {
                tables.push(group.to_owned());
                (tables, name)
            }
            None => (tables, self.setting.key),
        }
    }
}

/// A profile's name may hold dots; the key behind it is one that exists.
fn split_profile(text: &str) -> Option<(&str, &str)> {
    let dots = text.match_indices('.').map(|(at, _)| at);
    let mut splits = dots.filter_map(|at| Some((text.get(..at)?, text.get(at + 1..)?)));
    splits
        .find(|(name, key)| Setting::of(key).is_some() && Profile::named(Some(Path::new("/")), name).is_ok())
}

fn unknown(key: &str) -> Box<Problem> {
    let remedy = remedy_for_unknown(Setting::nearest(key));
    Box::new(Problem::of(Exit::Usage, "OUB-E176", messages::no_such_setting(shown_on_one_line(key), remedy)))
}

/// Writes a value into the file, which is made if there is none.
pub fn set(path: &Path, key: &Key, value: &Value) -> Result<(), Box<Problem>> {
    change(path, |text| with(text, key, value).map(Some))
}

/// Takes a key out of the file, also one that is no setting. Says whether it was there.
pub fn unset(path: &Path, key: &str) -> Result<bool, Box<Problem>> {
    let mut was_there = false;
    change(path, |text| {
        let without = without(text, key)?;
        was_there = without.is_some();
        Ok(without)
    })?;
    Ok(was_there)
}

/// One change at a time; the file is the old one or the new one, whatever happens.
fn change(
    path: &Path,
    edit: impl FnOnce(&str) -> Result<Option<String>, file::Wrong>,
) -> Result<(), Box<Problem>> {
    let failed = |error: io::Error| unwritable(path, &error);
    // A file that is kept elsewhere and linked to stays so.
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let folder = path.parent().unwrap_or(Path::new("/"));
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    let folder = File::open(folder).map_err(failed)?;
    folder.lock().map_err(failed)?;
    let before = file::text_of(path)?.unwrap_or_default();
    let Some(after) = edit(&before).map_err(|wrong| wrong.problem(path))? else { return Ok(()) };
    replace(path, &after).and_then(|()| folder.sync_all()).map_err(failed)
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let fresh = PathBuf::from(format!("{}.new", path.display()));
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
    file.write_all(text.as_bytes())?;
    if let Ok(facts) = fs::metadata(path) {
        file.set_permissions(fs::Permissions::from_mode(facts.permissions().mode() & 0o777))?;
    }
    file.sync_all()?;
    fs::rename(&fresh, path)
}

/// The text with this value.
fn with(text: &str, key: &Key, value: &Value) -> Result<String, file::Wrong> {
    let (tables, name) = key.path();
    let document = parse(text)?;
    let value = value.to_toml();
    if let Some((_, item)) = find(document.as_table(), &tables, name)
        && let Some(span) = item.span()
    {
        let mut text = text.to_owned();
        text.replace_range(span, value.to_string().trim());
        return checked(text);
    }
    // What stands alone at the end leaves every comment where it is.
    let at_the_end = match tables.is_empty() {
        true => document.as_table().is_empty().then(|| format!("{name} = {value}\n")),
        false => outermost_is_missing(document.as_table(), &tables)
            .then(|| format!("[{}]\n{name} = {value}\n", dotted(&tables))),
    };
    if let Some(addition) = at_the_end {
        let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        let gap = if text.is_empty() || tables.is_empty() { gap.to_owned() } else { format!("{gap}\n") };
        return checked(format!("{text}{gap}{addition}"));
    }
    let mut document = document.into_mut();
    match insert(&mut document, &tables, name, value) {
        Ok(()) => checked(document.to_string()),
        // What stands in the way of the table is no setting, and reading says so.
        Err(InTheWay) => file::entries(text).map(|_| text.to_owned()),
    }
}

/// A value where a table should be.
struct InTheWay;

/// Whether none of the tables that would hold a key is there in any form.
fn outermost_is_missing(root: &Table, tables: &[String]) -> bool {
    let of_profile = tables.first().is_some_and(|first| first == PROFILES);
    match (of_profile, root.get(PROFILES), tables) {
        // [profiles.x] may follow [profiles.y]; what is written in one line may not be added to.
        (true, Some(Item::Table(profiles)), [_, profile, ..]) => !profiles.contains_key(profile),
        (true, profiles, _) => profiles.is_none(),
        (false, _, [group, ..]) => !root.contains_key(group),
        (false, _, []) => false,
    }
}

fn insert(
    document: &mut DocumentMut,
    tables: &[String],
    name: &str,
    value: toml_edit::Value,
) -> Result<(), InTheWay> {
    let mut table: &mut dyn TableLike = document.as_table_mut();
    for each in tables {
        let item = table.entry(each).or_insert_with(|| Item::Table(Table::new()));
        table = item.as_table_like_mut().ok_or(InTheWay)?;
    }
    table.insert(name, Item::Value(value));
    Ok(())
}

/// The text without this key; `None` if it is not there.
fn without(text: &str, key: &str) -> Result<Option<String>, file::Wrong> {
    let document = parse(text)?;
    let path = match Key::parse(key) {
        Ok(key) => {
            let (tables, name) = key.path();
            [tables, vec![name.to_owned()]].concat()
        }
        // What nobody knows is just what somebody wants to be rid of.
        Err(_) => key.split('.').map(str::to_owned).collect(),
    };
    let Some((name, tables)) = path.split_last() else { return Ok(None) };
    let Some((span, item)) = find(document.as_table(), tables, name) else { return Ok(None) };
    let whole_line = span.zip(item.span()).and_then(|(key, value)| line_of(text, key.start, value.end));
    if let (Some(line), Item::Value(_)) = (whole_line, item) {
        let mut text = text.to_owned();
        text.replace_range(line, "");
        return checked(text).map(Some);
    }
    let mut document = document.into_mut();
    let mut table: &mut dyn TableLike = document.as_table_mut();
    for each in tables {
        let Some(inner) = table.get_mut(each).and_then(Item::as_table_like_mut) else { return Ok(None) };
        table = inner;
    }
    table.remove(name);
    checked(document.to_string()).map(Some)
}

type Found<'a> = (Option<Range<usize>>, &'a Item);

/// Where a key stands, and what it holds.
fn find<'a>(root: &'a dyn TableLike, tables: &[String], name: &str) -> Option<Found<'a>> {
    let table = tables.iter().try_fold(root, |table, each| table.get(each).and_then(Item::as_table_like))?;
    let (key, item) = table.get_key_value(name)?;
    Some((key.span(), item))
}

/// From the beginning of a line to the end of one, if nothing else than this and a comment stands there.
fn line_of(text: &str, start: usize, end: usize) -> Option<Range<usize>> {
    let (before, after) = (text.get(..start)?, text.get(end..)?);
    let begin = before.rfind('\n').map_or(0, |at| at + 1);
    let rest = after.find('\n').map_or(after.len(), |at| at + 1);
    let (indent, tail) = (before.get(begin..)?.trim(), after.get(..rest)?.trim());
    // `pull.output = …` and `"color" = …` begin their lines with more than the key's own name.
    let alone = indent.chars().all(|each| each.is_alphanumeric() || "-_.\"' ".contains(each));
    (alone && (tail.is_empty() || tail.starts_with('#'))).then_some(begin..end + rest)
}

fn dotted(tables: &[String]) -> String {
    tables
        .iter()
        .map(|each| toml_edit::Key::new(each).display_repr().into_owned())
        .collect::<Vec<_>>()
        .join(".")
}

fn parse(text: &str) -> Result<Document<&str>, file::Wrong> {
    Document::parse(text).map_err(|error| file::Wrong::grammar(text, &error))
}

/// Nothing is written that could not be read.
fn checked(text: String) -> Result<String, file::Wrong> {
    parse(&text)?;
    Ok(text)
}

fn unwritable(path: &Path, error: &io::Error) -> Box<Problem> {
    Box::new(Problem::of(Exit::Local, "OUB-E177", messages::unwritable(path.display(), reason(error))))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const FILE: &str = "# mine\n\n# no colours\ncolor = \"never\" # really\npull.output = \"/a\"\n\n[daemon]\n# quiet, please\nnotify = \"none\"\n";

    fn set(text: &str, key: &str, value: &str) -> String {
        let key = Key::parse(key).unwrap();
        let value = key.setting.kind.parse(value).unwrap();
        let after = with(text, &key, &value).unwrap();
        let entries = file::entries(&after).unwrap();
        let is_it = |each: &&file::Entry| each.setting == key.setting && each.profile == key.profile;
        let found: Vec<_> = entries.iter().filter(is_it).collect();
        assert_eq!(found.len(), 1, "{after}");
        assert_eq!(found.first().unwrap().value, value, "{after}");
        assert_eq!(without(&after, &key_text(&key)).map(|text| text.is_some()), Ok(true));
        after
    }

    fn key_text(key: &Key) -> String {
        key.profile.iter().map(|name| format!("{PROFILES}.{name}.")).collect::<String>() + key.setting.key
    }

    #[test]
    fn a_value_is_replaced_where_it_stands() {
        assert_eq!(set(FILE, "color", "always"), FILE.replace("\"never\" #", "\"always\" #"));
        assert_eq!(set(FILE, "pull.output", "/b"), FILE.replace("/a", "/b"));
        assert_eq!(set(FILE, "daemon.notify", "count"), FILE.replace("none", "count"));
    }

    #[test]
    fn a_new_one_is_added_and_no_comment_is_lost() {
        for (key, value) in [
            ("timeout", "5s"),
            ("daemon.exec", "a 'b' \"c\" \\ $d"),
            ("chat.plain", "true"),
            ("passphrase-file", "~/in"),
            ("profiles.work.quiet", "1"),
            ("profiles.work.io.daemon.notify", "name"),
        ] {
            let mut after = set(FILE, key, value);
            for line in FILE.lines() {
                assert!(after.lines().any(|each| each == line), "{key}: {line}\n{after}");
            }
            after = set(&after, "profiles.home.timeout", "7s");
            after = set(&after, "profiles.work.timeout", "8s");
            after = set(&after, "profiles.work.daemon.exec", "x");
            assert_eq!(file::entries(&after).unwrap().len(), 7, "{after}");
        }
        assert_eq!(set("# only words", "color", "never"), "# only words\ncolor = \"never\"\n");
        assert_eq!(set("", "daemon.notify", "none"), "[daemon]\nnotify = \"none\"\n");
        assert!(set("daemon = { notify = \"none\" }", "daemon.exec", "x").contains("exec = \"x\""));
        assert!(set("profiles = { work = {} }", "profiles.x.quiet", "1").contains("x"));
    }

    #[test]
    fn a_key_is_taken_out_and_nothing_else() {
        let gone = |key: &str| without(FILE, key).unwrap();
        assert_eq!(gone("color").unwrap(), FILE.replace("color = \"never\" # really\n", ""));
        assert_eq!(gone("pull.output").unwrap(), FILE.replace("pull.output = \"/a\"\n", ""));
        assert_eq!(gone("daemon.notify").unwrap(), FILE.replace("notify = \"none\"\n", ""));
        assert_eq!(gone("timeout"), None);
        assert_eq!(without("opne = 1\ncolor = \"never\"", "opne").unwrap().unwrap(), "color = \"never\"");
        assert_eq!(
            without("daemon = {exec = \"x\", notify = \"none\"}", "daemon.exec")
                .unwrap()
                .unwrap()
                .matches("exec")
                .count(),
            0
        );
        let many = "quiet = 1\nexec = '''\nquiet = 2\n'''\n";
        assert_eq!(without(many, "exec").unwrap().unwrap(), "quiet = 1\n");
    }

    #[test]
    fn keys_name_a_setting_or_nothing() {
        let of = |text: &str| Key::parse(text).map(|key| (key.profile, key.setting.key)).ok();
        assert_eq!(of("timeout"), Some((None, "timeout")));
        assert_eq!(of("profiles.a.b.pull.output"), Some((Some("a.b".to_owned()), "pull.output")));
        for wrong in ["", "time", "profiles", "profiles.timeout", "profiles.a.profile", "profiles../.timeout"]
        {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
