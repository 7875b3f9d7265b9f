//! Who I am: the one row of `me`.

use crypto::IdentitySecret;
use e2ee::Account;
use rusqlite::OptionalExtension;
use wire::{
    Address, CommitmentNonce, HostPort, IdentityFingerprint, IdentityRecord, InviteCode, Name, PrekeyBundle,
    ServerId, ShortFingerprint, UnixSeconds, Wire, address::Pins,
};
use zeroize::Zeroizing;

use super::{Tx, Vault, decode, int, uint};
use crate::ClientError;

/// How far joining got. Each step is written before the next request leaves.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Stage {
    /// Keys are made; CLAIM may have left.
    Begun = 0,
    /// The name is mine.
    Registered = 1,
    /// The doorstep exists.
    Doorstep = 2,
    /// The inbox exists.
    Inbox = 3,
    /// The inbox knows its stamps.
    Stamps = 4,
    /// The bundle is published: joined.
    Joined = 5,
}

/// What this vault is among the copies of its identity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Copy {
    /// The one that counts, as far as it knows.
    Counts = 0,
    /// Restored, and not yet renewed.
    Restored = 1,
    /// Perhaps an older copy: the person decides.
    PerhapsOld = 2,
    /// Renewed; its bundle is not published yet.
    Renewed = 3,
}

/// The row.
#[derive(Clone, Debug)]
pub(crate) struct Me {
    pub(crate) stage: Stage,
    pub(crate) name: Name,
    pub(crate) at: HostPort,
    pub(crate) server_id: ServerId,
    pub(crate) server_pinned: bool,
    pub(crate) fingerprint: IdentityFingerprint,
    pub(crate) record: IdentityRecord,
    pub(crate) commitment_nonce: Option<CommitmentNonce>,
    pub(crate) leaf_index: u64,
    /// When the server told that; zero where that was before it was noted.
    pub(crate) registered_at: UnixSeconds,
    /// Whether a replay of the log has found it there.
    pub(crate) leaf_seen: bool,
    pub(crate) invite: Option<InviteCode>,
    pub(crate) bundle: Option<PrekeyBundle>,
    pub(crate) bundle_counter: u64,
    pub(crate) bundle_published: bool,
    pub(crate) swept_day: u16,
}

impl Me {
    /// My full address.
    pub(crate) fn address(&self) -> Address {
        let pins = Pins {
            server: ShortFingerprint::from_full(&self.server_id.0),
            identity: ShortFingerprint::from_full(&self.fingerprint.0),
        };
        Address { name: self.name.clone(), at: self.at.clone(), pins: Some(pins) }
    }
}

/// What a new row holds.
pub(crate) struct NewMe<'a> {
    pub(crate) name: &'a Name,
    pub(crate) at: &'a HostPort,
    pub(crate) server_id: &'a ServerId,
    pub(crate) server_pinned: bool,
    pub(crate) identity: &'a IdentitySecret,
    pub(crate) record: &'a IdentityRecord,
    pub(crate) recovery_entropy: &'a [u8; 32],
    pub(crate) invite: Option<&'a InviteCode>,
    pub(crate) account: &'a Account,
}

impl Vault {
    /// Who I am, once joined.
    pub(crate) fn me(&self) -> Result<Me, ClientError> {
        match self.read(me)? {
            Some(me) if me.stage == Stage::Joined => Ok(me),
            Some(_) => Err(ClientError::JoinUnfinished),
            None => Err(ClientError::JoinUnfinished),
        }
    }
}

