//! What people do beside sending texts: quote, edit, take back, let words disappear, ask, and say what they read.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use client::{
    AskOptions, Asked, ClientError, Desk, Handled, LogEntry, PullOptions, Received, ReceivedBody, SaidError,
    SendOptions, SentState,
};
use common::{Person, Relay, friends};

fn ask_options(choices: &[&str], wait: Duration) -> AskOptions {
    let choices = choices.iter().map(|choice| (*choice).to_owned()).collect();
    AskOptions { choices, wait, send: SendOptions::default(), stop: None, told: None }
}

fn texts(log: &[LogEntry]) -> Vec<String> {
    log.iter().map(|entry| entry.body.text().unwrap_or("-").to_owned()).collect()
}

fn one(mut list: Vec<Received>) -> Received {
    assert_eq!(list.len(), 1, "{list:?}");
    list.remove(0)
}

#[test]
fn a_quote_names_what_it_answers() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.stored(&bob, "tea or coffee?");
    let asked = one(bob.pull());
    let options = SendOptions { quotes: Some(asked.id[..6].to_owned()), ..SendOptions::default() };
    assert_eq!(bob.client().send("alice", "tea", &options).unwrap().state, SentState::Stored);
    let answer = one(alice.pull());
    let quote = answer.marks.quotes.unwrap();
    assert_eq!((quote.id, quote.text.as_deref()), (asked.id, Some("tea or coffee?")));
    let nonsense = SendOptions { quotes: Some("ffffffff".into()), ..SendOptions::default() };
    let refused = bob.client().send("alice", "tea", &nonsense).unwrap_err();
    assert!(matches!(refused, ClientError::Said(SaidError::NoSuchMessage { .. })), "{refused:?}");
}

#[test]
fn an_edit_replaces_the_words_on_both_sides_and_says_so_to_who_saw_the_first() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.stored(&bob, "at nine");
    alice.client().edit("bob", "last", "at ten", &SendOptions::default()).unwrap();
    let unseen = one(bob.pull());
    assert_eq!((unseen.body.text(), unseen.marks.edited), (Some("at ten"), true), "seen for the first time");
    alice.client().edit("bob", "last", "at eleven", &SendOptions::default()).unwrap();
    let seen = one(bob.pull());
    assert_eq!(seen.body, ReceivedBody::Edited { message: unseen.id.clone(), text: "at eleven".into() });
    for person in [&alice, &bob] {
        let other = if person.name == "alice" { "bob" } else { "alice" };
        let log = person.client().log(other, None).unwrap();
        assert_eq!(texts(&log), ["hello", "at eleven"]);
        assert!(log[1].marks.edited);
    }
    let not_mine = bob.client().edit("alice", &unseen.id, "never", &SendOptions::default()).unwrap_err();
    assert!(matches!(not_mine, ClientError::Said(SaidError::NoSuchMessage { .. })), "{not_mine:?}");
}

/// A sink may take minutes for a message: what happens meanwhile to the next ones counts.
#[test]
fn a_slow_sink_is_handed_each_message_as_it_is_by_then() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    for text in ["one", "two", "three", "four"] {
        alice.stored(&bob, text);
    }
    bob.client().collect().unwrap();
    let ids: Vec<String> =
        alice.client().log("bob", None).unwrap().into_iter().map(|entry| entry.id).collect();
    let mut came = Vec::new();
    let pulled = bob.client().hand_out(&PullOptions::default(), &mut |message| {
        if came.is_empty() {
            let (options, beside) = (SendOptions::default(), bob.client());
            alice.client().edit("bob", &ids[2], "second", &options).unwrap();
            alice.client().take_back("bob", &ids[3], &options).unwrap();
            beside.collect().unwrap();
            beside.mark_handled("alice", std::slice::from_ref(&ids[4])).unwrap();
        }
        came.push(message.body.text().unwrap_or("-").to_owned());
        Handled::Yes
    });
    assert_eq!(came, ["one", "second"]);
    assert_eq!(pulled.unwrap().handed_out, 2);
    assert!(bob.pull().is_empty(), "each once");
}

