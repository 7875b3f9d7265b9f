//! Vaults of the first schema come forward whole, also when the program dies on the way, and never backward.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../kill/death.rs"]
mod death;

use std::{
    env, fs,
    os::unix::{fs::PermissionsExt, process::ExitStatusExt},
    path::Path,
    process::Command,
};

use client::{
    Client, Direction, Handled, Language, Options, OutboxState, Profile, PullOptions, SendOptions, SentState,
    SharedWorld, Trust, Unlock, Verdict,
};
use common::{Later, opening, options};
use death::{Death, MortalWorld};
use rusqlite::Connection;
use tempfile::TempDir;

const FIRST: &str = include_str!("../../src/vault/migrations/0001_first.sql");
const SECOND: &str = include_str!("../../src/vault/migrations/0002_rotation.sql");
const ROWS: &str = include_str!("vault-1.sql");
const KEY: [u8; 32] = [0x42; 32];

/// The folder as the first version left it.
fn first_version() -> (TempDir, Profile) {
    let (home, profile) = empty_version();
    let db = database(&profile);
    db.execute_batch(FIRST).unwrap();
    db.execute_batch(ROWS).unwrap();
    db.execute_batch("PRAGMA user_version = 1;").unwrap();
    (home, profile)
}

/// A key, and a vault in which nothing is yet.
fn empty_version() -> (TempDir, Profile) {
    let home = tempfile::tempdir().unwrap();
    let profile = Profile::named(Some(home.path()), "default").unwrap();
    fs::create_dir(profile.dir()).unwrap();
    fs::set_permissions(profile.dir(), fs::Permissions::from_mode(0o700)).unwrap();
    for (path, bytes) in [
        (profile.protector_path(), b"{\"kind\":\"key_file\",\"v\":1}".as_slice()),
        (profile.key_file_path(), KEY.as_slice()),
        (profile.vault_path(), b"".as_slice()),
    ] {
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    (home, profile)
}

/// Below the library: as the library itself opens it.
fn database(profile: &Profile) -> Connection {
    let db = opening::open(&profile.vault_path(), &KEY);
    db.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;").unwrap();
    db
}

fn version(profile: &Profile) -> u32 {
    database(profile).query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

fn open(profile: &Profile) -> Client {
    Client::open(profile, &Unlock::KeyFile, options()).unwrap()
}

/// Everything that the first version knew, through the door that applications use.
fn assert_whole(profile: &Profile) {
    let client = open(profile);
    assert_eq!(client.name().unwrap().as_str(), "alice");
    let people = client.contacts().unwrap();
    let people: Vec<_> =
        people.iter().map(|one| (one.alias.as_str(), one.trust, one.blocked, one.connected)).collect();
    let expected =
        [("Dave from work", Trust::Unverified, true, false), ("bob", Trust::Verified, false, true)];
    assert_eq!(people, expected);
    assert!(client.contact("bob").unwrap().stamps > 200);

    let log = client.log("bob", None).unwrap();
    let said: Vec<_> = log
        .iter()
        .map(|entry| (entry.direction, entry.body.text().unwrap(), entry.outgoing, entry.handled))
        .collect();
    use Direction::{Received, Sent};
    let expected = [
        (Sent, "hello", Some(OutboxState::Stored), true),
        (Received, "hello alice", None, true),
        (Sent, "the key is under the pot", Some(OutboxState::Stored), true),
        (Received, "found it, thank you", None, true),
        (Received, "clé sous le pot 🔑", None, false),
        (Sent, "sealed and on its way", Some(OutboxState::Sealed), true),
        (Sent, "still waiting", Some(OutboxState::Waiting), true),
        (Sent, "refused for good", Some(OutboxState::Refused), true),
    ];
    assert_eq!(said, expected);
    let outbox: Vec<_> = client.outbox().unwrap().into_iter().map(|entry| (entry.to, entry.state)).collect();
    let states = [OutboxState::Sealed, OutboxState::Waiting, OutboxState::Refused];
    assert_eq!(outbox, states.map(|state| ("bob".to_owned(), state)));

    let requests = client.requests().unwrap();
    assert_eq!((requests.len(), requests[0].label.as_str()), (1, "carol"));
    assert_eq!(requests[0].texts, ["may I?"]);
    let number = client.safety_number("bob", Language::English).unwrap();
    assert_eq!(number.digits, "98677 13229 04812 21864 65877 28059 52011 21826 62770 91967 17739 18637");
    let doctor = client.doctor(client::Language::English);
    assert!(doctor.iter().any(|check| check.subject == "vault" && check.verdict == Verdict::Good));
}

#[test]
fn a_vault_of_the_first_version_is_whole_after_it_came_forward() {
    let (_home, profile) = first_version();
    assert_eq!(version(&profile), 1);
    assert_whole(&profile);
    let now = version(&profile);
    assert!(now > 1);
    assert_whole(&profile);
    assert_eq!(version(&profile), now);
    // And life goes on: nobody listens at its server's port, so what is new waits behind what is old.
    let client = open(&profile);
    let sent = client.send("bob", "after all these years", &SendOptions::default()).unwrap();
    assert!(matches!(sent.state, SentState::Queued(_)));
    let mut texts = Vec::new();
    let summary = client.pull(&PullOptions::default(), &mut |message| {
        texts.push(message.body.text().unwrap().to_owned());
        Handled::Yes
    });
    assert!(summary.unwrap().unreachable.is_some());
    assert_eq!(texts, ["clé sous le pot 🔑"], "what nobody had handled is handed out");
    println!("promise P13: a vault of layout 1 came forward to {now} whole");
}

/// The names of what stands beside a vault from before an upgrade.
fn formers(profile: &Profile) -> Vec<String> {
    let entries = fs::read_dir(profile.dir()).unwrap().map(|entry| entry.unwrap().file_name());
    let names = entries.map(|name| name.into_string().unwrap());
    names.filter(|name| name.starts_with("former-")).collect()
}

#[test]
fn the_vault_of_before_stands_beside_and_who_goes_back_to_it_has_all_that_was_there() {
    let (_home, profile) = first_version();
    assert_whole(&profile);
    assert_eq!(formers(&profile), ["former-1.db"]);
    let former = profile.dir().join("former-1.db");
    assert_eq!(fs::metadata(&former).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!fs::read(&former).unwrap().starts_with(b"SQLite format 3"), "it is under the vault's key");
    open(&profile).send("bob", "since then", &SendOptions::default()).unwrap();
    fs::create_dir(profile.dir().join("newer")).unwrap();
    fs::rename(profile.vault_path(), profile.dir().join("newer/vault.db")).unwrap();
    fs::rename(&former, profile.vault_path()).unwrap();
    assert_eq!(version(&profile), 1);
    assert_whole(&profile);
    assert_eq!(formers(&profile), ["former-1.db"], "it came forward once more");
}

#[test]
fn a_vault_of_before_counts_as_restored_and_one_is_enough() {
    let (_home, profile) = first_version();
    fs::write(profile.dir().join("former-1.db"), b"of an upgrade before").unwrap();
    let steps = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/vault/migrations");
    let mut steps: Vec<_> = fs::read_dir(steps).unwrap().map(|entry| entry.unwrap().path()).collect();
    steps.sort();
    let last = steps.len() - 1;
    let db = database(&profile);
    for step in &steps[1..last] {
        db.execute_batch(&fs::read_to_string(step).unwrap()).unwrap();
    }
    db.execute_batch(&format!("PRAGMA user_version = {last};")).unwrap();
    drop(db);
    assert_whole(&profile);
    assert_eq!(formers(&profile), [format!("former-{last}.db")]);
    let copy = |db: &Connection| db.query_row("SELECT copy FROM me", [], |row| row.get::<_, i64>(0)).unwrap();
    let former = opening::open(&profile.dir().join(format!("former-{last}.db")), &KEY);
    assert_eq!((copy(&former), copy(&database(&profile))), (1, 0));
    let whole: String = former.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(whole, "ok");
    let shape = |db: &Connection| {
        let sql = "SELECT group_concat(type || name || coalesce(sql, '')) FROM (SELECT * FROM sqlite_schema
            WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name)";
        db.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap()
    };
    let (_home, other) = empty_version();
    let db = database(&other);
    for step in &steps[..last] {
        db.execute_batch(&fs::read_to_string(step).unwrap()).unwrap();
    }
    assert_eq!(shape(&former), shape(&db), "tables, indexes and triggers");
}

#[test]
fn recovery_words_that_nobody_has_come_forward_and_take_the_vault_of_before_with_them() {
    let (_home, profile) = first_version();
    database(&profile).execute("UPDATE me SET recovery_entropy = ?1", [[7_u8; 32]]).unwrap();
    assert_whole(&profile);
    assert_eq!(formers(&profile), ["former-1.db"]);
    let words = open(&profile).recovery_words(Language::English).unwrap();
    assert_eq!(words.map(|words| words.len()), Some(24));
    open(&profile).forget_recovery_words().unwrap();
    assert_eq!(open(&profile).recovery_words(Language::English).unwrap(), None);
    assert_eq!(formers(&profile), [""; 0]);
    assert_whole(&profile);
}

#[test]
fn the_vault_of_before_has_its_days_and_what_was_never_finished_an_hour() {
    let (_home, profile) = first_version();
    fs::write(profile.dir().join("former-1-00.new"), b"").unwrap();
    assert_whole(&profile);
    assert_eq!(formers(&profile).len(), 2);
    let later = |hours: u64| {
        let world = SharedWorld::new(Later(hours * 3_600));
        Client::open(&profile, &Unlock::KeyFile, Options { world, ..options() }).unwrap();
        formers(&profile)
    };
    assert_eq!(later(2), ["former-1.db"]);
    assert_eq!(later(7 * 24 - 1), ["former-1.db"]);
    assert_eq!(later(7 * 24 + 1), [""; 0]);
}

#[test]
fn dying_between_the_steps_leaves_a_vault_that_opens() {
    for n in 1..100 {
        let (_home, profile) = first_version();
        let died = die(&profile, &Death::Commit(n).to_text());
        assert_whole(&profile);
        if !died {
            assert!(n > 1, "nobody died");
            println!("promise P13: {} deaths between the steps of a migration, 0 vaults damaged", n - 1);
            return;
        }
    }
    panic!("a hundred steps");
}

#[test]
fn dying_inside_a_step_leaves_a_vault_that_opens() {
    let second = statements(SECOND).len();
    assert!(second >= 4);
    for n in 0..=second {
        let (_home, profile) = first_version();
        assert!(die(&profile, &format!("second {n}")));
        assert_eq!(version(&profile), 1, "half a step is no step");
        assert_whole(&profile);
    }
    // The same for the very first step: joining, interrupted as early as can be.
    for n in [1, 5, 12] {
        let (_home, profile) = empty_version();
        assert!(die(&profile, &format!("first {n}")));
        let error = Client::open(&profile, &Unlock::KeyFile, options()).err().unwrap();
        assert_eq!(error, client::ClientError::JoinUnfinished);
    }
}

#[test]
fn a_vault_of_a_newer_version_is_refused_and_left_as_it_is() {
    let (_home, profile) = first_version();
    assert_whole(&profile);
    database(&profile).execute_batch("PRAGMA user_version = 99;").unwrap();
    let before =
        database(&profile).query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0));
    let error = Client::open(&profile, &Unlock::KeyFile, options()).err().unwrap();
    assert_eq!((error.exit_code(), error.code().as_str()), (7, "OUB-E077"));
    assert!(error.why().contains("99"), "{}", error.why());
    for language in [Language::English, Language::French] {
        let remedy = error.do_in(language);
        assert!(remedy.contains("mv vault.db* newer && mv former-1.db vault.db"), "{remedy}");
    }
    let after =
        database(&profile).query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0));
    assert_eq!((version(&profile), before), (99, after));
    println!("promise P13: a vault of a later layout was refused and left as it was");
}

