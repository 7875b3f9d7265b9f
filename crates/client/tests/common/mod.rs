//! A throw-away relay and the people who use it, for tests that read as stories.
#![allow(dead_code, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

pub mod opening;

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use client::{
    Client, Contact, Dialling, FailPoint, Handled, JoinAt, JoinRequest, Joined, Language, Options,
    Passphrase, Pin, Profile, Protector, Proxy, PullOptions, PullSummary, RealWorld, Received, SendOptions,
    Sent, SentState, SharedWorld, Unlock, World,
};
use tempfile::TempDir;
use wire::{HostPort, Invitation, UnixSeconds};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The real server, built once.
pub fn oublietted() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or(workspace().join("target"), PathBuf::from);
        let program = target.join("release/oublietted");
        if !program.exists() {
            let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
            let args = ["build", "--release", "-p", "server"];
            assert!(Command::new(cargo).current_dir(workspace()).args(args).status().unwrap().success());
        }
        program
    })
}

/// A relay in a folder of its own; killed when dropped.
pub struct Relay {
    data: TempDir,
    port: u16,
    child: Option<Child>,
    log: Arc<Mutex<String>>,
}

impl Relay {
    pub fn start() -> Relay {
        let data = tempfile::tempdir().unwrap();
        // Asked of the system, so that a restart finds the same port.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut relay = Relay { data, port, child: None, log: Arc::default() };
        relay.restart();
        relay
    }

    pub fn data(&self) -> PathBuf {
        self.data.path().join("relay")
    }

    pub fn restart(&mut self) {
        self.kill();
        let address = format!("127.0.0.1:{}", self.port);
        let mut child = Command::new(oublietted())
            .args(["serve", "--verbose", "--listen", &address, "--public-host", &address, "--data"])
            .arg(self.data())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = String::new();
        loop {
            match lines.next() {
                Some(Ok(line)) if line.contains("listening on") => {
                    said += &format!("{line}\n");
                    break;
                }
                Some(Ok(line)) => said += &format!("{line}\n"),
                _ => panic!("oublietted did not start:\n{said}"),
            }
        }
        self.log.lock().unwrap().push_str(&said);
        let log = self.log.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                log.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        self.child = Some(child);
    }

    /// Everything that it said so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// The store as it is on the disk, taken from a stopped relay.
    pub fn snapshot(&mut self) -> TempDir {
        self.kill();
        let copy = tempfile::tempdir().unwrap();
        copy_folder(&self.data(), copy.path());
        self.restart();
        copy
    }

    /// The operator restores an old copy of everything.
    pub fn roll_back(&mut self, snapshot: &TempDir) {
        self.kill();
        std::fs::remove_dir_all(self.data()).unwrap();
        copy_folder(snapshot.path(), &self.data());
        self.restart();
    }

