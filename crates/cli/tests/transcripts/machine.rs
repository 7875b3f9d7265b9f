//! What programs rely on: every line of `--json` is an object with the fields that `oub help json` promises.

use std::process::Stdio;

use serde_json::Value;

use crate::daemon::{Bot, Daemon};
use crate::person::{Person, Ran, friends};
use crate::relay::Relay;

#[test]
fn every_line_of_json_keeps_the_promises_of_the_schema() {
    let mut relay = Relay::start();
    let schema = Schema::read();
    let (alice, bob) = friends(&relay);
    let mut seen: Vec<String> = Vec::new();
    let mut check = |person: &Person, args: &[&str]| {
        let ran = person.run(&[&["--json"], args].concat());
        for line in ran.lines() {
            seen.push(schema.check(&line));
        }
    };

    let carol = Person::new("carol");
    check(&carol, &["sned"]);
    check(&carol, &["join", &relay.invite("carol"), "--protect", "file"]);
    let erin = Person::new("erin");
    let link = relay.invite("erin");
    Ran::of(erin.command(&["join", &link, "--protect", "file"]).stderr(Stdio::null())).assert_done();
    check(&erin, &["id", "--words"]);
    check(&carol, &["add", &bob.address()]);
    check(&carol, &["send", "bob", "hello"]);
    check(&bob, &["requests"]);
    check(&bob, &["decline", "carol"]);
    check(&alice, &["id", "--qr"]);
    check(&alice, &["contacts"]);
    check(&alice, &["send", "bob", "one"]);
    check(&bob, &["pull"]);
    check(&bob, &["log", "alice"]);
    check(&bob, &["verify", "alice"]);
    check(&alice, &["identity", "rotate"]);
    check(&bob, &["verify", "alice"]);
    check(&bob, &["log", "alice"]);
    check(&bob, &["doctor"]);
    check(&carol, &["pair", "--no-wait"]);
    check(&carol, &["pair", "--list"]);
    check(&bob, &["config"]);
    check(&bob, &["config", "set", "timeout", "20s"]);
    check(&bob, &["config", "unset", "timeout"]);
    let attached = alice.home.path().join("a.txt");
    std::fs::write(&attached, "bytes".repeat(64_000)).unwrap();
    check(&alice, &["send", "bob", "-f", attached.to_str().unwrap()]);
    check(&bob, &["pull"]);
    check(&bob, &["files"]);
    let id = bob.json(&["files"])[0]["id"].as_str().unwrap().to_owned();
    check(&bob, &["save", &id, "-o", bob.home.path().to_str().unwrap()]);
    let old = bob.twin();
    check(&bob, &["send", "alice", "from bob"]);
    check(&alice, &["pull"]);
    check(&alice, &["send", "bob", "to bob"]);
    check(&bob, &["pull"]);
    check(&bob, &["send", "alice", "from bob again"]);
    check(&alice, &["pull"]);
    check(&alice, &["send", "bob", "not for an old copy"]);
    check(&old, &["pull"]);
    check(&old, &["log", "--quarantine"]);
    check(&bob, &["identity", "renew"]);
    check(&alice, &["pull"]);
    check(&alice, &["log", "bob"]);
    check(&alice, &["send", "bob", "oops"]);
    check(&alice, &["edit", "bob", "last", "I meant this"]);
    check(&alice, &["take-back", "bob", "last"]);
    check(&alice, &["contact", "timer", "bob", "1d"]);
    let asking = alice.command(&["--json", "ask", "bob", "ready?", "--timeout", "30s"]).spawn().unwrap();
    while !bob.json(&["pull"]).iter().any(|line| line["kind"] == "question") {}
    check(&bob, &["answer", "alice", "yes"]);
    check(&alice, &["ledger", "sync"]);
    check(&alice, &["ledger", "audit"]);
    let asked = Ran::of_child(asking);
    check(&bob, &["log", "alice"]);
    let secret = bob.home.path().join("passphrase");
    std::fs::write(&secret, "of the backup\n").unwrap();
    let (file, secret) = (bob.home.path().join("bob.backup"), secret.display().to_string());
    let with_secret = ["--backup-passphrase-file", &secret];
    let file = file.display().to_string();
    check(&bob, &[&["identity", "backup", &file], with_secret.as_slice()].concat());
    let elsewhere = Person::new("bob");
    check(&elsewhere, &[&["identity", "restore", &file, "--verify-only"], with_secret.as_slice()].concat());
    check(
        &elsewhere,
        &[&["identity", "restore", &file, "--protect", "file"], with_secret.as_slice()].concat(),
    );
    check(&alice, &["send", "nobody", "x"]);
    let dave = Person::joined("dave", &relay);
    check(&dave, &["identity", "release", "--yes", "dave"]);
    check(&dave, &["id"]);
    relay.kill();
    check(&alice, &["send", "bob", "two"]);
    check(&alice, &["outbox"]);
    check(&alice, &["pull"]);
    check(&carol, &["contact", "remove", "bob", "--yes"]);
    let _daemon = Daemon::of(&alice);
    check(&alice, &["daemon", "status"]);
    let mut bot = Bot::at(&alice);
    for asked in ["hello", "collect", "contacts", "requests", "status", "nonsense"] {
        let answer = bot.ask(serde_json::json!({"v": 1, "id": asked, "do": asked}));
        for line in answer {
            assert!(asked == "nonsense" || line["re"] == asked, "{line}");
            seen.push(schema.check(&line));
        }
    }
    let sending = serde_json::json!({"v": 1, "do": "send", "to": "bob", "text": "three"});
    let history = serde_json::json!({"v": 1, "do": "log", "contact": "bob"});
    for asked in [sending, history] {
        seen.extend(bot.ask(asked).iter().map(|line| schema.check(line)));
    }

    for line in asked.lines() {
        seen.push(schema.check(&line));
    }
    // A proof of fraud takes a relay that commits one: `ledger.rs` has both.
    for kind in schema.kinds().into_iter().filter(|kind| kind != "fraud") {
        assert!(seen.contains(&kind), "no line of the kind {kind} was seen");
    }
}

