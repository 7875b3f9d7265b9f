//! What was typed on the full screen, and what Enter makes of it: a text is sent, a command is obeyed. The commands are
//! those of the lines ([`Command`]); where a key does the same, it is named.

use client::{ClientError, SendOptions};

use crate::chat::act::{Next, leave};
use crate::chat::background::Errand;
use crate::chat::command::Command;
use crate::chat::doing::{Committed, Doing};
use crate::chat::draw_open::COMPARE;
use crate::chat::full::Chat;
use crate::chat::state::{Focus, Overlay, Who};
use crate::chat::words;
use crate::messages::{chat as says, keys, language};
use crate::problem::Problem;
use crate::shown::shown_on_one_line;

/// Does what is written; `warned` is what was said before the key.
pub fn obey(chat: &mut Chat, warned: Option<String>) -> Result<Next, ClientError> {
    let text = chat.state.written();
    match Command::read(text.trim_end()) {
        Command::Nothing => {}
        Command::Say(text) => send(chat, &text)?,
        Command::Do(doing) => perform(chat, doing)?,
        // It stays where it was typed, to be mended.
        Command::Unknown(line) => chat.say(words::no_such_command(&line)),
        Command::Quit => return Ok(quit(chat, &text, warned)),
        command => {
            chat.state.clear_draft();
            turn_to(chat, command)?;
        }
    }
    Ok(Next::Go)
}

/// What lies elsewhere on the screen.
fn turn_to(chat: &mut Chat, command: Command) -> Result<(), ClientError> {
    match command {
        Command::To(alias) => return write_to(chat, &alias),
        Command::Who => chat.state.focus = Focus::People,
        Command::Requests => match chat.state.requests.first().map(|request| request.label.clone()) {
            Some(label) => return chat.open(Who::Request(label), Focus::Open),
            None => chat.say(says::nobody_asks().to_owned()),
        },
        Command::Accept(which) => {
            if let Some(label) = request(chat, &which) {
                accept(chat, label);
            }
        }
        Command::Decline(which) => chat.state.overlay = request(chat, &which).map(Overlay::Decline),
        Command::Verify => compare(chat),
        Command::Same => chat.say(says::by_key(keys::f4(), keys::compare())),
        Command::Log(_) => chat.say(says::by_key(keys::page_up(), keys::back())),
        Command::Help => chat.state.overlay = Some(Overlay::Help(0)),
        // These are obeyed where what is written is still needed.
        Command::Nothing | Command::Say(_) | Command::Do(_) | Command::Unknown(_) | Command::Quit => {}
    }
    Ok(())
}

/// Commits a text to the outbox, and only then empties the box.
fn send(chat: &mut Chat, text: &str) -> Result<(), ClientError> {
    let Some(alias) = may_write(chat) else { return Ok(()) };
    match chat.client.queue(&alias, text, &SendOptions::default()) {
        Ok(_) => committed(chat),
        Err(error) => not_committed(chat, error),
    }
}

/// Does what a command says to the open contact. Which message is meant is settled now: until a server was heard, there may
/// be a later one.
fn perform(chat: &mut Chat, doing: Doing) -> Result<(), ClientError> {
    let Some(alias) = may_write(chat) else { return Ok(()) };
    match doing.commit(&chat.client, &alias) {
        Ok(Some(Committed::Waits(_))) => committed(chat),
        Ok(Some(Committed::NotLeft)) => {
            committed(chat)?;
            chat.say(says::not_left().to_owned());
            Ok(())
        }
        Ok(None) => {
            // It stays where it was typed while nobody can be sent.
            if chat.send_for(Errand::Do(alias, doing)) {
                chat.state.clear_draft();
            }
            Ok(())
        }
        Err(error) => not_committed(chat, error),
    }
}

/// What was written is in the vault: it leaves the box, and the outbox is sent.
fn committed(chat: &mut Chat) -> Result<(), ClientError> {
    chat.state.clear_draft();
    // Where too many errands wait, another one sends it.
    chat.background.run(Errand::Flush);
    chat.state.thread.forget_new();
    if !chat.state.thread.follows() {
        chat.go_to_newest()?;
    }
    chat.look()
}

/// What was written stays where it was typed.
fn not_committed(chat: &mut Chat, error: ClientError) -> Result<(), ClientError> {
    match error {
        error if error.exit_code() == 7 => Err(error),
        error => {
            chat.state.overlay = Some(Overlay::Problem(Problem::from(&error).to_string()));
            Ok(())
        }
    }
}

/// The open contact, unless nothing goes there until somebody decided.
fn may_write(chat: &mut Chat) -> Option<String> {
    let contact = chat.state.contact()?.clone();
    match words::warning(&contact, COMPARE) {
        Some((why, true)) => {
            chat.say(why);
            None
        }
        _ => Some(contact.alias),
    }
}

/// Shows what to compare with the open contact.
pub fn compare(chat: &mut Chat) {
    if let Some(alias) = chat.state.alias().map(str::to_owned) {
        chat.state.overlay = Some(Overlay::LookingUp(alias.clone()));
        chat.send_for(Errand::Compare(alias));
    }
}

/// Accepts a request.
pub fn accept(chat: &mut Chat, label: String) {
    chat.say(says::accepting(shown_on_one_line(&label)));
    chat.send_for(Errand::Accept(label));
}

fn write_to(chat: &mut Chat, alias: &str) -> Result<(), ClientError> {
    match chat.client.contact(alias) {
        Ok(contact) => {
            chat.look()?;
            chat.open(Who::Contact(contact.alias), Focus::Open)
        }
        Err(error) if error.exit_code() == 7 => Err(error),
        Err(error) => {
            chat.say(error.what_in(language()));
            Ok(())
        }
    }
}

/// The request of this number or name.
fn request(chat: &mut Chat, which: &str) -> Option<String> {
    let found = words::request(&chat.state.requests, which).map(|request| request.label.clone());
    if found.is_none() {
        chat.say(says::no_request(shown_on_one_line(which)));
    }
    found
}

/// The word itself is nothing unsent. It comes back while something else is, so that the same key leaves.
fn quit(chat: &mut Chat, text: &str, warned: Option<String>) -> Next {
    chat.state.clear_draft();
    let next = leave(chat, warned);
    if let (Next::Go, Some(draft)) = (&next, chat.state.draft()) {
        draft.insert_str(text);
    }
    next
}
