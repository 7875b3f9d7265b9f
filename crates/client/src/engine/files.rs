//! Files: read once and cut into parts, put together again, and saved under a harmless name (DESIGN § 9.6).

use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use client_core::file_name::{base_name, numbered};
use crypto::Sha256Stream;
use e2ee::{
    Kind, MessageId,
    said::{FILE_BYTES_MAX, FILE_NAME_BYTES_MAX, FILE_PART_BYTES, FileHead, FilePart},
};
use wire::UnixSeconds;

use super::send::{self, check_person};
use crate::{
    Client, ClientError, FileShown, FileState, Progress, ReceivedFile, SaidError, SendOptions, Sent,
    vault::{
        Tx, contact,
        file::{self, FileRow, State},
        inbox,
        key::to_hex,
        outbox,
        permissions::{file_error, sync_dir},
        said::{self, Said},
    },
};

/// Names that are tried for a received file before it is refused.
const NAMES_MAX: u32 = 10_000;
/// Bytes that are copied at once.
const COPY_BYTES: usize = 64 * 1024;

/// See [`Client::send_file`].
pub(crate) fn send(
    client: &Client,
    alias: &str,
    input: &mut dyn Read,
    name: &str,
    text: &str,
    options: &SendOptions,
) -> Result<Sent, ClientError> {
    send::check(text, options)?;
    let message = client.vault.read(|tx| {
        check_person(tx, &contact::expect(tx, alias)?, options)?;
        Ok(MessageId::random(&mut tx.rng()))
    })?;
    let (contact, row) = client.vault.write(|tx| {
        let contact = contact::expect(tx, alias)?.id;
        Ok((contact, file::begin(tx, contact, true, &message)?))
    })?;
    let queued = read_in(client, row, input, name, text)
        .and_then(|head| client.vault.write(|tx| queue(tx, alias, contact, row, &message, &head, options)));
    match queued {
        Ok(queued) => send::deliver(client, queued, options),
        Err(error) => {
            client.vault.erase(|tx| file::withdraw(tx, row))?;
            Err(error)
        }
    }
}

/// Reads to the end, one part at a time: nothing waits for the end of a pipe but this call.
fn read_in(
    client: &Client,
    row: i64,
    input: &mut dyn Read,
    name: &str,
    text: &str,
) -> Result<FileHead, ClientError> {
    let (mut hash, mut bytes, mut index) = (Sha256Stream::new(), 0_u32, 0_u16);
    loop {
        let part = read_part(input)?;
        if part.is_empty() {
            break;
        }
        bytes = bytes.saturating_add(u32::try_from(part.len()).unwrap_or(u32::MAX));
        if bytes > FILE_BYTES_MAX {
            return Err(ClientError::from(SaidError::FileTooLarge { max: u64::from(FILE_BYTES_MAX) }));
        }
        hash.update(&part);
        client.vault.write(|tx| file::keep_part(tx, row, index, &part))?;
        index = index.saturating_add(1);
        client.tell(&Progress::Read { bytes: u64::from(bytes) });
        if part.len() < FILE_PART_BYTES {
            break;
        }
    }
    Ok(FileHead { bytes, hash: hash.finish(), name: short_name(name), text: text.to_owned() })
}

fn read_part(input: &mut dyn Read) -> Result<Vec<u8>, ClientError> {
    let mut part = Vec::with_capacity(FILE_PART_BYTES);
    let most = u64::try_from(FILE_PART_BYTES).unwrap_or(u64::MAX);
    input
        .take(most)
        .read_to_end(&mut part)
        .map_err(|error| ClientError::from(SaidError::FileUnreadable { reason: error.to_string() }))?;
    Ok(part)
}

/// The other side makes it harmless once more; it never tells in which folder the file stood.
fn short_name(name: &str) -> String {
    let mut name = base_name(name);
    while name.len() > FILE_NAME_BYTES_MAX {
        name.pop();
    }
    name
}

