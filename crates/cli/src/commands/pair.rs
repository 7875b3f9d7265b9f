//! `oub pair`: two people become verified contacts by a number and two words.

use std::time::Duration;

use client::{CalledOff, Client, Paired, PairingUnderWay, shell_word};

use crate::args::Pair;
use crate::commands::{contact, notices};
use crate::context::Context;
use crate::exit::Exit;
use crate::json::Line;
use crate::messages::{self, screens};
use crate::shown::shown_on_one_line;
use crate::stop::Stop;
use crate::when;

/// Makes a code, or types one, and waits for the other side. Exit 3 when it did not come in time: whatever command
/// comes next goes on with it.
pub fn run(context: &Context, args: &Pair) -> Result<Exit, Stop> {
    let client = context.open_to_wait()?;
    if args.list {
        return list(context, &client);
    }
    if let Some(number) = args.call_off {
        context.screen.say(&match client.call_off(number)? {
            CalledOff::Unknown => screens::code_called_off(number),
            CalledOff::PerhapsKnown => screens::code_called_off_late(number),
        });
        return Ok(Exit::Done);
    }
    let wait = if args.no_wait { Duration::ZERO } else { context.patience_with_people() };
    if args.code.is_empty() {
        let id = begin(context, &client, args)?;
        return if args.no_wait { Ok(Exit::Done) } else { finish(context, &client, id, wait) };
    }
    let id = client.pair_with(&args.code.join(" "), args.alias.as_deref())?;
    if !args.no_wait {
        // The other side may be away, and a quarter of an hour is long.
        context.screen.say(screens::pairing_waits());
    }
    finish(context, &client, id, wait)
}

fn begin(context: &Context, client: &Client, args: &Pair) -> Result<i64, Stop> {
    let begun = client.pair(messages::language(), args.alias.as_deref())?;
    let line = Line::new("pairing")
        .text("code", &begun.code)
        .text("relay", &begun.relay)
        .truth("mine", true)
        .text("until", &when::for_programs(begun.until));
    context.screen.answer(line, &begun.code)?;
    context.screen.say(&screens::have_them_type(&begun.code));
    context
        .screen
        .say(&screens::with_another_server(&begun.relay, format!("{}@{}", begun.code, begun.relay)));
    context.screen.say(&screens::code_good_until(when::for_people(begun.until)));
    context.screen.say(if args.no_wait { screens::pairing_goes_on() } else { screens::pairing_waits() });
    Ok(begun.id)
}

fn finish(context: &Context, client: &Client, id: i64, wait: Duration) -> Result<Exit, Stop> {
    let away = |error: &client::ClientError| {
        context.screen.detail(&messages::why_of(error));
    };
    match client.finish_pairing(id, wait, None, &away)? {
        Some(paired) => {
            show(context, &paired)?;
            notices::tell(context, client)?;
            Ok(Exit::Done)
        }
        None if wait.is_zero() => {
            context.screen.say(screens::pairing_goes_on());
            Ok(Exit::Done)
        }
        None => {
            context.screen.important(screens::pairing_not_yet());
            Ok(Exit::Nothing)
        }
    }
}

fn show(context: &Context, paired: &Paired) -> Result<(), Stop> {
    let alias = shown_on_one_line(&paired.contact.alias);
    contact::show(context, &paired.contact)?;
    context.screen.say(&notices::paired(&alias, paired.contact.trust));
    context.screen.say(&screens::write_to(shell_word(&alias)));
    Ok(())
}

fn list(context: &Context, client: &Client) -> Result<Exit, Stop> {
    let under_way = client.pairings()?;
    for PairingUnderWay { code, mine, until, .. } in &under_way {
        let line = Line::new("pairing")
            .text("code", code)
            .maybe_text("relay", None)
            .truth("mine", *mine)
            .text("until", &when::for_programs(*until));
        let time = when::for_people(*until);
        let text =
            if *mine { screens::code_of_mine(code, time) } else { screens::code_of_theirs(code, time) };
        context.screen.answer(line, &text)?;
    }
    if under_way.is_empty() {
        context.screen.say(screens::no_codes());
    }
    notices::tell(context, client)?;
    Ok(Exit::Done)
}
