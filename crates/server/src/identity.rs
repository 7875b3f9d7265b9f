//! Who this server is: the root key, the tls-ca and the ledger key that it endorses, and the server id (DESIGN § 4).
//!
//! The root key is made at first start and may be taken off the box: only renewing the tls-ca and the endorsement,
//! once a year, asks for it. The server id is SHA-256 of the root's SPKI, and everything else can change without it.

mod ledger_key;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ED25519, PublicKeyData,
};
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde::{Deserialize, Serialize};
use wire::{ServerId, UnixSeconds};
use zeroize::Zeroizing;

pub use self::ledger_key::LedgerKey;

use crate::data_folder::{self, DataFolderError, make_private, write_private};
use crate::failure::{EXIT_IDENTITY, Failure};

/// How long the root endorses a tls-ca.
pub const CA_LIFE_S: u64 = 365 * 86_400;
/// A tls-ca that nobody here can renew is said this early.
pub const CA_DAYS_MIN: u64 = 60;
/// Certificates begin this much earlier, for clocks that are behind.
pub const BACKDATE_S: u64 = 86_400;
/// How long the root's own certificate stands: it is a container for the key, which is what is pinned.
const ROOT_LIFE_S: u64 = 100 * CA_LIFE_S;

/// The one file that may be kept off the machine.
pub const ROOT_KEY: &str = "root.key";
/// Everything that the folder holds.
pub const FILES: [&str; 7] = [
    "root.crt",
    ROOT_KEY,
    "tls-ca.crt",
    "tls-ca.key",
    "tls-ca.toml",
    ledger_key::KEY,
    ledger_key::ENDORSEMENT,
];
/// Renewals met while reading, before it is called something else.
const READS_MAX: usize = 3;

/// Why there is no identity to serve with.
#[derive(thiserror::Error, Debug)]
pub enum IdentityError {
    /// A file cannot be read or written, or is not private.
    #[error(transparent)]
    Folder(#[from] DataFolderError),
    /// Envelopes are here and the identity is not: a new one would be another server.
    #[error("{0} holds a store but no server identity")]
    Lost(PathBuf),
    /// The files contradict each other or cannot be parsed.
    #[error("{path}: {reason}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The tls-ca has expired and the root key, which could renew it, is not here.
    #[error("the TLS certificate authority has expired and root.key is not on this machine")]
    RootNeeded,
    /// The root key is kept elsewhere.
    #[error("{0} is not there")]
    RootAway(PathBuf),
    /// What shall be the root key is another key, or none.
    #[error("{0} holds something else; nothing was changed")]
    OtherRoot(PathBuf),
    /// A certificate could not be made.
    #[error("a certificate could not be made: {0}")]
    Certificate(#[from] rcgen::Error),
}

impl From<IdentityError> for Failure {
    fn from(error: IdentityError) -> Self {
        let why = error.to_string();
        let (what, remedy, code) = match error {
            IdentityError::Folder(error) => return error.into(),
            IdentityError::Lost(_) => (
                "the server's identity is missing",
                "put the folder identity/ back from your backup; without it no client will connect again",
                "OUB-S060",
            ),
            IdentityError::RootNeeded => (
                "the server's certificate has expired",
                "look whether the clock is right (timedatectl); if it is, bring root.key back with   oublietted identity \
                 import-root FILE   and start; it can leave again afterwards",
                "OUB-S061",
            ),
            IdentityError::RootAway(_) => (
                "the root key is not on this machine",
                "bring it back from where you keep it:   oublietted identity import-root FILE",
                "OUB-S063",
            ),
            IdentityError::OtherRoot(_) => (
                "this is not the root key of this server",
                "look for the file that   oublietted identity export-root   made on this server",
                "OUB-S064",
            ),
            IdentityError::Damaged { .. } | IdentityError::Certificate(_) => (
                "the server's identity cannot be used",
                "put the folder identity/ back from your backup; do not delete it",
                "OUB-S062",
            ),
        };
        Failure::new(what, why, remedy, EXIT_IDENTITY, code)
    }
}

/// The identity as loaded: enough to issue leaves, and the root key only while it is on the box.
#[derive(Debug)]
pub struct Identity {
    folder: PathBuf,
    server_id: ServerId,
    root: CertificateDer<'static>,
    ca: CertificateDer<'static>,
    ca_key: String,
    ca_not_after: UnixSeconds,
    ledger: Option<LedgerKey>,
}

/// What is remembered beside the tls-ca, so that nothing has to parse certificates.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaEnd {
    not_after: u64,
}

impl Identity {
    /// Loads the identity, makes it at first start, and renews the tls-ca when it is due and possible.
    pub fn load_or_make(folder: &Path, store: &Path, now: UnixSeconds) -> Result<Self, IdentityError> {
        make_private(folder)?;
        if !folder.join("root.crt").exists() {
            if !folder.join("root.key").exists() && (folder.join("tls-ca.crt").exists() || is_filled(store)) {
                return Err(IdentityError::Lost(folder.to_path_buf()));
            }
            make_root(folder, now)?;
        }
        let mut identity = match Self::load(folder) {
            Ok(identity) => identity,
            Err(Missing::Ca) => Self::issue_ca(folder, now)?,
            Err(Missing::Broken(error)) => return Err(error),
        };
        identity.renew(now)?;
        identity.endorse(now, 0)?;
        Ok(identity)
    }

