//! Two people become verified contacts by a number and two words (`spec/pairing.md`).
//!
//! Every move is in the vault before it leaves, and can be made once more by whatever command comes next. What is
//! decided is decided once: one reply, or one settlement, is judged under the same words, whatever a relay says.

use std::{
    sync::atomic::AtomicBool,
    time::{Duration, Instant},
};

use crypto::{PairingSide, Secret};
use e2ee::pairing::{Card, Pairing, PairingCode, PairingWords};
use wire::{
    Address, ConnectionKind, HostPort, PairingKey, PairingMove, PairingShare, Pins, RefusalKind, Response,
    Settlement, ShortFingerprint,
    limits::PAIRING_MS_MAX,
    request::{Await, Begin, Meet, Reply, Settle},
};

use super::{
    contacts::{check_alias, free_label, insert, refuse_taken_alias, to_contact},
    directory::{Found, follow, look_up},
    news::Patience,
    run,
};
use crate::{
    Client, ClientError, Contact, Language, Notice, Options, PairError, Paired, PairingBegun,
    PairingUnderWay, Trust,
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
    let me = client.vault.me()?;
    let language = match language {
        Language::English => e2ee::Language::English,
        Language::French => e2ee::Language::French,
    };
    let id = client.vault.write(|tx| {
        check_new(tx, alias)?;
        let mut rng = tx.rng();
        let words = PairingWords::draw(language, &mut rng);
        let pairing = Pairing { side: PairingSide::Begins, words, seed: Secret::generate(&mut rng) };
        let key = PairingKey(rng.bytes());
        let (at, server_id) = (&me.at, &me.server_id);
        let new =
            NewPairing { pairing: &pairing, number: None, at, server_id, key: &key, share: None, alias };
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
    let code = PairingCode::parse(code).map_err(PairError::from)?;
    let me = client.vault.me()?;
    let at = code.at.clone().unwrap_or_else(|| me.at.clone());
    let is_mine = at == me.at;
    if let Some(known) = client.vault.read(|tx| {
        check_new(tx, alias)?;
        same(tx, &code, &at)
    })? {
        // Typed once more: it goes on. My own code is for somebody else.
        return match known.pairing.side {
            PairingSide::Replies => Ok(known.id),
            PairingSide::Begins => Err(PairError::OwnCode.into()),
        };
    }
    let pin = if is_mine { Pin::Full(me.server_id) } else { Pin::Any };
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
        let (key, share) = (PairingKey(rng.bytes()), Some(&share));
        let (at, server_id, number) = (&at, &server_id, Some(number));
        pairing::insert(tx, &NewPairing { pairing: &pairing, number, at, server_id, key: &key, share, alias })
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
pub(crate) fn call_off(client: &Client, number: u16) -> Result<(), ClientError> {
    let rows = client.vault.read(pairing::under_way)?;
    let row = rows.into_iter().find(|row| row.number.is_some_and(|known| known.get() == number));
    let Some(row) = row else { return Err(PairError::NotMine { number }.into()) };
    client.vault.write(|tx| pairing::decide(tx, row.id, Some(&Settlement::Burned), None))?;
    // Where the relay cannot be asked, the code is worth nothing all the same: nobody judges a reply any more.
    let _ = run(step(client, row.id, client.options.timeout));
    client.vault.erase(|tx| pairing::remove(tx, row.id))
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
        Outcome::CalledOff | Outcome::Over | Outcome::UnderWay | Outcome::Paired => PairError::Over,
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
    let too_old = now.0.saturating_sub(row.began_at.0) >= PAIRING_MS_MAX / 1_000;
    if row.is_over() {
        return Ok(row);
    }
    if too_old {
        // Who has the other one's card goes on to make the contact.
        let outcome = if row.contact.is_some() { Outcome::Paired } else { Outcome::Over };
        client.vault.erase(|tx| pairing::end(tx, id, outcome))?;
        return client.vault.read(|tx| expect(tx, id));
    }
    let moved = match row.pairing.side {
        PairingSide::Begins => at_relay_begins(client, &row, patience).await,
        PairingSide::Replies => at_relay_replies(client, &row, patience).await,
    };
    // A card that is here is made a contact of also while the relay is away.
    let row = client.vault.read(|tx| expect(tx, id))?;
    if let (Some(card), None, false) = (&row.card, row.contact, row.is_over()) {
        befriend(client, &row, card).await?;
    }
    moved?;
    client.vault.erase(|tx| {
        let row = expect(tx, id)?;
        let told = row.settled || row.pairing.side == PairingSide::Replies;
        match (&row.settlement, row.contact) {
            (_, Some(_)) if told => pairing::end(tx, id, Outcome::Paired)?,
            (Some(Settlement::Burned), _) if told => pairing::end(tx, id, Outcome::WrongWords)?,
            _ => {}
        }
        expect(tx, id)
    })
}

fn expect(tx: &Tx<'_>, id: i64) -> Result<PairingRow, ClientError> {
    // Another process took it to its end, and told of it.
    pairing::by_id(tx, id)?.ok_or_else(|| PairError::Over.into())
}

async fn at_relay_begins(client: &Client, row: &PairingRow, patience: Duration) -> Result<(), ClientError> {
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
    card: &wire::SealedCard,
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

async fn at_relay_replies(client: &Client, row: &PairingRow, patience: Duration) -> Result<(), ClientError> {
    if row.card.is_some() {
        return Ok(());
    }
    let mut line = connect(client, row, patience).await?;
    let made = reply_moves(client, row, &mut line).await;
    line.close().await;
    made
}

async fn reply_moves(client: &Client, row: &PairingRow, line: &mut Line) -> Result<(), ClientError> {
    let (Some(number), Some(share)) = (row.number, &row.share) else {
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
    let card = agreed.seal(&my_card(&client.vault.me()?));
    let reply = Reply { number, key: row.key, share: row.pairing.share(), card };
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
    agreed: &e2ee::pairing::Agreed,
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

/// Makes the other one a contact, verified, as far as the directory shows the identity that the card names.
async fn befriend(client: &Client, row: &PairingRow, card: &Card) -> Result<(), ClientError> {
    let me = client.vault.me()?;
    let pins = Pins {
        server: ShortFingerprint::from_full(&card.server_id.0),
        identity: ShortFingerprint::from_full(&card.identity.0),
    };
    let address = Address { name: card.name.clone(), at: card.at.clone(), pins: Some(pins) };
    let other = || client.vault.erase(|tx| pairing::end(tx, row.id, Outcome::OtherIdentity));
    let found = match look_up(client, &address, Pin::Full(card.server_id)).await {
        Ok(found) => found,
        Err(error) if error.is_temporary() || matches!(error.exit_code(), 1 | 7) => return Err(error),
        // Nobody of that name, another key, a server that is not that server.
        Err(_) => return other(),
    };
    if found.fingerprint == me.fingerprint || !found.has_had(|identity| *identity == card.identity) {
        return other();
    }
    if let Some(known) = client.vault.read(|tx| contact::by_name(tx, &card.name, &card.server_id))?
        && let Err(error) = follow(client, &known, &found)
    {
        // A key that the known one did not sign is a person's to judge, by `verify`.
        return if matches!(error, ClientError::KeyChanged { .. }) { other() } else { Err(error) };
    }
    let trust = if found.fingerprint == card.identity { Trust::Verified } else { Trust::VerifiedBefore };
    let made = client.vault.erase(|tx| {
        let alias = alias_for(tx, row, card, &found)?;
        let id = insert(tx, &me, &address, &alias, &found)?;
        contact::set_trust(tx, id, trust)?;
        pairing::set(tx, row.id, "contact", id)
    });
    match made {
        Err(ClientError::KeyChanged { .. }) => other(),
        made => made,
    }
}

/// The name that was wished for, or the registered one; whoever has it meanwhile keeps it.
fn alias_for(tx: &Tx<'_>, row: &PairingRow, card: &Card, found: &Found) -> Result<String, ClientError> {
    let known = contact::by_fingerprint(tx, &found.fingerprint)?;
    let but = known.as_ref().map(|person| person.id);
    let registered = card.name.to_string();
    let free = |alias: &&str| refuse_taken_alias(tx, alias, but).is_ok();
    let mine = known.as_ref().filter(|person| person.label.as_deref() == Some(&registered));
    match row.alias.as_deref().filter(free).or(mine.map(|_| registered.as_str()).filter(free)) {
        Some(alias) => Ok(alias.to_owned()),
        None => free_label(tx, &card.name),
    }
}

fn my_card(me: &Me) -> Card {
    Card { name: me.name.clone(), at: me.at.clone(), server_id: me.server_id, identity: me.fingerprint }
}

async fn connect(client: &Client, row: &PairingRow, patience: Duration) -> Result<Line, ClientError> {
    let options = Options { timeout: patience.min(client.options.timeout), ..client.options.clone() };
    Line::connect(&options, &row.at, Pin::Full(row.server_id), ConnectionKind::Pairing).await
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