/// Commits head and parts, or finds the file that the key names.
fn queue(
    tx: &Tx<'_>,
    alias: &str,
    contact: i64,
    row: i64,
    message: &MessageId,
    head: &FileHead,
    options: &SendOptions,
) -> Result<i64, ClientError> {
    let person = contact::expect(tx, alias)?;
    if person.id != contact {
        return Err(ClientError::NoSuchContact { alias: alias.to_owned(), near: None });
    }
    let kind = Kind::File(head.clone());
    let said = Said::new(&kind)?;
    if let Some(known) = send::by_key(tx, &person, &said, options)? {
        file::withdraw(tx, row)?;
        return Ok(known);
    }
    check_person(tx, &person, options)?;
    let out = outbox::say(tx, contact, message, &said, options.idempotency.as_deref())?;
    file::set_head(tx, row, head)?;
    file::set_state(tx, row, State::Whole)?;
    for index in 0..head.parts() {
        outbox::insert_part(tx, contact, message, index)?;
    }
    Ok(out)
}

/// What a part says when it is sealed; nothing once its bytes were erased.
pub(crate) fn outgoing_part(
    tx: &Tx<'_>,
    contact: i64,
    target: &MessageId,
    index: u16,
) -> Result<Option<Kind>, ClientError> {
    let Some(row) = file::find(tx, contact, true, target)? else { return Ok(None) };
    let bytes = file::part(tx, row.id, index)?;
    Ok(bytes.map(|bytes| Kind::FilePart(FilePart { file: *target, index, bytes })))
}

/// Takes a head in. Parts may have come before it.
pub(crate) fn take_head(
    tx: &Tx<'_>,
    contact: i64,
    message: &MessageId,
    head: &FileHead,
) -> Result<(), ClientError> {
    let id = match file::find(tx, contact, false, message)? {
        Some(row) if row.bytes.is_some() => return Ok(()),
        Some(row) => row.id,
        None => {
            let room = file::has_room(tx, contact, true, 0)?;
            let id = file::begin(tx, contact, false, message)?;
            if !room {
                file::set_head(tx, id, head)?;
                return file::set_state(tx, id, State::Dropped);
            }
            id
        }
    };
    file::set_head(tx, id, head)?;
    file::drop_beyond(tx, id, head)?;
    finish_if_whole(tx, contact, message)
}

/// Takes a part in, within the bounds of what may be on its way.
pub(crate) fn take_part(tx: &Tx<'_>, contact: i64, part: &FilePart) -> Result<(), ClientError> {
    let known = file::find(tx, contact, false, &part.file)?;
    let expected = |row: &FileRow| match row.bytes {
        Some(bytes) => head_of(row, bytes).part_bytes(part.index) == Some(part.bytes.len()),
        None => true,
    };
    if known.as_ref().is_some_and(|row| row.state != State::OnItsWay || !expected(row)) {
        return Ok(());
    }
    if !file::has_room(tx, contact, known.is_none(), part.bytes.len())? {
        return match known {
            Some(row) => file::set_state(tx, row.id, State::Dropped),
            None => Ok(()),
        };
    }
    let id = match known {
        Some(row) => row.id,
        None => file::begin(tx, contact, false, &part.file)?,
    };
    file::keep_part(tx, id, part.index, &part.bytes)?;
    finish_if_whole(tx, contact, &part.file)
}

fn head_of(row: &FileRow, bytes: u64) -> FileHead {
    FileHead {
        bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
        hash: row.hash.unwrap_or_default(),
        name: String::new(),
        text: String::new(),
    }
}

/// The hash decides, over what is here.
fn finish_if_whole(tx: &Tx<'_>, contact: i64, message: &MessageId) -> Result<(), ClientError> {
    let Some(row) = file::find(tx, contact, false, message)? else { return Ok(()) };
    let Some(bytes) = row.bytes else { return Ok(()) };
    let head = head_of(&row, bytes);
    if file::parts(tx, row.id)?.0 < u64::from(head.parts()) {
        return Ok(());
    }
    let mut hash = Sha256Stream::new();
    each_part(tx, &row, |part| {
        hash.update(part);
        Ok(())
    })?;
    let whole = Some(hash.finish()) == row.hash;
    file::set_state(tx, row.id, if whole { State::Whole } else { State::Damaged })
}