/// The row, at whatever stage.
pub(crate) fn me(tx: &Tx<'_>) -> Result<Option<Me>, ClientError> {
    let sql =
        "SELECT stage, name, host, port, server_id, server_pinned, fingerprint, record, commitment_nonce,
               leaf_index, invite, bundle, bundle_counter, bundle_published, swept_day, registered_at, leaf_seen
               FROM me";
    let raw = tx
        .query_row(sql, [], |row| {
            Ok((
                (
                    row.get::<_, i64>(0)?,
                    row.get::<_, String>(1)?,
                    row.get::<_, String>(2)?,
                    row.get::<_, u16>(3)?,
                ),
                (row.get::<_, [u8; 32]>(4)?, row.get::<_, bool>(5)?, row.get::<_, [u8; 32]>(6)?),
                (
                    row.get::<_, Vec<u8>>(7)?,
                    row.get::<_, Option<[u8; 16]>>(8)?,
                    row.get::<_, Option<i64>>(9)?,
                ),
                (row.get::<_, Option<[u8; 16]>>(10)?, row.get::<_, Option<Vec<u8>>>(11)?),
                (row.get::<_, i64>(12)?, row.get::<_, bool>(13)?, row.get::<_, u16>(14)?),
                (row.get::<_, i64>(15)?, row.get::<_, bool>(16)?),
            ))
        })
        .optional()?;
    let Some(((stage, name, host, port), (server_id, pinned, fingerprint), record, extra, counters, leaf)) =
        raw
    else {
        return Ok(None);
    };
    Ok(Some(Me {
        stage: stage_from(stage)?,
        name: parse_name(&name)?,
        at: parse_host(&host, port)?,
        server_id: ServerId(server_id),
        server_pinned: pinned,
        fingerprint: IdentityFingerprint(fingerprint),
        record: decode(&record.0, "my record")?,
        commitment_nonce: record.1.map(CommitmentNonce),
        leaf_index: uint(record.2.unwrap_or(0)),
        registered_at: UnixSeconds(uint(leaf.0)),
        leaf_seen: leaf.1,
        invite: extra.0.map(InviteCode),
        bundle: extra.1.map(|bytes| decode(&bytes, "my bundle")).transpose()?,
        bundle_counter: uint(counters.0),
        bundle_published: counters.1,
        swept_day: counters.2,
    }))
}

/// Writes the row that joining begins with.
pub(crate) fn insert(tx: &Tx<'_>, new: &NewMe<'_>) -> Result<(), ClientError> {
    tx.execute(
        "INSERT INTO me (id, stage, name, host, port, server_id, server_pinned, identity_seeds, fingerprint, record,
         recovery_entropy, invite, account, bundle_counter, bundle_published)
         VALUES (1, 0, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 0, 0)",
        rusqlite::params![
            new.name.as_str(),
            new.at.host(),
            new.at.port(),
            new.server_id.0,
            new.server_pinned,
            new.identity.seeds().expose(),
            new.identity.public().fingerprint(),
            new.record.to_bytes(),
            new.recovery_entropy,
            new.invite.map(|code| code.0),
            new.account.snapshot().as_slice(),
        ],
    )?;
    Ok(())
}

/// My identity key, for signing bundles.
pub(crate) fn identity(tx: &Tx<'_>) -> Result<IdentitySecret, ClientError> {
    let seeds: [u8; 64] = tx.query_row("SELECT identity_seeds FROM me", [], |row| row.get(0))?;
    identity_from(&Zeroizing::new(seeds))
}

/// An identity key out of its column.
pub(crate) fn identity_from(seeds: &[u8; 64]) -> Result<IdentitySecret, ClientError> {
    let halves = (seeds.first_chunk::<32>(), seeds.last_chunk::<32>());
    match halves {
        (Some(first), Some(last)) => Ok(IdentitySecret::from_seeds(*first, *last)),
        _ => Err(ClientError::VaultDamaged { what: "my identity" }),
    }
}

/// My Olm account and prekeys.
pub(crate) fn account(tx: &Tx<'_>) -> Result<Account, ClientError> {
    let bytes: Vec<u8> = tx.query_row("SELECT account FROM me", [], |row| row.get(0))?;
    Account::restore(&bytes).map_err(|_| ClientError::VaultDamaged { what: "my prekeys" })
}

/// Replaces the account.
pub(crate) fn set_account(tx: &Tx<'_>, account: &Account) -> Result<(), ClientError> {
    tx.execute("UPDATE me SET account = ?1", [account.snapshot().as_slice()])?;
    Ok(())
}

/// Notes how far joining got.
pub(crate) fn set_stage(tx: &Tx<'_>, stage: Stage) -> Result<(), ClientError> {
    tx.execute("UPDATE me SET stage = ?1", [stage as i64])?;
    Ok(())
}

/// Notes what REGISTERED said.
pub(crate) fn set_registered(
    tx: &Tx<'_>,
    nonce: &CommitmentNonce,
    leaf_index: u64,
) -> Result<(), ClientError> {
    set_leaf(tx, nonce, leaf_index)?;
    set_stage(tx, Stage::Registered)
}

/// Notes where the leaf of my record stands in the log, as the server says; the next replay looks.
pub(crate) fn set_leaf(tx: &Tx<'_>, nonce: &CommitmentNonce, leaf_index: u64) -> Result<(), ClientError> {
    let sql = "UPDATE me SET commitment_nonce = ?1, leaf_index = ?2, registered_at = ?3, leaf_seen = 0";
    tx.execute(sql, (nonce.0, int(leaf_index), int(tx.now().0)))?;
    Ok(())
}

