-- Because a verdict about a place must know of announced trips, who decided on them and why.
CREATE TABLE trips (
    id           TEXT PRIMARY KEY NOT NULL,
    device       TEXT NOT NULL,
    person       TEXT,
    countries    TEXT NOT NULL,
    from_day     TEXT NOT NULL,
    until_day    TEXT NOT NULL,
    announced_by TEXT NOT NULL,
    announced_at INTEGER NOT NULL,
    state        TEXT NOT NULL,
    decided_by   TEXT,
    decided_at   INTEGER,
    reason       TEXT
) WITHOUT ROWID;
CREATE INDEX trips_of ON trips (device, until_day);
CREATE INDEX trips_of_person ON trips (person, until_day);
CREATE INDEX trips_new ON trips (announced_at, id);
