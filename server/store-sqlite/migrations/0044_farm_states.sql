-- Because a look writes only what it changes, and time alone ends what is shared: then somebody must look again.
CREATE TABLE farm_states (
    device TEXT PRIMARY KEY NOT NULL,
    digest TEXT NOT NULL,
    due_at INTEGER
) WITHOUT ROWID;
CREATE INDEX farm_states_due ON farm_states (due_at) WHERE due_at IS NOT NULL;
