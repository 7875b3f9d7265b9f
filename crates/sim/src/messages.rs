//! What people write and pull.

use std::time::Duration;

use client::{Contact, Handled, SendOptions, SentState};

use crate::book::{Expires, Outcome, Said, short};
use crate::person::{Shown, Tried};
use crate::run::Run;

impl Run {
    pub(crate) fn send(&mut self, who: usize) {
        let contacts = self.contacts(who);
        let Some(contact) = self.random.choose(&contacts).cloned() else { return };
        let bytes = match self.random.below(100) {
            // What is too long for a first message would wait for an answer to nothing.
            _ if !contact.connected => 0,
            0..85 => 0,
            85..92 => 1_800,
            92..98 => 10_000,
            _ => 50_000,
        };
        let count = if self.random.happens(60) { 1 + self.random.below(40) } else { 1 };
        for _ in 0..count {
            let said = self.words_for(who, &contact, bytes);
            self.say(said);
        }
    }

    pub(crate) fn words_for(&mut self, who: usize, contact: &Contact, bytes: u64) -> Said {
        let text = self.book.next_text(
            &self.name(who),
            contact.address.name.as_str(),
            usize::try_from(bytes).unwrap_or(0),
        );
        let key = self.random.happens(400).then(|| format!("key {}", self.book.said.len()));
        let to = self.whose(contact);
        Said {
            from: who,
            to,
            alias: contact.alias.clone(),
            text,
            key,
            quotes: None,
            expire_s: None,
            expires: self.book.agreed(who, to, &contact.alias),
            outcome: Outcome::Died,
            at: 0,
        }
    }

    /// Sends, and notes what came of it.
    pub(crate) fn say(&mut self, mut said: Said) {
        let points = self.death(120);
        said.outcome = self.hand_over(&said, points);
        said.at = self.clock();
        self.book.said.push(said);
    }

    fn hand_over(&mut self, said: &Said, points: Option<u32>) -> Outcome {
        let options = SendOptions {
            idempotency: said.key.clone(),
            quotes: said.quotes.clone(),
            expire: said.expire_s.map(Duration::from_secs),
            ..SendOptions::default()
        };
        let tried = self
            .person(said.from)
            .attempt(points, |client, _| client.send(&said.alias, &said.text, &options));
        let died = matches!(tried, Tried::Died);
        let what = format!("sending '{}'", short(&said.text));
        let Some(sent) = self.note(said.from, &what, tried) else {
            return if died { Outcome::Died } else { Outcome::Failed };
        };
        let name = self.name(said.from);
        self.tell(format!("{name}: {what}: {:?}", sent.state));
        match sent.state {
            SentState::Stored => Outcome::Stored,
            SentState::Queued(_) => Outcome::Queued,
        }
    }

    /// The same key again: whoever is not sure repeats himself.
    pub(crate) fn send_again(&mut self, who: usize) {
        let mine: Vec<usize> = (0..self.book.said.len())
            .filter(|place| {
                self.book.said.get(*place).is_some_and(|said| said.from == who && said.key.is_some())
            })
            .collect();
        let Some(place) = self.random.choose(&mine).copied() else { return };
        let Some(mut said) = self.book.said.get(place).cloned() else { return };
        // Which of both times says it is not known.
        let agreed = self.book.agreed(who, said.to, &said.alias);
        if said.expire_s.is_none() && agreed != said.expires {
            said.expires = Expires::Unknown;
        }
        let points = self.death(120);
        let outcome = self.hand_over(&said, points);
        let at = self.clock();
        if let Some(known) = self.book.said.get_mut(place) {
            known.expires = said.expires;
        }
        if let (Some(said), true) = (self.book.said.get_mut(place), outcome == Outcome::Stored) {
            (said.outcome, said.at) = (outcome, at);
        }
    }

    pub(crate) fn pull(&mut self, who: usize) {
        let (mood, after) = (self.random.below(10), self.random.below(5));
        let points = self.death(150);
        self.pull_in(who, points, mood, after);
    }

    /// Pulls in one of some moods: takes all, takes nothing, or stops after some.
    pub(crate) fn pull_in(&mut self, who: usize, points: Option<u32>, mood: u64, after: u64) -> bool {
        let mut shown = Vec::new();
        let mut taken = 0;
        let tried = self.person(who).pull(points, &mut shown, || {
            taken += 1;
            match mood {
                0 => Handled::NoAndStop,
                1 if taken > after => Handled::NoAndStop,
                2 if taken > after => Handled::YesAndStop,
                _ => Handled::Yes,
            }
        });
        let any = !shown.is_empty();
        for shown in &shown {
            let name = self.name(who);
            let Shown { number, missing_before, taken, .. } = shown;
            let text = short(&shown.text).to_owned();
            self.tell(format!("{name} sees '{text}' ({number}, missing {missing_before}, taken {taken})"));
        }
        let at = self.clock();
        if let Some(book) = self.book.shown.get_mut(who) {
            book.extend(shown.into_iter().map(|shown| Shown { at, ..shown }));
        }
        self.book.died_at_a_pull |= matches!(tried, Tried::Died);
        let Some(summary) = self.note(who, "pulling", tried) else { return any };
        self.book.expired += u64::from(summary.expired);
        let name = self.name(who);
        if let Some(error) = &summary.unreachable {
            self.note_copy(who, error);
            self.judge(&name, "pulling", error);
        } else {
            let clock = self.clock();
            self.person(who).drained_at = clock;
        }
        if summary.quarantined > 0 || summary.expired > 0 {
            let (quarantined, expired) = (summary.quarantined, summary.expired);
            self.tell(format!("{name} pulled: {quarantined} set aside, {expired} expired"));
        }
        any
    }

    pub(crate) fn collect(&mut self, who: usize) {
        let points = self.death(200);
        let tried = self.person(who).attempt(points, |client, _| client.collect());
        if self.note(who, "collecting", tried).is_some() {
            let clock = self.clock();
            self.person(who).drained_at = clock;
        }
    }

    pub(crate) fn flush(&mut self, who: usize) {
        let points = self.death(200);
        let tried = self.person(who).attempt(points, |client, _| client.flush());
        self.note(who, "flushing", tried);
    }
}