    /// A backup by the relay's own command, with its key.
    pub fn backup(&self) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        let (key, file) = (folder.path().join("key"), folder.path().join("backup"));
        self.verb(Command::new(oublietted()).arg("backup-key").arg(&key));
        self.verb(Command::new(oublietted()).arg("backup").arg(file).arg("--key-file").arg(key));
        folder
    }

    /// The operator restores it by the command, so that the log says so.
    pub fn restore(&mut self, backup: &TempDir) {
        self.kill();
        std::fs::remove_dir_all(self.data()).unwrap();
        let (key, file) = (backup.path().join("key"), backup.path().join("backup"));
        self.verb(Command::new(oublietted()).arg("restore").arg(file).arg("--key-file").arg(key));
        self.restart();
    }

    fn verb(&self, command: &mut Command) {
        let output = command.arg("--data").arg(self.data()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// The operator, or whoever took the box, forgets every name and keeps the server's own keys.
    pub fn forget_everybody(&mut self) {
        self.kill();
        std::fs::remove_dir_all(self.data().join("store")).unwrap();
        // Else the relay would not start without what it had.
        std::fs::remove_file(self.data().join("has-store")).unwrap();
        self.restart();
    }

    /// As `kill -9` does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// What the operator's `invite` says.
    pub fn asked_to_invite(&self, name: &str) -> Output {
        Command::new(oublietted()).args(["invite", name, "--data"]).arg(self.data()).output().unwrap()
    }

    pub fn invite(&self, name: &str) -> Invitation {
        let output = self.asked_to_invite(name);
        let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        let link = text.split_whitespace().find(|word| word.starts_with("oub://"));
        Invitation::parse(link.unwrap_or_else(|| panic!("no invitation in: {text}"))).unwrap()
    }

    pub fn person(&self, name: &str) -> Person {
        let person = Person::stranger(name);
        person.join(self).unwrap();
        person
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The real world, with a clock that is ahead by so many seconds.
pub struct Later(pub u64);

impl World for Later {
    fn now(&self) -> UnixSeconds {
        UnixSeconds(RealWorld.now().0 + self.0)
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        RealWorld.fill_random(bytes);
    }

    fn dial(&self, at: HostPort, pin: Pin, proxy: Option<Proxy>, patience: Duration) -> Dialling {
        RealWorld.dial(at, pin, proxy, patience)
    }
}

/// The same, with a clock that is behind.
struct Ago(u64);

impl World for Ago {
    fn now(&self) -> UnixSeconds {
        UnixSeconds(RealWorld.now().0 - self.0)
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        RealWorld.fill_random(bytes);
    }

    fn dial(&self, at: HostPort, pin: Pin, proxy: Option<Proxy>, patience: Duration) -> Dialling {
        RealWorld.dial(at, pin, proxy, patience)
    }
}

/// Somebody with a profile of their own.
pub struct Person {
    pub name: String,
    home: TempDir,
}

impl Person {
    pub fn stranger(name: &str) -> Person {
        Person { name: name.into(), home: tempfile::tempdir().unwrap() }
    }

    pub fn profile(&self) -> Profile {
        Profile::named(Some(self.home.path()), "default").unwrap()
    }

    pub fn request(&self, invitation: Invitation) -> JoinRequest {
        JoinRequest {
            at: JoinAt::Invitation(invitation),
            name: None,
            protect: Protector::KeyFile,
            language: Language::English,
        }
    }

    /// Joins, and has the words on paper.
    pub fn join(&self, relay: &Relay) -> Result<Joined, client::ClientError> {
        let request = self.request(relay.invite(&self.name));
        let (client, joined) = Client::join(&self.profile(), &request, options())?;
        client.forget_recovery_words()?;
        Ok(joined)
    }

    pub fn client(&self) -> Client {
        Client::open(&self.profile(), &Unlock::KeyFile, options()).unwrap()
    }

    /// A client that stops dead at one step.
    pub fn client_that_dies(&self, at: FailPoint) -> Client {
        let options = Options { fail_point: Some(at), ..options() };
        Client::open(&self.profile(), &Unlock::KeyFile, options).unwrap()
    }

    /// A client whose clock is so many hours ahead: what was looked up lately is stale for it.
    pub fn client_hours_later(&self, hours: u64) -> Client {
        let options = Options { world: SharedWorld::new(Later(hours * 3_600)), ..options() };
        Client::open(&self.profile(), &Unlock::KeyFile, options).unwrap()
    }

    /// The same, which waits for nobody longer than two seconds.
    pub fn hasty_client_hours_later(&self, hours: u64) -> Client {
        let world = SharedWorld::new(Later(hours * 3_600));
        let options = Options { world, timeout: Duration::from_secs(2), ..options() };
        Client::open(&self.profile(), &Unlock::KeyFile, options).unwrap()
    }

    /// A client whose clock is so many hours behind.
    pub fn client_hours_ago(&self, hours: u64) -> Client {
        let options = Options { world: SharedWorld::new(Ago(hours * 3_600)), ..options() };
        Client::open(&self.profile(), &Unlock::KeyFile, options).unwrap()
    }

    /// A client for which every random delay is over already.
    pub fn client_later(&self) -> Client {
        let options = Options { dues_early_s: 3 * 3_600, ..options() };
        Client::open(&self.profile(), &Unlock::KeyFile, options).unwrap()
    }

    /// A client for which an hour between two rounds of upkeep is over after so many seconds.
    pub fn client_that_keeps_up_every(&self, seconds: u64) -> Client {
        let options = Options { dues_early_s: 3_600 - seconds, ..options() };
        Client::open(&self.profile(), &Unlock::KeyFile, options).unwrap()
    }

    /// Pulls with every delay over, and returns the texts.
    pub fn texts_later(&self) -> Vec<String> {
        let mut list = Vec::new();
        let summary = self.client_later().pull(&PullOptions::default(), &mut |message| {
            list.push(message.body.text().unwrap_or("?").to_owned());
            Handled::Yes
        });
        let unreachable = summary.unwrap().unreachable;
        assert!(unreachable.is_none(), "{unreachable:?}");
        list
    }

    /// The whole folder as it is now.
    pub fn snapshot(&self) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(self.home.path(), copy.path());
        copy
    }

    /// The folder goes back to what it was.
    pub fn roll_back(&self, snapshot: &TempDir) {
        std::fs::remove_dir_all(self.home.path()).unwrap();
        copy_folder(snapshot.path(), self.home.path());
    }

    /// Another program with a copy of this person's folder.
    pub fn twin(&self) -> Person {
        Person { name: self.name.clone(), home: self.snapshot() }
    }

    pub fn add(&self, other: &Person) -> Contact {
        self.client().add(&other.client().address().unwrap(), None).unwrap()
    }

    /// As after a call in which both read the same words.
    pub fn verify(&self, alias: &str) -> Contact {
        let client = self.client();
        let number = client.safety_number(alias, Language::English).unwrap();
        client.mark_verified(alias, &number).unwrap()
    }

    pub fn add_address(&self, address: &wire::Address) -> Contact {
        self.client().add(address, None).unwrap()
    }

    pub fn send(&self, to: &Person, text: &str) -> Sent {
        self.client().send(&to.name, text, &SendOptions::default()).unwrap()
    }

    /// Sends, and insists that the relay stored it.
    pub fn stored(&self, to: &Person, text: &str) {
        let sent = self.send(to, text);
        assert_eq!(sent.state, SentState::Stored, "{} to {}: {text}", self.name, to.name);
    }

    pub fn pull(&self) -> Vec<Received> {
        self.pull_with(&PullOptions::default()).0
    }

    pub fn pull_with(&self, options: &PullOptions) -> (Vec<Received>, PullSummary) {
        let mut list = Vec::new();
        let summary = self
            .client()
            .pull(options, &mut |message| {
                list.push(message.clone());
                Handled::Yes
            })
            .unwrap();
        (list, summary)
    }

    /// Moves the random due time of all refills to the past, as ten minutes would.
    pub fn make_refill_due(&self) {
        self.change_vault("UPDATE contact SET refill_due = 1;");
    }

    /// A refill leaves at a time drawn by lot, and takes one of the stamps that a test counts: one that is due leaves
    /// when the test says so, or never.
    pub fn keep_refill_back(&self) {
        self.change_vault(
            "UPDATE contact SET refill_due = unixepoch() + 86400 WHERE refill_due IS NOT NULL;",
        );
    }

    /// A number in the vault.
    pub fn number_in_vault(&self, sql: &str) -> i64 {
        let key = std::fs::read(self.profile().key_file_path()).unwrap();
        opening::open(&self.profile().vault_path(), &key).query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// Changes rows behind the client's back, with the vault's own key.
    pub fn change_vault(&self, sql: &str) {
        let key = std::fs::read(self.profile().key_file_path()).unwrap();
        opening::open(&self.profile().vault_path(), &key).execute_batch(sql).unwrap();
    }

    /// The identity, taken out of the vault with the vault's own key.
    pub fn identity(&self) -> crypto::IdentitySecret {
        let key = std::fs::read(self.profile().key_file_path()).unwrap();
        let db = opening::open(&self.profile().vault_path(), &key);
        let seeds: [u8; 64] = db.query_row("SELECT identity_seeds FROM me", [], |row| row.get(0)).unwrap();
        let (classical, post_quantum) = seeds.split_at(32);
        crypto::IdentitySecret::from_seeds(classical.try_into().unwrap(), post_quantum.try_into().unwrap())
    }

    /// Pulls, and returns the texts.
    pub fn texts(&self) -> Vec<String> {
        let (list, summary) = self.pull_with(&PullOptions::default());
        assert!(summary.unreachable.is_none(), "{:?}", summary.unreachable);
        list.iter().map(|message| message.body.text().unwrap_or("?").to_owned()).collect()
    }
}

/// Two people who have written to each other and accepted.
pub fn friends(relay: &Relay) -> (Person, Person) {
    let (alice, bob) = (relay.person("alice"), relay.person("bob"));
    make_friends(&alice, &bob);
    (alice, bob)
}

/// Alice writes first, and Bob accepts.
pub fn make_friends(alice: &Person, bob: &Person) {
    alice.add(bob);
    alice.stored(bob, "hello");
    bob.client().collect().unwrap();
    bob.client().accept("alice", None).unwrap();
    assert_eq!(bob.texts(), ["hello"]);
    assert!(alice.texts().is_empty());
    alice.keep_refill_back();
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    std::fs::set_permissions(to, std::fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => copy_folder(&entry.path(), &target),
            kind if kind.is_file() => drop(std::fs::copy(entry.path(), target).unwrap()),
            _ => {}
        }
    }
}

pub fn options() -> Options {
    Options { timeout: Duration::from_secs(10), ..Options::default() }
}

pub fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.into())
}
