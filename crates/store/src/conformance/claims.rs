//! Cases: names, records, invites, bundles.

use wire::limits::CHANGES_PER_DAY_MAX;
use wire::request::AnswerKind;
use wire::{
    BundleBody, Commitment, CommitmentNonce, Curve25519Key, Day, DepositId, IdentityFingerprint, InviteCode,
    Leaf, LeafKind, Name, NameTag, PrekeyBundle, PrekeyId, Signature, UnixSeconds, XWingPublicKey,
};

use super::Make;
use super::fixture::{Person, TODAY, record};
use crate::{
    CreateOutcome, LeafMark, LeafSlot, NewInvite, Options, PublishOutcome, RegisterOutcome, RegisterRequest,
    ReplaceOutcome, ReplaceRequest, Store,
};

const NOW: UnixSeconds = UnixSeconds(20_000 * 86_400);
const CODE: InviteCode = InviteCode([0x11; 16]);

fn name(text: &str) -> Name {
    Name::parse(text).expect("a good name")
}

fn claim(text: &str, fill: u8, invite: Option<InviteCode>) -> RegisterRequest {
    RegisterRequest {
        record: record(&name(text), 0, fill),
        vouchers: Person { number: fill }.vouchers(0),
        invite,
        open: false,
        tag: Some(tag_of(text)),
        commitment_nonce: CommitmentNonce([fill; 16]),
        now: NOW,
    }
}

fn tag_of(text: &str) -> NameTag {
    NameTag(crypto::sha256(&[text.as_bytes()]))
}

fn invite(store: &dyn Store, code: InviteCode, bound: Option<&str>) {
    let expires = UnixSeconds(NOW.0 + 100);
    store.invite(NewInvite { code, name: bound.map(name), expires }).expect("works");
}

fn change(text: &str, expected_seq: u32, fill: u8, kind: AnswerKind) -> ReplaceRequest {
    ReplaceRequest {
        kind,
        record: record(&name(text), expected_seq + 1, fill),
        expected_seq,
        vouchers: Person { number: fill }.vouchers(1),
        commitment_nonce: CommitmentNonce([fill; 16]),
        now: UnixSeconds(NOW.0 + 10),
    }
}

fn bundle(identity: u8, counter: u64) -> PrekeyBundle {
    let body = BundleBody {
        identity: IdentityFingerprint([identity; 32]),
        counter,
        day: TODAY,
        not_after: Day(TODAY.0 + 90),
        olm_identity: Curve25519Key([1; 32]),
        olm_fallback: Curve25519Key([2; 32]),
        prekey_id: PrekeyId([3; 8]),
        prekey: XWingPublicKey([4; 1216]),
        doorstep: DepositId([5; 16]),
        suites: vec![1],
    };
    PrekeyBundle { body, signature: Signature([6; 3373]) }
}

pub(super) fn a_name_is_registered_once(make: Make<'_>) {
    let store = make(Options::default());
    invite(&*store, CODE, None);
    assert_eq!(store.record(&name("alice"), None), Ok(None));
    let Ok(RegisterOutcome::Registered(stored)) = store.register(claim("alice", 1, Some(CODE))) else {
        assert_eq!(
            store.record(&name("alice"), None).map(|found| found.is_some()),
            Ok(true),
            "to be registered"
        );
        return;
    };
    assert_eq!(stored.record, record(&name("alice"), 0, 1));
    assert_eq!(stored.commitment_nonce, CommitmentNonce([1; 16]));
    assert_eq!(store.record(&name("alice"), None), Ok(Some(stored.clone())));
    invite(&*store, InviteCode([0x22; 16]), None);
    let other = store.register(claim("alice", 2, Some(InviteCode([0x22; 16]))));
    assert_eq!(other, Ok(RegisterOutcome::Taken(stored)));
    let bob = store.register(claim("bob", 2, Some(InviteCode([0x22; 16]))));
    assert!(matches!(bob, Ok(RegisterOutcome::Registered(_))), "the refused claim spent no invite");
}

