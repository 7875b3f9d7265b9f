//! The public logs of keys that this client replays (`spec/vault.md § Ledgers`).

use ledger::{Hash, Tree, Trouble};
use rusqlite::OptionalExtension;
use wire::{HostPort, Leaf, Name, NameTag, ServerId, TreeHead, UnixSeconds, Wire, limits::SILENT_HOURS};

use super::{Tx, decode, int, me::parse_host, uint};
use crate::{ClientError, NoticeOfLog};

/// How it stands with the log of one server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct LedgerRow {
    pub(crate) server_id: ServerId,
    pub(crate) at: HostPort,
    /// The newest head that the leaves lead to.
    pub(crate) head: Option<TreeHead>,
    pub(crate) replayed_at: UnixSeconds,
    /// How often that was.
    pub(crate) replays: u32,
    /// What was wrong last, and since when.
    pub(crate) trouble: Option<(Trouble, UnixSeconds)>,
    /// The newest leaf of my own name that I did not make.
    pub(crate) not_mine: Option<u64>,
    /// When the relay last said that it went back.
    pub(crate) restored_at: Option<UnixSeconds>,
}

const COLUMNS: &str =
    "server_id, host, port, head, replayed_at, trouble, trouble_at, not_mine, restored_at, replays";

fn number_of(trouble: Trouble) -> i64 {
    match trouble {
        Trouble::WentBack => 1,
        Trouble::Forked => 2,
        Trouble::NotSigned => 3,
    }
}

fn trouble_of(number: i64) -> Result<Trouble, ClientError> {
    match number {
        1 => Ok(Trouble::WentBack),
        2 => Ok(Trouble::Forked),
        3 => Ok(Trouble::NotSigned),
        _ => Err(ClientError::VaultDamaged { what: "what is wrong with a log" }),
    }
}

/// Every log that is known of.
pub(crate) fn all(tx: &Tx<'_>) -> Result<Vec<LedgerRow>, ClientError> {
    let mut ids = tx.prepare_cached("SELECT server_id FROM ledger ORDER BY host, port, server_id")?;
    let ids = ids.query_map([], |row| row.get(0))?.collect::<Result<Vec<[u8; 32]>, _>>()?;
    ids.into_iter().filter_map(|id| get(tx, &ServerId(id)).transpose()).collect()
}

/// That of one server; `None` where none is known of.
pub(crate) fn get(tx: &Tx<'_>, server_id: &ServerId) -> Result<Option<LedgerRow>, ClientError> {
    let sql = format!("SELECT {COLUMNS} FROM ledger WHERE server_id = ?1");
    let raw = tx.query_row(&sql, [server_id.0], |row| {
        Ok((
            (row.get::<_, String>(1)?, row.get::<_, u16>(2)?),
            row.get::<_, Option<Vec<u8>>>(3)?,
            (row.get::<_, i64>(4)?, row.get::<_, u32>(9)?),
            (row.get::<_, Option<i64>>(5)?, row.get::<_, Option<i64>>(6)?),
            (row.get::<_, Option<i64>>(7)?, row.get::<_, Option<i64>>(8)?),
        ))
    });
    let Some(((host, port), head, (replayed_at, replays), (trouble, trouble_at), (not_mine, restored_at))) =
        raw.optional()?
    else {
        return Ok(None);
    };
    let time = |seconds: i64| UnixSeconds(uint(seconds));
    let trouble = trouble.map(trouble_of).transpose()?;
    Ok(Some(LedgerRow {
        server_id: *server_id,
        at: parse_host(&host, port)?,
        head: head.map(|bytes| decode(&bytes, "the head of a log")).transpose()?,
        replayed_at: time(replayed_at),
        replays,
        trouble: trouble.map(|trouble| (trouble, time(trouble_at.unwrap_or(0)))),
        not_mine: not_mine.map(uint),
        restored_at: restored_at.map(time),
    }))
}

