//! People I may write to: adding, naming, blocking, verifying.

use e2ee::{Conversation, SafetyNumber as Numbers, Side};
use wire::{Address, IdentityFingerprint, Name};

use super::{
    directory::{Found, follow, look_up, recheck},
    give_up, keys, run,
};
use crate::{
    Client, ClientError, Contact, Language, SafetyNumber, Trust,
    transport::Pin,
    vault::{
        Tx,
        contact::{self, NewPerson, Person, Standing},
        int,
        key::to_hex,
        me::{self, Me},
        record_update,
        recovery::{self, Noticed},
        said, stamp,
    },
};

const ALIAS_CHARS_MAX: usize = 64;

/// See [`Client::add`].
pub(crate) fn add(client: &Client, address: &Address, alias: Option<&str>) -> Result<Contact, ClientError> {
    give_up::check(&client.vault)?;
    let me = client.vault.me()?;
    let wanted = alias.unwrap_or(address.name.as_str());
    check_alias(wanted)?;
    let found = run(look_up(client, address, pin_of(address, &me)?))?;
    if found.fingerprint == me.fingerprint {
        return Err(ClientError::OwnAddress);
    }
    if let Some(known) = client.vault.read(|tx| contact::by_name(tx, &address.name, &found.server_id))? {
        // A contact whose key was replaced since: judged as before a send (P6).
        follow(client, &known, &found)?;
    }
    let id = client.vault.erase(|tx| insert(client, tx, address, wanted, &found))?;
    client.vault.read(|tx| to_contact(tx, &contact::by_id(tx, id)?))
}

/// My own server is known in full; another one as far as the address says. An address that names another
/// fingerprint for my own server was made up or damaged: it is not corrected in silence.
pub(crate) fn pin_of(address: &Address, me: &Me) -> Result<Pin, ClientError> {
    let is_mine = address.at == me.at;
    match &address.pins {
        Some(pins) if is_mine && !pins.server.matches(&me.server_id.0) => {
            Err(ClientError::WrongServer { host: address.at.to_string() })
        }
        _ if is_mine => Ok(Pin::Full(me.server_id)),
        Some(pins) => Ok(Pin::Short(pins.server)),
        None => Ok(Pin::Any),
    }
}

/// Makes a contact of whoever was found; who is one already stays as he is.
pub(crate) fn insert(
    client: &Client,
    tx: &Tx<'_>,
    address: &Address,
    alias: &str,
    found: &Found,
) -> Result<i64, ClientError> {
    if let Some(person) = contact::by_fingerprint(tx, &found.fingerprint)? {
        return welcome_back(client, tx, &person, alias, found);
    }
    if contact::by_name(tx, &address.name, &found.server_id)?
        .is_some_and(|old| old.fingerprint != found.fingerprint)
    {
        return Err(ClientError::KeyChanged { alias: address.name.to_string() });
    }
    refuse_taken_alias(tx, alias, None)?;
    let me = me::me(tx)?.ok_or(ClientError::JoinUnfinished)?;
    let id = contact::insert(
        tx,
        &NewPerson {
            standing: Standing::Contact,
            shown: alias,
            name: &address.name,
            at: &address.at,
            server_id: &found.server_id,
            fingerprint: &found.fingerprint,
            record: Some(&found.record),
            place: Some(found.place),
            conversation: &Conversation::new(me.fingerprint, found.fingerprint),
            now: tx.now(),
        },
    )?;
    settle_new(client, tx, id).map(|()| id)
}

/// The person is known: a contact stays as it is, a request becomes a contact. Whoever is blocked is heard again by a word of
/// its own only.
fn welcome_back(
    client: &Client,
    tx: &Tx<'_>,
    person: &Person,
    alias: &str,
    found: &Found,
) -> Result<i64, ClientError> {
    if person.standing != Standing::Contact {
        refuse_taken_alias(tx, alias, Some(person.id))?;
        promote(client, tx, person.id, alias)?;
        contact::set_record(tx, person.id, &found.record, Some(found.place), tx.now())?;
        super::requests::queue_accept(tx, person.id)?;
    } else if person.blocked {
        return Err(ClientError::Blocked { alias: person.shown().to_owned() });
    }
    Ok(person.id)
}

