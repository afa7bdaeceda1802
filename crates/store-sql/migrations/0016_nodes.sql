-- The processes that serve the deployment, each until it expires.

CREATE TABLE IF NOT EXISTS {nodes} (
    name {TEXT 200} NOT NULL PRIMARY KEY,
    id {ID} NOT NULL UNIQUE,
    sharing {TEXT 16} NOT NULL,
    started_ms {INTEGER} NOT NULL,
    expires_ms {INTEGER} NOT NULL
) {TABLE};

CREATE INDEX {IF NOT EXISTS} {nodes_by_expiry} ON {nodes} (expires_ms);
