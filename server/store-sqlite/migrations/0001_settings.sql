-- Because an installation has values of its own (its id) that must survive a move of the data directory.
CREATE TABLE settings (
    name  TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) WITHOUT ROWID;
