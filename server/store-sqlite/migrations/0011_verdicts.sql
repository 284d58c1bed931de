-- Because the queue of people's work is ordered by verdict and evidence.
CREATE TABLE verdicts (
    device     TEXT PRIMARY KEY NOT NULL,
    rank       INTEGER NOT NULL,
    verdict    TEXT NOT NULL,
    evidence   REAL,
    posture    REAL NOT NULL,
    arithmetic TEXT NOT NULL,
    place      TEXT,
    at         INTEGER NOT NULL
);
CREATE INDEX verdicts_queue ON verdicts (rank, evidence DESC, device);
CREATE TABLE verdict_history (
    id         INTEGER PRIMARY KEY,
    device     TEXT NOT NULL,
    verdict    TEXT NOT NULL,
    evidence   REAL,
    posture    REAL NOT NULL,
    arithmetic TEXT NOT NULL,
    place      TEXT,
    at         INTEGER NOT NULL
);
CREATE INDEX verdict_history_of ON verdict_history (device, id);
