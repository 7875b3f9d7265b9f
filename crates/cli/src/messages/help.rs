//! The help of the command line in the language of this run: the grammar is English, and [`grammar`](super::grammar)
//! has the French of each of its texts.
//!
//! The words that clap itself puts beside them (`[default: …]`) cannot be had in another language: they are hidden, and
//! written anew. `Usage`, `Arguments` and `Options` are French too, but for the colon that clap puts right behind each
//! heading ([`with_its_signs`]).

use clap::builder::{PossibleValue, Resettable, Str};
use clap::{Arg, ArgAction, Command};

use super::grammar::{PAIRS, VALUES};
use super::{Language, language, mistakes};

/// The grammar, with its help in the language of this run.
pub fn in_its_language(grammar: Command) -> Command {
    match language() {
        Language::English => grammar,
        Language::French => in_french(grammar),
    }
}

/// A text that clap rendered, as it is shown: in French a space that does not break stands before the colon of a heading.
/// `plain` is the same text without its colours.
pub fn with_its_signs(plain: &str, shown: &str) -> String {
    if language() == Language::English {
        return shown.to_owned();
    }
    let mut plain = plain.split('\n');
    let lines = shown.split('\n').map(|line| match plain.next().is_some_and(is_heading) {
        true => line.replacen(':', "\u{a0}:", 1),
        false => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// One of clap's own: at the margin, and with the colon where English has it.
fn is_heading(line: &str) -> bool {
    let is_alone = || line.ends_with(':') && !line.ends_with("\u{a0}:");
    line.starts_with("Usage:") || line.starts_with(char::is_alphabetic) && is_alone()
}

/// As it came where nobody here knows it, such as the table of keys, which is in the language already.
fn french(pairs: &'static [(&str, &'static str)], english: &str) -> Option<&'static str> {
    pairs.iter().find(|(known, _)| *known == english).map(|(_, french)| *french)
}

fn in_french(mut command: Command) -> Command {
    let known = |text: String| french(PAIRS, &text);
    if let Some(about) = command.get_about().map(ToString::to_string).and_then(known) {
        command = command.about(about);
    }
    if let Some(after) = command.get_after_help().map(ToString::to_string).and_then(known) {
        command = command.after_help(after);
    }
    if command.has_subcommands() {
        command =
            command.subcommand_help_heading(mistakes::commands()).subcommand_value_name(mistakes::command());
    }
    with_own_flags(command.mut_args(arg_in_french)).mut_subcommands(in_french)
}

/// `-h` and `-V`, which clap would add with a help of its own.
fn with_own_flags(command: Command) -> Command {
    let flag = |id: &'static str, short, action| {
        Arg::new(id).short(short).long(id).action(action).help_heading(Resettable::Reset)
    };
    let help = flag("help", 'h', ArgAction::Help);
    let help = help.help(mistakes::print_help()).long_help(mistakes::print_long_help());
    let command = command.disable_help_flag(true).arg(help);
    if command.get_version().is_none() {
        return command;
    }
    let version = flag("version", 'V', ArgAction::Version).help(mistakes::print_version());
    command.disable_version_flag(true).arg(version)
}

fn arg_in_french(mut arg: Arg) -> Arg {
    if let Some(heading) = arg.get_help_heading().and_then(|heading| french(PAIRS, heading)) {
        arg = arg.help_heading(heading);
    }
    let names = arg.get_value_names().unwrap_or_default();
    let names: Vec<Str> =
        names.iter().map(|name| french(VALUES, name).map_or_else(|| name.clone(), Str::from)).collect();
    if !names.is_empty() {
        arg = arg.value_names(names);
    }
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let help = french(PAIRS, &help).map_or(help, str::to_owned);
    let values: Vec<_> = arg.get_possible_values().into_iter().filter(|value| !value.is_hide_set()).collect();
    let values = if arg.get_action().takes_values() { values } else { Vec::new() };
    let (short, long) = (values_on_a_line(&values), values_in_lines(&values));
    let settled = settled(&arg);
    let arg = arg.hide_possible_values(true).hide_default_value(true).hide_env(true);
    let arg = match &long {
        Some(long) => arg.long_help(format!("{help}{settled}\n\n{long}")),
        None => arg,
    };
    arg.help(format!("{help}{settled}{short}"))
}

/// `[défaut : auto] [variable : OUB_COLOR]`.
fn settled(arg: &Arg) -> String {
    let mut settled = String::new();
    let defaults: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if !defaults.is_empty() && arg.get_action().takes_values() {
        settled.push_str(&format!(" {}", mistakes::default(defaults.join(" "))));
    }
    if let Some(name) = arg.get_env() {
        settled.push_str(&format!(" {}", mistakes::variable(name.to_string_lossy())));
    }
    settled
}

fn values_on_a_line(values: &[PossibleValue]) -> String {
    let names: Vec<&str> = values.iter().map(PossibleValue::get_name).collect();
    if names.is_empty() { String::new() } else { format!(" {}", mistakes::possible_values(names.join(", "))) }
}

