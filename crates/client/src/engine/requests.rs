//! Strangers' first messages: shown, accepted, declined; nothing leaves before the person decides.

use e2ee::{Conversation, MessageId};

use super::{
    contacts::{check_alias, pin_of, promote, refuse_taken_alias, to_contact},
    directory::{Found, LookingUp, look_up, recheck},
    give_up, places, recover, run,
    send::flush_all,
};
use crate::{
    Client, ClientError, Contact, ContactRequest, Declined, ReceivedBody,
    transport::Pin,
    vault::{
        Tx, asked,
        contact::{self, Person, Standing},
        inbox,
        me::Me,
        outbox::{self, OutKind},
        stamp,
    },
};

/// See [`Client::requests`].
pub(crate) fn list(client: &Client) -> Result<Vec<ContactRequest>, ClientError> {
    let people = client.vault.read(|tx| contact::list(tx, Standing::Request))?;
    let checked = places::are_checked(client, &people)?;
    client.vault.read(|tx| {
        let contacts = contact::list(tx, Standing::Contact)?;
        let requests = people.iter().zip(checked);
        requests.map(|(person, checked)| to_request(tx, person, &contacts, checked)).collect()
    })
}

fn to_request(
    tx: &Tx<'_>,
    person: &Person,
    contacts: &[Person],
    checked: Option<bool>,
) -> Result<ContactRequest, ClientError> {
    let texts = inbox::all_of(tx, person.id)?.into_iter().filter_map(|row| match row.body {
        ReceivedBody::Text(text) => Some(text),
        _ => None,
    });
    let namesake =
        contacts.iter().find(|known| known.name == person.name && known.server_id == person.server_id);
    Ok(ContactRequest {
        label: person.shown().to_owned(),
        address: person.address(),
        claims: namesake.map(|known| known.shown().to_owned()),
        checked,
        texts: texts.collect(),
        received_at: person.added_at,
    })
}

fn expect(tx: &Tx<'_>, label: &str) -> Result<Person, ClientError> {
    contact::by_label(tx, label)?.ok_or_else(|| ClientError::NoSuchRequest { label: label.to_owned() })
}

/// See [`Client::accept`]. The name is checked on a fresh anonymous connection, to the host of the address that
/// the person was shown; that of a contact, to the contact's.
pub(crate) fn accept(client: &Client, label: &str, alias: Option<&str>) -> Result<Contact, ClientError> {
    give_up::check(&client.vault)?;
    let me = client.vault.me()?;
    let person = client.vault.read(|tx| expect(tx, label))?;
    let alias = alias.unwrap_or(label);
    check_alias(alias)?;
    client.vault.read(|tx| refuse_taken_alias(tx, alias, Some(person.id)))?;
    if let Some(known) = client.vault.read(|tx| known_as(tx, &person))? {
        return accept_from_known(client, &person, &known);
    }
    let address = person.address();
    let found = run(look_up(client, &address, pin_of(&address, &me)?))?;
    if found.server_id != person.server_id {
        return Err(ClientError::WrongServer { host: person.at.to_string() });
    }
    let found = &found;
    client.vault.erase(|tx| {
        refuse_taken_alias(tx, alias, Some(person.id))?;
        if contact::by_name(tx, &person.name, &person.server_id)?.is_some() {
            return Err(ClientError::KeyChanged { alias: person.name.to_string() });
        }
        promote(client, tx, person.id, alias)?;
        if found.fingerprint == person.fingerprint {
            contact::set_record(tx, person.id, &found.record, Some(found.place), tx.now())?;
            return queue_accept(tx, person.id);
        }
        let successor = contact::by_fingerprint(tx, &found.fingerprint)?;
        if let Some(successor) = &successor {
            contact::absorb(tx, person.id, successor.id)?;
        }
        contact::set_record(tx, person.id, &found.record, Some(found.place), tx.now())?;
        match successor {
            // He wrote under the present key too: that conversation goes on.
            Some(_) if *contact::conversation(tx, person.id)?.theirs() == found.fingerprint => {
                queue_accept(tx, person.id)
            }
            _ => begin_with_successor(tx, person.id, &me, found),
        }
    })?;
    // The ACCEPT is committed: if it cannot leave now, it leaves with the next command.
    match run(flush_all(client)) {
        Err(error) if error.exit_code() == 7 => return Err(error.after_keeping()),
        _ => {}
    }
    client.vault.read(|tx| to_contact(tx, &contact::by_id(tx, person.id)?))
}

