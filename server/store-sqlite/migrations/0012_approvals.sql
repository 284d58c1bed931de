-- Because an approval covers findings that are still to come, within its scope and until it expires.
CREATE TABLE approvals (
    id           TEXT PRIMARY KEY NOT NULL,
    finding      TEXT,
    rule         TEXT,
    product      TEXT,
    device       TEXT,
    device_group TEXT,
    owner        TEXT NOT NULL,
    reason       TEXT NOT NULL,
    created_by   TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    revoked_at   INTEGER,
    expired_at   INTEGER, -- when its findings were reopened
    CHECK (finding IS NOT NULL OR rule IS NOT NULL OR product IS NOT NULL)
);
