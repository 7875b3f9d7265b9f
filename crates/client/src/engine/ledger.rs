//! The public log of keys (`spec/ledger.md`): replayed whole, and asked before a key is taken from a relay.

use std::time::Instant;

use ::ledger::{FraudProof, Replay, Trouble, commits_to, consistency, head, root_of};
use client_core::schedule::is_fresh;
use proto::signed::{is_tombstone, record_hash};
use wire::{
    CommitmentNonce, ConnectionKind, HostPort, IdentityFingerprint, Leaf, LeafKind, Name, NameTag,
    RefusalKind, Response, ServerId, TreeHead, UnixSeconds, Wire,
    limits::{HEAD_AHEAD_HOURS_MAX, LEAVES_MAX, LEDGER_LEAVES_MAX},
    request::Feed,
};

use super::{directory::Found, gossip, identity, record_updates, run};
use crate::{
    Client, ClientError, LogAudit, LogStanding, LogState, LogTrouble, fraud,
    transport::{Line, Pin},
    vault::{
        Tx,
        contact::{self, LogPlace, Standing},
        given_up,
        ledger::{self, LedgerRow, Replayed},
        me::{self, Me},
        rotation,
    },
};

/// A replay counts for so long where a record is taken.
const FRESH_S: u64 = 3_600;
/// How often one's own server's log is replayed.
const DAY_S: u64 = 86_400;
/// A whole feed takes at most so many times as long as one answer may,
const FEED_TIMEOUTS: u32 = 4;
/// and as much longer for so many answers: a long log comes over a slow line too.
const ANSWERS_A_TIMEOUT: u32 = 16;
/// Answers to a feed at most.
const PAGES_MAX: u64 = LEDGER_LEAVES_MAX / LEAVES_MAX as u64 + 2;

/// What a feed came to.
enum Fed {
    /// No log is kept there.
    None,
    /// It came to its end.
    All(Whole),
    /// It does not come to an end.
    Endless { head: Box<TreeHead> },
}

/// All leaves of one head, from a place on.
struct Whole {
    head: Box<TreeHead>,
    first: u64,
    leaves: Vec<Leaf>,
}

/// Replays the log of a server, and keeps what it finds; the trouble, if there is one.
pub(crate) async fn replay(
    client: &Client,
    server_id: &ServerId,
    at: &HostPort,
) -> Result<Option<Trouble>, ClientError> {
    let before = client.vault.read(|tx| ledger::get(tx, server_id))?.and_then(|row| row.head);
    let told = client.vault.read(me::me)?.and_then(|me| me.commitment_nonce);
    let number = before.as_ref().map_or(0, |head| head.log_number);
    let size = before.as_ref().map_or(0, |head| head.size);
    let fed = feed(client, server_id, at, Feed { log_number: number, from: size }).await?;
    let is_known =
        |tx: &Tx<'_>| Ok::<_, ClientError>(ledger::get(tx, server_id)?.and_then(|row| row.head) == before);
    let troubled = |trouble, shown: &TreeHead| {
        client.vault.write(|tx| match is_known(tx)? {
            true => {
                // At a first replay nothing is known of this log but what is wrong with it.
                ledger::meet(tx, server_id, at)?;
                ledger::troubled(tx, server_id, trouble, shown).map(|()| Some(trouble))
            }
            false => trouble_of(tx, server_id),
        })
    };
    let fed = match fed {
        Fed::None if before.is_none() => {
            return client.vault.write(|tx| ledger::keeps_none(tx, server_id).map(|()| None));
        }
        Fed::None => return troubled(Trouble::WentBack, &TreeHead::EMPTY),
        Fed::Endless { head } => return troubled(Trouble::Forked, &head),
        Fed::All(fed) => fed,
    };
    // Leaves that are yet to come would hide for long that none comes. Which of the two clocks is wrong nobody can tell from here.
    let latest = client.now().0.saturating_add(HEAD_AHEAD_HOURS_MAX * 3_600);
    if fed.head.time > latest && head::verify(&fed.head, server_id).is_ok() {
        return Err(ClientError::LogAhead { host: at.to_string() });
    }
    // Another process may have replayed it meanwhile: then what it found stands.
    let known = client.vault.read(|tx| match is_known(tx)? {
        true => ledger::leaves(tx, server_id).map(Ok),
        false => trouble_of(tx, server_id).map(Err),
    })?;
    let known = match known {
        Ok(known) => known,
        Err(trouble) => return Ok(trouble),
    };
    let judge =
        |fed: &Whole| ::ledger::replay(server_id, &known, before.as_ref(), &fed.head, fed.first, &fed.leaves);
    let (mut judged, mut fed) = (judge(&fed), fed);
    if judged == Err(Trouble::Forked) && fed.head.log_number > number && fed.first > 0 {
        // It went back, and to another state than it says: all of it is asked for, once.
        if let Some(whole) = feed_all(client, server_id, at, fed.head.log_number).await? {
            (judged, fed) = (judge(&whole), whole);
        }
    }
    let Whole { head, first, leaves } = fed;
    match judged {
        Ok(replay) => {
            let went_back = before.is_some() && head.log_number > number;
            let subtrees = replay.subtrees(ledger::SUBTREE_LEVEL as usize);
            let replayed = Replayed { head: &head, first, fed: &leaves, subtrees, went_back };
            client.vault.write(|tx| {
                if !is_known(tx)? {
                    return Ok(());
                }
                ledger::meet(tx, server_id, at)?;
                ledger::keep(tx, server_id, &replayed)
            })?;
            watch_mine(client, server_id, told.as_ref()).await?;
            gossip::compare_log(client, server_id)?;
            Ok(None)
        }
        Err(trouble) => {
            if trouble == Trouble::Forked
                && let Some(before) = &before
            {
                prove(client, server_id, at, before, &head).await?;
            }
            troubled(trouble, &head)
        }
    }
}

