-- Because a machine enrols with a token of limited use; only the hash of its secret is kept.
CREATE TABLE tokens (
    id                TEXT PRIMARY KEY NOT NULL,
    secret_hash       TEXT NOT NULL,
    device_group      TEXT NOT NULL,
    max_uses          INTEGER NOT NULL CHECK (max_uses > 0),
    uses              INTEGER NOT NULL DEFAULT 0 CHECK (uses <= max_uses),
    expires_at        INTEGER NOT NULL,
    needs_approval    INTEGER NOT NULL,
    simulated         INTEGER NOT NULL,
    created_by        TEXT NOT NULL,
    created_at        INTEGER NOT NULL,
    last_use_at       INTEGER,
    last_use_device   TEXT,
    last_use_hostname TEXT,
    revoked_at        INTEGER
);
