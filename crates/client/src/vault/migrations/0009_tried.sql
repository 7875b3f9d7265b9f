-- Whether what was set aside was tried once more after a drain (spec/vault.md § Recovery). What lies there by now was.
ALTER TABLE quarantine ADD COLUMN tried INTEGER NOT NULL DEFAULT 1;