fn each_part(
    tx: &Tx<'_>,
    row: &FileRow,
    mut take: impl FnMut(&[u8]) -> Result<(), ClientError>,
) -> Result<(), ClientError> {
    for index in 0..head_of(row, row.bytes.unwrap_or_default()).parts() {
        let part = file::part(tx, row.id, index)?;
        take(&part.ok_or(ClientError::VaultDamaged { what: "a part of a file" })?)?;
    }
    Ok(())
}

/// Says where a received file is.
pub(crate) fn fill(
    tx: &Tx<'_>,
    contact: i64,
    message: &MessageId,
    shown: &mut FileShown,
) -> Result<(), ClientError> {
    let Some(row) = file::find(tx, contact, false, message)? else {
        shown.state = FileState::BeforeAccepted;
        return Ok(());
    };
    shown.arrived = match row.state {
        State::OnItsWay => file::parts(tx, row.id)?.1,
        State::Whole | State::Saved => shown.bytes,
        State::Damaged | State::Dropped | State::Erased => 0,
    };
    shown.state = match row.state {
        State::OnItsWay => FileState::OnItsWay,
        State::Whole => FileState::Whole,
        State::Saved => FileState::Saved(PathBuf::from(row.saved.unwrap_or_default())),
        State::Damaged => FileState::Damaged,
        State::Dropped => FileState::Dropped,
        State::Erased => FileState::Erased,
    };
    Ok(())
}

/// Says how much of a file of mine the relay has.
pub(crate) fn fill_sent(
    tx: &Tx<'_>,
    contact: i64,
    message: &MessageId,
    shown: &mut FileShown,
) -> Result<(), ClientError> {
    let (parts, stored) = file::stored_parts(tx, contact, message)?;
    shown.arrived = if parts == stored {
        shown.bytes
    } else {
        (stored * u64::try_from(FILE_PART_BYTES).unwrap_or_default()).min(shown.bytes)
    };
    shown.state = if parts == stored { FileState::Whole } else { FileState::OnItsWay };
    Ok(())
}

/// See [`Client::files`].
pub(crate) fn list(client: &Client, alias: Option<&str>) -> Result<Vec<ReceivedFile>, ClientError> {
    client.vault.read(|tx| {
        let only = alias.map(|alias| contact::expect(tx, alias)).transpose()?.map(|person| person.id);
        let mut files = Vec::new();
        for row in file::received(tx, only)? {
            let Some(message) = inbox::by_message(tx, row.contact, &row.message_id)? else { continue };
            let crate::ReceivedBody::File(mut shown) = message.body else { continue };
            fill(tx, row.contact, &row.message_id, &mut shown)?;
            files.push(ReceivedFile {
                id: to_hex(&row.message_id.0),
                from: contact::by_id(tx, row.contact)?.shown().to_owned(),
                sent_at: message.sent_at,
                file: *shown,
            });
        }
        Ok(files)
    })
}

/// See [`Client::save_file`].
pub(crate) fn save(client: &Client, id: &str, to: &Path) -> Result<PathBuf, ClientError> {
    let (row, name) = client.vault.read(|tx| expect(tx, id))?;
    refuse_unless_whole(&row, id)?;
    let (path, mut out) = create(to, &name)?;
    let written = client
        .vault
        .read(|tx| write_parts(tx, &row, &path, &mut out))
        .and_then(|()| out.sync_all().map_err(|error| file_error(&path, &error)))
        .and_then(|()| sync_dir(&path));
    if let Err(error) = written {
        let _ = fs::remove_file(&path);
        return Err(error);
    }
    let full = fs::canonicalize(&path).unwrap_or(path);
    client.vault.erase(|tx| file::set_saved(tx, row.id, &full.to_string_lossy()))?;
    Ok(full)
}

