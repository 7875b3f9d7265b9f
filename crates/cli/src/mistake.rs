//! What is wrong with a command line. In English clap says it; in French it is put together here, of the same facts.
//! Help that was asked for comes this way too.

use std::error::Error as _;
use std::ffi::OsString;
use std::io::{Write as _, stderr, stdout};

use clap::builder::styling::Styles;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use clap::{Arg, Command};

use crate::args::without_credentials;
use crate::colour::painted;
use crate::early::{Early, grammar, grammar_of_line, grammar_without};
use crate::exit::Exit;
use crate::messages::{Language, help::in_its_language, language, mistakes, problems, reason};
use crate::problem::Problem;
use crate::shown::shown_on_one_line;
use crate::stop::Stop;

/// Prints the help or the version that was asked for, or says what is wrong, to a program as an object too; how the run
/// ends then.
pub fn tell(error: Error, early: &Early) -> Result<Exit, Stop> {
    if !error.use_stderr() {
        let text = painted(&error.render(), early.wants_colour(&stdout()));
        early.screen().print(text.trim_end())?;
        return Ok(Exit::Done);
    }
    tell_program(&error, early);
    let is_help = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    let is_coloured = early.wants_colour(&stderr());
    let text = match language() {
        Language::French if !is_help => in_french(&error, is_coloured),
        _ => painted(&harmless(error).render(), is_coloured),
    };
    // A closed standard error is not worth dying for.
    let _closed = write!(stderr().lock(), "{text}");
    Ok(Exit::Usage)
}

/// A value that came out of a variable is that variable's: nobody gave the flag.
pub fn name_variable(error: &mut Error, grammar: &Command, arguments: &[OsString]) {
    let (flag, value) = flag_and_value(error);
    if value.is_empty() || flag.is_empty() {
        return;
    }
    // Only what was used of it is built, and how an argument is shown is known then.
    let mut grammar = grammar.clone();
    grammar.build();
    let Some(name) = arg_shown_as(&grammar, &flag).and_then(Arg::get_env) else { return };
    // Whose it is, the line itself tells best: without the variable it is right, or wrong for another reason.
    let without = in_its_language(grammar_without(name)).try_get_matches_from(arguments);
    if !without.is_err_and(|error| flag_and_value(&error) == (flag, value)) {
        let name = name.to_string_lossy().into_owned();
        error.insert(ContextKind::InvalidArg, ContextValue::String(name));
    }
}

/// A usage shows what was given as if it had to be, and a variable's flag nobody gave: it is that of the line alone.
pub fn leave_variables_out(error: &mut Error, arguments: &[OsString]) {
    if let Err(alone) = in_its_language(grammar_of_line()).try_get_matches_from(arguments)
        && alone.kind() == error.kind()
        && let Some(usage) = alone.get(ContextKind::Usage)
    {
        error.insert(ContextKind::Usage, usage.clone());
    }
}

fn flag_and_value(error: &Error) -> (String, String) {
    let joined = |kind| of(error, kind).join(" ");
    (joined(ContextKind::InvalidArg), joined(ContextKind::InvalidValue))
}

fn arg_shown_as<'a>(grammar: &'a Command, flag: &str) -> Option<&'a Arg> {
    let own = grammar.get_arguments().find(|arg| arg.to_string() == flag);
    own.or_else(|| grammar.get_subcommands().find_map(|verb| arg_shown_as(verb, flag)))
}

/// With what somebody typed or pasted made harmless, as it may be repeated.
fn harmless(mut error: Error) -> Error {
    let known: Vec<_> = error.context().map(|(kind, value)| (kind, value.clone())).collect();
    for (kind, value) in known {
        let value = match value {
            ContextValue::String(text) => ContextValue::String(repeatable(&error, &text)),
            ContextValue::Strings(texts) => {
                ContextValue::Strings(texts.iter().map(|text| repeatable(&error, text)).collect())
            }
            other => other,
        };
        error.insert(kind, value);
    }
    error
}

