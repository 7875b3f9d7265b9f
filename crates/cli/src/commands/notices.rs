//! What happened besides and should be heard once: of other copies, of the relay, of messages that never came.

use client::{Client, ClientError, Missing, Notice, NoticeOfLog, Trust};

use crate::context::Context;
use crate::messages::{counts, language, screens};
use crate::problem::{Aside, Problem};
use crate::shown::shown_on_one_line;
use crate::stop::Stop;
use crate::when;

/// Says what was noticed since the last command that said it.
pub fn tell(context: &Context, client: &Client) -> Result<(), Stop> {
    for notice in client.take_notices()? {
        match notice {
            Notice::Paired { .. } => context.screen.important(&words(&notice)),
            _ => context.screen.warn(&words(&notice)),
        }
    }
    tell_words(context, client)
}

/// Says that the recovery words wait to be written down, if they do: again and again, for a name is lost without them. One
/// that was given up they do not bring back, and who asked for quiet has doctor's line.
pub fn tell_words(context: &Context, client: &Client) -> Result<(), Stop> {
    if !context.screen.is_quiet() && client.has_recovery_words()? && client.released()?.is_none() {
        context.screen.warn(screens::words_are_kept());
    }
    Ok(())
}

/// Says that my name was given up, and when, if it was.
pub fn tell_given_up(context: &Context, client: &Client) -> Result<(), Stop> {
    let Some(released) = client.released()? else { return Ok(()) };
    let name = &released.address.name;
    context.screen.important(&match released.at {
        Some(at) => screens::given_up_since(name, when::for_people(at)),
        None => screens::giving_up_unfinished(name),
    });
    Ok(())
}

/// `2 messages from bob are missing; asked for again`.
pub fn missing(missing: &Missing) -> String {
    let from = shown_on_one_line(&missing.from);
    let what = counts::messages_missing_from(missing.count, from);
    let asked = if missing.asked { screens::asked_for_again() } else { screens::next_commands_ask() };
    screens::both(what, asked)
}

/// `✓ paired with bob (verified)`.
pub fn paired(alias: &str, trust: Trust) -> String {
    match trust.is_verified() {
        true => screens::paired_verified(alias),
        false => screens::paired_before(alias),
    }
}

fn of_log(server: &str, what: NoticeOfLog) -> String {
    match what {
        NoticeOfLog::Trouble(trouble) => screens::log_notice_trouble(server, trouble.why_in(language())),
        NoticeOfLog::Restored => screens::log_notice_restored(server),
        NoticeOfLog::NotMine => screens::log_notice_not_mine(server),
        NoticeOfLog::Silent => screens::log_notice_silent(server),
        NoticeOfLog::Fraud => screens::log_notice_fraud(server),
    }
}

/// What a notice says.
pub fn words(notice: &Notice) -> String {
    match notice {
        Notice::CollectedElsewhere { count } => {
            screens::collected_elsewhere(counts::envelopes_collected(*count))
        }
        Notice::WrittenElsewhere { contact } => screens::written_elsewhere(shown_on_one_line(contact)),
        Notice::VerifiedNotInLog { contact } => screens::verified_not_in_log(shown_on_one_line(contact)),
        Notice::RelayWentBack => screens::relay_went_back().to_owned(),
        Notice::MailboxGone => screens::mailbox_gone().to_owned(),
        Notice::Paired { contact, trust } => paired(&shown_on_one_line(contact), *trust),
        Notice::NotPaired(error) => {
            let problem = Problem::from(&ClientError::from(error.clone()));
            screens::not_paired(Aside(&problem))
        }
        Notice::OtherLog { contact, server } => {
            screens::other_log(shown_on_one_line(contact), server.to_string())
        }
        Notice::OfLog { server, what } => of_log(&server.to_string(), *what),
        _ => screens::unknown_notice().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_with_what_is_done_about_it() {
        let one = Missing { from: "bob".into(), count: 1, asked: false };
        assert_eq!(missing(&one), "1 message from bob is missing; the next commands ask for them again");
        let two = Missing { count: 2, asked: true, ..one };
        assert_eq!(missing(&two), "2 messages from bob are missing; asked for again");
    }
}
