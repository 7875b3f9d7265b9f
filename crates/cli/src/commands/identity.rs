//! `oub identity`: my own key.

use crate::args;
use crate::context::Context;
use crate::exit::Exit;
use crate::json::Line;
use crate::stop::Stop;

/// Gives my name a new key.
pub fn run(context: &Context, verb: &args::Identity) -> Result<Exit, Stop> {
    match verb {
        args::Identity::Rotate => rotate(context),
        args::Identity::Renew => renew(context),
    }
}

fn renew(context: &Context) -> Result<Exit, Stop> {
    let client = context.open()?;
    context.screen.say("making this copy the one that counts …");
    let renewed = client.renew()?;
    let line = Line::new("renewed").number("contacts", u64::from(renewed.contacts));
    let text = format!("fresh keys are published; {} contact(s) are told", renewed.contacts);
    context.screen.answer(line, &text)?;
    context
        .screen
        .say("other copies of this profile are refused from now on; what they collected is asked for again");
    Ok(Exit::Done)
}

fn rotate(context: &Context) -> Result<Exit, Stop> {
    let client = context.open()?;
    context.screen.say("making a new key, signed by the present one …");
    let rotated = client.rotate_identity()?;
    let address = rotated.address.to_string();
    let line = Line::new("rotated")
        .text("name", rotated.address.name.as_str())
        .text("address", &address)
        .number("sequence", u64::from(rotated.sequence));
    context.screen.answer(line, &address)?;
    context
        .screen
        .say("✓ this is my address now; contacts follow by themselves, and see that the key changed");
    context.screen.say("the 24 recovery words stay the same");
    Ok(Exit::Done)
}
