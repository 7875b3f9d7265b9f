//! The checkers of what heals: a client that mends what it broke itself would keep every other promise.

use client::{Client, LogState, Notice, ReceivedBody};

use crate::run::Run;

/// Whoever has so many stamps of another's left, or fewer, is sent new ones within minutes (`spec/vault.md`).
const STAMPS_LOW: u32 = 64;

/// Nobody hears of another copy, or of a relay that went back, where there is none: what was acknowledged is in the
/// vault, and what is in flight is spent once.
pub(crate) fn no_false_alarm(run: &mut Run) -> Vec<String> {
    let mut found = Vec::new();
    if run.rolled_back {
        return found;
    }
    for who in 0..run.people.len() {
        let notices = run.person(who).look(Client::take_notices).unwrap_or_default();
        let about_pairing = |notice: &Notice| matches!(notice, Notice::Paired { .. } | Notice::NotPaired(_));
        let alarms = notices.into_iter().filter(|notice| !about_pairing(notice));
        let name = run.name(who);
        found.extend(alarms.map(|notice| format!("false alarm: {name} is told of {notice:?}")));
    }
    found
}

/// Whatever relays and vaults went through, an honest log is believed, and nobody has a proof against its relay.
pub(crate) fn logs_are_believed(run: &mut Run) -> Vec<String> {
    let mut found = Vec::new();
    for who in 0..run.people.len() {
        for standing in run.person(who).look(Client::log_standings).unwrap_or_default() {
            match standing.state {
                LogState::Good | LogState::Silent => run.count("logs replayed"),
                LogState::Unread => {}
                LogState::Trouble(trouble) => {
                    let name = run.name(who);
                    found.push(format!("log: {name} finds that of {} {trouble:?}", standing.server));
                }
            }
            if standing.fraud.is_some() {
                found.push(format!("log: {} has a proof against {}", run.name(who), standing.server));
            }
        }
    }
    found
}

/// Of what expired, people were told as much as their relays told: no more, and whatever connection broke in between.
pub(crate) fn what_expired_is_told(run: &Run, expired: u64) -> Option<String> {
    let told = run.book.expired;
    let excused = run.rolled_back || run.book.died_at_a_pull;
    (told != expired && !excused)
        .then(|| format!("P1: relays told of {expired} expired envelopes, and people were told of {told}"))
}

/// Where no envelope was lost, none stays set aside, no conversation begins anew, and nobody runs out of stamps.
pub(crate) fn nothing_had_to_heal(run: &mut Run) -> Vec<String> {
    let mut found = Vec::new();
    // A change of key that died half-way was brought to its end by whatever came next.
    for person in &mut run.people {
        if let Ok(address) = person.look(Client::address)
            && !person.addresses.contains(&address)
        {
            person.addresses.push(address);
        }
    }
    for who in 0..run.people.len() {
        let name = run.name(who);
        let aside = run.person(who).look(Client::quarantine).unwrap_or_default();
        for contact in run.contacts(who) {
            let alias = &contact.alias;
            if contact.connected && contact.stamps <= STAMPS_LOW {
                found.push(format!("healed: {name} has {} stamps of {alias} left", contact.stamps));
            }
            let log = run.person(who).look(|client| client.log(alias, None)).unwrap_or_default();
            // Under another key a conversation begins anew, and what was sealed for the one before may stay closed.
            let [mine, theirs] = [who, run.whose(&contact)].map(|one| run.people.get(one));
            if [mine, theirs].into_iter().flatten().any(|person| person.addresses.len() > 1) {
                continue;
            }
            for _ in aside.iter().filter(|one| one.from.as_ref() == Some(alias)) {
                found.push(format!("healed: what {name} got of {alias} never opened"));
            }
            // Who hears nothing for longer than a doorstep keeps begins anew by himself, also where nothing expired.
            let holidays = run.scenario.faults.expiry;
            if !holidays && log.iter().any(|entry| entry.body == ReceivedBody::BegunAnew) {
                found.push(format!("healed: {alias} began anew with {name}"));
            }
        }
    }
    found.truncate(8);
    found
}
