-- When this vault was last looked at, by the clock of that moment (spec/vault.md § A clock that was ahead).
ALTER TABLE me ADD COLUMN seen_at INTEGER NOT NULL DEFAULT 0;
-- After each drain every contact is asked whether he has to hear of something that did not open.
CREATE INDEX quarantine_untold ON quarantine (contact) WHERE untold = 1;
-- Who joined before there were logs is watched over too: the log of my own server is asked for every day.
INSERT OR IGNORE INTO ledger (server_id, host, port) SELECT server_id, host, port FROM me WHERE stage = 5;