#[test]
fn the_last_edit_counts_also_where_the_clock_of_its_sender_went_back() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.stored(&bob, "at nine");
    assert_eq!(bob.texts(), ["at nine"]);
    alice.client_hours_later(2).edit("bob", "last", "at ten", &SendOptions::default()).unwrap();
    alice.client().edit("bob", "last", "at eleven", &SendOptions::default()).unwrap();
    assert_eq!(bob.texts().last().map(String::as_str), Some("at eleven"));
    for (who, other) in [(&alice, "bob"), (&bob, "alice")] {
        assert_eq!(texts(&who.client().log(other, None).unwrap()), ["hello", "at eleven"]);
    }
}

#[test]
fn what_never_left_is_edited_and_taken_back_without_a_word() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    relay.kill();
    alice.send(&bob, "first");
    alice.client().edit("bob", "last", "second", &SendOptions::default()).unwrap();
    alice.send(&bob, "third");
    assert_eq!(alice.client().take_back("bob", "last", &SendOptions::default()).unwrap(), None);
    relay.restart();
    alice.client().flush().unwrap();
    let list = bob.pull();
    assert_eq!(list.len(), 1);
    assert_eq!((list[0].body.text(), list[0].marks.edited), (Some("second"), false));
    assert_eq!(texts(&alice.client().log("bob", None).unwrap()), ["hello", "second"]);
}

#[test]
fn a_message_is_taken_back_before_and_after_it_was_seen() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.stored(&bob, "seen");
    bob.pull();
    alice.client().take_back("bob", "last", &SendOptions::default()).unwrap().unwrap();
    alice.stored(&bob, "never seen");
    alice.client().take_back("bob", "last", &SendOptions::default()).unwrap().unwrap();
    assert!(bob.pull().is_empty());
    for (person, other) in [(&alice, "bob"), (&bob, "alice")] {
        let log = person.client().log(other, None).unwrap();
        assert_eq!(texts(&log), ["hello", "-", "-"]);
        assert!(log[1..].iter().all(|entry| entry.body == ReceivedBody::TakenBack));
    }
    assert!(!person_has(&bob, "never seen") && !person_has(&alice, "never seen"));
}

/// Whether words are anywhere in a vault's tables.
fn person_has(person: &Person, words: &str) -> bool {
    let dump = person.client().log(if person.name == "alice" { "bob" } else { "alice" }, None).unwrap();
    dump.iter().any(|entry| entry.body.text().is_some_and(|text| text.contains(words)))
}

#[test]
fn an_edit_that_overtakes_its_message_waits_for_it() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.stored(&bob, "one");
    alice.client().edit("bob", "last", "two", &SendOptions::default()).unwrap();
    // As if the first had been lost on the relay and came later, asked for again.
    bob.pull();
    bob.change_vault("DELETE FROM message WHERE kind = 1 AND body = CAST('two' AS BLOB);");
    let id = alice.client().log("bob", None).unwrap()[1].id.clone();
    alice.change_vault(&format!(
        "UPDATE outbox SET state = 0, text = 'one', auth = NULL, envelope = NULL, sid = NULL, route = NULL
         WHERE hex(message_id) = '{}';",
        id.to_uppercase()
    ));
    alice.client().flush().unwrap();
    assert_eq!(one(bob.pull()).body.text(), Some("two"));
}

/// How many rows of somebody's vault hold these words, wherever they stand in a row.
fn rows_with(person: &Person, words: &str) -> i64 {
    let blob = format!("CAST('{words}' AS BLOB)");
    person.number_in_vault(&format!(
        "SELECT (SELECT count(*) FROM message WHERE instr(body, {blob}))
             + (SELECT count(*) FROM outbox WHERE instr(text, '{words}') OR instr(body, {blob}))"
    ))
}

