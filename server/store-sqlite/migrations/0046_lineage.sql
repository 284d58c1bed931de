-- Because a machine that was set up again has a history, and a copy has an original: neither is a new machine.
CREATE TABLE lineage (
    device  TEXT NOT NULL,
    earlier TEXT NOT NULL,
    how     TEXT NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (device, earlier, how)
) WITHOUT ROWID;
CREATE INDEX lineage_from ON lineage (earlier);
