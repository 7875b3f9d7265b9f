//! The table of keys: what a key does, what the help screen says, and what `oub help chat` prints.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::chat::wrap::width;
use crate::messages::{keys, screens};

/// What a key can do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Send what is written.
    Send,
    /// A new line in what is written.
    NewLine,
    /// Open the chosen person.
    Open,
    /// Up in the list, or in the thread.
    Up,
    /// Down in the list, or in the thread.
    Down,
    /// The next person.
    NextPerson,
    /// The person before.
    PreviousPerson,
    /// Between the list of people and the message.
    OtherPane,
    /// A screenful back.
    PageUp,
    /// A screenful on.
    PageDown,
    /// To the first message.
    Oldest,
    /// To the last one.
    Newest,
    /// Look for words.
    Search,
    /// Show the words to compare.
    Compare,
    /// Accept a request.
    Accept,
    /// Decline a request.
    Decline,
    /// Close what is open.
    Back,
    /// Show this table.
    Help,
    /// Draw everything again.
    Redraw,
    /// Stop, as a shell's job.
    Suspend,
    /// Leave.
    Leave,
}

/// Where a key has its meaning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Where {
    /// Everywhere.
    Anywhere,
    /// In the list of people.
    People,
    /// Where the message is written.
    Writing,
    /// While a request is open.
    Request,
}

impl Where {
    /// The heading in the help.
    pub fn words(self) -> &'static str {
        match self {
            Where::Anywhere => keys::anywhere(),
            Where::People => keys::in_the_list(),
            Where::Writing => keys::while_writing(),
            Where::Request => keys::at_a_request(),
        }
    }
}

/// One row of the table.
#[derive(Debug)]
pub struct Key {
    /// Where it counts.
    pub place: Where,
    /// The keys; the first is the one that hints name.
    pub chords: &'static [Chord],
    /// Their names, in the language of this run.
    pub shown: Say,
    /// What they do, in words.
    pub words: Say,
    /// What they do.
    pub action: Action,
}

/// A message of the table.
pub type Say = fn() -> &'static str;

/// A key with what is held down beside it.
pub type Chord = (KeyModifiers, KeyCode);

const NONE: KeyModifiers = KeyModifiers::NONE;
const CTRL: KeyModifiers = KeyModifiers::CONTROL;
const ALT: KeyModifiers = KeyModifiers::ALT;
const SHIFT: KeyModifiers = KeyModifiers::SHIFT;

const fn key(place: Where, action: Action, chords: &'static [Chord], shown: Say, words: Say) -> Key {
    Key { place, chords, shown, words, action }
}

