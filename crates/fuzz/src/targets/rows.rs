//! The relay's store over damaged, forged and moved rows behind right checksums: whatever they say, it answers.

use crate::features::Features;
use crate::tape::Tape;
use crate::world::{World, bundle};
use std::sync::OnceLock;
use store::conformance::{Person, record, stamped, unmarked};
use store::*;
use wire::request::{AnswerKind, MailboxPolicy};
use wire::{
    CommitmentNonce, Cursor, Day, DepositId, Generation, InviteCode, Name, NameTag, StampIndex, StampKey,
    UnixSeconds, VoucherHash,
};

/// Edits of rows and questions to the store, of one input at most.
const STEPS_MAX: usize = 64;
/// Envelopes collected at once at most.
const COLLECT_MAX: usize = 64;
/// The day of the story.
const TODAY: Day = Day(20_000);
/// The store's own keys, fixed so that rows are the same in every run.
const KEYS: [u8; 64] = [5; 64];

/// Two people, an inbox with letters and spent stamps, a doorstep, an invitation, bundles of two days.
fn story() -> &'static [ForeignRow] {
    static STORY: OnceLock<Vec<ForeignRow>> = OnceLock::new();
    STORY.get_or_init(|| {
        let mut rows = MemoryStore::new().dangerous_rows();
        rows.iter_mut().filter(|row| row.key == b"keys").for_each(|row| row.body = KEYS.to_vec());
        let store = MemoryStore::dangerous_from_rows(rows, Options::default()).expect("an empty store");
        live(&store);
        store.dangerous_rows()
    })
}

fn live(store: &MemoryStore) {
    let [one, two] = [1, 2].map(|number| Person::register(store, number));
    let (inbox, doorstep) = (one.inbox(store), two.doorstep(store));
    let letters = (0..3).map(|index| stamped(inbox, 1, index, u32::from(index)));
    let outcomes = store.deposit(letters.chain([unmarked(doorstep, 9, TODAY)]).collect());
    assert!(outcomes.iter().all(|outcome| *outcome == Ok(DepositOutcome::Stored)), "{outcomes:?}");
    let _ = store.cross_off(&inbox, Generation(1), &[StampIndex(9)]);
    for counter in [1, 2] {
        let mut bundle = bundle(&World::get().alice, 1, DepositId([1; 16]));
        bundle.body.counter = counter;
        let _ = store.publish(&one.name(), bundle, TODAY);
    }
    let invite = NewInvite { code: code(), name: Some(newcomer()), expires: UnixSeconds(u64::MAX) };
    store.invite(invite).expect("memory has room");
}

/// `number of edits ‖ edits ‖ questions`.
pub fn run(input: &[u8]) -> Features {
    let mut features = Features::default();
    let mut tape = Tape::new(input);
    let mut rows = story().to_vec();
    for _ in 0..usize::from(tape.byte()).min(STEPS_MAX) {
        edit(&mut rows, &mut tape);
    }
    let store = MemoryStore::dangerous_from_rows(rows, Options { puzzle_bits: 1, ..Options::default() });
    features.note("raised", store.is_some());
    let Some(store) = store else { return features };
    features.count("damaged at start", usize::try_from(store.totals().damaged).unwrap_or(usize::MAX));
    for _ in 0..STEPS_MAX {
        let Some(question) = tape.step() else { break };
        let damaged = store.totals().damaged;
        ask(&store, question, &mut tape, &mut features);
        assert!(store.totals().damaged >= damaged, "damage was forgotten");
    }
    let again = store.reopened();
    assert_eq!(again.totals().leaves, store.totals().leaves, "a restart changes the log");
    features
}

