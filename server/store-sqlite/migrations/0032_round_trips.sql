-- Because the last measured round trips of a device go into its next signed observation.
CREATE TABLE round_trips (
    device             TEXT PRIMARY KEY NOT NULL,
    tcp_min_us         INTEGER NOT NULL,
    application_min_us INTEGER NOT NULL,
    samples            INTEGER NOT NULL,
    measured_at        INTEGER NOT NULL
) WITHOUT ROWID;
