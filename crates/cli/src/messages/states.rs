//! Words for states: what programs read stays English, what people read is here.

use client::{OutboxState, Trust, Verdict};

use super::table::messages;

messages! {
    unverified: en "unverified", fr "non vérifié";
    verified: en "verified", fr "vérifié";
    verified_before: en "verified before this key", fr "vérifié avant cette clé";
    changed: en "changed", fr "clé changée";

    given_up: en "gave the name up", fr "a abandonné le nom";
    blocked: en "blocked", fr "bloqué";
    not_connected: en "not connected yet", fr "pas encore en contact";
    disappear_after(time): en "texts disappear after {time}", fr "les textes disparaissent après {time}";
    gets_receipts: en "gets receipts", fr "reçoit des accusés de lecture";
    may_hold(stamps): en "may hold {stamps} stamps", fr "peut tenir {stamps} timbres";
    flooded(stamps):
        en "flooded you: {stamps} stamps crossed off, what comes with them never arrives",
        fr "vous a inondé : {stamps} timbres rayés, ce qui vient avec eux n'arrive jamais";

    waiting: en "waiting", fr "en attente";
    sealed: en "sealed", fr "scellé";
    stored: en "stored", fr "déposé";
    refused: en "refused", fr "refusé";

    good: en "good", fr "bon";
    warning: en "warning", fr "à voir";
    bad: en "bad", fr "mauvais";

    bytes(count): en "{count} bytes", fr "{count} octets";
    kilobytes(whole, tenth): en "{whole}.{tenth} kB", fr "{whole},{tenth} ko";
    megabytes(whole, tenth): en "{whole}.{tenth} MB", fr "{whole},{tenth} Mo";
    days(count): en "{count}d", fr "{count} j";
    hours(count): en "{count}h", fr "{count} h";
    minutes(count): en "{count}m", fr "{count} min";
    seconds(count): en "{count}s", fr "{count} s";
    html_language: en "en", fr "fr";
    date_and_time: en "%Y-%m-%d %H:%M", fr "%d/%m/%Y %H:%M";
}

/// What is known of a contact's key.
pub fn trust(trust: Trust) -> &'static str {
    match trust {
        Trust::Unverified => unverified(),
        Trust::Verified => verified(),
        Trust::VerifiedBefore => verified_before(),
        Trust::Changed => changed(),
    }
}

/// Where a message of mine is.
pub fn outbox(state: OutboxState) -> &'static str {
    match state {
        OutboxState::Waiting => waiting(),
        OutboxState::Sealed => sealed(),
        OutboxState::Stored => stored(),
        OutboxState::Refused => refused(),
    }
}

/// How a thing is that `oub doctor` looked at.
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => good(),
        Verdict::Warning => warning(),
        Verdict::Bad => bad(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::{Language, in_language};

    #[test]
    fn in_english_people_and_programs_read_the_same_words() {
        for each in [Trust::Unverified, Trust::Verified, Trust::VerifiedBefore, Trust::Changed] {
            assert_eq!(trust(each), each.word());
            assert_ne!(in_language(Language::French, || trust(each)), each.word());
        }
        for each in [OutboxState::Waiting, OutboxState::Sealed, OutboxState::Stored, OutboxState::Refused] {
            assert_eq!(outbox(each), each.word());
        }
    }
}
