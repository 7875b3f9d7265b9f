//! Brings a vault forward, one file a step, each step in one transaction; never backward.

use super::{Tx, Vault, former};
use crate::ClientError;

/// Rising; the place in this list plus one is the version that a step leads to.
const STEPS: [&str; 19] = [
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_rotation.sql"),
    include_str!("migrations/0003_recovery.sql"),
    include_str!("migrations/0004_pages.sql"),
    include_str!("migrations/0005_kinds.sql"),
    include_str!("migrations/0006_pairing.sql"),
    include_str!("migrations/0007_reply.sql"),
    include_str!("migrations/0008_asked.sql"),
    include_str!("migrations/0009_tried.sql"),
    include_str!("migrations/0010_told.sql"),
    include_str!("migrations/0011_allotment.sql"),
    include_str!("migrations/0012_ledger.sql"),
    include_str!("migrations/0013_unopened.sql"),
    include_str!("migrations/0014_walked.sql"),
    include_str!("migrations/0015_known_logs.sql"),
    include_str!("migrations/0016_given_up.sql"),
    include_str!("migrations/0017_noted.sql"),
    include_str!("migrations/0018_key_words.sql"),
    include_str!("migrations/0019_record_updates.sql"),
];

/// The version of this program's vaults.
pub(super) fn known() -> u32 {
    u32::try_from(STEPS.len()).unwrap_or(u32::MAX)
}

/// That of a vault; 0 of an empty one.
pub(super) fn version(tx: &Tx<'_>) -> Result<u32, ClientError> {
    Ok(tx.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// Runs the steps that are missing.
pub(crate) fn migrate(vault: &Vault) -> Result<(), ClientError> {
    run(vault, &STEPS)
}

fn run(vault: &Vault, steps: &[&str]) -> Result<(), ClientError> {
    let known = u32::try_from(steps.len()).unwrap_or(u32::MAX);
    let found = vault.read(version)?;
    if found == known {
        return Ok(());
    }
    if found > known {
        let former = former::newest(vault.profile(), known);
        return Err(ClientError::NewerVault { found, known, former });
    }
    for (step, to) in steps.iter().zip(1..) {
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{Profile, vault::rotation};

    #[test]
    fn a_vault_of_version_1_keeps_its_rows_and_its_history() {
        let folder = tempfile::tempdir().unwrap();
        let profile = Profile::named(Some(folder.path()), "default").unwrap();
        let vault = Vault::in_memory(&profile);
        run(&vault, &STEPS[..1]).unwrap();
        let rows =
            "INSERT INTO contact (id, standing, alias, name, host, port, server_id, fingerprint, trust,
                conversation, added_at) VALUES (7, 0, 'bob', 'bob', 'h', 1, x'00', x'01', 0, x'', 1);
            INSERT INTO message (contact, message_id, stream, number, sent_at, received_at, kind, body, shown)
                VALUES (7, x'02', x'03', 1, 1, 1, 1, x'', 1);";
        vault.write(|tx| Ok(tx.execute_batch(rows)?)).unwrap();
        migrate(&vault).unwrap();
        migrate(&vault).unwrap();
        let fingerprint = wire::IdentityFingerprint([4; 32]);
        vault.write(|tx| rotation::note_key_change(tx, 7, &fingerprint, true, wire::UnixSeconds(2))).unwrap();
        let places =
            "SELECT group_concat(outgoing || ':' || contact, ' ') FROM (SELECT * FROM history ORDER BY seq)";
        let found: String = vault.read(|tx| Ok(tx.query_row(places, [], |row| row.get(0))?)).unwrap();
        assert_eq!(found, "0:7 2:7");
        assert!(
            !vault.read(rotation::is_pending).unwrap() && vault.read(rotation::formers).unwrap().is_empty()
        );
        let version: u32 =
            vault.read(|tx| Ok(tx.query_row("PRAGMA user_version", [], |row| row.get(0))?)).unwrap();
        assert_eq!(version as usize, STEPS.len());
        assert!(matches!(
            run(&vault, &STEPS[..1]),
            Err(ClientError::NewerVault { found: 19, known: 1, former: None })
        ));
    }

    /// A vault of version 16 whose owner came so far with joining.
    fn version_16(stage: u8) -> (tempfile::TempDir, Vault) {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::in_memory(&Profile::named(Some(folder.path()), "default").unwrap());
        run(&vault, &STEPS[..16]).unwrap();
        let me = format!(
            "INSERT INTO me (id, stage, name, host, port, server_id, server_pinned, identity_seeds, fingerprint, record,
                account, bundle_counter, bundle_published)
                VALUES (1, {stage}, 'ann', 'h', 1, x'0a', 1, x'', x'', x'', x'', 0, 0);"
        );
        vault.write(|tx| Ok(tx.execute_batch(&me)?)).unwrap();
        (folder, vault)
    }

    fn text(vault: &Vault, sql: &str) -> String {
        vault.read(|tx| Ok(tx.query_row(sql, [], |row| row.get(0))?)).unwrap()
    }

    #[test]
    fn who_joined_before_there_were_logs_knows_of_the_one_of_his_server() {
        let known = "SELECT coalesce(group_concat(hex(server_id) || ':' || host || ':' || replayed_at, ' '), '') FROM ledger";
        let (_folder, vault) = version_16(5);
        migrate(&vault).unwrap();
        assert_eq!(text(&vault, known), "0A:h:0");
        assert_eq!(text(&vault, "SELECT name || ':' || seen_at FROM me"), "ann:0");
        let (_folder, unfinished) = version_16(4);
        migrate(&unfinished).unwrap();
        assert_eq!(text(&unfinished, known), "", "joining notes it");
        let (_folder, replayed) = version_16(5);
        let row = "INSERT INTO ledger (server_id, host, port, replayed_at) VALUES (x'0a', 'h', 1, 9)";
        replayed.write(|tx| Ok(tx.execute(row, [])?)).unwrap();
        migrate(&replayed).unwrap();
        assert_eq!(text(&replayed, known), "0A:h:9", "what is known of it stays");
    }

    #[test]
    fn what_a_contact_has_to_hear_of_is_found_by_an_index() {
        let (_folder, vault) = version_16(5);
        migrate(&vault).unwrap();
        let plan = "EXPLAIN QUERY PLAN SELECT 1 FROM quarantine WHERE contact = 7 AND untold = 1";
        let plan: String = vault.read(|tx| Ok(tx.query_row(plan, [], |row| row.get(3))?)).unwrap();
        assert!(plan.contains("quarantine_untold"), "{plan}");
    }
}
