//! Contacts who gave their name up: nothing is sealed to them any more, and whoever has the name next is somebody else
//! (`spec/vault.md § A contact's name that is given up`).

use crate::{
    Client, ClientError,
    vault::{
        Tx,
        contact::{self, Person},
        int, outbox, stamp,
    },
};

/// Why what waited for such a contact never leaves.
const GIVEN_UP: &str = "the name was given up by its owner";

/// Passes on what a look-up of a contact came to. That the name was given up, which its key signed, is noted first.
pub(crate) fn noted<T>(
    client: &Client,
    person: &Person,
    looked_up: Result<T, ClientError>,
) -> Result<T, ClientError> {
    if matches!(looked_up, Err(ClientError::GivenUp { .. })) {
        client.vault.erase(|tx| note(tx, person.id))?;
    }
    looked_up
}

fn note(tx: &Tx<'_>, id: i64) -> Result<(), ClientError> {
    let person = contact::by_id(tx, id)?;
    if person.given_up_at.is_some() {
        return Ok(());
    }
    contact::set(tx, id, "given_up_at", int(tx.now().0))?;
    // What they said before may be under way, and opens: only what leaves ends.
    stamp::drop_all(tx, id)?;
    outbox::refuse_all(tx, id, GIVEN_UP)
}

/// Refuses to write to a contact who gave the name up.
pub(crate) fn check(person: &Person) -> Result<(), ClientError> {
    match person.given_up_at {
        Some(_) => Err(ClientError::GivenUp { name: person.name.to_string(), host: person.at.to_string() }),
        None => Ok(()),
    }
}
