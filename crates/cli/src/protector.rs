//! What keeps a vault's key: chosen at join, and afterwards only what was chosen then.

use std::time::Duration;

use client::{Keyring, Profile, Protection, Protector, Unlock};

use crate::args::Protect;
use crate::context::Context;
use crate::daemon::beside::Beside;
use crate::exit::Exit;
use crate::messages::{language, problems, why_of};
use crate::passphrase;
use crate::problem::Problem;
use crate::stop::Stop;

/// `auto` asks the keyring no longer than this: there is another way.
const AUTO_PATIENCE: Duration = Duration::from_secs(15);

/// How a new vault shall be protected. What `auto` decides is recorded at join and stays.
pub fn for_join(context: &Context, profile: &Profile, wish: Protect) -> Result<Protector, Stop> {
    match wish {
        Protect::File => Ok(Protector::KeyFile),
        Protect::Keyring => Ok(Protector::Keyring(keyring(context))),
        Protect::Passphrase => by_passphrase(context, None),
        // A join that was interrupted goes on with what it chose.
        Protect::Auto if profile.exists() => recorded(context, profile),
        Protect::Auto => automatic(context),
    }
}

/// What opens an existing vault. A daemon that unlocked it already saves the person the passphrase.
pub fn unlock(context: &Context, profile: &Profile, beside: Option<&Beside>) -> Result<Unlock, Stop> {
    Ok(match profile.protection()? {
        Protection::KeyFile => Unlock::KeyFile,
        Protection::Passphrase if context.global().passphrase_place().is_none() => {
            match beside.and_then(Beside::key) {
                Some(key) => Unlock::Key(key),
                None => Unlock::Passphrase(passphrase::existing(context)?),
            }
        }
        Protection::Passphrase => Unlock::Passphrase(passphrase::existing(context)?),
        Protection::Keyring => Unlock::Keyring(keyring(context)),
    })
}

fn recorded(context: &Context, profile: &Profile) -> Result<Protector, Stop> {
    Ok(match profile.protection()? {
        Protection::KeyFile => Protector::KeyFile,
        Protection::Passphrase => Protector::Passphrase(passphrase::existing(context)?),
        Protection::Keyring => Protector::Keyring(keyring(context)),
    })
}

/// A passphrase file that was given is a choice; else the keyring if it answers; else a passphrase.
fn automatic(context: &Context) -> Result<Protector, Stop> {
    if context.global().passphrase_place().is_some() {
        return by_passphrase(context, None);
    }
    let keyring = keyring(context);
    let hasty = keyring.clone().with_patience(context.options().timeout.min(AUTO_PATIENCE));
    match hasty.probe(&context.options().world) {
        Ok(()) => Ok(Protector::Keyring(keyring)),
        Err(error) => {
            context.screen.detail(&why_of(&error));
            by_passphrase(context, Some(error.why_in(language())))
        }
    }
}

fn by_passphrase(context: &Context, no_keyring: Option<String>) -> Result<Protector, Stop> {
    match passphrase::chosen(context)? {
        Some(passphrase) => Ok(Protector::Passphrase(passphrase)),
        None => Err(no_way(no_keyring).into()),
    }
}

fn keyring(context: &Context) -> Keyring {
    Keyring::default().with_patience(context.options().timeout)
}

fn no_way(no_keyring: Option<String>) -> Problem {
    let nobody = problems::nobody_for_passphrase();
    let why = match no_keyring {
        Some(keyring) => problems::no_keyring_either(nobody, keyring),
        None => nobody.to_owned(),
    };
    Problem::of(Exit::Local, "OUB-E081", problems::no_protection(why))
}
