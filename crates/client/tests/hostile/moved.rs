//! A doorstep that is another one by the time first messages get there.

use client::SendOptions;
use crypto::Label;
use wire::{DepositId, Name, RefusalKind, Request, Signature, Wire};

use crate::{
    evil::{Evil, Victim},
    peer::random,
};

/// Bob has another doorstep, and a bundle that names it; what is dropped at the former one is refused so many times.
fn move_doorstep(evil: &Evil, bob: &mut Victim, refused: usize) -> DepositId {
    let (name, former, new) = (Name::parse("bob").unwrap(), bob.doorstep, DepositId(random()));
    let hex: String = new.0.iter().map(|byte| format!("{byte:02x}")).collect();
    bob.change_vault(&format!("UPDATE mailbox SET sid = x'{hex}' WHERE policy = 0"));
    let mut shell = evil.shell();
    shell.mailbox(former).sid = new;
    shell.refusals = vec![RefusalKind::Gone; refused];
    let bundle = shell.bundles.get_mut(&name).unwrap();
    bundle.body.doorstep = new;
    bundle.body.counter += 1;
    bundle.signature = Signature(bob.identity().sign(Label::BUNDLE, &bundle.body.to_bytes()).to_bytes());
    bob.doorstep = new;
    former
}

/// All that were on their way go to the new doorstep, in their order, and the bundle is fetched once for all of them.
#[test]
fn first_messages_move_together_to_a_new_doorstep() {
    let evil = Evil::start();
    let (alice, mut bob) = (evil.join("alice"), evil.join("bob"));
    alice.add(&bob);
    alice.stored(&bob, "zero");
    bob.client().collect().unwrap();
    let texts = ["one", "two", "three", "four", "five"];
    let former = move_doorstep(&evil, &mut bob, texts.len());
    for text in texts {
        alice.client().queue("bob", text, &SendOptions::default()).unwrap();
    }
    let deposits = evil.shell().deposits.len();
    let connections = evil.shell().connections.len();
    assert_eq!(alice.client().flush().unwrap(), 5);
    let shell = evil.shell();
    let sids: Vec<DepositId> = shell.deposits[deposits..].iter().map(|deposit| deposit.sid).collect();
    assert_eq!(sids, [[former; 5], [bob.doorstep; 5]].concat());
    let said: Vec<Vec<Request>> = shell.connections[connections..].iter().map(|one| one.requests()).collect();
    let count = |wanted: fn(&Request) -> bool| said.iter().flatten().filter(|one| wanted(one)).count();
    assert_eq!(count(|request| matches!(request, Request::Fetch(_))), 1, "asked once for all");
    let depositing = said.iter().filter(|one| one.iter().any(|one| matches!(one, Request::Deposit(_))));
    assert_eq!(depositing.count(), 2, "one connection to each mailbox");
    drop(shell);
    bob.client().collect().unwrap();
    let requests = bob.client().requests().unwrap();
    assert_eq!((requests.len(), &requests[0].texts[1..]), (1, &texts.map(str::to_owned)[..]));
    bob.client().accept("alice", None).unwrap();
    assert_eq!(bob.texts(), ["zero", "one", "two", "three", "four", "five"]);
    assert!(alice.texts().is_empty());
    assert!(alice.client().contact("bob").unwrap().connected);
}
