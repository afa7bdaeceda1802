-- Organizations, who is in them, and who is invited. A role is JSON, as the application writes it.

CREATE TABLE IF NOT EXISTS {organizations} (
    id {ID} NOT NULL PRIMARY KEY,
    name {TEXT 200} NOT NULL,
    archived_ms {INTEGER},
    version {INTEGER} NOT NULL,
    created_ms {INTEGER} NOT NULL,
    updated_ms {INTEGER} NOT NULL,
    attrs {TEXT} NOT NULL
) {TABLE};

CREATE TABLE IF NOT EXISTS {memberships} (
    id {ID} NOT NULL PRIMARY KEY,
    organization_id {ID} NOT NULL,
    user_id {ID} NOT NULL,
    role {EXACT TEXT 64} NOT NULL,
    version {INTEGER} NOT NULL,
    created_ms {INTEGER} NOT NULL,
    updated_ms {INTEGER} NOT NULL,
    UNIQUE (user_id, organization_id),
    FOREIGN KEY (organization_id) REFERENCES {organizations} (id) ON DELETE CASCADE,
    FOREIGN KEY (user_id) REFERENCES {users} (id) ON DELETE CASCADE
) {TABLE};

CREATE INDEX {IF NOT EXISTS} {memberships_by_organization} ON {memberships} (organization_id, id);

CREATE TABLE IF NOT EXISTS {invitations} (
    id {ID} NOT NULL PRIMARY KEY,
    organization_id {ID} NOT NULL,
    typed {TEXT 254} NOT NULL,
    canonical {EXACT TEXT 254} NOT NULL,
    skeleton {TEXT 2032} NOT NULL,
    role {EXACT TEXT 64} NOT NULL,
    code_digest {DIGEST} NOT NULL UNIQUE,
    invited_by {ID} NOT NULL,
    created_ms {INTEGER} NOT NULL,
    expires_ms {INTEGER} NOT NULL,
    finished_ms {INTEGER},
    FOREIGN KEY (organization_id) REFERENCES {organizations} (id) ON DELETE CASCADE,
    FOREIGN KEY (invited_by) REFERENCES {users} (id) ON DELETE CASCADE
) {TABLE};

CREATE INDEX {IF NOT EXISTS} {invitations_by_organization} ON {invitations} (organization_id, finished_ms, id);

CREATE INDEX {IF NOT EXISTS} {invitations_by_sender} ON {invitations} (invited_by);
