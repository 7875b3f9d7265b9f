//! A relay that does not come to an end: what it delivers, what it logs, what it does not say. Work is bounded, the person is
//! told, and what was honest in between is not lost.

use std::time::{Duration, Instant};

use client::{Client, ClientError, Handled, LogState, LogTrouble, Options, PullOptions, SentState, Unlock};
use wire::limits::{INBOX_ENVELOPES_MAX, LEAVES_MAX, LEDGER_LEAVES_MAX};

use crate::{
    common::options,
    evil::{Evil, Victim},
    shell::{Log, Reads},
};

/// Pulls, and says what was handed out and why it ended, if it did not end well.
fn pull(client: &Client) -> (Vec<String>, Option<ClientError>) {
    let mut texts = Vec::new();
    let summary = client.pull(&PullOptions::default(), &mut |message| {
        texts.push(message.body.text().unwrap().to_owned());
        Handled::Yes
    });
    (texts, summary.map_or_else(Some, |summary| summary.unreachable))
}

/// S18: twice what a mailbox holds is taken, and not more; what came before the nonsense is shown.
#[test]
fn deliveries_without_end_are_taken_to_a_bound_and_told() {
    let evil = Evil::start();
    let (alice, bob) = evil.friends();
    alice.stored(&bob, "before the flood");
    evil.shell().reads = Reads::Endless;
    let (texts, ended) = pull(&bob.client());
    let ended = ended.unwrap();
    assert!(ended.why().contains("more than a mailbox holds"), "{ended:?}");
    let made_up = evil.shell().made_up;
    let max = 2 * INBOX_ENVELOPES_MAX as usize;
    assert!((max..max + 1_000).contains(&made_up), "{made_up}");
    evil.shell().reads = Reads::Honest;
    alice.stored(&bob, "after the flood");
    let (more, ended) = pull(&bob.client());
    assert_eq!(
        (texts.into_iter().chain(more).collect::<Vec<_>>(), ended),
        (vec!["before the flood".to_owned(), "after the flood".to_owned()], None)
    );
}

/// S18: a mailbox of which nobody says that it is empty is waited for as long as for any answer.
#[test]
fn a_relay_that_never_says_drained_is_left_and_nothing_is_lost() {
    let evil = Evil::start();
    let (alice, bob) = evil.friends();
    alice.stored(&bob, "still there");
    evil.shell().reads = Reads::Silent;
    let patient = Options { timeout: Duration::from_secs(2), ..options() };
    let client = Client::open(&bob.profile(), &Unlock::KeyFile, patient).unwrap();
    let began = Instant::now();
    let (texts, ended) = pull(&client);
    assert!(texts.is_empty() && ended.unwrap().is_temporary());
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    // Sending goes on: a drain that does not succeed keeps nothing back.
    let sent = client.send("alice", "can you hear me?", &client::SendOptions::default()).unwrap();
    assert_eq!(sent.state, SentState::Stored);
    evil.shell().reads = Reads::Honest;
    assert_eq!(bob.texts(), ["still there"]);
    assert_eq!(alice.texts(), ["can you hear me?"]);
}

fn sync(alice: &Victim) -> LogState {
    alice.client().sync_logs().unwrap().into_iter().find(|standing| standing.mine).unwrap().state
}

/// S18: a log without end is read to a bound, called what it is, and no new key is taken from there; whoever is known is
/// written to as ever.
#[test]
fn a_log_without_end_is_read_to_a_bound_and_told() {
    let evil = Evil::start();
    let (alice, bob) = evil.friends();
    let carol = evil.join("carol");
    let pages = LEDGER_LEAVES_MAX / LEAVES_MAX as u64 + 2;
    for (log, answers) in [(Log::TooLong, 1), (Log::Stuck, 1), (Log::Grows, pages)] {
        evil.shell().log = Some(log);
        let before = evil.shell().fed;
        assert_eq!(sync(&alice), LogState::Trouble(LogTrouble::Forked), "{log:?}");
        assert_eq!(evil.shell().fed - before, answers, "{log:?}");
    }
    alice.stored(&bob, "as ever");
    assert_eq!(bob.texts(), ["as ever"]);
    // A relay that shows a log with a record is asked for it first.
    evil.shell().shows_log = true;
    let refused = alice.client().add(&carol.client().address().unwrap(), None).unwrap_err();
    assert!(matches!(refused, ClientError::LogTrouble { .. }), "{refused:?}");
}

/// S18: nor does a log that does not come at all keep a message to whoever is known waiting.
#[test]
fn a_log_that_does_not_come_holds_up_nobodys_message_for_long() {
    let evil = Evil::start();
    let (alice, bob) = evil.friends();
    evil.shell().log = Some(Log::Silent);
    evil.shell().shows_log = true;
    let client = alice.client_hours_later(2);
    let (fed, began) = (evil.shell().fed, Instant::now());
    let sent = client.send("bob", "as ever", &client::SendOptions::default()).unwrap();
    assert_eq!(sent.state, SentState::Stored);
    assert_eq!(evil.shell().fed - fed, 1, "it was asked");
    assert!(began.elapsed() < options().timeout, "{:?}", began.elapsed());
    assert_eq!(bob.texts(), ["as ever"]);
}
