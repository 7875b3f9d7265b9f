//! What people do: each step of a run draws somebody and something.

use client::{Client, Contact, Trust};

use crate::person::{Person, Tried};
use crate::run::Run;

/// Something to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Deed {
    Send,
    SendAgain,
    Pull,
    Collect,
    Flush,
    Add,
    Accept,
    Decide,
    Verify,
    Rotate,
    Restart,
    Wait,
    Outage,
    Kill,
    Snapshot,
    Restore,
    BackUp,
    RestoreRelay,
    UseWords,
}

/// How often each is drawn.
const DEEDS: [(Deed, u64); 18] = [
    (Deed::Send, 300),
    (Deed::SendAgain, 40),
    (Deed::Pull, 240),
    (Deed::Collect, 30),
    (Deed::Flush, 40),
    (Deed::Add, 60),
    (Deed::Accept, 80),
    (Deed::Decide, 30),
    (Deed::Verify, 20),
    (Deed::Rotate, 20),
    (Deed::Restart, 30),
    (Deed::Wait, 120),
    (Deed::Outage, 12),
    (Deed::Kill, 8),
    (Deed::Snapshot, 15),
    (Deed::Restore, 8),
    (Deed::BackUp, 6),
    (Deed::RestoreRelay, 3),
];

impl Run {
    /// One step.
    pub(crate) fn step(&mut self, step: u32) {
        if self.random.happens(150) {
            self.net.lock().deliver_late();
        }
        let who = self.somebody();
        // Whoever knows nobody begins with that.
        let deed = match step < self.people.len() as u32 * 2 && self.random.happens(500) {
            true => Deed::Add,
            false => self.deed(),
        };
        self.hide_intruder(who);
        match deed {
            Deed::Send => self.send(who),
            Deed::SendAgain => self.send_again(who),
            Deed::Pull => self.pull(who),
            Deed::Collect => self.collect(who),
            Deed::Flush => self.flush(who),
            Deed::Add => self.add(who),
            Deed::Accept => self.accept(who),
            Deed::Decide => self.decide(who),
            Deed::Verify => self.verify(who),
            Deed::Rotate => self.rotate(who),
            Deed::Restart => self.restart(who),
            Deed::Wait => self.wait(),
            Deed::Outage => self.outage(),
            Deed::Kill => self.kill(),
            Deed::Snapshot => self.snapshot(who),
            Deed::Restore => self.restore(who),
            Deed::BackUp => self.back_up(),
            Deed::RestoreRelay => self.restore_relay(),
            Deed::UseWords => self.use_the_words(who),
        }
        self.expel_intruder(who);
        self.renew_if_told(who, 100);
        let faults = self.scenario.faults;
        if faults.said && self.more.happens(350) {
            self.say_something_else();
        }
        if faults.pairing && self.more.happens(150) {
            self.meet();
        }
    }

    pub(crate) fn somebody(&mut self) -> usize {
        usize::try_from(self.random.below(self.people.len() as u64)).unwrap_or(0)
    }

    fn deed(&mut self) -> Deed {
        // Who asks for what goes back in time wants to see it happen, which is rare by itself.
        let faults = self.scenario.faults;
        if (faults.rollback || faults.backup) && self.random.happens(90) {
            return if self.random.happens(600) { Deed::Snapshot } else { Deed::Restore };
        }
        if faults.relay_rollback && self.random.happens(60) {
            return if self.random.happens(600) { Deed::BackUp } else { Deed::RestoreRelay };
        }
        if faults.words && self.random.happens(25) {
            return Deed::UseWords;
        }
        self.random.weighted(&DEEDS).unwrap_or(Deed::Wait)
    }

    pub(crate) fn person(&mut self, who: usize) -> &mut Person {
        self.people.get_mut(who).expect("drawn from the people")
    }

    pub(crate) fn name(&self, who: usize) -> String {
        self.people.get(who).map_or_else(String::new, |person| person.name.to_string())
    }