    /// Loads what is there without changing anything, for `check`.
    pub fn inspect(folder: &Path) -> Result<Option<Self>, IdentityError> {
        if !folder.join("root.crt").exists() {
            return Ok(None);
        }
        match Self::load(folder) {
            Ok(identity) => Ok(Some(identity)),
            Err(Missing::Ca) => Ok(None),
            Err(Missing::Broken(error)) => Err(error),
        }
    }

    /// The files that are there, as they belong together: a renewal between two of them makes it read anew.
    pub fn files(folder: &Path) -> Result<Vec<(&'static str, Vec<u8>)>, IdentityError> {
        let mut before = read_all(folder)?;
        for _ in 0..READS_MAX {
            let now = read_all(folder)?;
            if now == before {
                return Ok(now);
            }
            before = now;
        }
        Err(damaged(folder, "tls-ca.toml", "does not stay the same"))
    }

    /// Issues a new tls-ca if less than a third of its life is left, or it begins in the future (it was issued while
    /// the system's clock was ahead), and the root key is here; says whether.
    pub fn renew(&mut self, now: UnixSeconds) -> Result<bool, IdentityError> {
        if !self.is_due(now) {
            return Ok(false);
        }
        if self.root_key_is_here() {
            *self = Self::issue_ca(&self.folder, now)?;
            return Ok(true);
        }
        if self.ca_not_after <= now { Err(IdentityError::RootNeeded) } else { Ok(false) }
    }

    /// Has the root key endorse the ledger key, which is made the first time, if that is due and the root key is here;
    /// says whether. `log_time` is that of the newest leaf: of one that came while the clock was ahead, the head has to be
    /// believed too.
    pub fn endorse(&mut self, now: UnixSeconds, log_time: u64) -> Result<bool, IdentityError> {
        let until = now.0.max(log_time);
        if !self.ledger.as_ref().is_none_or(|key| key.is_due(until)) || !self.root_key_is_here() {
            return Ok(false);
        }
        self.ledger = Some(LedgerKey::endorse(&self.folder, now, until)?);
        Ok(true)
    }

    /// What signs the heads of the ledger; `None` until the root key has endorsed one.
    pub fn ledger_key(&self) -> Option<LedgerKey> {
        self.ledger.clone()
    }

    /// Whether it is time for a new tls-ca.
    fn is_due(&self, now: UnixSeconds) -> bool {
        is_due(self.ca_not_after, now)
    }

    /// SHA-256 of the root's SPKI.
    pub fn server_id(&self) -> ServerId {
        self.server_id
    }

    /// Root and tls-ca, as they follow a leaf: the root last.
    pub fn chain(&self) -> [CertificateDer<'static>; 2] {
        [self.ca.clone(), self.root.clone()]
    }

