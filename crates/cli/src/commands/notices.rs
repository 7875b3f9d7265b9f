//! What happened besides and should be heard once: of other copies, of the relay, of messages that never came.

use client::{Client, Missing, Notice};

use crate::context::Context;
use crate::shown::shown_on_one_line;
use crate::stop::Stop;

/// Says what was noticed since the last command that said it.
pub fn tell(context: &Context, client: &Client) -> Result<(), Stop> {
    client.take_notices()?.iter().for_each(|notice| context.screen.warn(&words(notice)));
    Ok(())
}

/// `2 messages from bob are missing; asked for again`.
pub fn missing(missing: &Missing) -> String {
    let from = shown_on_one_line(&missing.from);
    let what = match missing.count {
        1 => format!("1 message from {from} is missing"),
        count => format!("{count} messages from {from} are missing"),
    };
    let asked = if missing.asked { "asked for again" } else { "the next commands ask for them again" };
    format!("{what}; {asked}")
}

/// What a notice says.
pub fn words(notice: &Notice) -> String {
    match notice {
        Notice::CollectedElsewhere { count } => format!(
            "{count} envelope(s) of yours were collected by somebody else, or lost by the server. \
             Is this profile in use elsewhere?   oub doctor"
        ),
        Notice::WrittenElsewhere { contact } => format!(
            "{} was written to with a copy of this profile; the conversation was begun anew. \
             Is this profile in use elsewhere?   oub doctor",
            shown_on_one_line(contact)
        ),
        Notice::RelayWentBack => {
            "the server went back to an earlier state; what it lost is asked for again".to_owned()
        }
        _ => "something happened that this version cannot tell".to_owned(),
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
