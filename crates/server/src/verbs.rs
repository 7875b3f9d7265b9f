//! The verbs that ask a running server, and what they print.

use std::io::{ErrorKind, Write};

use wire::Name;

use crate::admin::{Question, Reply};
use crate::args::{Common, Invite, InviteVerb, NameVerb};
use crate::ask::{ask, told};
use crate::config::Settings;
use crate::failure::{EXIT_LOCAL, Failure};

/// Pages of names that are asked for, at most: beyond that a list is no screen any more.
const PAGES_MAX: usize = 1_024;

/// `invite NAME`, `invite list`, `invite revoke`.
pub fn invite(common: &Common, invite: &Invite) -> Result<(), Failure> {
    match (&invite.verb, &invite.name) {
        (Some(InviteVerb::List { name }), _) => list_invites(common, name.as_ref()),
        (Some(InviteVerb::Revoke { id, name }), _) => revoke(common, id.clone(), name.as_ref()),
        (None, Some(name)) => {
            let question = Question::Invite { name: name.as_str().to_owned(), valid_s: invite.expires };
            match put(common, &question)? {
                Reply::Invitation(issued) if common.json => print(&(issued.json() + "\n")),
                Reply::Invitation(issued) => print(&issued.screen(invite.qr)),
                other => Err(told(other)),
            }
        }
        // The grammar asks for a name or a verb.
        (None, None) => Ok(()),
    }
}

/// `name list`, `show`, `suspend`, `resume`.
pub fn name(common: &Common, verb: &NameVerb) -> Result<(), Failure> {
    let about = |name: &Name| name.as_str().to_owned();
    let question = match verb {
        NameVerb::List => return list_names(common),
        NameVerb::Show { name } => Question::Name { name: about(name) },
        NameVerb::Suspend { name } => Question::Suspend { name: about(name), suspended: true },
        NameVerb::Resume { name } => Question::Suspend { name: about(name), suspended: false },
    };
    match put(common, &question)? {
        Reply::Name(line) if common.json => print(&line.json())?,
        Reply::Name(line) => print(&line.screen())?,
        other => return Err(told(other)),
    }
    if let NameVerb::Suspend { .. } = verb
        && !common.json
    {
        eprintln!(
            "nobody new can write to this name now. Whoever has its stamps still can, and its owner still reads:\n\
             the server does not know which mailbox is whose.   oublietted name resume NAME   ends it"
        );
    }
    Ok(())
}

/// `status`.
pub fn status(common: &Common) -> Result<(), Failure> {
    match put(common, &Question::Status)? {
        Reply::Status(status) if common.json => print(&(status.json() + "\n")),
        Reply::Status(status) => print(&status.screen()),
        other => Err(told(other)),
    }
}

/// `health`.
pub fn health(common: &Common) -> Result<(), Failure> {
    match put(common, &Question::Health)? {
        Reply::Serving if common.json => print("{\"t\":\"health\",\"serving\":true,\"v\":1}\n"),
        Reply::Serving => Ok(()),
        other => Err(told(other)),
    }
}

/// `forget`.
pub fn forget(common: &Common) -> Result<(), Failure> {
    match put(common, &Question::Forget)? {
        Reply::Forgotten { bytes_before, bytes_after } if common.json => print(
            &(serde_json::json!(
                {"v": 1, "t": "forgotten", "bytes_before": bytes_before, "bytes_after": bytes_after}
            )
            .to_string()
                + "\n"),
        ),
        Reply::Forgotten { bytes_before, bytes_after } => print(&format!(
            "Forgotten. The store takes {} KiB on the disk, {} KiB before.\n",
            bytes_after / 1024,
            bytes_before / 1024
        )),
        other => Err(told(other)),
    }
}

fn list_names(common: &Common) -> Result<(), Failure> {
    let mut after = None;
    for _ in 0..PAGES_MAX {
        let page = match put(common, &Question::Names { after })? {
            Reply::Names(page) => page,
            other => return Err(told(other)),
        };
        for line in &page.names {
            print(&if common.json { line.json() } else { line.line() })?;
        }
        if page.next.is_none() {
            return Ok(());
        }
        after = page.next;
    }
    eprintln!("there are more names than are listed at once;   oublietted name show NAME   tells of any");
    Ok(())
}

fn list_invites(common: &Common, name: Option<&Name>) -> Result<(), Failure> {
    let name = name.map(|name| name.as_str().to_owned());
    match put(common, &Question::Invites { name })? {
        Reply::Invites { invites, more } => {
            for line in &invites {
                print(&if common.json { line.json() } else { line.line() })?;
            }
            if more {
                eprintln!("there are more; name one with   --name NAME");
            }
            Ok(())
        }
        other => Err(told(other)),
    }
}

fn revoke(common: &Common, id: Option<String>, name: Option<&Name>) -> Result<(), Failure> {
    let name = name.map(|name| name.as_str().to_owned());
    match put(common, &Question::Revoke { id, name })? {
        Reply::Revoked(count) if common.json => {
            print(&(serde_json::json!({"v": 1, "t": "revoked", "invites": count}).to_string() + "\n"))
        }
        Reply::Revoked(1) => print("1 invitation is void now\n"),
        Reply::Revoked(count) => print(&format!("{count} invitations are void now\n")),
        other => Err(told(other)),
    }
}

fn put(common: &Common, question: &Question) -> Result<Reply, Failure> {
    Ok(ask(&Settings::data_folder(common)?, question)?)
}

/// Answers go to standard output.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    taken(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// A closed pipe is a normal end. Whatever else keeps an answer from being written is said: nobody may take half of it
/// for the whole.
pub fn taken(written: std::io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::new(
            "standard output took no more",
            error.to_string(),
            "make room, or send it elsewhere",
            EXIT_LOCAL,
            "OUB-S092",
        )),
        _ => Ok(()),
    }
}
