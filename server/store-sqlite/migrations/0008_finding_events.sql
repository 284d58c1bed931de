-- Because a finding's history is part of what an auditor asks for.
CREATE TABLE finding_events (
    id      INTEGER PRIMARY KEY,
    device  TEXT NOT NULL,
    finding TEXT NOT NULL,
    at      INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    what    TEXT NOT NULL,
    text    TEXT
);
CREATE INDEX finding_events_of ON finding_events (device, finding, id);
