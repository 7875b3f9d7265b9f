//! What was said to whom, in the order in which it was heard.

use std::collections::BTreeMap;

/// Everything that people saw of a server, whatever became of it since.
#[derive(Clone, Default)]
pub struct Ledger {
    /// One for each inbox.
    pub inboxes: Vec<Account>,
    /// Rises with each entry.
    moment: u64,
    /// From here on a cut is under way: what is confirmed now may have been confirmed by a dying disk.
    cut: bool,
    /// The sending of the latest deposit that was confirmed before any cut: its sync covers all before it.
    synced: u64,
}

/// One inbox as its depositors and its owner saw it.
#[derive(Clone, Default)]
pub struct Account {
    pub letters: BTreeMap<u16, Letter>,
    /// Which letter stood at which cursor, as delivered.
    pub places: BTreeMap<u64, u16>,
    /// The highest cursor of an `ACK` that was sent.
    pub ack_sent: u64,
    /// The highest cursor of an `ACK` that was answered.
    pub acked: u64,
    /// Answered acks whose sync is not known yet, by moment.
    written: Vec<(u64, u64)>,
    /// Places that were seen for the first time while a cut was under way.
    doubtful: Vec<u64>,
    /// Letters of such places: stored and let go of, or never stored, and nobody can tell.
    pub uncertain: Vec<u16>,
}

/// One envelope on its way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Letter {
    /// When it was first sent.
    sent: u64,
    /// Its size.
    pub bytes: usize,
    /// What was heard of it.
    pub heard: Heard,
    /// Where it was delivered.
    pub cursor: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Heard {
    /// Nothing, or that it is not known.
    Nothing,
    /// `STORED`, before any cut began.
    Stored,
    /// `STORED`, while a cut was under way.
    StoredDuringTheCut,
}

impl Ledger {
    pub fn new(inboxes: usize) -> Self {
        Self { inboxes: vec![Account::default(); inboxes], ..Self::default() }
    }

    fn tick(&mut self) -> u64 {
        self.moment += 1;
        self.moment
    }

    pub fn sent(&mut self, inbox: usize, index: u16, bytes: usize) {
        let sent = self.tick();
        let fresh = Letter { sent, bytes, heard: Heard::Nothing, cursor: None };
        self.inboxes[inbox].letters.entry(index).or_insert(fresh);
    }

    pub fn stored(&mut self, inbox: usize, index: u16) {
        let letter = self.inboxes[inbox].letters.get_mut(&index).unwrap();
        if letter.heard != Heard::Stored {
            letter.heard = if self.cut { Heard::StoredDuringTheCut } else { Heard::Stored };
        }
        if !self.cut {
            self.synced = self.synced.max(letter.sent);
        }
    }

    /// Said not to be stored.
    pub fn refused(&mut self, inbox: usize, index: u16) {
        let letters = &mut self.inboxes[inbox].letters;
        let letter = letters.remove(&index).expect("an answer to what was sent");
        assert!(letter.heard == Heard::Nothing && letter.cursor.is_none(), "refused, and stored: {letter:?}");
    }

    /// A delivery: no place ever holds another letter than before, and no letter moves.
    pub fn delivered(&mut self, inbox: usize, cursor: u64, index: u16) {
        let account = &mut self.inboxes[inbox];
        if self.cut && !account.places.contains_key(&cursor) {
            account.doubtful.push(cursor);
        }
        let held = *account.places.entry(cursor).or_insert(index);
        assert_eq!(held, index, "cursor {cursor} of inbox {inbox} was used twice");
        let letter = account.letters.get_mut(&index).expect("nobody sent what was delivered");
        assert_eq!(*letter.cursor.get_or_insert(cursor), cursor, "letter {index} of inbox {inbox} moved");
    }

    pub fn acking(&mut self, inbox: usize, through: u64) {
        let account = &mut self.inboxes[inbox];
        account.ack_sent = account.ack_sent.max(through);
    }

    pub fn acked(&mut self, inbox: usize, through: u64) {
        let (cut, moment) = (self.cut, self.tick());
        let account = &mut self.inboxes[inbox];
        account.acked = account.acked.max(through);
        if !cut {
            account.written.push((moment, through));
        }
    }

    /// What is confirmed from now on is set apart.
    pub fn cut_begins(&mut self) {
        self.cut = true;
    }

    pub fn cut_is_over(&mut self) {
        self.cut = false;
        for account in &mut self.inboxes {
            // What the cut took back may have been acked again since: only new answers count.
            account.written.clear();
            // What a dying disk called synced may be gone, and its place free for another.
            for cursor in std::mem::take(&mut account.doubtful) {
                let index = account.places.remove(&cursor).unwrap();
                account.letters.get_mut(&index).unwrap().cursor = None;
                account.uncertain.push(index);
            }
            let last = account.places.last_key_value().map_or(0, |(cursor, _)| *cursor);
            account.ack_sent = account.ack_sent.min(last);
            account.acked = account.acked.min(last);
            for letter in account.letters.values_mut() {
                if letter.heard == Heard::StoredDuringTheCut {
                    letter.heard = Heard::Nothing;
                }
            }
        }
    }

    /// The highest cursor whose ack was answered before a deposit was sent that was confirmed: synced with it.
    pub fn acked_for_good(&self, inbox: usize) -> u64 {
        let acks = self.inboxes[inbox].written.iter();
        acks.filter(|(moment, _)| *moment < self.synced).map(|(_, through)| *through).max().unwrap_or(0)
    }

    /// How many were sent and may not have been let go of.
    pub fn backlog(&self, inbox: usize) -> usize {
        let account = &self.inboxes[inbox];
        account.letters.len().saturating_sub(usize::try_from(account.acked).unwrap())
    }

    /// How many were confirmed while a cut was under way, and not before.
    pub fn confirmed_during_a_cut(&self) -> usize {
        self.count(Heard::StoredDuringTheCut)
    }

    /// How many were confirmed.
    pub fn confirmed(&self) -> usize {
        self.count(Heard::Stored)
    }

    fn count(&self, heard: Heard) -> usize {
        let letters = self.inboxes.iter().flat_map(|account| account.letters.values());
        letters.filter(|letter| letter.heard == heard).count()
    }
}

impl Account {
    /// Sent, and nothing heard.
    pub fn unanswered(&self) -> Vec<u16> {
        let silent = self.letters.iter().filter(|(_, letter)| letter.heard != Heard::Stored);
        silent.map(|(index, _)| *index).collect()
    }
}
