//! `oub outbox`: messages that the relay has not confirmed.

use client::OutboxEntry;

use crate::context::Context;
use crate::exit::Exit;
use crate::json::Line;
use crate::messages::{reason, screens, states};
use crate::shown::shown_on_one_line;
use crate::stop::Stop;
use crate::when;

/// Lists what waits, oldest first.
pub fn run(context: &Context) -> Result<Exit, Stop> {
    let entries = context.open()?.outbox()?;
    for entry in &entries {
        let to = shown_on_one_line(&entry.to);
        let why = entry
            .reason
            .as_deref()
            .map(|why| screens::because(shown_on_one_line(&reason(why))))
            .unwrap_or_default();
        let parts = entry.parts.map(|(stored, parts)| screens::of_parts(stored, parts)).unwrap_or_default();
        let time = when::for_people(entry.queued_at);
        context.screen.answer(
            to_json(entry),
            &format!("{to}  {time}  {}  {}{parts}{why}", entry.id, states::outbox(entry.state)),
        )?;
    }
    if entries.is_empty() {
        context.screen.say(screens::nothing_waits());
    }
    Ok(Exit::Done)
}

/// One that waits, for a program.
pub fn to_json(entry: &OutboxEntry) -> Line {
    Line::new("outbox")
        .text("id", &entry.id)
        .text("to", &entry.to)
        .text("state", entry.state.word())
        .text("queued_at", &when::for_programs(entry.queued_at))
        .maybe_text("why", entry.reason.as_deref())
        .maybe_number("stored_parts", entry.parts.map(|(stored, _)| stored))
        .maybe_number("parts", entry.parts.map(|(_, parts)| parts))
}
