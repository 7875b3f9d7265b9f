//! `oub doctor`: looks whether everything is in order.

use client::{Check, Verdict};

use crate::commands::notices;
use crate::context::Context;
use crate::exit::Exit;
use crate::json::Line;
use crate::messages::{language, problems, states};
use crate::shown::shown_on_one_line;
use crate::stop::Stop;

/// Prints one line for each thing looked at; ends with the code of the worst.
pub fn run(context: &Context) -> Result<Exit, Stop> {
    let client = context.open()?;
    notices::tell_given_up(context, &client)?;
    let checks = client.doctor(language());
    for check in &checks {
        let line = Line::new("check")
            .text("subject", check.subject)
            .text("verdict", word(check.verdict))
            .text("finding", &check.finding)
            .maybe_text("do", check.remedy.as_deref());
        context.screen.answer(line, &to_text(check))?;
    }
    Ok(checks
        .iter()
        .filter(|check| check.verdict == Verdict::Bad)
        .map(exit_of)
        .max_by_key(|exit| weight(*exit))
        .unwrap_or(Exit::Done))
}

fn to_text(check: &Check) -> String {
    let text = format!(
        "{:<8} {:<12} {}",
        states::verdict(check.verdict),
        check.subject,
        shown_on_one_line(&check.finding)
    );
    match &check.remedy {
        Some(remedy) => format!("{text}\n{:<21} {}  {}", "", problems::do_label(), shown_on_one_line(remedy)),
        None => text,
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "good",
        Verdict::Warning => "warning",
        Verdict::Bad => "bad",
    }
}

fn exit_of(check: &Check) -> Exit {
    match check.subject {
        "proxy" | "server" => Exit::Temporary,
        "identity" | "ledger" => Exit::Identity,
        _ => Exit::Local,
    }
}

/// Who is met matters more than what is stored, and that more than what a retry may cure.
fn weight(exit: Exit) -> u8 {
    match exit {
        Exit::Identity => 3,
        Exit::Local => 2,
        _ => 1,
    }
}
