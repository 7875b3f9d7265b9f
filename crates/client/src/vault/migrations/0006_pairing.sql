-- Pairings (spec/pairing.md): what is needed to make every move once more. Words and seed are erased when it is over.

CREATE TABLE pairing (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- 0 begins, 1 replies
    side INTEGER NOT NULL,
    -- Not known before the relay has given one.
    number INTEGER,
    host TEXT NOT NULL,
    port INTEGER NOT NULL,
    server_id BLOB NOT NULL,
    key BLOB NOT NULL,
    seed BLOB NOT NULL,
    words TEXT NOT NULL,
    -- The share of who began, at who replies.
    share BLOB,
    alias TEXT,
    began_at INTEGER NOT NULL,
    -- When the relay was last asked.
    asked_at INTEGER NOT NULL DEFAULT 0,
    -- Of who replies: whether the relay has had the reply once.
    replied INTEGER NOT NULL DEFAULT 0,
    -- Of who begins: how it is settled, decided once; and whether the relay has had that.
    settlement BLOB,
    settled INTEGER NOT NULL DEFAULT 0,
    -- Of both: the other one's card, once it was judged to be right.
    card BLOB,
    contact INTEGER REFERENCES contact(id) ON DELETE SET NULL,
    -- 0 under way, 1 paired, 2 the words were other ones, 3 somebody else replied, 4 its time is over,
    -- 5 the directory shows another identity
    outcome INTEGER NOT NULL DEFAULT 0
);
