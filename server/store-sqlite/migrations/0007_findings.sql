-- Because a finding lives on between reports: one row per cause and device. Pages walk an index per
-- filter in the order in which they are shown.
CREATE TABLE findings (
    device        TEXT NOT NULL,
    id            TEXT NOT NULL,
    rule          TEXT NOT NULL,
    family        TEXT NOT NULL,
    severity      INTEGER NOT NULL, -- as shown: the reported one, or the raised one where that is graver
    raised        INTEGER,
    raised_reason TEXT,
    product       TEXT,
    title         TEXT NOT NULL,
    subject       TEXT NOT NULL,
    body          TEXT NOT NULL,
    origin        TEXT NOT NULL,
    status        INTEGER NOT NULL,
    assignee      TEXT,
    approval      TEXT,
    first_seen    INTEGER NOT NULL,
    last_seen     INTEGER NOT NULL,
    resolved_at   INTEGER,
    version       INTEGER NOT NULL
);
CREATE UNIQUE INDEX findings_once ON findings (device, id);
CREATE INDEX findings_by_status ON findings (status, severity DESC, first_seen DESC, device, id);
CREATE INDEX findings_by_family ON findings (status, family, severity DESC, first_seen DESC, device, id);
CREATE INDEX findings_by_rule ON findings (status, rule, severity DESC, first_seen DESC, device, id);
CREATE INDEX findings_by_approval ON findings (approval) WHERE approval IS NOT NULL;