/// What is wrong with a log, as far as was found.
fn trouble_of(tx: &Tx<'_>, server_id: &ServerId) -> Result<Option<Trouble>, ClientError> {
    Ok(ledger::get(tx, server_id)?.and_then(|row| row.trouble).map(|(trouble, _)| trouble))
}

/// Whether the relay signed two histories is found out by reading the second one whole; the proof is kept as a file.
async fn prove(
    client: &Client,
    server_id: &ServerId,
    at: &HostPort,
    before: &TreeHead,
    head: &TreeHead,
) -> Result<(), ClientError> {
    if head::verify(head, server_id).is_err() || head.log_number != before.log_number {
        return Ok(());
    }
    let Ok(Some(whole)) = feed_all(client, server_id, at, head.log_number).await else { return Ok(()) };
    let Whole { head: other, leaves, .. } = whole;
    let hashes: Vec<_> = leaves.iter().map(|leaf| crypto::leaf_hash(&leaf.to_bytes())).collect();
    let size = usize::try_from(before.size).unwrap_or(usize::MAX);
    let Some(begins) = hashes.get(..size) else { return Ok(()) };
    let proof = FraudProof {
        server_id: *server_id,
        one: before.clone(),
        other: *other,
        root: root_of(begins),
        consistency: consistency(&hashes, size),
    };
    match proof.verify() {
        Ok(()) => gossip::keep_proof(client, &proof),
        // Leaves that lead nowhere prove nothing: nobody signed them.
        Err(_) => Ok(()),
    }
}

/// Asks for every leaf from the first on.
async fn feed_all(
    client: &Client,
    server_id: &ServerId,
    at: &HostPort,
    log_number: u32,
) -> Result<Option<Whole>, ClientError> {
    match feed(client, server_id, at, Feed { log_number, from: 0 }).await? {
        Fed::All(whole) if whole.first == 0 => Ok(Some(whole)),
        Fed::All(_) | Fed::Endless { .. } | Fed::None => Ok(None),
    }
}

