//! `oub help`: of a command, or about what scripts rely on.

use std::io::stdout;

use clap::CommandFactory as _;
use clap::builder::StyledStr;

use crate::args::Oub;
use crate::colour::painted;
use crate::context::Context;
use crate::early::Early;
use crate::exit::Exit;
use crate::messages::{Language, help::in_its_language, language, problems};
use crate::problem::Problem;
use crate::shown::shown_on_one_line;
use crate::stop::Stop;

/// What `--json` promises, as a JSON Schema: for programs, and so in one language.
const JSON: &str = include_str!("topics/json.schema.json");
/// In English and in French; the last is what programs say at the daemon's socket.
const EXIT_CODES: [&str; 2] =
    [include_str!("topics/exit-codes.txt"), include_str!("topics/fr/exit-codes.txt")];
const FILES: [&str; 2] = [include_str!("topics/files.txt"), include_str!("topics/fr/files.txt")];
const API: [&str; 2] = [include_str!("topics/api.txt"), include_str!("topics/fr/api.txt")];

/// What there is help about besides commands.
pub const TOPICS: &[&str] = &["json", "exit-codes", "files", "api"];

/// Prints help about the topic; without one, about everything.
pub fn run(context: &Context, topic: &[String]) -> Result<Exit, Stop> {
    let words: Vec<&str> = topic.iter().map(String::as_str).collect();
    let text = match words.as_slice() {
        ["json"] => JSON.to_owned(),
        ["exit-codes"] => exit_codes(),
        ["files"] => files(),
        ["api"] => in_its_words(API),
        path => {
            let early = Early::of(std::env::args_os().collect());
            painted(&of_command(path)?, early.wants_colour(&stdout()))
        }
    };
    context.screen.print(text.trim_end())?;
    Ok(Exit::Done)
}

/// The topic about exit codes.
pub fn exit_codes() -> String {
    in_its_words(EXIT_CODES)
}

/// The topic about files and variables.
pub fn files() -> String {
    in_its_words(FILES)
}

fn in_its_words([english, french]: [&str; 2]) -> String {
    match language() {
        Language::English => english.to_owned(),
        Language::French => french.to_owned(),
    }
}

fn of_command(path: &[&str]) -> Result<StyledStr, Stop> {
    let mut root = in_its_language(Oub::command());
    root.build();
    let mut command = &mut root;
    for word in path {
        command = command.find_subcommand_mut(word).ok_or_else(|| {
            Problem::of(Exit::Usage, "OUB-E037", problems::no_help(shown_on_one_line(word)))
        })?;
    }
    Ok(command.render_help())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_help_and_nonsense_has_a_problem() {
        for command in Oub::command().get_subcommands() {
            assert!(
                of_command(&[command.get_name()]).unwrap().to_string().contains("Usage"),
                "{}",
                command.get_name()
            );
        }
        assert!(of_command(&[]).unwrap().to_string().contains("Exit codes"));
        assert!(of_command(&["nonsense"]).is_err());
    }

    /// Names of files, variables, fields, flags, and numbers: what is the same in every language.
    fn facts(text: &str) -> Vec<&str> {
        let ends = |sign: char| sign.is_whitespace() || ",;:()`\u{a0}".contains(sign);
        let mut facts: Vec<&str> = text
            .split(ends)
            .map(|word| word.trim_matches('.'))
            .filter(|word| {
                word.contains(['_', '$', '/', '{', '[', '=', '|', '→', '←'])
                    || word.contains(".db")
                    || word.contains(".lock")
                    || word.contains(char::is_numeric)
                    || word.starts_with('-')
            })
            .collect();
        facts.sort_unstable();
        facts
    }

    #[test]
    fn topics_name_the_same_things_in_both_languages() {
        for [english, french] in [EXIT_CODES, FILES, API] {
            assert_eq!(facts(english), facts(french));
            let paragraphs = |text: &str| text.split("\n\n").count();
            assert_eq!(paragraphs(english), paragraphs(french), "{french}");
            let wrong = [" ;", " ?", " !", " »", "« ", " :"];
            assert!(!wrong.iter().any(|wrong| french.contains(wrong)), "{french}");
            assert!(french.lines().all(|line| line.chars().count() <= 120), "{french}");
        }
    }

    #[test]
    fn the_schema_is_json() {
        let schema: serde_json::Value = serde_json::from_str(JSON).unwrap();
        assert!(schema.get("oneOf").unwrap().as_array().unwrap().len() > 8);
    }
}
