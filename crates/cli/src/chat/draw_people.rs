//! The list of people: name and news on one line, the last word on the next.

use client::{ContactOverview, ContactRequest};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::chat::draw::Drawn;
use crate::chat::state::{Focus, State, Who};
use crate::chat::words;
use crate::chat::wrap::{apart, cut, width, wrap};
use crate::messages::{chat as says, counts};
use crate::shown::shown_on_one_line;

/// Draws the list, around the open row if not all fit.
pub fn draw(state: &State, frame: &mut Frame<'_>, area: Rect, drawn: &mut Drawn) {
    drawn.list = area;
    let rows = state.rows_of_list();
    if rows.is_empty() {
        return draw_nobody(state, frame, area);
    }
    // With room the state has a line of its own, and a blank line keeps people apart.
    let each: u16 = if rows.len().saturating_mul(4) <= usize::from(area.height) { 4 } else { 2 };
    let fit = usize::from(area.height / each).max(1);
    let open = rows.iter().position(|row| Some(row) == state.open.as_ref()).unwrap_or_default();
    let first = open.saturating_sub(fit / 2).min(rows.len().saturating_sub(fit));
    for (number, who) in rows.into_iter().skip(first).take(fit).enumerate() {
        let down = u16::try_from(number).unwrap_or(u16::MAX).saturating_mul(each);
        let place = Rect { y: area.y.saturating_add(down), height: each.min(3), ..area }.intersection(area);
        draw_row(state, frame, place, &who);
        drawn.people.push((place, who));
    }
}

fn draw_nobody(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let hint = wrap(says::nobody_yet(), usize::from(area.width).saturating_sub(2));
    for (line, row) in hint.iter().zip(area.rows().skip(1)) {
        frame.render_widget(Line::styled(format!(" {line}"), state.paint.quiet()), row);
    }
}

fn draw_row(state: &State, frame: &mut Frame<'_>, area: Rect, who: &Who) {
    let columns = usize::from(area.width).saturating_sub(3);
    let lines = match who {
        Who::Contact(alias) => {
            let found = state.people.iter().find(|each| each.contact.alias == *alias);
            found.map(|each| of_contact(state, each, columns, area.height > 2))
        }
        Who::Request(label) => {
            let found = state.requests.iter().find(|each| each.label == *label);
            found.map(|each| of_request(state, each, columns, area.height > 2))
        }
    };
    let bar = match (state.open.as_ref() == Some(who), state.focus) {
        (false, _) => "  ",
        (true, Focus::People) => "▌ ",
        (true, Focus::Open) => "│ ",
    };
    for (spans, row) in lines.unwrap_or_default().into_iter().zip(area.rows()) {
        let mut line = vec![Span::styled(bar, state.paint.accent())];
        line.extend(spans);
        frame.render_widget(Line::from(line), row);
    }
}

type Spans = Vec<Span<'static>>;

fn of_contact(state: &State, each: &ContactOverview, columns: usize, roomy: bool) -> Vec<Spans> {
    let paint = state.paint;
    let alarm = each.contact.trust == client::Trust::Changed && !each.contact.blocked;
    let known = Span::styled(words::state(&each.contact), if alarm { paint.alarm() } else { paint.quiet() });
    let (right, right_style) = match (&each.last, each.unread) {
        (_, 1..) => (counts::new(each.unread), paint.accent()),
        (Some(last), 0) => (state.clock.short(last.at), paint.quiet()),
        (None, 0) => (String::new(), paint.quiet()),
    };
    let name_style = if each.unread > 0 { paint.accent().patch(paint.strong()) } else { paint.strong() };
    let name = apart(&shown_on_one_line(&each.contact.alias), "", columns.saturating_sub(width(&right)));
    let said = each.last.as_ref().map_or_else(|| says::nothing_yet().to_owned(), words::preview);
    let first = vec![Span::styled(name, name_style), Span::styled(right, right_style)];
    if roomy {
        return vec![first, vec![Span::styled(cut(&said, columns), paint.quiet())], vec![known]];
    }
    let room = columns.saturating_sub(width(&known.content) + 2);
    vec![first, vec![known, Span::styled(format!("  {}", cut(&said, room)), paint.quiet())]]
}

fn of_request(state: &State, each: &ContactRequest, columns: usize, roomy: bool) -> Vec<Spans> {
    let paint = state.paint;
    let name = apart(&shown_on_one_line(&each.label), &state.clock.short(each.received_at), columns);
    let said = each.texts.first().map_or_else(|| says::no_words().to_owned(), |text| shown_on_one_line(text));
    let first = vec![Span::styled(name, paint.accent())];
    if roomy {
        let asks = Span::styled(says::asks_to_write(), paint.quiet());
        return vec![first, vec![Span::styled(cut(&said, columns), paint.quiet())], vec![asks]];
    }
    vec![first, vec![Span::styled(cut(&format!("{}  {said}", says::asks()), columns), paint.quiet())]]
}
