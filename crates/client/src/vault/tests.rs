//! What cannot be seen from outside: rows in orders and states that two clients and a relay hardly ever bring about.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::{fs, path::Path};

use e2ee::{Kind, MessageId, Resend, StreamId, said::Edit};
use wire::{DepositAuth, UnixSeconds, Wire};

use super::{
    Tx, Vault, asked, edits,
    outbox::{self, OutKind},
    said,
};
use crate::{ClientError, Profile, Protector, SharedWorld, Unlock};

const ANN: i64 = 7;
const ANN_AS_REQUEST: i64 = 8;
const MESSAGE: MessageId = MessageId([9; 16]);

/// A vault with one contact, who is there under another key as a request, too.
fn vault() -> Vault {
    let profile = Profile::named(Some(Path::new("/never-made")), "default").unwrap();
    let vault = Vault::in_memory(&profile);
    super::migrate::migrate(&vault).unwrap();
    let people = "INSERT INTO contact (id, standing, alias, name, host, port, server_id, fingerprint, trust,
            conversation, added_at) VALUES (7, 0, 'ann', 'ann', 'h', 1, x'00', x'01', 0, x'', 1),
            (8, 1, NULL, 'ann', 'h', 1, x'00', x'02', 0, x'', 1);";
    vault.write(|tx| Ok(tx.execute_batch(people)?)).unwrap();
    vault
}

/// Runs it, and lets go of what it wrote.
fn tried<T>(vault: &Vault, work: impl FnOnce(&Tx<'_>) -> Result<T, ClientError>) -> T {
    vault.read(work).unwrap()
}

/// One of the message itself or of its edits comes: id, stream, number, sending time.
fn arrives(tx: &Tx<'_>, (id, stream, number, sent_at): (MessageId, u8, u32, u32)) -> Result<(), ClientError> {
    let edit = Edit { message: MESSAGE, text: format!("edit {}", id.0[0]) };
    let (kind, target) = match id {
        MESSAGE => (Kind::Text("first words".into()), None),
        _ => (Kind::Edit(edit.clone()), Some(MESSAGE.0)),
    };
    tx.execute(
        "INSERT INTO message (contact, message_id, stream, number, sent_at, received_at, kind, body, shown, target)
         VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8, ?9)",
        (ANN, id.0, [stream; 8], number, sent_at, kind.number(), kind.body(), target.is_none(), target),
    )?;
    match id {
        MESSAGE => said::apply_earlier(tx, ANN, &MESSAGE),
        _ => said::take_edit(tx, ANN, &edit, &id),
    }
}

/// Every order of a list, each once.
fn orders<T: Copy>(list: &[T]) -> Vec<Vec<T>> {
    if list.is_empty() {
        return vec![Vec::new()];
    }
    let first = |at: usize| {
        let rest: Vec<T> = [&list[..at], &list[at + 1..]].concat();
        orders(&rest).into_iter().map(move |order| [&[list[at]], &order[..]].concat())
    };
    (0..list.len()).flat_map(first).collect()
}

/// A clock that went back within a stream, two later streams, and two edits of the same second.
#[test]
fn the_latest_edit_is_the_same_in_whatever_order_they_come() {
    let vault = vault();
    let edit = |id, stream, number, sent_at| (MessageId([id; 16]), stream, number, sent_at);
    let all = [(MESSAGE, 1, 1, 1), edit(1, 1, 2, 10), edit(2, 1, 3, 5), edit(3, 2, 1, 7), edit(4, 3, 1, 7)];
    let orders = orders(&all);
    assert_eq!(orders.len(), 120);
    for order in orders {
        let words = tried(&vault, |tx| {
            order.iter().try_for_each(|each| arrives(tx, *each))?;
            let sql = "SELECT CAST(body AS TEXT) FROM message WHERE message_id = ?1 AND edited = 1";
            Ok(tx.query_row(sql, [MESSAGE.0], |row| row.get::<_, String>(0))?)
        });
        assert_eq!(words, "edit 4", "{order:?}");
    }
}

fn lacks(stream: u8, from: u64) -> Resend {
    Resend::new(StreamId([stream; 8]), &[from..=from + 1]).unwrap()
}