    /// What signs leaves.
    pub fn leaf_issuer(&self) -> Result<Issuer<'static, KeyPair>, rcgen::Error> {
        Ok(Issuer::new(ca_params("oubliette tls-ca", 0), KeyPair::from_pem(&self.ca_key)?))
    }

    /// When the tls-ca ends.
    pub fn ca_not_after(&self) -> UnixSeconds {
        self.ca_not_after
    }

    /// Whether the tls-ca ends before long and nobody here can renew it.
    pub fn ends_soon(&self, now: UnixSeconds) -> bool {
        !self.root_key_is_here() && self.ca_not_after.0.saturating_sub(now.0) < CA_DAYS_MIN * 86_400
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether the root key is still on this machine.
    pub fn root_key_is_here(&self) -> bool {
        self.folder.join("root.key").exists()
    }

    /// The root key, as PEM: the one of root.crt, or nothing would have been loaded.
    pub fn root_key(&self) -> Result<Zeroizing<String>, IdentityError> {
        let path = self.folder.join(ROOT_KEY);
        if !path.exists() {
            return Err(IdentityError::RootAway(path));
        }
        read(&path).map(Zeroizing::new)
    }

    /// Puts the root key, as it came from this file, into its place, if it is the one of this server. The tls-ca may be
    /// missing.
    pub fn put_root_key(folder: &Path, pem: &str, file: &Path) -> Result<(), IdentityError> {
        let root = certificate(&folder.join("root.crt"))?;
        let is_it = KeyPair::from_pem(pem).is_ok_and(|key| is_key_of(&key, server_id_of(&root)));
        if !is_it {
            return Err(IdentityError::OtherRoot(file.to_path_buf()));
        }
        Ok(write_private(&folder.join(ROOT_KEY), pem.as_bytes())?)
    }

    /// The root key leaves this machine.
    pub fn remove_root_key(&self) -> Result<(), IdentityError> {
        let path = self.folder.join(ROOT_KEY);
        let removed =
            std::fs::remove_file(&path).and_then(|()| std::fs::File::open(&self.folder)?.sync_all());
        removed.map_err(|error| data_folder::io_error(&path, error).into())
    }

    fn load(folder: &Path) -> Result<Self, Missing> {
        let root = certificate(&folder.join("root.crt"))?;
        let server_id =
            server_id_of(&root).ok_or_else(|| damaged(folder, "root.crt", "is not a root certificate"))?;
        if folder.join("root.key").exists() {
            let key = key(&folder.join("root.key"))?;
            if !is_key_of(&key, Some(server_id)) {
                return Err(damaged(folder, "root.key", "is not the key of root.crt").into());
            }
        }
        let endorsement = folder.join("tls-ca.toml");
        if !endorsement.exists() {
            return Err(Missing::Ca);
        }
        let ca = certificate(&folder.join("tls-ca.crt"))?;
        let ca_key = read(&folder.join("tls-ca.key"))?;
        let CaEnd { not_after } = toml::from_str(&read(&endorsement)?)
            .map_err(|_| damaged(folder, "tls-ca.toml", "does not say when the tls-ca ends"))?;
        let ca_not_after = UnixSeconds(not_after);
        let ledger = LedgerKey::load(folder, server_id)?;
        Ok(Self { folder: folder.to_path_buf(), server_id, root, ca, ca_key, ca_not_after, ledger })
    }

    fn issue_ca(folder: &Path, now: UnixSeconds) -> Result<Self, IdentityError> {
        if !folder.join("root.key").exists() {
            return Err(IdentityError::RootNeeded);
        }
        let root = Issuer::new(ca_params("oubliette root", 1), key(&folder.join("root.key"))?);
        let ca_key = KeyPair::generate_for(&PKCS_ED25519)?;
        let mut params = ca_params("oubliette tls-ca", 0);
        (params.not_before, params.not_after) = (at(now.0.saturating_sub(BACKDATE_S)), at(now.0 + CA_LIFE_S));
        let certificate = params.signed_by(&ca_key, &root)?;
        // The endorsement goes away first and comes back last: a crash between leaves none, and one is issued.
        let endorsement = folder.join("tls-ca.toml");
        match std::fs::remove_file(&endorsement) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(data_folder::io_error(&endorsement, error).into());
            }
            _ => {}
        }
        write_private(&folder.join("tls-ca.key"), ca_key.serialize_pem().as_bytes())?;
        write_private(&folder.join("tls-ca.crt"), certificate.pem().as_bytes())?;
        write_private(&endorsement, format!("not_after = {}\n", now.0 + CA_LIFE_S).as_bytes())?;
        match Self::load(folder) {
            Ok(identity) => Ok(identity),
            Err(Missing::Ca) => Err(damaged(folder, "tls-ca.toml", "vanished")),
            Err(Missing::Broken(error)) => Err(error),
        }
    }
}

