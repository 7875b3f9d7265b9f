//! `oub add`: makes a contact of an address.

use std::io::{self, Read as _};

use client::shell_word;
use wire::Address;

use crate::args::Add;
use crate::commands::contact;
use crate::context::Context;
use crate::exit::Exit;
use crate::messages::{problems, reason, screens};
use crate::problem::Problem;
use crate::shown::shown_on_one_line;
use crate::stop::Stop;

const ADDRESS_BYTES_MAX: u64 = 4_096;

/// Looks the address up, checks it against its fingerprints, keeps it.
pub fn run(context: &Context, args: &Add) -> Result<Exit, Stop> {
    let text = if args.address == "-" { from_stdin()? } else { args.address.clone() };
    let address = address(&text)?;
    let client = context.open()?;
    let contact = client.add(&address, args.alias.as_deref())?;
    let alias = shown_on_one_line(&contact.alias);
    if address.pins.is_none() {
        context.screen.warn(&screens::no_fingerprints(&alias));
    }
    contact::show(context, &contact)?;
    let word = shell_word(&alias);
    if let Some(other) = args.alias.as_deref().filter(|other| *other != contact.alias) {
        let other = shown_on_one_line(other);
        context.screen.important(&screens::was_a_contact(&alias, &word, shell_word(&other)));
    }
    if !contact.trust.is_verified() {
        context.screen.say(&screens::write_to(&word));
        context.screen.say(&screens::compare_with(&word));
    }
    Ok(Exit::Done)
}

/// An address that somebody gave.
pub fn address(text: &str) -> Result<Address, Stop> {
    let wrong = |error| Problem::of(Exit::Usage, "OUB-E033", problems::no_address(reason(error)));
    Ok(Address::parse(text.trim()).map_err(wrong)?)
}

fn from_stdin() -> Result<String, Stop> {
    let mut text = String::new();
    let read = io::stdin().lock().take(ADDRESS_BYTES_MAX).read_to_string(&mut text);
    let wrong =
        |error: io::Error| Problem::of(Exit::Usage, "OUB-E034", problems::no_address_on_stdin(reason(error)));
    read.map_err(wrong)?;
    Ok(text)
}
