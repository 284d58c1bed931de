-- Because the text index names a finding by a number that never changes, which a rowid does not promise.
ALTER TABLE findings ADD COLUMN number INTEGER;
UPDATE findings SET number = rowid;
CREATE UNIQUE INDEX findings_by_number ON findings (number);