/// Shows the help to whoever said nothing. Clap would do so too, but not when a variable such as OUB_HOME is set.
pub fn no_verb(early: &Early) -> Result<Exit, Stop> {
    tell_program(&Error::new(ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand), early);
    let help = painted(&in_its_language(grammar()).render_help(), early.wants_colour(&stderr()));
    // A closed standard error is not worth dying for.
    let _closed = write!(stderr().lock(), "{help}");
    Ok(Exit::Usage)
}

fn tell_program(error: &Error, early: &Early) {
    if early.json {
        // Whatever standard output does, the person is told, and the run ends with the right code.
        let _untaken = early.screen().print(&problem(error).to_json().to_string());
    }
}

/// The same as a problem.
pub fn problem(error: &Error) -> Problem {
    let hints = hints(error);
    let why = if hints.is_empty() { mistakes::not_as_shown().to_owned() } else { hints.join("; ") };
    let verbs: Vec<String> = usage(error, false).map(|usage| verbs(&usage)).unwrap_or_default();
    let remedy =
        ["oub", "help"].into_iter().chain(verbs.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
    Problem::new(Exit::Usage, "OUB-E097", what(error), why, remedy)
}

fn in_french(error: &Error, is_coloured: bool) -> String {
    // As the English is coloured.
    let styles = if is_coloured { Styles::styled() } else { Styles::plain() };
    let style = styles.get_error();
    let mut text = format!("{style}{}{style:#} {}\n", problems::error_label(), what(error));
    hints(error).iter().for_each(|hint| text.push_str(&format!("  {hint}\n")));
    if let Some(usage) = usage(error, is_coloured) {
        text.push_str(&format!("\n{usage}\n"));
    }
    format!("{text}\n{}\n", mistakes::more())
}

/// What may have been meant.
fn hints(error: &Error) -> Vec<String> {
    let mut hints = Vec::new();
    let values = of(error, ContextKind::ValidValue);
    if !values.is_empty() {
        hints.push(mistakes::possible(values.join(", ")));
    }
    let similar: Vec<String> =
        [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue]
            .into_iter()
            .flat_map(|kind| of(error, kind))
            .collect();
    if !similar.is_empty() {
        hints.push(mistakes::similar(similar.join(", ")));
    }
    let arg = of(error, ContextKind::InvalidArg).join(" ");
    if error.get(ContextKind::Suggested).is_some() && arg.starts_with('-') {
        hints.push(mistakes::as_a_value(arg));
    }
    hints
}

/// Nothing of it is of the command line.
fn usage(error: &Error, is_coloured: bool) -> Option<String> {
    match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(usage)) => Some(painted(usage, is_coloured).trim_end().to_owned()),
        _ => None,
    }
}

/// The verbs that a usage names: `Usage: oub contact show [OPTIONS] <CONTACT>` is about `contact show`.
fn verbs(usage: &str) -> Vec<String> {
    let is_verb = |word: &&str| word.starts_with(|sign: char| sign.is_ascii_lowercase());
    let words = usage.split_whitespace().skip_while(|word| *word != "oub").skip(1);
    words.take_while(is_verb).map(str::to_owned).collect()
}

