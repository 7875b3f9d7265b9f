//! `--protect keyring` and `auto`, with a stand-in for `secret-tool` on the PATH.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::person::{Person, Ran};
use crate::relay::Relay;

const HONEST: &str = r#"for entry; do :; done
file="$0.$entry"
case $1 in
  store) cat >"$file" ;;
  lookup) [ -f "$file" ] && cat "$file" ;;
  clear) rm "$file" ;;
esac"#;
const NO_BUS: &str = "echo 'secret-tool: Cannot autolaunch D-Bus without X11 $DISPLAY' >&2; exit 1";
const HANGING: &str = "exec sleep 600";

/// A folder that comes first on the PATH.
struct Session {
    folder: TempDir,
}

impl Session {
    fn with(script: &str) -> Self {
        let session = Self { folder: TempDir::new().unwrap() };
        session.becomes(script);
        session
    }

    fn becomes(&self, script: &str) {
        let (fresh, program) = (self.folder.path().join("fresh"), self.folder.path().join("secret-tool"));
        // By another process: a test that forks just now must not inherit the file open for writing.
        let write = "cat >\"$0\" && chmod 755 \"$0\"";
        let mut writer =
            Command::new("sh").args(["-c", write]).arg(&fresh).stdin(Stdio::piped()).spawn().unwrap();
        writer.stdin.take().unwrap().write_all(format!("#!/bin/sh\n{script}\n").as_bytes()).unwrap();
        assert!(writer.wait().unwrap().success());
        fs::rename(fresh, program).unwrap();
    }

    fn run(&self, person: &Person, args: &[&str]) -> Ran {
        let path = format!("{}:{}", self.folder.path().display(), std::env::var("PATH").unwrap());
        Ran::of(person.command(args).env("PATH", path))
    }
}

#[test]
fn auto_takes_a_keyring_that_answers_and_every_later_command_asks_it() {
    let relay = Relay::start();
    let alice = Person::new("alice");
    let session = Session::with(HONEST);
    let ran = session.run(&alice, &["join", &relay.invite("alice")]);
    assert!(ran.code == Some(0) && ran.err.contains("✓ keys sealed by: keyring"), "{}", ran.err);
    let record = fs::read_to_string(alice.dir().join("protector.json")).unwrap();
    assert!(record.contains("\"kind\":\"keyring\"") && !alice.dir().join("vault.key").exists(), "{record}");
    assert!(session.run(&alice, &["id"]).out.starts_with("oub://"));
    let doctor = session.run(&alice, &["doctor"]).out;
    let protector = doctor.lines().find(|line| line.contains("protector")).unwrap();
    assert!(protector.starts_with("good") && protector.contains("keyring"), "{protector}");

    // Where the keyring does not answer later, nothing takes its place.
    session.becomes(NO_BUS);
    let ran = session.run(&alice, &["id"]);
    ran.assert_problem(7, "OUB-E090");
    assert!(
        ran.err.contains("Cannot autolaunch D-Bus") && ran.err.contains("libsecret-tools"),
        "{}",
        ran.err
    );
    session.becomes(HANGING);
    session.run(&alice, &["id", "--timeout", "300ms"]).assert_problem(7, "OUB-E091");
    session.becomes("exit 1");
    session.run(&alice, &["id"]).assert_problem(7, "OUB-E092");
    session.becomes(HONEST);
    assert_eq!(session.run(&alice, &["id"]).code, Some(0));
}

#[test]
fn without_keyring_terminal_or_passphrase_auto_refuses_with_three_remedies() {
    let relay = Relay::start();
    let alice = Person::new("alice");
    let link = relay.invite("alice");
    for script in [NO_BUS, HANGING] {
        let ran = Session::with(script).run(&alice, &["join", &link, "--timeout", "300ms"]);
        ran.assert_problem(7, "OUB-E081");
        assert!(ran.err.contains("no keyring either: "), "{}", ran.err);
        for remedy in ["in a terminal", "--passphrase-file", "--protect file"] {
            assert!(ran.err.contains(remedy), "{}", ran.err);
        }
        assert!(!alice.dir().join("protector.json").exists());
    }
    let session = Session::with(NO_BUS);
    session.run(&alice, &["join", &link, "--protect", "keyring"]).assert_problem(7, "OUB-E090");
    // A passphrase file that was given is a choice, also where a keyring would answer.
    session.becomes(HONEST);
    let file = alice.home.path().join("passphrase");
    fs::write(&file, "correct horse\n").unwrap();
    let ran = session.run(&alice, &["join", &link, "--json", "--passphrase-file", file.to_str().unwrap()]);
    assert_eq!(ran.lines()[0]["protection"], "passphrase", "{}", ran.err);
}

#[test]
fn an_interrupted_join_goes_on_with_the_protector_it_chose() {
    let mut relay = Relay::start();
    let alice = Person::new("alice");
    let link = relay.invite("alice");
    relay.kill();
    let session = Session::with(HONEST);
    session.run(&alice, &["join", &link]).assert_problem(4, "OUB-E041");
    relay.start_again();
    // Another wish would be another protector: refused, not followed in silence.
    session.run(&alice, &["join", &link, "--protect", "file"]).assert_problem(7, "OUB-E094");
    let ran = session.run(&alice, &["join", &link, "--json"]);
    assert_eq!(ran.lines()[0]["protection"], "keyring", "{}", ran.err);
}
