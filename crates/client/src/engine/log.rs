//! Looking back: a contact's history, and what waits to leave.

use client_core::outbox::State;

use wire::UnixSeconds;

use crate::{
    Client, ClientError, Direction, LogEntry, Marks, Notice, OutboxEntry, Place, ReceivedBody, SetAside,
    engine::{
        files,
        pull::{marks, quote},
    },
    vault::{
        Tx, contact, file,
        history::History,
        inbox::{self, InRow},
        key::to_hex,
        ledger,
        outbox::{self, Gone, OutRow},
        recovery::{self, NoticeRow, Noticed},
        rotation::{self, KeyChange},
        said::{self, Shown},
    },
};

/// See [`Client::log`].
pub(crate) fn log(client: &Client, alias: &str, limit: Option<u32>) -> Result<Vec<LogEntry>, ClientError> {
    client.vault.read(|tx| {
        let person = contact::expect(tx, alias)?;
        let history = History::of(tx, person.id)?;
        let mut entries = Vec::new();
        // Received ones stand in their sender's order, each no earlier than the one before it.
        let mut latest = 0;
        for row in inbox::all_of(tx, person.id)? {
            latest = history.place(Direction::Received, row.id).max(latest);
            entries.push((latest, received(tx, row)?));
        }
        for row in outbox::said_to(tx, person.id)? {
            entries.push((history.place(Direction::Sent, row.id), sent(tx, row)?));
        }
        let changes = rotation::key_changes(tx, person.id)?.into_iter();
        entries.extend(changes.map(|change| (history.place_of_change(change.id), key_changed(&change))));
        let anew = recovery::begun_anew(tx, person.id)?.into_iter();
        entries.extend(anew.map(|(row, at)| (history.place_of_beginning(row), begun_anew(at))));
        entries.sort_by_key(|(place, _)| *place);
        let placed = |(place, entry)| LogEntry { place: Place(place), ..entry };
        let mut entries: Vec<LogEntry> = entries.into_iter().map(placed).collect();
        let skip = limit.map_or(0, |limit| entries.len().saturating_sub(limit as usize));
        Ok(entries.split_off(skip))
    })
}

pub(super) fn received(tx: &Tx<'_>, row: InRow) -> Result<LogEntry, ClientError> {
    let missing_before = inbox::gap_before(tx, &row)?;
    let marks = marks(tx, &row)?;
    let mut body = row.body;
    if let ReceivedBody::File(shown) = &mut body {
        files::fill(tx, row.contact, &row.message_id, shown)?;
    }
    Ok(LogEntry {
        id: to_hex(&row.message_id.0),
        direction: Direction::Received,
        number: row.number,
        sent_at: row.sent_at,
        at: row.received_at,
        body,
        marks,
        outgoing: None,
        answered: false,
        read_at: None,
        handled: row.handled,
        missing_before,
        place: Place::default(),
    })
}

pub(super) fn begun_anew(at: UnixSeconds) -> LogEntry {
    event(ReceivedBody::BegunAnew, at)
}

pub(super) fn key_changed(change: &KeyChange) -> LogEntry {
    LogEntry {
        id: to_hex(&change.fingerprint.0),
        ..event(ReceivedBody::KeyChanged { signed: change.signed }, change.at)
    }
}

/// A line that is no message.
fn event(body: ReceivedBody, at: UnixSeconds) -> LogEntry {
    LogEntry {
        id: String::new(),
        direction: Direction::Received,
        number: 0,
        sent_at: at,
        at,
        body,
        marks: Marks::default(),
        outgoing: None,
        answered: false,
        read_at: None,
        handled: true,
        missing_before: 0,
        place: Place::default(),
    }
}

