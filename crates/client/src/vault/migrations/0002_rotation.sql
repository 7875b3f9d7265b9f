-- Changing keys (spec/vault.md): mine that is under way, mine that were before, and those of contacts.

-- A change of my own key that has not ended. The answer leaves only once its record and secret are here.
CREATE TABLE rotation (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    identity_seeds BLOB NOT NULL,
    record BLOB NOT NULL,
    vouchers BLOB NOT NULL
);

-- Fingerprints that were mine: what was sealed to them may still lie at the doorstep. `announced` once the
-- bundle of the successor is published.
CREATE TABLE former (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    fingerprint BLOB NOT NULL UNIQUE,
    announced INTEGER NOT NULL DEFAULT 0
);

-- Contacts' keys that I followed, each signed by the one before: a line of the history (`outgoing` = 2).
CREATE TABLE key_change (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    contact INTEGER NOT NULL REFERENCES contact(id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    fingerprint BLOB NOT NULL
);
CREATE TRIGGER key_change_enters_history AFTER INSERT ON key_change BEGIN
    INSERT INTO history (contact, outgoing, entry) VALUES (NEW.contact, 2, NEW.id);
END;
