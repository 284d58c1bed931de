-- Because a value that two devices share is found by the value, and what a device shared by the device: both in the
-- order of a key, so that a report costs what is new in it.
CREATE TABLE links (
    kind       INTEGER NOT NULL,
    value      TEXT NOT NULL,
    device     TEXT NOT NULL,
    detail     TEXT NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    off_site   INTEGER,
    present    INTEGER NOT NULL,
    PRIMARY KEY (kind, value, device)
) WITHOUT ROWID;
CREATE INDEX links_of ON links (device);
