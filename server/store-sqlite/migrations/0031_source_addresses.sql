-- Because raw addresses are for triage, for seven days, and lie where one statement forgets them.
CREATE TABLE source_addresses (
    device    TEXT NOT NULL,
    address   TEXT NOT NULL,
    family    INTEGER NOT NULL,
    digest    TEXT NOT NULL,
    last_seen INTEGER NOT NULL,
    PRIMARY KEY (device, address)
) WITHOUT ROWID;
CREATE INDEX source_addresses_age ON source_addresses (last_seen);
