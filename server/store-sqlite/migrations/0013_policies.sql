-- Because a published policy is handed out as it was signed.
CREATE TABLE policies (
    version      INTEGER PRIMARY KEY NOT NULL,
    name         TEXT NOT NULL,
    digest       TEXT NOT NULL,
    envelope     TEXT NOT NULL,
    groups       TEXT NOT NULL,
    published_by TEXT NOT NULL,
    published_at INTEGER NOT NULL
);