/// Makes a contact of a request.
pub(crate) fn promote(client: &Client, tx: &Tx<'_>, id: i64, alias: &str) -> Result<(), ClientError> {
    tx.execute("UPDATE contact SET standing = 0, alias = ?2, label = NULL WHERE id = ?1", (id, alias))?;
    said::catch_up(tx, id)?;
    // What was written under a former key of mine may be all that he knows of me.
    let mine = me::me(tx)?.ok_or(ClientError::JoinUnfinished)?.fingerprint;
    if *contact::conversation(tx, id)?.mine() != mine {
        record_update::may_lack(tx, id)?;
    }
    settle_new(client, tx, id)
}

/// What a new contact begins with.
fn settle_new(client: &Client, tx: &Tx<'_>, id: i64) -> Result<(), ClientError> {
    if client.options.receipts { contact::set(tx, id, "receipts", true) } else { Ok(()) }
}

/// See [`Client::contacts`].
pub(crate) fn list(client: &Client) -> Result<Vec<Contact>, ClientError> {
    client.vault.read(|tx| {
        let people = contact::list(tx, Standing::Contact)?;
        people.iter().map(|person| to_contact(tx, person)).collect()
    })
}

/// See [`Client::contact`].
pub(crate) fn view(client: &Client, alias: &str) -> Result<Contact, ClientError> {
    client.vault.read(|tx| to_contact(tx, &contact::expect(tx, alias)?))
}

/// See [`Client::rename`].
pub(crate) fn rename(client: &Client, alias: &str, new_alias: &str) -> Result<Contact, ClientError> {
    check_alias(new_alias)?;
    client.vault.write(|tx| {
        let person = contact::expect(tx, alias)?;
        refuse_taken_alias(tx, new_alias, Some(person.id))?;
        contact::set(tx, person.id, "alias", new_alias)?;
        to_contact(tx, &contact::by_id(tx, person.id)?)
    })
}

/// See [`Client::set_blocked`].
pub(crate) fn set_blocked(client: &Client, alias: &str, blocked: bool) -> Result<Contact, ClientError> {
    client.vault.erase(|tx| {
        let person = contact::expect(tx, alias)?;
        match blocked {
            true => contact::set(tx, person.id, "blocked", true)?,
            false => unblock(tx, person.id)?,
        }
        to_contact(tx, &contact::by_id(tx, person.id)?)
    })
}

/// Hears somebody again, and what he took back meanwhile goes.
pub(crate) fn unblock(tx: &Tx<'_>, id: i64) -> Result<(), ClientError> {
    contact::set(tx, id, "blocked", false)?;
    said::catch_up(tx, id)?;
    if stamp::crossed_off(tx, id)? > 0 {
        // The stamps that were crossed off bring nothing any more: new ones leave like any refill.
        let due = client_core::schedule::refill_due(tx.now(), tx.number());
        contact::set(tx, id, "refill_due", int(due.0))?;
    }
    Ok(())
}

/// See [`Client::remove`].
pub(crate) fn remove(client: &Client, alias: &str) -> Result<(), ClientError> {
    client.vault.erase(|tx| contact::remove(tx, &contact::expect(tx, alias)?))
}

/// See [`Client::safety_number`].
pub(crate) fn safety_number(
    client: &Client,
    alias: &str,
    language: Language,
) -> Result<SafetyNumber, ClientError> {
    let me = client.vault.me()?;
    let person = client.vault.read(|tx| contact::expect(tx, alias))?;
    // Both must compare present keys. Where nobody can be asked, the pinned key is what there is.
    let _ = run(recheck(client, &person));
    let person = client.vault.read(|tx| contact::by_id(tx, person.id))?;
    let fingerprint = keys::to_compare(&person)?;
    let mine = Side { fingerprint: me.fingerprint, name: &me.name, server_id: me.server_id };
    let theirs = Side { fingerprint, name: &person.name, server_id: person.server_id };
    let number = Numbers::between(&mine, &theirs);
    let words = number.words(language.into()).iter().map(|word| (*word).to_owned()).collect();
    let digits = number.digits();
    let code = code(&me.fingerprint, &fingerprint, &digits);
    Ok(SafetyNumber { digits, words, code, fingerprint: fingerprint.0 })
}

/// The same for both: the lower fingerprint first. Only characters that a QR code packs well.
fn code(mine: &IdentityFingerprint, theirs: &IdentityFingerprint, digits: &str) -> String {
    let mut both = [to_hex(&mine.0), to_hex(&theirs.0)];
    both.sort();
    let [lower, higher] = both.map(|fingerprint| fingerprint.to_uppercase());
    format!("OUB-VERIFY:1:{lower}:{higher}:{}", digits.replace(' ', ""))
}

