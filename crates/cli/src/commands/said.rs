//! `oub edit` and `oub take-back`: second thoughts about a message of mine.

use crate::args::{Edit, TakeBack};
use crate::commands::{input, notices, send};
use crate::context::Context;
use crate::exit::Exit;
use crate::json::Line;
use crate::messages::{problems, screens};
use crate::shown::shown_on_one_line;
use crate::stop::Stop;

/// Replaces the words of a message.
pub fn edit(context: &Context, args: &Edit) -> Result<Exit, Stop> {
    let text = input::words(args.text.as_deref(), problems::edit_example())?;
    let client = context.open()?;
    let sent = client.edit(&args.contact, &args.message, &text, &send::how(&args.how))?;
    send::tell(context, &sent)?;
    notices::tell(context, &client)?;
    Ok(Exit::Done)
}

/// Takes a message back. Nobody can make the other side forget, and this does not say so.
pub fn take_back(context: &Context, args: &TakeBack) -> Result<Exit, Stop> {
    let client = context.open()?;
    let sent = client.take_back(&args.contact, &args.message, &send::how(&args.how))?;
    let line =
        |to: &str, state: &str| Line::new("taken_back").text("to", to).text("state", state).to_string();
    let Some(sent) = sent else {
        if context.screen.is_json() {
            context.screen.print(&line(&args.contact, "never left"))?;
        }
        context.screen.say(screens::not_left());
        return Ok(Exit::Done);
    };
    let to = shown_on_one_line(&sent.to);
    let queued = matches!(sent.state, client::SentState::Queued(_));
    if context.screen.is_json() {
        context.screen.print(&line(&sent.to, if queued { "queued" } else { "sent" }))?;
    }
    let later = if queued { screens::goes_later() } else { "" };
    context.screen.say(&screens::taken_back(to, later));
    notices::tell(context, &client)?;
    Ok(Exit::Done)
}
