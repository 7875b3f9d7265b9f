//! One entry of a thread as lines: what stands over it, when, what, and where it is.

use client::{Direction, LogEntry};
use ratatui::text::{Line, Span};

use crate::chat::clock::Clock;
use crate::chat::paint::Paint;
use crate::chat::words;
use crate::chat::wrap::{cut, width, wrap};
use crate::messages::{chat as says, counts, screens, states};
use crate::shown::shown_on_one_line;

/// `09:14  `, and the margin before it.
const MARGIN: usize = 8;
/// Between a message and where it is.
const GAP: usize = 2;
/// Narrower than this, the delivery state has a line of its own.
const ROOMY: usize = 44;

/// What painting needs to know besides the entry.
#[derive(Debug)]
pub struct Look<'a> {
    /// Days and hours.
    pub clock: &'a Clock,
    /// Styles.
    pub paint: Paint,
    /// What the contact is called.
    pub contact: &'a str,
    /// How wide the thread is.
    pub columns: usize,
}

/// An entry, broken into lines for one width.
#[derive(Debug)]
pub struct Shape {
    new_day: bool,
    first_new: bool,
    new_sender: bool,
    first: bool,
    missing: Option<String>,
    body: Vec<String>,
    own_line: bool,
}

impl Shape {
    /// Breaks an entry; the one before decides what stands over it.
    pub fn new(
        before: Option<&LogEntry>,
        entry: &LogEntry,
        first_new: bool,
        (columns, clock, contact): (usize, &Clock, &str),
    ) -> Self {
        let event = words::is_event(&entry.body);
        let new_day = before.is_none_or(|before| clock.day(before.at) != clock.day(entry.at));
        let new_sender = before.is_none_or(|before| {
            before.direction != entry.direction || words::is_event(&before.body) != event
        });
        let narrow = columns < ROOMY;
        let mine = entry.direction == Direction::Sent;
        let room = columns
            .saturating_sub(MARGIN + if mine && !narrow { GAP + words::delivery_columns() } else { 1 });
        Self {
            new_day,
            first_new,
            new_sender: new_sender || new_day || first_new,
            first: before.is_none(),
            missing: (entry.missing_before > 0).then(|| counts::not_arrived(entry.missing_before)),
            body: wrap(&words::said(entry, contact), room),
            own_line: mine && narrow,
        }
    }

    /// How many lines it takes.
    pub fn height(&self) -> usize {
        self.over() + self.body.len() + usize::from(self.own_line)
    }

    fn over(&self) -> usize {
        let gap = usize::from(!self.first);
        let rules = usize::from(self.new_day) + usize::from(self.first_new);
        let blank_before_rules = if rules > 0 { gap } else { 0 };
        let head = if self.new_sender { 2 - usize::from(self.first && rules == 0) } else { 0 };
        blank_before_rules + rules + head + usize::from(self.missing.is_some())
    }

    /// The lines.
    pub fn paint(&self, entry: &LogEntry, found: bool, look: &Look<'_>) -> Vec<Line<'static>> {
        let mut lines = Vec::with_capacity(self.height());
        self.paint_rules(entry, look, &mut lines);
        self.paint_head(entry, look, &mut lines);
        if let Some(missing) = &self.missing {
            lines.push(Line::styled(format!("{:MARGIN$}{missing}", ""), look.paint.quiet()));
        }
        self.paint_body(entry, found, look, &mut lines);
        lines
    }

    fn paint_rules(&self, entry: &LogEntry, look: &Look<'_>, lines: &mut Vec<Line<'static>>) {
        if (self.new_day || self.first_new) && !self.first {
            lines.push(Line::default());
        }
        if self.new_day {
            let day = look.clock.day_in_words(entry.at);
            lines.push(Line::styled(rule(&day, look.columns), look.paint.quiet()));
        }
        if self.first_new {
            lines.push(Line::styled(rule(says::new(), look.columns), look.paint.accent()));
        }
    }

    fn paint_head(&self, entry: &LogEntry, look: &Look<'_>, lines: &mut Vec<Line<'static>>) {
        if !self.new_sender {
            return;
        }
        if !(self.first && !self.new_day && !self.first_new) {
            lines.push(Line::default());
        }
        let contact = shown_on_one_line(look.contact);
        let (name, style) = match entry.direction {
            Direction::Sent => (screens::me().to_owned(), look.paint.strong()),
            Direction::Received => (contact, look.paint.accent().patch(look.paint.strong())),
        };
        lines.push(Line::styled(format!(" {}", cut(&name, look.columns.saturating_sub(2))), style));
    }

    fn paint_body(&self, entry: &LogEntry, found: bool, look: &Look<'_>, lines: &mut Vec<Line<'static>>) {
        let paint = look.paint;
        let delivery = words::delivery(entry);
        let style = delivery_style(entry, paint);
        let text = match (found, words::is_event(&entry.body)) {
            (true, _) => paint.alarm(),
            (false, true) => paint.quiet(),
            (false, false) => paint.plain(),
        };
        for (number, part) in self.body.iter().enumerate() {
            let when = if number == 0 { look.clock.hour(entry.at) } else { String::new() };
            let mut spans =
                vec![Span::styled(format!(" {when:<7}"), paint.quiet()), Span::styled(part.clone(), text)];
            let last = number + 1 == self.body.len();
            if last && !self.own_line && !delivery.is_empty() {
                let taken = MARGIN + width(part) + width(delivery) + 1;
                spans.push(Span::raw(" ".repeat(look.columns.saturating_sub(taken))));
                spans.push(Span::styled(delivery, style));
            }
            lines.push(Line::from(spans));
        }
        if self.own_line {
            let at = look.columns.saturating_sub(width(delivery) + 1);
            lines.push(Line::styled(format!("{:at$}{delivery}", ""), style));
        }
    }
}

fn delivery_style(entry: &LogEntry, paint: Paint) -> ratatui::style::Style {
    let refused = words::delivery(entry) == states::refused();
    if refused { paint.alarm() } else { paint.quiet() }
}

/// ` ──── today ────`.
fn rule(words: &str, columns: usize) -> String {
    let words = cut(words, columns.saturating_sub(4));
    let room = columns.saturating_sub(width(&words) + 4);
    let left = room / 2;
    format!(" {} {words} {}", "─".repeat(left), "─".repeat(room - left))
}