/// See [`Client::mark_verified`]. What is verified is the key that was shown, and no other that came meanwhile;
/// the record is looked up again before the next send.
pub(crate) fn mark_verified(
    client: &Client,
    alias: &str,
    number: &SafetyNumber,
) -> Result<Contact, ClientError> {
    let person = client.vault.read(|tx| contact::expect(tx, alias))?;
    // Two people who compared know better than a log; that it does not have the key is said.
    let is_missing = match run(keys::check_candidate(client, &person)) {
        Err(error) if error.exit_code() == 7 => return Err(error),
        Err(ClientError::NotInLog { .. } | ClientError::LogTrouble { .. }) => true,
        _ => false,
    };
    client.vault.erase(|tx| {
        let person = contact::expect(tx, alias)?;
        if keys::to_compare(&person)?.0 != number.fingerprint {
            return Err(ClientError::KeyChanged { alias: alias.to_owned() });
        }
        if keys::adopt_candidate(tx, &person)? && is_missing {
            recovery::notice(tx, Noticed::VerifiedNotInLog, Some(person.id), 1)?;
        }
        contact::set_trust(tx, person.id, Trust::Verified)?;
        contact::set(tx, person.id, "checked_at", 0)?;
        to_contact(tx, &contact::by_id(tx, person.id)?)
    })
}

/// See [`Client::trust_new_key`]. Nobody compared it: the log has to have it.
pub(crate) fn trust_new_key(client: &Client, alias: &str) -> Result<Contact, ClientError> {
    let mut checked = client.vault.read(|tx| contact::expect(tx, alias))?;
    if checked.candidate.is_some() && checked.candidate_place.is_none() {
        // Its server showed no log then, or it came before its place was kept.
        let _ = run(recheck(client, &checked));
        checked = client.vault.read(|tx| contact::expect(tx, alias))?;
    }
    run(keys::check_candidate(client, &checked))?;
    client.vault.erase(|tx| {
        let person = contact::expect(tx, alias)?;
        if person.candidate != checked.candidate {
            return Err(ClientError::KeyChanged { alias: alias.to_owned() });
        }
        if keys::adopt_candidate(tx, &person)? {
            contact::set_trust(tx, person.id, Trust::Unverified)?;
        }
        to_contact(tx, &contact::by_id(tx, person.id)?)
    })
}

/// What callers see.
pub(crate) fn to_contact(tx: &Tx<'_>, person: &Person) -> Result<Contact, ClientError> {
    let today = client_core::schedule::day_of(tx.now());
    Ok(Contact {
        alias: person.shown().to_owned(),
        address: person.address(),
        trust: person.trust,
        blocked: person.blocked,
        connected: person.inbox.is_some() && contact::conversation(tx, person.id)?.can_use_inbox(today),
        stamps: stamp::count(tx, person.id)?,
        crossed_off: stamp::crossed_off(tx, person.id)?,
        timer_s: person.timer_s,
        receipts: person.receipts,
        allotment: person.allotment,
        given_up_at: person.given_up_at,
    })
}

/// A name for a person: short, printable.
pub(crate) fn check_alias(alias: &str) -> Result<(), ClientError> {
    // What cannot be seen would let two aliases look the same.
    let hidden = |c: char| {
        c.is_control()
            || matches!(c,
                '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
    };
    let fits = (1..=ALIAS_CHARS_MAX).contains(&alias.chars().count());
    match fits && alias.trim() == alias && !alias.chars().any(hidden) {
        true => Ok(()),
        false => Err(ClientError::BadAlias),
    }
}

/// Refuses an alias that another contact has.
pub(crate) fn refuse_taken_alias(tx: &Tx<'_>, alias: &str, except: Option<i64>) -> Result<(), ClientError> {
    match contact::by_alias(tx, alias)? {
        Some(other) if Some(other.id) != except => Err(ClientError::AliasTaken { alias: alias.to_owned() }),
        _ => Ok(()),
    }
}

/// A label for a request that no other request and no contact has.
pub(crate) fn free_label(tx: &Tx<'_>, name: &Name) -> Result<String, ClientError> {
    let sql = "SELECT count(*) FROM contact WHERE label = ?1 OR alias = ?1";
    for n in 1..10_000 {
        let label = if n == 1 { name.to_string() } else { format!("{name}-{n}") };
        if tx.query_row(sql, [&label], |row| row.get::<_, i64>(0))? == 0 {
            return Ok(label);
        }
    }
    Err(ClientError::Unexpected { place: "labels of requests" })
}
