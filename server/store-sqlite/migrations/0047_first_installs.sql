-- Because what the whole fleet installs first says nothing: names are counted once per device, as pseudonyms.
CREATE TABLE first_installs (
    device TEXT PRIMARY KEY NOT NULL,
    names  TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE install_names (
    name  TEXT PRIMARY KEY NOT NULL,
    hosts INTEGER NOT NULL
) WITHOUT ROWID;