/// The printed schema, as far as it is used: required fields, their types, constants and choices.
pub struct Schema(Vec<Value>);

impl Schema {
    pub fn read() -> Self {
        let text = Person::new("nobody").ok(&["help", "json"]).out;
        let schema: Value = serde_json::from_str(&text).unwrap();
        Self(schema["oneOf"].as_array().unwrap().clone())
    }

    fn kinds(&self) -> Vec<String> {
        self.0.iter().map(|kind| kind["title"].as_str().unwrap().to_owned()).collect()
    }

    /// Panics unless the line keeps the promises made for its kind, which it returns.
    pub fn check(&self, line: &Value) -> String {
        let kind = line["t"].as_str().unwrap();
        let promised = self.0.iter().find(|each| each["title"] == kind).unwrap_or_else(|| panic!("{line}"));
        for name in promised["required"].as_array().unwrap() {
            let name = name.as_str().unwrap();
            let value = line.get(name).unwrap_or_else(|| panic!("{name} is missing in {line}"));
            assert!(fits(value, &promised["properties"][name]), "{name} is not as promised in {line}");
        }
        let known = promised["properties"].as_object().unwrap();
        for name in line.as_object().unwrap().keys() {
            assert!(known.contains_key(name), "{name} is not in the schema: {line}");
        }
        kind.to_owned()
    }
}

fn fits(value: &Value, promise: &Value) -> bool {
    if let Some(constant) = promise.get("const") {
        return value == constant;
    }
    if let Some(choices) = promise.get("enum") {
        return choices.as_array().unwrap().contains(value);
    }
    let is = |name: &Value| match name.as_str().unwrap() {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64(),
        "null" => value.is_null(),
        "object" => value.is_object(),
        "array" => value.as_array().is_some_and(|all| all.iter().all(|each| fits(each, &promise["items"]))),
        other => panic!("the schema uses the type {other}"),
    };
    match &promise["type"] {
        Value::Array(types) => types.iter().any(is),
        one => is(one),
    }
}