/// Asks until all leaves of one head are there.
async fn feed(
    client: &Client,
    server_id: &ServerId,
    at: &HostPort,
    mut ask: Feed,
) -> Result<Fed, ClientError> {
    let mut line =
        Line::connect(&client.options, at, Pin::Full(*server_id), ConnectionKind::Anonymous).await?;
    let (mut first, mut leaves) = (None, Vec::new());
    let mut last = TreeHead::EMPTY;
    let mut end = Instant::now() + client.options.timeout * FEED_TIMEOUTS;
    for _ in 0..PAGES_MAX {
        if Instant::now() > end {
            let reason = "it did not answer in time".to_owned();
            return Err(ClientError::Unreachable { host: at.to_string(), reason });
        }
        let page = match line.ask(ask).await? {
            Response::Leaves(page) => *page,
            Response::Refused(refusal) if refusal.kind == RefusalKind::Unknown => {
                line.close().await;
                return Ok(Fed::None);
            }
            other => return Err(line.unexpected(&other)),
        };
        if head::is_empty(&page.tree_head) {
            line.close().await;
            return Ok(Fed::None);
        }
        last = page.tree_head;
        let begins = *first.get_or_insert(page.first);
        let is_next = begins.checked_add(leaves.len() as u64) == Some(page.first);
        let is_stuck = page.leaves.is_empty() && page.first < last.size;
        if !is_next || is_stuck || last.size > LEDGER_LEAVES_MAX {
            break;
        }
        leaves.extend(page.leaves);
        end += client.options.timeout / ANSWERS_A_TIMEOUT;
        let next = begins + leaves.len() as u64;
        if next == last.size {
            line.close().await;
            return Ok(Fed::All(Whole { head: Box::new(last), first: begins, leaves }));
        }
        ask = Feed { log_number: last.log_number, from: next };
    }
    line.close().await;
    Ok(Fed::Endless { head: Box::new(last) })
}

/// The tag of my own name at my own server; `None` at another.
fn my_tag(client: &Client, server_id: &ServerId) -> Result<Option<NameTag>, ClientError> {
    let me = client.vault.read(me::me)?;
    match me.filter(|me| me.server_id == *server_id) {
        Some(me) => tag_of(client, server_id, &me.name).map(Some),
        None => Ok(None),
    }
}

/// The tag of a name, computed once.
pub(crate) fn tag_of(client: &Client, server_id: &ServerId, name: &Name) -> Result<NameTag, ClientError> {
    if let Some(tag) = client.vault.read(|tx| ledger::tag(tx, server_id, name))? {
        return Ok(tag);
    }
    // Outside of every transaction: it takes a tenth of a second.
    let tag = client.options.world.name_tag(server_id, name);
    client.vault.write(|tx| ledger::keep_tag(tx, server_id, name, &tag))?;
    Ok(tag)
}

/// What a log has under my own name.
enum Mine {
    /// Nothing that I did not make.
    Made,
    /// Here stands something else.
    Not(u64),
    /// Here stands something else, or a change of mine whose answer was lost: the server has its nonce.
    Perhaps(u64, Leaf),
}

/// Notes whether the log has under my own name what I made and nothing newer; `told` is the nonce that I had before the
/// leaves were asked for.
async fn watch_mine(
    client: &Client,
    server_id: &ServerId,
    told: Option<&CommitmentNonce>,
) -> Result<(), ClientError> {
    let Some(tag) = my_tag(client, server_id)? else { return Ok(()) };
    let look = |tx: &Tx<'_>| look_for_mine(tx, server_id, &tag, told);
    if let Mine::Perhaps(_, leaf) = client.vault.write(look)? {
        match identity::has_made(client, &tag, &leaf).await {
            Ok(true) => return client.vault.write(|tx| ledger::not_mine(tx, server_id, None)),
            Ok(false) => {}
            Err(error) if error.exit_code() == 7 => return Err(error),
            // Nobody says whose it is: the next replay asks again.
            Err(_) => return Ok(()),
        }
    }
    client.vault.write(|tx| {
        let foreign = match look(tx)? {
            Mine::Made => None,
            Mine::Not(place) | Mine::Perhaps(place, _) => Some(place),
        };
        ledger::not_mine(tx, server_id, foreign)
    })
}