    pub(crate) fn contacts(&mut self, who: usize) -> Vec<Contact> {
        match self.person(who).look(Client::contacts) {
            Ok(contacts) => contacts,
            Err(error) => {
                let name = self.name(who);
                self.judge(&name, "looking at contacts", &error);
                Vec::new()
            }
        }
    }

    pub(crate) fn whose(&self, contact: &Contact) -> usize {
        self.people.iter().position(|person| person.name == contact.address.name).unwrap_or(usize::MAX)
    }

    /// What an operation came to, told; its value if it has one.
    pub(crate) fn note<T>(&mut self, who: usize, what: &str, tried: Tried<T>) -> Option<T> {
        let name = self.name(who);
        match tried {
            Tried::Done(value) => Some(value),
            Tried::Failed(_) if self.finds_the_device(who, &tried) => None,
            Tried::Failed(error) => {
                self.note_copy(who, &error);
                self.judge(&name, what, &error);
                None
            }
            Tried::Died => {
                self.note_death(&name, what);
                None
            }
        }
    }

    // --- people ---

    fn add(&mut self, who: usize) {
        let other = self.somebody();
        if other == who {
            return;
        }
        let addresses = self.person(other).addresses.clone();
        let old = self.random.happens(300);
        let Some(address) = (if old { addresses.first() } else { addresses.last() }).cloned() else { return };
        let points = self.death(150);
        let tried = self.person(who).attempt(points, |client, _| client.add(&address, None));
        let what = format!("adding {}", address.name);
        if self.note(who, &what, tried).is_some() {
            let name = self.name(who);
            self.tell(format!("{name}: {what}"));
        }
    }

    fn accept(&mut self, who: usize) {
        let Ok(requests) = self.person(who).look(Client::requests) else { return };
        let Some(request) = self.random.choose(&requests).cloned() else { return };
        let points = self.death(150);
        self.accept_one(who, &request.label, points);
    }

    fn accept_one(&mut self, who: usize, label: &str, points: Option<u32>) {
        let tried = self.person(who).attempt(points, |client, _| client.accept(label, None));
        let what = format!("accepting {label}");
        if self.note(who, &what, tried).is_some() {
            let name = self.name(who);
            self.tell(format!("{name}: {what}"));
        }
    }

    /// Somebody known writes under another key. A newer one is followed; under a former one nothing begins, and the
    /// request stays one, which can be read. Says whether it was accepted.
    fn accept_known(&mut self, who: usize, label: &str) -> bool {
        let alias = format!("{label} again");
        let tried = self.person(who).attempt(None, |client, _| client.accept(label, Some(&alias)));
        if let Tried::Failed(client::ClientError::KeyChanged { .. } | client::ClientError::FormerKey { .. }) =
            tried
        {
            return false;
        }
        let name = self.name(who);
        self.tell(format!("{name}: accepting {label}, whose name is known"));
        self.note(who, "accepting somebody known", tried).is_some()
    }

    /// A key that changed without the old one's signature waits for a person, who asks around and finds a lie.
    fn decide(&mut self, who: usize) {
        for contact in self.contacts(who) {
            if contact.trust == Trust::Changed {
                self.mark(who, &contact.alias);
            }
        }
    }

    fn mark(&mut self, who: usize, alias: &str) {
        let points = self.death(100);
        let tried = self
            .person(who)
            .attempt(None, |client, _| client.safety_number(alias, client::Language::English));
        let Some(number) = self.note(who, "reading the words of a safety number", tried) else { return };
        if !self.is_somebodys(&number.fingerprint) {
            let name = self.name(who);
            return self.tell(format!("{name} asks around: the words for {alias} are nobody's"));
        }
        let tried = self.person(who).attempt(points, |client, _| client.mark_verified(alias, &number));
        if self.note(who, "marking as verified", tried).is_some() {
            let name = self.name(who);
            self.tell(format!("{name} marks {alias} as verified"));
        }
    }