/// A server turned out to keep one, and this is where.
pub(crate) fn meet(tx: &Tx<'_>, server_id: &ServerId, at: &HostPort) -> Result<(), ClientError> {
    let sql = "INSERT INTO ledger (server_id, host, port) VALUES (?1, ?2, ?3)
               ON CONFLICT (server_id) DO UPDATE SET host = ?2, port = ?3";
    tx.execute(sql, (server_id.0, at.host(), at.port()))?;
    Ok(())
}

/// A server that was asked for its log keeps none.
pub(crate) fn keeps_none(tx: &Tx<'_>, server_id: &ServerId) -> Result<(), ClientError> {
    let sql = "UPDATE ledger SET replayed_at = ?2 WHERE server_id = ?1";
    tx.execute(sql, (server_id.0, int(tx.now().0)))?;
    Ok(())
}

/// All leaves of a log.
pub(crate) fn leaves(tx: &Tx<'_>, server_id: &ServerId) -> Result<Vec<Leaf>, ClientError> {
    let sql = "SELECT place, leaf FROM ledger_leaf WHERE server_id = ?1 ORDER BY place";
    let mut rows = tx.prepare_cached(sql)?;
    let rows = rows.query_map([server_id.0], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
    let damaged = ClientError::VaultDamaged { what: "the leaves of a log" };
    rows.zip(0_u64..)
        .map(|(row, at)| match row? {
            (place, bytes) if uint(place) == at => decode(&bytes, "a leaf of a log"),
            _ => Err(damaged.clone()),
        })
        .collect()
}

/// How often the relay said that it went back.
pub(crate) fn restored_times(tx: &Tx<'_>, server_id: &ServerId) -> Result<u32, ClientError> {
    // As the index has it.
    let sql = "SELECT count(*) FROM ledger_leaf WHERE server_id = ?1 AND substr(leaf, 1, 1) = x'06'";
    Ok(tx.query_row(sql, [server_id.0], |row| row.get(0))?)
}

/// The leaves that say that the relay went back.
pub(crate) fn restored(tx: &Tx<'_>, server_id: &ServerId) -> Result<Vec<Leaf>, ClientError> {
    let sql =
        "SELECT leaf FROM ledger_leaf WHERE server_id = ?1 AND substr(leaf, 1, 1) = x'06' ORDER BY place";
    let mut rows = tx.prepare_cached(sql)?;
    let rows = rows.query_map([server_id.0], |row| row.get::<_, Vec<u8>>(0))?;
    rows.map(|bytes| decode(&bytes?, "a leaf of a log")).collect()
}

/// Subtrees whose roots are kept have 2^this leaves.
pub(crate) const SUBTREE_LEVEL: u32 = 8;

/// The root of the first leaves of a log, which is not hashed anew for it; `None` where there are not so many.
pub(crate) fn root_at(tx: &Tx<'_>, server_id: &ServerId, size: u64) -> Result<Option<Hash>, ClientError> {
    let sql = "SELECT subtrees FROM ledger WHERE server_id = ?1";
    let kept: Vec<u8> = tx.query_row(sql, [server_id.0], |row| row.get(0)).optional()?.unwrap_or_default();
    let (kept, _) = kept.as_chunks::<32>();
    let whole = usize::try_from(size >> SUBTREE_LEVEL).unwrap_or(usize::MAX).min(kept.len());
    let mut tree = Tree::of_subtrees(SUBTREE_LEVEL, kept.get(..whole).unwrap_or_default());
    let sql =
        "SELECT leaf FROM ledger_leaf WHERE server_id = ?1 AND place >= ?2 AND place < ?3 ORDER BY place";
    let mut rows = tx.prepare_cached(sql)?;
    let rows = rows.query_map((server_id.0, int(tree.size()), int(size)), |row| row.get::<_, Vec<u8>>(0))?;
    for bytes in rows {
        tree.push(&decode::<Leaf>(&bytes?, "a leaf of a log")?);
    }
    Ok((tree.size() == size).then(|| tree.root()))
}

/// One leaf.
pub(crate) fn leaf(tx: &Tx<'_>, server_id: &ServerId, place: u64) -> Result<Option<Leaf>, ClientError> {
    let sql = "SELECT leaf FROM ledger_leaf WHERE server_id = ?1 AND place = ?2";
    let bytes = tx.query_row(sql, (server_id.0, int(place)), |row| row.get::<_, Vec<u8>>(0)).optional()?;
    bytes.map(|bytes| decode(&bytes, "a leaf of a log")).transpose()
}

/// Where the newest leaf with a tag stands.
pub(crate) fn newest(tx: &Tx<'_>, server_id: &ServerId, tag: &NameTag) -> Result<Option<u64>, ClientError> {
    let sql = "SELECT max(place) FROM ledger_leaf WHERE server_id = ?1 AND tag = ?2";
    let place: Option<i64> = tx.query_row(sql, (server_id.0, tag.0), |row| row.get(0))?;
    Ok(place.map(uint))
}

/// What a replay that succeeded found.
pub(crate) struct Replayed<'a> {
    pub(crate) head: &'a TreeHead,
    /// How many of the leaves from before stand.
    pub(crate) first: u64,
    /// Those behind them.
    pub(crate) fed: &'a [Leaf],
    /// The roots of all whole subtrees of 2^[`SUBTREE_LEVEL`] leaves.
    pub(crate) subtrees: &'a [Hash],
    /// Whether leaves that were known are gone, and the relay said so.
    pub(crate) went_back: bool,
}

