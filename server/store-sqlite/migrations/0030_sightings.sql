-- Because a place is judged by where a device was seen before: runs of one address, without the address.
CREATE TABLE sightings (
    id          INTEGER PRIMARY KEY,
    device      TEXT NOT NULL,
    family      INTEGER NOT NULL,
    digest      TEXT NOT NULL,
    country     TEXT,
    alt_country TEXT,
    asn         INTEGER,
    class       TEXT NOT NULL,
    first_seen  INTEGER NOT NULL,
    last_seen   INTEGER NOT NULL,
    seen        INTEGER NOT NULL
);
CREATE INDEX sightings_of ON sightings (device, family, id);
CREATE INDEX sightings_age ON sightings (last_seen);
