-- Because envelopes are kept as they came, so that they verify years later without the server.
CREATE TABLE messages (
    id           INTEGER PRIMARY KEY,
    device       TEXT NOT NULL,
    sequence     INTEGER NOT NULL,
    kind         INTEGER NOT NULL, -- 0 check-in, 1 report, 2 last word
    digest       BLOB NOT NULL,
    chain        INTEGER NOT NULL, -- 0 continues, 1 declared loss, 2 gap, 3 broken
    gap_from     INTEGER,
    gap_to       INTEGER,
    envelope     TEXT NOT NULL,
    disclosures  TEXT NOT NULL,
    observation  TEXT,
    received_at  INTEGER NOT NULL
);
CREATE UNIQUE INDEX messages_once ON messages (device, sequence);
CREATE INDEX messages_reports ON messages (device, digest) WHERE kind = 1;
