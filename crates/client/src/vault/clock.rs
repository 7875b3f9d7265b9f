//! Times that were noted under a clock that was ahead: from when it is put right they count as now.
//!
//! What is only compared with a freshness needs nothing (`client_core::schedule::is_fresh`). What pauses until a time, or
//! for some time after one, would pause for as long as the clock was ahead. What is only kept until a time is kept for
//! longer, and is left so: a clock that is behind for a moment must not bring its end about.

use client_core::{
    recovery::{AGAIN_AFTER_S, ANEW_WITHIN_S},
    schedule::{TELL_WITHIN_S, is_fresh},
};
use wire::UnixSeconds;

use super::{Tx, int, uint};
use crate::ClientError;

/// No due time is drawn further ahead than this.
const DUE_WITHIN_S: u64 = AGAIN_AFTER_S + ANEW_WITHIN_S;
/// A look at a vault counts for so long, unless the clock is behind it.
const LOOK_S: u64 = 3_600;

/// Table, column, how far ahead of now it may lie, and in which rows.
const NOTED: [(&str, &str, u64, &str); 16] = [
    ("contact", "refill_due", DUE_WITHIN_S, "TRUE"),
    ("contact", "anew_due", DUE_WITHIN_S, "TRUE"),
    ("contact", "ask_due", DUE_WITHIN_S, "TRUE"),
    ("contact", "tell_due", TELL_WITHIN_S, "TRUE"),
    ("contact", "replay_due", 2 * TELL_WITHIN_S, "TRUE"),
    ("record_update", "kept_at", 0, "TRUE"),
    ("contact", "recovered_at", 0, "TRUE"),
    ("contact", "resent_at", 0, "TRUE"),
    ("contact", "receipted_at", 0, "TRUE"),
    ("contact", "head_sent_at", 0, "TRUE"),
    // What waits for too long, and what was not answered for too long, makes the conversation begin anew. Which of two
    // streams began later is told by when what is in them was stored.
    ("outbox", "queued_at", 0, "state < 2"),
    ("outbox", "stored_at", 0, "TRUE"),
    ("pairing", "began_at", 0, "TRUE"),
    ("pairing", "asked_at", 0, "TRUE"),
    // A later replay is later than this; and a log that cannot be had is silent so long after that.
    ("gossip", "heard_at", 0, "TRUE"),
    ("ledger", "unread_since", 0, "TRUE"),
];

/// Whether it is time to look at the vault: the clock is behind the last look, or that was long ago.
pub(crate) fn look(tx: &Tx<'_>, now: UnixSeconds) -> Result<bool, ClientError> {
    let seen_at = tx.query_row("SELECT coalesce(max(seen_at), 0) FROM me", [], |row| row.get(0))?;
    Ok(!is_fresh(UnixSeconds(uint(seen_at)), now, LOOK_S))
}