pub(super) fn sent(tx: &Tx<'_>, row: OutRow) -> Result<LogEntry, ClientError> {
    let shown = match (row.gone, &row.body) {
        (Gone::Here, Some(body)) => said::shown(row.kind as u8, body)?,
        (Gone::Here, None) => Shown::of(ReceivedBody::Text(row.text)),
        (Gone::TakenBack | Gone::Disappeared, _) => Shown::of(ReceivedBody::TakenBack),
    };
    let mut body = shown.body;
    if let ReceivedBody::File(shown) = &mut body {
        files::fill_sent(tx, row.contact, &row.message_id, shown)?;
    }
    let quotes = shown.quotes.map(|id| quote(tx, row.contact, &id)).transpose()?;
    Ok(LogEntry {
        id: to_hex(&row.message_id.0),
        direction: Direction::Sent,
        number: row.placed.map_or(0, |placed| placed.number),
        sent_at: row.placed.map_or(row.queued_at, |placed| placed.sent_at),
        at: row.queued_at,
        body,
        marks: Marks { quotes, expire_s: None, expires_at: row.expires_at, edited: row.edited },
        outgoing: Some(row.state),
        answered: row.answered_at.is_some(),
        read_at: row.read_at,
        handled: true,
        missing_before: 0,
        place: Place::default(),
    })
}

/// See [`Client::outbox`].
pub(crate) fn outbox(client: &Client) -> Result<Vec<OutboxEntry>, ClientError> {
    client.vault.read(|tx| {
        let rows = outbox::unconfirmed(tx)?;
        let entry = |row: OutRow| -> Result<OutboxEntry, ClientError> {
            let (parts, stored) = file::stored_parts(tx, row.contact, &row.message_id)?;
            debug_assert!(row.state != State::Stored || parts > stored);
            // What was stored is the offer; what waits is a part.
            let reason = match row.state {
                State::Stored => outbox::first_part_left(tx, &row.message_id)?.and_then(|part| part.reason),
                _ => row.reason,
            };
            Ok(OutboxEntry {
                id: to_hex(&row.message_id.0),
                to: contact::by_id(tx, row.contact)?.shown().to_owned(),
                state: row.state,
                queued_at: row.queued_at,
                reason,
                parts: (parts > 0).then_some((stored, parts)),
            })
        };
        rows.into_iter().map(entry).collect()
    })
}

/// See [`Client::take_notices`].
pub(crate) fn take_notices(client: &Client) -> Result<Vec<Notice>, ClientError> {
    client.vault.write(|tx| {
        let rows = recovery::take_notices(tx)?;
        let mut notices = super::pairing::take_ended(tx)?;
        for row in rows {
            notices.push(to_notice(tx, &row)?);
        }
        for (id, server) in ledger::take_other_logs(tx)? {
            let contact = contact::by_id(tx, id)?.shown().to_owned();
            notices.push(Notice::OtherLog { contact, server });
        }
        let of_logs = ledger::take_untold(tx)?;
        notices.extend(of_logs.into_iter().map(|(server, what)| Notice::OfLog { server, what }));
        Ok(notices)
    })
}

fn to_notice(tx: &Tx<'_>, row: &NoticeRow) -> Result<Notice, ClientError> {
    Ok(match (row.noticed, row.contact) {
        (Noticed::SpentElsewhere, Some(id)) => {
            Notice::WrittenElsewhere { contact: contact::by_id(tx, id)?.shown().to_owned() }
        }
        (Noticed::VerifiedNotInLog, Some(id)) => {
            Notice::VerifiedNotInLog { contact: contact::by_id(tx, id)?.shown().to_owned() }
        }
        (Noticed::RelayWentBack, _) => Notice::RelayWentBack,
        (Noticed::MailboxGone, _) => Notice::MailboxGone,
        _ => Notice::CollectedElsewhere { count: row.count },
    })
}

/// See [`Client::quarantine`].
pub(crate) fn quarantine(client: &Client) -> Result<Vec<SetAside>, ClientError> {
    client.vault.read(|tx| {
        let rows = inbox::all_set_aside(tx)?;
        let entry = |row: inbox::SetAside| -> Result<SetAside, ClientError> {
            let from = row.contact.map(|id| contact::by_id(tx, id)).transpose()?;
            let bytes = row.envelope.as_bytes();
            Ok(SetAside {
                at: row.at,
                from: from.map(|person| person.shown().to_owned()),
                hash: to_hex(&crypto::sha256(&[bytes])),
                bytes: bytes.len(),
            })
        };
        rows.into_iter().map(entry).collect()
    })
}