/// Whether what ends then is renewed now: in its last third, or where it was made while the clock was ahead.
fn is_due(not_after: UnixSeconds, now: UnixSeconds) -> bool {
    let left = not_after.0.saturating_sub(now.0);
    !(CA_LIFE_S / 3..=CA_LIFE_S + BACKDATE_S).contains(&left)
}

/// Whether this is the key that a server id stands for.
fn is_key_of(root: &KeyPair, server_id: Option<ServerId>) -> bool {
    server_id == Some(server_id_of_spki(&root.subject_public_key_info()))
}

/// The server id that a chain's last certificate stands for, if it is one at all.
pub fn server_id_of(root: &CertificateDer<'_>) -> Option<ServerId> {
    Some(server_id_of_spki(&spki_of(root)?))
}

/// The public key of a root certificate, with what stands around it.
fn spki_of(root: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let mut store = RootCertStore::empty();
    store.add(root.clone().into_owned()).ok()?;
    let anchor = store.roots.first()?;
    // The anchor lacks the outer SEQUENCE; an Ed25519 SPKI is 42 bytes long, so its header is short.
    let inner = anchor.subject_public_key_info.as_ref();
    let length = u8::try_from(inner.len()).ok().filter(|length| *length < 0x80)?;
    let mut spki = vec![0x30, length];
    spki.extend_from_slice(inner);
    Some(spki)
}

/// Why [`Identity::load`] gave nothing.
enum Missing {
    /// The root stands, the tls-ca has yet to be issued.
    Ca,
    /// Something is wrong.
    Broken(IdentityError),
}

impl From<IdentityError> for Missing {
    fn from(error: IdentityError) -> Self {
        Self::Broken(error)
    }
}

fn make_root(folder: &Path, now: UnixSeconds) -> Result<(), IdentityError> {
    let key_path = folder.join("root.key");
    let key = if key_path.exists() { key(&key_path)? } else { KeyPair::generate_for(&PKCS_ED25519)? };
    let mut params = ca_params("oubliette root", 1);
    (params.not_before, params.not_after) = (at(now.0.saturating_sub(BACKDATE_S)), at(now.0 + ROOT_LIFE_S));
    let certificate = params.self_signed(&key)?;
    write_private(&key_path, key.serialize_pem().as_bytes())?;
    write_private(&folder.join("root.crt"), certificate.pem().as_bytes())?;
    Ok(())
}

fn ca_params(common_name: &str, below: u8) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(below));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

/// A calendar time for a certificate.
pub(crate) fn at(seconds: u64) -> time::OffsetDateTime {
    time::OffsetDateTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn server_id_of_spki(spki: &[u8]) -> ServerId {
    ServerId(crypto::sha256(&[spki]))
}

fn certificate(path: &Path) -> Result<CertificateDer<'static>, IdentityError> {
    let pem = read(path)?;
    CertificateDer::from_pem_slice(pem.as_bytes())
        .map_err(|_| IdentityError::Damaged { path: path.to_path_buf(), reason: "is not a certificate" })
}

fn key(path: &Path) -> Result<KeyPair, IdentityError> {
    let pem = read(path)?;
    KeyPair::from_pem(&pem)
        .map_err(|_| IdentityError::Damaged { path: path.to_path_buf(), reason: "is not a private key" })
}

