-- What a log leads to without all of it being hashed again: the roots of its whole subtrees of 256 leaves, side by side.
ALTER TABLE ledger ADD COLUMN subtrees BLOB NOT NULL DEFAULT x'';
-- Leaves that say that the relay went back are few among many.
CREATE INDEX ledger_leaf_restored ON ledger_leaf (server_id, place) WHERE substr(leaf, 1, 1) = x'06';
-- When the server told where my record's leaf stands, and whether a replay has found it there.
ALTER TABLE me ADD COLUMN registered_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE me ADD COLUMN leaf_seen INTEGER NOT NULL DEFAULT 0;
-- What the leaf of a former key of mine commits to.
ALTER TABLE former ADD COLUMN commitment BLOB;
-- Where the record that waits for a decision stands in the log of its server, as that said.
ALTER TABLE contact ADD COLUMN candidate_place BLOB;
-- Whether no leaf came for long, and since when the log cannot be had from a server that answers otherwise.
ALTER TABLE ledger ADD COLUMN silent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN unread_since INTEGER;
-- What a contact was shown of a log: the newest that can be compared, and the first that waits for a later replay, each signed
-- and not (what waited so far is told again).
DROP TABLE gossip;
CREATE TABLE gossip (
    contact INTEGER NOT NULL,
    server_id BLOB NOT NULL,
    -- 1 if it waits, 2 if it is signed.
    slot INTEGER NOT NULL,
    -- Of which log and number, as gossip says it.
    log BLOB NOT NULL,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    -- No later than the head's time by the clock of its relay.
    head_time INTEGER NOT NULL,
    -- When it came, and how many replays there had been.
    heard_at INTEGER NOT NULL,
    replays INTEGER NOT NULL,
    head BLOB,
    PRIMARY KEY (contact, server_id, slot)
) WITHOUT ROWID;
ALTER TABLE ledger ADD COLUMN replays INTEGER NOT NULL DEFAULT 0;
