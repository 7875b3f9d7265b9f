//! What lies over the panes: the help, the words to compare, a question, a problem.

use client::SafetyNumber;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Padding, Paragraph};

use crate::chat::doing;
use crate::chat::keys::{KEYS, PLACES};
use crate::chat::paint::Paint;
use crate::chat::state::{Overlay, State};
use crate::chat::wrap::{cut, wrap};
use crate::shown::shown_on_one_line;

/// No box is wider.
const COLUMNS_MAX: u16 = 64;

/// Draws it in the middle.
pub fn draw(state: &State, frame: &mut Frame<'_>) {
    let Some(overlay) = &state.overlay else { return };
    let paint = state.paint;
    let columns = usize::from(frame.area().width.min(COLUMNS_MAX)).saturating_sub(6);
    let (title, lines, from) = match overlay {
        Overlay::Help(from) => ("keys", help(paint, columns), *from),
        Overlay::Compare(alias, number) => ("is it really them?", compare(paint, alias, number, columns), 0),
        Overlay::LookingUp(alias) => {
            let text = format!("Asking the server for the present key of {} …", shown_on_one_line(alias));
            ("one moment", text_lines(&text, columns), 0)
        }
        Overlay::Decline(label) => {
            let text = format!(
                "Decline {}? The request is forgotten; they are not told.\n\ny  decline     any other key  keep",
                shown_on_one_line(label)
            );
            ("decline", text_lines(&text, columns), 0)
        }
        Overlay::Problem(text) => {
            ("that did not work", text_lines(&format!("{text}\n\nEsc closes"), columns), 0)
        }
    };
    let area = middle(frame.area(), lines.len());
    let block = Block::bordered()
        .title(format!(" {title} "))
        .border_style(paint.accent())
        .padding(Padding::horizontal(2));
    frame.render_widget(Clear, area);
    let rows = usize::from(area.height.saturating_sub(2));
    let last = u16::try_from(lines.len().saturating_sub(rows)).unwrap_or(u16::MAX);
    frame.render_widget(Paragraph::new(lines).scroll((from.min(last), 0)).block(block), area);
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
    for place in PLACES {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::styled(place.words(), paint.strong()));
        for key in KEYS.iter().filter(|key| key.place == place) {
            let words = cut(key.words, columns.saturating_sub(18));
            lines.push(Line::from(vec![
                Span::styled(format!("{:<18}", key.shown), paint.accent()),
                Span::raw(words),
            ]));
        }
    }
    lines.push(Line::default());
    lines.push(Line::styled("typed as a message", paint.strong()));
    for line in doing::HELP.lines() {
        let (typed, words) = line.split_at_checked(15).unwrap_or((line, ""));
        lines.push(Line::from(vec![
            Span::styled(format!("{typed:<18}"), paint.accent()),
            Span::raw(cut(words, columns.saturating_sub(18))),
        ]));
    }
    lines
}

fn compare(paint: Paint, alias: &str, number: &SafetyNumber, columns: usize) -> Vec<Line<'static>> {
    let name = shown_on_one_line(alias);
    let intro = format!("Call {name}. Both of you open this and read the words out; they must be the same.");
    let mut lines = text_lines(&intro, columns);
    lines.push(Line::default());
    let numbered: Vec<String> =
        number.words.iter().zip(1..).map(|(word, place)| format!("{place:>2} {word:<10}")).collect();
    let a_row = (columns / 14).clamp(1, 5);
    lines.extend(numbered.chunks(a_row).map(|row| Line::styled(row.join(" "), paint.strong())));
    lines.push(Line::default());
    lines.extend(
        text_lines(&number.digits, columns.min(24)).into_iter().map(|line| line.style(paint.quiet())),
    );
    lines.push(Line::default());
    lines.extend(text_lines("y  they are the same     any other key  close", columns));
    lines
}
