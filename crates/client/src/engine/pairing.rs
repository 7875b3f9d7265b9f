//! Two people become verified contacts by a number and two words (`spec/pairing.md`).
//!
//! Every move is in the vault before it leaves, and can be made once more by whatever command comes next. What is
//! decided is decided once: one reply, or one settlement, is judged under the same words, whatever a relay says.

mod befriend;
mod moves;

use std::{
    sync::atomic::AtomicBool,
    time::{Duration, Instant},
};

use crypto::{PairingSide, Secret};
use e2ee::pairing::{Pairing, PairingCode, PairingWords};
use wire::{
    ConnectionKind, HostPort, PairingKey, RefusalKind, Response, Settlement, limits::PAIRING_MS_MAX,
    request::Meet,
};

use super::{
    contacts::{check_alias, refuse_taken_alias, to_contact},
    give_up,
    news::Patience,
    run,
};
use crate::{
    CalledOff, Client, ClientError, Contact, FailPoint, Language, Notice, PairError, Paired, PairingBegun,
    PairingUnderWay,
    transport::{Line, Pin},
    vault::{
        Tx, contact, int,
        me::Me,
        pairing::{self, NewPairing, Outcome, PairingRow},
    },
};

/// Codes under way in one vault.
const PAIRINGS_MAX: usize = 8;
/// How often commands that do something else ask.
const ASK_AGAIN_S: u64 = 15;
/// The older a code is, the less often: after an hour every 75 seconds.
const ASK_LESS: u64 = 60;
/// For how long somebody whose card is here is looked up, where the directory does not answer.
const CARD_S: u64 = 7 * 86_400;
/// How long commands that do something else are held up by a server that does not answer.
const ASIDE_TIMEOUT: Duration = Duration::from_secs(5);
/// How often it is asked for by who waits: at first, and later.
const LOOK: (Duration, Duration) = (Duration::from_millis(700), Duration::from_secs(4));
/// After so long, later begins.
const EAGER: Duration = Duration::from_secs(120);

/// See [`Client::pair`].
pub(crate) fn begin(
    client: &Client,
    language: Language,
    alias: Option<&str>,
) -> Result<PairingBegun, ClientError> {
    give_up::check(&client.vault)?;
    let me = client.vault.me()?;
    let id = client.vault.write(|tx| {
        check_new(tx, alias)?;
        let mut rng = tx.rng();
        let words = PairingWords::draw(language.into(), &mut rng);
        let pairing = Pairing { side: PairingSide::Begins, words, seed: Secret::generate(&mut rng) };
        let key = PairingKey(rng.bytes());
        let (at, server_id) = (&me.at, &me.server_id);
        let (number, share, reply) = (None, None, None);
        let new = NewPairing { pairing: &pairing, number, at, server_id, key: &key, share, reply, alias };
        pairing::insert(tx, &new)
    })?;
    match run(step(client, id, client.options.timeout)) {
        Ok(_) => {}
        Err(error) => {
            // Nobody was told a code yet.
            client.vault.erase(|tx| pairing::remove(tx, id))?;
            return Err(error);
        }
    }
    let row = client.vault.read(|tx| expect(tx, id))?;
    let under_way = shown(&row, &me).ok_or(ClientError::Unexpected { place: "a code without a number" })?;
    Ok(PairingBegun { id, code: under_way.code, relay: me.at.to_string(), until: under_way.until })
}

/// See [`Client::pair_with`].
pub(crate) fn reply(client: &Client, code: &str, alias: Option<&str>) -> Result<i64, ClientError> {
    give_up::check(&client.vault)?;
    let code = PairingCode::parse(code).map_err(PairError::BadCode)?;
    let me = client.vault.me()?;
    let at = code.at.clone().unwrap_or_else(|| me.at.clone());
    if let Some(known) = client.vault.read(|tx| same(tx, &code, &at))? {
        // Typed once more: it goes on. My own code is for somebody else.
        return match known.pairing.side {
            PairingSide::Replies => Ok(known.id),
            PairingSide::Begins => Err(PairError::OwnCode.into()),
        };
    }
    client.vault.read(|tx| check_new(tx, alias))?;
    let pin = if at == me.at { Pin::Full(me.server_id) } else { Pin::Any };
    let number = code.number;
    let (server_id, share) = run(async {
        let mut line = Line::connect(&client.options, &at, pin, ConnectionKind::Pairing).await?;
        let answer = line.ask(Meet { number }).await?;
        let server_id = line.server_id();
        let share = match answer {
            Response::Met(share) => Ok(share),
            other => Err(refused(&line, &other, number.get())),
        };
        line.close().await;
        Ok((server_id, share?))
    })?;
    client.vault.write(|tx| {
        let mut rng = tx.rng();
        let seed = Secret::generate(&mut rng);
        let pairing = Pairing { side: PairingSide::Replies, words: code.words.clone(), seed };
        let agreed = pairing.agree(&server_id, number, &share).map_err(|_| PairError::OtherWords)?;
        // Sealed here, once: a card of a later identity under the same key would be one too many.
        let (key, card) = (PairingKey(rng.bytes()), agreed.seal(&moves::my_card(&me)));
        let (at, server_id, number) = (&at, &server_id, Some(number));
        let (share, reply) = (Some(&share), Some(&card));
        let new = NewPairing { pairing: &pairing, number, at, server_id, key: &key, share, reply, alias };
        pairing::insert(tx, &new)
    })
}

