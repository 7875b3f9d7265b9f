-- How many of my stamps a contact may have in hand (spec/vault.md § Stamps in others' hands).
ALTER TABLE contact ADD COLUMN allotment INTEGER NOT NULL DEFAULT 256;