pub(super) fn the_same_claim_is_answered_again(make: Make<'_>) {
    let store = make(Options::default());
    invite(&*store, CODE, Some("alice"));
    let request = claim("alice", 1, Some(CODE));
    let Ok(RegisterOutcome::Registered(stored)) = store.register(request.clone()) else {
        assert!(store.totals().leaves == 1, "to be registered");
        return;
    };
    assert_eq!(store.register(request), Ok(RegisterOutcome::Again(stored.clone())));
    let later = RegisterRequest { commitment_nonce: CommitmentNonce([9; 16]), ..claim("alice", 1, None) };
    assert_eq!(store.register(later), Ok(RegisterOutcome::Again(stored)), "the first nonce stays");
    assert_eq!(store.totals().leaves, 1);
}

pub(super) fn an_invite_is_spent_by_registration_only(make: Make<'_>) {
    let store = make(Options::default());
    invite(&*store, CODE, None);
    assert!(matches!(store.register(claim("alice", 1, Some(CODE))), Ok(RegisterOutcome::Registered(_))));
    assert_eq!(store.register(claim("bob", 2, Some(CODE))), Ok(RegisterOutcome::BadInvite));
    assert_eq!(store.record(&name("bob"), None), Ok(None));
}

pub(super) fn invites_that_are_expired_or_for_another_name_are_refused_alike(make: Make<'_>) {
    let store = make(Options::default());
    let bad = Ok(RegisterOutcome::BadInvite);
    assert_eq!(store.register(claim("alice", 1, None)), bad);
    assert_eq!(store.register(claim("alice", 1, Some(CODE))), bad, "unknown");
    invite(&*store, CODE, Some("alice"));
    assert_eq!(store.register(claim("alicf", 1, Some(CODE))), bad, "for another name");
    let late = RegisterRequest { now: UnixSeconds(NOW.0 + 100), ..claim("alice", 1, Some(CODE)) };
    assert_eq!(store.register(late), bad, "expired");
    let just = RegisterRequest { now: UnixSeconds(NOW.0 + 99), ..claim("alice", 1, Some(CODE)) };
    assert!(matches!(store.register(just), Ok(RegisterOutcome::Registered(_))), "none of these spent it");
}

pub(super) fn an_open_server_asks_for_no_invite(make: Make<'_>) {
    let store = make(Options::default());
    let request = RegisterRequest { open: true, ..claim("alice", 1, None) };
    assert!(matches!(store.register(request), Ok(RegisterOutcome::Registered(_))));
    let request = RegisterRequest { open: true, ..claim("bob", 2, Some(CODE)) };
    assert!(matches!(store.register(request), Ok(RegisterOutcome::Registered(_))), "a bad code does no harm");
}

pub(super) fn a_key_is_replaced_by_compare_and_set(make: Make<'_>) {
    let store = make(Options::default());
    let nobody = store.replace(change("alice", 0, 2, AnswerKind::Rotate));
    assert_eq!(nobody, Ok(ReplaceOutcome::NoSuch));
    let _ = store.register(RegisterRequest { open: true, ..claim("alice", 1, None) });
    assert_eq!(store.replace(change("alice", 1, 2, AnswerKind::Rotate)), Ok(ReplaceOutcome::Stale));
    let first = store.replace(change("alice", 0, 2, AnswerKind::Rotate));
    assert!(matches!(first, Ok(ReplaceOutcome::Replaced(_))), "{first:?}");
    assert_eq!(
        store.replace(change("alice", 0, 2, AnswerKind::Rotate)),
        first,
        "the same record stands already"
    );
    assert_eq!(store.replace(change("alice", 0, 3, AnswerKind::Rotate)), Ok(ReplaceOutcome::Stale));
    let skips =
        ReplaceRequest { record: record(&name("alice"), 5, 2), ..change("alice", 1, 2, AnswerKind::Rotate) };
    assert_eq!(store.replace(skips), Ok(ReplaceOutcome::Stale));
    let found = store.record(&name("alice"), None).expect("works").expect("exists");
    assert_eq!(found.record, record(&name("alice"), 1, 2));
    assert!(matches!(
        store.register(claim("alice", 1, None)),
        Ok(RegisterOutcome::Taken(now)) if now.record.body.seq == 1
    ));
}