/// The leaf that the server told me of is mine, and the newest with my tag is too, whatever their places: a relay that went
/// back, or says so, begins again at a lower one.
fn look_for_mine(
    tx: &Tx<'_>,
    server_id: &ServerId,
    tag: &NameTag,
    told: Option<&CommitmentNonce>,
) -> Result<Mine, ClientError> {
    let me = me::me(tx)?.ok_or(ClientError::JoinUnfinished)?;
    if is_tombstone(&me.record.body) {
        // The name is not mine any more: whoever takes it later makes leaves of his own.
        return Ok(Mine::Made);
    }
    let Some(nonce) = me.commitment_nonce else { return Ok(Mine::Made) };
    let hash = record_hash(&me.record.body);
    let is_present = |leaf: &Leaf| commits_to(leaf, tag, &nonce, &hash);
    if !me.leaf_seen && told == Some(&nonce) {
        match ledger::leaf(tx, server_id, me.leaf_index)? {
            Some(leaf) if is_present(&leaf) => me::set_leaf_seen(tx)?,
            _ if went_back_since(tx, server_id, &me)? => {}
            _ => return Ok(Mine::Not(me.leaf_index)),
        }
    }
    let Some(place) = ledger::newest(tx, server_id, tag)? else { return Ok(Mine::Made) };
    let Some(leaf) = ledger::leaf(tx, server_id, place)? else { return Ok(Mine::Made) };
    if is_present(&leaf) || rotation::is_formers(tx, &leaf.commitment)? {
        return Ok(Mine::Made);
    }
    let perhaps = match leaf.kind {
        LeafKind::Rotate => rotation::is_pending(tx)?,
        LeafKind::Tombstone => given_up::is_begun(tx)?,
        _ => false,
    };
    Ok(if perhaps { Mine::Perhaps(place, leaf) } else { Mine::Not(place) })
}

/// Whether the relay lost my leaf openly before a replay found it: as far as two clocks can tell.
fn went_back_since(tx: &Tx<'_>, server_id: &ServerId, me: &Me) -> Result<bool, ClientError> {
    let since = me.registered_at.0.saturating_sub(HEAD_AHEAD_HOURS_MAX * 3_600);
    let restored = ledger::restored(tx, server_id)?;
    Ok(restored.iter().any(|leaf| leaf.prev_index <= me.leaf_index && u64::from(leaf.time) >= since))
}

/// What the log of a server says of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stand {
    /// It has it, and nothing newer.
    Newest,
    /// It has it, and something newer.
    Newer,
    /// It has something else there.
    Other,
    /// It does not reach so far.
    NotYet,
}

pub(super) fn said_of(
    tx: &Tx<'_>,
    server_id: &ServerId,
    tag: &NameTag,
    place: &LogPlace,
) -> Result<Stand, ClientError> {
    let LogPlace { leaf_index, nonce, hash } = place;
    let Some(leaf) = ledger::leaf(tx, server_id, *leaf_index)? else { return Ok(Stand::NotYet) };
    if !commits_to(&leaf, tag, nonce, hash) {
        return Ok(Stand::Other);
    }
    let is_newest = ledger::newest(tx, server_id, tag)? == Some(*leaf_index);
    Ok(if is_newest { Stand::Newest } else { Stand::Newer })
}

/// Whether a record that was looked up may be taken: its server keeps no log, or the log has it. Who is known under this
/// very key stays so whatever the log says, and whether it can be read at all: a relay that withholds its log should not be
/// able to silence those whom it cannot deceive. Only what is wrong with the vault stops them, and nobody waits long for it.
pub(crate) async fn admit(
    client: &Client,
    at: &HostPort,
    found: &Found,
    pinned: Option<&IdentityFingerprint>,
) -> Result<(), ClientError> {
    let asked = Asked {
        at,
        server_id: &found.server_id,
        name: &found.record.body.name,
        place: found.has_log.then_some(&found.place),
    };
    if pinned != Some(&found.fingerprint) {
        return check(client, &asked).await;
    }
    match tokio::time::timeout(client.options.timeout / 2, check(client, &asked)).await {
        Ok(Err(error)) if error.exit_code() == 7 => Err(error),
        Ok(_) => Ok(()),
        Err(_) => client.vault.write(|tx| ledger::note_unread(tx, &found.server_id)),
    }
}