fn what(error: &Error) -> String {
    let arg = of(error, ContextKind::InvalidArg).join(", ");
    let value = of(error, ContextKind::InvalidValue).join(", ");
    let others = of(error, ContextKind::PriorArg).join(", ");
    let command = of(error, ContextKind::InvalidSubcommand).join(" ");
    match error.kind() {
        ErrorKind::UnknownArgument => mistakes::unknown_argument(arg),
        ErrorKind::InvalidSubcommand => mistakes::unknown_command(command),
        ErrorKind::MissingRequiredArgument => mistakes::missing(arg),
        ErrorKind::MissingSubcommand => mistakes::missing_command(command),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => mistakes::no_command().to_owned(),
        ErrorKind::InvalidValue if value.is_empty() => mistakes::missing_value(arg),
        ErrorKind::InvalidValue => mistakes::invalid_value(value, arg),
        ErrorKind::ValueValidation => match error.source() {
            Some(why) => mistakes::invalid_because(value, arg, reason(why)),
            None => mistakes::invalid_value(value, arg),
        },
        ErrorKind::TooManyValues => mistakes::one_too_many(value, arg),
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => mistakes::wrong_number(arg),
        ErrorKind::ArgumentConflict if others.is_empty() || others == arg => mistakes::not_twice(arg),
        ErrorKind::ArgumentConflict => mistakes::not_together(arg, others),
        ErrorKind::InvalidUtf8 => mistakes::no_text().to_owned(),
        _ => mistakes::unclear().to_owned(),
    }
}

/// What the error knows of something, harmless.
fn of(error: &Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![repeatable(error, text)],
        Some(ContextValue::Strings(texts)) => texts.iter().map(|text| repeatable(error, text)).collect(),
        _ => Vec::new(),
    }
}

/// Something that was typed or pasted, harmless, and without the password that what is no proxy may hold too.
fn repeatable(error: &Error, text: &str) -> String {
    let arg = error.get(ContextKind::InvalidArg).map(ToString::to_string).unwrap_or_default();
    match arg.starts_with("--proxy") || arg == "OUB_PROXY" {
        true => shown_on_one_line(&without_credentials(text)),
        false => shown_on_one_line(text),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::args::Oub;
    use crate::messages::in_language;

    #[test]
    fn what_is_wrong_is_said_in_french() {
        for (line, says) in [
            ("oub sned bob x", "erreur\u{a0}: commande inconnue\u{a0}: sned\n  peut-être\u{a0}: send\n"),
            ("oub send", "erreur\u{a0}: il manque\u{a0}: <CONTACT>\n"),
            (
                "oub send bob x --no-que",
                "erreur\u{a0}: argument inattendu\u{a0}: --no-que\n  peut-être\u{a0}: --no-queue\n",
            ),
            ("oub id --color blue", "  valeurs possibles\u{a0}: auto, always, never\n"),
            ("oub id --timeout soon", "«\u{a0}soon\u{a0}»\u{a0}: écrivez un délai comme 30s"),
            ("oub id --proxy a:b@h", "«\u{a0}***@h\u{a0}»\u{a0}: écrivez un proxy SOCKS5"),
            ("oub pull --max 0", "«\u{a0}0\u{a0}»\u{a0}: écrivez un nombre entier"),
            ("oub log --max all", "«\u{a0}all\u{a0}»\u{a0}: écrivez un nombre entier"),
            ("oub id --timeout", "--timeout <DÉLAI> veut une valeur"),
            ("oub pull --peek --exec x", "--peek ne va pas avec --exec <COMMANDE>"),
            ("oub id --qr --qr", "--qr ne peut pas être donné deux fois"),
            ("oub send bob -5", "argument inattendu\u{a0}: -5\n  pour le donner comme valeur\u{a0}: -- -5\n"),
            ("oub id x", "argument inattendu\u{a0}: x"),
            ("oub id \u{1b}[2J", "argument inattendu\u{a0}: \\u{1b}[2J"),
        ] {
            let said = in_language(Language::French, || {
                let error = in_its_language(Oub::command()).try_get_matches_from(line.split(' '));
                in_french(&error.expect_err("it is wrong"), false)
            });
            assert!(said.contains(says), "{line}: {said}");
            assert!(
                said.contains("\nUsage\u{a0}: oub")
                    || ["timeout", "proxy", "color", "max"].iter().any(|one| line.contains(one)),
                "{said}"
            );
            assert!(said.ends_with("\nPour en savoir plus, essayez «\u{a0}--help\u{a0}».\n"), "{said}");
        }
    }
}
