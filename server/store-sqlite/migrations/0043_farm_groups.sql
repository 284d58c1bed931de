-- Because a group is a thing with a life of its own: it keeps its id while it grows, and is kept when it ends.
CREATE TABLE farm_groups (
    id         TEXT PRIMARY KEY NOT NULL,
    rank       INTEGER NOT NULL,
    verdict    TEXT NOT NULL,
    workers    INTEGER NOT NULL,
    weight     REAL NOT NULL,
    members    TEXT NOT NULL,
    body       TEXT NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    ended_at   INTEGER
);
CREATE INDEX farm_groups_by_rank ON farm_groups (rank, workers DESC, id) WHERE ended_at IS NULL;
CREATE TABLE farm_members (
    device   TEXT PRIMARY KEY NOT NULL,
    group_id TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX farm_members_of ON farm_members (group_id);