/// For `--help`, each with what it means; `None` where none of them says that.
fn values_in_lines(values: &[PossibleValue]) -> Option<String> {
    let line = |value: &PossibleValue| {
        let help = value.get_help()?.to_string();
        let help = french(PAIRS, &help).map_or(help, str::to_owned);
        Some(mistakes::value_means(value.get_name(), help))
    };
    let lines: Vec<String> = values.iter().filter_map(line).collect();
    (!lines.is_empty()).then(|| format!("{}\n{}", mistakes::possible_values_are(), lines.join("\n")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory as _;

    use super::*;
    use crate::args::Oub;
    use crate::chat::keys;
    use crate::colour::painted;
    use crate::messages::in_language;

    /// Every text of the grammar, and every word that stands for a value.
    fn texts(command: &Command, texts: &mut BTreeSet<String>, values: &mut BTreeSet<String>) {
        let own = [command.get_about(), command.get_long_about(), command.get_before_help()];
        let own = own.into_iter().chain([
            command.get_before_long_help(),
            command.get_after_help(),
            command.get_after_long_help(),
        ]);
        texts.extend(own.flatten().map(ToString::to_string));
        for arg in command.get_arguments() {
            texts
                .extend([arg.get_help(), arg.get_long_help()].into_iter().flatten().map(ToString::to_string));
            texts.extend(arg.get_help_heading().map(str::to_owned));
            if arg.get_action().takes_values() {
                values.extend(arg.get_value_names().unwrap_or_default().iter().map(ToString::to_string));
                let helps = arg.get_possible_values();
                texts.extend(helps.iter().filter_map(PossibleValue::get_help).map(ToString::to_string));
            }
        }
        command.get_subcommands().for_each(|inner| self::texts(inner, texts, values));
    }

    fn only_in<'a>(one: &'a BTreeSet<String>, other: &'a BTreeSet<String>) -> Vec<&'a str> {
        one.difference(other).map(String::as_str).collect()
    }

    #[test]
    fn every_text_of_the_grammar_has_its_french_and_every_french_its_text() {
        let (mut said, mut values) = (BTreeSet::new(), BTreeSet::new());
        texts(&Oub::command(), &mut said, &mut values);
        assert!(said.remove(&keys::as_text()), "the keys of the chat are in the table of their own");
        for (said, pairs) in [(said, PAIRS), (values, VALUES)] {
            let known: BTreeSet<String> = pairs.iter().map(|(english, _)| (*english).to_owned()).collect();
            assert_eq!(only_in(&said, &known), [""; 0], "these have no French");
            assert_eq!(only_in(&known, &said), [""; 0], "these stand nowhere in the grammar");
            assert_eq!(known.len(), pairs.len(), "nothing stands there twice");
        }
    }

    /// What a French help shows of what English ones do, in whole words.
    #[test]
    fn no_help_in_french_says_anything_in_english() {
        fn walk(command: &mut Command) {
            for text in [command.render_help(), command.render_long_help()] {
                let text = text.to_string();
                let words = text.split(|sign: char| !sign.is_alphanumeric() && sign != '-');
                let english = ["the", "Print", "default", "env", "possible", "values", "with", "Commands"];
                let found: Vec<&str> = words.filter(|word| english.contains(word)).collect();
                // The name of the profile that is used when nothing is said.
                let found = found.iter().filter(|word| **word != "default").count();
                assert_eq!(found, 0, "{text}");
                assert!(text.contains("Usage:") && text.contains("Afficher l'aide"), "{text}");
            }
            command.get_subcommands_mut().for_each(walk);
        }
        in_language(Language::French, || {
            let mut root = in_its_language(Oub::command());
            root.build();
            walk(&mut root);
        });
    }

    /// As it is shown, with and without colour.
    #[test]
    fn headings_in_french_have_their_space() {
        fn walk(command: &mut Command) {
            for (text, colour) in [(command.render_help(), false), (command.render_long_help(), true)] {
                let (plain, shown) = (painted(&text, false), painted(&text, colour));
                assert!(plain.contains("\nUsage\u{a0}: oub"), "{plain}");
                assert!(
                    shown.contains("Usage\u{a0}:") && shown.contains("Options générales\u{a0}:"),
                    "{shown}"
                );
                let is_wrong = |line: &&str| [":", ";", "?", "!"].iter().any(|sign| line.ends_with(sign));
                let wrong = plain.lines().filter(is_wrong).find(|line| {
                    let before = line.char_indices().rev().nth(1);
                    before.is_none_or(|(_, before)| before != '\u{a0}')
                });
                assert_eq!(wrong, None, "{plain}");
            }
            command.get_subcommands_mut().for_each(walk);
        }
        in_language(Language::French, || {
            let mut root = in_its_language(Oub::command());
            root.build();
            walk(&mut root);
        });
        let english = in_language(Language::English, || painted(&Oub::command().render_help(), false));
        assert!(english.contains("\nUsage: oub"), "{english}");
    }

    #[test]
    fn both_grammars_understand_the_same() {
        for line in
            ["oub send bob x --no-queue -h", "oub -V", "oub daemon --exec x", "oub contact timer bob soon"]
        {
            let kind = |grammar: Command| {
                grammar.try_get_matches_from(line.split(' ')).err().map(|error| error.kind())
            };
            let french = in_language(Language::French, || kind(in_its_language(Oub::command())));
            assert_eq!(french, kind(Oub::command()), "{line}");
        }
        in_language(Language::French, || in_its_language(Oub::command()).debug_assert());
    }
}