/// A thief who holds the key neither fills the ledger nor keeps the owner from recovering.
pub(super) fn a_name_is_changed_so_often_within_a_day(make: Make<'_>) {
    let store = make(Options::default());
    let _ = store.register(RegisterRequest { open: true, ..claim("alice", 1, None) });
    let at = |seq: u32, kind, after: u64| {
        let fill = u8::try_from(seq + 2).expect("few");
        store.replace(ReplaceRequest { now: UnixSeconds(NOW.0 + after), ..change("alice", seq, fill, kind) })
    };
    let most = CHANGES_PER_DAY_MAX;
    for seq in 0..most {
        let done = at(seq, AnswerKind::Rotate, u64::from(seq));
        assert!(matches!(done, Ok(ReplaceOutcome::Replaced(_))), "{seq}: {done:?}");
    }
    let left_s = 86_400 - 20;
    assert_eq!(at(most, AnswerKind::Rotate, 20), Ok(ReplaceOutcome::TooMany { left_s }));
    assert!(matches!(at(most - 1, AnswerKind::Rotate, 20), Ok(ReplaceOutcome::Replaced(_))), "a lost answer");
    for seq in most..2 * most {
        let done = at(seq, AnswerKind::Recover, 20);
        assert!(matches!(done, Ok(ReplaceOutcome::Replaced(_))), "{seq}: {done:?}");
    }
    let left_s = 86_400 - 10;
    assert_eq!(at(2 * most, AnswerKind::Recover, 30), Ok(ReplaceOutcome::TooMany { left_s }));
    assert_eq!(at(2 * most, AnswerKind::Rotate, 30), Ok(ReplaceOutcome::TooMany { left_s: 86_400 - 30 }));
    assert!(
        matches!(at(2 * most, AnswerKind::Rotate, 86_400), Ok(ReplaceOutcome::Replaced(_))),
        "the first is a day old"
    );
    assert_eq!(
        at(2 * most + 1, AnswerKind::Rotate, 86_400),
        Ok(ReplaceOutcome::TooMany { left_s: 1 }),
        "the second is not"
    );
    assert!(matches!(at(2 * most + 1, AnswerKind::Tombstone, 86_400), Ok(ReplaceOutcome::Replaced(_))));
}

pub(super) fn every_change_appends_one_leaf(make: Make<'_>) {
    let store = make(Options::default());
    let _ = store.register(RegisterRequest { open: true, ..claim("alice", 1, None) });
    let _ = store.register(RegisterRequest { open: true, ..claim("bob", 2, None) });
    let _ = store.replace(change("alice", 0, 3, AnswerKind::Rotate));
    let _ = store.replace(change("alice", 0, 4, AnswerKind::Rotate));
    let _ = store.replace(change("alice", 1, 5, AnswerKind::Recover));
    let _ = store.replace(change("bob", 0, 6, AnswerKind::Tombstone));
    assert_eq!(store.totals().leaves, 5);
    let leaves = leaves_of(&*store);
    use LeafKind::{Recover, Register, Rotate, Tombstone};
    assert_eq!(
        leaves.iter().map(|leaf| leaf.kind).collect::<Vec<_>>(),
        [Register, Register, Rotate, Recover, Tombstone]
    );
    let befores = [Leaf::NONE, Leaf::NONE, 0, 2, 1];
    assert_eq!(leaves.iter().map(|leaf| leaf.prev_index).collect::<Vec<_>>(), befores);
    let stored = store.record(&name("alice"), Some(1)).expect("works").expect("exists");
    assert_eq!(stored.leaf_index, 2);
    use wire::Wire;
    let hash = crypto::record_hash(&stored.record.body.to_bytes());
    let commitment = Commitment(crypto::ledger_commitment(&stored.commitment_nonce.0, &hash));
    let [first, _, rotated, ..] = leaves.as_slice() else { unreachable!("five leaves") };
    assert_eq!((rotated.commitment, rotated.tag, rotated.tag), (commitment, first.tag, tag_of("alice")));
    assert_eq!(u64::from(rotated.time), NOW.0 + 10);
}

pub(super) fn marks_are_leaves_of_nobody(make: Make<'_>) {
    let store = make(Options::default());
    let _ = store.register(RegisterRequest { open: true, ..claim("alice", 1, None) });
    let earlier = UnixSeconds(NOW.0 - 1_000);
    assert_eq!(store.append_mark(LeafMark::Heartbeat, earlier), Ok(1));
    assert_eq!(store.append_mark(LeafMark::Restored { stand: 1, root: [7; 32] }, earlier), Ok(2));
    let leaves = leaves_of(&*store);
    let [alice, beat, restored] = leaves.as_slice() else { unreachable!("three leaves: {leaves:?}") };
    assert_eq!((beat.kind, restored.kind), (LeafKind::Heartbeat, LeafKind::Restored));
    assert_eq!((restored.prev_index, restored.tag), (1, NameTag([7; 32])));
    assert!(alice.time <= beat.time && beat.time < restored.time, "time never falls");
    assert_eq!(store.went_back(), Ok(None));
}

