-- Kinds beside texts (spec/e2ee.md § Kinds): bodies as on the wire, where the words are not all of it.

ALTER TABLE outbox ADD COLUMN body BLOB;
-- The message that an edit or a deletion names; of a part, its file, and which part it is.
ALTER TABLE outbox ADD COLUMN target BLOB;
ALTER TABLE outbox ADD COLUMN part INTEGER;
CREATE INDEX outbox_part ON outbox(contact, target, part) WHERE kind = 2;
ALTER TABLE outbox ADD COLUMN edited INTEGER NOT NULL DEFAULT 0;
-- 0 here, 1 taken back, 2 disappeared.
ALTER TABLE outbox ADD COLUMN gone INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN expire_s INTEGER;
ALTER TABLE outbox ADD COLUMN expires_at INTEGER;
-- When a receipt came.
ALTER TABLE outbox ADD COLUMN read_at INTEGER;
CREATE INDEX outbox_expires ON outbox(expires_at) WHERE expires_at IS NOT NULL AND gone = 0;

ALTER TABLE message ADD COLUMN target BLOB;
-- When the edit that counts was sent.
ALTER TABLE message ADD COLUMN edited INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN gone INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN expire_s INTEGER;
ALTER TABLE message ADD COLUMN expires_at INTEGER;
-- Whether a receipt of mine names it.
ALTER TABLE message ADD COLUMN receipted INTEGER NOT NULL DEFAULT 0;
CREATE INDEX message_expires ON message(expires_at) WHERE expires_at IS NOT NULL AND gone = 0;
CREATE INDEX message_target ON message(contact, target) WHERE target IS NOT NULL;

-- Seconds after which what is written to this contact disappears (0: never), and whether they get receipts.
ALTER TABLE contact ADD COLUMN timer_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE contact ADD COLUMN receipts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE contact ADD COLUMN receipted_at INTEGER NOT NULL DEFAULT 0;

-- Files, by the message that announces them. `bytes` is not known while parts came before the head, or while the file
-- is being read. state: 0 on its way, 1 whole, 2 saved, 3 damaged or never whole, 4 dropped, 5 erased.
CREATE TABLE file (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    contact INTEGER NOT NULL REFERENCES contact(id) ON DELETE CASCADE,
    outgoing INTEGER NOT NULL,
    message_id BLOB NOT NULL,
    bytes INTEGER,
    hash BLOB,
    state INTEGER NOT NULL DEFAULT 0,
    saved TEXT,
    began_at INTEGER NOT NULL,
    UNIQUE (contact, outgoing, message_id)
);

CREATE TABLE part (
    file INTEGER NOT NULL REFERENCES file(id) ON DELETE CASCADE,
    idx INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    UNIQUE (file, idx)
);

-- A part is no line of a history.
DROP TRIGGER message_enters_history;
DROP TRIGGER outbox_enters_history;
CREATE TRIGGER message_enters_history AFTER INSERT ON message WHEN NEW.kind != 2 BEGIN
    INSERT INTO history (contact, outgoing, entry) VALUES (NEW.contact, 0, NEW.id);
END;
CREATE TRIGGER outbox_enters_history AFTER INSERT ON outbox WHEN NEW.kind != 2 BEGIN
    INSERT INTO history (contact, outgoing, entry) VALUES (NEW.contact, 1, NEW.id);
END;