/// See [`Client::write_file`]. The vault keeps its copy: whether the other end of a pipe kept one is not known here.
pub(crate) fn write_to(client: &Client, id: &str, out: &mut dyn Write) -> Result<(), ClientError> {
    let (row, _) = client.vault.read(|tx| expect(tx, id))?;
    refuse_unless_whole(&row, id)?;
    client.vault.read(|tx| write_parts(tx, &row, Path::new("-"), out))?;
    out.flush().map_err(|error| file_error(Path::new("-"), &error))
}

fn write_parts(tx: &Tx<'_>, row: &FileRow, path: &Path, out: &mut dyn Write) -> Result<(), ClientError> {
    each_part(tx, row, |part| {
        part.chunks(COPY_BYTES)
            .try_for_each(|bytes| out.write_all(bytes))
            .map_err(|error| file_error(path, &error))
    })
}

fn expect(tx: &Tx<'_>, id: &str) -> Result<(FileRow, String), ClientError> {
    let none = || ClientError::from(SaidError::NoSuchMessage { which: id.to_owned() });
    let mut found = None;
    for row in file::received(tx, None)? {
        if !to_hex(&row.message_id.0).starts_with(&id.to_lowercase()) || id.len() < said::ID_DIGITS_MIN {
            continue;
        }
        if found.is_some() {
            return Err(ClientError::from(SaidError::AmbiguousMessage { which: id.to_owned() }));
        }
        found = Some(row);
    }
    let row = found.ok_or_else(none)?;
    let message = inbox::by_message(tx, row.contact, &row.message_id)?.ok_or_else(none)?;
    let crate::ReceivedBody::File(shown) = message.body else { return Err(none()) };
    Ok((row, shown.name))
}

fn refuse_unless_whole(row: &FileRow, id: &str) -> Result<(), ClientError> {
    let id = id.to_owned();
    match row.state {
        State::Whole => Ok(()),
        State::OnItsWay => Err(ClientError::from(SaidError::FileIncomplete { id })),
        State::Saved => Err(ClientError::from(SaidError::FileSaved {
            path: PathBuf::from(row.saved.clone().unwrap_or_default()),
        })),
        State::Damaged | State::Dropped | State::Erased => Err(ClientError::from(SaidError::FileGone { id })),
    }
}

/// Never overwrites, and nobody else may read it. In a folder a taken name is numbered; a path is taken as it is.
fn create(to: &Path, name: &str) -> Result<(PathBuf, File), ClientError> {
    let open = |path: &Path| OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    if !to.is_dir() {
        let file = open(to).map_err(|error| file_error(to, &error))?;
        return Ok((to.to_path_buf(), file));
    }
    for number in 0..NAMES_MAX {
        let path = to.join(numbered(name, number));
        match open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(file_error(&path, &error)),
        }
    }
    Err(ClientError::FileExists { path: to.join(name) })
}

