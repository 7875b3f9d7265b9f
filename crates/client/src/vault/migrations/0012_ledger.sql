-- The public logs of keys that this client replays (spec/vault.md § Ledgers).
CREATE TABLE ledger (
    server_id BLOB PRIMARY KEY,
    host TEXT NOT NULL,
    port INTEGER NOT NULL,
    -- The newest head that the leaves lead to.
    head BLOB,
    replayed_at INTEGER NOT NULL DEFAULT 0,
    -- What was wrong last, since when, and the head that was shown then.
    trouble INTEGER,
    trouble_at INTEGER,
    shown BLOB,
    -- The newest leaf of my own name that I did not make.
    not_mine INTEGER,
    -- When the relay last said that it went back.
    restored_at INTEGER,
    -- What a person has yet to hear: 1 trouble, 2 restored, 4 not mine, 8 fraud.
    untold INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE ledger_leaf (
    server_id BLOB NOT NULL,
    place INTEGER NOT NULL,
    tag BLOB NOT NULL,
    leaf BLOB NOT NULL,
    PRIMARY KEY (server_id, place)
) WITHOUT ROWID;

CREATE INDEX ledger_leaf_tag ON ledger_leaf (server_id, tag, place);

-- What a contact was shown of a log, until a replay says whether it fits: the newest of each.
CREATE TABLE gossip (
    contact INTEGER NOT NULL,
    server_id BLOB NOT NULL,
    number INTEGER NOT NULL,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    -- Signed, if he sent it.
    head BLOB,
    PRIMARY KEY (contact, server_id)
) WITHOUT ROWID;

-- When a contact was last sent a head of mine, because his log is another one; whether that was told.
ALTER TABLE contact ADD COLUMN head_sent_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE contact ADD COLUMN other_log BLOB;

-- Each takes a tenth of a second to compute.
CREATE TABLE name_tag (
    server_id BLOB NOT NULL,
    name TEXT NOT NULL,
    tag BLOB NOT NULL,
    PRIMARY KEY (server_id, name)
) WITHOUT ROWID;

-- Where the record that is known of a person stands in the log of its server, as a look-up or a first message said:
-- leaf index u64, nonce[16], H(record)[32].
ALTER TABLE contact ADD COLUMN log_place BLOB;
