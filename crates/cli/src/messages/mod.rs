//! What `oub` says to people, in English and in French.
//!
//! One table, a file for each area: the two texts of a message stand beside each other, and the compiler refuses a
//! message that lacks one of them, or a value in one of them. A message is a function, so its callers are checked too.
//! What programs read is never taken from here as it stands: with `--json` a run speaks English altogether, and so do
//! the threads that talk at the daemon's socket ([`in_language`]).
//!
//! `docs/decisions/0014-english-and-french-in-one-table.md` has the glossary and the reasons.

pub mod chat;
pub mod choice;
pub mod counts;
pub mod daemon;
pub mod dates;
pub mod grammar;
pub mod help;
pub mod keys;
pub mod mistakes;
pub mod problems;
mod reasons;
pub mod screens;
pub mod settings;
pub mod states;
mod table;

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

use client::ClientError;
pub use client::Language;
pub use reasons::{reason, reasons};
pub use table::Words;

static FRENCH: AtomicBool = AtomicBool::new(false);

thread_local! {
    static HERE: Cell<Option<Language>> = const { Cell::new(None) };
}

/// The language of this thread: its own if it has one, else the program's.
pub fn language() -> Language {
    let of_program = if FRENCH.load(Ordering::Relaxed) { Language::French } else { Language::English };
    HERE.get().unwrap_or(of_program)
}

/// Makes it the program's language.
pub fn speak(language: Language) {
    FRENCH.store(language == Language::French, Ordering::Relaxed);
}

/// Acts in a language, whatever the program's is: for what programs read, and for tests.
pub fn in_language<T>(language: Language, act: impl FnOnce() -> T) -> T {
    struct Back(Option<Language>);
    impl Drop for Back {
        fn drop(&mut self) {
            HERE.set(self.0);
        }
    }
    let _back = Back(HERE.replace(Some(language)));
    act()
}

/// What happened and why, on one line.
pub fn why_of(error: &ClientError) -> String {
    error.what_and_why_in(language())
}

#[cfg(test)]
mod tests {
    use super::*;

    table::messages! {
        greeting(name): en "hello {name}", fr "bonjour {name}";
        plain: en "yes", fr "oui";
    }

    table::problems! {
        broken(path, error):
            en { what "cannot use {path}", why "{error}", do "mend {path}" }
            fr { what "impossible d'utiliser {path}", why "{error}", do "réparez {path}" }
    }

    #[test]
    fn a_message_is_said_in_the_language_of_its_thread() {
        assert_eq!((greeting("eve").as_str(), plain()), ("hello eve", "yes"));
        let french = || (greeting("eve"), plain(), broken("a", "b").remedy);
        let said = in_language(Language::French, french);
        assert_eq!(said, ("bonjour eve".to_owned(), "oui", "réparez a".to_owned()));
        assert_eq!(plain(), "yes", "and only as long as asked for");
    }

    /// Before these signs a French line must not break, and a number keeps its unit.
    #[test]
    fn french_has_its_non_breaking_spaces_and_quotation_marks() {
        for (file, text) in SOURCES {
            for (number, line) in text.lines().enumerate() {
                let line = line.split_once(", fr \"").map_or(line, |(_, french)| french);
                let wrong = [" ;", " ?", " !", " »", "« ", " :"].iter().any(|wrong| line.contains(wrong));
                let other = ["//", "en \""].iter().any(|start| line.trim_start().starts_with(start));
                assert!(other || !wrong, "{file}.rs, line {}: {line}", number + 1);
            }
        }
    }

    const SOURCES: &[(&str, &str)] = &[
        ("chat", include_str!("chat.rs")),
        ("daemon", include_str!("daemon.rs")),
        ("dates", include_str!("dates.rs")),
        ("grammar", include_str!("grammar.rs")),
        ("keys", include_str!("keys.rs")),
        ("mistakes", include_str!("mistakes.rs")),
        ("problems", include_str!("problems.rs")),
        ("reasons", include_str!("reasons.rs")),
        ("screens", include_str!("screens.rs")),
        ("settings", include_str!("settings.rs")),
        ("states", include_str!("states.rs")),
    ];
}
