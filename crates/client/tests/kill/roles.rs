//! What a dying process does: one command of the library, told by its environment.

use std::{
    env,
    io::Write,
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{Command, Stdio},
};

use client::{
    Client, ClientError, Handled, JoinAt, JoinRequest, Language, Options, Profile, Protector, PullOptions,
    SendOptions, SentState, SharedWorld, Unlock,
};
use wire::Invitation;

use crate::{
    common::{Person, options},
    death::{Death, MortalWorld},
};

/// What a process is to do.
pub enum Role<'a> {
    Join { invitation: &'a str },
    Send { to: &'a str, text: &'a str },
    Accept { label: &'a str },
    Pull,
    Flush,
    Rotate,
    Release,
}

/// How it ended.
pub struct Played {
    pub died: bool,
    /// What it told before its end, line by line.
    pub said: Vec<String>,
}

/// Starts this very program once more, in a role; waits for its end.
pub fn play(person: &Person, role: &Role<'_>, death: Option<Death>) -> Played {
    let (name, one, two) = match role {
        Role::Join { invitation } => ("join", *invitation, ""),
        Role::Send { to, text } => ("send", *to, *text),
        Role::Accept { label } => ("accept", *label, ""),
        Role::Pull => ("pull", "", ""),
        Role::Flush => ("flush", "", ""),
        Role::Rotate => ("rotate", "", ""),
        Role::Release => ("release", "", ""),
    };
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "plays_a_role", "--ignored", "--nocapture", "--test-threads=1"]);
    command.env("ROLE", name).env("ROLE_ONE", one).env("ROLE_TWO", two);
    command.env("ROLE_PROFILE", person.profile().dir());
    command.env("ROLE_DEATH", death.map(Death::to_text).unwrap_or_default());
    let output = command.stdin(Stdio::null()).output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let died = output.status.signal() == Some(9);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() || died && death.is_some(), "{name} {death:?}\n{out}{err}");
    let said = out.lines().filter_map(|line| line.split_once("said: ")).map(|(_, text)| text.to_owned());
    Played { died, said: said.collect() }
}

/// Plays the role that the environment tells.
pub fn act() {
    let told = |name: &str| env::var(name).unwrap();
    let profile = Profile::at(PathBuf::from(told("ROLE_PROFILE")));
    let options = match told("ROLE_DEATH") {
        death if death.is_empty() => options(),
        death => {
            let world = SharedWorld::new(MortalWorld::new(Death::from_text(&death)));
            Options { world, ..options() }
        }
    };
    let (one, two) = (told("ROLE_ONE"), told("ROLE_TWO"));
    if told("ROLE") == "join" {
        return join(&profile, &one, options);
    }
    let client = Client::open(&profile, &Unlock::KeyFile, options).unwrap();
    match told("ROLE").as_str() {
        "send" => send(&client, &one, &two),
        "accept" => accept(&client, &one),
        "pull" => pull(&client),
        "flush" => drop(client.flush().unwrap()),
        "rotate" => drop(client.rotate_identity().unwrap()),
        "release" => drop(client.release_name().unwrap()),
        other => panic!("{other}"),
    }
}

/// A line that has left this process when this returns.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "said: {text}").unwrap();
    out.flush().unwrap();
}

/// Wherever the death came, the words can be had.
fn join(profile: &Profile, invitation: &str, options: Options) {
    let request = JoinRequest {
        at: JoinAt::Invitation(Invitation::parse(invitation).unwrap()),
        name: None,
        protect: Protector::KeyFile,
        language: Language::English,
    };
    match Client::join(profile, &request, options) {
        Ok((_, joined)) if joined.recovery_words.len() == 24 => say("joined"),
        Ok((_, joined)) => panic!("{joined:?}"),
        Err(error) => panic!("{error:?}"),
    }
}

/// The text is its own key: said twice, it is the same message.
fn send(client: &Client, to: &str, text: &str) {
    let once = SendOptions { idempotency: Some(text.into()), ..SendOptions::default() };
    match client.send(to, text, &once).unwrap().state {
        SentState::Stored => say("stored"),
        SentState::Queued(why) => say(&format!("{why:?}")),
    }
}

/// Accepted already: what is left to leave, leaves.
fn accept(client: &Client, label: &str) {
    match client.accept(label, None) {
        Ok(_) => {}
        Err(ClientError::NoSuchRequest { .. }) => drop(client.flush().unwrap()),
        Err(error) => panic!("{error:?}"),
    }
}

fn pull(client: &Client) {
    let summary = client.pull(&PullOptions::default(), &mut |message| {
        say(message.body.text().unwrap());
        Handled::Yes
    });
    assert!(summary.as_ref().unwrap().unreachable.is_none(), "{summary:?}");
}
