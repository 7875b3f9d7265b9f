//! The 24 recovery words: in the vault until somebody has them on paper, or a program has taken them.

use std::io::{IsTerminal, stderr, stdout};
use std::os::fd::AsFd;

use client::{Client, Joined};
use wire::Name;

use crate::context::{Choice, Context};
use crate::exit::Exit;
use crate::json::Line;
use crate::messages::{language, problems, reason, screens};
use crate::problem::Problem;
use crate::screen::{leads_nowhere, sync};
use crate::shown::padded;
use crate::stop::Stop;

/// `oub id --words`: shows them for as long as the vault has them.
pub fn show(context: &Context, client: &Client) -> Result<Exit, Stop> {
    let Some(words) = client.recovery_words(context.global().words_language())? else {
        return Err(Problem::of(Exit::Local, "OUB-E201", problems::words_gone()).into());
    };
    let address = client.address()?;
    let line = Line::new("recovery_words")
        .text("name", address.name.as_str())
        .text("address", &address.to_string())
        .texts("recovery_words", &words);
    context.screen.say(screens::words_until_on_paper());
    context.screen.answer(line, &rows(&words).join("\n"))?;
    let is_had = match is_asked(context) {
        true => context.confirms(screens::are_words_on_paper()),
        false => is_for_a_program(context, &stdout()) && is_kept(context, &stdout()),
    };
    if !is_had {
        context.screen.warn(screens::words_are_kept());
        return Ok(Exit::Done);
    }
    client.forget_recovery_words()?;
    context.screen.say(screens::words_are_forgotten());
    Ok(Exit::Done)
}

/// Prints what `join` answers, and brings the words to whoever joined. A program finds them in the answer, a person is
/// asked after it, and whoever cannot be asked has them before it.
pub fn answer(context: &Context, client: &Client, joined: &Joined, line: Line) -> Result<(), Stop> {
    let (screen, words) = (&context.screen, joined.recovery_words.as_slice());
    let is_asked = is_asked(context);
    let are_told = !screen.is_json() && !is_asked && tell(context, words);
    screen.say(screens::your_address());
    let answered = screen.answer(line, &joined.address.to_string());
    if words.is_empty() {
        return Ok(answered?);
    }
    let is_had = || {
        are_told || screen.is_json() && is_for_a_program(context, &stdout()) && is_kept(context, &stdout())
    };
    match &answered {
        Ok(()) if is_asked => offer(context, client, &joined.address.name, words),
        Ok(()) if is_had() => {
            forget(context, client);
        }
        Err(_) if screen.is_json() => {
            // They stood in the answer.
            tell(context, words);
            screen.warn(screens::words_are_kept());
        }
        _ => screen.warn(screens::words_are_kept()),
    }
    Ok(answered?)
}

/// Tells them where talk goes. Says whether that counts as somebody having them.
fn tell(context: &Context, words: &[String]) -> bool {
    if words.is_empty() {
        return false;
    }
    let counts = !context.screen.is_json() && is_for_a_program(context, &stderr());
    let warning = if counts { screens::write_words_down() } else { screens::write_these_words_down() };
    context.screen.say_once(warning, &rows(words)) && counts && is_kept(context, &stderr())
}

/// The question of `join`.
fn offer(context: &Context, client: &Client, name: &Name, words: &[String]) {
    match context.chooses(screens::write_words_now()) {
        Choice::Yes => {
            let are_shown = context.screen.say_once(screens::write_these_words_down(), &rows(words));
            if are_shown && context.confirms(screens::are_words_on_paper()) {
                return forget_aloud(context, client);
            }
        }
        // For good, and unseen: that is typed.
        Choice::No if context.is_typed(name.as_str(), &screens::type_the_name_to_forget(name)) => {
            return forget_aloud(context, client);
        }
        Choice::No | Choice::Later => {}
    }
    context.screen.warn(screens::words_are_kept());
}

/// Erases them. The join stands whatever comes of it, and the next commands say that they are there still.
fn forget(context: &Context, client: &Client) -> bool {
    let forgotten = client.forget_recovery_words();
    if let Err(error) = &forgotten {
        context.screen.warn(&screens::words_not_forgotten(error.what_in(language())));
    }
    forgotten.is_ok()
}

fn forget_aloud(context: &Context, client: &Client) {
    if forget(context, client) {
        context.screen.say(screens::words_are_forgotten());
    }
}

/// Whether a person is there to say that they are on paper.
fn is_asked(context: &Context) -> bool {
    context.can_ask() && !context.screen.is_json()
}

/// Whether what is written there counts as had once it was taken. It does not where it is thrown away, nor on a terminal
/// whose person was not asked and did not forbid it: JSON too is read there by whoever sits at it.
fn is_for_a_program(context: &Context, stream: &(impl AsFd + IsTerminal)) -> bool {
    let waits_for_a_person = stream.is_terminal() && !context.global().no_input;
    !waits_for_a_person && !leads_nowhere(stream)
}

/// Whether it stays: the vault lets go of them for good, and a file has them only when its disk does.
fn is_kept(context: &Context, stream: &impl AsFd) -> bool {
    let synced = sync(stream);
    if let Err(error) = &synced {
        context.screen.warn(&screens::words_not_on_disk(reason(error)));
    }
    synced.is_ok()
}

/// Six numbered words a row.
fn rows(words: &[String]) -> Vec<String> {
    numbered(words).chunks(6).map(|row| row.join(" ")).collect()
}

/// Words with their numbers, in columns.
pub fn numbered(words: &[String]) -> Vec<String> {
    words.iter().zip(1..).map(|(word, number)| format!("{number:>4} {}", padded(word, 9))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_in_numbered_columns() {
        assert_eq!(numbered(&["zoo".to_owned(), "élève".to_owned()]), ["   1 zoo      ", "   2 élève    "]);
        // As the French list has them.
        assert_eq!(numbered(&["e\u{301}le\u{300}ve".to_owned()]), ["   1 e\u{301}le\u{300}ve    "]);
    }
}
