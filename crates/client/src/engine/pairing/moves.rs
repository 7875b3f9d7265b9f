//! The moves of either side at the relay (`spec/pairing.md § What each does`).

use std::time::Duration;

use e2ee::pairing::{Agreed, Card};
use wire::{
    ConnectionKind, PairingMove, PairingShare, RefusalKind, Response, SealedCard, Settlement,
    request::{Await, Begin, Reply, Settle},
};

use super::{expect, refused};
use crate::{
    Client, ClientError, FailPoint, Options,
    transport::{Line, Pin},
    vault::{
        me::Me,
        pairing::{self, Outcome, PairingRow},
    },
};

/// Of who began: puts the share down, asks for the reply, settles.
pub(super) async fn at_relay_begins(
    client: &Client,
    row: &PairingRow,
    patience: Duration,
) -> Result<(), ClientError> {
    if row.settled {
        return Ok(());
    }
    let mut line = connect(client, row, patience).await?;
    let made = begin_moves(client, row, &mut line).await;
    line.close().await;
    made
}

async fn begin_moves(client: &Client, row: &PairingRow, line: &mut Line) -> Result<(), ClientError> {
    let Some(number) = row.number else { return put_down(client, row, line).await };
    if let Some(settlement) = row.settlement.clone() {
        return match line.ask(Settle { number, key: row.key, settlement }).await? {
            Response::Settled => client.vault.write(|tx| pairing::set(tx, row.id, "settled", true)),
            Response::Refused(refusal) if refusal.kind == RefusalKind::NoSuchPairing => {
                forgotten(client, row, line).await
            }
            other => Err(line.unexpected(&other)),
        };
    }
    match line.ask(Await { number, key: row.key }).await? {
        Response::Awaited(moved) => match *moved {
            PairingMove::Nothing => Ok(()),
            PairingMove::Reply { share, card } => {
                let (settlement, theirs) = judge_reply(client, row, &share, &card)?;
                client.vault.write(|tx| pairing::decide(tx, row.id, Some(&settlement), theirs.as_ref()))?;
                client.fail_at(FailPoint::PairingDecided)?;
                // What stands in the vault counts: another process may have decided first.
                let decided = client.vault.read(|tx| expect(tx, row.id))?;
                match decided.settlement {
                    Some(_) => Box::pin(begin_moves(client, &decided, line)).await,
                    None => Ok(()),
                }
            }
            PairingMove::Settled(_) => Err(line.unexpected(&Response::Settled)),
        },
        Response::Refused(refusal) if refusal.kind == RefusalKind::NoSuchPairing => {
            forgotten(client, row, line).await
        }
        other => Err(line.unexpected(&other)),
    }
}

/// Settles that nobody gets a card, of a pairing that is forgotten here. Says whether the relay took it: where it has a card
/// already, it does not.
pub(super) async fn burn(client: &Client, row: &PairingRow, patience: Duration) -> Result<bool, ClientError> {
    let Some(number) = row.number else { return Ok(true) };
    let mut line = connect(client, row, patience).await?;
    let answer = line.ask(Settle { number, key: row.key, settlement: Settlement::Burned }).await;
    line.close().await;
    Ok(matches!(answer?, Response::Settled))
}

/// The relay was started anew, or threw it out: the same share goes there once more. A code that was burned before
/// anybody replied is gone for good.
async fn forgotten(client: &Client, row: &PairingRow, line: &mut Line) -> Result<(), ClientError> {
    match row.settlement {
        Some(Settlement::Burned) => client.vault.write(|tx| pairing::set(tx, row.id, "settled", true)),
        _ => put_down(client, row, line).await,
    }
}

async fn put_down(client: &Client, row: &PairingRow, line: &mut Line) -> Result<(), ClientError> {
    let begin = Begin { number: row.number, key: row.key, share: row.pairing.share() };
    match line.ask(begin).await? {
        Response::Begun(number) if row.number.is_none_or(|known| known == number) => {
            client.vault.write(|tx| pairing::set(tx, row.id, "number", number.get()))
        }
        Response::Refused(refusal) if refusal.kind == RefusalKind::PairingTaken => {
            client.vault.erase(|tx| pairing::end(tx, row.id, Outcome::Over))
        }
        other => Err(refused(line, &other, 0)),
    }
}