/// Keeps what a replay found.
pub(crate) fn keep(tx: &Tx<'_>, server_id: &ServerId, replayed: &Replayed<'_>) -> Result<(), ClientError> {
    let Replayed { head, first, fed, subtrees, went_back } = replayed;
    tx.execute("DELETE FROM ledger_leaf WHERE server_id = ?1 AND place >= ?2", (server_id.0, int(*first)))?;
    for (place, leaf) in (*first..).zip(*fed) {
        let sql = "INSERT INTO ledger_leaf (server_id, place, tag, leaf) VALUES (?1, ?2, ?3, ?4)";
        tx.execute(sql, (server_id.0, int(place), leaf.tag.0, leaf.to_bytes()))?;
    }
    let sql =
        "UPDATE ledger SET head = ?2, replayed_at = ?3, replays = replays + 1, subtrees = ?4, trouble = NULL,
               trouble_at = NULL, shown = NULL, untold = untold & ~1 WHERE server_id = ?1";
    tx.execute(sql, (server_id.0, head.to_bytes(), int(tx.now().0), subtrees.as_flattened()))?;
    if *went_back {
        let sql = "UPDATE ledger SET restored_at = ?2, untold = untold | 2 WHERE server_id = ?1";
        tx.execute(sql, (server_id.0, int(tx.now().0)))?;
    }
    note_silence(tx, server_id)
}

/// Notes what was wrong; said once for as long as it stays so.
pub(crate) fn troubled(
    tx: &Tx<'_>,
    server_id: &ServerId,
    trouble: Trouble,
    shown: &TreeHead,
) -> Result<(), ClientError> {
    let sql = "UPDATE ledger SET untold = iif(trouble IS ?2, untold, untold | 1),
               trouble_at = iif(trouble IS ?2, trouble_at, ?3), trouble = ?2, shown = ?4 WHERE server_id = ?1";
    tx.execute(sql, (server_id.0, number_of(trouble), int(tx.now().0), shown.to_bytes()))?;
    Ok(())
}

/// Notes a leaf of my own name that I did not make, or that there is none.
pub(crate) fn not_mine(tx: &Tx<'_>, server_id: &ServerId, leaf: Option<u64>) -> Result<(), ClientError> {
    let sql =
        "UPDATE ledger SET untold = iif(?2 IS NULL OR not_mine IS ?2, untold, untold | 4), not_mine = ?2
               WHERE server_id = ?1";
    tx.execute(sql, (server_id.0, leaf.map(int)))?;
    Ok(())
}

/// When the last leaf of a log was written; the time of the head where it has none.
pub(crate) fn written_at(tx: &Tx<'_>, row: &LedgerRow) -> Result<Option<UnixSeconds>, ClientError> {
    let Some(head) = &row.head else { return Ok(None) };
    let last = leaf(tx, &row.server_id, head.size.saturating_sub(1))?;
    Ok(Some(UnixSeconds(last.map_or(head.time, |leaf| u64::from(leaf.time)))))
}

