//! What was sent and what was shown, counted against each other.

use client::Direction;

use crate::common::Person;

/// The book of one scene.
pub struct Tally {
    scene: &'static str,
    sent: Vec<String>,
    shown: Vec<String>,
    cycles: u32,
    deaths: u32,
}

impl Tally {
    pub fn new(scene: &'static str) -> Tally {
        Tally { scene, sent: Vec::new(), shown: Vec::new(), cycles: 0, deaths: 0 }
    }

    /// A text that was not there before.
    pub fn next_text(&self) -> String {
        format!("{} {}.{}", self.scene, self.cycles, self.sent.len())
    }

    pub fn sent(&mut self, text: &str) {
        self.sent.push(text.to_owned());
    }

    pub fn shown(&mut self, texts: Vec<String>) {
        self.shown.extend(texts);
    }

    /// One more process that was to die; says whether it did.
    pub fn note(&mut self, died: bool) -> bool {
        self.cycles += 1;
        self.deaths += u32::from(died);
        died
    }

    pub fn cycles(&self) -> u32 {
        self.cycles
    }

    pub fn deaths(&self) -> u32 {
        self.deaths
    }

    /// Everything was shown once, in order; and the history says the same, after so many older messages.
    pub fn assert_exact(&self, reader: &Person, writer: &str, older: usize) {
        self.assert_shown();
        assert_eq!(texts_of(reader, writer)[older..], self.sent, "the history of {}", self.scene);
    }

    pub fn assert_shown(&self) {
        let lost = self.sent.iter().filter(|text| !self.shown.contains(text)).count();
        let mut once = self.shown.clone();
        once.sort();
        once.dedup();
        let twice = self.shown.len() - once.len();
        let place = |text: &String| self.sent.iter().position(|sent| sent == text);
        let out_of_order = self.shown.windows(2).filter(|pair| place(&pair[0]) > place(&pair[1])).count();
        println!(
            "promise P2: {}: {} processes to die, {} died, {} messages: {lost} lost, {twice} twice, {out_of_order} out of order",
            self.scene,
            self.cycles,
            self.deaths,
            self.sent.len(),
        );
        assert_eq!((lost, twice, out_of_order), (0, 0, 0));
        assert_eq!(self.shown, self.sent);
    }
}

/// What stands in the history of what somebody wrote.
pub fn texts_of(reader: &Person, writer: &str) -> Vec<String> {
    let log = reader.client().log(writer, None).unwrap();
    let received = log.iter().filter(|entry| entry.direction == Direction::Received);
    received.filter_map(|entry| entry.body.text().map(str::to_owned)).collect()
}
