-- Because a device's page shows coverage and outcomes of its last report without opening the envelope again.
CREATE TABLE results (
    device   TEXT PRIMARY KEY NOT NULL,
    sequence INTEGER NOT NULL,
    coverage TEXT NOT NULL,
    outcomes TEXT NOT NULL
);
