//! `oub ask` and `oub answer`: a question, a wait, an answer on standard output.

use std::sync::{Arc, OnceLock};

use client::{AskOptions, Asked, Received, ReceivedBody, Sent, SentState, Teller, shell_word};

use crate::args::{Answer, Ask};
use crate::commands::{addressee, input, notices, send};
use crate::context::Context;
use crate::exit::Exit;
use crate::json::Line;
use crate::messages::{problems, screens};
use crate::shown::{shown, shown_on_one_line};
use crate::stop::Stop;
use crate::when;

/// Asks and waits. Exit 0 with the answer, 3 when nobody answered in time.
pub fn ask(context: &Context, args: Ask) -> Result<Exit, Stop> {
    let text = input::words(args.text.as_deref(), problems::ask_example())?;
    let client = context.open_to_wait()?;
    let wait = context.patience_with_people();
    let screen = context.screen.clone();
    let question = Arc::new(OnceLock::new());
    let noted = Arc::clone(&question);
    let told = Teller::new(move |sent: &Sent| {
        // It is told once.
        let _ = noted.set(sent.id.clone());
        let stored = sent.state == SentState::Stored;
        let line = Line::new("asked").text("id", &sent.id).text("to", &sent.to).truth("stored", stored);
        if screen.is_json() {
            // A closed pipe is noticed with the answer.
            let _ = screen.print(&line.to_string());
        }
        let to = shown_on_one_line(&sent.to);
        let time = when::span(wait.as_secs());
        screen.say(&if stored { screens::asked(to, time) } else { screens::question_queued(to, time) });
    });
    let options =
        AskOptions { choices: args.choice, wait, send: send::how(&args.how), stop: None, told: Some(told) };
    let to = addressee::of(context, &client, &args.contact)?;
    match client.ask(&to, &text, &options)? {
        Asked::Answered(answer) => {
            notices::tell(context, &client)?;
            show(context, &answer)?;
            // What was not printed comes with the next pull.
            client.mark_handled_by_id(&answer.id)?;
            Ok(Exit::Done)
        }
        Asked::Over => {
            context.screen.important(screens::question_over());
            Ok(Exit::Nothing)
        }
        Asked::NotInTime | Asked::Stopped => {
            let name = shown_on_one_line(&to);
            let has_left = question.get().map_or(Ok(true), |id| send::has_left(&client, id))?;
            context.screen.important(&match has_left {
                true => screens::no_answer(name),
                false => screens::question_not_left(&name, shell_word(&name)),
            });
            Ok(Exit::Nothing)
        }
    }
}

fn show(context: &Context, answer: &Received) -> Result<(), Stop> {
    let ReceivedBody::Answer { question, text } = &answer.body else { return Ok(()) };
    let line = Line::new("answer")
        .text("id", &answer.id)
        .text("from", &answer.from)
        .truth("verified", answer.trust.is_verified())
        .text("question", question)
        .text("text", text);
    Ok(context.screen.answer(line, &shown(text, 0))?)
}

/// Answers a question.
pub fn answer(context: &Context, args: &Answer) -> Result<Exit, Stop> {
    let text = input::words(args.text.as_deref(), problems::answer_example())?;
    let client = context.open()?;
    let question = args.question.as_deref();
    let sent = client.answer(&args.contact, question, &text, &send::how(&args.how))?;
    send::tell(context, &sent)?;
    notices::tell(context, &client)?;
    Ok(Exit::Done)
}
