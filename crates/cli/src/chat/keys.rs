//! The table of keys: what a key does, what the help screen says, and what `oub help chat` prints.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

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
            Where::Anywhere => "Anywhere",
            Where::People => "In the list of people",
            Where::Writing => "While writing",
            Where::Request => "At a request",
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
    /// Their names.
    pub shown: &'static str,
    /// What they do, in words.
    pub words: &'static str,
    /// What they do.
    pub action: Action,
}

/// A key with what is held down beside it.
pub type Chord = (KeyModifiers, KeyCode);

const NONE: KeyModifiers = KeyModifiers::NONE;
const CTRL: KeyModifiers = KeyModifiers::CONTROL;
const ALT: KeyModifiers = KeyModifiers::ALT;
const SHIFT: KeyModifiers = KeyModifiers::SHIFT;

const fn key(
    place: Where,
    action: Action,
    chords: &'static [Chord],
    shown: &'static str,
    words: &'static str,
) -> Key {
    Key { place, chords, shown, words, action }
}

/// All keys, in the order of the help.
pub const KEYS: &[Key] = &[
    key(Where::Writing, Action::Send, &[(NONE, KeyCode::Enter)], "Enter", "send"),
    key(
        Where::Writing,
        Action::NewLine,
        &[(ALT, KeyCode::Enter), (SHIFT, KeyCode::Enter), (CTRL, KeyCode::Char('j'))],
        "Alt-Enter, Ctrl-J",
        "new line; a paste never sends",
    ),
    key(Where::Writing, Action::Up, &[(NONE, KeyCode::Up)], "Up", "a line back, while nothing is written"),
    key(
        Where::Writing,
        Action::Down,
        &[(NONE, KeyCode::Down)],
        "Down",
        "a line on, while nothing is written",
    ),
    key(
        Where::People,
        Action::Up,
        &[(NONE, KeyCode::Up), (NONE, KeyCode::Char('k'))],
        "Up, k",
        "the person above",
    ),
    key(
        Where::People,
        Action::Down,
        &[(NONE, KeyCode::Down), (NONE, KeyCode::Char('j'))],
        "Down, j",
        "the person below",
    ),
    key(
        Where::People,
        Action::Open,
        &[(NONE, KeyCode::Enter), (NONE, KeyCode::Right)],
        "Enter, Right",
        "open, and write",
    ),
    key(Where::People, Action::Search, &[(NONE, KeyCode::Char('/'))], "/", "look for words in the thread"),
    key(Where::People, Action::Leave, &[(NONE, KeyCode::Char('q'))], "q", "leave"),
    key(Where::Request, Action::Accept, &[(NONE, KeyCode::Char('a'))], "a", "accept: they may write to you"),
    key(Where::Request, Action::Decline, &[(NONE, KeyCode::Char('d'))], "d", "decline: they are not told"),
    key(
        Where::Anywhere,
        Action::OtherPane,
        &[(NONE, KeyCode::Tab), (SHIFT, KeyCode::BackTab)],
        "Tab",
        "between people and message",
    ),
    key(
        Where::Anywhere,
        Action::NextPerson,
        &[(ALT, KeyCode::Down), (CTRL, KeyCode::Char('n'))],
        "Alt-Down, Ctrl-N",
        "the next person",
    ),
    key(
        Where::Anywhere,
        Action::PreviousPerson,
        &[(ALT, KeyCode::Up), (CTRL, KeyCode::Char('p'))],
        "Alt-Up, Ctrl-P",
        "the person before",
    ),
    key(Where::Anywhere, Action::PageUp, &[(NONE, KeyCode::PageUp)], "PageUp, wheel", "back in the thread"),
    key(
        Where::Anywhere,
        Action::PageDown,
        &[(NONE, KeyCode::PageDown)],
        "PageDown, wheel",
        "on in the thread",
    ),
    key(Where::Anywhere, Action::Oldest, &[(CTRL, KeyCode::Home)], "Ctrl-Home", "to the first message"),
    key(Where::Anywhere, Action::Newest, &[(CTRL, KeyCode::End)], "Ctrl-End", "to the last message"),
    key(
        Where::Anywhere,
        Action::Search,
        &[(CTRL, KeyCode::Char('f'))],
        "Ctrl-F",
        "look for words in the thread",
    ),
    key(
        Where::Anywhere,
        Action::Compare,
        &[(NONE, KeyCode::F(4)), (ALT, KeyCode::Char('v'))],
        "F4, Alt-V",
        "compare words: is it really them?",
    ),
    key(Where::Anywhere, Action::Back, &[(NONE, KeyCode::Esc)], "Esc", "close, or back to the last message"),
    key(
        Where::Anywhere,
        Action::Help,
        &[(NONE, KeyCode::F(1)), (ALT, KeyCode::Char('h'))],
        "F1, Alt-H",
        "this help",
    ),
    key(Where::Anywhere, Action::Redraw, &[(CTRL, KeyCode::Char('l'))], "Ctrl-L", "draw everything again"),
    key(
        Where::Anywhere,
        Action::Suspend,
        &[(CTRL, KeyCode::Char('z'))],
        "Ctrl-Z",
        "to the shell; fg comes back",
    ),
    key(
        Where::Anywhere,
        Action::Leave,
        &[(CTRL, KeyCode::Char('q')), (CTRL, KeyCode::Char('c'))],
        "Ctrl-Q, Ctrl-C",
        "leave",
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

/// The table as text, for `oub help chat`.
pub fn as_text() -> String {
    let mut text = String::from("Keys of the full screen\n");
    for place in PLACES {
        text.push_str(&format!("\n{}:\n", place.words()));
        for key in KEYS.iter().filter(|key| key.place == place) {
            text.push_str(&format!("  {:<19} {}\n", key.shown, key.words));
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
                assert!(!(meet && shared), "{} and {}", key.words, other.words);
            }
        }
    }

    #[test]
    fn every_key_is_found_where_it_counts() {
        for key in KEYS {
            for (modifiers, code) in key.chords {
                let event = KeyEvent::new(*code, *modifiers);
                assert_eq!(action(key.place, &event), Some(key.action), "{}", key.shown);
                assert!(as_text().contains(key.words));
            }
        }
    }
}
