//! The checkers: one for each promise, asked when a run has come to rest.

use std::collections::{BTreeMap, BTreeSet};

use client::{Client, Direction, LogEntry, OutboxState, ReceivedBody};

use crate::book::{Expires, Outcome, short};
use crate::person::Shown;
use crate::run::Run;
use crate::sayings::sha256_hex;
use crate::{checks_healed, checks_paired, checks_said, checks_timed};

/// For so long a message is sealed again, less the days until somebody asks.
const KEPT_S: u64 = 27 * 86_400;

/// What one person wrote to another, as both vaults and the screen have it.
pub(crate) struct Pair {
    pub(crate) from: String,
    pub(crate) to: String,
    /// Of the sender's history, what has words.
    pub(crate) sent: Vec<LogEntry>,
    /// Of the recipient's.
    pub(crate) received: Vec<LogEntry>,
    /// Texts that wait in a request of this sender.
    requested: BTreeSet<String>,
    /// What either history says was taken back, by id.
    pub(crate) taken_back: [BTreeSet<String>; 2],
    /// What the sender's history says was read, taken back or not: id, when, and what.
    pub(crate) read: Vec<(String, u64, String)>,
    /// What the recipient took from the screen, in order.
    pub(crate) taken: Vec<Shown>,
    /// What the recipient was shown of which files, by the id of the message: SHA-256 of the bytes themselves.
    pub(crate) files: BTreeMap<String, String>,
    /// The recipient's vault was restored from a copy, and with it what was shown was forgotten.
    pub(crate) forgetful: bool,
    /// The sender's was, and what was said after the copy was forgotten.
    pub(crate) sender_forgot: bool,
}

/// Asks every checker.
pub(crate) fn check(run: &mut Run) {
    let pairs = pairs(run);
    let expired: u64 = run.net.lock().relays.iter().flat_map(|relay| relay.expired.values()).sum();
    // A change of key during a first contact begins another stream, and a history does not say where.
    let streams_are_known = !run.scenario.faults.early_rotation && !run.rolled_back;
    let mut found = Vec::new();
    let now = run.clock();
    let since = if run.rolled_back { now.saturating_sub(KEPT_S) } else { 0 };
    let missing: Vec<String> = pairs.iter().flat_map(|pair| missing(pair, since, run)).collect();
    if missing.len() as u64 > expired {
        found.extend(missing);
    }
    for pair in &pairs {
        found.extend(shown_once(pair));
        if streams_are_known {
            found.extend(in_order(pair));
            found.extend(gaps_are_shown(pair));
        }
    }
    found.extend(said_and_kept(run, &pairs));
    if expired == 0 {
        found.extend(pairs.iter().flat_map(|pair| checks_said::both_agree(pair, &run.book, since)));
    }
    found.extend(pairs.iter().flat_map(|pair| checks_timed::as_they_were_said(pair, &run.book)));
    found.extend(pairs.iter().flat_map(|pair| checks_timed::nothing_outlives_its_time(pair, &run.book, now)));
    found.extend(pairs.iter().flat_map(|pair| checks_timed::read_after_shown(pair, &run.book)));
    found.extend(checks_paired::check(run));
    found.extend(wedged(run));
    found.extend(checks_healed::no_false_alarm(run));
    found.extend(checks_healed::logs_are_believed(run));
    found.extend(checks_healed::what_expired_is_told(run, expired));
    if streams_are_known && expired == 0 {
        found.extend(checks_healed::nothing_had_to_heal(run));
    }
    for pair in &pairs {
        let stored = pair.sent.iter().filter(|entry| entry.outgoing == Some(OutboxState::Stored));
        stored.for_each(|_| run.count("texts stored"));
    }
    for what in found {
        run.broken(what);
    }
}

