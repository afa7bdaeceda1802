-- What administrators search users by, and the indexes of their lists. A key is the beginning of a text in lower case.
-- A row that a node of the release before writes has none, and is found by it once its name changed.

ALTER TABLE {users} ADD COLUMN name_key {SORTED TEXT 400};

UPDATE {users} SET name_key = SUBSTR(LOWER(name), 1, 100) WHERE name_key IS NULL AND erased_ms IS NULL;

ALTER TABLE {login_emails} ADD COLUMN search_key {SORTED TEXT 400};

UPDATE {login_emails} SET search_key = canonical WHERE search_key IS NULL;

CREATE INDEX {IF NOT EXISTS} {users_by_name} ON {users} (name_key, id);

CREATE INDEX {IF NOT EXISTS} {users_by_creation} ON {users} (created_ms, id);

CREATE INDEX {IF NOT EXISTS} {users_by_status} ON {users} (status, created_ms, id);

CREATE INDEX {IF NOT EXISTS} {login_emails_by_search} ON {login_emails} (search_key, user_id);

CREATE INDEX {IF NOT EXISTS} {sessions_by_client} ON {sessions} (client_id, id);
