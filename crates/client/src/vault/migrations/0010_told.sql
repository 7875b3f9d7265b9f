-- How many envelopes the relay counts as expired since it made the mailbox, as OPENED told it last, and how many of them
-- the person was not told of yet (spec/vault.md § Recovery).
ALTER TABLE mailbox ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN untold INTEGER NOT NULL DEFAULT 0;
