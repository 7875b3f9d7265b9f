-- How far the records behind a contact's pinned one were read, when they were too many for one command
-- (spec/vault.md § Keys that need a decision): whether the recovery key signed one of them u8, the last record.
ALTER TABLE contact ADD COLUMN walked BLOB;