/// One change of one row.
fn edit(rows: &mut Vec<ForeignRow>, tape: &mut Tape<'_>) {
    let (what, which) = (tape.byte(), usize::from(tape.byte()));
    let place = which % rows.len().max(1);
    let Some(row) = rows.get_mut(place) else { return };
    match what % 10 {
        0 => overwrite(&mut row.body, tape),
        1 => row.body.truncate(usize::from(tape.short())),
        2 => row.body = filled(tape),
        3 => row.body.extend(filled(tape)),
        4 => overwrite(&mut row.key, tape),
        5 => row.key.truncate(usize::from(tape.byte())),
        6 => row.sealed = false,
        7 => row.day = Day(tape.short()),
        8 => {
            let copy = ForeignRow { table: tape.byte() % 14, ..row.clone() };
            rows.push(copy);
        }
        _ => drop(rows.swap_remove(place)),
    }
}

/// Up to eight bytes at a place.
fn overwrite(bytes: &mut [u8], tape: &mut Tape<'_>) {
    let at = usize::from(tape.short()) % bytes.len().max(1);
    let len = usize::from(tape.byte() % 8) + 1;
    bytes.iter_mut().skip(at).zip(tape.bytes(len)).for_each(|(to, from)| *to = *from);
}

fn filled(tape: &mut Tape<'_>) -> Vec<u8> {
    let len = usize::from(tape.byte());
    tape.bytes(len).to_vec()
}

/// One question; answers are noted by their kind.
fn ask(store: &MemoryStore, question: u8, tape: &mut Tape<'_>, features: &mut Features) {
    let person = Person { number: 1 + tape.byte() % 2 };
    let policy = if question & 0x80 == 0 { MailboxPolicy::Inbox } else { MailboxPolicy::Doorstep };
    let sid = person.new_mailbox(policy, TODAY).sid;
    let today = Day(TODAY.0.saturating_add(u16::from(tape.byte())));
    match question % 16 {
        0 => features.outcome("record", &store.record(&person.name(), None)),
        1 => features.outcome("record", &store.record(&person.name(), Some(u32::from(tape.byte())))),
        2 => features.outcome("bundle", &store.bundle(&person.name(), today)),
        3 => publish(store, &person.name(), tape.byte(), today, features),
        4 => features.outcome("log", &store.leaf_slots(u64::from(tape.byte()), 4)),
        5 => register(store, tape.byte(), features),
        6 => replace(store, &person, tape.byte(), features),
        7 => features.outcome("open", &store.open(&person.rid(policy), today)),
        8 => deposit(store, sid, today, tape, features),
        9 => collect(store, &sid, u64::from(tape.byte() % 8), features),
        10 => features.outcome("ack", &store.ack(&sid, Cursor(cursor(tape)))),
        11 => generations(store, &sid, tape, features),
        12 => features.outcome("sweep", &store.sweep(today)),
        13 => features.outcome("owner", &store.find_owner(&person.rid(policy))),
        14 => create(store, &person, policy, tape.byte(), features),
        _ => restart(store, features),
    }
}

fn publish(store: &MemoryStore, name: &Name, counter: u8, today: Day, features: &mut Features) {
    let mut bundle = bundle_of_alice();
    bundle.body.counter = u64::from(counter);
    let published = store.publish(name, bundle, today);
    features.note("publish", format!("{published:?}"));
}

/// Signed once: signing takes longer than everything else here.
fn bundle_of_alice() -> wire::PrekeyBundle {
    static BUNDLE: OnceLock<wire::PrekeyBundle> = OnceLock::new();
    BUNDLE.get_or_init(|| bundle(&World::get().alice, 1, DepositId([1; 16]))).clone()
}

fn register(store: &MemoryStore, choice: u8, features: &mut Features) {
    let registered = store.register(RegisterRequest {
        record: record(&newcomer(), 0, choice),
        vouchers: [1, 2, 3, 4].map(|n| VoucherHash([n; 32])),
        invite: Some(code()),
        open: choice.is_multiple_of(2),
        tag: (choice % 4 != 2).then_some(NameTag([9; 32])),
        commitment_nonce: CommitmentNonce([1; 16]),
        now: UnixSeconds(7),
    });
    features.outcome("register", &registered);
    features.note("registered", registered.ok().map(|outcome| core::mem::discriminant(&outcome)));
}

