//! Times that were noted under a clock that was ahead: from when it is put right they count as now.
//!
//! What is only compared with a freshness needs nothing (`client_core::schedule::is_fresh`). What pauses until a time, or
//! for some time after one, would pause for as long as the clock was ahead.

use client_core::recovery::{AGAIN_AFTER_S, ANEW_WITHIN_S};
use wire::UnixSeconds;

use super::{Tx, int};
use crate::ClientError;

/// No due time is drawn further ahead than this.
const DUE_WITHIN_S: u64 = AGAIN_AFTER_S + ANEW_WITHIN_S;

/// Table, column, and how far ahead of now it may lie.
const NOTED: [(&str, &str, u64); 8] = [
    ("contact", "refill_due", DUE_WITHIN_S),
    ("contact", "anew_due", DUE_WITHIN_S),
    ("contact", "ask_due", DUE_WITHIN_S),
    ("contact", "recovered_at", 0),
    ("contact", "resent_at", 0),
    ("contact", "receipted_at", 0),
    ("contact", "head_sent_at", 0),
    ("pairing", "asked_at", 0),
];

/// Whether such a time lies further ahead than any clock that goes right would have put it.
pub(crate) fn is_any_ahead(tx: &Tx<'_>, now: UnixSeconds) -> Result<bool, ClientError> {
    for (table, column, ahead_s) in NOTED {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE {column} > ?1)");
        if tx.query_row(&sql, [int(now.0.saturating_add(ahead_s))], |row| row.get(0))? {
            return Ok(true);
        }
    }
    for table in ["message", "outbox"] {
        let sql =
            format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE expires_at > ?1 + expire_s AND gone = 0)");
        if tx.query_row(&sql, [int(now.0)], |row| row.get(0))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// They count as now; words that disappear have their whole time once more, and no longer.
pub(crate) fn put_right(tx: &Tx<'_>, now: UnixSeconds) -> Result<(), ClientError> {
    for (table, column, ahead_s) in NOTED {
        let sql = format!("UPDATE {table} SET {column} = ?2 WHERE {column} > ?1");
        tx.execute(&sql, (int(now.0.saturating_add(ahead_s)), int(now.0)))?;
    }
    for table in ["message", "outbox"] {
        let sql = format!(
            "UPDATE {table} SET expires_at = ?1 + expire_s WHERE expires_at > ?1 + expire_s AND gone = 0"
        );
        tx.execute(&sql, [int(now.0)])?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{Profile, vault::Vault};

    const NOW: u64 = 1_000_000_000;
    const MONTH: u64 = 30 * 86_400;

    fn number(vault: &Vault, sql: &str) -> u64 {
        vault.read(|tx| Ok(tx.query_row(sql, [], |row| row.get::<_, i64>(0))?)).unwrap() as u64
    }

    /// A contact and a message that disappears, everything noted at this time.
    fn noted(at: u64) -> (tempfile::TempDir, Vault) {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::in_memory(&Profile::named(Some(folder.path()), "default").unwrap());
        super::super::migrate::migrate(&vault).unwrap();
        let rows = format!(
            "INSERT INTO contact (id, standing, alias, name, host, port, server_id, fingerprint, trust, conversation,
                added_at, refill_due, anew_due, ask_due, recovered_at, resent_at, receipted_at, head_sent_at)
                VALUES (7, 0, 'bob', 'bob', 'h', 1, x'00', x'01', 0, x'', {at}, {at} + 600, {at} + 7200, {at} + 600,
                {at}, {at}, {at}, {at});
            INSERT INTO message (contact, message_id, stream, number, sent_at, received_at, kind, body, shown,
                expire_s, expires_at) VALUES (7, x'02', x'03', 1, 1, 1, 1, x'', 1, 60, {at} + 60);"
        );
        vault.write(|tx| Ok(tx.execute_batch(&rows)?)).unwrap();
        (folder, vault)
    }

    #[test]
    fn what_a_clock_a_month_ahead_has_noted_counts_as_now() {
        let (_folder, vault) = noted(NOW + MONTH);
        assert!(vault.read(|tx| is_any_ahead(tx, UnixSeconds(NOW))).unwrap());
        vault.write(|tx| put_right(tx, UnixSeconds(NOW))).unwrap();
        for (table, column, _) in NOTED.iter().filter(|(table, ..)| *table == "contact") {
            assert_eq!(number(&vault, &format!("SELECT {column} FROM {table}")), NOW, "{column}");
        }
        assert_eq!(number(&vault, "SELECT expires_at FROM message"), NOW + 60);
        assert!(!vault.read(|tx| is_any_ahead(tx, UnixSeconds(NOW))).unwrap());
    }

    #[test]
    fn what_a_right_clock_has_noted_stays() {
        let (_folder, vault) = noted(NOW);
        assert!(!vault.read(|tx| is_any_ahead(tx, UnixSeconds(NOW))).unwrap());
        vault.write(|tx| put_right(tx, UnixSeconds(NOW))).unwrap();
        assert_eq!(number(&vault, "SELECT anew_due FROM contact"), NOW + 7_200);
        assert_eq!(number(&vault, "SELECT expires_at FROM message"), NOW + 60);
    }
}
