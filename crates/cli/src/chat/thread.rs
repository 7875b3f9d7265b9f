//! The part of a history that is held and shown: a window of bounded size that moves over a history of any length.

use client::{Direction, LogEntry, Place};
use ratatui::text::Line;

use crate::chat::clock::Clock;
use crate::chat::entry::{Look, Shape};

/// Entries that are read at once.
pub const PAGE: u32 = 100;
/// Entries that are held; beyond it the far end is let go.
const WINDOW_MAX: usize = 400;

/// A window, and which of its lines stands lowest on the screen.
#[derive(Debug)]
pub struct Thread {
    clock: Clock,
    /// With whom.
    contact: String,
    entries: Vec<LogEntry>,
    shapes: Vec<Shape>,
    columns: usize,
    /// Lines of the window below the screen.
    below: usize,
    /// Whether there is more before and after the window.
    older: bool,
    newer: bool,
    /// The first message that was unread when the thread was opened.
    first_new: Option<Place>,
    /// What a search found.
    found: Option<Place>,
}

impl Thread {
    /// Nothing yet.
    pub fn empty(clock: &Clock, contact: &str) -> Self {
        let (entries, shapes, clock, contact) = (Vec::new(), Vec::new(), clock.clone(), contact.to_owned());
        let (columns, below, older, newer) = (0, 0, false, false);
        Self { clock, contact, entries, shapes, columns, below, older, newer, first_new: None, found: None }
    }

    /// The last page of a history.
    pub fn newest(clock: &Clock, contact: &str, entries: Vec<LogEntry>) -> Self {
        let unread = |entry: &&LogEntry| entry.direction == Direction::Received && !entry.handled;
        let first_new = entries.iter().find(unread).map(|entry| entry.place);
        let older = entries.len() >= PAGE as usize;
        Self { entries, older, first_new, ..Self::empty(clock, contact) }
    }

    /// The first page of a history, from its beginning.
    pub fn oldest(clock: &Clock, contact: &str, entries: Vec<LogEntry>) -> Self {
        let newer = entries.len() >= PAGE as usize;
        // More than the page has: the screen begins at the first line.
        Self { entries, newer, below: usize::MAX, ..Self::empty(clock, contact) }
    }

    /// A page that ends with something that was looked for.
    pub fn around(clock: &Clock, contact: &str, entries: Vec<LogEntry>, found: Option<Place>) -> Self {
        let older = entries.len() >= PAGE as usize;
        Self { entries, older, newer: true, found, ..Self::empty(clock, contact) }
    }

    /// Puts earlier entries before the window.
    pub fn prepend(&mut self, mut earlier: Vec<LogEntry>) {
        self.older = earlier.len() >= PAGE as usize;
        earlier.append(&mut self.entries);
        self.entries = earlier;
        self.shapes.clear();
        if self.entries.len() > WINDOW_MAX {
            self.measure(self.columns);
            let gone: usize = self.shapes.iter().skip(WINDOW_MAX).map(Shape::height).sum();
            self.entries.truncate(WINDOW_MAX);
            self.shapes.truncate(WINDOW_MAX);
            self.below = self.below.saturating_sub(gone);
            self.newer = true;
        }
    }

    /// Puts later entries after the window; what was on the screen stays there.
    pub fn append(&mut self, later: Vec<LogEntry>) {
        self.newer = later.len() >= PAGE as usize;
        let before = self.height();
        self.entries.extend(later);
        self.shapes.clear();
        self.measure(self.columns);
        self.below = self.below.saturating_add(self.height().saturating_sub(before));
        let excess = self.entries.len().saturating_sub(WINDOW_MAX);
        if excess > 0 {
            self.entries.drain(..excess);
            self.older = true;
            self.shapes.clear();
        }
    }

