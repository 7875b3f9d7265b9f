//! The examples of each verb: its help shows them, the manual does, and a test reads every one of them.

pub const JOIN: &str = "\
Examples
  oub join oub://chat.example.org/i/7F4Q…#FP            with an invitation
  oub join oub://chat.example.org#FP --name alice       where everybody may join
  oub join oub://chat.example.org/alice#FP --recover    my name back, by the 24 words";
pub const ID: &str = "\
Examples
  oub id --qr
  oub id --words                 the 24 recovery words, until they are on paper
  oub id --json | jq -r .address";
pub const ADD: &str = "\
Examples
  oub add bob@chat.example.org
  oub add oub://chat.example.org/bob#FP --as robert";
pub const PAIR: &str = "\
Examples
  oub pair                       makes a code, to be read out
  oub pair 42-guitar-volcano     on the other side";
pub const VERIFY: &str = "\
Examples
  oub verify bob
  oub verify bob --qr";
pub const SEND: &str = "\
Examples
  oub send bob 'lunch at noon?'
  oub send oub://chat.example.org/bob#FP 'hello'    bob becomes a contact
  oub send bob -f report.pdf 'as promised'
  pg_dump db | oub send bob -f - --name db.sql";
pub const PULL: &str = "\
Examples
  oub pull
  oub pull --follow --json | jq -r .text
  oub pull --exec ./handle.sh";
pub const ASK: &str = "\
Examples
  oub ask bob 'Deploy 1.4?' --choice yes,no --timeout 15m";
pub const ANSWER: &str = "\
Examples
  oub answer bob 'at noon'
  oub answer bob 2               the second choice";
pub const FILES: &str = "\
Examples
  oub files bob";
pub const SAVE: &str = "\
Examples
  oub save 01ab
  oub save 01ab -o - | tar x";
pub const EDIT: &str = "\
Examples
  oub edit bob last 'lunch at one?'";
pub const TAKE_BACK: &str = "\
Examples
  oub take-back bob last";
pub const REQUESTS: &str = "\
Examples
  oub requests";
pub const ACCEPT: &str = "\
Examples
  oub accept carol
  oub accept carol --as 'carol from work'";
pub const DECLINE: &str = "\
Examples
  oub decline mallory";
pub const LOG: &str = "\
Examples
  oub log bob --grep key
  oub log bob --html > bob.html";
pub const CONTACT: &str = "\
Examples
  oub contact show bob
  oub contact timer bob 7d";
pub const DAEMON: &str = "\
Examples
  oub daemon install --now
  oub daemon run --exec ./handle.sh";
pub const OUTBOX: &str = "\
Examples
  oub outbox";
pub const LEDGER: &str = "\
Examples
  oub ledger status
  oub ledger audit";
pub const IDENTITY: &str = "\
Examples
  oub identity backup alice.backup
  oub identity restore alice.backup --verify-only
  oub identity release --yes alice                 give the name up, for good";
pub const CONFIG: &str = "\
Examples
  oub config --origin
  oub config set require-verified true";
pub const DOCTOR: &str = "\
Examples
  oub doctor";
pub const COMPLETIONS: &str = "\
Examples
  source <(oub completions bash)      in ~/.bashrc
  oub completions fish > ~/.config/fish/completions/oub.fish";
pub const HELP: &str = "\
Examples
  oub help send
  oub help exit-codes";

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use clap::{Command, CommandFactory as _, Parser as _};

    use crate::args::Oub;
    use crate::chat::keys;
    use crate::messages::{Language, help::in_its_language, in_language};

    /// The words of a line as a shell would have them, up to what is done with the output or said beside it.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let (mut quoted, mut signs) = (false, line.chars().peekable());
        while let Some(sign) = signs.next() {
            match sign {
                '\'' => quoted = !quoted,
                ' ' if !quoted && signs.peek() == Some(&' ') => break,
                '|' | '>' | ')' if !quoted => break,
                ' ' if !quoted => words.push(String::new()),
                sign => words.last_mut().unwrap().push(sign),
            }
        }
        words.into_iter().filter(|word| !word.is_empty()).collect()
    }

    /// The commands among the examples of a help.
    fn examples(help: &str) -> Vec<Vec<String>> {
        let (_, after) = help.split_once("Ex").unwrap_or_default();
        let lines = after.lines().skip(1).take_while(|line| line.starts_with("  "));
        lines.filter_map(|line| line.get(line.find("oub ")?..)).map(words).collect()
    }

    fn walk(command: &Command, verb: bool, found: &mut usize) {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let examples = examples(&help);
        assert!(!verb || command.is_hide_set() || !examples.is_empty(), "{} has none", command.get_name());
        for example in &examples {
            let read = Oub::try_parse_from(example);
            assert!(read.is_ok(), "{example:?}: {}", read.unwrap_err());
            assert!(!verb || example.get(1).is_some_and(|word| word == command.get_name()), "{example:?}");
        }
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
        *found += examples.len();
        let is_root = command.get_name() == "oub";
        command.get_subcommands().for_each(|each| walk(each, is_root, found));
    }

    #[test]
    fn every_verb_has_examples_and_all_of_them_are_understood_in_both_languages() {
        for language in [Language::English, Language::French] {
            let mut found = 0;
            in_language(language, || walk(&in_its_language(Oub::command()), false, &mut found));
            assert!(found > 50, "{found}");
            assert!(in_language(language, keys::as_text).starts_with("Ex"));
        }
    }
}
