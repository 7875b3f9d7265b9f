//! What keys, the mouse and pastes do.

use client::{ClientError, LogFrom, LogSearch};
use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use crate::chat::background::Errand;
use crate::chat::full::Chat;
use crate::chat::keys::{Action, Where, action};
use crate::chat::state::{Focus, Overlay};
use crate::chat::thread::{PAGE, Thread};
use crate::chat::typed;
use crate::messages::{chat as says, counts};
use crate::shown::shown_on_one_line;

/// Lines of one turn of the wheel.
const WHEEL: usize = 3;
/// Messages that one step of a search looks at.
const SEARCH: u32 = 5_000;
/// Steps of one search: more than any history has.
const SEARCH_STEPS_MAX: usize = 2_000;
/// What may be written; the library's bound on texts is below it and has the last word.
const DRAFT_BYTES_MAX: usize = 256 * 1024;

/// How the chat goes on.
#[derive(Debug)]
pub enum Next {
    /// It goes on.
    Go,
    /// It ends.
    Leave,
    /// It stops as a job.
    Suspend,
    /// Everything is drawn again.
    Redraw,
    /// The vault failed.
    Failed(ClientError),
}

/// Takes one event.
pub fn act(chat: &mut Chat, event: Event) -> Result<Next, ClientError> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => on_key(chat, key),
        Event::Paste(text) => {
            on_paste(chat, &text);
            Ok(Next::Go)
        }
        Event::Mouse(mouse) => on_mouse(chat, mouse),
        _ => Ok(Next::Go),
    }
}

fn on_key(chat: &mut Chat, key: KeyEvent) -> Result<Next, ClientError> {
    let warned = chat.state.notice.take();
    let does = action(chat.state.place(), &key);
    match does {
        Some(Action::Leave) if key.modifiers != KeyModifiers::NONE => return Ok(leave(chat, warned)),
        Some(Action::Suspend) => return Ok(Next::Suspend),
        Some(Action::Redraw) => return Ok(Next::Redraw),
        _ => {}
    }
    if chat.state.overlay.is_some() {
        on_overlay(chat, key);
        return Ok(Next::Go);
    }
    if chat.state.search.is_some() {
        return on_search(chat, key).map(|()| Next::Go);
    }
    match does {
        Some(Action::Leave) => Ok(leave(chat, warned)),
        Some(Action::Send) => typed::obey(chat, warned),
        Some(does) => perform(chat, does, key).map(|()| Next::Go),
        None => {
            write(chat, key);
            Ok(Next::Go)
        }
    }
}

/// What was written and not sent is lost only by a second word.
pub fn leave(chat: &mut Chat, warned: Option<String>) -> Next {
    let Some(alias) = chat.state.unsent() else { return Next::Leave };
    let words = says::not_sent_yet(shown_on_one_line(alias));
    if warned.as_ref() == Some(&words) {
        return Next::Leave;
    }
    chat.say(words);
    Next::Go
}

fn perform(chat: &mut Chat, does: Action, key: KeyEvent) -> Result<(), ClientError> {
    let rows = chat.state.rows.saturating_sub(2).max(1);
    match does {
        Action::NewLine => write_text(chat, "\n"),
        Action::Open => chat.state.focus = Focus::Open,
        Action::Up if chat.state.place() == Where::People => step(chat, -1)?,
        Action::Down if chat.state.place() == Where::People => step(chat, 1)?,
        Action::Up if chat.state.written().is_empty() => chat.state.thread.back(1),
        Action::Down if chat.state.written().is_empty() => chat.state.thread.on(1),
        Action::Up | Action::Down => write(chat, key),
        Action::NextPerson => step(chat, 1)?,
        Action::PreviousPerson => step(chat, -1)?,
        Action::OtherPane => {
            chat.state.focus = if chat.state.focus == Focus::People { Focus::Open } else { Focus::People };
        }
        Action::PageUp => chat.state.thread.back(rows),
        Action::PageDown => chat.state.thread.on(rows),
        Action::Oldest => go_to_oldest(chat)?,
        Action::Newest => chat.go_to_newest()?,
        Action::Search if chat.state.alias().is_some() => chat.state.search = Some(String::new()),
        Action::Compare => typed::compare(chat),
        Action::Accept => {
            if let Some(label) = chat.state.request().map(|request| request.label.clone()) {
                typed::accept(chat, label);
            }
        }
        Action::Decline => {
            chat.state.overlay = chat.state.request().map(|request| Overlay::Decline(request.label.clone()));
        }
        Action::Back => back(chat)?,
        Action::Help => chat.state.overlay = Some(Overlay::Help(0)),
        Action::Send | Action::Search | Action::Redraw | Action::Suspend | Action::Leave => {}
    }
    Ok(())
}

fn back(chat: &mut Chat) -> Result<(), ClientError> {
    if !chat.state.thread.follows() {
        return chat.go_to_newest();
    }
    chat.state.thread.forget_new();
    chat.state.focus = Focus::People;
    Ok(())
}

/// To the row so many below the open one.
fn step(chat: &mut Chat, by: isize) -> Result<(), ClientError> {
    let rows = chat.state.rows_of_list();
    let at = rows.iter().position(|row| Some(row) == chat.state.open.as_ref());
    let next = at.map_or(0, |at| at.saturating_add_signed(by)).min(rows.len().saturating_sub(1));
    match rows.get(next) {
        Some(who) => chat.open(who.clone(), chat.state.focus),
        None => Ok(()),
    }
}