/// All keys, in the order of the help.
pub const KEYS: &[Key] = &[
    key(Where::Writing, Action::Send, &[(NONE, KeyCode::Enter)], keys::enter, keys::send),
    key(
        Where::Writing,
        Action::NewLine,
        &[(ALT, KeyCode::Enter), (SHIFT, KeyCode::Enter), (CTRL, KeyCode::Char('j'))],
        keys::alt_enter,
        keys::new_line,
    ),
    key(Where::Writing, Action::Up, &[(NONE, KeyCode::Up)], keys::up, keys::line_back),
    key(Where::Writing, Action::Down, &[(NONE, KeyCode::Down)], keys::down, keys::line_on),
    key(
        Where::People,
        Action::Up,
        &[(NONE, KeyCode::Up), (NONE, KeyCode::Char('k'))],
        keys::up_or_k,
        keys::person_above,
    ),
    key(
        Where::People,
        Action::Down,
        &[(NONE, KeyCode::Down), (NONE, KeyCode::Char('j'))],
        keys::down_or_j,
        keys::person_below,
    ),
    key(
        Where::People,
        Action::Open,
        &[(NONE, KeyCode::Enter), (NONE, KeyCode::Right)],
        keys::enter_or_right,
        keys::open,
    ),
    key(Where::People, Action::Search, &[(NONE, KeyCode::Char('/'))], keys::slash, keys::search),
    key(Where::People, Action::Leave, &[(NONE, KeyCode::Char('q'))], keys::q, keys::leave),
    key(Where::Request, Action::Accept, &[(NONE, KeyCode::Char('a'))], keys::a, keys::accept),
    key(Where::Request, Action::Decline, &[(NONE, KeyCode::Char('d'))], keys::d, keys::decline),
    key(
        Where::Anywhere,
        Action::OtherPane,
        &[(NONE, KeyCode::Tab), (SHIFT, KeyCode::BackTab)],
        keys::tab,
        keys::other_pane,
    ),
    key(
        Where::Anywhere,
        Action::NextPerson,
        &[(ALT, KeyCode::Down), (CTRL, KeyCode::Char('n'))],
        keys::alt_down,
        keys::next_person,
    ),
    key(
        Where::Anywhere,
        Action::PreviousPerson,
        &[(ALT, KeyCode::Up), (CTRL, KeyCode::Char('p'))],
        keys::alt_up,
        keys::previous_person,
    ),
    key(Where::Anywhere, Action::PageUp, &[(NONE, KeyCode::PageUp)], keys::page_up, keys::back),
    key(Where::Anywhere, Action::PageDown, &[(NONE, KeyCode::PageDown)], keys::page_down, keys::on),
    key(Where::Anywhere, Action::Oldest, &[(CTRL, KeyCode::Home)], keys::ctrl_home, keys::oldest),
    key(Where::Anywhere, Action::Newest, &[(CTRL, KeyCode::End)], keys::ctrl_end, keys::newest),
    key(Where::Anywhere, Action::Search, &[(CTRL, KeyCode::Char('f'))], keys::ctrl_f, keys::search),
    key(
        Where::Anywhere,
        Action::Compare,
        &[(NONE, KeyCode::F(4)), (ALT, KeyCode::Char('v'))],
        keys::f4,
        keys::compare,
    ),
    key(Where::Anywhere, Action::Back, &[(NONE, KeyCode::Esc)], keys::esc, keys::close),
    key(
        Where::Anywhere,
        Action::Help,
        &[(NONE, KeyCode::F(1)), (ALT, KeyCode::Char('h'))],
        keys::f1,
        keys::help,
    ),
    key(Where::Anywhere, Action::Redraw, &[(CTRL, KeyCode::Char('l'))], keys::ctrl_l, keys::redraw),
    key(Where::Anywhere, Action::Suspend, &[(CTRL, KeyCode::Char('z'))], keys::ctrl_z, keys::suspend),
    key(
        Where::Anywhere,
        Action::Leave,
        &[(CTRL, KeyCode::Char('q')), (CTRL, KeyCode::Char('c'))],
        keys::ctrl_q,
        keys::leave,
    ),
];

/// The headings of the help, in order.
pub const PLACES: [Where; 4] = [Where::Writing, Where::People, Where::Request, Where::Anywhere];

/// What a key does here.
pub fn action(place: Where, event: &KeyEvent) -> Option<Action> {
    let chord = (event.modifiers, event.code);
    let fits = |key: &&Key| key.place == place || key.place == Where::Anywhere;
    KEYS.iter().filter(fits).find(|key| key.chords.contains(&chord)).map(|key| key.action)
}

/// How many columns the names of the keys take, with a blank after each.
pub fn columns() -> usize {
    KEYS.iter().map(|key| width((key.shown)())).max().unwrap_or_default() + 1
}

/// Examples and the table as text, for `oub help chat`.
pub fn as_text() -> String {
    let columns = columns() + 1;
    let mut text = format!("{}\n\n{}\n", keys::examples(), keys::title());
    for place in PLACES {
        text.push_str(&format!("\n{}{}\n", place.words(), screens::colon().trim_end()));
        for key in KEYS.iter().filter(|key| key.place == place) {
            text.push_str(&format!("  {:<columns$} {}\n", (key.shown)(), (key.words)()));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_at_one_place() {
        for (number, key) in KEYS.iter().enumerate() {
            for other in KEYS.iter().skip(number + 1) {
                let meet = key.place == other.place
                    || key.place == Where::Anywhere
                    || other.place == Where::Anywhere;
                let shared = key.chords.iter().any(|chord| other.chords.contains(chord));
                assert!(!(meet && shared), "{} and {}", (key.words)(), (other.words)());
            }
        }
    }

    #[test]
    fn every_key_is_found_where_it_counts() {
        for key in KEYS {
            for (modifiers, code) in key.chords {
                let event = KeyEvent::new(*code, *modifiers);
                assert_eq!(action(key.place, &event), Some(key.action), "{}", (key.shown)());
                assert!(as_text().contains((key.words)()));
            }
        }
    }
}