fn pairs(run: &mut Run) -> Vec<Pair> {
    let people = run.people.len();
    let mut pairs = Vec::new();
    for from in 0..people {
        for to in (0..people).filter(|to| *to != from) {
            let names = [from, to].map(|who| run.people.get(who).map(|person| person.name.to_string()));
            let [Some(sender), Some(recipient)] = names else { continue };
            let (theirs, his) = (alias(run, from, &recipient), alias(run, to, &sender));
            let sent = history(run, from, &theirs, Direction::Sent);
            let received = history(run, to, &his, Direction::Received);
            let taken_back = [taken_back(&sent), taken_back(&received)];
            let read = |entry: &LogEntry| {
                let text = entry.body.text().unwrap_or("what was taken back");
                Some((entry.id.clone(), entry.read_at?.0, short(text).to_owned()))
            };
            let read = sent.iter().filter_map(read).collect();
            let [sent, received] = [sent, received].map(with_words);
            let files = files(run, to, &received);
            let shown = run.book.shown.get(to).into_iter().flatten();
            let taken = shown.filter(|shown| shown.taken && shown.from == his).cloned().collect();
            let [sender_forgot, forgetful] = [from, to].map(|who| run.forgetful.contains(&who));
            let requested = requested(run, to, &sender);
            requested.iter().for_each(|_| run.count("texts left in a request"));
            let (from, to) = (sender, recipient);
            pairs.push(Pair {
                from,
                to,
                sent,
                received,
                requested,
                taken_back,
                read,
                taken,
                files,
                forgetful,
                sender_forgot,
            });
        }
    }
    pairs
}

/// What one person calls another; the name where they do not know each other.
fn alias(run: &mut Run, who: usize, name: &str) -> String {
    let contacts =
        run.people.get_mut(who).and_then(|person| person.look(Client::contacts).ok()).unwrap_or_default();
    let known = contacts.into_iter().find(|contact| contact.address.name.as_str() == name);
    known.map_or_else(|| name.to_owned(), |contact| contact.alias)
}

/// One direction of a history; empty where there is no such contact.
fn history(run: &mut Run, who: usize, alias: &str, direction: Direction) -> Vec<LogEntry> {
    let Some(person) = run.people.get_mut(who) else { return Vec::new() };
    let log = person.look(|client| client.log(alias, None)).unwrap_or_default();
    log.into_iter().filter(|entry| entry.direction == direction).collect()
}

/// What was received of files that are whole, read back as a person would save it.
fn files(run: &mut Run, who: usize, received: &[LogEntry]) -> BTreeMap<String, String> {
    let Some(person) = run.people.get_mut(who) else { return BTreeMap::new() };
    let whole = received
        .iter()
        .filter(|entry| matches!(entry.body, ReceivedBody::File(_)) && checks_said::is_whole(&entry.body));
    whole
        .map(|entry| {
            let mut bytes = Vec::new();
            let written = person.look(|client| client.write_file(&entry.id, &mut bytes));
            let sum = written.map_or_else(|error| format!("{error:?}"), |()| sha256_hex(&bytes));
            (entry.id.clone(), sum)
        })
        .collect()
}

fn with_words(log: Vec<LogEntry>) -> Vec<LogEntry> {
    log.into_iter().filter(|entry| entry.body.text().is_some()).collect()
}

fn taken_back(log: &[LogEntry]) -> BTreeSet<String> {
    log.iter().filter(|entry| entry.body == ReceivedBody::TakenBack).map(|entry| entry.id.clone()).collect()
}

/// What somebody said under a key that was superseded before anybody let him in stays in the request.
fn requested(run: &mut Run, who: usize, name: &str) -> BTreeSet<String> {
    let Some(person) = run.people.get_mut(who) else { return BTreeSet::new() };
    let requests = person.look(Client::requests).unwrap_or_default();
    let his = requests.into_iter().filter(|request| request.address.name.as_str() == name);
    his.flat_map(|request| request.texts).collect()
}

