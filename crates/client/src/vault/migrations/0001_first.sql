-- The first vault (spec/vault.md). Times are Unix seconds, days are days since 1970, blobs are wire bytes.

-- Who I am. One row. `stage` says how far joining got; the last stage is 5.
CREATE TABLE me (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    stage INTEGER NOT NULL,
    name TEXT NOT NULL,
    host TEXT NOT NULL,
    port INTEGER NOT NULL,
    server_id BLOB NOT NULL,
    server_pinned INTEGER NOT NULL,
    identity_seeds BLOB NOT NULL,
    fingerprint BLOB NOT NULL,
    record BLOB NOT NULL,
    commitment_nonce BLOB,
    leaf_index INTEGER,
    recovery_entropy BLOB,
    invite BLOB,
    account BLOB NOT NULL,
    bundle BLOB,
    bundle_counter INTEGER NOT NULL,
    bundle_published INTEGER NOT NULL,
    swept_day INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE voucher (id INTEGER PRIMARY KEY, secret BLOB NOT NULL);

-- My two mailboxes: policy 0 is the doorstep, 1 the inbox.
CREATE TABLE mailbox (
    policy INTEGER PRIMARY KEY,
    rid BLOB NOT NULL,
    owner_seed BLOB NOT NULL,
    voucher BLOB NOT NULL,
    sid BLOB,
    mint BLOB,
    generated INTEGER NOT NULL DEFAULT 0
);

-- standing: 0 contact, 1 request, 2 declined. A request has a label instead of an alias.
CREATE TABLE contact (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    standing INTEGER NOT NULL,
    alias TEXT UNIQUE,
    label TEXT UNIQUE,
    name TEXT NOT NULL,
    host TEXT NOT NULL,
    port INTEGER NOT NULL,
    server_id BLOB NOT NULL,
    fingerprint BLOB NOT NULL UNIQUE,
    record BLOB,
    trust INTEGER NOT NULL,
    blocked INTEGER NOT NULL DEFAULT 0,
    checked_at INTEGER NOT NULL DEFAULT 0,
    conversation BLOB NOT NULL,
    revision INTEGER NOT NULL DEFAULT 0,
    inbox_sid BLOB,
    bundle BLOB,
    bundle_at INTEGER NOT NULL DEFAULT 0,
    answered INTEGER NOT NULL DEFAULT 0,
    accept_sent INTEGER NOT NULL DEFAULT 0,
    session_forms INTEGER NOT NULL DEFAULT 0,
    refill_due INTEGER,
    added_at INTEGER NOT NULL
);

-- Stamps of theirs that I may spend.
CREATE TABLE stamp (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    contact INTEGER NOT NULL REFERENCES contact(id) ON DELETE CASCADE,
    generation INTEGER NOT NULL,
    bytes BLOB NOT NULL UNIQUE
);
CREATE INDEX stamp_of ON stamp(contact);

-- Stamps of mine that I handed out: who spends which.
CREATE TABLE handed (
    generation INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    contact INTEGER NOT NULL REFERENCES contact(id) ON DELETE CASCADE,
    spent INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (generation, idx)
) WITHOUT ROWID;
CREATE INDEX handed_to ON handed(contact, spent);

-- kind: 1 text, 4 refill, 5 accept, as on the wire. state: 0 waiting, 1 sealed, 2 stored, 3 refused.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    contact INTEGER NOT NULL REFERENCES contact(id) ON DELETE CASCADE,
    message_id BLOB NOT NULL UNIQUE,
    idempotency TEXT UNIQUE,
    kind INTEGER NOT NULL,
    text TEXT NOT NULL,
    state INTEGER NOT NULL,
    queued_at INTEGER NOT NULL,
    stream BLOB,
    number INTEGER,
    sent_at INTEGER,
    sealed_at INTEGER,
    revision INTEGER,
    route INTEGER,
    sid BLOB,
    auth BLOB,
    envelope BLOB,
    stored_at INTEGER,
    reason TEXT
);
CREATE INDEX outbox_open ON outbox(contact, id) WHERE state < 2;

CREATE TABLE message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    contact INTEGER NOT NULL REFERENCES contact(id) ON DELETE CASCADE,
    message_id BLOB NOT NULL,
    stream BLOB NOT NULL,
    number INTEGER NOT NULL,
    sent_at INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    body BLOB NOT NULL,
    shown INTEGER NOT NULL,
    handled INTEGER NOT NULL DEFAULT 0,
    UNIQUE (contact, message_id)
);
CREATE INDEX message_unhandled ON message(id) WHERE handled = 0 AND shown = 1;

-- Which numbers of each stream arrived.
CREATE TABLE stream (
    contact INTEGER NOT NULL REFERENCES contact(id) ON DELETE CASCADE,
    stream BLOB NOT NULL,
    numbers TEXT NOT NULL,
    PRIMARY KEY (contact, stream)
) WITHOUT ROWID;

-- Envelopes that were opened or set aside: a redelivered one is a repeat, not a failure.
CREATE TABLE envelope (hash BLOB PRIMARY KEY, day INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    policy INTEGER NOT NULL,
    auth BLOB NOT NULL,
    envelope BLOB NOT NULL
);

-- In which order this vault came to know of messages, its own and received ones: a clock of seconds cannot tell.
CREATE TABLE history (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    contact INTEGER NOT NULL REFERENCES contact(id) ON DELETE CASCADE,
    outgoing INTEGER NOT NULL,
    entry INTEGER NOT NULL
);
CREATE INDEX history_of ON history(contact);
CREATE TRIGGER message_enters_history AFTER INSERT ON message BEGIN
    INSERT INTO history (contact, outgoing, entry) VALUES (NEW.contact, 0, NEW.id);
END;
CREATE TRIGGER outbox_enters_history AFTER INSERT ON outbox BEGIN
    INSERT INTO history (contact, outgoing, entry) VALUES (NEW.contact, 1, NEW.id);
END;
