//! `oub ledger`: the public logs of whose key is whose.

use std::path::Path;

use client::{Client, LogAudit, LogStanding, LogState, LogTrouble};
use serde_json::json;

use crate::args::Ledger;
use crate::commands::send;
use crate::context::Context;
use crate::exit::Exit;
use crate::json::Line;
use crate::messages::{language, reason, screens};
use crate::shown::{hex, shown_on_one_line};
use crate::stop::Stop;
use crate::when;

/// Does what the verb says. What is wrong with a log ends with exit 6.
pub fn run(context: &Context, verb: &Ledger) -> Result<Exit, Stop> {
    match verb {
        Ledger::Status => show(context, &context.open()?.log_standings()?),
        Ledger::Sync => show(context, &context.open()?.sync_logs()?),
        Ledger::Audit => audit(context),
        Ledger::VerifyFraud { file } => verify_fraud(context, file),
    }
}

fn show(context: &Context, standings: &[LogStanding]) -> Result<Exit, Stop> {
    for standing in standings {
        context.screen.answer(to_json(standing), &to_text(standing))?;
    }
    if standings.is_empty() {
        context.screen.say(screens::no_logs());
    }
    let is_wrong = |standing: &LogStanding| {
        matches!(standing.state, LogState::Trouble(_))
            || standing.not_mine.is_some()
            || standing.fraud.is_some()
    };
    Ok(if standings.iter().any(is_wrong) { Exit::Identity } else { Exit::Done })
}

fn to_text(standing: &LogStanding) -> String {
    let server = standing.server.to_string();
    let time = |time: Option<wire::UnixSeconds>| time.map(when::for_people).unwrap_or_default();
    let (leaves, signed) = (standing.leaves, time(standing.head_time));
    let mut text = match standing.state {
        LogState::Good => screens::log_is_good(&server, leaves, &signed, time(standing.replayed_at)),
        LogState::Silent => screens::log_is_silent(&server, leaves, time(standing.written_at)),
        LogState::Unread => screens::log_is_unread(&server),
        LogState::Trouble(trouble) => {
            screens::log_in_trouble(&server, time(standing.since), trouble.why_in(language()))
        }
    };
    let mut add = |line: String| {
        text.push_str("\n  ");
        text.push_str(&line);
    };
    if let Some(leaf) = standing.not_mine {
        add(screens::log_not_mine(leaf));
    }
    if standing.restored > 0 {
        add(screens::log_was_restored(
            standing.restored,
            time(standing.restored_at.or(standing.replayed_at)),
        ));
    }
    if let Some(fraud) = &standing.fraud {
        add(screens::log_fraud_kept(shown_on_one_line(&fraud.display().to_string())));
    }
    text
}

/// How it stands with one log, for a program.
pub fn to_json(standing: &LogStanding) -> Line {
    let time = |time: Option<wire::UnixSeconds>| time.map(when::for_programs);
    Line::new("ledger")
        .text("server", &standing.server.to_string())
        .truth("mine", standing.mine)
        .text("state", word(standing.state))
        .number("entries", standing.leaves)
        .number("restored", u64::from(standing.restored))
        .maybe_text("root", standing.root.map(|root| hex(&root)).as_deref())
        .maybe_text("signed_at", time(standing.head_time).as_deref())
        .maybe_text("checked_at", time(standing.replayed_at).as_deref())
        .maybe_text("since", time(standing.since).as_deref())
        .maybe_number("not_mine", standing.not_mine)
        .maybe_text("fraud", standing.fraud.as_ref().map(|path| path.display().to_string()).as_deref())
}

fn word(state: LogState) -> &'static str {
    match state {
        LogState::Good => "good",
        LogState::Silent => "silent",
        LogState::Unread => "unread",
        LogState::Trouble(LogTrouble::WentBack) => "went_back",
        LogState::Trouble(LogTrouble::Forked) => "forked",
        LogState::Trouble(LogTrouble::NotSigned) => "not_signed",
        LogState::Trouble(LogTrouble::Fraud) => "fraud",
    }
}

fn audit(context: &Context) -> Result<Exit, Stop> {
    let audits = context.open()?.audit_logs()?;
    for audit in &audits {
        context.screen.answer(audit_to_json(audit), &audit_to_text(audit))?;
    }
    if audits.is_empty() {
        context.screen.say(screens::no_logs());
    }
    let differs = audits.iter().any(|audit| !audit.differ.is_empty());
    Ok(if differs { Exit::Identity } else { Exit::Done })
}

fn audit_to_text(audit: &LogAudit) -> String {
    let mut text =
        screens::log_audited(audit.server.to_string(), audit.leaves, hex(&audit.root), audit.agree);
    for contact in &audit.changed {
        text.push_str("\n  ");
        text.push_str(&screens::log_has_newer(shown_on_one_line(contact)));
    }
    for contact in &audit.differ {
        text.push_str("\n  ");
        text.push_str(&screens::log_differs(shown_on_one_line(contact)));
    }
    text
}

fn audit_to_json(audit: &LogAudit) -> Line {
    Line::new("ledger_audit")
        .text("server", &audit.server.to_string())
        .number("entries", audit.leaves)
        .text("root", &hex(&audit.root))
        .number("restored", u64::from(audit.restored))
        .maybe_number("my_entry", audit.my_leaf)
        .number("agree", u64::from(audit.agree))
        .texts("changed", &audit.changed)
        .texts("differ", &audit.differ)
}

fn verify_fraud(context: &Context, file: &Path) -> Result<Exit, Stop> {
    std::fs::File::open(file).map_err(|error| send::unreadable(file, &reason(error)))?;
    let fraud = Client::verify_fraud(file)?;
    let head = |(leaves, time): (u64, wire::UnixSeconds)| json!({"entries": leaves, "signed_at": when::for_programs(time)});
    let line = Line::new("fraud")
        .text("server", &fraud.server)
        .json("one", head(fraud.one))
        .json("other", head(fraud.other));
    let (one, other) = (when::for_people(fraud.one.1), when::for_people(fraud.other.1));
    let text = screens::fraud_holds(&fraud.server, fraud.one.0, one, fraud.other.0, other);
    context.screen.answer(line, &text)?;
    Ok(Exit::Done)
}
