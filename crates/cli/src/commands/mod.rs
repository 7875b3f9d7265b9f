//! The verbs, one file each.

mod accept;
mod add;
mod addressee;
mod ask;
mod completions;
mod config;
pub mod contact;
mod daemon;
mod doctor;
pub mod files;
pub mod hook;
mod id;
mod identity;
pub mod input;
mod join;
mod ledger;
pub mod log;
mod man;
pub mod message;
pub mod notices;
pub mod outbox;
mod page;
mod pair;
mod pull;
pub mod requests;
mod said;
pub mod send;
mod verify;
mod words;

pub use message::size;

use crate::args::{Command, Contact};
use crate::chat;
use crate::context::Context;
use crate::exit::Exit;
use crate::help;
use crate::stop::Stop;

/// Does what was asked.
pub fn run(context: &Context, command: Command) -> Result<Exit, Stop> {
    match command {
        Command::Join(args) => join::run(context, &args),
        Command::Id(args) => id::run(context, &args),
        Command::Add(args) => add::run(context, &args),
        Command::Pair(args) => pair::run(context, &args),
        Command::Verify(args) => verify::run(context, &args),
        Command::Send(args) => send::run(context, args),
        Command::Pull(args) => pull::run(context, args),
        Command::Ask(args) => ask::ask(context, args),
        Command::Answer(args) => ask::answer(context, &args),
        Command::Files(args) => files::list(context, &args),
        Command::Save(args) => files::save(context, &args),
        Command::Edit(args) => said::edit(context, &args),
        Command::TakeBack(args) => said::take_back(context, &args),
        Command::Requests => requests::run(context),
        Command::Accept(args) => accept::run(context, &args),
        Command::Decline(args) => accept::decline(context, &args),
        Command::Log(args) => log::run(context, &args),
        Command::Chat(args) => chat::run(context, &args),
        Command::Contact(verb) => contact::run(context, verb),
        Command::Contacts => contact::run(context, Contact::List),
        Command::Daemon(args) => daemon::run(context, args),
        Command::Outbox => outbox::run(context),
        Command::Ledger(verb) => ledger::run(context, &verb),
        Command::Identity(verb) => identity::run(context, &verb),
        Command::Config(args) => config::run(context, &args),
        Command::Doctor => doctor::run(context),
        Command::Completions(args) => completions::run(context, &args),
        Command::Man(args) => man::run(context, &args),
        Command::Help(args) => help::run(context, &args.topic),
    }
}
