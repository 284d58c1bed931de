-- Because a place verdict needs to know who should be where; names stand apart so that they can go alone.
CREATE TABLE people (
    id         TEXT PRIMARY KEY NOT NULL,
    body       TEXT NOT NULL,
    active     INTEGER NOT NULL,
    source     TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE person_names (
    person       TEXT PRIMARY KEY NOT NULL,
    hr_key       TEXT NOT NULL,
    display_name TEXT,
    user_name    TEXT,
    external_id  TEXT
) WITHOUT ROWID;
CREATE INDEX person_names_user ON person_names (user_name);
CREATE INDEX person_names_external ON person_names (external_id);