/// The streams that a contact's requests name, in their order, with the first number of each.
fn asks(tx: &Tx<'_>) -> Result<Vec<(u8, u64, bool)>, ClientError> {
    let asked = asked::take(tx, ANN)?;
    let one = |asked: &asked::Asked| {
        let lacks = asked.lacks.as_ref().unwrap();
        (lacks.stream().0[0], *lacks.gaps()[0].start(), asked.begins_anew)
    };
    Ok(asked.iter().map(one).collect())
}

#[test]
fn of_what_somebody_asks_the_newest_is_kept_for_each_stream_and_four_in_all() {
    let vault = vault();
    let kept = tried(&vault, |tx| {
        (1..=4).try_for_each(|stream| asked::note(tx, ANN, Some(&lacks(stream, 1)), stream == 1))?;
        // The first is the newest now, and still from somebody who began anew; of the others the second is the oldest.
        asked::note(tx, ANN, Some(&lacks(1, 50)), false)?;
        asked::note(tx, ANN, Some(&lacks(5, 1)), false)?;
        let kept = asks(tx)?;
        assert!(asks(tx)?.is_empty(), "taken");
        Ok(kept)
    });
    assert_eq!(kept, [(3, 1, false), (4, 1, false), (1, 50, true), (5, 1, false)]);
}

#[test]
fn what_was_asked_under_another_key_takes_the_place_of_what_was_asked_before() {
    let vault = vault();
    let kept = tried(&vault, |tx| {
        asked::note(tx, ANN, Some(&lacks(1, 1)), false)?;
        asked::note(tx, ANN, Some(&lacks(2, 1)), false)?;
        asked::note(tx, ANN_AS_REQUEST, Some(&lacks(1, 50)), true)?;
        asked::join(tx, ANN, ANN_AS_REQUEST)?;
        asks(tx)
    });
    assert_eq!(kept, [(2, 1, false), (1, 50, true)]);
}

#[test]
fn a_row_that_is_not_as_it_was_written_is_damage_and_not_a_request_for_everything() {
    let vault = vault();
    for (stream, gaps) in [(&[1_u8; 8][..], &[0_u8; 15][..]), (&[1; 7], &[0; 16]), (&[], &[0; 16])] {
        let taken = vault.read(|tx| {
            let sql =
                "INSERT INTO asked (contact, stream, gaps, begins_anew, through) VALUES (?1, ?2, ?3, 1, 0)";
            tx.execute(sql, (ANN, stream, gaps))?;
            asked::take(tx, ANN).map(drop)
        });
        assert!(matches!(taken, Err(ClientError::VaultDamaged { .. })), "{taken:?}");
    }
}

/// Sealed, the request counts as made; sealed and taken back, it does not.
#[test]
fn a_request_whose_sealing_is_taken_back_is_still_to_be_made() {
    let vault = vault();
    for (kind, all, asks) in [(6, false, true), (6, true, true), (1, false, false), (1, true, false)] {
        let asks_again = tried(&vault, |tx| {
            tx.execute(
                "INSERT INTO outbox (contact, message_id, kind, text, state, queued_at) VALUES (?1, ?2, ?3, '', 1, 1)",
                (ANN, MESSAGE.0, kind),
            )?;
            match all {
                true => outbox::unseal_all(tx, ANN)?,
                false => outbox::unseal(tx, tx.last_insert_rowid())?,
            }
            Ok(tx.query_row("SELECT ask_former FROM contact WHERE id = ?1", [ANN], |row| {
                row.get::<_, bool>(0)
            })?)
        });
        assert_eq!(asks_again, asks, "kind {kind}");
    }
}

/// Three edits of one message: sealed in the first stream, in both, and not yet.
#[test]
fn an_edit_sealed_again_does_not_outdo_a_later_one_that_is_in_the_stream_already() {
    let vault = vault();
    let overtaken = |edit: u8, stream: Option<u8>| {
        tried(&vault, |tx| {
            for (id, placed, target) in
                [(1, Some((1, 5)), 9), (2, Some((2, 3)), 9), (3, None, 9), (4, Some((2, 9)), 8)]
            {
                let (stream, number) = placed.map(|(stream, number)| ([stream; 8], number)).unzip();
                tx.execute(
                    "INSERT INTO outbox (id, contact, message_id, kind, text, state, queued_at, target, stream,
                                         number, sent_at)
                     VALUES (?1, ?2, ?3, 14, '', 0, 1, ?4, ?5, ?6, ?6)",
                    (id, ANN, [id; 16], [target; 16], stream, number),
                )?;
            }
            edits::is_overtaken(
                tx,
                &outbox::by_id(tx, edit.into())?,
                stream.map(|stream| StreamId([stream; 8])),
            )
        })
    };
    assert!(overtaken(1, Some(2)), "the second has a number there, and the first would get a higher one");
    assert!(!overtaken(1, Some(1)), "it keeps its own number there");
    assert!(!overtaken(1, Some(3)) && !overtaken(1, None), "none of them is there yet");
    assert!(!overtaken(2, Some(2)) && !overtaken(3, Some(2)), "they are the latest");
}

