//! The frame: who I am and how the link stands, people at the left, the open thread at the right, hints below.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::chat::state::{Focus, Link, State, Who};
use crate::chat::wrap::{apart, cut, width};
use crate::chat::{draw_open, draw_over, draw_people};
use crate::messages::chat as says;
use crate::shown::shown_on_one_line;

/// Narrower screens show one pane at a time.
pub const TWO_PANES: u16 = 60;

/// On smaller screens nothing can be read, so that nothing is shown.
const SMALLEST: (u16, u16) = (20, 8);

/// What was drawn, and where.
#[derive(Debug, Default)]
pub struct Drawn {
    /// Ids of received messages that were drawn to their end.
    pub messages: Vec<String>,
    /// Where which row of the list is.
    pub people: Vec<(Rect, Who)>,
    /// The list.
    pub list: Rect,
}

/// Draws everything.
pub fn draw(state: &mut State, frame: &mut Frame<'_>) -> Drawn {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let line = cut(says::window_too_small(), usize::from(area.width));
        frame.render_widget(Paragraph::new(Line::raw(line)), area);
        return Drawn::default();
    }
    let [head, rule, body, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Min(3),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    draw_head(state, frame, head);
    let mut drawn = Drawn::default();
    if frame.area().width >= TWO_PANES {
        let left = (body.width / 3).clamp(22, 36);
        let [people, edge, open] =
            Layout::horizontal([Constraint::Length(left), Constraint::Length(1), Constraint::Min(10)])
                .areas(body);
        draw_edges(state, frame, rule, edge);
        draw_people::draw(state, frame, people, &mut drawn);
        draw_open::draw(state, frame, open, &mut drawn);
    } else {
        let line = "─".repeat(usize::from(rule.width));
        frame.render_widget(Line::styled(line, state.paint.quiet()), rule);
        match state.focus {
            Focus::People => draw_people::draw(state, frame, body, &mut drawn),
            Focus::Open => draw_open::draw(state, frame, body, &mut drawn),
        }
    }
    draw_foot(state, frame, foot);
    if state.overlay.is_some() {
        // What lies under it was not seen.
        drawn.messages.clear();
        draw_over::draw(state, frame);
    }
    drawn
}

fn draw_head(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let link = match &state.link {
        Link::Connecting => says::connecting(),
        Link::Connected => says::connected(),
        Link::None(_) => says::no_connection(),
    };
    let right = says::link_and_help(link);
    let columns = usize::from(area.width);
    let me = shown_on_one_line(&state.me);
    let left = cut(&me, columns.saturating_sub(width(&right) + 13));
    let between = columns.saturating_sub(width(&left) + width(&right) + 12);
    let style = if matches!(state.link, Link::None(_)) { state.paint.strong() } else { state.paint.quiet() };
    let line = Line::from(vec![
        Span::styled(" oubliette  ", state.paint.accent().patch(state.paint.strong())),
        Span::raw(left),
        Span::raw(" ".repeat(between)),
        Span::styled(right, style),
    ]);
    frame.render_widget(line, area);
}

fn draw_edges(state: &State, frame: &mut Frame<'_>, rule: Rect, edge: Rect) {
    let quiet = state.paint.quiet();
    let line = (rule.x..rule.right()).map(|at| if at == edge.x { "┬" } else { "─" }).collect::<String>();
    frame.render_widget(Line::styled(line, quiet), rule);
    let bars: Vec<Line<'_>> = (0..edge.height).map(|_| Line::styled("│", quiet)).collect();
    frame.render_widget(Paragraph::new(bars), edge);
}

fn draw_foot(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let columns = usize::from(area.width);
    if let Some(search) = &state.search {
        // The prompt stays, and a column for the cursor.
        let room = columns.saturating_sub(width(&says::look_for("")) + 1);
        let line = says::look_for(cut(&shown_on_one_line(search), room));
        let at = u16::try_from(width(&line)).unwrap_or(area.width);
        frame.render_widget(Line::styled(line, state.paint.accent()), area);
        if state.overlay.is_none() {
            frame
                .set_cursor_position((area.x.saturating_add(at).min(area.right().saturating_sub(1)), area.y));
        }
        return;
    }
    if let Some(notice) = &state.notice {
        let line = cut(&format!(" {}", shown_on_one_line(notice)), columns);
        frame.render_widget(Line::styled(line, state.paint.accent()), area);
        return;
    }
    let hints = match (state.focus, &state.open) {
        (Focus::People, _) => says::people_hints(),
        (Focus::Open, Some(Who::Request(_))) => says::request_hints(),
        (Focus::Open, _) if area.width < TWO_PANES => says::narrow_hints(),
        (Focus::Open, _) => says::writing_hints(),
    };
    let why = match &state.link {
        Link::None(why) => shown_on_one_line(why),
        _ => String::new(),
    };
    let line = match why.is_empty() {
        true => cut(hints, columns),
        false => apart(hints, &format!("{} ", cut(&why, columns / 2)), columns),
    };
    frame.render_widget(Line::styled(line, state.paint.quiet()), area);
}
