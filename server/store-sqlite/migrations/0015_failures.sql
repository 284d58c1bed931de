-- Because failed sign-ins are throttled across restarts and parallel attempts.
CREATE TABLE failures (
    subject TEXT NOT NULL,
    at      INTEGER NOT NULL
);
CREATE INDEX failures_of ON failures (subject, at);
