//! Devices that are lost: brought back from a backup, or, with the words on paper, the name alone.

use std::path::Path;

use client::{Client, ClientError, Direction};

use crate::person::Tried;
use crate::run::Run;

impl Run {
    /// All is gone but the backup. Whoever dies while it is restored does it once more. Says whether the backup is what
    /// counts from now on.
    pub(crate) fn lose_the_device(&mut self, who: usize, backup: &Path) -> bool {
        if let Err(error) = self.person(who).lose() {
            self.broken(format!("a profile cannot be lost: {error}"));
            return false;
        }
        for points in [self.death(400), None] {
            let restored = self.person(who).restore_backup(backup, points);
            match restored {
                // What was committed before the death goes on by itself.
                Tried::Done(()) | Tried::Failed(ClientError::AlreadyJoined { .. }) => break,
                tried => {
                    if self.finds_the_device(who, &tried) {
                        return false;
                    }
                    self.note(who, "restoring", tried);
                }
            }
        }
        true
    }

    /// All is gone but the words on paper, and whom one knew: the name is taken back, and everybody added again.
    pub(crate) fn use_the_words(&mut self, who: usize) {
        if !self.is_settled(who) || self.person(who).lost().exists() || !self.person(who).has_words() {
            return;
        }
        let contacts = self.contacts(who);
        let known: Vec<usize> = contacts.iter().map(|contact| self.whose(contact)).collect();
        let had = |client: &Client| {
            let logs = contacts.iter().map(|contact| client.log(&contact.alias, None));
            Ok(logs.collect::<Result<Vec<_>, _>>()?.concat())
        };
        let had = self.person(who).look(had).unwrap_or_default();
        // A second process is lost with the device.
        self.expel_intruder(who);
        if let Err(error) = self.person(who).lose() {
            return self.broken(format!("a profile cannot be lost: {error}"));
        }
        let deaths = [self.death(300), self.death(300), None];
        // Whoever has nothing left tries until it works.
        let was_bad = std::mem::replace(&mut self.net.lock().luck.is_bad, false);
        let mut taken = false;
        for points in deaths {
            match self.person(who).take_back(points) {
                Tried::Done(()) | Tried::Failed(ClientError::AlreadyJoined { .. }) => {
                    taken = true;
                    break;
                }
                Tried::Died => {
                    let name = self.name(who);
                    self.note_death(&name, "taking the name back");
                }
                // Nothing was registered: the relay is down from before.
                Tried::Failed(ClientError::Unreachable { .. }) if self.person(who).find().is_ok() => break,
                tried => {
                    self.note(who, "taking the name back", tried);
                    break;
                }
            }
        }
        self.net.lock().luck.is_bad = was_bad;
        if !taken {
            return;
        }
        if let Ok(address) = self.person(who).look(Client::address) {
            self.person(who).addresses.push(address);
        }
        let received = had.into_iter().filter(|entry| entry.direction == Direction::Received);
        self.book.lost.extend(received.map(|entry| entry.id));
        self.copies.remove(&who);
        self.net.lock().relays.iter_mut().for_each(|relay| relay.backup = None);
        self.forgets(who);
        self.count("names taken back");
        let name = self.name(who);
        self.tell(format!("{name} takes the name back with the words"));
        self.to_add.extend(known.into_iter().map(|other| (who, other)));
        self.add_again(who);
    }

    /// Adds whom somebody knew who lost everything; whose relay is away is added later.
    pub(crate) fn add_again(&mut self, who: usize) {
        let wanted: Vec<usize> =
            self.to_add.iter().filter(|(by, _)| *by == who).map(|(_, other)| *other).collect();
        for other in wanted {
            let address = self.people.get(other).and_then(|person| person.addresses.last()).cloned();
            let Some(address) = address else { continue };
            let tried = self.person(who).attempt(None, |client, _| client.add(&address, None));
            if self.note(who, "adding somebody again", tried).is_some() {
                self.to_add.remove(&(who, other));
            }
        }
    }

    /// A backup from before a change of key that died half-way, and came to its end since, is refused by name: then the
    /// lost device turns up again.
    pub(crate) fn finds_the_device<T>(&mut self, who: usize, tried: &Tried<T>) -> bool {
        let is_refused = matches!(tried, Tried::Failed(ClientError::SupersededKey { .. }));
        if !is_refused || !self.person(who).lost().exists() {
            return false;
        }
        if let Err(error) = self.person(who).find() {
            self.broken(format!("a profile cannot be found: {error}"));
        }
        let name = self.name(who);
        self.tell(format!("{name} finds the lost device"));
        true
    }
}
