//! `oub join`: creates an identity and registers it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use client::{Client, ClientError, JoinAt, JoinRequest, Joined};
use wire::address::ShortFingerprint;
use wire::{Address, HostPort, Invitation, Name};

use crate::args::Join;
use crate::commands::words;
use crate::context::Context;
use crate::exit::Exit;
use crate::json::Line;
use crate::messages::{language, problems, reason, screens};
use crate::passphrase;
use crate::problem::Problem;
use crate::protector;
use crate::stop::Stop;

const INVITATION_BYTES_MAX: u64 = 4_096;

/// Registers and shows the address; the recovery words stay until somebody has them.
pub fn run(context: &Context, args: &Join) -> Result<Exit, Stop> {
    let profile = context.profile()?;
    let at = if args.recover { recover(context, args)? } else { where_to(&invitation_text(args)?)? };
    let name = args.name.as_deref().map(name).transpose()?;
    if name.is_none() && matches!(at, JoinAt::Open { .. }) {
        // Before anybody is asked for a passphrase.
        return Err(ClientError::NameNeeded.into());
    }
    let request = JoinRequest {
        at,
        name,
        protect: protector::for_join(context, &profile, args.protect)?,
        language: context.global().words_language(),
    };
    let by_invitation = matches!(request.at, JoinAt::Invitation(_));
    let (client, joined) = Client::join(&profile, &request, context.options())?;
    tell(context, &joined, by_invitation);
    let line = Line::new("joined")
        .text("name", joined.address.name.as_str())
        .text("address", &joined.address.to_string())
        .truth("server_pinned", joined.server_pinned)
        .text("protection", joined.protection.words())
        .texts("recovery_words", &joined.recovery_words);
    words::answer(context, &client, &joined, line)?;
    Ok(Exit::Done)
}

fn tell(context: &Context, joined: &Joined, by_invitation: bool) {
    let screen = &context.screen;
    match (joined.server_pinned, by_invitation) {
        (true, true) => screen.say(screens::server_matches()),
        (true, false) => screen.say(screens::server_matches_address()),
        (false, _) => screen.warn(screens::server_trusted_on_first_use()),
    }
    match joined.recovery_words.is_empty() {
        true => screen.say(&screens::yours_again(&joined.address.name)),
        false => screen.say(&screens::registered_as(&joined.address.name)),
    }
    screen.say(&screens::keys_sealed_by(joined.protection.words_in(language())));
    if joined.recovery_words.is_empty() {
        screen.say(screens::words_stay_the_same());
    }
}

fn invitation_text(args: &Join) -> Result<String, Stop> {
    let Some(path) = &args.invite_file else {
        return Ok(args.invitation.clone().unwrap_or_default());
    };
    let read = |source: &mut dyn Read| {
        let mut text = String::new();
        source.take(INVITATION_BYTES_MAX).read_to_string(&mut text).map(|_| text)
    };
    let text = match path {
        path if path == Path::new("-") => read(&mut io::stdin().lock()),
        path => File::open(path).and_then(|mut file| read(&mut file)),
    };
    let text = text.map_err(|error| {
        Problem::of(Exit::Usage, "OUB-E030", problems::invitation_unreadable(reason(error)))
    })?;
    // The file may be all that `oublietted invite` printed.
    let link = text.split_whitespace().find(|word| word.starts_with("oub://"));
    Ok(link.unwrap_or(text.trim()).to_owned())
}

/// My own full address, and the words that take its name back.
fn recover(context: &Context, args: &Join) -> Result<JoinAt, Stop> {
    let text = args.invitation.clone().unwrap_or_default();
    let address = Address::parse(&text)
        .map_err(|error| Problem::of(Exit::Usage, "OUB-E040", problems::no_own_address(reason(error))))?;
    let words = passphrase::recovery_words(context, args.words_file.as_deref())?;
    Ok(JoinAt::Recover { address, words })
}

/// An invitation, or the address of a server with open registration.
fn where_to(text: &str) -> Result<JoinAt, Stop> {
    let refused = match Invitation::parse(text) {
        Ok(invitation) => return Ok(JoinAt::Invitation(invitation)),
        Err(error) => error,
    };
    let rest = text.strip_prefix("oub://").unwrap_or(text);
    let (host, pin) = match rest.split_once('#') {
        Some((host, pin)) => (host, Some(ShortFingerprint::parse(pin))),
        None => (rest, None),
    };
    match (HostPort::parse(host), pin.transpose()) {
        (Ok(at), Ok(server)) => Ok(JoinAt::Open { at, server }),
        _ => Err(Problem::of(Exit::Usage, "OUB-E031", problems::no_invitation(reason(refused))).into()),
    }
}

fn name(text: &str) -> Result<Name, Stop> {
    Name::parse(text)
        .map_err(|error| Problem::of(Exit::Usage, "OUB-E032", problems::bad_name(reason(error))).into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const PIN: &str = "RJDYZJC6Z2TM0ERWHYCHGBQFZA83JXXE";

    #[test]
    fn an_invitation_or_a_server_may_be_joined() {
        let invitation = format!("oub://h:1/i/XNTEAAP2YRAHEX35H7KWDZ00VG/alice#{PIN}");
        assert!(matches!(where_to(&invitation).unwrap(), JoinAt::Invitation(_)));
        for (text, pinned) in
            [("chat.example.org", false), ("oub://h:1", false), (&format!("oub://h#{PIN}"), true)]
        {
            match where_to(text).unwrap() {
                JoinAt::Open { server, .. } => assert_eq!(server.is_some(), pinned, "{text}"),
                JoinAt::Invitation(_) | JoinAt::Recover { .. } => unreachable!("{text}"),
            }
        }
    }

    #[test]
    fn a_damaged_fingerprint_is_never_taken_for_none() {
        for text in
            ["oub://h#", "oub://h#ABC", "h#RJDYZJC6Z2TM0ERWHYCHGBQFZA83JXXU", "not a link", "", "oub://"]
        {
            assert!(where_to(text).is_err(), "{text}");
        }
    }
}
