//! The open thread with the box below it, or the open request.

use client::{Contact, ContactRequest};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::chat::draw::Drawn;
use crate::chat::entry::Look;
use crate::chat::state::{Focus, State, Who};
use crate::chat::words;
use crate::chat::wrap::{cut, width, wrap};
use crate::messages::chat as says;
use crate::shown::shown_on_one_line;

/// The box grows no further.
const BOX_ROWS_MAX: usize = 6;
/// The key that shows the words to compare.
pub const COMPARE: &str = "F4";

/// Draws what is open.
pub fn draw(state: &mut State, frame: &mut Frame<'_>, area: Rect, drawn: &mut Drawn) {
    if let Some(contact) = state.contact().cloned() {
        return draw_thread(state, frame, area, &contact, drawn);
    }
    match state.request() {
        Some(request) => draw_request(state, frame, area, request),
        None => draw_nothing(state, frame, area),
    }
}

fn draw_nothing(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let line = match state.open {
        Some(Who::Contact(_) | Who::Request(_)) => says::is_gone(),
        None => says::choose_somebody(),
    };
    let [_, row, _] =
        Layout::vertical([Constraint::Length(1), Constraint::Length(1), Constraint::Min(0)]).areas(area);
    frame.render_widget(
        Line::styled(cut(&format!(" {line}"), usize::from(area.width)), state.paint.quiet()),
        row,
    );
}

fn draw_thread(state: &mut State, frame: &mut Frame<'_>, area: Rect, contact: &Contact, drawn: &mut Drawn) {
    let columns = usize::from(area.width);
    let warning = words::warning(contact, COMPARE);
    let warned = warning.as_ref().map(|(text, _)| wrap(text, columns.saturating_sub(2))).unwrap_or_default();
    let stopped = warning.is_some_and(|(_, stopped)| stopped);
    let written = wrap(&state.written(), columns.saturating_sub(3)).len().clamp(1, BOX_ROWS_MAX);
    let [title, warn, thread, rule, box_] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(length(warned.len())),
        Constraint::Min(1),
        Constraint::Length(1),
        Constraint::Length(if stopped { 1 } else { length(written) }),
    ])
    .areas(area);
    draw_title(state, frame, title, contact);
    let style = if stopped { state.paint.strong() } else { state.paint.quiet() };
    let warned: Vec<Line<'_>> =
        warned.into_iter().map(|line| Line::styled(format!(" {line}"), style)).collect();
    frame.render_widget(Paragraph::new(warned), warn);
    draw_entries(state, frame, thread, contact, drawn);
    let edge = "─".repeat(columns);
    frame.render_widget(Line::styled(edge, state.paint.quiet()), rule);
    draw_box(state, frame, box_, stopped);
}

fn length(rows: usize) -> u16 {
    u16::try_from(rows).unwrap_or(u16::MAX)
}

fn draw_title(state: &State, frame: &mut Frame<'_>, area: Rect, contact: &Contact) {
    let columns = usize::from(area.width);
    let word = words::state(contact);
    let right = if state.thread.follows() { "" } else { says::to_the_last() };
    let name = cut(
        &shown_on_one_line(&contact.alias),
        columns.saturating_sub(width(word) + width(right) + 5).max(4),
    );
    let between = columns.saturating_sub(width(&name) + width(word) + width(right) + 3);
    let alarm = contact.trust == client::Trust::Changed && !contact.blocked;
    let style = if alarm { state.paint.alarm() } else { state.paint.quiet() };
    let line = Line::from(vec![
        Span::styled(format!(" {name}"), state.paint.strong()),
        Span::raw("  "),
        Span::styled(word, style),
        Span::raw(" ".repeat(between)),
        Span::styled(right, state.paint.accent()),
    ]);
    frame.render_widget(line, area);
}

fn draw_entries(state: &mut State, frame: &mut Frame<'_>, area: Rect, contact: &Contact, drawn: &mut Drawn) {
    let (columns, rows) = (usize::from(area.width), usize::from(area.height));
    state.rows = rows;
    let look = Look { clock: &state.clock, paint: state.paint, contact: &contact.alias, columns };
    let (lines, messages) = state.thread.screen(columns, rows, &look);
    if lines.is_empty() {
        let hint = wrap(says::nothing_said(), columns.saturating_sub(2));
        let quiet = state.paint.quiet();
        let hint: Vec<_> = hint.into_iter().map(|line| Line::styled(format!(" {line}"), quiet)).collect();
        frame.render_widget(Paragraph::new(hint), area);
        return;
    }
    drawn.messages = messages;
    // The latest stands right above the box.
    let blank = area.height.saturating_sub(length(lines.len()));
    let low = Rect { y: area.y + blank, height: area.height - blank, ..area };
    frame.render_widget(Paragraph::new(lines), low);
}

fn draw_box(state: &mut State, frame: &mut Frame<'_>, area: Rect, stopped: bool) {
    let paint = state.paint;
    if stopped {
        let line = cut(&format!(" {}", says::sending_stopped()), usize::from(area.width));
        frame.render_widget(Line::styled(line, paint.quiet()), area);
        return;
    }
    let writes = state.focus == Focus::Open && state.overlay.is_none() && state.search.is_none();
    let [prompt, text] = Layout::horizontal([Constraint::Length(3), Constraint::Min(1)]).areas(area);
    let style = if writes { paint.accent().patch(paint.strong()) } else { paint.quiet() };
    frame.render_widget(Line::styled(" > ", style), prompt);
    let Some(draft) = state.draft() else { return };
    if draft.is_empty() && !writes {
        frame.render_widget(Line::styled(says::tab_to_write(), paint.quiet()), text);
        return;
    }
    let cursor = if writes { ratatui::style::Style::new().reversed() } else { paint.plain() };
    draft.set_cursor_style(cursor);
    frame.render_widget(&*draft, text);
}

fn draw_request(state: &State, frame: &mut Frame<'_>, area: Rect, request: &ContactRequest) {
    let paint = state.paint;
    let room = usize::from(area.width).saturating_sub(2);
    let quiet = |text: &str| {
        wrap(text, room).into_iter().map(move |line| Line::styled(format!(" {line}"), paint.quiet()))
    };
    let mut lines = vec![
        Line::styled(format!(" {}", cut(&shown_on_one_line(&request.label), room)), paint.strong()),
        Line::default(),
    ];
    lines.extend(quiet(says::a_first_message()));
    lines.extend(quiet(says::the_name_is_claimed()));
    lines.push(Line::default());
    lines.extend(quiet(&request.address.to_string()));
    lines.push(Line::default());
    if let Some(contact) = &request.claims {
        let warning = wrap(&says::claims_to_be(shown_on_one_line(contact)), room);
        lines.extend(warning.into_iter().map(|line| Line::styled(format!(" {line}"), paint.alarm())));
        lines.push(Line::default());
    }
    for text in &request.texts {
        let when = state.clock.long(request.received_at);
        lines.push(Line::styled(format!(" {when}"), paint.quiet()));
        lines.extend(
            wrap(text, room.saturating_sub(3)).into_iter().map(|line| Line::raw(format!("    {line}"))),
        );
        lines.push(Line::default());
    }
    if request.texts.is_empty() {
        lines.extend(quiet(says::words_come_later()));
        lines.push(Line::default());
    }
    let below = Line::styled(says::accept_or_decline(), paint.accent());
    let [above, last] = Layout::vertical([Constraint::Min(1), Constraint::Length(1)]).areas(area);
    frame.render_widget(Paragraph::new(lines), above);
    frame.render_widget(below, last);
}
