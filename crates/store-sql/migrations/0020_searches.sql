-- What administrators search clients by, and the log by client. A key is the beginning of the name in lower case. A row that
-- a node of the release before writes has none, and is found by it once its client changed.

ALTER TABLE {clients} ADD COLUMN name_key {SORTED TEXT 400};

UPDATE {clients} SET name_key = SUBSTR(LOWER(name), 1, 100) WHERE name_key IS NULL;

CREATE INDEX {IF NOT EXISTS} {clients_by_name} ON {clients} (name_key, id);

CREATE INDEX {IF NOT EXISTS} {audit_entries_by_client} ON {audit_entries} (client_id, id);