#[test]
fn an_edit_that_comes_after_its_words_disappeared_leaves_none() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let burn = SendOptions { expire: Some(Duration::from_secs(3_600)), ..SendOptions::default() };
    alice.client().send("bob", "burn this", &burn).unwrap();
    one(bob.pull());
    assert_eq!(texts(&bob.client_hours_later(2).log("alice", None).unwrap()), ["hello"]);
    alice.client().edit("bob", "last", "burn that", &SendOptions::default()).unwrap();
    assert!(bob.pull().is_empty());
    assert_eq!(rows_with(&bob, "burn"), 0);
    alice.client_hours_later(2).collect().unwrap();
    assert_eq!(rows_with(&alice, "burn"), 0);
}

#[test]
fn only_the_words_of_the_last_edit_stay_on_either_side() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.stored(&bob, "at nine");
    one(bob.pull());
    for words in ["at ten", "at eleven"] {
        alice.client().edit("bob", "last", words, &SendOptions::default()).unwrap();
        one(bob.pull());
    }
    alice.client().edit("bob", "last", "at noon", &SendOptions::default()).unwrap();
    alice.client().edit("bob", "last", "at one", &SendOptions::default()).unwrap();
    assert_eq!(one(bob.pull()).body.text(), Some("at one"), "what was never seen is not shown late");
    for (person, other) in [(&alice, "bob"), (&bob, "alice")] {
        for words in ["at nine", "at ten", "at eleven", "at noon"] {
            assert_eq!(rows_with(person, words), 0, "{}: {words}", person.name);
        }
        assert_eq!(texts(&person.client().log(other, None).unwrap()), ["hello", "at one"]);
    }
}

#[test]
fn the_words_of_edits_that_were_kept_before_go_with_the_days_sweep() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.stored(&bob, "at nine");
    one(bob.pull());
    alice.client().edit("bob", "last", "at ten", &SendOptions::default()).unwrap();
    one(bob.pull());
    alice.client().edit("bob", "last", "at noon", &SendOptions::default()).unwrap();
    one(bob.pull());
    // As every client before kept them.
    alice.change_vault(
        "UPDATE outbox SET text = 'at ten', gone = 0 WHERE kind = 14 AND text = '';
         UPDATE me SET swept_day = 0;",
    );
    bob.change_vault(
        "UPDATE message SET body = CAST(target || 'at ten' AS BLOB), gone = 0 WHERE kind = 14 AND body = x'';
         UPDATE me SET swept_day = 0;",
    );
    for (person, other) in [(&alice, "bob"), (&bob, "alice")] {
        assert_eq!(rows_with(person, "at ten"), 1);
        person.client().collect().unwrap();
        assert_eq!(rows_with(person, "at ten"), 0, "{}", person.name);
        assert_eq!(texts(&person.client().log(other, None).unwrap()), ["hello", "at noon"]);
    }
}

#[test]
fn words_disappear_on_both_sides_once_their_time_is_over() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let burn = SendOptions { expire: Some(Duration::from_secs(7_000)), ..SendOptions::default() };
    alice.client().send("bob", "burn this", &burn).unwrap();
    alice.stored(&bob, "keep this");
    // Unread, it stays: the time begins when it is handed out.
    assert_eq!(texts(&bob.client_hours_later(48).log("alice", None).unwrap()).len(), 1, "not collected yet");
    let list = bob.pull();
    assert_eq!(list.len(), 2);
    assert_eq!(list[0].marks.expire_s, Some(7_000));
    assert_eq!(texts(&bob.client().log("alice", None).unwrap()), ["hello", "burn this", "keep this"]);
    for (person, other) in [(&alice, "bob"), (&bob, "alice")] {
        let log = person.client_hours_later(2).log(other, None).unwrap();
        assert_eq!(texts(&log), ["hello", "keep this"], "{}", person.name);
        person.change_vault("SELECT 1;");
        assert_eq!(
            texts(&person.client().log(other, None).unwrap()),
            ["hello", "keep this"],
            "gone for good"
        );
    }
    let never = SendOptions { expire: Some(Duration::ZERO), ..SendOptions::default() };
    let refused = alice.client().send("bob", "x", &never).unwrap_err();
    assert!(matches!(refused, ClientError::Said(SaidError::BadExpiry { .. })), "{refused:?}");
}