/// What has been on its way for too long, and parts of mine that nobody will ask for.
pub(crate) fn sweep(tx: &Tx<'_>, now: UnixSeconds) -> Result<(), ClientError> {
    let ago = |days: u64| UnixSeconds(now.0.saturating_sub(days * 86_400));
    file::give_up(tx, ago(30), ago(1))?;
    file::forget_sent(tx, ago(30))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{Profile, vault::Vault};

    const BOB: i64 = 7;
    const CAROL: i64 = 8;

    /// A vault with two contacts.
    fn vault() -> Vault {
        let profile = Profile::named(Some(Path::new("/never-made")), "default").unwrap();
        let vault = Vault::in_memory(&profile);
        crate::vault::migrate::migrate(&vault).unwrap();
        let people =
            "INSERT INTO contact (id, standing, alias, name, host, port, server_id, fingerprint, trust,
                conversation, added_at) VALUES (7, 0, 'bob', 'bob', 'h', 1, x'00', x'01', 0, x'', 1),
                (8, 0, 'carol', 'carol', 'h', 1, x'00', x'02', 0, x'', 1);";
        vault.write(|tx| Ok(tx.execute_batch(people)?)).unwrap();
        vault
    }

    fn message(n: u8) -> MessageId {
        MessageId([n; 16])
    }

    fn head(bytes: usize) -> FileHead {
        let bytes = u32::try_from(bytes).unwrap();
        FileHead { bytes, hash: [0; 32], name: "a".into(), text: String::new() }
    }

    /// A part of `file`, whole but for the last.
    fn part(file: u8, index: u16) -> FilePart {
        FilePart { file: message(file), index, bytes: vec![7; FILE_PART_BYTES] }
    }

    fn state(vault: &Vault, contact: i64, file: u8) -> Option<State> {
        let row = vault.read(|tx| file::find(tx, contact, false, &message(file))).unwrap();
        row.map(|row| row.state)
    }

    /// Bytes of parts that are kept.
    fn kept(vault: &Vault) -> i64 {
        let sql = "SELECT coalesce(sum(length(bytes)), 0) FROM part";
        vault.read(|tx| Ok(tx.query_row(sql, [], |row| row.get(0))?)).unwrap()
    }

    /// R14: a contact has eight files under way at most; another one's are his own.
    #[test]
    fn the_ninth_file_under_way_of_one_contact_is_dropped() {
        let vault = vault();
        let take =
            |contact, n| vault.write(|tx| take_head(tx, contact, &message(n), &head(100_000))).unwrap();
        (1..=9).for_each(|n| take(BOB, n));
        assert!((1..=8).all(|n| state(&vault, BOB, n) == Some(State::OnItsWay)));
        assert_eq!(state(&vault, BOB, 9), Some(State::Dropped), "and shown as such");
        take(CAROL, 10);
        assert_eq!(state(&vault, CAROL, 10), Some(State::OnItsWay));
        // Nothing of what was dropped is kept, nor of a tenth of which no head came.
        vault.write(|tx| take_part(tx, BOB, &part(9, 0))).unwrap();
        vault.write(|tx| take_part(tx, BOB, &part(11, 0))).unwrap();
        assert_eq!((kept(&vault), state(&vault, BOB, 11)), (0, None));
        // What ends makes room.
        let first = vault.read(|tx| file::find(tx, BOB, false, &message(1))).unwrap().unwrap();
        vault.write(|tx| file::set_state(tx, first.id, State::Damaged)).unwrap();
        take(BOB, 12);
        assert_eq!(state(&vault, BOB, 12), Some(State::OnItsWay));
    }

    /// R14: and 64 MiB of parts, whatever heads announce; the file that would pass it is dropped, and gives its bytes back.
    #[test]
    fn parts_of_one_contact_are_kept_to_sixty_four_mebibytes() {
        let vault = vault();
        let each = usize::try_from(FILE_BYTES_MAX).unwrap().div_ceil(FILE_PART_BYTES);
        let max = 64 * 1024 * 1024 / FILE_PART_BYTES;
        let all = (0..max + 50)
            .map(|n| part(1 + u8::try_from(n / each).unwrap(), u16::try_from(n % each).unwrap()));
        let all: Vec<_> = all.collect();
        for some in all.chunks(128) {
            vault.write(|tx| some.iter().try_for_each(|part| take_part(tx, BOB, part))).unwrap();
            assert!(kept(&vault) <= 64 * 1024 * 1024);
        }
        let last = 1 + u8::try_from(max / each).unwrap();
        assert_eq!(state(&vault, BOB, last), Some(State::Dropped));
        assert!((1..last).all(|n| state(&vault, BOB, n) == Some(State::OnItsWay)));
        vault.write(|tx| take_part(tx, CAROL, &part(20, 0))).unwrap();
        assert_eq!(state(&vault, CAROL, 20), Some(State::OnItsWay), "another contact's are his own");
    }
}
