-- Clients: programs that use an API, owned by an organization or by a user, and their secret keys.

CREATE TABLE IF NOT EXISTS {clients} (
    id {ID} NOT NULL PRIMARY KEY,
    organization_id {ID},
    user_id {ID},
    name {TEXT 200} NOT NULL,
    kind {TEXT 16} NOT NULL,
    enabled {INTEGER} NOT NULL,
    require_user {INTEGER} NOT NULL,
    rate_limit {INTEGER},
    redirect_uris {TEXT} NOT NULL,
    roles {TEXT} NOT NULL,
    restrictions {TEXT} NOT NULL,
    expires_ms {INTEGER},
    version {INTEGER} NOT NULL,
    created_ms {INTEGER} NOT NULL,
    updated_ms {INTEGER} NOT NULL,
    last_used_ms {INTEGER},
    attrs {TEXT} NOT NULL,
    FOREIGN KEY (organization_id) REFERENCES {organizations} (id) ON DELETE CASCADE,
    FOREIGN KEY (user_id) REFERENCES {users} (id) ON DELETE CASCADE
) {TABLE};

CREATE INDEX {IF NOT EXISTS} {clients_by_organization} ON {clients} (organization_id, id);

CREATE INDEX {IF NOT EXISTS} {clients_by_user} ON {clients} (user_id, id);

CREATE TABLE IF NOT EXISTS {client_secrets} (
    id {ID} NOT NULL PRIMARY KEY,
    client_id {ID} NOT NULL,
    digest {DIGEST} NOT NULL UNIQUE,
    created_ms {INTEGER} NOT NULL,
    expires_ms {INTEGER},
    revoked_ms {INTEGER},
    last_used_ms {INTEGER},
    FOREIGN KEY (client_id) REFERENCES {clients} (id) ON DELETE CASCADE
) {TABLE};

CREATE INDEX {IF NOT EXISTS} {client_secrets_by_client} ON {client_secrets} (client_id, revoked_ms);