fn replace(store: &MemoryStore, person: &Person, seq: u8, features: &mut Features) {
    let expected_seq = u32::from(seq);
    let replaced = store.replace(ReplaceRequest {
        kind: if seq < 128 { AnswerKind::Rotate } else { AnswerKind::Tombstone },
        record: record(&person.name(), expected_seq + 1, 3),
        expected_seq: expected_seq % 128,
        vouchers: person.vouchers(1),
        commitment_nonce: CommitmentNonce([1; 16]),
        now: UnixSeconds(7),
    });
    features.outcome("replace", &replaced);
    features.note("replaced", replaced.ok().map(|outcome| core::mem::discriminant(&outcome)));
}

fn deposit(store: &MemoryStore, sid: DepositId, today: Day, tape: &mut Tape<'_>, features: &mut Features) {
    let (index, number) = (u16::from(tape.byte()), u32::from(tape.byte()));
    let request = DepositRequest { today, ..stamped(sid, 1, index, number) };
    let outcomes = store.deposit(vec![request, unmarked(sid, number, today)]);
    assert_eq!(outcomes.len(), 2, "an answer is missing");
    // A puzzle's seed is another each time.
    let kinds =
        outcomes.iter().map(|outcome| format!("{outcome:?}").replace(|char: char| char.is_ascii_digit(), ""));
    kinds.for_each(|kind| features.note("deposit", kind));
}

fn collect(store: &MemoryStore, sid: &DepositId, after: u64, features: &mut Features) {
    let found = store.collect(sid, Cursor(after), COLLECT_MAX);
    features.outcome("collect", &found);
    let Ok(found) = found else { return };
    assert!(found.len() <= COLLECT_MAX, "more than was asked for");
    let cursors: Vec<u64> = found.iter().map(|stored| stored.cursor.0).collect();
    assert!(cursors.iter().all(|cursor| *cursor > after), "something old again");
    assert!(cursors.is_sorted_by(|one, next| one < next), "out of order: {cursors:?}");
    let again = store.collect(sid, Cursor(after), COLLECT_MAX);
    assert!(again.is_ok_and(|again| again == found), "collecting takes something away");
    features.count("collected", found.len());
}

/// Small ones, and those at which arithmetic turns.
fn cursor(tape: &mut Tape<'_>) -> u64 {
    match tape.byte() {
        small @ 0..0xf0 => u64::from(small),
        large => u64::MAX - u64::from(0xff - large),
    }
}

fn generations(store: &MemoryStore, sid: &DepositId, tape: &mut Tape<'_>, features: &mut Features) {
    let (choice, generation) = (tape.byte(), Generation(tape.byte()));
    let outcome = match choice % 3 {
        0 => store.generate(sid, generation, &StampKey([choice; 32])),
        1 => store.retire(sid, generation),
        _ => store.cross_off(sid, generation, &[StampIndex(u16::from(choice))]),
    };
    features.note("generations", format!("{outcome:?}"));
}

fn create(store: &MemoryStore, person: &Person, policy: MailboxPolicy, voucher: u8, features: &mut Features) {
    let [first, ..] = person.vouchers(0);
    let voucher = if voucher.is_multiple_of(2) { first } else { VoucherHash([voucher; 32]) };
    let created = store.create(person.new_mailbox(policy, TODAY), &voucher);
    features.note("create", core::mem::discriminant(&created));
}

/// What was raised once is raised again, with everything that was written since.
fn restart(store: &MemoryStore, features: &mut Features) {
    let (before, after) = (store.totals(), store.reopened().totals());
    features.note("restart", (before.waiting == after.waiting, before.mailboxes == after.mailboxes));
}

fn newcomer() -> Name {
    Name::parse("newcomer").expect("letters")
}

fn code() -> InviteCode {
    [7; 16].into()
}
