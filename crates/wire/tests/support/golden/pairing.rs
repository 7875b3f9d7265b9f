//! Golden frames of two people who meet under a number.

use wire::limits::PAIRING_CARD_BYTES;
use wire::request::*;
use wire::response::*;
use wire::*;

use super::{Fields, Golden, f, request, response, under};

const NUMBER: [u8; 2] = [0x04, 0xd2];

pub(super) fn pairing_frames() -> Vec<Golden> {
    let (key, share) = (PairingKey([0x4b; 16]), PairingShare([0x5a; 32]));
    let (number, first) =
        (|| f("number", NUMBER), || [f("key", [0x4b; 16]), f("share", [0x5a; 32])].concat());
    let settle = |settlement| Settle { number: n(), key, settlement };
    let awaited = |other| Response::Awaited(Box::new(other));
    vec![
        request("begin-anywhere", Begin { number: None, key, share }, vec![first()]),
        request("begin-again", Begin { number: Some(n()), key, share }, vec![number(), first()]),
        response("begun", Response::Begun(n()), vec![number()]),
        request("meet", Meet { number: n() }, vec![number()]),
        response("met", Response::Met(share), vec![f("share", [0x5a; 32])]),
        request(
            "reply",
            Reply { number: n(), key, share, card: card() },
            vec![number(), first(), under("card", card_fields())],
        ),
        response("replied", Response::Replied, vec![]),
        request(
            "settle-burned",
            settle(Settlement::Burned),
            vec![number(), f("key", [0x4b; 16]), f("settlement", [0])],
        ),
        request(
            "settle-card",
            settle(Settlement::Card(card())),
            vec![
                number(),
                f("key", [0x4b; 16]),
                f("settlement", [1]),
                under("settlement.card", card_fields()),
            ],
        ),
        response("settled", Response::Settled, vec![]),
        request("await", Await { number: n(), key }, vec![number(), f("key", [0x4b; 16])]),
        response("awaited-nothing", awaited(PairingMove::Nothing), vec![f("move", [0])]),
        response(
            "awaited-reply",
            awaited(PairingMove::Reply { share, card: card() }),
            vec![f("move", [1]), f("move.share", [0x5a; 32]), under("move.card", card_fields())],
        ),
        response(
            "awaited-burned",
            awaited(PairingMove::Settled(Settlement::Burned)),
            vec![f("move", [2]), f("move.settlement", [0])],
        ),
        response(
            "awaited-card",
            awaited(PairingMove::Settled(Settlement::Card(card()))),
            vec![f("move", [2]), f("move.settlement", [1]), under("move.settlement.card", card_fields())],
        ),
    ]
}

fn n() -> PairingNumber {
    PairingNumber::new(u16::from_be_bytes(NUMBER)).unwrap()
}

fn card() -> SealedCard {
    SealedCard {
        confirmation: PairingConfirmation([0xcf; 32]),
        card: PairingCard(Box::new([0xca; PAIRING_CARD_BYTES])),
    }
}

fn card_fields() -> Fields {
    [f("confirmation", [0xcf; 32]), f("card", [0xca; PAIRING_CARD_BYTES])].concat()
}