/// A record of which a log is asked.
pub(crate) struct Asked<'a> {
    pub(crate) at: &'a HostPort,
    pub(crate) server_id: &'a ServerId,
    pub(crate) name: &'a Name,
    /// Where it stands, as its server says; none where that showed no log.
    pub(crate) place: Option<&'a LogPlace>,
}

/// Whether the log of its server has a record as the newest of its name; where there never was a log, that is so.
pub(crate) async fn check(client: &Client, asked: &Asked<'_>) -> Result<(), ClientError> {
    let Asked { at, server_id, name, place } = *asked;
    if fraud::kept(client.vault.profile().dir(), server_id).is_some() {
        return Err(ClientError::LogTrouble { host: at.to_string(), trouble: LogTrouble::Fraud });
    }
    let row = client.vault.read(|tx| ledger::get(tx, server_id))?;
    if row.as_ref().is_none_or(|row| row.head.is_none()) && place.is_none() {
        return Ok(());
    }
    let tag = tag_of(client, server_id, name)?;
    let say = |tx: &Tx<'_>| place.map_or(Ok(Stand::Other), |place| said_of(tx, server_id, &tag, place));
    let is_fresh = row
        .as_ref()
        .is_some_and(|row| row.trouble.is_none() && is_fresh(row.replayed_at, client.now(), FRESH_S));
    if is_fresh && client.vault.read(say)? == Stand::Newest {
        return Ok(());
    }
    client.vault.write(|tx| ledger::meet(tx, server_id, at))?;
    if let Some(trouble) = replay_reached(client, server_id, at).await? {
        return Err(ClientError::LogTrouble { host: at.to_string(), trouble: trouble.into() });
    }
    match client.vault.read(say)? {
        Stand::Newest => Ok(()),
        Stand::Newer | Stand::Other | Stand::NotYet => {
            Err(ClientError::NotInLog { name: name.to_string(), host: at.to_string() })
        }
    }
}

/// Replays the log of a server that answered just now: one that does not let it be had is as silent, in the end, as one to
/// which nothing is added.
pub(super) async fn replay_reached(
    client: &Client,
    server_id: &ServerId,
    at: &HostPort,
) -> Result<Option<Trouble>, ClientError> {
    let replayed = replay(client, server_id, at).await;
    if replayed.is_err() {
        client.vault.write(|tx| ledger::note_unread(tx, server_id))?;
    }
    replayed
}

/// Replays the log of one's own server once a day; whatever goes wrong is said, and stops nothing else.
pub(crate) async fn daily(client: &Client) -> Result<(), ClientError> {
    let me = client.vault.me()?;
    let Some(row) = client.vault.read(|tx| ledger::get(tx, &me.server_id))? else { return Ok(()) };
    if is_fresh(row.replayed_at, client.now(), DAY_S) {
        return Ok(());
    }
    match replay_reached(client, &me.server_id, &me.at).await {
        Err(error) if error.exit_code() == 7 => Err(error),
        // The next command tries again.
        _ => Ok(()),
    }
}

/// See [`Client::log_standings`].
pub(crate) fn standings(client: &Client) -> Result<Vec<LogStanding>, ClientError> {
    let now = client.now();
    let mut standings: Vec<LogStanding> = client.vault.read(|tx| {
        let mine = me::me(tx)?.map(|me| me.server_id);
        let rows = ledger::all(tx)?.into_iter().filter(|row| !keeps_none(row));
        rows.map(|row| standing(tx, &row, mine, now)).collect()
    })?;
    let dir = client.vault.profile().dir();
    for standing in &mut standings {
        standing.fraud = fraud::kept(dir, &standing.server_id);
    }
    standings.sort_by_key(|standing| !standing.mine);
    Ok(standings)
}

/// Whether a server was asked, and never showed a log.
fn keeps_none(row: &LedgerRow) -> bool {
    row.head.is_none() && row.trouble.is_none() && row.replayed_at.0 > 0
}

