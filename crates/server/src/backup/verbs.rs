//! The screens of `backup`, `restore` and `backup-key`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::BackupError;
use super::make::{Wanted, make, seal};
use super::reading::Contents;
use super::record::Tally;
use super::restore::{restore as put_back, verify};
use super::secret::{BackupSecret, make_key};
use crate::args::{Backup, Restore};
use crate::verbs::print;

/// `backup FILE`.
pub fn backup(data: PathBuf, flags: &Backup, as_json: bool) -> Result<(), BackupError> {
    let secret = BackupSecret::gather(&flags.secret, true)?;
    let wanted = Wanted { data, root_key: !flags.without_root_key };
    let Some(file) = &flags.file else {
        let name = Path::new("standard output");
        let (contents, mut out) = seal(&wanted, name, io::stdout().lock(), &secret)?;
        out.flush().map_err(|error| BackupError::file(name, error))?;
        eprintln!("{}; not read back", summary(&contents));
        warn(&contents);
        return Ok(());
    };
    let contents = make(&wanted, file, &secret)?;
    if as_json {
        print(&(line("backup", file, &contents) + "\n"))?;
    } else {
        print(&format!(
            "Backup {} — read back and whole.\n\n  {}\n  {}\n\nKeep its passphrase or key file somewhere else: without it nobody opens the backup.\n",
            file.display(),
            summary(&contents),
            root_key(&contents),
        ))?;
    }
    warn(&contents);
    Ok(())
}

/// `restore FILE`.
pub fn restore(data: &Path, flags: &Restore, as_json: bool) -> Result<(), BackupError> {
    let secret = BackupSecret::gather(&flags.secret, false)?;
    let contents = match flags.verify_only {
        true => verify(&flags.file, &secret)?,
        false => put_back(&flags.file, &secret, data)?,
    };
    if as_json {
        let kind = if flags.verify_only { "verified" } else { "restored" };
        print(&(line(kind, &flags.file, &contents) + "\n"))?;
    } else if flags.verify_only {
        let file = flags.file.display();
        print(&format!("Backup {file} is whole.\n\n  {}\n  {}\n", summary(&contents), root_key(&contents)))?;
    } else {
        print(&restored(data, &contents))?;
    }
    warn(&contents);
    Ok(())
}

/// `backup-key FILE`.
pub fn backup_key(file: &Path, as_json: bool) -> Result<(), BackupError> {
    make_key(file)?;
    let shown = file.display().to_string();
    if as_json {
        print(&(json!({"v": 1, "t": "backup-key", "file": shown}).to_string() + "\n"))?;
    } else {
        print(&format!(
            "Key file {shown} made. Keep a copy away from this machine: without it no backup opens.\n\n  oublietted backup FILE --key-file {shown}\n"
        ))?;
    }
    Ok(())
}

fn restored(data: &Path, contents: &Contents) -> String {
    let (folder, when) = (data.display(), moment(contents.manifest.made));
    format!(
        "Restored into {folder}.\n\n  {}\n  {}\n\n\
         What this server does not know any more:\n\
         - messages that were stored after {when}, although their senders saw “stored”: tell your users\n\
         - names, keys, mailboxes and invitations of after that moment\n\
         - what was collected since: it may be delivered again, and clients drop repeats\n\n\
         Never let the old server run beside this one: they have one identity.\n\n  \
         oublietted check --data {folder}\n  oublietted serve --data {folder}\n",
        summary(contents),
        root_key(contents),
    )
}

fn summary(contents: &Contents) -> String {
    let (manifest, tally) = (&contents.manifest, &contents.tally);
    format!(
        "of {}, server {}: {} envelopes, {} rows in all, {} identity files",
        moment(manifest.made),
        manifest.server,
        tally.envelopes,
        tally.rows,
        tally.files
    )
}

fn root_key(contents: &Contents) -> String {
    if contents.manifest.root_key {
        "root.key is in it: whoever opens it can pose as this server for ever".to_owned()
    } else {
        let until = moment(contents.manifest.tls_ca_not_after);
        format!("root.key is NOT in it: a restored server needs yours before {until}")
    }
}

fn warn(contents: &Contents) {
    let Tally { damaged, damaged_blocks, .. } = contents.tally;
    if damaged > 0 {
        eprintln!("warning: {damaged} stored rows were damaged before this backup, and are not in it");
    }
    if damaged_blocks > 0 {
        eprintln!(
            "warning: {damaged_blocks} blocks of the store were damaged before this backup; what proves to be whole in \
             them is in it, and how many rows are not nobody can tell"
        );
    }
}

fn line(kind: &str, file: &Path, contents: &Contents) -> String {
    let mut value = serde_json::to_value(&contents.manifest).unwrap_or_default();
    if let (Some(fields), Ok(serde_json::Value::Object(tally))) =
        (value.as_object_mut(), serde_json::to_value(contents.tally))
    {
        fields.extend(tally);
        fields.extend([("v".into(), 1.into()), ("t".into(), kind.into())]);
        fields.insert("file".into(), file.display().to_string().into());
    }
    value.to_string()
}

/// A time for people, in UTC.
pub(crate) fn moment(seconds: u64) -> String {
    /// The last moment of the year 9999.
    const LAST: u64 = 253_402_300_799;
    let at = crate::identity::at(seconds.min(LAST));
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02} UTC",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_without_a_calendar_at_hand() {
        assert_eq!(moment(1_800_000_000), "2027-01-15 08:00 UTC");
        assert_eq!(moment(u64::MAX), "9999-12-31 23:59 UTC");
    }
}