/// The vault is looked at now. What has a time that has not come counts as of now; words that disappear have their whole
/// time once more, and no longer.
pub(crate) fn see(tx: &Tx<'_>, now: UnixSeconds) -> Result<(), ClientError> {
    for (table, column, ahead_s, rows) in NOTED {
        let sql = format!("UPDATE {table} SET {column} = ?2 WHERE {column} > ?1 AND {rows}");
        tx.execute(&sql, (int(now.0.saturating_add(ahead_s)), int(now.0)))?;
    }
    for table in ["message", "outbox"] {
        let sql = format!(
            "UPDATE {table} SET expires_at = ?1 + expire_s WHERE expires_at > ?1 + expire_s AND gone = 0"
        );
        tx.execute(&sql, [int(now.0)])?;
    }
    tx.execute("UPDATE me SET seen_at = ?1", [int(now.0)])?;
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

    /// Whether it was time to look, and the look.
    fn looked(vault: &Vault, now: u64) -> bool {
        let looks = vault.read(|tx| look(tx, UnixSeconds(now))).unwrap();
        if looks {
            vault.write(|tx| see(tx, UnixSeconds(now))).unwrap();
        }
        looks
    }

    /// Everything that is noted, once, at this time, when the vault was looked at too.
    fn noted(at: u64) -> (tempfile::TempDir, Vault) {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::in_memory(&Profile::named(Some(folder.path()), "default").unwrap());
        super::super::migrate::migrate(&vault).unwrap();
        let rows = format!(
            "INSERT INTO me (id, stage, name, host, port, server_id, server_pinned, identity_seeds, fingerprint, record,
                account, bundle_counter, bundle_published, seen_at)
                VALUES (1, 5, 'ann', 'h', 1, x'00', 1, x'', x'', x'', x'', 0, 0, {at});
            INSERT INTO contact (id, standing, alias, name, host, port, server_id, fingerprint, trust, conversation,
                added_at, refill_due, anew_due, ask_due, tell_due, replay_due, recovered_at, resent_at,
                receipted_at, head_sent_at)
                VALUES (7, 0, 'bob', 'bob', 'h', 1, x'00', x'01', 0, x'', {at}, {at}, {at} + 600, {at} + 7200,
                {at} + 86400, {at} + 129600, {at}, {at}, {at}, {at});
            INSERT INTO record_update (contact, seq, body, kept_at, replays) VALUES (7, 1, x'', {at}, 0);
            INSERT INTO outbox (contact, message_id, kind, text, state, queued_at, stored_at, route, sent_at) VALUES
                (7, x'01', 1, '', 0, {at}, NULL, NULL, NULL), (7, x'02', 1, '', 2, 1, {at}, 1, {at});
            INSERT INTO outbox (contact, message_id, kind, text, state, queued_at, stream, number, stored_at, route,
                sent_at, answered_at) VALUES (7, x'03', 1, '', 2, 1, x'0101010101010101', 1, {at}, 2, {at}, {at});
            INSERT INTO message (contact, message_id, stream, number, sent_at, received_at, kind, body, shown,
                expire_s, expires_at) VALUES (7, x'02', x'03', 1, 1, 1, 1, x'', 1, 60, {at} + 60);
            INSERT INTO pairing (side, host, port, server_id, key, seed, words, began_at, asked_at)
                VALUES (0, 'h', 1, x'00', x'', x'', '', {at}, {at});
            INSERT INTO gossip (contact, server_id, slot, log, size, root, head_time, heard_at, replays)
                VALUES (7, x'00', 1, x'', 1, x'', 1, {at}, 1);
            INSERT INTO ledger (server_id, host, port, unread_since) VALUES (x'00', 'h', 1, {at});
            INSERT INTO quarantine (at, policy, auth, envelope) VALUES ({at}, 0, x'', x'');
            INSERT INTO file (contact, outgoing, message_id, began_at) VALUES (7, 0, x'02', {at});"
        );
        vault.write(|tx| Ok(tx.execute_batch(&rows)?)).unwrap();
        (folder, vault)
    }

    #[test]
    fn what_a_clock_a_month_ahead_has_noted_counts_as_now() {
        let (_folder, vault) = noted(NOW + MONTH);
        assert!(looked(&vault, NOW));
        for (table, column, _, rows) in NOTED {
            let noted = number(&vault, &format!("SELECT max({column}) FROM {table} WHERE {rows}"));
            assert_eq!(noted, NOW, "{table}.{column}");
        }
        assert_eq!(number(&vault, "SELECT expires_at FROM message"), NOW + 60);
        assert!(!looked(&vault, NOW) && !looked(&vault, NOW + LOOK_S - 1));
    }

    /// Else whoever lacks a former stream and what followed would not be sent what followed (`spec/vault.md § Recovery`).
    #[test]
    fn a_stream_begun_under_a_clock_that_was_ahead_comes_before_the_one_after_it() {
        let (_folder, vault) = noted(NOW + MONTH);
        assert!(looked(&vault, NOW));
        let next = "INSERT INTO outbox (contact, message_id, kind, text, state, queued_at, stream, number, stored_at, route,
            sent_at, answered_at) VALUES (7, x'04', 1, '', 2, 1, x'0202020202020202', 1, ?1, 2, ?1, ?1)";
        vault.write(|tx| Ok(tx.execute(next, [NOW as i64])?)).unwrap();
        let sent = "SELECT min(stored_at) FROM outbox WHERE stream = ";
        let began = |stream: &str| number(&vault, &format!("{sent}{stream}"));
        assert!(began("x'0101010101010101'") <= began("x'0202020202020202'"));
    }

    #[test]
    fn what_is_only_kept_until_a_time_and_what_was_said_to_others_stays() {
        let (_folder, vault) = noted(NOW + MONTH);
        assert!(looked(&vault, NOW));
        for column in ["at FROM quarantine", "began_at FROM file", "max(sent_at) FROM outbox"] {
            assert_eq!(number(&vault, &format!("SELECT {column}")), NOW + MONTH, "{column}");
        }
    }

    #[test]
    fn what_a_right_clock_has_noted_stays() {
        let (_folder, vault) = noted(NOW);
        assert!(!looked(&vault, NOW));
        assert!(looked(&vault, NOW + LOOK_S));
        assert_eq!(number(&vault, "SELECT seen_at FROM me"), NOW + LOOK_S);
        assert_eq!(number(&vault, "SELECT anew_due FROM contact"), NOW + 600);
        assert_eq!(number(&vault, "SELECT ask_due FROM contact"), NOW + 7_200);
        assert_eq!(number(&vault, "SELECT tell_due FROM contact"), NOW + 86_400);
        assert_eq!(number(&vault, "SELECT replay_due FROM contact"), NOW + 129_600);
        assert_eq!(number(&vault, "SELECT expires_at FROM message"), NOW + 60);
    }

    #[test]
    fn a_vault_that_was_never_looked_at_is() {
        let (_folder, vault) = noted(NOW + MONTH);
        vault.write(|tx| Ok(tx.execute("UPDATE me SET seen_at = 0", [])?)).unwrap();
        assert!(looked(&vault, NOW));
        assert_eq!(number(&vault, "SELECT recovered_at FROM contact"), NOW);
    }
}
