-- Because what is known and wanted weighs nothing, and somebody answers for it until a day.
CREATE TABLE tie_approvals (
    id         TEXT PRIMARY KEY NOT NULL,
    kind       INTEGER NOT NULL,
    value      TEXT NOT NULL,
    pair       TEXT,
    owner      TEXT NOT NULL,
    reason     TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER
);
CREATE INDEX tie_approvals_of ON tie_approvals (kind, value);
