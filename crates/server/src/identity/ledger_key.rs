//! What signs the heads of the ledger, and by what right (`spec/ledger.md § Head`).

use std::path::Path;
use std::sync::Arc;

use ledger::Endorsement;
use rcgen::{KeyPair, PKCS_ED25519, PublicKeyData, SigningKey};
use wire::{ServerId, TreeHead, UnixSeconds};

use super::{BACKDATE_S, CA_LIFE_S, IdentityError, ROOT_KEY, certificate, damaged, key, read, spki_of};
use crate::data_folder::write_private;
use crate::names::{from_hex, hex};

/// The key.
pub(super) const KEY: &str = "ledger.key";
/// That the root key lets it, in hexadecimal digits.
pub(super) const ENDORSEMENT: &str = "ledger.endorsement";

/// What signs the heads of the ledger, and by what right.
#[derive(Clone)]
pub struct LedgerKey {
    /// The root's public key, which names the log.
    log_id: [u8; 32],
    key: Arc<KeyPair>,
    endorsement: Endorsement,
}

impl LedgerKey {
    /// Signs a head, if its time is one for which the root key endorsed this key.
    pub fn sign(&self, head: TreeHead) -> Option<TreeHead> {
        let endorsement = self.endorsement.to_bytes();
        let head = TreeHead { log_id: self.log_id, endorsement, ..head };
        if !self.endorsement.holds_at(head.time) {
            return None;
        }
        let signature = self.key.sign(&ledger::head::message(&head)).ok()?.try_into().ok()?;
        Some(TreeHead { signature, ..head })
    }

    /// Whether less than a third of its endorsement is left then, or it does not hold.
    pub(super) fn is_due(&self, until: u64) -> bool {
        let left = self.endorsement.not_after.saturating_sub(until);
        left < CA_LIFE_S / 3 || !self.endorsement.holds_at(until)
    }

    /// The key and its endorsement; `None` where one of them has yet to be made. The endorsement is written last.
    pub(super) fn load(folder: &Path, server_id: ServerId) -> Result<Option<Self>, IdentityError> {
        let (key_path, endorsement_path) = (folder.join(KEY), folder.join(ENDORSEMENT));
        if !key_path.exists() || !endorsement_path.exists() {
            return Ok(None);
        }
        let bad = |reason| damaged(folder, ENDORSEMENT, reason);
        let bytes = from_hex(read(&endorsement_path)?.trim()).ok_or_else(|| bad("is not an endorsement"))?;
        let endorsement = Endorsement::from_bytes(&bytes).ok_or_else(|| bad("is not an endorsement"))?;
        let key = key(&key_path)?;
        if raw_key(&key) != Some(endorsement.ledger_key) {
            return Err(bad("is that of another key than ledger.key"));
        }
        let root = spki_of(&certificate(&folder.join("root.crt"))?);
        // An Ed25519 key stands at the end of its SPKI.
        let log_id = root.and_then(|spki| spki.last_chunk().copied());
        let log_id = log_id.filter(|root| crypto::is_root_of(root, &server_id.0));
        let log_id = log_id.ok_or_else(|| damaged(folder, "root.crt", "is not a root certificate"))?;
        if !endorsement.is_by(&log_id) {
            return Err(bad("is not the root key's"));
        }
        Ok(Some(Self { log_id, key: Arc::new(key), endorsement }))
    }

    /// Has the root key, which is here, endorse the key from now until a year behind `until`; the key is made the first time.
    pub(super) fn endorse(folder: &Path, now: UnixSeconds, until: u64) -> Result<Self, IdentityError> {
        let root = key(&folder.join(ROOT_KEY))?;
        let key_path = folder.join(KEY);
        let ledger_key = match key_path.exists() {
            true => key(&key_path)?,
            false => KeyPair::generate_for(&PKCS_ED25519)?,
        };
        let (public, not_before, not_after) =
            (raw_key(&ledger_key), now.0.saturating_sub(BACKDATE_S), until + CA_LIFE_S);
        let (Some(public), Some(log_id)) = (public, raw_key(&root)) else {
            return Err(damaged(folder, KEY, "is not an Ed25519 key"));
        };
        let message = crypto::endorsement_message(&public, not_before, not_after);
        let signature = root.sign(&message)?.try_into();
        let signature = signature.map_err(|_| damaged(folder, ROOT_KEY, "does not sign by Ed25519"))?;
        let endorsement = Endorsement { ledger_key: public, not_before, not_after, signature };
        if !key_path.exists() {
            write_private(&key_path, ledger_key.serialize_pem().as_bytes())?;
        }
        let text = hex(&endorsement.to_bytes()) + "\n";
        write_private(&folder.join(ENDORSEMENT), text.as_bytes())?;
        Ok(Self { log_id, key: Arc::new(ledger_key), endorsement })
    }
}

impl std::fmt::Debug for LedgerKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("LedgerKey(..)")
    }
}

fn raw_key(key: &KeyPair) -> Option<[u8; 32]> {
    key.der_bytes().try_into().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::identity::Identity;

    const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

    fn make(base: &Path) -> Identity {
        Identity::load_or_make(&base.join("identity"), &base.join("store"), NOW).unwrap()
    }

    #[test]
    fn the_ledger_key_signs_also_behind_a_leaf_that_came_while_the_clock_was_ahead() {
        let base = tempfile::tempdir().unwrap();
        let mut made = make(base.path());
        let signs = |made: &Identity, time: u64| {
            let head = made.ledger_key().unwrap().sign(TreeHead { time, ..TreeHead::EMPTY });
            head.is_some_and(|head| ledger::head::verify(&head, &made.server_id()).is_ok())
        };
        assert!(!made.endorse(NOW, 0).unwrap(), "made with the rest");
        let ten_years = NOW.0 + 3_652 * 86_400;
        assert!(signs(&made, NOW.0) && !signs(&made, ten_years));
        assert!(made.endorse(NOW, ten_years).unwrap());
        assert!(signs(&made, NOW.0) && signs(&made, ten_years));
        assert!(!made.endorse(NOW, ten_years).unwrap(), "once");
        let again = make(base.path());
        assert!(signs(&again, ten_years));
        assert_eq!(
            again.ledger_key().unwrap().endorsement.ledger_key,
            made.ledger_key().unwrap().endorsement.ledger_key
        );
    }
}
