-- Because an auditor's evaluation challenges each device with a nonce of its own and freezes the answers.
CREATE TABLE evaluations (
    id         TEXT PRIMARY KEY NOT NULL,
    name       TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    deadline   INTEGER NOT NULL,
    scope      TEXT NOT NULL,
    frozen_at  INTEGER,
    result     TEXT
);
CREATE TABLE challenges (
    evaluation  TEXT NOT NULL REFERENCES evaluations (id),
    device      TEXT NOT NULL,
    nonce       TEXT NOT NULL,
    digest      BLOB,
    sequence    INTEGER,
    answered_at INTEGER,
    PRIMARY KEY (evaluation, device)
) WITHOUT ROWID;
CREATE INDEX challenges_open ON challenges (device) WHERE digest IS NULL;
