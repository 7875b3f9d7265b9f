//! `oub requests`: first messages from people that I have not accepted.

use client::ContactRequest;

use crate::context::Context;
use crate::exit::Exit;
use crate::json::Line;
use crate::messages::{language, screens};
use crate::shown::{shown, shown_on_one_line};
use crate::stop::Stop;
use crate::when;

/// Shows who asks. Nothing is sent to them.
pub fn run(context: &Context) -> Result<Exit, Stop> {
    let client = context.open()?;
    let unreachable = match client.collect() {
        Ok(_) => {
            client.check_requests()?;
            None
        }
        Err(error) if error.is_temporary() => Some(error),
        Err(error) => return Err(error.into()),
    };
    let requests = client.requests()?;
    requests.iter().try_for_each(|request| show(context, request))?;
    match requests.first() {
        None => context.screen.say(screens::no_requests()),
        Some(first) => context.screen.say(&screens::answer_request(shown_on_one_line(&first.label))),
    }
    if let Some(error) = unreachable {
        let what = shown_on_one_line(&error.what_in(language()));
        context.screen.warn(&screens::requests_of_before(what));
    }
    Ok(Exit::Done)
}

/// A request for a program.
pub fn to_json(request: &ContactRequest) -> Line {
    Line::new("request")
        .text("name", &request.label)
        .text("address", &request.address.to_string())
        .maybe_text("claims", request.claims.as_deref())
        .maybe_truth("checked", request.checked)
        .text("recv", &when::for_programs(request.received_at))
        .texts("texts", &request.texts)
}

fn show(context: &Context, request: &ContactRequest) -> Result<(), Stop> {
    let address = request.address.to_string();
    let mut text = screens::not_accepted(shown_on_one_line(&request.label), address);
    for greeting in &request.texts {
        text.push_str("\n    ");
        text.push_str(&shown(greeting, 4));
    }
    if request.texts.is_empty() {
        text.push_str("\n    ");
        text.push_str(screens::no_words_yet());
    }
    if let Some(checked) = request.checked {
        text.push_str("\n  ");
        text.push_str(if checked { screens::name_checked() } else { screens::name_not_checked() });
    }
    if let Some(contact) = &request.claims {
        text.push_str("\n  ");
        text.push_str(&screens::claims_to_be(shown_on_one_line(contact)));
    }
    Ok(context.screen.answer(to_json(request), &text)?)
}
