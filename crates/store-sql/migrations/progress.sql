-- What the migrator keeps about itself. It is not a migration: it is there before the first one.

CREATE TABLE IF NOT EXISTS {migrations} (
    version {INTEGER} NOT NULL PRIMARY KEY,
    checksum {TEXT 64} NOT NULL,
    steps {INTEGER} NOT NULL,
    steps_done {INTEGER} NOT NULL
) {TABLE};

CREATE TABLE IF NOT EXISTS {migration_lock} (
    id {INTEGER} NOT NULL PRIMARY KEY,
    holder {INTEGER} NOT NULL,
    beat {INTEGER} NOT NULL
) {TABLE};
