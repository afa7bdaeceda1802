-- Who administers, who is to be erased, and who was. A user who was erased is a row without a name, which keeps
-- the id taken.

ALTER TABLE {users} ADD COLUMN administers {INTEGER} NOT NULL DEFAULT 0;

ALTER TABLE {users} ADD COLUMN erasure_ms {INTEGER};

ALTER TABLE {users} ADD COLUMN erased_ms {INTEGER};

CREATE INDEX {IF NOT EXISTS} {users_by_office} ON {users} (administers);

CREATE INDEX {IF NOT EXISTS} {users_by_erasure} ON {users} (erasure_ms);