/// A step's statements; those of a trigger belong together.
fn statements(step: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut one = String::new();
    for line in step.lines().filter(|line| !line.starts_with("--")) {
        one.push_str(line);
        one.push('\n');
        if line.ends_with(';') && (!one.contains(" BEGIN\n") || line == "END;") {
            all.push(std::mem::take(&mut one));
        }
    }
    assert!(one.trim().is_empty(), "{one}");
    all
}

/// Has another process bring the vault forward and die there. Says whether it died.
fn die(profile: &Profile, how: &str) -> bool {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "dies_while_migrating", "--ignored", "--nocapture", "--test-threads=1"]);
    let output = command.env("DIE", how).env("PROFILE", profile.dir()).output().unwrap();
    let died = output.status.signal() == Some(9);
    assert!(died || output.status.success(), "{how}\n{}", String::from_utf8_lossy(&output.stdout));
    died
}

/// Not a test of its own: what the dying processes of the others run.
#[test]
#[ignore = "a role that the other tests' processes play"]
fn dies_while_migrating() {
    let profile = Profile::at(Path::new(&env::var("PROFILE").unwrap()));
    let how = env::var("DIE").unwrap();
    let (step, n) = how.split_once(' ').unwrap();
    match step {
        "first" => die_inside(&profile, FIRST, n.parse().unwrap()),
        "second" => die_inside(&profile, SECOND, n.parse().unwrap()),
        _ => {
            let world = SharedWorld::new(MortalWorld::new(Death::from_text(&how)));
            Client::open(&profile, &Unlock::KeyFile, Options { world, ..options() }).unwrap();
        }
    }
}

/// As the library does a step: all of it in one transaction. This one ends after so many statements.
fn die_inside(profile: &Profile, step: &str, count: usize) {
    let db = database(profile);
    db.execute_batch("BEGIN IMMEDIATE;").unwrap();
    statements(step).iter().take(count).for_each(|sql| db.execute_batch(sql).unwrap());
    // Out of the cache and into the file, as under a large step.
    db.cache_flush().unwrap();
    death::die();
}
