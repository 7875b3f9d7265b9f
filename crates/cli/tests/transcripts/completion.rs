//! TAB in real shells: names out of the vault, never a prompt, and nothing that a shell would run.

use std::path::PathBuf;
use std::process::Command;

use crate::daemon::Daemon;
use crate::guide::path_with_oub;
use crate::person::{Person, Ran, friends};
use crate::relay::Relay;
use crate::terminal::Terminal;

/// What is offered behind these words, as the script of a shell would ask for it.
fn offered(person: &Person, words: &[&str]) -> Vec<String> {
    let mut command = person.command(&[&["--"], words].concat());
    let index = (words.len() - 1).to_string();
    command.env("OUB_COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", index).env("_CLAP_IFS", "\n");
    let ran = Ran::of(&mut command);
    assert!(ran.code == Some(0) && ran.err.is_empty(), "{ran:?}");
    ran.out.lines().map(str::to_owned).collect()
}

/// The names among what is offered, with patience for a machine that is busy: too slow is as good as none.
fn offers(person: &Person, words: &[&str], wanted: &[&str]) {
    let mut last = Vec::new();
    for _ in 0..50 {
        last = offered(person, words);
        last.retain(|each| !each.starts_with('-'));
        if last == wanted {
            return;
        }
    }
    assert_eq!(last, wanted, "{words:?}");
}

/// A shell in a terminal, with completion as the person would set it up; `None`, said aloud, where it is not installed.
fn shell(person: &Person, name: &str, args: &[&str], setup: &str) -> Option<Terminal> {
    let there = Command::new(name).args(["-c", "true"]).output().is_ok();
    if !there {
        println!("SKIPPED: {name} is not installed, so completion in it was not tried");
        return None;
    }
    let mut command = Command::new(name);
    command.args(args).current_dir(person.home.path());
    command.env("PATH", path_with_oub()).env("OUB_HOME", person.home.path()).env("HOME", person.home.path());
    command.env("PS1", "$ ").env("LC_ALL", "C.UTF-8").env("TERM", "dumb");
    let mut terminal = Terminal::run(&command, 100, 24);
    terminal.types(&format!("{setup}; echo rea''dy\n"));
    terminal.sees("ready");
    Some(terminal)
}

/// Alice, with contacts whose names a shell would misunderstand.
fn alice_with_hostile_names(relay: &Relay) -> (Person, PathBuf) {
    let (alice, _bob) = friends(relay);
    let trap = alice.home.path().join("trapped");
    let trap_shown = trap.display();
    for (name, alias) in [
        ("carol", format!("b$(touch {trap_shown})")),
        ("dora", format!("b;touch {trap_shown};")),
        ("emil", format!("b`touch {trap_shown}`")),
        ("frida", "b*".to_owned()),
        ("gustav", "b smith".to_owned()),
    ] {
        let person = Person::joined(name, relay);
        alice.ok(&["add", &person.address(), "--as", &alias]);
    }
    let hilda = Person::joined("hilda", relay);
    alice.ok(&["add", &hilda.address(), "--as", "bella.b"]);
    (alice, trap)
}

#[test]
fn bash_completes_contacts_and_runs_nothing_that_a_name_says() {
    let relay = Relay::start();
    let (alice, trap) = alice_with_hostile_names(&relay);
    offers(&alice, &["oub", "send", "b"], &["bella.b", "bob"]);
    let setup = "source <(oub completions bash)";
    let mut bash = shell(&alice, "bash", &["--norc", "--noprofile", "-i"], setup).unwrap();
    bash.types("oub send bo\t");
    bash.sees("oub send bob ");
    bash.types("'from bash'\n");
    bash.sees("stored for bob");
    bash.types("oub send b\t\t");
    bash.sees("bella.b");
    bash.types("el\t hi\n");
    bash.sees("stored for bella.b");
    bash.types("exit\n");
    bash.ends();
    assert!(!trap.exists());
}

#[test]
fn zsh_completes_contacts() {
    let relay = Relay::start();
    let (alice, trap) = alice_with_hostile_names(&relay);
    let setup = "autoload -U compinit; compinit -D -u; source <(oub completions zsh)";
    let Some(mut zsh) = shell(&alice, "zsh", &["-f", "-i"], setup) else { return };
    zsh.types("oub send bo\t");
    zsh.sees("oub send bob ");
    zsh.types("'from zsh'\n");
    zsh.sees("stored for bob");
    zsh.types("exit\n");
    zsh.ends();
    // As a package would install it: loaded at the first TAB, which completes already.
    let functions = alice.home.path().join("functions");
    std::fs::create_dir(&functions).unwrap();
    let script = alice.ok(&["completions", "zsh"]).out;
    assert!(script.starts_with("#compdef oub\n"), "{script}");
    std::fs::write(functions.join("_oub"), script).unwrap();
    let setup = format!("fpath=({} $fpath); autoload -U compinit; compinit -D -u", functions.display());
    let mut zsh = shell(&alice, "zsh", &["-f", "-i"], &setup).unwrap();
    zsh.types("oub send bo\t");
    zsh.sees("oub send bob ");
    assert!(!trap.exists());
}

