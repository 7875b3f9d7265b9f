-- What contacts ask for, and what is still to be asked of them (spec/vault.md § Recovery).

-- What somebody said that he lacks of mine, until it is answered: one line for each of my streams, the newest.
CREATE TABLE asked (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    contact INTEGER NOT NULL REFERENCES contact(id) ON DELETE CASCADE,
    -- Empty where he knows none of mine.
    stream BLOB NOT NULL,
    -- From and to, each of eight bytes.
    gaps BLOB NOT NULL,
    begins_anew INTEGER NOT NULL,
    -- The last row of the outbox when it came: what is said later he does not lack yet.
    through INTEGER NOT NULL,
    UNIQUE (contact, stream)
);

-- Whether the stream before a contact's present one is still to be asked for: its gaps show in no later number.
ALTER TABLE contact ADD COLUMN ask_former INTEGER NOT NULL DEFAULT 0;
