-- Because machines that start in the same minute for weeks hang on one switch: starts alone, never hours of use.
CREATE TABLE boots (
    device     TEXT NOT NULL,
    at         INTEGER NOT NULL,
    power_loss INTEGER NOT NULL,
    PRIMARY KEY (device, at)
) WITHOUT ROWID;
