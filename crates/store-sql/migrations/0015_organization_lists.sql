-- What administrators search organizations by. A key is the beginning of the name in lower case. A row that a node of the
-- release before writes has none, and is found by it once its name changed.

ALTER TABLE {organizations} ADD COLUMN name_key {SORTED TEXT 400};

UPDATE {organizations} SET name_key = SUBSTR(LOWER(name), 1, 100) WHERE name_key IS NULL;

CREATE INDEX {IF NOT EXISTS} {organizations_by_name} ON {organizations} (name_key, id);
