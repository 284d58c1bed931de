-- Because findings of one device, person or group are worked together: a case has one row, and what it held when
-- it was closed stays marked. `open_subject` is set while a case is open and follows its subject, so that no second does.
CREATE TABLE cases (
    id           TEXT PRIMARY KEY NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id   TEXT NOT NULL,
    open_subject TEXT UNIQUE,
    title        TEXT NOT NULL,
    status       INTEGER NOT NULL,
    rank         INTEGER NOT NULL, -- of the verdict, the gravest first
    priority     INTEGER NOT NULL, -- how many flags the person has
    tenths       INTEGER NOT NULL, -- evidence × 10, -10 where there is none
    verdict      TEXT NOT NULL,
    assignee     TEXT,
    opened_at    INTEGER NOT NULL,
    body         TEXT NOT NULL,    -- what no page filters by
    version      INTEGER NOT NULL
);
CREATE INDEX cases_queue ON cases (status, rank, -priority, -tenths, -opened_at, id);
CREATE TABLE case_devices (
    case_id TEXT NOT NULL,
    device  TEXT NOT NULL,
    PRIMARY KEY (case_id, device)
) WITHOUT ROWID;
CREATE INDEX case_devices_of ON case_devices (device, case_id);
CREATE TABLE case_members (
    case_id  TEXT NOT NULL,
    device   TEXT NOT NULL,
    finding  TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    report   INTEGER,
    moved_to TEXT,
    closing  TEXT,
    PRIMARY KEY (case_id, device, finding)
) WITHOUT ROWID;
CREATE INDEX case_members_of ON case_members (device, finding, case_id);