fn check_new(tx: &Tx<'_>, alias: Option<&str>) -> Result<(), ClientError> {
    if let Some(alias) = alias {
        check_alias(alias)?;
        refuse_taken_alias(tx, alias, None)?;
    }
    match pairing::under_way(tx)?.len() {
        ..PAIRINGS_MAX => Ok(()),
        _ => Err(PairError::TooMany { max: PAIRINGS_MAX }.into()),
    }
}

fn same(tx: &Tx<'_>, code: &PairingCode, at: &HostPort) -> Result<Option<PairingRow>, ClientError> {
    let same = |row: &PairingRow| {
        row.number == Some(code.number) && row.at == *at && row.pairing.words == code.words
    };
    Ok(pairing::under_way(tx)?.into_iter().find(same))
}

/// See [`Client::pairings`].
pub(crate) fn list(client: &Client) -> Result<Vec<PairingUnderWay>, ClientError> {
    let me = client.vault.me()?;
    let rows = client.vault.read(pairing::under_way)?;
    Ok(rows.iter().filter_map(|row| shown(row, &me)).collect())
}

fn shown(row: &PairingRow, me: &Me) -> Option<PairingUnderWay> {
    let at = (row.at != me.at).then(|| row.at.clone());
    Some(PairingUnderWay {
        id: row.id,
        code: PairingCode { number: row.number?, words: row.pairing.words.clone(), at }.to_string(),
        mine: row.pairing.side == PairingSide::Begins,
        until: wire::UnixSeconds(row.began_at.0.saturating_add(PAIRING_MS_MAX / 1_000)),
    })
}

/// See [`Client::call_off`].
pub(crate) fn call_off(client: &Client, number: u16) -> Result<CalledOff, ClientError> {
    let row = client.vault.erase(|tx| {
        let rows = pairing::under_way(tx)?;
        let row = rows.into_iter().find(|row| row.number.is_some_and(|known| known.get() == number));
        let row = row.ok_or(PairError::NotMine { number })?;
        pairing::remove(tx, row.id)?;
        Ok(row)
    })?;
    // Where the relay cannot be asked, the code is worth nothing all the same: nobody judges a reply any more.
    let burned = row.pairing.side == PairingSide::Begins
        && run(moves::burn(client, &row, client.options.timeout)).unwrap_or(false);
    let may_have_left = match row.pairing.side {
        PairingSide::Begins => matches!(row.settlement, Some(Settlement::Card(_))) && !burned,
        PairingSide::Replies => row.asked_at.0 > 0,
    };
    Ok(if may_have_left { CalledOff::PerhapsKnown } else { CalledOff::Unknown })
}

/// See [`Client::finish_pairing`].
pub(crate) fn finish(
    client: &Client,
    id: i64,
    wait: Duration,
    stop: Option<&AtomicBool>,
    away: &dyn Fn(&ClientError),
) -> Result<Option<Paired>, ClientError> {
    let (began, mut attempt) = (Instant::now(), 0);
    let mut patience = Patience::until(began + wait, stop);
    patience.away = Some(away);
    loop {
        match run(step(client, id, client.options.timeout)) {
            Ok(row) if row.is_over() => {
                return client.vault.erase(|tx| take(tx, &row)).and_then(told).map(Some);
            }
            Ok(_) => attempt = 0,
            Err(error) if error.is_temporary() => {
                patience.tell_away(&error);
                attempt += 1;
            }
            Err(error) => return Err(error),
        }
        if patience.is_over() {
            return Ok(None);
        }
        let look = if began.elapsed() < EAGER { LOOK.0 } else { LOOK.1 };
        patience.sleep(look * 2_u32.pow(attempt.min(4)));
    }
}

/// What became of it, for whoever asked first.
fn take(tx: &Tx<'_>, row: &PairingRow) -> Result<(Outcome, Option<Contact>), ClientError> {
    pairing::remove(tx, row.id)?;
    let contact = row.contact.map(|id| contact::by_id(tx, id)).transpose()?;
    Ok((row.outcome, contact.map(|person| to_contact(tx, &person)).transpose()?))
}

fn told((outcome, contact): (Outcome, Option<Contact>)) -> Result<Paired, ClientError> {
    match (outcome, contact) {
        (Outcome::Paired, Some(contact)) => Ok(Paired { contact }),
        (outcome, _) => Err(failure(outcome).into()),
    }
}