/// A person to whom somebody sent words that disappear, and who has handed them out; they disappear while `stays` does.
fn disappears_while(relay_goes: bool, stays: impl FnOnce(&Person, &AtomicBool) + Send) {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let burn = SendOptions { expire: Some(Duration::from_secs(3)), ..SendOptions::default() };
    alice.client().send("bob", "burn this", &burn).unwrap();
    one(bob.pull());
    if relay_goes {
        relay.kill();
    }
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let staying = scope.spawn(|| stays(&bob, &stop));
        let began = std::time::Instant::now();
        while rows_with(&bob, "burn this") > 0 && began.elapsed() < Duration::from_secs(25) {
            std::thread::sleep(Duration::from_millis(100));
        }
        let left = rows_with(&bob, "burn this");
        stop.store(true, Relaxed);
        staying.join().unwrap();
        assert_eq!(left, 0);
    });
}

#[test]
fn words_disappear_also_while_a_pull_follows() {
    let follow = |bob: &Person, stop: &AtomicBool| {
        let told = Arc::new(AtomicBool::new(false));
        let options = PullOptions { follow: true, stop: Some(told.clone()), ..PullOptions::default() };
        std::thread::scope(|scope| {
            scope.spawn(|| bob.pull_with(&options));
            while !stop.load(Relaxed) {
                std::thread::sleep(Duration::from_millis(50));
            }
            told.store(true, Relaxed);
        });
    };
    disappears_while(false, follow);
    disappears_while(true, follow);
}

#[test]
fn words_disappear_also_while_the_relay_of_who_stays_is_away() {
    disappears_while(true, |bob, stop| {
        let desk = Desk::default();
        std::thread::scope(|scope| {
            scope.spawn(|| bob.client().stay(&desk, &mut |_| {}).unwrap());
            while !stop.load(Relaxed) {
                std::thread::sleep(Duration::from_millis(50));
            }
            desk.stop();
        });
    });
    disappears_while(true, |bob, stop| {
        bob.client().receive(stop, &AtomicBool::new(false), &|_| {}).unwrap();
    });
}

#[test]
fn an_edit_that_waits_when_its_words_disappear_says_nothing_and_holds_up_nothing() {
    let mut relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let burn = SendOptions { expire: Some(Duration::from_secs(3_600)), ..SendOptions::default() };
    alice.client().send("bob", "burn this", &burn).unwrap();
    relay.kill();
    alice.client().edit("bob", "last", "burn that", &SendOptions::default()).unwrap();
    assert_eq!(texts(&alice.client_hours_later(2).log("bob", None).unwrap()), ["hello"]);
    relay.restart();
    alice.stored(&bob, "and what follows arrives");
    let heard: Vec<_> = bob.pull().into_iter().filter_map(|got| got.body.text().map(str::to_owned)).collect();
    assert_eq!(heard, ["burn this", "and what follows arrives"]);
    assert!(alice.client().outbox().unwrap().is_empty());
}

#[test]
fn a_timer_is_agreed_shown_and_kept_by_both() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.client().set_timer("bob", Some(Duration::from_secs(3_600))).unwrap();
    assert_eq!(one(bob.pull()).body, ReceivedBody::Timer { seconds: 3_600 });
    assert_eq!(bob.client().contact("alice").unwrap().timer_s, 3_600);
    bob.stored(&alice, "as agreed");
    assert_eq!(one(alice.pull()).marks.expire_s, Some(3_600));
    bob.client().set_timer("alice", None).unwrap();
    assert_eq!(one(alice.pull()).body, ReceivedBody::Timer { seconds: 0 });
    alice.stored(&bob, "for good");
    assert_eq!(one(bob.pull()).marks.expire_s, None);
}

