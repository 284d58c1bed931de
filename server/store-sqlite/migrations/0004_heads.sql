-- Because each message moves its device's sequence, chain and last sight: a narrow row per device.
CREATE TABLE heads (
    device        TEXT PRIMARY KEY NOT NULL REFERENCES devices (id),
    sequence      INTEGER NOT NULL DEFAULT 0,
    chain         BLOB,
    seen_at       INTEGER,
    report_at     INTEGER,
    last_report   INTEGER,
    stopped       INTEGER NOT NULL DEFAULT 0,
    due_at        INTEGER NOT NULL,
    country       TEXT,
    asn           INTEGER,
    egress_class  TEXT
) WITHOUT ROWID;
