//! The power goes (F02): what `oub` said, and what it acknowledged, is on the device.

use std::io::Read as _;
use std::process::Child;
use std::time::Duration;

use crate::book::{Book, history, texts_of};
use crate::dice::Dice;
use crate::disk::{Disk, freeze};
use crate::person::{Person, meet};
use crate::relay::Relay;
use crate::rounds;

/// Cuts on one disk; then another one begins, since stamps are finite.
const CUTS_OF_A_DISK: u64 = 100;

/// The disk of two people, and a control on it: files that nobody syncs.
struct Scene {
    disk: Disk,
    relay: Relay,
    cuts: u64,
    /// Cuts that cost the control its file: what the method loses.
    lost: u64,
}

impl Scene {
    fn person(&self, name: &str) -> Person {
        let home = tempfile::tempdir_in(self.disk.at()).unwrap();
        Person { name: name.into(), home }.join(&self.relay)
    }

    /// Lets a command run for so long, then cuts the power; what it had printed by then.
    fn cut(&mut self, mut child: Child, after: Duration) -> String {
        std::thread::sleep(after);
        self.cuts += 1;
        // Another file each time: one that is replaced is written sooner.
        let control = self.disk.at().join(format!("control {}", self.cuts));
        std::fs::write(&control, [7; 4_096]).unwrap();
        freeze(child.id());
        self.disk.keep_what_was_received();
        child.kill().unwrap();
        child.wait().unwrap();
        let mut out = String::new();
        child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        self.disk.lose_the_rest();
        let kept = std::fs::read(control).is_ok_and(|kept| kept == [7; 4_096]);
        self.lost += u64::from(!kept);
        out
    }
}

#[test]
fn what_oub_said_before_the_power_went_is_there() {
    let (mut left, mut dice) = (rounds(10, 200), Dice::new("power of the vault"));
    while left > 0 {
        let Some(disk) = Disk::make() else { return };
        let cuts = left.min(CUTS_OF_A_DISK);
        cut_again_and_again(disk, cuts, &mut dice);
        left -= cuts;
    }
}

fn cut_again_and_again(disk: Disk, cuts: u64, dice: &mut Dice) {
    let mut scene = Scene { disk, relay: Relay::start(), cuts: 0, lost: 0 };
    let (alice, bob) = (scene.person("alice"), scene.person("bob"));
    meet(&alice, &bob);
    let (mut book, mut claims) = (Book::default(), 0);
    for cut in 0..cuts {
        let after = Duration::from_micros(dice.below(120_000));
        let text = book.next_text();
        // Said twice under one key, it is one message.
        let send = ["--json", "send", "bob", &text, "--idempotency", &text];
        if cut % 2 == 0 {
            let away = cut % 4 == 2;
            if away {
                scene.relay.kill();
            }
            let out = scene.cut(alice.command(&send).spawn().unwrap(), after);
            if out.contains("\"t\":\"sent\"") || out.contains("\"t\":\"queued\"") {
                claims += 1;
                assert!(history(&alice, "bob", "sent").contains(&text), "said, and not kept: {out}");
            }
            if away {
                scene.relay.start_again();
            }
            alice.ok(&send);
            alice.ok(&["pull"]);
        } else {
            alice.ok(&send);
            alice.ok(&["send", "bob", &book.next_text()]);
            let out = scene.cut(bob.command(&["--json", "pull"]).spawn().unwrap(), after);
            let shown = texts_of(&out);
            claims += shown.len();
            let kept = history(&bob, "alice", "received");
            assert!(shown.iter().all(|text| kept.contains(text)), "shown, and not kept: {shown:?} {kept:?}");
            book.shown(shown, false);
        }
        let ran = bob.ok(&["--json", "pull"]);
        assert!(!ran.err.contains("missing"), "acknowledged, and not kept: {}", ran.err);
        // A pull that lost its power could not note what it had shown.
        book.shown(texts_of(&ran.out), cut % 2 == 1);
    }
    println!(
        "promise P1: {cuts} power cuts under oub, {claims} times something was said before: 0 lost; {} files of a \
         control that does not sync",
        scene.lost
    );
    assert!(scene.lost > 0, "the method loses nothing: it can prove nothing");
    book.assert_exact("power cuts", &bob, "alice");
}
