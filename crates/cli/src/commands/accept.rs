//! `oub accept` and `oub decline`: what becomes of a request.

use client::{Client, ClientError, Declined, shell_word};

use crate::args::{Accept, Decline};
use crate::commands::contact;
use crate::context::Context;
use crate::exit::Exit;
use crate::json::Line;
use crate::messages::screens;
use crate::shown::shown_on_one_line;
use crate::stop::Stop;

/// Makes a contact of whoever asked, and answers with stamps.
pub fn run(context: &Context, args: &Accept) -> Result<Exit, Stop> {
    let client = context.open()?;
    let contact = answer(&client, || client.accept(&args.name, args.alias.as_deref()))?;
    contact::show(context, &contact)?;
    let alias = shown_on_one_line(&contact.alias);
    context.screen.say(&screens::read_from(shell_word(&alias)));
    context.screen.say(&screens::compare_with(shell_word(&alias)));
    Ok(Exit::Done)
}

/// Forgets a request.
pub fn decline(context: &Context, args: &Decline) -> Result<Exit, Stop> {
    let client = context.open()?;
    if let Declined::WasContact(known) = answer(&client, || client.decline(&args.name))? {
        contact::show(context, &known)?;
        context.screen.important(&screens::was_known(shown_on_one_line(&known.alias)));
        return Ok(Exit::Done);
    }
    if context.screen.is_json() {
        context.screen.print(&Line::new("declined").text("name", &args.name).to_string())?;
    }
    context.screen.say(&screens::dropped_request(shown_on_one_line(&args.name)));
    Ok(Exit::Done)
}

/// Answers a request; one that is not here may wait at the server still.
fn answer<T>(client: &Client, act: impl Fn() -> Result<T, ClientError>) -> Result<T, Stop> {
    match act() {
        Err(ClientError::NoSuchRequest { .. }) => {
            client.collect()?;
            Ok(act()?)
        }
        done => Ok(done?),
    }
}
