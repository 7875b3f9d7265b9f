//! `oub contact`: the people that I may write to.

use client::{Allotment, Client, Contact};

use crate::args;
use crate::commands::notices;
use crate::context::Context;
use crate::exit::Exit;
use crate::json::Line;
use crate::messages::{counts, problems, screens, states};
use crate::problem::Problem;
use crate::shown::shown_on_one_line;
use crate::stop::Stop;
use crate::when;

/// Lists or changes contacts.
pub fn run(context: &Context, verb: args::Contact) -> Result<Exit, Stop> {
    let client = context.open()?;
    notices::tell_given_up(context, &client)?;
    match verb {
        args::Contact::List => {
            let contacts = client.contacts()?;
            contacts.iter().try_for_each(|contact| show(context, contact))?;
            if contacts.is_empty() {
                context.screen.say(screens::no_contacts());
            }
        }
        args::Contact::Show { contact } => show(context, &client.contact(&contact)?)?,
        args::Contact::Rename { contact, name } => show(context, &client.rename(&contact, &name)?)?,
        args::Contact::Trust { contact } => {
            show(context, &client.trust_new_key(&contact)?)?;
            client
                .flush()
                .map(drop)
                .or_else(|error| if error.is_temporary() { Ok(()) } else { Err(error) })?;
        }
        args::Contact::Block { contact } => show(context, &client.set_blocked(&contact, true)?)?,
        args::Contact::Unblock { contact } => show(context, &client.set_blocked(&contact, false)?)?,
        args::Contact::Timer { contact, after } => {
            let sent = client.set_timer(&contact, after)?;
            show(context, &client.contact(&contact)?)?;
            if let client::SentState::Queued(_) = sent.state {
                context.screen.important(screens::timer_queued());
            }
        }
        args::Contact::Receipts { contact, receipts } => {
            show(context, &client.set_receipts(&contact, receipts == args::Switch::On)?)?;
        }
        args::Contact::Allotment { contact, allotment } => {
            let before = client.contact(&contact)?.allotment;
            show(context, &client.set_allotment(&contact, allotment)?)?;
            if allotment > before {
                context.screen.say(screens::stamps_leave());
            }
        }
        args::Contact::Remove { contact, yes } => remove(context, &client, &contact, yes)?,
    }
    Ok(Exit::Done)
}

/// Says what would be lost, asks, and forgets.
fn remove(context: &Context, client: &Client, alias: &str, yes: bool) -> Result<(), Stop> {
    let contact = client.contact(alias)?;
    let messages = client.log(alias, None)?.len();
    let waiting = client.outbox()?.iter().filter(|entry| entry.to == contact.alias).count();
    let name = shown_on_one_line(alias);
    let lost = screens::history_with(&name, counts::messages(messages), waiting);
    if !yes {
        if !context.can_ask() {
            let words = problems::not_removed(name, lost);
            return Err(Problem::of(Exit::Usage, "OUB-E155", words).into());
        }
        if !context.confirms(&screens::erases_remove(&lost)) {
            context.screen.say(&screens::stays(name));
            return Ok(());
        }
    }
    client.remove(alias)?;
    if context.screen.is_json() {
        let line = Line::new("removed")
            .text("name", alias)
            .text("address", &contact.address.to_string())
            .number("messages", messages as u64)
            .truth("blocked", contact.blocked);
        context.screen.print(&line.to_string())?;
    }
    let later = match contact.blocked {
        true => screens::still_blocked(),
        false => screens::asks_again(),
    };
    context.screen.say(&screens::removed(name, lost, later));
    Ok(())
}

/// A contact for a program.
pub fn to_json(contact: &Contact) -> Line {
    Line::new("contact")
        .text("name", &contact.alias)
        .text("address", &contact.address.to_string())
        .truth("verified", contact.trust.is_verified())
        .text("trust", contact.trust.word())
        .truth("blocked", contact.blocked)
        .truth("connected", contact.connected)
        .number("stamps", u64::from(contact.stamps))
        .number("crossed_off", u64::from(contact.crossed_off))
        .number("timer_s", u64::from(contact.timer_s))
        .truth("receipts", contact.receipts)
        .number("allotment", u64::from(contact.allotment.stamps()))
        .maybe_text("given_up", contact.given_up_at.map(when::for_programs).as_deref())
}

/// One contact on one line.
pub fn show(context: &Context, contact: &Contact) -> Result<(), Stop> {
    let address = contact.address.to_string();
    let flood = (contact.crossed_off > 0).then(|| states::flooded(contact.crossed_off));
    let timer =
        (contact.timer_s > 0).then(|| states::disappear_after(when::span(u64::from(contact.timer_s))));
    let allotment = contact.allotment.stamps();
    let allotment = (contact.allotment != Allotment::default()).then(|| states::may_hold(allotment));
    let states = [
        Some(states::trust(contact.trust)),
        contact.blocked.then(states::blocked),
        contact.given_up_at.map(|_| states::given_up()),
        (!contact.connected && contact.given_up_at.is_none()).then(states::not_connected),
        flood.as_deref(),
        timer.as_deref(),
        contact.receipts.then(states::gets_receipts),
        allotment.as_deref(),
    ];
    let states = states.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let text = format!("{}  ({states})  {address}", shown_on_one_line(&contact.alias));
    Ok(context.screen.answer(to_json(contact), &text)?)
}
