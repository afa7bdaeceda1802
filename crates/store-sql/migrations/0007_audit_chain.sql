-- The audit log with what shows that it is whole. It takes the place of the table before, which no release
-- has filled.
--
-- chain_id is the organization whose log has the entry, or 16 zeros for the deployment itself, so that
-- the uniqueness of a place in a chain holds for both. Seals are numbered from 1 on, and an entry that is
-- not sealed yet has seal 0. ip_salt is there as long as ip is.

CREATE TABLE IF NOT EXISTS {audit_entries} (
    id {ID} NOT NULL PRIMARY KEY,
    happened_ms {INTEGER} NOT NULL,
    event {TEXT 64} NOT NULL,
    chain_id {ID} NOT NULL,
    actor_id {ID},
    subject_id {ID},
    client_id {ID},
    ip {TEXT 64},
    ip_salt {ID},
    ip_fingerprint {DIGEST},
    request {TEXT 64},
    details {TEXT} NOT NULL,
    mac_key {INTEGER} NOT NULL,
    mac {DIGEST} NOT NULL,
    seal {INTEGER} NOT NULL
) {TABLE};

CREATE INDEX {IF NOT EXISTS} {audit_entries_by_subject} ON {audit_entries} (subject_id, id);

CREATE INDEX {IF NOT EXISTS} {audit_entries_by_actor} ON {audit_entries} (actor_id, id);

CREATE INDEX {IF NOT EXISTS} {audit_entries_by_chain} ON {audit_entries} (chain_id, id);

CREATE INDEX {IF NOT EXISTS} {audit_entries_by_seal} ON {audit_entries} (seal, chain_id, id);

-- members has the id and the fingerprint of every entry that the seal lists, 48 bytes for each.
CREATE TABLE IF NOT EXISTS {audit_seals} (
    chain_id {ID} NOT NULL,
    number {INTEGER} NOT NULL,
    sealed_ms {INTEGER} NOT NULL,
    previous_hash {DIGEST} NOT NULL,
    members {BYTES} NOT NULL,
    hash {DIGEST} NOT NULL,
    PRIMARY KEY (chain_id, number)
) {TABLE};

CREATE TABLE IF NOT EXISTS {audit_heads} (
    chain_id {ID} NOT NULL PRIMARY KEY,
    seals {INTEGER} NOT NULL,
    entries {INTEGER} NOT NULL,
    hash {DIGEST} NOT NULL,
    mac_key {INTEGER} NOT NULL,
    mac {DIGEST} NOT NULL
) {TABLE BY KEY};

DROP TABLE IF EXISTS {audit};
