-- Of a message that a person gave a key: salt and hash of what was said with it first (spec/vault.md § Keys that a person gives).
ALTER TABLE outbox ADD COLUMN said_first BLOB;
-- Which edits of a message of mine there are.
CREATE INDEX outbox_edit ON outbox(contact, target) WHERE kind = 14;
