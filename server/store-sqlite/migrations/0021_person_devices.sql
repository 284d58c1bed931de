-- Because a roster names devices by id, host name, serial number or device management's id, each of one person alone.
CREATE TABLE person_devices (
    kind   TEXT NOT NULL,
    value  TEXT NOT NULL,
    person TEXT NOT NULL,
    PRIMARY KEY (kind, value)
) WITHOUT ROWID;
CREATE INDEX person_devices_of ON person_devices (person);
CREATE INDEX devices_hostname_folded ON devices (lower(hostname));
