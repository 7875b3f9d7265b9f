//! Answers that must not be told apart, byte by byte on the wire (rows C10, L04, and C07 for mailboxes).
//! What the clock tells of them is measured by `bench equal`.

use std::io::Read;

use wire::request::{CrossOff, Deposit, Open};
use wire::{
    DepositAuth, DepositId, Frame, Generation, OwnerId, Request, RequestId, StampCommitment, StampIndex,
    StampTag,
};

use crate::support::Data;
use crate::support::peer::Peer;
use crate::support::person::{alice_with_inbox, envelope};
use wire::request::MailboxPolicy;

/// The bytes with which a request under a fixed id is answered on a fresh connection.
fn answered(port: u16, request: impl FnOnce(&Peer) -> Request) -> Vec<u8> {
    let mut peer = Peer::connect(port);
    let request = request(&peer);
    std::io::Write::write_all(&mut peer.tls, &Frame::request(RequestId(77), request).encode()).unwrap();
    std::io::Write::flush(&mut peer.tls).unwrap();
    let mut head = [0; 3];
    peer.tls.read_exact(&mut head).unwrap();
    let mut body = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
    peer.tls.read_exact(&mut body).unwrap();
    [head.to_vec(), body].concat()
}

fn all_alike(answers: &[(&str, Vec<u8>)]) {
    for (what, bytes) in answers {
        assert_eq!(bytes, &answers[0].1, "{what} is told apart from {}", answers[0].0);
    }
}

/// What was stored, what was stored before, and what was dropped under a crossed-off stamp.
#[test]
fn stored_repeated_and_dropped_are_one_answer() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (alice, inbox) = alice_with_inbox(&data, &server);
    let mut owner = Peer::connect(server.port);
    let slot = inbox.open(&mut owner).slot;
    let indices = vec![StampIndex(5), StampIndex(6)];
    owner.ask(CrossOff { slot, generation: Generation(0), indices });
    let doorstep = alice.create(server.port, MailboxPolicy::Doorstep, 1);
    let send = |deposit: Deposit| answered(server.port, |_| deposit.into());
    all_alike(&[
        ("stored", send(inbox.stamped(1, envelope(1, 4096)))),
        ("repeated", send(inbox.stamped(1, envelope(1, 4096)))),
        ("dropped", send(inbox.stamped(5, envelope(1, 4096)))),
        ("dropped again", send(inbox.stamped(5, envelope(1, 4096)))),
        ("a larger one dropped", send(inbox.stamped(6, envelope(1, 65_536)))),
        ("at a doorstep", send(doorstep.knock(1))),
        ("repeated at a doorstep", send(doorstep.knock(1))),
    ]);
    assert_eq!(inbox.open(&mut Peer::connect(server.port)).waiting, 1);
}

/// A mailbox that is not there, one of another sort, a stamp that is none.
#[test]
fn an_unknown_mailbox_and_a_bad_stamp_are_one_answer() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (alice, inbox) = alice_with_inbox(&data, &server);
    let doorstep = alice.create(server.port, MailboxPolicy::Doorstep, 1);
    let send = |deposit: Deposit| answered(server.port, |_| deposit.into());
    let good = || inbox.stamped(1, envelope(1, 4096));
    let altered = |alter: &dyn Fn(&mut Deposit)| {
        let mut deposit = good();
        alter(&mut deposit);
        send(deposit)
    };
    let stamp = |deposit: &mut Deposit,
                 change: &dyn Fn(&mut Generation, &mut StampCommitment, &mut StampTag)| {
        if let DepositAuth::Stamped { generation, commitment, tag, .. } = &mut deposit.auth {
            change(generation, commitment, tag);
        }
    };
    all_alike(&[
        ("an unknown mailbox", altered(&|deposit| deposit.sid = DepositId([9; 16]))),
        ("a doorstep", altered(&|deposit| deposit.sid = doorstep.sid)),
        ("an unknown generation", altered(&|deposit| stamp(deposit, &|g, _, _| *g = Generation(9)))),
        ("another commitment", altered(&|deposit| stamp(deposit, &|_, c, _| c.0[0] ^= 1))),
        ("another tag", altered(&|deposit| stamp(deposit, &|_, _, t| t.0[15] ^= 1))),
    ]);
    let knock = |sid| {
        let deposit = Deposit { sid, ..doorstep.knock(1) };
        send(deposit)
    };
    all_alike(&[("an unknown doorstep", knock(DepositId([9; 16]))), ("an inbox", knock(inbox.sid))]);
}

/// C10, L04: an owner id that nobody has, and one with a proof by another key.
#[test]
fn an_unknown_owner_id_and_a_wrong_proof_are_one_answer() {
    let data = Data::new();
    let server = data.serve(&[]);
    let (alice, inbox) = alice_with_inbox(&data, &server);
    let other = alice.create(server.port, MailboxPolicy::Inbox, 1);
    let open = |alter: &dyn Fn(&Peer) -> Open| answered(server.port, |peer| alter(peer).into());
    all_alike(&[
        ("an unknown id", open(&|peer| Open { rid: OwnerId([9; 16]), ..inbox.opening(&peer.proof) })),
        ("another's proof", open(&|peer| Open { rid: inbox.rid, ..other.opening(&peer.proof) })),
        ("a proof of another connection", open(&|_| inbox.opening(&Peer::connect(server.port).proof))),
        (
            "a proof of nothing",
            open(&|peer| {
                let mut opening = inbox.opening(&peer.proof);
                opening.proof.0[0] ^= 1;
                opening
            }),
        ),
    ]);
}