fn standing(
    tx: &Tx<'_>,
    row: &LedgerRow,
    mine: Option<ServerId>,
    now: UnixSeconds,
) -> Result<LogStanding, ClientError> {
    let written_at = ledger::written_at(tx, row)?;
    let state = match (&row.trouble, &row.head) {
        (Some((trouble, _)), _) => LogState::Trouble((*trouble).into()),
        (None, None) => LogState::Unread,
        (None, Some(_)) if ledger::is_silent_since(written_at, now) => LogState::Silent,
        (None, Some(_)) => LogState::Good,
    };
    Ok(LogStanding {
        server_id: row.server_id,
        fraud: None,
        server: row.at.clone(),
        mine: mine == Some(row.server_id),
        state,
        since: row.trouble.map(|(_, since)| since),
        leaves: row.head.as_ref().map_or(0, |head| head.size),
        restored: ledger::restored_times(tx, &row.server_id)?,
        root: row.head.as_ref().map(|head| head.root),
        head_time: row.head.as_ref().map(|head| UnixSeconds(head.time)),
        written_at,
        replayed_at: row.head.as_ref().map(|_| row.replayed_at),
        not_mine: row.not_mine,
        restored_at: row.restored_at,
    })
}

/// See [`Client::sync_logs`].
pub(crate) fn sync(client: &Client) -> Result<Vec<LogStanding>, ClientError> {
    let me = client.vault.me()?;
    let mut servers = vec![(me.server_id, me.at)];
    let known = client.vault.read(|tx| {
        let contacts = contact::list(tx, Standing::Contact)?;
        let rows = ledger::all(tx)?;
        let of_contacts = contacts.into_iter().map(|person| (person.server_id, person.at));
        Ok(of_contacts.chain(rows.into_iter().map(|row| (row.server_id, row.at))).collect::<Vec<_>>())
    })?;
    for (server_id, at) in known {
        if !servers.iter().any(|(known, _)| *known == server_id) {
            servers.push((server_id, at));
        }
    }
    let mut failed = None;
    for (server_id, at) in servers {
        // What is wrong with a log stands in its row; what is wrong with the way there is told when all are asked.
        match run(replay(client, &server_id, &at)) {
            Ok(_) => {}
            Err(error) if error.exit_code() == 7 => return Err(error),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    record_updates::settle(client)?;
    failed.map_or_else(|| standings(client), Err)
}

/// See [`Client::audit_logs`].
pub(crate) fn audit(client: &Client) -> Result<Vec<LogAudit>, ClientError> {
    let rows = client.vault.read(ledger::all)?;
    rows.iter().filter(|row| row.head.is_some()).map(|row| audit_one(client, row)).collect()
}

fn audit_one(client: &Client, row: &LedgerRow) -> Result<LogAudit, ClientError> {
    let server_id = &row.server_id;
    let leaves = client.vault.read(|tx| ledger::leaves(tx, server_id))?;
    let damaged = ClientError::VaultDamaged { what: "the leaves of a log" };
    let replay = Replay::of(&leaves).map_err(|_| damaged.clone())?;
    let head = row.head.as_ref().ok_or(damaged.clone())?;
    if replay.root() != head.root || replay.size() != head.size || head::verify(head, server_id).is_err() {
        return Err(damaged);
    }
    let mine = my_tag(client, server_id)?.and_then(|tag| replay.newest(&tag));
    let people = client.vault.read(|tx| contact::list(tx, Standing::Contact))?;
    let (mut agree, mut changed, mut differ) = (0, Vec::new(), Vec::new());
    for person in people.iter().filter(|person| person.server_id == *server_id) {
        let (Some(record), Some(place)) = (&person.record, &person.place) else { continue };
        let tag = tag_of(client, server_id, &person.name)?;
        let said = client.vault.read(|tx| said_of(tx, server_id, &tag, place))?;
        let is_pinned = place.hash == record_hash(&record.body);
        match said {
            Stand::Newest if is_pinned => agree += 1,
            Stand::Newer if is_pinned => changed.push(person.shown().to_owned()),
            _ => differ.push(person.shown().to_owned()),
        }
    }
    Ok(LogAudit {
        server: row.at.clone(),
        leaves: head.size,
        root: head.root,
        restored: replay.restored_times(),
        my_leaf: mine,
        agree,
        changed,
        differ,
    })
}
