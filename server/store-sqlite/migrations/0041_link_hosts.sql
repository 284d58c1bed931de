-- Because people are counted, not devices, and asking the roster about each holder of a value would grow with the fleet.
CREATE TABLE link_hosts (
    device       TEXT PRIMARY KEY NOT NULL,
    worker       TEXT NOT NULL,
    shared_place TEXT,
    shared_size  INTEGER NOT NULL,
    last_report  INTEGER NOT NULL
) WITHOUT ROWID;
