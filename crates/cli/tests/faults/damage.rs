//! A byte of the vault's files is another (F06): `oub` says so or it does no harm, and what it names as a way out works.

use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::book::{Book, assert_told, history, is_kept, texts_of};
use crate::dice::Dice;
use crate::person::friends;
use crate::relay::Relay;
use crate::rounds;

/// The vault's pages, each authenticated by itself.
const PAGE: u64 = 4_096;

/// A byte that was changed; put back by [`Flip::over`], unless the page was written anew meanwhile.
struct Flip {
    path: PathBuf,
    at: u64,
    page: Vec<u8>,
    bit: u8,
}

impl Flip {
    fn at(path: &Path, at: u64, dice: &mut Dice) -> Self {
        let bit = 1 << dice.below(8);
        let mut flip = Self { path: path.to_owned(), at, page: Vec::new(), bit };
        flip.turn();
        flip.page = flip.read_page();
        flip
    }

    fn read_page(&self) -> Vec<u8> {
        let bytes = std::fs::read(&self.path).unwrap_or_default();
        let from = usize::try_from(self.at / PAGE * PAGE).unwrap();
        bytes.get(from..bytes.len().min(from + 4_096)).unwrap_or_default().to_vec()
    }

    fn turn(&self) {
        let file = std::fs::File::options().read(true).write(true).open(&self.path).unwrap();
        let mut byte = [0];
        file.read_exact_at(&mut byte, self.at).unwrap();
        file.write_all_at(&[byte[0] ^ self.bit], self.at).unwrap();
    }

    fn over(self) {
        if self.read_page() == self.page {
            self.turn();
        }
    }
}

/// Places all over a file: one in each stretch of so many bytes.
fn places(path: &Path, stretch: u64, dice: &mut Dice) -> Vec<u64> {
    let length = std::fs::metadata(path).unwrap().len();
    let from = (0..length.div_ceil(stretch)).map(|n| n * stretch);
    from.map(|from| from + dice.below(stretch.min(length - from))).collect()
}

#[test]
fn a_flipped_byte_in_the_vault_is_told_or_does_no_harm() {
    let mut dice = Dice::new("flipped bytes");
    let (mut book, mut back) = (Book::default(), Book::default());
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    // Words that fill pages of their own.
    alice.ok(&["send", "bob", &book.long_text()]);
    book.shown(bob.pull(), false);
    let profile = bob.dir();
    let stretch = rounds(3 * PAGE, PAGE / 2);
    let mut flips: Vec<_> = places(&profile.join("vault.db"), stretch, &mut dice)
        .into_iter()
        .map(|at| ("vault.db", at))
        .collect();
    flips.extend(places(&profile.join("vault.key"), 8, &mut dice).into_iter().map(|at| ("vault.key", at)));
    flips.extend(
        places(&profile.join("protector.json"), 5, &mut dice).into_iter().map(|at| ("protector.json", at)),
    );
    let (tried, mut told) = (flips.len(), 0);
    for (n, (file, at)) in flips.into_iter().enumerate() {
        let what = format!("{file}, byte {at}");
        alice.ok(&["send", "bob", &book.next_text()]);
        let flip = Flip::at(&profile.join(file), at, &mut dice);
        let pulled = bob.run(&["--json", "pull"]);
        let pull_done = assert_told(&pulled, &what);
        book.shown(texts_of(&pulled.out), false);
        let read = bob.run(&["--json", "log", "alice"]);
        if assert_told(&read, &what) {
            let lines = read.lines();
            let texts = lines.iter().filter(|line| line["direction"] == "received");
            let texts: Vec<_> = texts.map(|line| line["text"].as_str().unwrap()).collect();
            assert!(book.begins_with(&texts[1..]), "wrong words shown: {what}\n{texts:?}");
        }
        // Every third time also something that writes.
        let words = (n % 3 == 0).then(|| back.next_text());
        let sent = words.as_ref().map(|text| bob.run(&["send", "alice", text]));
        let sent_done = sent.as_ref().is_none_or(|ran| assert_told(ran, &what));
        told += usize::from(!pull_done || !sent_done);
        flip.over();
        if let (Some(text), Some(ran)) = (words, sent)
            && !sent_done
            && !is_kept(&ran)
            && !history(&bob, "alice", "sent").contains(&text)
        {
            bob.ok(&["send", "alice", &text]);
        }
        let rest = bob.ok(&["--json", "pull"]);
        assert!(!rest.err.contains("missing"), "{what}\n{}", rest.err);
        book.shown(texts_of(&rest.out), !pull_done);
        back.shown(alice.pull(), false);
    }
    println!("promise P10: {tried} bytes of vaults: {told} times oub said so, 0 times wrong words, 0 panics");
    assert!(told > tried / 3, "{told} of {tried}");
    book.assert_exact("flipped bytes", &bob, "alice");
    back.assert_exact("flipped bytes, what was sent", &alice, "bob");
}

