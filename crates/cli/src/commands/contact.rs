//! `oub contact`: the people that I may write to.

use client::Contact;

use crate::args;
use crate::context::Context;
use crate::exit::Exit;
use crate::json::Line;
use crate::shown::shown_on_one_line;
use crate::stop::Stop;

/// Lists or changes contacts.
pub fn run(context: &Context, verb: args::Contact) -> Result<Exit, Stop> {
    let client = context.open()?;
    match verb {
        args::Contact::List => {
            let contacts = client.contacts()?;
            contacts.iter().try_for_each(|contact| show(context, contact))?;
            if contacts.is_empty() {
                context.screen.say("no contacts yet; add one with   oub add ADDRESS");
            }
        }
        args::Contact::Show { contact } => show(context, &client.contact(&contact)?)?,
        args::Contact::Rename { contact, name } => show(context, &client.rename(&contact, &name)?)?,
        args::Contact::Block { contact } => show(context, &client.set_blocked(&contact, true)?)?,
        args::Contact::Unblock { contact } => show(context, &client.set_blocked(&contact, false)?)?,
    }
    Ok(Exit::Done)
}

/// One contact on one line.
pub fn show(context: &Context, contact: &Contact) -> Result<(), Stop> {
    let address = contact.address.to_string();
    let line = Line::new("contact")
        .text("name", &contact.alias)
        .text("address", &address)
        .truth("verified", contact.trust.is_verified())
        .text("trust", contact.trust.word())
        .truth("blocked", contact.blocked)
        .truth("connected", contact.connected)
        .number("stamps", u64::from(contact.stamps))
        .number("crossed_off", u64::from(contact.crossed_off));
    let flood = (contact.crossed_off > 0).then(|| flood(contact.crossed_off));
    let states = [
        Some(contact.trust.word()),
        contact.blocked.then_some("blocked"),
        (!contact.connected).then_some("not connected yet"),
        flood.as_deref(),
    ];
    let states = states.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let text = format!("{}  ({states})  {address}", shown_on_one_line(&contact.alias));
    Ok(context.screen.answer(line, &text)?)
}

fn flood(stamps: u32) -> String {
    format!("flooded you: {stamps} stamps crossed off, what comes with them never arrives")
}