/// Once and for all.
fn judge_reply(
    client: &Client,
    row: &PairingRow,
    share: &PairingShare,
    card: &SealedCard,
) -> Result<(Settlement, Option<Card>), ClientError> {
    let mine = my_card(&client.vault.me()?);
    let number = row.number.ok_or(ClientError::Unexpected { place: "a reply to no number" })?;
    let agreed = row.pairing.agree(&row.server_id, number, share);
    let opened = agreed.and_then(|agreed| agreed.open(card).map(|theirs| (agreed.seal(&mine), theirs)));
    Ok(match opened {
        Ok((sealed, theirs)) => (Settlement::Card(sealed), Some(theirs)),
        Err(_) => (Settlement::Burned, None),
    })
}

pub(super) async fn at_relay_replies(
    client: &Client,
    row: &PairingRow,
    patience: Duration,
) -> Result<(), ClientError> {
    if row.card.is_some() {
        return Ok(());
    }
    let mut line = connect(client, row, patience).await?;
    let made = reply_moves(client, row, &mut line).await;
    line.close().await;
    made
}

async fn reply_moves(client: &Client, row: &PairingRow, line: &mut Line) -> Result<(), ClientError> {
    let (Some(number), Some(share), Some(card)) = (row.number, &row.share, &row.reply) else {
        return Err(ClientError::VaultDamaged { what: "a pairing" });
    };
    let Ok(agreed) = row.pairing.agree(&row.server_id, number, share) else {
        return client.vault.erase(|tx| pairing::end(tx, row.id, Outcome::WrongWords));
    };
    let mut replied = row.replied;
    if replied {
        match line.ask(Await { number, key: row.key }).await? {
            Response::Awaited(moved) => {
                return match *moved {
                    PairingMove::Settled(settlement) => judge_settlement(client, row, &agreed, &settlement),
                    _ => Ok(()),
                };
            }
            Response::Refused(refusal) if refusal.kind == RefusalKind::NoSuchPairing => replied = false,
            other => return Err(line.unexpected(&other)),
        }
    }
    debug_assert!(!replied);
    let reply = Reply { number, key: row.key, share: row.pairing.share(), card: card.clone() };
    match line.ask(reply).await? {
        Response::Replied => client.vault.write(|tx| pairing::set(tx, row.id, "replied", true)),
        Response::Refused(refusal) if refusal.kind == RefusalKind::PairingTaken => {
            client.vault.erase(|tx| pairing::end(tx, row.id, Outcome::Taken))
        }
        // Who began has not been back since the relay forgot it; or it is over, which time will tell.
        Response::Refused(refusal) if refusal.kind == RefusalKind::NoSuchPairing => Ok(()),
        other => Err(line.unexpected(&other)),
    }
}

/// Once and for all.
fn judge_settlement(
    client: &Client,
    row: &PairingRow,
    agreed: &Agreed,
    settlement: &Settlement,
) -> Result<(), ClientError> {
    let card = match settlement {
        Settlement::Burned => None,
        Settlement::Card(sealed) => agreed.open(sealed).ok(),
    };
    client.vault.erase(|tx| match card {
        Some(card) => pairing::decide(tx, row.id, None, Some(&card)),
        None => pairing::end(tx, row.id, Outcome::WrongWords),
    })
}

/// Who I am, for the other side.
pub(super) fn my_card(me: &Me) -> Card {
    Card { name: me.name.clone(), at: me.at.clone(), server_id: me.server_id, identity: me.fingerprint }
}

async fn connect(client: &Client, row: &PairingRow, patience: Duration) -> Result<Line, ClientError> {
    let options = Options { timeout: patience.min(client.options.timeout), ..client.options.clone() };
    Line::connect(&options, &row.at, Pin::Full(row.server_id), ConnectionKind::Pairing).await
}