fn leaves_of(store: &dyn Store) -> Vec<Leaf> {
    let slots = store.leaf_slots(0, 100).expect("works");
    let leaf = |slot| if let LeafSlot::Leaf(leaf) = slot { Some(leaf) } else { None };
    slots.into_iter().filter_map(leaf).collect()
}

pub(super) fn old_records_stay_readable(make: Make<'_>) {
    let store = make(Options::default());
    let _ = store.register(RegisterRequest { open: true, ..claim("alice", 1, None) });
    let _ = store.replace(change("alice", 0, 2, AnswerKind::Rotate));
    for (seq, fill) in [(0, 1), (1, 2)] {
        let found = store.record(&name("alice"), Some(seq)).expect("works").expect("exists");
        assert_eq!(found.record, record(&name("alice"), seq, fill));
    }
    assert_eq!(store.record(&name("alice"), Some(2)), Ok(None));
}

pub(super) fn a_tombstoned_name_rests_thirty_days(make: Make<'_>) {
    let store = make(Options::default());
    let _ = store.register(RegisterRequest { open: true, ..claim("alice", 1, None) });
    let _ = store.publish(&name("alice"), bundle(1, 1), TODAY);
    let _ = store.replace(change("alice", 0, 2, AnswerKind::Tombstone));
    assert_eq!(store.bundle(&name("alice"), TODAY), Ok(None));
    assert_eq!(store.publish(&name("alice"), bundle(1, 2), TODAY), Ok(PublishOutcome::NoSuchName));
    assert_eq!(store.replace(change("alice", 1, 3, AnswerKind::Rotate)), Ok(ReplaceOutcome::Stale));
    assert!(store.record(&name("alice"), None).expect("works").is_some(), "contacts must be able to see it");
    let rested = NOW.0 + 10 + 30 * 86_400;
    let again = |now| {
        store.register(RegisterRequest { open: true, now: UnixSeconds(now), ..claim("alice", 9, None) })
    };
    assert_eq!(again(rested - 1), Ok(RegisterOutcome::BadInvite));
    assert!(matches!(again(rested), Ok(RegisterOutcome::Registered(_))));
    assert_eq!(store.record(&name("alice"), Some(1)), Ok(None), "a new chain begins");
}

pub(super) fn the_first_bundle_counts_at_once_and_later_ones_from_midnight(make: Make<'_>) {
    let store = make(Options::default());
    let alice = name("alice");
    assert_eq!(store.publish(&alice, bundle(1, 1), TODAY), Ok(PublishOutcome::NoSuchName));
    let _ = store.register(RegisterRequest { open: true, ..claim("alice", 1, None) });
    assert_eq!(store.bundle(&alice, TODAY), Ok(None));
    assert_eq!(store.publish(&alice, bundle(1, 1), TODAY), Ok(PublishOutcome::Published));
    assert_eq!(store.bundle(&alice, TODAY), Ok(Some(bundle(1, 1))));
    assert_eq!(store.publish(&alice, bundle(1, 2), TODAY), Ok(PublishOutcome::Published));
    assert_eq!(store.publish(&alice, bundle(1, 5), TODAY), Ok(PublishOutcome::Published));
    assert_eq!(store.bundle(&alice, TODAY), Ok(Some(bundle(1, 1))));
    let tomorrow = Day(TODAY.0 + 1);
    assert_eq!(store.bundle(&alice, tomorrow), Ok(Some(bundle(1, 5))));
    assert_eq!(store.publish(&alice, bundle(1, 6), tomorrow), Ok(PublishOutcome::Published));
    assert_eq!(store.bundle(&alice, tomorrow), Ok(Some(bundle(1, 5))));
    assert_eq!(store.bundle(&alice, Day(TODAY.0 + 2)), Ok(Some(bundle(1, 6))));
}

