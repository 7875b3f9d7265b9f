//! The story itself: first connection, a message to somebody absent, a killed relay, the answer.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::failure::Failure;
use crate::person::{Person, Said};
use crate::programs::Programs;
use crate::relay::{self, Relay};
use crate::say::say;
use crate::seizure;
use crate::stage::Stage;

/// Files of the relay that are shown one by one.
const SHOWN_MAX: usize = 8;

/// What is still running when the story has been told.
#[derive(Debug)]
pub struct Scene<'a> {
    /// The relay, started for the second time.
    pub relay: Relay<'a>,
}

/// The texts that two people exchange; each holds a number nobody else can have.
struct Texts {
    question: String,
    answer: String,
    number: String,
}

/// Plays the whole story; the first step that does not work ends it.
pub fn tell<'a>(programs: &Programs, stage: &'a Stage) -> Result<Scene<'a>, Failure> {
    let texts = Texts::fresh()?;
    let (alice, bob) = (Person::new("alice", programs, stage), Person::new("bob", programs, stage));

    let mut relay = Relay::start(programs, stage, "127.0.0.1:0")?;
    say!("1. a relay runs: oublietted, process {}, listening on {}", relay.pid(), relay.listens_on);
    say!("   its data: {}", stage.relay_dir().display());

    say!("\n2. two people join, each by an invitation");
    join(&alice, &relay::invite(programs, stage, "alice")?)?;
    join(&bob, &relay::invite(programs, stage, "bob")?)?;

    say!("\n3. alice writes to bob, none of whose processes is running");
    let address = address_of(&bob)?;
    alice.show(&["add", &address])?;
    alice.show(&["send", "bob", &texts.question])?;

    say!("\n4. the relay is killed (SIGKILL) and its disk taken away");
    let (killed, listen) = (relay.pid(), relay.listens_on.clone());
    relay.kill()?;
    say!("   process {killed} is gone; what its disk holds:");
    show_the_disk(stage, &texts)?;

    let relay = Relay::start(programs, stage, &listen)?;
    say!("\n5. a new process, {}, serves the same data on {}", relay.pid(), relay.listens_on);
    bob.run(&["pull"])?;
    let requests = bob.show(&["requests"])?;
    expect(&requests, &texts.question, "bob's requests do not show what alice wrote")?;
    bob.show(&["accept", "alice"])?;
    let pulled = bob.show(&["pull"])?;
    expect(&pulled, &texts.question, "bob did not receive what alice wrote")?;
    bob.show(&["send", "alice", &texts.answer])?;
    let pulled = alice.show(&["pull"])?;
    expect(&pulled, &texts.answer, "alice did not receive bob's answer")?;

    say!("\n6. once read, a message is not handed out again");
    refute(&alice.show(&["pull"])?, &texts.answer, "alice received the answer twice")?;
    refute(&bob.show(&["pull"])?, &texts.question, "bob received the question twice")?;
    prove_silence_while_running(stage, &texts)?;
    Ok(Scene { relay })
}

/// Says what can be typed now.
pub fn invite_to_go_on(programs: &Programs, stage: &Stage) {
    let oub = format!("{} --home {}", programs.oub.display(), stage.people_dir().display());
    say!("\nThe relay stays up until Ctrl-C; then it is stopped and everything of this demo is removed.");
    say!("Go on by hand in another terminal:\n");
    say!("  {oub} -P alice send bob 'lunch at noon?'");
    say!("  {oub} -P bob pull");
    say!("  {oub} -P bob verify alice");
    say!("  {oub} -P alice doctor");
    say!("  {} status --data {}", programs.oublietted.display(), stage.relay_dir().display());
}

impl Texts {
    fn fresh() -> Result<Self, Failure> {
        let time = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_err(Failure::of("the clock stands before 1970"))?;
        let canary = time.as_nanos() ^ (u128::from(std::process::id()) << 64);
        let number = format!("{canary:x}");
        Ok(Self {
            question: format!("the key is under the pot {number}"),
            answer: format!("found it, thank you {number}"),
            number,
        })
    }

    /// What no file may hold: the beginnings of both texts, and the number that only they have.
    fn canaries(&self) -> [&str; 3] {
        ["the key is under", "found it, thank", &self.number]
    }
}

/// Registers a person and shows the address that came back; the recovery words are that person's alone.
fn join(person: &Person<'_>, invitation: &str) -> Result<(), Failure> {
    // The key file protects against nobody who reads this folder; a demo has no one to ask for a passphrase.
    person.show_answer(&["join", invitation, "--protect", "file"])
}

fn address_of(person: &Person<'_>) -> Result<String, Failure> {
    let said = person.run(&["id"])?;
    let address = said.out.split_whitespace().find(|word| word.starts_with("oub://"));
    address.map(str::to_owned).ok_or_else(|| Failure::new(format!("oub id shows no address: {}", said.out)))
}

fn show_the_disk(stage: &Stage, texts: &Texts) -> Result<(), Failure> {
    let dir = stage.relay_dir();
    let found = seizure::seize(&dir)?;
    let mut filled: Vec<_> = found.iter().filter(|file| file.size() > 0).collect();
    filled.sort_by_key(|file| std::cmp::Reverse(file.size()));
    let (large, small) = filled.split_at(filled.len().min(SHOWN_MAX));
    for file in large {
        say!("    {}", file.describe(&dir));
    }
    say!("    and {} smaller files", small.len());
    seizure::prove_silent(&found, &texts.canaries(), &stage.file("control"))?;
    let bytes: usize = found.iter().map(seizure::Found::size).sum();
    say!(
        "   searched {bytes} bytes in {} files for alice's words (plain, hex, UTF-16): not there.",
        found.len()
    );
    say!("   the same search finds them in a file where they do stand.");
    Ok(())
}

fn prove_silence_while_running(stage: &Stage, texts: &Texts) -> Result<(), Failure> {
    let found = seizure::seize(&stage.relay_dir())?;
    seizure::prove_silent(&found, &texts.canaries(), &stage.file("control"))?;
    fs::remove_file(stage.file("control")).map_err(Failure::of("cannot remove the control file"))?;
    say!("   neither text stands in any of the relay's {} files.", found.len());
    Ok(())
}

fn expect(said: &Said, words: &str, otherwise: &str) -> Result<(), Failure> {
    if said.out.contains(words) {
        Ok(())
    } else {
        Err(Failure::new(format!("{otherwise}\n{}{}", said.out, said.talk)))
    }
}

fn refute(said: &Said, words: &str, otherwise: &str) -> Result<(), Failure> {
    if said.out.contains(words) { Err(Failure::new(format!("{otherwise}\n{}", said.out))) } else { Ok(()) }
}
