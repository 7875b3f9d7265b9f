//! To whom: a contact's name, or an address, whose owner becomes a contact.

use client::{Client, Contact, shell_word};
use wire::Address;

use crate::commands::add;
use crate::context::Context;
use crate::messages::screens;
use crate::shown::shown_on_one_line;
use crate::stop::Stop;

/// The name of the contact that is meant. The address of a contact, with the fingerprints that are known, is looked up
/// nowhere; any other as `oub add` does it, and judged as there.
pub fn of(context: &Context, client: &Client, given: &str) -> Result<String, Stop> {
    if !given.starts_with("oub://") {
        return Ok(given.to_owned());
    }
    let address = add::address(given)?;
    if let Some(known) = client.contacts()?.into_iter().find(|known| is_of(known, &address)) {
        return Ok(known.alias);
    }
    let contact = client.add(&address, None)?;
    let alias = shown_on_one_line(&contact.alias);
    context.screen.say(&screens::is_a_contact_now(&alias));
    if !contact.trust.is_verified() {
        context.screen.say(&screens::compare_with(shell_word(&alias)));
    }
    Ok(contact.alias)
}

fn is_of(known: &Contact, address: &Address) -> bool {
    let theirs = &known.address;
    theirs.name == address.name && theirs.at == address.at && theirs.pins == address.pins
}