/// Whether a log is silent: one leaf is due a day, however often a head is signed.
pub(crate) fn is_silent_since(written_at: Option<UnixSeconds>, now: UnixSeconds) -> bool {
    written_at.is_some_and(|at| now.0.saturating_sub(at.0) > SILENT_HOURS * 3_600)
}

/// Notes whether the log that was replayed just now is silent; said once for as long as it stays so.
fn note_silence(tx: &Tx<'_>, server_id: &ServerId) -> Result<(), ClientError> {
    let Some(row) = get(tx, server_id)? else { return Ok(()) };
    let is_silent = is_silent_since(written_at(tx, &row)?, tx.now());
    tx.execute("UPDATE ledger SET unread_since = NULL WHERE server_id = ?1", [server_id.0])?;
    set_silent(tx, server_id, is_silent)
}

/// Notes that a log could not be had from a server that answers otherwise; for long, that is silence.
pub(crate) fn note_unread(tx: &Tx<'_>, server_id: &ServerId) -> Result<(), ClientError> {
    let sql =
        "UPDATE ledger SET unread_since = coalesce(unread_since, ?2) WHERE server_id = ?1 AND head NOT NULL
               RETURNING unread_since";
    let since = tx.query_row(sql, (server_id.0, int(tx.now().0)), |row| row.get(0)).optional()?;
    match is_silent_since(since.map(|since| UnixSeconds(uint(since))), tx.now()) {
        true => set_silent(tx, server_id, true),
        false => Ok(()),
    }
}

fn set_silent(tx: &Tx<'_>, server_id: &ServerId, is_silent: bool) -> Result<(), ClientError> {
    let sql =
        "UPDATE ledger SET untold = iif(?2 AND NOT silent, untold | 16, iif(?2, untold, untold & ~16)), silent = ?2
               WHERE server_id = ?1";
    tx.execute(sql, (server_id.0, is_silent))?;
    Ok(())
}

/// What a person has yet to hear of logs; heard by this.
pub(crate) fn take_untold(tx: &Tx<'_>) -> Result<Vec<(HostPort, NoticeOfLog)>, ClientError> {
    let mut told = Vec::new();
    for row in all(tx)? {
        let sql = "SELECT untold FROM ledger WHERE server_id = ?1";
        let untold: i64 = tx.query_row(sql, [row.server_id.0], |row| row.get(0))?;
        let trouble = row.trouble.filter(|_| untold & 1 != 0).map(|(trouble, _)| NoticeOfLog::of(trouble));
        let restored = (untold & 2 != 0).then_some(NoticeOfLog::Restored);
        let not_mine = row.not_mine.filter(|_| untold & 4 != 0).map(|_| NoticeOfLog::NotMine);
        let fraud = (untold & 8 != 0).then_some(NoticeOfLog::Fraud);
        let silent = (untold & 16 != 0).then_some(NoticeOfLog::Silent);
        told.extend(
            [trouble, restored, not_mine, fraud, silent]
                .into_iter()
                .flatten()
                .map(|what| (row.at.clone(), what)),
        );
    }
    if !told.is_empty() {
        tx.execute("UPDATE ledger SET untold = 0", [])?;
    }
    Ok(told)
}

/// The tag of a name, if it was computed before.
pub(crate) fn tag(tx: &Tx<'_>, server_id: &ServerId, name: &Name) -> Result<Option<NameTag>, ClientError> {
    let sql = "SELECT tag FROM name_tag WHERE server_id = ?1 AND name = ?2";
    let tag = tx.query_row(sql, (server_id.0, name.as_str()), |row| row.get::<_, [u8; 32]>(0)).optional()?;
    Ok(tag.map(NameTag))
}

