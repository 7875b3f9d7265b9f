-- Recovery (spec/vault.md § Recovery): conversations that begin anew, what is asked for and sealed again.

-- Whose stamp an envelope came with that does not open: a hint.
ALTER TABLE quarantine ADD COLUMN contact INTEGER REFERENCES contact(id) ON DELETE SET NULL;

-- When the other side's `seen` covered a message of mine.
ALTER TABLE outbox ADD COLUMN answered_at INTEGER;
-- Whether an unanswered first message was sealed once more.
ALTER TABLE outbox ADD COLUMN once_more INTEGER NOT NULL DEFAULT 0;
CREATE INDEX outbox_unanswered ON outbox(contact, stream, number) WHERE answered_at IS NULL;

-- When the conversation shall begin anew, and when what is missing shall be asked for.
ALTER TABLE contact ADD COLUMN anew_due INTEGER;
ALTER TABLE contact ADD COLUMN ask_due INTEGER;
-- When either was done last, and when what they lack was sealed again.
ALTER TABLE contact ADD COLUMN recovered_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE contact ADD COLUMN resent_at INTEGER NOT NULL DEFAULT 0;
-- The newest record of a key that the pinned one did not sign: waits for the person's decision.
ALTER TABLE contact ADD COLUMN candidate BLOB;

-- Everything up to this cursor was taken in by this vault (not known of a mailbox of an earlier version), and how
-- many expired since.
ALTER TABLE mailbox ADD COLUMN through INTEGER;
ALTER TABLE mailbox ADD COLUMN expired INTEGER NOT NULL DEFAULT 0;

-- The day on which a stamp of mine was handed out: a generation retires 60 days after its last.
ALTER TABLE handed ADD COLUMN day INTEGER NOT NULL DEFAULT 0;

-- A stamp of theirs that I spent stays known: whoever went back in time hands the same ones out again.
ALTER TABLE stamp ADD COLUMN spent INTEGER NOT NULL DEFAULT 0;
CREATE INDEX stamp_unspent ON stamp(contact, id) WHERE spent = 0;

-- What this vault is: 0 the one that counts, 1 restored, 2 perhaps an old copy, 3 renewed and not yet published.
ALTER TABLE me ADD COLUMN copy INTEGER NOT NULL DEFAULT 0;

-- Whether a contact's new key was taken by the person's decision: the one before did not sign it.
ALTER TABLE key_change ADD COLUMN decided INTEGER NOT NULL DEFAULT 0;

-- When a contact began the conversation anew: a line of the history (`outgoing` = 3).
CREATE TABLE begun_anew (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    contact INTEGER NOT NULL REFERENCES contact(id) ON DELETE CASCADE,
    at INTEGER NOT NULL
);
CREATE TRIGGER begun_anew_enters_history AFTER INSERT ON begun_anew BEGIN
    INSERT INTO history (contact, outgoing, entry) VALUES (NEW.contact, 3, NEW.id);
END;

-- What a person should hear once. kind: 1 collected elsewhere, 2 a stamp spent elsewhere, 3 the relay went back.
CREATE TABLE notice (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    contact INTEGER REFERENCES contact(id) ON DELETE CASCADE,
    count INTEGER NOT NULL,
    told INTEGER NOT NULL DEFAULT 0
);