/// The request came under a key that was replaced since, perhaps because it was stolen: the present key only is
/// answered, in a conversation of its own, by a first message without words.
fn begin_with_successor(tx: &Tx<'_>, id: i64, me: &Me, found: &Found) -> Result<(), ClientError> {
    contact::set_conversation(tx, id, &Conversation::new(me.fingerprint, found.fingerprint))?;
    stamp::drop_all(tx, id)?;
    contact::set(tx, id, "inbox_sid", None::<[u8; 16]>)?;
    contact::set(tx, id, "answered", false)?;
    recover::introduce(tx, id).map(drop)
}

/// The contact whose name a request claims.
fn known_as(tx: &Tx<'_>, request: &Person) -> Result<Option<Person>, ClientError> {
    contact::by_name(tx, &request.name, &request.server_id)
}

/// A contact wrote under a new key: followed if the old one signed it. A superseded key begins nothing.
fn accept_from_known(client: &Client, request: &Person, known: &Person) -> Result<Contact, ClientError> {
    if !is_of_known(client, request, known)? {
        let alias = known.shown().to_owned();
        return Err(match run(is_of_former_key(client, request, known))? {
            true => ClientError::FormerKey { alias, label: request.shown().to_owned() },
            false => ClientError::KeyChanged { alias },
        });
    }
    match run(flush_all(client)) {
        Err(error) if error.exit_code() == 7 => return Err(error.after_keeping()),
        _ => {}
    }
    client.vault.read(|tx| to_contact(tx, &contact::by_id(tx, known.id)?))
}

/// Whether a request is the contact's whose name it claims, by the record that is pinned, and not by what the request says
/// of itself: following the key took it along then. One of a key that was replaced since never is, for that may be stolen.
fn is_of_known(client: &Client, request: &Person, known: &Person) -> Result<bool, ClientError> {
    run(recheck(client, known))?;
    let writer = client.vault.read(|tx| contact::by_fingerprint(tx, &request.fingerprint))?;
    Ok(writer.is_none_or(|writer| writer.id == known.id))
}

/// Whether the name had the request's key before the one that it has now, not too many changes ago.
async fn is_of_former_key(client: &Client, request: &Person, known: &Person) -> Result<bool, ClientError> {
    let mut looking =
        LookingUp::of(&client.options, &known.at, Pin::Full(known.server_id), &known.name).await?;
    let found = looking.own_record(&request.fingerprint).await?;
    looking.close().await;
    Ok(found.fingerprint != request.fingerprint && found.has_had(|each| *each == request.fingerprint))
}

/// A look-up that says that it is not the contact, or cannot say that it is, keeps nobody from declining.
fn is_of_nobody_known(error: ClientError) -> Result<bool, ClientError> {
    match error.is_temporary() || error.exit_code() == 7 {
        true => Err(error),
        false => Ok(false),
    }
}

/// See [`Client::decline`].
pub(crate) fn decline(client: &Client, label: &str) -> Result<Declined, ClientError> {
    let person = client.vault.read(|tx| expect(tx, label))?;
    // What a contact writes under a new key would be dropped for good, and its sender told that it is stored.
    if let Some(known) = client.vault.read(|tx| known_as(tx, &person))?
        && is_of_known(client, &person, &known).or_else(is_of_nobody_known)?
    {
        return Ok(Declined::WasContact(
            client.vault.read(|tx| to_contact(tx, &contact::by_id(tx, known.id)?))?,
        ));
    }
    client.vault.erase(|tx| {
        let person = expect(tx, label)?;
        tx.execute("UPDATE contact SET standing = 2, label = NULL WHERE id = ?1", [person.id])?;
        tx.execute("UPDATE message SET body = x'', handled = 1, shown = 0 WHERE contact = ?1", [person.id])?;
        asked::forget(tx, person.id)
    })?;
    Ok(Declined::Dropped)
}

/// Puts an ACCEPT into the outbox, once.
pub(crate) fn queue_accept(tx: &Tx<'_>, id: i64) -> Result<(), ClientError> {
    let person = contact::by_id(tx, id)?;
    if person.accept_sent || person.inbox.is_none() {
        return Ok(());
    }
    // However often a contact began anew since: one answer, with one allotment of stamps.
    if outbox::has_waiting(tx, id, OutKind::Accept)? {
        return contact::set(tx, id, "accept_sent", true);
    }
    let message_id = MessageId::random(&mut tx.rng());
    outbox::insert(tx, id, &message_id, OutKind::Accept, "", None, tx.now())?;
    recover::ask_for_former_stream(tx, id)?;
    contact::set(tx, id, "accept_sent", true)
}