/// Keeps a tag.
pub(crate) fn keep_tag(
    tx: &Tx<'_>,
    server_id: &ServerId,
    name: &Name,
    tag: &NameTag,
) -> Result<(), ClientError> {
    let sql = "INSERT OR REPLACE INTO name_tag (server_id, name, tag) VALUES (?1, ?2, ?3)";
    tx.execute(sql, (server_id.0, name.as_str(), tag.0))?;
    Ok(())
}

/// What a contact was shown of a log.
pub(crate) struct Told {
    pub(crate) contact: i64,
    pub(crate) server_id: ServerId,
    /// Whether it waits for a later replay.
    pub(crate) waits: bool,
    /// Of which log and number ([`crypto::gossip_log`]).
    pub(crate) log: [u8; 4],
    pub(crate) size: u64,
    pub(crate) root: Hash,
    /// No later than the head's time, by the clock of its relay.
    pub(crate) head_time: UnixSeconds,
    pub(crate) heard_at: UnixSeconds,
    /// Replays of this log by then.
    pub(crate) replays: u32,
    /// Signed, if he sent it.
    pub(crate) head: Option<TreeHead>,
}

impl Told {
    fn slot(&self) -> u8 {
        u8::from(self.waits) | u8::from(self.head.is_some()) << 1
    }
}

/// Keeps what a contact was shown of a log. What can be compared takes the place of the one before; what waits stays until a
/// later replay, however much he says meanwhile.
pub(crate) fn keep_told(tx: &Tx<'_>, told: &Told) -> Result<(), ClientError> {
    let sql =
        "INSERT INTO gossip (contact, server_id, slot, log, size, root, head_time, heard_at, replays, head)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
               ON CONFLICT (contact, server_id, slot) DO UPDATE
               SET log = ?4, size = ?5, root = ?6, head_time = ?7, heard_at = ?8, replays = ?9, head = ?10
               WHERE slot & 1 = 0";
    let head = told.head.as_ref().map(Wire::to_bytes);
    let row = rusqlite::params![
        told.contact,
        told.server_id.0,
        told.slot(),
        told.log,
        int(told.size),
        told.root,
        int(told.head_time.0),
        int(told.heard_at.0),
        told.replays,
        head,
    ];
    tx.execute(sql, row)?;
    Ok(())
}

/// What contacts were shown of a log.
pub(crate) fn told_of(tx: &Tx<'_>, server_id: &ServerId) -> Result<Vec<Told>, ClientError> {
    let sql = "SELECT contact, slot & 1, log, size, root, head_time, heard_at, replays, head FROM gossip
               WHERE server_id = ?1 ORDER BY contact, slot";
    let mut rows = tx.prepare_cached(sql)?;
    let rows = rows.query_map([server_id.0], |row| {
        let told = Told {
            contact: row.get(0)?,
            server_id: *server_id,
            waits: row.get(1)?,
            log: row.get(2)?,
            size: uint(row.get(3)?),
            root: row.get(4)?,
            head_time: UnixSeconds(uint(row.get(5)?)),
            heard_at: UnixSeconds(uint(row.get(6)?)),
            replays: row.get(7)?,
            head: None,
        };
        Ok((told, row.get::<_, Option<Vec<u8>>>(8)?))
    })?;
    rows.map(|row| {
        let (told, head) = row?;
        let head = head.map(|bytes| decode(&bytes, "the head of a log")).transpose()?;
        Ok(Told { head, ..told })
    })
    .collect()
}

/// It was compared.
pub(crate) fn forget_told(tx: &Tx<'_>, told: &Told) -> Result<(), ClientError> {
    let sql = "DELETE FROM gossip WHERE contact = ?1 AND server_id = ?2 AND slot = ?3";
    tx.execute(sql, (told.contact, told.server_id.0, told.slot()))?;
    Ok(())
}

/// A contact was shown another log of this server; said once.
pub(crate) fn note_other_log(tx: &Tx<'_>, told: &Told) -> Result<(), ClientError> {
    let sql = "UPDATE contact SET other_log = ?2 WHERE id = ?1 AND head_sent_at = 0";
    tx.execute(sql, (told.contact, told.server_id.0))?;
    Ok(())
}

