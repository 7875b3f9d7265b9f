-- What arrived and did not open is asked for by its envelope (spec/vault.md § Recovery).
-- Of what is set aside: 1 from the second try on that it did not open, until its sender was told.
ALTER TABLE quarantine ADD COLUMN untold INTEGER NOT NULL DEFAULT 0;
-- Of a message of mine: the hash of its last envelope while it may be sealed again, and 1 where that did not open.
ALTER TABLE outbox ADD COLUMN envelope_hash BLOB;
ALTER TABLE outbox ADD COLUMN unopened INTEGER NOT NULL DEFAULT 0;
CREATE INDEX outbox_envelope ON outbox (envelope_hash) WHERE envelope_hash IS NOT NULL;
CREATE INDEX outbox_unopened ON outbox (contact) WHERE unopened = 1;