pub(super) fn the_first_bundle_of_another_account_counts_at_once(make: Make<'_>) {
    let store = make(Options::default());
    let alice = name("alice");
    let of_account = |account: u8, counter: u64| {
        let bundle = bundle(1, counter);
        PrekeyBundle {
            body: BundleBody { olm_identity: Curve25519Key([account; 32]), ..bundle.body },
            ..bundle
        }
    };
    let _ = store.register(RegisterRequest { open: true, ..claim("alice", 1, None) });
    for (account, counter) in [(1, 1), (1, 2), (2, 3), (2, 4)] {
        assert_eq!(store.publish(&alice, of_account(account, counter), TODAY), Ok(PublishOutcome::Published));
        let in_effect = if account == 1 { of_account(1, 1) } else { of_account(2, 3) };
        assert_eq!(store.bundle(&alice, TODAY), Ok(Some(in_effect)), "after {account}, {counter}");
    }
    assert_eq!(store.publish(&alice, of_account(1, 4), TODAY), Ok(PublishOutcome::Stale), "an older copy");
    assert_eq!(store.bundle(&alice, Day(TODAY.0 + 1)), Ok(Some(of_account(2, 4))));
}

pub(super) fn what_follows_a_bundle_of_the_future_counts_at_once(make: Make<'_>) {
    let store = make(Options::default());
    let alice = name("alice");
    let of_day = |counter: u64, day: u16| {
        let bundle = bundle(1, counter);
        PrekeyBundle { body: BundleBody { day: Day(day), ..bundle.body }, ..bundle }
    };
    let _ = store.register(RegisterRequest { open: true, ..claim("alice", 1, None) });
    let publish = |counter, day| {
        assert_eq!(store.publish(&alice, of_day(counter, day), TODAY), Ok(PublishOutcome::Published));
    };
    let in_effect = || store.bundle(&alice, TODAY).expect("works").expect("exists").body.counter;
    publish(1, TODAY.0 + 30);
    publish(2, TODAY.0);
    assert_eq!(in_effect(), 2, "nobody could use the one before");
    publish(3, TODAY.0 + 1);
    assert_eq!(in_effect(), 2, "this one is good");
}

pub(super) fn a_bundle_counter_never_goes_back(make: Make<'_>) {
    let store = make(Options::default());
    let alice = name("alice");
    let _ = store.register(RegisterRequest { open: true, ..claim("alice", 1, None) });
    assert_eq!(store.publish(&alice, bundle(1, 4), TODAY), Ok(PublishOutcome::Published));
    assert_eq!(store.publish(&alice, bundle(1, 4), TODAY), Ok(PublishOutcome::Again));
    assert_eq!(store.publish(&alice, bundle(1, 3), TODAY), Ok(PublishOutcome::Stale));
    let other = PrekeyBundle { signature: Signature([9; 3373]), ..bundle(1, 4) };
    assert_eq!(store.publish(&alice, other, TODAY), Ok(PublishOutcome::Stale));
    assert_eq!(store.publish(&alice, bundle(1, 9), TODAY), Ok(PublishOutcome::Published));
    assert_eq!(store.publish(&alice, bundle(1, 9), TODAY), Ok(PublishOutcome::Again));
    assert_eq!(
        store.publish(&alice, bundle(1, 8), TODAY),
        Ok(PublishOutcome::Stale),
        "lower than what comes"
    );
}

pub(super) fn a_new_identity_starts_its_counter_anew(make: Make<'_>) {
    let store = make(Options::default());
    let alice = name("alice");
    let _ = store.register(RegisterRequest { open: true, ..claim("alice", 1, None) });
    let _ = store.publish(&alice, bundle(1, 40), TODAY);
    let _ = store.publish(&alice, bundle(1, 41), TODAY);
    assert_eq!(store.publish(&alice, bundle(2, 1), TODAY), Ok(PublishOutcome::Published));
    assert_eq!(store.bundle(&alice, TODAY), Ok(Some(bundle(2, 1))), "the first under an identity, at once");
    assert_eq!(store.bundle(&alice, Day(TODAY.0 + 1)), Ok(Some(bundle(2, 1))));
}

pub(super) fn replacing_brings_four_new_vouchers(make: Make<'_>) {
    let store = make(Options::default());
    let _ = store.register(RegisterRequest { open: true, ..claim("alice", 1, None) });
    let request = change("alice", 0, 2, AnswerKind::Rotate);
    let vouchers = request.vouchers;
    let _ = store.replace(request);
    for (number, voucher) in (50..).zip(vouchers) {
        let new = Person { number }.new_mailbox(wire::request::MailboxPolicy::Inbox, TODAY);
        assert_eq!(store.create(new, &voucher), Ok(CreateOutcome::Created(new.sid)));
    }
}