/// Notes that it stands there.
pub(crate) fn set_leaf_seen(tx: &Tx<'_>) -> Result<(), ClientError> {
    tx.execute("UPDATE me SET leaf_seen = 1", [])?;
    Ok(())
}

/// Notes a bundle that is to be published.
pub(crate) fn set_bundle(tx: &Tx<'_>, bundle: &PrekeyBundle) -> Result<(), ClientError> {
    tx.execute(
        "UPDATE me SET bundle = ?1, bundle_counter = ?2, bundle_published = 0",
        (bundle.to_bytes(), int(bundle.body.counter)),
    )?;
    Ok(())
}

/// Notes that the bundle stands in the directory: a renewed vault counts from then on.
pub(crate) fn set_published(tx: &Tx<'_>) -> Result<(), ClientError> {
    tx.execute("UPDATE me SET bundle_published = 1, copy = iif(copy = 3, 0, copy)", [])?;
    Ok(())
}

/// Notes that the directory may have lost the bundle.
pub(crate) fn set_unpublished(tx: &Tx<'_>) -> Result<(), ClientError> {
    tx.execute("UPDATE me SET bundle_published = 0 WHERE bundle IS NOT NULL", [])?;
    Ok(())
}

/// The entropy behind the recovery words, until somebody is known to have them.
pub(crate) fn recovery_entropy(tx: &Tx<'_>) -> Result<Option<Zeroizing<[u8; 32]>>, ClientError> {
    let entropy = tx.query_row("SELECT recovery_entropy FROM me", [], |row| {
        row.get(0).map(|entropy: Option<[u8; 32]>| entropy.map(Zeroizing::new))
    });
    Ok(entropy?)
}

/// Whether it is there still.
pub(crate) fn has_recovery_words(tx: &Tx<'_>) -> Result<bool, ClientError> {
    Ok(tx.query_row("SELECT recovery_entropy IS NOT NULL FROM me", [], |row| row.get(0))?)
}

/// Forgets the recovery words.
pub(crate) fn forget_recovery_words(tx: &Tx<'_>) -> Result<(), ClientError> {
    tx.execute("UPDATE me SET recovery_entropy = NULL", [])?;
    Ok(())
}

/// Forgets what only joining needs.
pub(crate) fn forget_joining(tx: &Tx<'_>) -> Result<(), ClientError> {
    tx.execute("UPDATE me SET invite = NULL", [])?;
    set_stage(tx, Stage::Joined)
}

/// What this vault is among the copies of its identity.
pub(crate) fn copy(tx: &Tx<'_>) -> Result<Copy, ClientError> {
    Ok(match tx.query_row("SELECT copy FROM me", [], |row| row.get::<_, i64>(0))? {
        0 => Copy::Counts,
        1 => Copy::Restored,
        2 => Copy::PerhapsOld,
        3 => Copy::Renewed,
        _ => return Err(ClientError::VaultDamaged { what: "what this copy is" }),
    })
}

/// Notes what this vault is among the copies of its identity.
pub(crate) fn set_copy(tx: &Tx<'_>, copy: Copy) -> Result<(), ClientError> {
    tx.execute("UPDATE me SET copy = ?1", [copy as i64])?;
    Ok(())
}

/// The next bundle has a higher counter than this.
pub(crate) fn raise_bundle_counter(tx: &Tx<'_>, counter: u64) -> Result<(), ClientError> {
    tx.execute("UPDATE me SET bundle_counter = max(bundle_counter, ?1)", [int(counter)])?;
    Ok(())
}

fn stage_from(number: i64) -> Result<Stage, ClientError> {
    Ok(match number {
        0 => Stage::Begun,
        1 => Stage::Registered,
        2 => Stage::Doorstep,
        3 => Stage::Inbox,
        4 => Stage::Stamps,
        5 => Stage::Joined,
        _ => return Err(ClientError::VaultDamaged { what: "the stage of joining" }),
    })
}

/// A name out of a column.
pub(crate) fn parse_name(text: &str) -> Result<Name, ClientError> {
    Name::parse(text).map_err(|_| ClientError::VaultDamaged { what: "a name" })
}

/// A host out of two columns.
pub(crate) fn parse_host(host: &str, port: u16) -> Result<HostPort, ClientError> {
    HostPort::new(host, port).map_err(|_| ClientError::VaultDamaged { what: "a host" })
}
