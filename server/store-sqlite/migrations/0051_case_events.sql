-- Because a case is handed on with what was done to it: its timeline, the disproof steps, and who had it in hand.
CREATE TABLE case_events (
    id      INTEGER PRIMARY KEY,
    case_id TEXT NOT NULL,
    at      INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    what    TEXT NOT NULL,
    text    TEXT
);
CREATE INDEX case_events_of ON case_events (case_id, id);
CREATE TABLE case_checks (
    case_id TEXT NOT NULL,
    step    TEXT NOT NULL,
    result  TEXT NOT NULL,
    note    TEXT NOT NULL,
    done_by TEXT NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (case_id, step)
) WITHOUT ROWID;
CREATE TABLE case_custody (
    id      INTEGER PRIMARY KEY,
    case_id TEXT NOT NULL,
    at      INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    what    TEXT NOT NULL,
    digest  TEXT,
    audit   INTEGER NOT NULL
);
CREATE INDEX case_custody_of ON case_custody (case_id, id);