#[test]
fn a_question_is_answered_while_somebody_waits() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let options = ask_options(&["yes", "no"], Duration::from_secs(30));
    let asked = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| alice.client().ask("bob", "deploy 1.4?", &options).unwrap());
        let question = loop {
            if let Some(question) = bob.pull().pop() {
                break question;
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        assert!(
            matches!(&question.body, ReceivedBody::Question { choices, .. } if choices == &["yes", "no"])
        );
        // Somebody else's words do not disturb the wait, and are not swallowed by it.
        bob.stored(&alice, "just a moment");
        let none = bob.client().answer("alice", None, "perhaps", &SendOptions::default()).unwrap_err();
        assert!(matches!(none, ClientError::Said(SaidError::NotAChoice { .. })), "{none:?}");
        // Another process of hers collects meanwhile.
        assert!(alice.client().collect().is_ok());
        bob.client().answer("alice", None, "YES", &SendOptions::default()).unwrap();
        waiting.join().unwrap()
    });
    let Asked::Answered(answer) = asked else { panic!("{asked:?}") };
    assert_eq!((answer.body.text(), answer.from.as_str()), (Some("yes"), "bob"));
    assert_eq!(alice.client().mark_handled_by_id(&answer.id).unwrap(), 1, "until then a pull hands it out");
    assert_eq!(alice.texts(), ["just a moment"], "the answer was taken, the rest was not");
    let again = bob.client().answer("alice", None, "no", &SendOptions::default()).unwrap_err();
    assert!(matches!(again, ClientError::Said(SaidError::NoQuestion { .. })), "{again:?}");
}

/// Another program of his does not keep him to the choices; a pipeline acts on what it gets.
#[test]
fn what_is_none_of_the_choices_is_a_message_and_no_answer() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let options = ask_options(&["yes", "no"], Duration::from_secs(4));
    let asked = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| alice.client().ask("bob", "deploy?", &options).unwrap());
        while bob.pull().is_empty() {
            std::thread::sleep(Duration::from_millis(50));
        }
        // The same question for as long as one likes, with nothing to choose from.
        let words: String = b"deploy?".iter().map(|byte| format!("{byte:02x}")).collect();
        let body = format!("x'00000000ffffffff00{words}'");
        bob.change_vault(&format!("UPDATE message SET body = {body} WHERE kind = 9"));
        bob.client().answer("alice", None, "yes; rm -rf", &SendOptions::default()).unwrap();
        waiting.join().unwrap()
    });
    assert_eq!(asked, Asked::NotInTime);
    assert_eq!(alice.texts(), ["yes; rm -rf"]);
}

/// Whoever asks a stranger waits for him to let the asker in, and then for the answer, in one go.
#[test]
fn a_question_that_is_the_first_to_a_stranger_announces_itself_and_follows_the_answer() {
    let relay = Relay::start();
    let (alice, bob) = (relay.person("alice"), relay.person("bob"));
    alice.add(&bob);
    let options = ask_options(&["yes", "no"], Duration::from_secs(30));
    let until = |what: &dyn Fn() -> bool| {
        let began = std::time::Instant::now();
        while !what() {
            assert!(began.elapsed() < Duration::from_secs(20));
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let asked = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| alice.client().ask("bob", "deploy 1.4?", &options).unwrap());
        until(&|| bob.client().collect().unwrap().requests == 1);
        bob.client().accept("alice", None).unwrap();
        until(&|| bob.pull().iter().any(|message| matches!(message.body, ReceivedBody::Question { .. })));
        bob.client().answer("alice", None, "yes", &SendOptions::default()).unwrap();
        waiting.join().unwrap()
    });
    assert!(matches!(&asked, Asked::Answered(answer) if answer.body.text() == Some("yes")), "{asked:?}");
}

#[test]
fn nobody_answers_in_time_and_the_question_is_over() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let asked = alice.client().ask("bob", "there?", &ask_options(&[], Duration::from_secs(1))).unwrap();
    assert_eq!(asked, Asked::NotInTime);
    bob.pull();
    std::thread::sleep(Duration::from_secs(1));
    let late = bob.client().answer("alice", None, "yes", &SendOptions::default()).unwrap_err();
    assert!(matches!(late, ClientError::Said(SaidError::NoQuestion { .. })), "{late:?}");
}

