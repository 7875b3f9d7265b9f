//! `oub outbox`: messages that the relay has not confirmed.

use crate::context::Context;
use crate::exit::Exit;
use crate::json::Line;
use crate::shown::shown_on_one_line;
use crate::stop::Stop;
use crate::when;

/// Lists what waits, oldest first.
pub fn run(context: &Context) -> Result<Exit, Stop> {
    let entries = context.open()?.outbox()?;
    for entry in &entries {
        let line = Line::new("outbox")
            .text("id", &entry.id)
            .text("to", &entry.to)
            .text("state", entry.state.word())
            .text("queued_at", &when::for_programs(entry.queued_at))
            .maybe_text("why", entry.reason.as_deref())
            .maybe_number("stored_parts", entry.parts.map(|(stored, _)| stored))
            .maybe_number("parts", entry.parts.map(|(_, parts)| parts));
        let to = shown_on_one_line(&entry.to);
        let why =
            entry.reason.as_deref().map(|why| format!(": {}", shown_on_one_line(why))).unwrap_or_default();
        let parts =
            entry.parts.map(|(stored, parts)| format!(", {stored} of {parts} parts")).unwrap_or_default();
        let time = when::for_people(entry.queued_at);
        context
            .screen
            .answer(line, &format!("{to}  {time}  {}  {}{parts}{why}", entry.id, entry.state.word()))?;
    }
    if entries.is_empty() {
        context.screen.say("nothing waits");
    }
    Ok(Exit::Done)
}
