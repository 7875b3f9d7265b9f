//! `oub add`: makes a contact of an address.

use std::io::{self, Read as _};

use wire::Address;

use crate::args::Add;
use crate::commands::contact;
use crate::context::Context;
use crate::exit::Exit;
use crate::shown::shown_on_one_line;
use crate::stop::{Stop, usage};

const ADDRESS_BYTES_MAX: u64 = 4_096;

/// Looks the address up, checks it against its fingerprints, keeps it.
pub fn run(context: &Context, args: &Add) -> Result<Exit, Stop> {
    let text = if args.address == "-" { from_stdin()? } else { args.address.clone() };
    let address = Address::parse(text.trim()).map_err(|error| {
        let remedy = "copy the whole line that   oub id   shows to the other person";
        usage("OUB-E033", "this is not an address", error.to_string(), remedy)
    })?;
    let client = context.open()?;
    let contact = client.add(&address, args.alias.as_deref())?;
    let alias = shown_on_one_line(&contact.alias);
    if address.pins.is_none() {
        context
            .screen
            .warn(&format!("the address has no fingerprints: the server's word for {alias}'s key was taken"));
    }
    contact::show(context, &contact)?;
    if !contact.trust.is_verified() {
        context.screen.say(&format!("write:    oub send {alias} 'hello'"));
        context.screen.say(&format!("compare:  oub verify {alias}     (both of you, over another channel)"));
    }
    Ok(Exit::Done)
}

fn from_stdin() -> Result<String, Stop> {
    let mut text = String::new();
    let read = io::stdin().lock().take(ADDRESS_BYTES_MAX).read_to_string(&mut text);
    let wrong = |error: io::Error| {
        usage("OUB-E034", "standard input holds no address", error.to_string(), "give an address")
    };
    read.map_err(wrong)?;
    Ok(text)
}
