-- What a log leads to without all of it being hashed again: the roots of its whole subtrees of 256 leaves, side by side.
ALTER TABLE ledger ADD COLUMN subtrees BLOB NOT NULL DEFAULT x'';
-- Leaves that say that the relay went back are few among many.
CREATE INDEX ledger_leaf_restored ON ledger_leaf (server_id, place) WHERE substr(leaf, 1, 1) = x'06';
