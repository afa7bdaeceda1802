-- Users, what they log in with, their sessions, and the work that surrounds them.
--
-- Times are milliseconds since the Unix epoch. A null time means: not yet. Ids are the 16 bytes of a
-- UUIDv7, digests the 32 bytes of a keyed SHA-256. Lists and the application's own fields are JSON.

CREATE TABLE IF NOT EXISTS {users} (
    id {ID} NOT NULL PRIMARY KEY,
    name {TEXT 200} NOT NULL,
    status {TEXT 16} NOT NULL,
    roles {TEXT} NOT NULL,
    version {INTEGER} NOT NULL,
    created_ms {INTEGER} NOT NULL,
    updated_ms {INTEGER} NOT NULL,
    attrs {TEXT} NOT NULL
) {TABLE};

-- proven_canonical repeats canonical once the claim is proven: a null is never a duplicate.
CREATE TABLE IF NOT EXISTS {login_emails} (
    id {ID} NOT NULL PRIMARY KEY,
    user_id {ID} NOT NULL,
    typed {TEXT 254} NOT NULL,
    canonical {EXACT TEXT 254} NOT NULL,
    skeleton {EXACT TEXT 2032} NOT NULL,
    proven_canonical {EXACT TEXT 254} UNIQUE,
    proven_ms {INTEGER},
    is_primary {INTEGER} NOT NULL,
    created_ms {INTEGER} NOT NULL,
    FOREIGN KEY (user_id) REFERENCES {users} (id) ON DELETE CASCADE
) {TABLE};

CREATE INDEX {IF NOT EXISTS} {login_emails_by_user} ON {login_emails} (user_id, created_ms);

CREATE INDEX {IF NOT EXISTS} {login_emails_by_canonical} ON {login_emails} (canonical);

CREATE INDEX {IF NOT EXISTS} {login_emails_by_skeleton} ON {login_emails} (skeleton, proven_ms);

CREATE TABLE IF NOT EXISTS {passwords} (
    user_id {ID} NOT NULL PRIMARY KEY,
    hash {EXACT TEXT} NOT NULL,
    changed_ms {INTEGER} NOT NULL,
    FOREIGN KEY (user_id) REFERENCES {users} (id) ON DELETE CASCADE
) {TABLE};

CREATE TABLE IF NOT EXISTS {sessions} (
    id {ID} NOT NULL PRIMARY KEY,
    user_id {ID} NOT NULL,
    client_id {ID},
    methods {TEXT 255} NOT NULL,
    authenticated_ms {INTEGER} NOT NULL,
    created_ms {INTEGER} NOT NULL,
    token_digest {DIGEST} NOT NULL UNIQUE,
    token_expires_ms {INTEGER} NOT NULL,
    refresh_digest {DIGEST} NOT NULL,
    previous_refresh_digest {DIGEST},
    rotated_ms {INTEGER} NOT NULL,
    refresh_expires_ms {INTEGER} NOT NULL,
    expires_ms {INTEGER} NOT NULL,
    ended_ms {INTEGER},
    ip {TEXT 45},
    agent {TEXT 255},
    attrs {TEXT} NOT NULL,
    FOREIGN KEY (user_id) REFERENCES {users} (id) ON DELETE CASCADE
) {TABLE};

CREATE INDEX {IF NOT EXISTS} {sessions_by_user} ON {sessions} (user_id, ended_ms);

-- Every refresh token that a session ever had, so that a second use is known for what it is.
CREATE TABLE IF NOT EXISTS {refresh_tokens} (
    digest {DIGEST} NOT NULL PRIMARY KEY,
    session_id {ID} NOT NULL,
    FOREIGN KEY (session_id) REFERENCES {sessions} (id) ON DELETE CASCADE
) {TABLE BY KEY};

CREATE INDEX {IF NOT EXISTS} {refresh_tokens_by_session} ON {refresh_tokens} (session_id);

CREATE TABLE IF NOT EXISTS {flows} (
    id {ID} NOT NULL PRIMARY KEY,
    purpose {TEXT 16} NOT NULL,
    step {TEXT 16} NOT NULL,
    position {INTEGER} NOT NULL,
    handle_digest {DIGEST} NOT NULL UNIQUE,
    state_digest {DIGEST},
    email_typed {TEXT 254} NOT NULL,
    email_canonical {TEXT 254} NOT NULL,
    email_skeleton {TEXT 2032} NOT NULL,
    user_id {ID},
    claim_id {ID},
    link_digest {DIGEST} UNIQUE,
    short_digest {DIGEST},
    attempts {INTEGER} NOT NULL,
    mails {INTEGER} NOT NULL,
    methods {TEXT 255} NOT NULL,
    pending_name {TEXT 200},
    pending_hash {TEXT},
    pending_attrs {TEXT},
    client_id {ID},
    created_ms {INTEGER} NOT NULL,
    expires_ms {INTEGER} NOT NULL,
    finished_ms {INTEGER},
    FOREIGN KEY (user_id) REFERENCES {users} (id) ON DELETE CASCADE
) {TABLE};

CREATE INDEX {IF NOT EXISTS} {flows_by_user} ON {flows} (user_id, finished_ms);

-- whole_ms is the moment at which the budget is whole again.
CREATE TABLE IF NOT EXISTS {budgets} (
    digest {DIGEST} NOT NULL PRIMARY KEY,
    whole_ms {INTEGER} NOT NULL
) {TABLE BY KEY};

CREATE TABLE IF NOT EXISTS {attempts} (
    digest {DIGEST} NOT NULL PRIMARY KEY,
    failures {INTEGER} NOT NULL,
    last_ms {INTEGER} NOT NULL
) {TABLE BY KEY};

CREATE TABLE IF NOT EXISTS {outbox} (
    id {ID} NOT NULL PRIMARY KEY,
    state {TEXT 16} NOT NULL,
    body {BYTES} NOT NULL,
    due_ms {INTEGER} NOT NULL,
    attempts {INTEGER} NOT NULL,
    created_ms {INTEGER} NOT NULL,
    last_error {TEXT}
) {TABLE};

CREATE INDEX {IF NOT EXISTS} {outbox_by_state} ON {outbox} (state, due_ms);

CREATE TABLE IF NOT EXISTS {replies} (
    digest {DIGEST} NOT NULL PRIMARY KEY,
    request_digest {DIGEST} NOT NULL,
    answer {BYTES} NOT NULL,
    expires_ms {INTEGER} NOT NULL
) {TABLE};

CREATE TABLE IF NOT EXISTS {audit} (
    id {ID} NOT NULL PRIMARY KEY,
    happened_ms {INTEGER} NOT NULL,
    event {TEXT 64} NOT NULL,
    actor_id {ID},
    subject_id {ID},
    client_id {ID},
    ip {TEXT 64},
    request {TEXT 64},
    details {TEXT} NOT NULL
) {TABLE};

CREATE INDEX {IF NOT EXISTS} {audit_by_subject} ON {audit} (subject_id, happened_ms);
