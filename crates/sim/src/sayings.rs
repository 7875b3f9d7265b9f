//! What people say beside texts: quotes, questions, files, other words, words taken back, words with a time.

use std::time::Duration;

use client::{
    AskOptions, Client, ClientError, Contact, Direction, LogEntry, ReceivedBody, SendOptions, SentState,
};

use crate::book::{Expires, Outcome, Said, Timer, short};
use crate::run::Run;

/// Something to say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Saying {
    Edit,
    TakeBack,
    Quote,
    Ask,
    Answer,
    File,
    Expiring,
    Timer,
    Receipts,
}

/// How often each is drawn.
const SAYINGS: [(Saying, u64); 9] = [
    (Saying::Edit, 250),
    (Saying::TakeBack, 120),
    (Saying::Quote, 140),
    (Saying::Ask, 120),
    (Saying::Answer, 140),
    (Saying::File, 110),
    (Saying::Expiring, 60),
    (Saying::Timer, 20),
    (Saying::Receipts, 60),
];
/// Lengths of files: none, less than a part, a part, a byte more, three parts.
const FILES: [usize; 5] = [0, 4_000, 60_000, 60_001, 150_000];
const HOUR_S: u64 = 3_600;

/// SHA-256 as people read it.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    crypto::sha256(&[bytes]).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Run {
    /// Somebody says something that is no text.
    pub(crate) fn say_something_else(&mut self) {
        let who = usize::try_from(self.more.below(self.people.len() as u64)).unwrap_or(0);
        let contacts = self.contacts(who);
        let Some(contact) = self.more.choose(&contacts).cloned() else { return };
        let Some(saying) = self.more.weighted(&SAYINGS) else { return };
        match saying {
            Saying::Edit => self.edit(who, &contact),
            Saying::TakeBack => self.take_back(who, &contact),
            Saying::Quote => self.quote(who, &contact),
            Saying::Expiring => self.say_for_a_while(who, &contact),
            // What is no first message would wait for an answer to nothing.
            _ if !contact.connected => {}
            Saying::Ask => self.ask(who, &contact),
            Saying::Answer => self.answer(who, &contact),
            Saying::File => self.send_file(who, &contact),
            Saying::Timer => self.set_timer(who, &contact),
            Saying::Receipts => {
                let on = self.more.happens(700);
                self.attempt(who, "receipts", |client| client.set_receipts(&contact.alias, on));
            }
        }
    }

    fn attempt<T>(
        &mut self,
        who: usize,
        what: &str,
        work: impl FnOnce(&Client) -> Result<T, ClientError>,
    ) -> Option<T> {
        let points = self.death(150);
        let tried = self.person(who).attempt(points, |client, _| work(client));
        let done = self.note(who, what, tried)?;
        let name = self.name(who);
        self.tell(format!("{name}: {what}: done"));
        Some(done)
    }

    /// One of the latest entries of a history.
    fn some_entry(&mut self, who: usize, contact: &Contact, fits: fn(&LogEntry) -> bool) -> Option<LogEntry> {
        let log = self.person(who).look(|client| client.log(&contact.alias, Some(20))).unwrap_or_default();
        let fitting: Vec<LogEntry> = log.into_iter().filter(fits).collect();
        self.more.choose(&fitting).cloned()
    }

    fn edit(&mut self, who: usize, contact: &Contact) {
        let fits = |entry: &LogEntry| {
            entry.direction == Direction::Sent && matches!(entry.body, ReceivedBody::Text(_))
        };
        let Some(entry) = self.some_entry(who, contact, fits) else { return };
        let before = entry.body.text().unwrap_or_default().to_owned();
        self.book.edits += 1;
        let text = format!("{}>{} #e{}", self.name(who), contact.address.name, self.book.edits);
        let what = format!("editing '{}' to '{text}'", short(&before));
        self.book.versions.entry(entry.id.clone()).or_default().push(before);
        let clock = self.clock();
        self.book.edited_at.insert(entry.id.clone(), clock);
        let edited = self.attempt(who, &what, |client| {
            client.edit(&contact.alias, &entry.id, &text, &SendOptions::default())
        });
        if edited.is_some() {
            self.count("texts edited");
        }
    }

    fn take_back(&mut self, who: usize, contact: &Contact) {
        let fits = |entry: &LogEntry| entry.direction == Direction::Sent && entry.body.text().is_some();
        let Some(entry) = self.some_entry(who, contact, fits) else { return };
        let text = entry.body.text().unwrap_or_default();
        let what = format!("taking back '{}'", short(text));
        self.book.taken_back.insert(text.to_owned());
        self.book.taken_back_ids.insert(entry.id.clone());
        if matches!(entry.body, ReceivedBody::Question { .. }) {
            self.book.questions_taken_back.insert(entry.id.clone());
        }
        let taken = self.attempt(who, &what, |client| {
            client.take_back(&contact.alias, &entry.id, &SendOptions::default())
        });
        if taken.is_some() {
            self.count("messages taken back");
        }
    }

    fn quote(&mut self, who: usize, contact: &Contact) {
        let Some(entry) = self.some_entry(who, contact, |entry| entry.body.text().is_some()) else { return };
        let said = self.words_for(who, contact, 0);
        self.say(Said { quotes: Some(entry.id), ..said });
        self.count("quotes said");
    }

    fn say_for_a_while(&mut self, who: usize, contact: &Contact) {
        let said = self.words_for(who, contact, 0);
        let expire_s = HOUR_S + self.more.below(4 * 24 * HOUR_S);
        self.say(Said { expire_s: Some(expire_s), expires: Expires::After(expire_s), ..said });
        self.count("texts with a time said");
    }

    fn set_timer(&mut self, who: usize, contact: &Contact) {
        let after = self.more.happens(600).then(|| Duration::from_secs(HOUR_S * (1 + self.more.below(96))));
        let set = self.attempt(who, "setting a timer", |client| client.set_timer(&contact.alias, after));
        let (with, seconds) = (self.whose(contact), after.map_or(0, |after| after.as_secs()));
        self.book.timers.push(Timer { by: who, with, seconds, is_set: set.is_some() });
        self.count("timers set");
    }

    fn ask(&mut self, who: usize, contact: &Contact) {
        let said = self.words_for(who, contact, 0);
        let wait = Duration::from_secs(HOUR_S * (1 + self.more.below(96)));
        let send = SendOptions { idempotency: said.key.clone(), ..SendOptions::default() };
        let options = AskOptions { choices: Vec::new(), wait, send, stop: None, told: None };
        let what = format!("asking '{}'", said.text);
        let sent = self.attempt(who, &what, |client| client.ask_only(&said.alias, &said.text, &options));
        self.note_said(said, sent);
        self.count("questions asked");
    }

    fn answer(&mut self, who: usize, contact: &Contact) {
        let said = self.words_for(who, contact, 0);
        let what = format!("answering '{}'", said.text);
        let options = SendOptions { idempotency: said.key.clone(), ..SendOptions::default() };
        let sent = self.attempt(who, &what, |client| client.answer(&said.alias, None, &said.text, &options));
        if sent.is_some() {
            self.count("questions answered");
        }
        self.note_said(said, sent);
    }

    fn send_file(&mut self, who: usize, contact: &Contact) {
        let said = self.words_for(who, contact, 0);
        let length = self.more.choose(&FILES).copied().unwrap_or(0);
        let mut bytes = vec![0; length];
        self.more.fill(&mut bytes);
        self.book.files.insert(said.text.clone(), sha256_hex(&bytes));
        let what = format!("sending a file of {length} bytes with '{}'", said.text);
        let options = SendOptions { idempotency: said.key.clone(), ..SendOptions::default() };
        let sent = self.attempt(who, &what, |client| {
            client.send_file(&said.alias, &mut bytes.as_slice(), "a file.bin", &said.text, &options)
        });
        self.note_said(said, sent);
        self.count("files sent");
    }

    /// Whoever is not sure does not repeat these.
    fn note_said(&mut self, said: Said, sent: Option<client::Sent>) {
        let outcome = match sent.map(|sent| sent.state) {
            Some(SentState::Stored) => Outcome::Stored,
            Some(SentState::Queued(_)) => Outcome::Queued,
            None => Outcome::Failed,
        };
        let at = self.clock();
        // No time is agreed on for these.
        self.book.said.push(Said { outcome, key: None, expires: Expires::Never, at, ..said });
    }
}