    /// Takes the same window as it is now, with what came after it.
    pub fn refresh(&mut self, entries: Vec<LogEntry>, newer: bool) {
        let before = self.height();
        let follows = self.follows();
        self.newer = newer;
        if entries == self.entries {
            return;
        }
        self.entries = entries;
        self.shapes.clear();
        self.measure(self.columns);
        if !follows {
            self.below = self.below.saturating_add(self.height().saturating_sub(before));
        }
    }

    /// Where the window begins.
    pub fn first(&self) -> Option<Place> {
        self.entries.first().map(|entry| entry.place)
    }

    /// Where it ends.
    pub fn last(&self) -> Option<Place> {
        self.entries.last().map(|entry| entry.place)
    }

    /// How many entries it holds.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the last message is on the screen, so that the next one will be too.
    pub fn follows(&self) -> bool {
        self.below == 0 && !self.newer
    }

    /// Whether there are entries after the window.
    pub fn has_newer(&self) -> bool {
        self.newer
    }

    /// What a search found last.
    pub fn found(&self) -> Option<Place> {
        self.found
    }

    /// Forgets what was new when it was opened.
    pub fn forget_new(&mut self) {
        self.first_new = None;
        self.shapes.clear();
    }

    /// Moves the screen back by so many lines.
    pub fn back(&mut self, lines: usize) {
        self.below = self.below.saturating_add(lines);
    }

    /// Moves the screen on by so many lines.
    pub fn on(&mut self, lines: usize) {
        self.below = self.below.saturating_sub(lines);
    }

    /// Whether a screen of so many lines wants earlier entries.
    pub fn wants_older(&self, rows: usize) -> bool {
        self.older && self.height() < self.below.saturating_add(rows.saturating_mul(2))
    }

    /// Whether it wants later ones.
    pub fn wants_newer(&self, rows: usize) -> bool {
        self.newer && self.below < rows
    }

    /// Breaks all entries for a width; what is lowest on the screen stays lowest.
    pub fn measure(&mut self, columns: usize) {
        if self.columns == columns && self.shapes.len() == self.entries.len() {
            return;
        }
        let lowest = self.lowest();
        self.columns = columns;
        let before = std::iter::once(None).chain(self.entries.iter().map(Some));
        self.shapes = before
            .zip(&self.entries)
            .map(|(before, entry)| {
                Shape::new(
                    before,
                    entry,
                    self.first_new == Some(entry.place),
                    (columns, &self.clock, &self.contact),
                )
            })
            .collect();
        if let Some(lowest) = lowest {
            self.below = self.shapes.iter().skip(lowest + 1).map(Shape::height).sum();
        }
    }

    /// The entry that holds the lowest line, unless it is the last one.
    fn lowest(&self) -> Option<usize> {
        if self.below == 0 || self.shapes.len() != self.entries.len() {
            return None;
        }
        let mut left = self.below;
        for (number, shape) in self.shapes.iter().enumerate().rev() {
            if left < shape.height() {
                return Some(number);
            }
            left -= shape.height();
        }
        None
    }

    fn height(&self) -> usize {
        self.shapes.iter().map(Shape::height).sum()
    }

    /// The lines of a screen, top down, and the ids of received entries whose last line is among them.
    pub fn screen(
        &mut self,
        columns: usize,
        rows: usize,
        look: &Look<'_>,
    ) -> (Vec<Line<'static>>, Vec<String>) {
        self.measure(columns);
        self.below = self.below.min(self.height().saturating_sub(rows));
        let (mut lines, mut drawn, mut skip) = (Vec::new(), Vec::new(), self.below);
        for (entry, shape) in self.entries.iter().zip(&self.shapes).rev() {
            if lines.len() >= rows {
                break;
            }
            if skip >= shape.height() {
                skip -= shape.height();
                continue;
            }
            if skip == 0 && entry.direction == Direction::Received && !entry.handled {
                drawn.push(entry.id.clone());
            }
            let found = self.found == Some(entry.place);
            let painted = shape.paint(entry, found, look);
            lines.extend(painted.into_iter().rev().skip(skip));
            skip = 0;
        }
        lines.truncate(rows);
        lines.reverse();
        (lines, drawn)
    }
}
