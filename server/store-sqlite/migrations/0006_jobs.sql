-- Because what may happen later is enqueued in the transaction that made it necessary.
CREATE TABLE jobs (
    id          INTEGER PRIMARY KEY,
    kind        INTEGER NOT NULL,
    device      TEXT NOT NULL,
    sequence    INTEGER NOT NULL,
    enqueued_at INTEGER NOT NULL,
    run_at      INTEGER NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,
    error       TEXT
);
CREATE UNIQUE INDEX jobs_once ON jobs (kind, device, sequence);