/// Whether a head of mine may go to a contact: at most one a day. It counts as sent from here on.
pub(crate) fn may_send_head(tx: &Tx<'_>, contact: i64, pause_s: u64) -> Result<bool, ClientError> {
    let now = tx.now().0;
    let sql = "UPDATE contact SET head_sent_at = ?2
               WHERE id = ?1 AND answered = 1 AND blocked = 0 AND standing = 0 AND given_up_at IS NULL
               AND head_sent_at <= ?3";
    Ok(tx.execute(sql, (contact, int(now), int(now.saturating_sub(pause_s))))? == 1)
}

/// A proof was kept; said once.
pub(crate) fn note_fraud(tx: &Tx<'_>, server_id: &ServerId) -> Result<(), ClientError> {
    tx.execute("UPDATE ledger SET untold = untold | 8 WHERE server_id = ?1", [server_id.0])?;
    Ok(())
}

/// Contacts who were shown another log, and of which server; heard by this.
pub(crate) fn take_other_logs(tx: &Tx<'_>) -> Result<Vec<(i64, HostPort)>, ClientError> {
    let sql = "SELECT contact.id, ledger.host, ledger.port FROM contact
               JOIN ledger ON ledger.server_id = contact.other_log WHERE contact.standing = 0";
    let mut rows = tx.prepare_cached(sql)?;
    let rows =
        rows.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?, row.get::<_, u16>(2)?)))?;
    let found = rows.map(|row| {
        let (id, host, port) = row?;
        Ok((id, parse_host(&host, port)?))
    });
    let found: Vec<_> = found.collect::<Result<_, ClientError>>()?;
    if !found.is_empty() {
        tx.execute("UPDATE contact SET other_log = NULL", [])?;
    }
    Ok(found)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use ledger::{Replay, heartbeat};

    use super::*;
    use crate::{Profile, vault::Vault};

    const SERVER: ServerId = ServerId([7; 32]);

    #[test]
    fn the_root_of_the_first_leaves_is_that_of_a_replay_however_many_subtrees_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::in_memory(&Profile::named(Some(folder.path()), "default").unwrap());
        super::super::migrate::migrate(&vault).unwrap();
        let leaves: Vec<Leaf> = (1..=600).map(heartbeat).collect();
        let replay = Replay::of(&leaves).unwrap();
        let at = HostPort::parse("127.0.0.1:1").unwrap();
        for kept in 0..=2 {
            let subtrees = &replay.subtrees(SUBTREE_LEVEL as usize)[..kept];
            let replayed =
                Replayed { head: &TreeHead::EMPTY, first: 0, fed: &leaves, subtrees, went_back: false };
            vault.write(|tx| meet(tx, &SERVER, &at).and_then(|()| keep(tx, &SERVER, &replayed))).unwrap();
            for size in [0, 1, 255, 256, 257, 512, 599, 600, 601] {
                let root = vault.read(|tx| root_at(tx, &SERVER, size)).unwrap();
                assert_eq!(root, replay.root_at(size), "{size} leaves, {kept} subtrees");
            }
        }
    }

    #[test]
    fn what_waits_for_a_replay_stays_and_keeps_nothing_else_away() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::in_memory(&Profile::named(Some(folder.path()), "default").unwrap());
        super::super::migrate::migrate(&vault).unwrap();
        let told = |waits, size| Told {
            contact: 1,
            server_id: SERVER,
            waits,
            log: [1; 4],
            size,
            root: [2; 32],
            head_time: UnixSeconds(3),
            heard_at: UnixSeconds(4),
            replays: 5,
            head: None,
        };
        for (waits, size) in [(true, 90), (false, 7), (true, 91), (false, 8)] {
            vault.write(|tx| keep_told(tx, &told(waits, size))).unwrap();
        }
        let sizes = || {
            vault.read(|tx| told_of(tx, &SERVER)).unwrap().iter().map(|told| told.size).collect::<Vec<_>>()
        };
        assert_eq!(sizes(), [8, 90]);
        vault.write(|tx| forget_told(tx, &told(false, 8))).unwrap();
        assert_eq!(sizes(), [90]);
    }
}