#[test]
fn fish_completes_contacts() {
    let relay = Relay::start();
    let (alice, trap) = alice_with_hostile_names(&relay);
    let setup = "oub completions fish | source";
    let Some(mut fish) = shell(&alice, "fish", &["--no-config", "-i"], setup) else { return };
    fish.types("oub send bo\t");
    fish.sees("oub send bob ");
    fish.types("'from fish'\n");
    fish.sees("stored for bob");
    assert!(!trap.exists());
}

#[test]
fn every_shell_completes_the_relay_too() {
    let nobody = Person::new("nobody");
    let functions = nobody.home.path().join("functions");
    std::fs::create_dir(&functions).unwrap();
    let of_a_package = format!(
        "oublietted completions zsh > {0}/_oublietted; fpath=({0} $fpath); autoload -U compinit; compinit -D -u",
        functions.display()
    );
    for (name, args, setup) in [
        ("bash", &["--norc", "--noprofile", "-i"][..], "source <(oublietted completions bash)"),
        ("zsh", &["-f", "-i"], "autoload -U compinit; compinit -D -u; source <(oublietted completions zsh)"),
        ("zsh", &["-f", "-i"], &of_a_package),
        ("fish", &["--no-config", "-i"], "oublietted completions fish | source"),
    ] {
        let Some(mut shell) = shell(&nobody, name, args, setup) else { continue };
        shell.types("oublietted inv\t");
        shell.sees("oublietted invite ");
        shell.types("--exp\t");
        shell.sees("oublietted invite --expires");
    }
}

#[test]
fn verbs_flags_settings_profiles_requests_and_files_are_offered() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let all = offered(&bob, &["oub", ""]);
    assert!(all.contains(&"send".to_owned()) && !all.contains(&"man".to_owned()), "{all:?}");
    assert!(offered(&bob, &["oub", "send", "--idem"]).contains(&"--idempotency".to_owned()));
    assert_eq!(offered(&bob, &["oub", "config", "set", "daemon.e"]), ["daemon.exec", "daemon.exec-timeout"]);
    assert_eq!(offered(&bob, &["oub", "help", "exit"]), ["exit-codes"]);
    bob.ok(&["-P", "work", "join", &relay.invite("bob.at.work"), "--protect", "file"]);
    offers(&bob, &["oub", "-P", ""], &["default", "work"]);
    offers(&bob, &["oub", "-P", "work", "send", ""], &[]);
    offers(&bob, &["oub", "send", ""], &["alice"]);
    std::fs::write(bob.home.path().join("config.toml"), "profile = \"work\"\n").unwrap();
    offers(&bob, &["oub", "send", ""], &[]);
    offers(&bob, &["oub", "-P", "default", "send", ""], &["alice"]);
    std::fs::remove_file(bob.home.path().join("config.toml")).unwrap();

    let carol = Person::joined("carol", &relay);
    carol.ok(&["add", &bob.address()]);
    carol.ok(&["send", "bob", "hello"]);
    bob.ok(&["requests"]);
    offers(&bob, &["oub", "accept", ""], &["carol"]);
    alice.ok(&["send", "bob", "-f", "/etc/hostname"]);
    bob.ok(&["pull"]);
    let id = bob.json(&["files"]).remove(0)["id"].as_str().unwrap().to_owned();
    offers(&bob, &["oub", "save", ""], &[&id[..8]]);
    bob.ok(&["save", &id, "-o", bob.home.path().to_str().unwrap()]);
    offers(&bob, &["oub", "save", ""], &[]);
}

#[test]
fn a_locked_vault_offers_nothing_and_asks_nobody_unless_the_daemon_has_it_open() {
    let relay = Relay::start();
    let bob = Person::joined("bob", &relay);
    let alice = Person::new("alice");
    let secret = alice.home.path().join("secret");
    std::fs::write(&secret, "of alice\n").unwrap();
    let secret = secret.to_str().unwrap();
    alice.ok(&["--passphrase-file", secret, "join", &relay.invite("alice"), "--protect", "passphrase"]);
    alice.ok(&["--passphrase-file", secret, "add", &bob.address()]);
    assert!(offered(&alice, &["oub", "send", "b"]).is_empty());
    // At a terminal too: the prompt would be seen.
    let setup = "source <(oub completions bash)";
    let mut bash = shell(&alice, "bash", &["--norc", "--noprofile", "-i"], setup).unwrap();
    bash.types("oub send b\t");
    bash.types(" still typing\t");
    bash.sees("oub send b still typing");
    assert!(!bash.screen.screen().contents().contains("assphrase"), "{}", bash.screen.screen().contents());
    let mut daemon = Daemon::with(&alice, &["--passphrase-file", secret, "daemon", "--notify", "none"]);
    offers(&alice, &["oub", "send", "b"], &["bob"]);
    daemon.terminate();
    assert!(offered(&alice, &["oub", "send", "b"]).is_empty());
    assert!(offered(&Person::new("nobody"), &["oub", "send", ""]).iter().all(|each| each.starts_with('-')));
}