#[test]
fn a_question_that_is_asked_again_under_its_key_is_asked_once() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let mut options = ask_options(&[], Duration::from_secs(30));
    options.send.idempotency = Some("deploy-7".into());
    options.stop = Some(Arc::new(AtomicBool::new(true)));
    assert_eq!(alice.client().ask("bob", "go?", &options).unwrap(), Asked::Stopped);
    options.stop = None;
    let asked = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| alice.client().ask("bob", "go?", &options).unwrap());
        one(bob.pull());
        bob.client().answer("alice", None, "go", &SendOptions::default()).unwrap();
        waiting.join().unwrap()
    });
    assert!(matches!(&asked, Asked::Answered(answer) if answer.body.text() == Some("go")), "{asked:?}");
    assert!(bob.pull().is_empty(), "asked once");
    assert_eq!(alice.client().ask("bob", "go?", &options).unwrap(), asked, "and known from then on");
    let other = alice.client().ask("bob", "stop?", &options).unwrap_err();
    assert_eq!(other, ClientError::IdempotencyConflict);
}

#[test]
fn a_key_is_of_one_question_with_its_choices_and_its_time() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    let mut options = ask_options(&["yes", "no"], Duration::from_secs(1));
    options.send.idempotency = Some("deploy-8".into());
    assert_eq!(alice.client().ask("bob", "go?", &options).unwrap(), Asked::NotInTime);
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(alice.client().ask("bob", "go?", &options).unwrap(), Asked::Over);
    options.choices = vec!["now".into(), "later".into()];
    assert_eq!(alice.client().ask("bob", "go?", &options), Err(ClientError::IdempotencyConflict));
    assert_eq!(one(bob.pull()).body.text(), Some("go?"));
}

#[test]
fn a_key_belongs_to_what_was_said_with_it_first_whatever_became_of_that() {
    let relay = Relay::start();
    let (alice, _) = friends(&relay);
    let keyed = |key: &str| SendOptions { idempotency: Some(key.into()), ..SendOptions::default() };
    let say = |text: &str, key: &str| alice.client().send("bob", text, &keyed(key)).map(|sent| sent.id);
    let edited = say("at nine", "first").unwrap();
    alice.client().edit("bob", "last", "at ten", &SendOptions::default()).unwrap();
    let gone = say("a slip", "second").unwrap();
    alice.client().take_back("bob", "last", &SendOptions::default()).unwrap().unwrap();
    assert_eq!((say("at nine", "first"), say("a slip", "second")), (Ok(edited), Ok(gone)));
    for key in ["first", "second"] {
        assert_eq!(say("something else", key), Err(ClientError::IdempotencyConflict), "{key}");
    }
    assert_eq!(rows_with(&alice, "a slip"), 0);
}

#[test]
fn receipts_go_only_to_contacts_for_whom_they_were_turned_on() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    alice.stored(&bob, "before");
    bob.pull();
    bob.client().collect().unwrap();
    alice.pull();
    assert!(alice.client().log("bob", None).unwrap().iter().all(|entry| entry.read_at.is_none()));
    assert!(bob.client().set_receipts("alice", true).unwrap().receipts);
    alice.stored(&bob, "after");
    assert_eq!(bob.texts(), ["after"]);
    bob.client().collect().unwrap();
    assert!(alice.pull().is_empty(), "a receipt is no message");
    let log = alice.client().log("bob", None).unwrap();
    let read: Vec<bool> = log.iter().map(|entry| entry.read_at.is_some()).collect();
    assert_eq!(read, [false, false, true], "{log:?}");
}

#[test]
fn what_was_taken_back_unseen_is_not_said_to_be_read() {
    let relay = Relay::start();
    let (alice, bob) = friends(&relay);
    bob.pull();
    bob.client().set_receipts("alice", true).unwrap();
    alice.stored(&bob, "seen");
    assert_eq!(bob.texts(), ["seen"]);
    alice.stored(&bob, "never seen");
    bob.client().collect().unwrap();
    alice.client().take_back("bob", "last", &SendOptions::default()).unwrap().unwrap();
    assert!(bob.pull().is_empty());
    bob.client().collect().unwrap();
    alice.pull();
    let log = alice.client().log("bob", None).unwrap();
    let read: Vec<bool> = log.iter().map(|entry| entry.read_at.is_some()).collect();
    assert_eq!(read, [false, true, false], "{log:?}");
}
