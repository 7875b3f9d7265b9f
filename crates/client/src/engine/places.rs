//! What the public logs say of the places in them that first messages name.

use super::{
    ledger::{Stand, replay_reached, said_of, tag_of},
    run,
};
use crate::{
    Client, ClientError,
    vault::{
        Tx,
        contact::{self, Person, Standing},
        ledger,
    },
};

/// Tags of strangers' names that are computed for one look: strangers are many, and each takes a tenth of a second.
const TAGS_AT_ONCE_MAX: u32 = 8;

/// What first messages say of their senders' places in the logs of their servers; `None` where such a log is not here or
/// was read before the message came, and where too many tags would have to be computed for one look.
pub(crate) fn are_checked(client: &Client, people: &[Person]) -> Result<Vec<Option<bool>>, ClientError> {
    let mut left = TAGS_AT_ONCE_MAX;
    people.iter().map(|person| is_checked(client, person, &mut left)).collect()
}

fn is_checked(client: &Client, person: &Person, left: &mut u32) -> Result<Option<bool>, ClientError> {
    let has_log = |tx: &Tx<'_>| Ok(ledger::get(tx, &person.server_id)?.is_some_and(|row| row.head.is_some()));
    let (Some(place), true) = (person.place, client.vault.read(has_log)?) else { return Ok(None) };
    if client.vault.read(|tx| came_after_log(tx, person))? {
        return Ok(None);
    }
    if client.vault.read(|tx| ledger::tag(tx, &person.server_id, &person.name))?.is_none() {
        let Some(less) = left.checked_sub(1) else { return Ok(None) };
        *left = less;
    }
    let tag = tag_of(client, &person.server_id, &person.name)?;
    let said = client.vault.read(|tx| said_of(tx, &person.server_id, &tag, &place))?;
    Ok(match said {
        Stand::Newest => Some(true),
        // It was in order when it was written, perhaps; whoever accepts it learns more.
        Stand::Newer => None,
        Stand::Other | Stand::NotYet => Some(false),
    })
}

/// Whether somebody's place was not in the log yet when that was read last, before the first message came: whoever
/// registered since is no less in it.
fn came_after_log(tx: &Tx<'_>, person: &Person) -> Result<bool, ClientError> {
    let (Some(place), Some(row)) = (person.place, ledger::get(tx, &person.server_id)?) else {
        return Ok(false);
    };
    let is_there = ledger::leaf(tx, &person.server_id, place.leaf_index)?.is_some();
    // Of the same second nobody knows which was first.
    Ok(!is_there && row.replayed_at.0 <= person.added_at.0)
}

/// See [`Client::check_requests`]. Servers of strangers are asked for nothing before their owner accepts (P14).
pub(crate) fn check_requests(client: &Client) -> Result<(), ClientError> {
    let me = client.vault.me()?;
    let is_due = client.vault.read(|tx| {
        let people = contact::list(tx, Standing::Request)?;
        let mine = people.iter().filter(|person| person.server_id == me.server_id);
        mine.map(|person| came_after_log(tx, person)).try_fold(false, |due, one| one.map(|one| due || one))
    })?;
    if !is_due {
        return Ok(());
    }
    match run(replay_reached(client, &me.server_id, &me.at)) {
        Err(error) if error.exit_code() == 7 => Err(error),
        // What is not known is not said.
        _ => Ok(()),
    }
}
