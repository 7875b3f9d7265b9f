//! Pictures of the screen, kept as text beside this file: `OUB_PICTURES=write cargo test` draws them anew, and a
//! reviewer looks at what changed.

#![allow(clippy::unwrap_used)]

use client::{
    Allotment, Contact, ContactOverview, ContactRequest, Direction, LogEntry, Marks, OutboxState, Place,
    ReceivedBody, SafetyNumber, Trust,
};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use wire::UnixSeconds;

use crate::chat::clock::Clock;
use crate::chat::draw::{Drawn, draw};
use crate::chat::paint::Paint;
use crate::chat::state::{Focus, Link, Overlay, State, Who};
use crate::chat::thread::Thread;
use crate::chat::wrap::width;
use crate::messages::{Language, in_language};

/// Monday, 23 November 2026, 11:34 in UTC.
const NOW: u64 = 1_795_433_640;

/// Everything that a terminal obeys or that turns a line round.
const HOSTILE: &str = "a\u{1b}[2J\u{1b}]52;c;ZXZpbA==\u{7}\u{9b}31m\u{7f}\u{8}\rroot\u{202e}gpj\u{2066}\u{200b}\u{feff}\nme  09:14  yes";

fn contact(alias: &str, trust: Trust) -> Contact {
    let address = "bob@chat.example.org".parse().unwrap();
    Contact {
        alias: alias.to_owned(),
        address,
        trust,
        blocked: false,
        connected: true,
        stamps: 9,
        crossed_off: 0,
        timer_s: 0,
        receipts: false,
        allotment: Allotment::default(),
        given_up_at: None,
    }
}

fn theirs(minutes_ago: u64, text: &str, handled: bool) -> LogEntry {
    let at = UnixSeconds(NOW - minutes_ago * 60);
    LogEntry {
        id: format!("{minutes_ago:032x}"),
        direction: Direction::Received,
        number: 1,
        sent_at: at,
        at,
        body: ReceivedBody::Text(text.to_owned()),
        marks: Marks::default(),
        outgoing: None,
        read_at: None,
        answered: false,
        handled,
        missing_before: 0,
        place: Place::default(),
    }
}

fn mine(minutes_ago: u64, text: &str, state: OutboxState, answered: bool) -> LogEntry {
    let entry = theirs(minutes_ago, text, true);
    LogEntry { direction: Direction::Sent, outgoing: Some(state), answered, ..entry }
}

/// A little conversation over two days.
fn conversation() -> Vec<LogEntry> {
    let mut entries = vec![
        theirs(1_500, "The key is under the pot.", true),
        mine(1_490, "Which pot? There are three, and one of them is a teapot.", OutboxState::Stored, true),
        theirs(1_480, "The one with the red geranium 🌺, left of the door.", true),
        mine(25, "Found it, thank you!", OutboxState::Stored, true),
        mine(24, "Shall I water the tomatoes while I am here?", OutboxState::Stored, false),
        theirs(4, "Yes please. And 鍵 — take the spare one with you:\nit opens the shed too.", false),
        mine(1, "Will do.", OutboxState::Waiting, false),
    ];
    for (entry, place) in entries.iter_mut().zip(1..) {
        let start = Place::default();
        entry.place = (0..place).fold(start, |at, _: i32| at.next());
    }
    entries
}

