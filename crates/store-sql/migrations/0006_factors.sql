-- Second factors. enrolled_user_id repeats user_id once the enrolment is proven: a null is never a duplicate.

CREATE TABLE IF NOT EXISTS {totps} (
    id {ID} NOT NULL PRIMARY KEY,
    user_id {ID} NOT NULL,
    enrolled_user_id {ID} UNIQUE,
    secret {BYTES} NOT NULL,
    handle_digest {DIGEST} NOT NULL UNIQUE,
    last_step {INTEGER} NOT NULL,
    created_ms {INTEGER} NOT NULL,
    confirmed_ms {INTEGER},
    expires_ms {INTEGER} NOT NULL,
    FOREIGN KEY (user_id) REFERENCES {users} (id) ON DELETE CASCADE
) {TABLE};

CREATE INDEX {IF NOT EXISTS} {totps_by_user} ON {totps} (user_id);

CREATE TABLE IF NOT EXISTS {recovery_codes} (
    user_id {ID} NOT NULL,
    digest {DIGEST} NOT NULL,
    PRIMARY KEY (user_id, digest),
    FOREIGN KEY (user_id) REFERENCES {users} (id) ON DELETE CASCADE
) {TABLE BY KEY};
