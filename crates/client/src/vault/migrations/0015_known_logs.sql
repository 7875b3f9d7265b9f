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