fn state() -> State {
    let mut state = State::new("alice".to_owned(), Clock::fixed(UnixSeconds(NOW)), Paint::new(true));
    let overview = |contact, unread, last| ContactOverview { contact, unread, last };
    let blocked = Contact { blocked: true, ..contact("mallory", Trust::Unverified) };
    state.set_lists(
        vec![
            overview(contact("bob", Trust::Verified), 0, conversation().pop()),
            overview(
                contact("carol", Trust::Unverified),
                2,
                Some(theirs(9, "Are you at the garden today?", false)),
            ),
            overview(contact("dave", Trust::Changed), 0, Some(theirs(4_000, "see you on Friday", true))),
            overview(contact("erin with a very long name indeed", Trust::VerifiedBefore), 0, None),
            overview(blocked, 0, None),
        ],
        vec![ContactRequest {
            label: "frank".to_owned(),
            address: "frank@elsewhere.example".parse().unwrap(),
            claims: None,
            checked: None,
            texts: vec!["Hello, it is Frank from the library.".to_owned()],
            received_at: UnixSeconds(NOW - 3_600),
        }],
    );
    state.link = Link::Connected;
    state.open = Some(Who::Contact("bob".to_owned()));
    state.focus = Focus::Open;
    state.thread = Thread::newest(&state.clock, "bob", conversation());
    state
}

fn number() -> Box<SafetyNumber> {
    let words = "flavor upset civil orbit maple tunnel brisk ladder ocean velvet".split(' ');
    Box::new(SafetyNumber {
        digits: ["01234"; 12].join(" "),
        words: words.map(str::to_owned).collect(),
        code: String::new(),
        fingerprint: [0; 32],
    })
}