    /// Whether one of these people has this key now: a former one is nobody's. Each is asked what it is now: a change of key that died
    /// half-way is brought to its end by whatever he does next.
    fn is_somebodys(&mut self, fingerprint: &[u8; 32]) -> bool {
        let mut is_one = false;
        for who in 0..self.people.len() {
            let Ok(address) = self.person(who).look(Client::address) else { continue };
            is_one |= address.pins.as_ref().is_some_and(|pins| pins.identity.matches(fingerprint));
            if !self.person(who).addresses.contains(&address) {
                self.person(who).addresses.push(address);
            }
        }
        is_one
    }

    fn verify(&mut self, who: usize) {
        let contacts = self.contacts(who);
        let Some(contact) = self.random.choose(&contacts).cloned() else { return };
        let points = self.death(100);
        let tried = self
            .person(who)
            .attempt(points, |client, _| client.safety_number(&contact.alias, client::Language::English));
        if self.note(who, "comparing safety numbers", tried).is_some() && self.random.happens(500) {
            self.mark(who, &contact.alias);
        }
    }

    fn rotate(&mut self, who: usize) {
        let points = self.death(350);
        if !self.scenario.faults.early_rotation && !self.is_settled(who) {
            return;
        }
        // A copy of before a change of key, or a relay that forgets one, is another story (`SupersededKey`).
        self.copies.remove(&who);
        self.net.lock().relays.iter_mut().for_each(|relay| relay.backup = None);
        let tried = self.person(who).attempt(points, |client, _| client.rotate_identity());
        if let Some(rotated) = self.note(who, "rotating", tried) {
            let name = self.name(who);
            self.tell(format!("{name} rotated to {}", rotated.sequence));
            self.count("identities rotated");
            self.person(who).addresses.push(rotated.address);
        }
    }

    /// Nobody's first contact with this person is under way.
    pub(crate) fn is_settled(&mut self, who: usize) -> bool {
        let name = self.person(who).name.clone();
        let mut contacts = self.contacts(who);
        let mut waiting = self.person(who).look(Client::requests).map_or(0, |requests| requests.len());
        for other in (0..self.people.len()).filter(|other| *other != who) {
            contacts.extend(self.contacts(other).into_iter().filter(|contact| contact.address.name == name));
            let requests = self.person(other).look(Client::requests).unwrap_or_default();
            waiting += requests.iter().filter(|request| request.address.name == name).count();
        }
        waiting == 0 && contacts.iter().all(|contact| contact.connected)
    }

    fn restart(&mut self, who: usize) {
        self.person(who).restart();
    }

    // --- the end ---

    /// What a person does who comes home: pulls, lets everybody in, decides, flushes. Says whether anything moved.
    pub(crate) fn catch_up(&mut self, who: usize) -> bool {
        let stored = self.net.lock().luck.tally.sum("envelopes");
        let mut moved = self.pull_in(who, None, 9, 0);
        self.renew_if_told(who, 0);
        self.add_again(who);
        let requests = self.person(who).look(Client::requests).unwrap_or_default();
        let known: Vec<_> = self.contacts(who).into_iter().map(|contact| contact.address.name).collect();
        for request in requests {
            match known.contains(&request.address.name) {
                true => moved |= self.accept_known(who, &request.label),
                false => {
                    self.accept_one(who, &request.label, None);
                    moved = true;
                }
            }
        }
        self.decide(who);
        self.look_at_meetings(who, 0);
        let tried = self.person(who).attempt(None, |client, _| client.flush());
        self.note(who, "flushing", tried);
        self.renew_if_told(who, 0);
        let waiting = self.person(who).look(Client::outbox).map_or(0, |outbox| outbox.len());
        moved || waiting > 0 || self.net.lock().luck.tally.sum("envelopes") > stored
    }

    /// Everybody who knows somebody that knows him writes once more.
    pub(crate) fn probe(&mut self) {
        for who in 0..self.people.len() {
            for contact in self.contacts(who) {
                let other = self.whose(&contact);
                let known = self.people.get(other).is_some() && {
                    let name = self.people.get(who).map(|person| person.name.clone());
                    self.contacts(other).iter().any(|back| Some(&back.address.name) == name.as_ref())
                };
                if known {
                    let said = self.words_for(who, &contact, 0);
                    self.say(said);
                }
            }
        }
    }
}
