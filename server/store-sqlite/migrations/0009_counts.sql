-- Because the first page must not count a million rows: triggers keep the sums in the writer's own transaction.
CREATE TABLE finding_counts (
    status   INTEGER NOT NULL,
    family   TEXT NOT NULL,
    severity INTEGER NOT NULL,
    n        INTEGER NOT NULL,
    PRIMARY KEY (status, family, severity)
) WITHOUT ROWID;
CREATE TABLE appeared (
    day INTEGER PRIMARY KEY NOT NULL, -- days since 1970-01-01, UTC
    n   INTEGER NOT NULL
);
CREATE TABLE device_counts (
    state     INTEGER NOT NULL,
    simulated INTEGER NOT NULL,
    os_family TEXT NOT NULL,
    n         INTEGER NOT NULL,
    PRIMARY KEY (state, simulated, os_family)
) WITHOUT ROWID;
CREATE TRIGGER findings_added AFTER INSERT ON findings BEGIN
    INSERT INTO finding_counts VALUES (new.status, new.family, new.severity, 1)
        ON CONFLICT DO UPDATE SET n = n + 1;
    INSERT INTO appeared VALUES (new.first_seen / 86400000000, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER findings_changed AFTER UPDATE OF status, severity, family ON findings
WHEN old.status <> new.status OR old.severity <> new.severity OR old.family <> new.family BEGIN
    UPDATE finding_counts SET n = n - 1
        WHERE status = old.status AND family = old.family AND severity = old.severity;
    INSERT INTO finding_counts VALUES (new.status, new.family, new.severity, 1)
        ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER findings_removed AFTER DELETE ON findings BEGIN
    UPDATE finding_counts SET n = n - 1
        WHERE status = old.status AND family = old.family AND severity = old.severity;
END;
CREATE TRIGGER devices_added AFTER INSERT ON devices BEGIN
    INSERT INTO device_counts VALUES (new.state, new.simulated, new.os_family, 1)
        ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER devices_changed AFTER UPDATE OF state, simulated, os_family ON devices
WHEN old.state <> new.state OR old.simulated <> new.simulated OR old.os_family <> new.os_family BEGIN
    UPDATE device_counts SET n = n - 1
        WHERE state = old.state AND simulated = old.simulated AND os_family = old.os_family;
    INSERT INTO device_counts VALUES (new.state, new.simulated, new.os_family, 1)
        ON CONFLICT DO UPDATE SET n = n + 1;
END;