fn read_all(folder: &Path) -> Result<Vec<(&'static str, Vec<u8>)>, IdentityError> {
    let there = FILES.into_iter().filter(|name| folder.join(name).exists());
    there.map(|name| Ok((name, read(&folder.join(name))?.into_bytes()))).collect()
}

fn read(path: &Path) -> Result<String, IdentityError> {
    data_folder::check_private(path)?;
    std::fs::read_to_string(path).map_err(|error| data_folder::io_error(path, error).into())
}

fn damaged(folder: &Path, file: &str, reason: &'static str) -> IdentityError {
    IdentityError::Damaged { path: folder.join(file), reason }
}

fn is_filled(store: &Path) -> bool {
    std::fs::read_dir(store).is_ok_and(|mut entries| entries.next().is_some())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

    fn make(base: &Path) -> Result<Identity, IdentityError> {
        Identity::load_or_make(&base.join("identity"), &base.join("store"), NOW)
    }

    #[test]
    fn the_server_id_is_the_hash_of_the_root_key_and_stays() {
        let base = tempfile::tempdir().unwrap();
        let made = make(base.path()).unwrap();
        let again = make(base.path()).unwrap();
        assert_eq!(made.server_id(), again.server_id());
        let root = key(&base.path().join("identity/root.key")).unwrap();
        assert_eq!(server_id_of_spki(&root.subject_public_key_info()), made.server_id());
        assert_eq!(server_id_of(&made.chain()[1]), Some(made.server_id()));
    }

    #[test]
    fn the_tls_ca_is_renewed_in_its_last_third_under_the_same_server_id() {
        let base = tempfile::tempdir().unwrap();
        let mut made = make(base.path()).unwrap();
        let (id, ca) = (made.server_id(), made.chain()[0].clone());
        assert!(!made.renew(UnixSeconds(NOW.0 + CA_LIFE_S / 2)).unwrap());
        assert!(made.renew(UnixSeconds(NOW.0 + CA_LIFE_S * 3 / 4)).unwrap());
        assert_eq!(made.server_id(), id);
        assert_ne!(made.chain()[0], ca);
    }

    #[test]
    fn a_tls_ca_of_a_clock_that_was_ahead_is_issued_anew_when_the_clock_is_right() {
        let base = tempfile::tempdir().unwrap();
        let mut made = make(base.path()).unwrap();
        let ten_years = UnixSeconds(NOW.0 + 3_652 * 86_400);
        assert!(made.renew(ten_years).unwrap());
        assert!(made.renew(NOW).unwrap(), "it begins in ten years: no client would connect until then");
        assert!(!made.renew(NOW).unwrap());
        assert_eq!(made.ca_not_after(), UnixSeconds(NOW.0 + CA_LIFE_S));
    }

    #[test]
    fn the_root_key_may_be_away_until_the_tls_ca_ends() {
        let base = tempfile::tempdir().unwrap();
        make(base.path()).unwrap();
        std::fs::remove_file(base.path().join("identity/root.key")).unwrap();
        let mut made = make(base.path()).unwrap();
        assert!(!made.root_key_is_here());
        assert!(matches!(made.renew(UnixSeconds(NOW.0 + CA_LIFE_S)), Err(IdentityError::RootNeeded)));
    }

    #[test]
    fn a_store_without_an_identity_is_never_given_a_new_one() {
        let base = tempfile::tempdir().unwrap();
        std::fs::create_dir(base.path().join("store")).unwrap();
        std::fs::write(base.path().join("store/x"), b"x").unwrap();
        assert!(matches!(make(base.path()), Err(IdentityError::Lost(_))));
    }

    #[test]
    fn a_crash_between_key_and_certificate_is_made_good() {
        let base = tempfile::tempdir().unwrap();
        let made = make(base.path()).unwrap();
        std::fs::remove_file(base.path().join("identity/root.crt")).unwrap();
        std::fs::remove_file(base.path().join("identity/tls-ca.toml")).unwrap();
        assert_eq!(make(base.path()).unwrap().server_id(), made.server_id());
    }
}