/// The screen as text, without the blanks at the ends of lines.
fn picture(state: &mut State, columns: u16, rows: u16) -> (String, Drawn) {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    let mut drawn = Drawn::default();
    terminal.draw(|frame| drawn = draw(state, frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let mut text = String::new();
    for row in buffer.content.chunks(usize::from(columns)) {
        let (mut line, mut covered) = (String::new(), 0_usize);
        for cell in row {
            if covered > 0 {
                covered -= 1;
                continue;
            }
            line.push_str(cell.symbol());
            covered = width(cell.symbol()).saturating_sub(1);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    (text, drawn)
}

/// Draws the state that is like [`state`] but for a change, in both languages.
fn check(name: &str, change: impl Fn(&mut State)) {
    let draw = |columns, rows| {
        let mut state = state();
        change(&mut state);
        picture(&mut state, columns, rows).0
    };
    for (columns, rows) in SIZES {
        compare_with_kept(name, &draw(columns, rows), columns, rows);
        let french = in_language(Language::French, || draw(columns, rows));
        compare_with_kept(&format!("fr-{name}"), &french, columns, rows);
    }
}

fn compare_with_kept(name: &str, text: &str, columns: u16, rows: u16) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/chat/pictures");
    let path = format!("{folder}/{name}-{columns}x{rows}.txt");
    if std::env::var_os("OUB_PICTURES").is_some_and(|word| word == "write") {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "{path} is not what is drawn now:\n{text}");
}

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (40, 20)];

#[test]
fn a_thread_looks_as_it_is_kept() {
    check("thread", |_| {});
}

#[test]
fn people_and_requests_look_as_they_are_kept() {
    check("people", |state| state.focus = Focus::People);
    check("request", |state| state.open = Some(Who::Request("frank".to_owned())));
    check("request-claims", |state| {
        state.open = Some(Who::Request("frank".to_owned()));
        state.requests.iter_mut().for_each(|request| request.claims = Some("bob".to_owned()));
    });
}

#[test]
fn nobody_yet_looks_as_it_is_kept() {
    check("nobody", |state| *state = State::new("alice".to_owned(), state.clock.clone(), state.paint));
}

#[test]
fn a_new_key_looks_as_it_is_kept() {
    check("new-key", |state| {
        state.open = Some(Who::Contact("dave".to_owned()));
        state.thread = Thread::newest(&state.clock, "bob", vec![theirs(4_000, "see you on Friday", true)]);
    });
}

#[test]
fn what_lies_over_looks_as_it_is_kept() {
    check("help", |state| state.overlay = Some(Overlay::Help(0)));
    check("help-end", |state| state.overlay = Some(Overlay::Help(u16::MAX)));
    check("compare", |state| state.overlay = Some(Overlay::Compare("carol".to_owned(), number())));
}

#[test]
fn the_picture_in_the_guide_is_what_is_drawn() {
    let (text, _) = picture(&mut state(), 80, 24);
    let guide = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/chat.md"));
    assert!(guide.contains(&format!("```text\n{text}```")), "docs/guide/chat.md wants this picture:\n{text}");
}

#[test]
fn nothing_that_others_wrote_reaches_the_screen_raw() {
    let long = "x".repeat(16 * 1024);
    let marks = format!("e{}", "\u{301}".repeat(3_000));
    for text in [HOSTILE, &long, &marks, "🇫🇷👩‍💻鍵\u{fe0f}", ""] {
        for (columns, rows) in [(80, 24), (40, 20), (60, 10), (12, 6), (3, 3), (1, 1)] {
            let mut state = state();
            state.requests.iter_mut().for_each(|request| {
                request.texts = vec![text.to_owned()];
                request.label = text.to_owned();
            });
            state.people.iter_mut().for_each(|each| {
                each.contact.alias = format!("bob{text}");
                each.last = Some(theirs(1, text, false));
            });
            state.link = Link::None(text.to_owned());
            for open in [Who::Contact(format!("bob{text}")), Who::Request(text.to_owned())] {
                state.open = Some(open);
                state.thread =
                    Thread::newest(&state.clock, "bob", vec![theirs(2, text, true), theirs(1, text, false)]);
                for focus in [Focus::People, Focus::Open] {
                    state.focus = focus;
                    let (shown, _) = picture(&mut state, columns, rows);
                    let raw = |sign: char| {
                        sign != '\n'
                            && (sign.is_control() || "\u{202e}\u{2066}\u{200b}\u{feff}".contains(sign))
                    };
                    assert!(!shown.contains(raw), "{shown:?}");
                    let forged = |line: &str| line.starts_with(" me  09") || line.contains("│ me  09");
                    assert!(!shown.lines().any(forged), "{shown}");
                }
            }
        }
    }
}

#[test]
fn only_what_was_drawn_to_its_end_counts_as_seen() {
    let mut state = state();
    let (_, drawn) = picture(&mut state, 80, 24);
    assert_eq!(drawn.messages, [format!("{:032x}", 4)]);
    state.thread = Thread::newest(&state.clock, "bob", conversation());
    state.thread.back(5);
    let (_, drawn) = picture(&mut state, 80, 14);
    assert!(drawn.messages.is_empty(), "it is below the screen");
    state.thread = Thread::newest(&state.clock, "bob", conversation());
    state.overlay = Some(Overlay::Help(0));
    assert!(picture(&mut state, 80, 24).1.messages.is_empty(), "it is under the help");
    state.overlay = None;
    state.focus = Focus::People;
    assert!(picture(&mut state, 40, 20).1.messages.is_empty(), "the other pane is shown");
    assert_eq!(picture(&mut state, 80, 24).1.messages.len(), 1);
}

#[test]
fn a_window_in_which_nothing_can_be_read_shows_nothing() {
    for (columns, rows) in [(24, 6), (19, 24), (80, 7), (3, 3), (1, 1)] {
        let (text, drawn) = picture(&mut state(), columns, rows);
        assert!(drawn.messages.is_empty() && drawn.people.is_empty(), "{columns}x{rows}: {drawn:?}");
        assert!("window too small".starts_with(text.trim_end().trim_end_matches('…')), "{text}");
    }
    assert!(picture(&mut state(), 20, 8).0.contains("oubliette"), "here something can");
}

#[test]
fn without_colour_nothing_is_coloured_and_every_word_stays() {
    let mut with = state();
    let mut without = state();
    without.paint = Paint::new(false);
    assert_eq!(picture(&mut with, 80, 24).0, picture(&mut without, 80, 24).0);
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    terminal.draw(|frame| drop(draw(&mut without, frame))).unwrap();
    let plain = ratatui::style::Color::Reset;
    assert!(terminal.backend().buffer().content.iter().all(|cell| cell.fg == plain && cell.bg == plain));
}
