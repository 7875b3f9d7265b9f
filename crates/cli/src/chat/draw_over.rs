//! What lies over the panes: the help, the words to compare, a question, a problem.

use client::SafetyNumber;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Padding, Paragraph};

use crate::chat::keys::{self, KEYS, PLACES};
use crate::chat::paint::Paint;
use crate::chat::state::{Overlay, State};
use crate::chat::wrap::wrap;
use crate::messages::chat as says;
use crate::shown::{padded, shown_on_one_line};

/// No box is wider.
const COLUMNS_MAX: u16 = 64;

/// Draws it in the middle.
pub fn draw(state: &mut State, frame: &mut Frame<'_>) {
    let Some(overlay) = &state.overlay else { return };
    let paint = state.paint;
    let columns = usize::from(frame.area().width.min(COLUMNS_MAX)).saturating_sub(6);
    let (title, lines, from) = match overlay {
        Overlay::Help(from) => (says::title_keys(), help(paint, columns), *from),
        Overlay::Compare(alias, number) => (says::title_compare(), compare(paint, alias, number, columns), 0),
        Overlay::LookingUp(alias) => {
            let text = says::looking_up(shown_on_one_line(alias));
            (says::title_looking_up(), text_lines(&text, columns), 0)
        }
        Overlay::Decline(label) => {
            let text = says::shall_decline(shown_on_one_line(label), says::yes());
            (says::title_decline(), text_lines(&text, columns), 0)
        }
        Overlay::Problem(text) => (says::title_problem(), text_lines(&says::esc_closes(text), columns), 0),
    };
    let area = middle(frame.area(), lines.len());
    let rows = usize::from(area.height.saturating_sub(2));
    let last = u16::try_from(lines.len().saturating_sub(rows)).unwrap_or(u16::MAX);
    let from = from.min(last);
    let goes_on = from < last && matches!(overlay, Overlay::Help(_));
    let mut block = Block::bordered()
        .title(format!(" {title} "))
        .border_style(paint.accent())
        .padding(Padding::horizontal(2));
    if goes_on {
        // Of a box that is cut off nobody knows that there is more.
        block = block.title_bottom(says::more_below());
    }
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).scroll((from, 0)).block(block), area);
    if let Some(Overlay::Help(line)) = &mut state.overlay {
        // The end is the end: the next key goes back from here.
        *line = from;
    }
}

fn middle(all: Rect, lines: usize) -> Rect {
    let width = all.width.min(COLUMNS_MAX);
    let height = u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(2).min(all.height);
    let (x, y) = (all.x + (all.width - width) / 2, all.y + (all.height - height) / 2);
    Rect { x, y, width, height }
}

fn text_lines(text: &str, columns: usize) -> Vec<Line<'static>> {
    wrap(text, columns).into_iter().map(Line::raw).collect()
}

fn help(paint: Paint, columns: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let names = keys::columns();
    for place in PLACES {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::styled(place.words(), paint.strong()));
        for key in KEYS.iter().filter(|key| key.place == place) {
            lines.extend(row(paint, (key.shown)(), (key.words)(), (names, columns)));
        }
    }
    lines.push(Line::default());
    lines.push(Line::styled(says::typed_as_message(), paint.strong()));
    for line in says::help_of_doings().lines() {
        let (typed, words) = line.split_once("  ").unwrap_or((line, ""));
        lines.extend(row(paint, typed, words.trim_start(), (names, columns)));
    }
    lines
}

/// A key and what it does; further lines stand below the first.
fn row(paint: Paint, name: &str, words: &str, (names, columns): (usize, usize)) -> Vec<Line<'static>> {
    let words = wrap(words, columns.saturating_sub(names));
    let names = std::iter::once(name).chain(std::iter::repeat("")).map(|name| format!("{name:<names$}"));
    let line = |(name, words)| Line::from(vec![Span::styled(name, paint.accent()), Span::raw(words)]);
    names.zip(words).map(line).collect()
}

fn compare(paint: Paint, alias: &str, number: &SafetyNumber, columns: usize) -> Vec<Line<'static>> {
    let name = shown_on_one_line(alias);
    let mut lines = text_lines(&says::call_and_compare(name), columns);
    lines.push(Line::default());
    let numbered: Vec<String> = number
        .words
        .iter()
        .zip(1..)
        .map(|(word, place)| format!("{place:>2} {}", padded(word, 10)))
        .collect();
    let a_row = (columns / 14).clamp(1, 5);
    lines.extend(numbered.chunks(a_row).map(|row| Line::styled(row.join(" "), paint.strong())));
    lines.push(Line::default());
    lines.extend(
        text_lines(&number.digits, columns.min(24)).into_iter().map(|line| line.style(paint.quiet())),
    );
    lines.push(Line::default());
    lines.extend(text_lines(&says::are_the_same(says::yes()), columns));
    lines
}
