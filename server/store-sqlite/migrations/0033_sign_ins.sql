-- Because a sign-in log is compared with where the device was at the same minutes; names and addresses stay out.
CREATE TABLE sign_ins (
    event       TEXT PRIMARY KEY NOT NULL,
    person      TEXT NOT NULL,
    provider    TEXT NOT NULL,
    at          INTEGER NOT NULL,
    family      INTEGER NOT NULL,
    digest      TEXT NOT NULL,
    country     TEXT,
    alt_country TEXT,
    asn         INTEGER,
    class       TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX sign_ins_of ON sign_ins (person, at);
CREATE INDEX sign_ins_age ON sign_ins (at);
CREATE INDEX verdict_history_age ON verdict_history (at);
