//! `oub requests`: first messages from people that I have not accepted.

use client::ContactRequest;

use crate::context::Context;
use crate::exit::Exit;
use crate::json::Line;
use crate::shown::{shown, shown_on_one_line};
use crate::stop::Stop;
use crate::when;

/// Shows who asks. Nothing is sent to them.
pub fn run(context: &Context) -> Result<Exit, Stop> {
    let client = context.open()?;
    let unreachable = client.collect()?.unreachable;
    let requests = client.requests()?;
    requests.iter().try_for_each(|request| show(context, request))?;
    match requests.first() {
        None => context.screen.say("no requests"),
        Some(first) => {
            context.screen.say(&format!("answer with   oub accept {}", shown_on_one_line(&first.label)))
        }
    }
    if let Some(error) = unreachable {
        context
            .screen
            .warn(&format!("{}: these are the requests collected before", shown_on_one_line(&error.what())));
    }
    Ok(Exit::Done)
}

/// A request for a program.
pub fn to_json(request: &ContactRequest) -> Line {
    Line::new("request")
        .text("name", &request.label)
        .text("address", &request.address.to_string())
        .text("recv", &when::for_programs(request.received_at))
        .texts("texts", &request.texts)
}

fn show(context: &Context, request: &ContactRequest) -> Result<(), Stop> {
    let address = request.address.to_string();
    let mut text = format!("{} (not accepted)  {address}", shown_on_one_line(&request.label));
    for greeting in &request.texts {
        text.push_str("\n    ");
        text.push_str(&shown(greeting, 4));
    }
    if request.texts.is_empty() {
        text.push_str("\n    (no words yet; what was written is longer and comes once you accept)");
    }
    Ok(context.screen.answer(to_json(request), &text)?)
}
