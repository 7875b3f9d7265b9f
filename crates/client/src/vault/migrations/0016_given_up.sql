-- Giving up my own name (spec/vault.md § A name that is given up): one row from when it begins.
CREATE TABLE given_up (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- The tombstone, as it leaves.
    record BLOB NOT NULL,
    -- When the server told that it stands.
    stands_at INTEGER,
    -- Whether my stamps are void and the mailboxes collected for the last time.
    is_done INTEGER NOT NULL DEFAULT 0
);
-- When a contact was first seen to have given the name up.
ALTER TABLE contact ADD COLUMN given_up_at INTEGER;