/// Seals a row, with an envelope full of this byte.
fn seal(tx: &Tx<'_>, id: i64, byte: u8) -> Result<(), ClientError> {
    let auth = DepositAuth::Open { puzzle: None }.to_bytes();
    let sql = "UPDATE outbox SET state = 1, stream = zeroblob(8), number = 1, sent_at = 1, sealed_at = 1, revision = 0,
               route = 2, sid = zeroblob(16), auth = ?2, envelope = ?3 WHERE id = ?1";
    tx.execute(sql, (id, auth, vec![byte; 4096])).map(drop).map_err(Into::into)
}

#[test]
fn what_was_stored_or_sealed_anew_meanwhile_keeps_its_words() {
    let vault = vault();
    tried(&vault, |tx| {
        let row = outbox::insert(tx, ANN, &MESSAGE, OutKind::Text, "words", None, UnixSeconds(1))?;
        seal(tx, row, 1)?;
        let refused = outbox::by_id(tx, row)?;
        outbox::unseal(tx, row)?;
        assert!(!outbox::say_nothing(tx, &refused)?, "it waits to be sealed anew");
        seal(tx, row, 2)?;
        assert!(!outbox::say_nothing(tx, &refused)?, "other bytes are on their way");
        outbox::set_stored(tx, row, UnixSeconds(1))?;
        assert!(!outbox::say_nothing(tx, &refused)?, "the relay has it");
        assert_eq!(outbox::by_id(tx, row)?.text, "words");
        seal(tx, row, 1)?;
        assert!(outbox::say_nothing(tx, &refused)?);
        let now = outbox::by_id(tx, row)?;
        assert_eq!((now.kind, now.text.as_str(), now.sealed.is_none()), (OutKind::Refill, "", true));
        Ok(())
    });
}

/// SQLCipher gives a page that does not check out as zeros: a long text whose last page is damaged would end in zeros.
#[test]
fn a_page_that_does_not_check_out_is_refused_also_at_the_end_of_a_long_value() {
    let folder = tempfile::tempdir().unwrap();
    let (profile, world) = (Profile::at(folder.path().join("ann")), SharedWorld::default());
    let long = vec![7_u8; 10_000];
    let vault = Vault::create(&profile, &Protector::KeyFile, &world).unwrap();
    let keep = |tx: &Tx<'_>| Ok(tx.execute("INSERT INTO long VALUES (?1)", [&long])?);
    vault.write(|tx| Ok(tx.execute_batch("CREATE TABLE long (bytes BLOB)")?)).unwrap();
    vault.erase(keep).unwrap();
    drop(vault);
    let (whole, mut refused) = (fs::read(profile.vault_path()).unwrap(), 0);
    for page in 1..whole.len() / 4_096 {
        let mut damaged = whole.clone();
        damaged[page * 4_096 + 100] ^= 1;
        fs::write(profile.vault_path(), damaged).unwrap();
        let read =
            |tx: &Tx<'_>| Ok(tx.query_row("SELECT bytes FROM long", [], |row| row.get::<_, Vec<u8>>(0))?);
        for writing in [false, true] {
            let opened = Vault::open(&profile, &Unlock::KeyFile, &world);
            match opened.and_then(|vault| if writing { vault.write(read) } else { vault.read(read) }) {
                Ok(bytes) => assert!(bytes == long, "page {page} was read as something else"),
                Err(ClientError::VaultDamaged { .. }) => refused += 1,
                Err(error) => panic!("{error:?}"),
            }
        }
    }
    assert!(refused >= 6, "{refused}");
}
