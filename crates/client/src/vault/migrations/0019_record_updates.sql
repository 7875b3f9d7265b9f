-- Changes of keys that are told inside conversations (spec/vault.md § Keys that changed).
-- The newest of mine: the bodies of Contents of kind 7.
CREATE TABLE own_record (seq INTEGER PRIMARY KEY, body BLOB NOT NULL);
-- When a contact is told, and from which of them on.
ALTER TABLE contact ADD COLUMN tell_due INTEGER;
ALTER TABLE contact ADD COLUMN tell_from INTEGER NOT NULL DEFAULT 0;
-- Theirs, until a replay of their server's log finds them there, or a look-up says more.
CREATE TABLE record_update (
    contact INTEGER NOT NULL REFERENCES contact(id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    body BLOB NOT NULL,
    -- When it came, and how many replays of that log there had been.
    kept_at INTEGER NOT NULL,
    replays INTEGER NOT NULL,
    PRIMARY KEY (contact, seq)
) WITHOUT ROWID;
-- When that log is replayed because of them.
ALTER TABLE contact ADD COLUMN replay_due INTEGER;
