//! Brings a vault forward, one file a step, each step in one transaction; never backward.

use super::Vault;
use crate::ClientError;

/// Rising; the place in this list plus one is the version that a step leads to.
const STEPS: [&str; 1] = [include_str!("migrations/0001_first.sql")];

/// Runs the steps that are missing.
pub(crate) fn migrate(vault: &Vault) -> Result<(), ClientError> {
    let known = u32::try_from(STEPS.len()).unwrap_or(u32::MAX);
    let version = |tx: &rusqlite::Transaction<'_>| -> Result<u32, ClientError> {
        Ok(tx.query_row("PRAGMA user_version", [], |row| row.get(0))?)
    };
    let found = vault.read(version)?;
    if found == known {
        return Ok(());
    }
    if found > known {
        return Err(ClientError::NewerVault { found, known });
    }
    for (step, to) in STEPS.iter().zip(1..) {
        vault.write(|tx| {
            // Asked again under the lock: another process may have done the step meanwhile.
            if version(tx)? < to {
                tx.execute_batch(step)?;
                tx.execute_batch(&format!("PRAGMA user_version = {to};"))?;
            }
            Ok(())
        })?;
    }
    Ok(())
}