/// Copies of a person's folder, each with a flipped byte in another page.
#[test]
fn what_a_damaged_vault_names_as_a_way_out_works() {
    let mut dice = Dice::new("ways out of damage");
    let mut book = Book::default();
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    for _ in 0..3 {
        alice.ok(&["send", "bob", &book.next_text()]);
    }
    alice.ok(&["send", "bob", &book.long_text()]);
    book.shown(bob.pull(), false);
    let whole = history(&bob, "alice", "received");
    let words = bob.home.path().join("words");
    std::fs::write(&words, "a passphrase of a backup\n").unwrap();
    std::fs::set_permissions(&words, std::fs::Permissions::from_mode(0o600)).unwrap();
    let words = words.to_str().unwrap();
    let old = bob.home.path().join("old");
    let old = old.to_str().unwrap();
    bob.ok(&["identity", "backup", old, "--backup-passphrase-file", words]);
    let (mut damaged, mut saved, mut from_old) = (0, 0, 0);
    let places = places(&bob.dir().join("vault.db"), PAGE * rounds(3, 1), &mut dice);
    for at in places {
        let copy = bob.twin();
        Flip::at(&copy.dir().join("vault.db"), at, &mut dice);
        let doctor = copy.run(&["doctor"]);
        if doctor.out.contains("every page is whole") {
            // A page that nobody uses.
            assert_eq!(history(&copy, "alice", "received"), whole, "byte {at}");
            continue;
        }
        damaged += 1;
        assert_eq!(doctor.code, Some(7), "byte {at}: {}{}", doctor.out, doctor.err);
        let said = format!("{}{}", doctor.out, doctor.err);
        assert!(said.contains("the vault is damaged") && said.contains("identity restore"), "{said}");
        // All of them until one was saved, then some.
        if saved > 0 && damaged % rounds(6, 2) != 1 {
            continue;
        }
        let fresh = copy.home.path().join("fresh");
        let fresh = fresh.to_str().unwrap();
        let backup = copy.run(&["identity", "backup", fresh, "--backup-passphrase-file", words]);
        let file = if assert_told(&backup, &format!("backup, byte {at}")) { fresh } else { old };
        saved += usize::from(file == fresh);
        from_old += usize::from(file == old);
        let restore = [
            "-P",
            "two",
            "identity",
            "restore",
            file,
            "--backup-passphrase-file",
            words,
            "--protect",
            "file",
        ];
        copy.ok(&restore);
        let lines = copy.json(&["-P", "two", "log", "alice"]);
        let texts: Vec<_> = lines
            .iter()
            .filter(|line| line["direction"] == "received")
            .map(|line| line["text"].as_str().unwrap())
            .collect();
        assert_eq!(texts, whole, "byte {at}");
    }
    println!("{damaged} damaged vaults: {saved} saved by a new backup, {from_old} by an older one");
    assert!(saved > 0 && saved + from_old > 1, "{saved} {from_old}");
}

/// Whoever was killed leaves its log behind: nothing that was said stands only there.
#[test]
fn a_flipped_byte_in_the_log_of_a_killed_process_costs_nothing_that_was_said() {
    let mut dice = Dice::new("flipped bytes in the log");
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let (mut book, mut flipped) = (Book::default(), 0);
    let log = alice.dir().join("vault.db-wal");
    for round in 0..rounds(6, 100) {
        // It has the vault open, so that nobody empties the log when a command ends.
        let mut daemon = alice.command(&["daemon", "--notify", "none"]).spawn().unwrap();
        let end = Instant::now() + Duration::from_secs(20);
        while alice.run(&["daemon", "status"]).code != Some(0) {
            assert!(Instant::now() < end, "the daemon does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        let away = round % 2 == 1;
        if away {
            relay.kill();
        }
        let text = book.next_text();
        alice.ok(&["send", "bob", &text]);
        daemon.kill().unwrap();
        daemon.wait().unwrap();
        let length = std::fs::metadata(&log).map_or(0, |log| log.len());
        if length > 0 {
            Flip::at(&log, dice.below(length), &mut dice);
            flipped += 1;
        }
        assert!(history(&alice, "bob", "sent").contains(&text), "said, and lost: {text}");
        if away {
            relay.start_again();
        }
        alice.ok(&["pull"]);
        book.shown(bob.pull(), false);
    }
    println!("promise P10: {flipped} bytes in logs of killed oub: 0 lost");
    assert!(flipped > 0);
    book.assert_exact("flipped bytes in the log", &bob, "alice");
}