fn on_overlay(chat: &mut Chat, key: KeyEvent) {
    let Some(overlay) = chat.state.overlay.take() else { return };
    let yes =
        key.modifiers == KeyModifiers::NONE && says::yes().chars().any(|yes| key.code == KeyCode::Char(yes));
    match overlay {
        Overlay::Help(from) => {
            let from = match key.code {
                KeyCode::Down => Some(from.saturating_add(1)),
                KeyCode::Up => Some(from.saturating_sub(1)),
                KeyCode::PageDown => Some(from.saturating_add(10)),
                KeyCode::PageUp => Some(from.saturating_sub(10)),
                _ => None,
            };
            chat.state.overlay = from.map(Overlay::Help);
        }
        Overlay::Compare(alias, number) if yes => {
            chat.send_for(Errand::Same(alias, number));
        }
        Overlay::Decline(label) if yes => {
            chat.send_for(Errand::Decline(label));
        }
        Overlay::Problem(words) if key.code != KeyCode::Esc && key.code != KeyCode::Enter => {
            chat.state.overlay = Some(Overlay::Problem(words));
        }
        _ => {}
    }
}

fn on_search(chat: &mut Chat, key: KeyEvent) -> Result<(), ClientError> {
    let Some(mut search) = chat.state.search.take() else { return Ok(()) };
    match key.code {
        KeyCode::Esc => return Ok(()),
        KeyCode::Enter => find(chat, &search)?,
        KeyCode::Backspace => drop(search.pop()),
        KeyCode::Char(sign) if !key.modifiers.contains(KeyModifiers::CONTROL) => search.push(sign),
        _ => {}
    }
    chat.state.search = Some(search);
    Ok(())
}

/// Looks for the words before what was found last; what is found becomes the lowest of the screen.
fn find(chat: &mut Chat, words: &str) -> Result<(), ClientError> {
    let Some(alias) = chat.state.alias().map(str::to_owned) else { return Ok(()) };
    if words.is_empty() {
        return Ok(());
    }
    let mut before = chat.state.thread.found();
    for _ in 0..SEARCH_STEPS_MAX {
        match chat.client.search_log(&alias, words, before, SEARCH)? {
            LogSearch::NotAfter(place) => before = Some(place),
            LogSearch::Nothing => break,
            LogSearch::Found(place) => {
                let entries = chat.client.log_page(&alias, LogFrom::Before(place.next()), PAGE)?;
                chat.state.thread = Thread::around(&chat.state.clock, &alias, entries, Some(place));
                chat.say(says::found().to_owned());
                return Ok(());
            }
        }
    }
    chat.say(says::nothing_further().to_owned());
    Ok(())
}

fn go_to_oldest(chat: &mut Chat) -> Result<(), ClientError> {
    let Some(alias) = chat.state.alias().map(str::to_owned) else { return Ok(()) };
    let entries = chat.client.log_page(&alias, LogFrom::At(client::Place::default()), PAGE)?;
    chat.state.thread = Thread::oldest(&chat.state.clock, &alias, entries);
    Ok(())
}

fn on_mouse(chat: &mut Chat, mouse: MouseEvent) -> Result<Next, ClientError> {
    let at = ratatui::layout::Position { x: mouse.column, y: mouse.row };
    let in_list = chat.drawn.list.contains(at);
    match mouse.kind {
        MouseEventKind::ScrollUp if in_list => step(chat, -1)?,
        MouseEventKind::ScrollDown if in_list => step(chat, 1)?,
        MouseEventKind::ScrollUp => chat.state.thread.back(WHEEL),
        MouseEventKind::ScrollDown => chat.state.thread.on(WHEEL),
        MouseEventKind::Down(MouseButton::Left) if in_list => {
            let row = chat.drawn.people.iter().find(|(area, _)| area.contains(at));
            if let Some(who) = row.map(|(_, who)| who.clone()) {
                chat.open(who, Focus::Open)?;
            }
        }
        MouseEventKind::Down(MouseButton::Left) => chat.state.focus = Focus::Open,
        _ => {}
    }
    Ok(Next::Go)
}

/// Whatever a paste holds, it is written and never sent, and no key in it is a command.
fn on_paste(chat: &mut Chat, text: &str) {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let kept: String =
        text.chars().filter(|sign| !sign.is_control() || matches!(sign, '\n' | '\t')).collect();
    let left_out = text.chars().count() - kept.chars().count();
    if let Some(search) = &mut chat.state.search {
        search.push_str(kept.lines().next().unwrap_or_default());
        return;
    }
    if chat.state.place() != Where::Writing {
        chat.say(says::paste_goes_into_message().to_owned());
        return;
    }
    write_text(chat, &kept);
    if left_out > 0 {
        chat.say(counts::controls_left_out(left_out));
    }
}

fn write(chat: &mut Chat, key: KeyEvent) {
    if chat.state.place() != Where::Writing {
        return;
    }
    let full = chat.state.written().len() >= DRAFT_BYTES_MAX;
    let grows = matches!(key.code, KeyCode::Char(_) | KeyCode::Tab);
    match chat.state.draft() {
        Some(draft) if !(full && grows) => drop(draft.input(key)),
        _ => {}
    }
}

fn write_text(chat: &mut Chat, text: &str) {
    if chat.state.written().len().saturating_add(text.len()) > DRAFT_BYTES_MAX {
        chat.say(says::too_long_to_paste().to_owned());
        return;
    }
    if let Some(draft) = chat.state.draft() {
        draft.insert_str(text);
    }
}