fn failure(outcome: Outcome) -> PairError {
    match outcome {
        Outcome::WrongWords => PairError::OtherWords,
        Outcome::Taken => PairError::SomebodyElse,
        Outcome::OtherIdentity => PairError::OtherIdentity,
        Outcome::Over | Outcome::UnderWay | Outcome::Paired => PairError::Over,
    }
}

/// What came to its end while something else was done; each is told once.
pub(crate) fn take_ended(tx: &Tx<'_>) -> Result<Vec<Notice>, ClientError> {
    let told = |row: &PairingRow| match (row.outcome, row.contact) {
        (Outcome::Paired, Some(id)) => {
            let contact = contact::by_id(tx, id)?;
            Ok(Notice::Paired { contact: contact.shown().to_owned(), trust: contact.trust })
        }
        (outcome, _) => Ok(Notice::NotPaired(failure(outcome))),
    };
    pairing::take_untold(tx)?.iter().map(told).collect()
}

/// Makes the moves that are due of all that are under way. What does not work now is tried again later.
pub(crate) async fn go_on(client: &Client) -> Result<(), ClientError> {
    let now = client.now();
    for row in client.vault.read(pairing::under_way)? {
        let age = now.0.saturating_sub(row.began_at.0);
        if now.0.abs_diff(row.asked_at.0) >= ASK_AGAIN_S + age / ASK_LESS {
            match step(client, row.id, ASIDE_TIMEOUT).await {
                Ok(_) => {}
                Err(ClientError::Protocol { .. }) => {}
                Err(error) if matches!(error.exit_code(), 1 | 7) => return Err(error),
                Err(_) => {}
            }
        }
    }
    Ok(())
}

/// One round of moves of one pairing: what the relay has, what follows from it, and the contact.
async fn step(client: &Client, id: i64, patience: Duration) -> Result<PairingRow, ClientError> {
    let now = client.now();
    let row = client.vault.write(|tx| {
        pairing::set(tx, id, "asked_at", int(now.0))?;
        expect(tx, id)
    })?;
    if row.is_over() {
        return Ok(row);
    }
    let age = now.0.saturating_sub(row.began_at.0);
    let forgotten = age >= PAIRING_MS_MAX / 1_000;
    let moved = match row.pairing.side {
        // Who has the other one's card still goes on to make the contact.
        _ if forgotten => Ok(()),
        PairingSide::Begins => moves::at_relay_begins(client, &row, patience).await,
        PairingSide::Replies => moves::at_relay_replies(client, &row, patience).await,
    };
    // A card that is here is made a contact of also while the relay is away.
    let row = client.vault.read(|tx| expect(tx, id))?;
    if let (Some(card), None, false) = (&row.card, row.contact, row.is_over() || age >= CARD_S) {
        // Who was stopped by the first does not get here in life.
        client.fail_at(FailPoint::PairingDecided)?;
        client.fail_at(FailPoint::PairingSettled)?;
        befriend::befriend(client, &row, card).await?;
    }
    moved?;
    let row = client.vault.read(|tx| expect(tx, id))?;
    let outcome = match outcome_of(&row, forgotten) {
        None if forgotten && (row.card.is_none() || age >= CARD_S) => Some(Outcome::Over),
        outcome => outcome,
    };
    match outcome {
        Some(outcome) => client.vault.erase(|tx| {
            pairing::end(tx, id, outcome)?;
            expect(tx, id)
        }),
        None => Ok(row),
    }
}

/// How it ended, once the other side has been told what it is to be told, or cannot be told any more.
fn outcome_of(row: &PairingRow, forgotten: bool) -> Option<Outcome> {
    let told = row.settled || forgotten || row.pairing.side == PairingSide::Replies;
    match (&row.settlement, row.contact) {
        _ if row.is_over() || !told => None,
        (_, Some(_)) => Some(Outcome::Paired),
        (Some(Settlement::Burned), None) => Some(Outcome::WrongWords),
        _ => None,
    }
}

fn expect(tx: &Tx<'_>, id: i64) -> Result<PairingRow, ClientError> {
    // Another process took it to its end, and told of it.
    pairing::by_id(tx, id)?.ok_or_else(|| PairError::Over.into())
}

fn refused(line: &Line, answer: &Response, number: u16) -> ClientError {
    let host = line.host().to_owned();
    match answer {
        Response::Refused(refusal) => match refusal.kind {
            RefusalKind::NoSuchPairing => PairError::NobodyThere { number, host }.into(),
            RefusalKind::PairingTaken => PairError::SomebodyElse.into(),
            RefusalKind::Unknown => PairError::OldRelay { host }.into(),
            _ => line.refused(refusal),
        },
        other => line.unexpected(other),
    }
}
