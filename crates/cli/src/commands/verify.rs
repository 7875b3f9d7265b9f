//! `oub verify`: two people compare what their programs hold for each other.

use std::io::{self, Read as _};

use client::{Client, Language, SafetyNumber, Trust, folded, shell_word};

use crate::args::Verify;
use crate::commands::notices;
use crate::commands::words::numbered;
use crate::context::Context;
use crate::exit::Exit;
use crate::json::Line;
use crate::messages::{problems, reason, screens, states};
use crate::problem::Problem;
use crate::qr::qr;
use crate::shown::shown_on_one_line;
use crate::stop::Stop;

/// More than any code has.
const CODE_BYTES_MAX: u64 = 4_096;
/// As every code does, of whatever version.
const CODE_BEGINS: &str = "OUB-VERIFY:";

/// With `--words` or `--code`, succeeds only if they match; without, shows them and asks, where somebody can be
/// asked.
pub fn run(context: &Context, args: &Verify) -> Result<Exit, Stop> {
    let client = context.open()?;
    let number = client.safety_number(&args.contact, context.global().words_language())?;
    let given = given(args)?;
    let same = match &given {
        Some(given) => {
            check(&client, args, given)?;
            true
        }
        None => {
            let changed = client.contact(&args.contact)?.trust == Trust::Changed;
            show(context, args, &number, changed)?;
            let name = shown_on_one_line(&args.contact);
            !context.screen.is_json() && context.confirms(&screens::same_as(name))
        }
    };
    let held = client.contact(&args.contact)?.trust == Trust::Changed;
    let trust = if same {
        client.mark_verified(&args.contact, &number)?.trust
    } else {
        client.contact(&args.contact)?.trust
    };
    if same && held {
        notices::tell(context, &client)?;
        // What was held leaves now, or with a later command.
        client.flush().map(drop).or_else(|error| if error.is_temporary() { Ok(()) } else { Err(error) })?;
    }
    if context.screen.is_json() {
        let line = Line::new("safety_number")
            .text("contact", &args.contact)
            .text("digits", &number.digits)
            .texts("words", &number.words)
            .text("code", &number.code)
            .truth("verified", trust.is_verified())
            .text("trust", trust.word());
        context.screen.print(&line.to_string())?;
    }
    let name = shown_on_one_line(&args.contact);
    match same {
        true => context.screen.say(&screens::is_verified(name)),
        false => context.screen.say(&screens::stays_as(&name, states::trust(trust), shell_word(&name))),
    }
    Ok(Exit::Done)
}

/// What the other person's side shows, as far as it was given.
fn given(args: &Verify) -> Result<Option<String>, Stop> {
    match args.code.as_deref() {
        Some("-") => {
            let mut text = String::new();
            io::stdin().lock().take(CODE_BYTES_MAX).read_to_string(&mut text).map_err(|error| {
                let words = problems::stdin_is_no_text(reason(error), problems::scan_again());
                Problem::of(Exit::Usage, "OUB-E036", words)
            })?;
            Ok(Some(text))
        }
        Some(code) => Ok(Some(code.to_owned())),
        None => Ok(args.words.clone()),
    }
}

fn show(context: &Context, args: &Verify, number: &SafetyNumber, changed: bool) -> Result<(), Stop> {
    if context.screen.is_json() {
        return Ok(());
    }
    let screen = &context.screen;
    let name = shown_on_one_line(&args.contact);
    if changed {
        screen.warn(&screens::new_unsigned_key_of(&name));
    }
    screen.say(&screens::read_these_to(name));
    for row in numbered(&number.words).chunks(5) {
        screen.print(row.join(" ").trim_end())?;
    }
    screen.print("")?;
    let groups: Vec<&str> = number.digits.split(' ').collect();
    for row in groups.chunks(4) {
        screen.print(&format!("   {}", row.join(" ")))?;
    }
    if args.qr {
        screen.print(&format!("\n{}\n{}", qr(&number.code)?, number.code))?;
    }
    Ok(())
}

/// The words in either language, the digits, or the code.
fn check(client: &Client, args: &Verify, given: &str) -> Result<(), Stop> {
    for language in [Language::English, Language::French] {
        let number = client.safety_number(&args.contact, language)?;
        if matches(given, &number) {
            return Ok(());
        }
    }
    if !may_be_theirs(given, args.code.is_some()) {
        return Err(Problem::of(Exit::Usage, "OUB-E099", problems::nothing_to_compare()).into());
    }
    let name = shown_on_one_line(&args.contact);
    let problem = Problem::of(Exit::Identity, "OUB-E065", problems::words_differ(&name));
    Err(problem.with_risk(Some(problems::between_you(name))).into())
}

/// Whether it can be what the other side shows at all: a scanner that was closed, or pointed at something else, is no
/// sign that somebody stands in between.
fn may_be_theirs(given: &str, is_scanned: bool) -> bool {
    match is_scanned {
        true => without_spaces(given).starts_with(CODE_BEGINS),
        false => given.chars().any(char::is_alphanumeric),
    }
}

fn matches(given: &str, number: &SafetyNumber) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    if without_spaces(given) == number.code {
        return true;
    }
    let plain_text = folded(given);
    let words: Vec<&str> =
        plain_text.split(|each: char| !each.is_alphabetic()).filter(|word| !word.is_empty()).collect();
    let only_digits = words.is_empty() && digits(given) == digits(&number.digits);
    let expected: Vec<String> = number.words.iter().map(|word| folded(word)).collect();
    let same_words = !words.is_empty() && words == expected;
    only_digits || same_words
}

/// As a scanner may hand it over, with line ends and in either case.
fn without_spaces(text: &str) -> String {
    text.split_whitespace().collect::<String>().to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number() -> SafetyNumber {
        SafetyNumber {
            digits: "12345 67890".to_owned(),
            words: ["abandon", "élève"].map(str::to_owned).to_vec(),
            code: "OUB-VERIFY:1:0A:FF:1234567890".to_owned(),
            fingerprint: [0; 32],
        }
    }

    #[test]
    fn words_match_however_they_are_spaced_numbered_or_accented() {
        for same in [
            "abandon élève",
            " 1 Abandon\n 2 eleve ",
            "ABANDON, e\u{301}le\u{300}ve",
            "1234567890",
            "12345 67890",
            "OUB-VERIFY:1:0A:FF:1234567890\n",
            " oub-verify:1:0a:ff:\n1234567890",
        ] {
            assert!(matches(same, &number()), "{same}");
        }
    }

    #[test]
    fn what_is_no_code_is_no_wrong_code() {
        for no_code in ["", " \n", "https://example.org", "OUB-VERIF"] {
            assert!(!may_be_theirs(no_code, true), "{no_code}");
        }
        for wrong in ["oub-verify:1:0", "OUB-VERIFY:2:FF", " OUB-\nVERIFY:"] {
            assert!(may_be_theirs(wrong, true), "{wrong}");
        }
        assert!(may_be_theirs("abandon", false) && may_be_theirs("1", false) && !may_be_theirs(" -", false));
    }

    #[test]
    fn anything_else_does_not_match() {
        for other in [
            "",
            "abandon",
            "abandon eleve eleve",
            "eleve abandon",
            "12345",
            "1234567891",
            "1 2",
            "OUB-VERIFY:1:0A:FE:1234567890",
        ] {
            assert!(!matches(other, &number()), "{other}");
        }
    }
}
