//! What happens to people, without their doing: time, relays that fall and go back, vaults that are copied and put back.

use std::collections::BTreeSet;
use std::path::PathBuf;

use client::ClientError;

use crate::run::Run;

const DAY_S: u64 = 86_400;
/// A relay closes what nobody opens for 90.
const ABSENCE_DAYS: u64 = 95;
/// Without `expiry` nobody stays away for longer: a doorstep keeps what waits for 14 days.
const AWAY_DAYS_MAX: u64 = 11;
/// How old a copy comes back: what was said longer ago is not said again after thirty days.
const COPY_DAYS_MAX: u64 = 14;

impl Run {
    // --- time and relays ---

    pub(crate) fn wait(&mut self) {
        let drawn = match self.random.below(100) {
            0..45 => self.random.below(1_200),
            45..75 => self.random.below(8 * 3_600),
            75..95 => DAY_S + self.random.below(2 * DAY_S),
            _ => 4 * DAY_S + self.random.below(6 * DAY_S),
        };
        let drawn = match self.scenario.faults.absence && drawn > 4 * DAY_S && !self.was_away {
            true => self.all_are_away(),
            false => drawn,
        };
        let skew = (self.random.below(4_000), self.random.happens(200), self.somebody());
        if !self.scenario.faults.clock {
            return self.net.lock().pass(drawn % 60);
        }
        let seconds = match self.scenario.faults.expiry {
            true if (4 * DAY_S..90 * DAY_S).contains(&drawn) => drawn * 3,
            true => drawn,
            false => drawn.min(self.nobody_stays_away_for()),
        };
        if let (length, true, who) = skew {
            let seconds = i64::try_from(length).unwrap_or(0) - 2_000;
            self.person(who).set_skew(seconds);
            self.count("fault: clocks that are off");
        }
        if seconds > DAY_S {
            self.count("fault: days that pass");
        }
        self.net.lock().pass(seconds);
        self.tell(format!("{seconds} s pass"));
    }

    /// Once in a run: after a second time somebody may have no voucher left for another mailbox.
    fn all_are_away(&mut self) -> u64 {
        self.was_away = true;
        self.rolled_back = true;
        self.count("fault: mailboxes closed for lack of owners");
        ABSENCE_DAYS * DAY_S
    }

    fn nobody_stays_away_for(&self) -> u64 {
        let clock = self.clock();
        let last = self.people.iter().map(|person| person.drained_at).min().unwrap_or(clock);
        (AWAY_DAYS_MAX * DAY_S).saturating_sub(clock - last)
    }

    fn some_relay(&mut self) -> usize {
        usize::try_from(self.random.below(self.scenario.relays as u64)).unwrap_or(0)
    }

    pub(crate) fn outage(&mut self) {
        let (place, long) = (self.some_relay(), 60 + self.random.below(3 * 3_600));
        if self.scenario.faults.relay {
            self.count("fault: outages");
            let mut net = self.net.lock();
            let until = net.luck.clock + long;
            if let Some(relay) = net.relays.get_mut(place) {
                relay.down_until = until;
            }
        }
    }

    pub(crate) fn kill(&mut self) {
        let place = self.some_relay();
        if self.scenario.faults.relay {
            self.net.lock().kill(place);
            self.tell(format!("relay {place} dies"));
        }
    }

    /// Once everybody has met: a name or a mailbox that a relay forgets is another story.
    pub(crate) fn back_up(&mut self) {
        let place = self.some_relay();
        if !self.scenario.faults.relay_rollback || !(0..self.people.len()).all(|who| self.is_settled(who)) {
            return;
        }
        if let Some(relay) = self.net.lock().relays.get_mut(place) {
            relay.back_up();
        }
    }

    pub(crate) fn restore_relay(&mut self) {
        let place = self.some_relay();
        if !self.scenario.faults.relay_rollback {
            return;
        }
        self.net.lock().kill(place);
        let restored = {
            let mut net = self.net.lock();
            let clock = net.luck.clock;
            net.relays.get_mut(place).is_some_and(|relay| relay.restore(clock))
        };
        if restored {
            self.count("fault: relays restored from a backup");
            self.rolled_back = true;
            self.renewed.clear();
            self.tell(format!("relay {place} is restored from a backup"));
        }
    }

    // --- copies of a vault ---

    fn copy_of(&self, who: usize) -> PathBuf {
        self.folder.join(format!("{} (copy)", self.name(who)))
    }

    /// Only of somebody whose first contacts are made: whom a vault never knew it cannot find again.
    pub(crate) fn snapshot(&mut self, who: usize) {
        let (copy, faults) = (self.copy_of(who), self.scenario.faults);
        if !(faults.rollback || faults.backup) || !self.is_settled(who) {
            return;
        }
        let person = self.person(who);
        let copied = if faults.backup {
            person.back_up(&copy).map_err(|error| format!("{error:?}"))
        } else {
            person.snapshot(&copy).map_err(|error| error.to_string())
        };
        if let Err(error) = copied {
            self.broken(format!("a profile cannot be copied: {error}"));
        }
        let (clock, knows) = (self.clock(), self.knows(who));
        self.copies.insert(who, (clock, knows));
        let name = self.name(who);
        self.tell(format!("{name} copies the vault"));
    }

    fn knows(&mut self, who: usize) -> BTreeSet<String> {
        self.contacts(who).into_iter().map(|contact| contact.address.name.to_string()).collect()
    }

    pub(crate) fn restore(&mut self, who: usize) {
        let (copy, is_backup) = (self.copy_of(who), self.scenario.faults.backup);
        let Some((made, known)) = self.copies.get(&who).cloned() else { return };
        let is_old = self.clock() - made > COPY_DAYS_MAX * DAY_S;
        // Nobody loses two devices: which of them would turn up again?
        let has_lost = self.person(who).lost().exists();
        if is_old || has_lost || !self.is_settled(who) || self.knows(who) != known {
            return;
        }
        if is_backup {
            if !self.lose_the_device(who, &copy) {
                return;
            }
        } else if let Err(error) = self.person(who).restore(&copy) {
            self.broken(format!("a profile cannot be restored: {error}"));
        }
        self.forgets(who);
        self.count("fault: vaults restored from a copy");
        let name = self.name(who);
        self.tell(format!("{name} goes back to an older copy of the vault"));
    }

    /// What somebody knew is gone, or as it was before.
    pub(crate) fn forgets(&mut self, who: usize) {
        self.rolled_back = true;
        self.forgetful.insert(who);
        self.renewed.remove(&who);
        self.forget_meetings(who);
        // A vault that forgot a key takes the same words for new ones.
        self.book.said.iter_mut().filter(|said| said.from == who).for_each(|said| said.key = None);
    }

    pub(crate) fn note_copy(&mut self, who: usize, error: &ClientError) {
        if *error == ClientError::OtherCopy {
            self.told_of_copy.insert(who);
        }
    }

    /// Whoever is told that another copy counts knows of none, and lets this one count: once is enough.
    pub(crate) fn renew_if_told(&mut self, who: usize, per_mille: u64) {
        if !self.told_of_copy.contains(&who) {
            return;
        }
        let name = self.name(who);
        if self.renewed.contains(&who) {
            return self.broken(format!("{name} renewed and is told of another copy again"));
        }
        let points = self.death(per_mille);
        let tried = self.person(who).attempt(points, |client, _| client.renew());
        if self.note(who, "renewing", tried).is_some() {
            self.told_of_copy.remove(&who);
            self.renewed.insert(who);
            self.count("vaults renewed");
            self.tell(format!("{name} renewed"));
        }
    }
}