/// P1: what was stored is there, unless it had a time and was shown. What a vault or a relay forgot that went back is
/// sealed again for thirty days. What a device had that was lost with everything but the words on paper is gone with it: a
/// key that nobody vouches for is not told again what another was told.
fn missing(pair: &Pair, since: u64, run: &Run) -> Vec<String> {
    let versions = &run.book.versions;
    let received: BTreeSet<&str> = pair.received.iter().map(|entry| entry.id.as_str()).collect();
    let timed = pair.taken.iter().filter(|shown| shown.expire_s.is_some());
    let timed: BTreeSet<&str> = timed.map(|shown| shown.id.as_str()).collect();
    let texts_of = |entry: &LogEntry| {
        let before = versions.get(&entry.id).into_iter().flatten().cloned();
        before.chain(entry.body.text().map(str::to_owned)).collect::<Vec<_>>()
    };
    // In a request only the words can be seen, those of before an edit or of after it.
    let requested = |entry: &LogEntry| texts_of(entry).iter().any(|text| pair.requested.contains(text));
    // Whoever goes back may have forgotten that he took it back; the other side may have heard of that only.
    let was_taken_back = |entry: &LogEntry| {
        pair.sender_forgot
            && (run.book.taken_back_ids.contains(&entry.id)
                || texts_of(entry).iter().any(|text| run.book.taken_back.contains(text)))
    };
    let stored = pair.sent.iter().filter(|entry| entry.outgoing == Some(OutboxState::Stored));
    stored
        .filter(|entry| !was_taken_back(entry))
        .filter(|entry| entry.at.0 >= since && !received.contains(entry.id.as_str()) && !requested(entry))
        .filter(|entry| !timed.contains(entry.id.as_str()) && !run.book.lost.contains(&entry.id))
        .map(|entry| (entry.number, entry.body.text().unwrap_or_default()))
        .map(|(number, text)| format!("P1: '{}' (number {number}) was stored and is lost", short(text)))
        .collect()
}

/// P1: what `send` called stored is called stored by the outbox.
fn said_and_kept(run: &Run, pairs: &[Pair]) -> Vec<String> {
    // What was edited, taken back or had a time is not in the vault as it was said.
    let changed = |text: &str| {
        run.book.taken_back.contains(text)
            || run.book.versions.values().flatten().any(|before| before == text)
    };
    let stored: BTreeSet<&str> = pairs
        .iter()
        .flat_map(|pair| &pair.sent)
        .filter(|entry| entry.outgoing == Some(OutboxState::Stored))
        .filter_map(|entry| entry.body.text())
        .collect();
    let said = run.book.said.iter().filter(|said| said.outcome == Outcome::Stored);
    said.filter(|said| !stored.contains(said.text.as_str()) && !changed(&said.text))
        // Whoever goes back forgets what was said since.
        .filter(|said| said.expires == Expires::Never && !run.forgetful.contains(&said.from))
        .map(|said| format!("P1: {said} is not stored in the sender's vault"))
        .collect()
}

/// P2: each text is in the history once, and was taken from the screen once; nothing is there that nobody sent.
fn shown_once(pair: &Pair) -> Vec<String> {
    let mut found = Vec::new();
    let mut taken: BTreeMap<&str, u32> = BTreeMap::new();
    for shown in &pair.taken {
        *taken.entry(&shown.id).or_default() += 1;
    }
    for shown in
        pair.taken.iter().filter(|shown| taken.get(shown.id.as_str()).is_some_and(|times| *times > 1))
    {
        if !pair.forgetful {
            found.push(format!("P2: '{}' was taken more than once", short(&shown.text)));
        }
    }
    let mut kept = BTreeSet::new();
    let begin = format!("{}>{} #", pair.from, pair.to);
    for entry in &pair.received {
        let Some(text) = entry.body.text() else { continue };
        if !kept.insert(text) {
            found.push(format!("P2: '{}' is twice in the history", short(text)));
        }
        if !text.starts_with(&begin) {
            found.push(format!("P2: '{}' is in the history of {} with {}", short(text), pair.to, pair.from));
        }
        // A question is handled by its answer also where nobody was shown it.
        let needs_none =
            matches!(entry.body, ReceivedBody::Question { .. }) || !checks_said::is_whole(&entry.body);
        if !taken.contains_key(entry.id.as_str()) && !needs_none {
            found.push(format!("P2: '{}' was never taken from the screen", short(text)));
        }
    }
    found
}

/// P3: in each stream of the sender, rising numbers: as he counted them, and in the recipient's history.
fn in_order(pair: &Pair) -> Vec<String> {
    let mut found = Vec::new();
    for (place, stream) in pair.streams().iter().enumerate() {
        let sent = numbers_of(stream);
        // What was received in a former stream and sealed anew since has the number of then.
        let received =
            pair.received.iter().filter(|entry| sent.get(entry.id.as_str()) == Some(&entry.number));
        let numbers: Vec<u64> = received.map(|entry| entry.number).collect();
        if !numbers.windows(2).all(|two| matches!(two, [one, next] if one < next)) {
            let Pair { from, to, .. } = pair;
            found.push(format!("P3: {to} has stream {place} of {from} out of order: {numbers:?}"));
        }
    }
    found
}

