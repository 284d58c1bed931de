-- Because a device has what changes rarely (here) and what changes with each message (heads): a heartbeat
-- must not rewrite a wide row.
CREATE TABLE devices (
    id                 TEXT PRIMARY KEY NOT NULL,
    public_key         TEXT NOT NULL,
    key_protection     TEXT NOT NULL,
    hostname           TEXT NOT NULL,
    os_family          TEXT NOT NULL,
    os_name            TEXT NOT NULL,
    os_version         TEXT NOT NULL,
    machine            TEXT NOT NULL,
    agent_version      TEXT NOT NULL,
    device_group       TEXT NOT NULL,
    state              INTEGER NOT NULL,
    simulated          INTEGER NOT NULL,
    expected_countries TEXT NOT NULL DEFAULT '[]',
    token              TEXT NOT NULL,
    enrolled_at        INTEGER NOT NULL,
    checkin_seconds    INTEGER NOT NULL,
    policy_name        TEXT,
    policy_version     INTEGER,
    policy_digest      TEXT
);
CREATE INDEX devices_by_name ON devices (hostname, id);
CREATE INDEX devices_by_state ON devices (state, hostname, id);
CREATE INDEX devices_by_group ON devices (device_group, hostname, id);