/// P3: a text that came after a later one, or never, was missing visibly: the first text shown beyond it said so.
fn gaps_are_shown(pair: &Pair) -> Vec<String> {
    let mut found = Vec::new();
    for stream in pair.streams() {
        // A file is shown once it is whole, and nothing waits for it.
        let mut stream = stream;
        stream.retain(|entry| !matches!(entry.body, ReceivedBody::File(_)));
        let sent = numbers_of(&stream);
        let (taken, in_another): (Vec<&Shown>, Vec<&Shown>) = pair
            .taken
            .iter()
            .filter(|shown| sent.contains_key(shown.id.as_str()))
            .partition(|shown| sent.get(shown.id.as_str()) == Some(&shown.number));
        stream.retain(|entry| in_another.iter().all(|shown| shown.id != entry.id));
        // What stays in a request was said in a stream of its own.
        let elsewhere =
            |entry: &LogEntry| entry.body.text().is_some_and(|text| pair.requested.contains(text));
        for entry in stream.into_iter().filter(|entry| !elsewhere(entry)) {
            let own = taken.iter().position(|shown| shown.id == entry.id);
            // A question that was answered is handled, and shown to nobody any more.
            if own.is_none() && matches!(entry.body, ReceivedBody::Question { .. }) {
                continue;
            }
            let (number, own) = (entry.number, own.unwrap_or(usize::MAX));
            let beyond = taken.iter().position(|shown| shown.number > number);
            let Some(beyond) = beyond.filter(|place| *place < own) else { continue };
            let Some(beyond) = taken.get(beyond) else { continue };
            // What was taken back since may have said so: it is in no history, but it was shown. So may a file.
            let of_history = |shown: &Shown| pair.sent.iter().find(|entry| entry.id == shown.id);
            let is_other = |shown: &Shown| {
                of_history(shown).is_none_or(|entry| matches!(entry.body, ReceivedBody::File(_)))
            };
            let before = pair.taken.iter().take_while(|shown| shown.id != beyond.id);
            let told_by_another = before
                .filter(|shown| shown.number > number && is_other(shown))
                .any(|shown| shown.missing_before > 0);
            if beyond.missing_before == 0 && !told_by_another {
                let text = entry.body.text().unwrap_or_default();
                found.push(format!("P3: '{}' (number {number}) was missing in silence", short(text)));
            }
        }
    }
    found
}

/// The number of each of these, by id.
fn numbers_of<'a>(stream: &[&'a LogEntry]) -> BTreeMap<&'a str, u64> {
    stream.iter().map(|entry| (entry.id.as_str(), entry.number)).collect()
}

impl Pair {
    /// What was sealed, split where the numbers begin anew: after a change of keys another stream begins.
    fn streams(&self) -> Vec<Vec<&LogEntry>> {
        let mut streams: Vec<Vec<&LogEntry>> = Vec::new();
        for entry in self.sent.iter().filter(|entry| entry.number > 0) {
            let goes_on = streams
                .last()
                .and_then(|stream| stream.last())
                .is_some_and(|last| last.number < entry.number);
            match streams.last_mut() {
                Some(stream) if goes_on => stream.push(entry),
                _ => streams.push(vec![entry]),
            }
        }
        streams
    }
}

/// Nothing waits any more once everybody was there and luck was good.
fn wedged(run: &mut Run) -> Vec<String> {
    let mut found = Vec::new();
    for person in &mut run.people {
        let name = person.name.to_string();
        match person.look(Client::outbox) {
            Ok(outbox) => found.extend(outbox.into_iter().map(|entry| {
                format!("wedged: {name} to {}: still {} ({:?})", entry.to, entry.state.word(), entry.reason)
            })),
            Err(error) => found.push(format!("{name}: the outbox cannot be read: {error:?}")),
        }
    }
    found.truncate(8);
    found
}
