-- What every login writes, less what hardly a row needs: an index by a column that is mostly empty has only the rows
-- where it is not, and what a user has is found by the user alone, since it is little. A flow and a session then change
-- without an index of their ends.

DROP INDEX {IF EXISTS} {flows_by_user} {ON flows};

DROP INDEX {IF EXISTS} {sessions_by_user} {ON sessions};

CREATE INDEX {IF NOT EXISTS} {sessions_ended} ON {sessions} (ended_ms) {WHERE ended_ms};

DROP INDEX {IF EXISTS} {sessions_by_end} {ON sessions};

CREATE INDEX {IF NOT EXISTS} {sessions_of_client} ON {sessions} (client_id, id) {WHERE client_id};

DROP INDEX {IF EXISTS} {sessions_by_client} {ON sessions};

CREATE INDEX {IF NOT EXISTS} {users_to_erase} ON {users} (erasure_ms) {WHERE erasure_ms};

DROP INDEX {IF EXISTS} {users_by_erasure} {ON users};

CREATE INDEX {IF NOT EXISTS} {audit_entries_of_client} ON {audit_entries} (client_id, id) {WHERE client_id};

DROP INDEX {IF EXISTS} {audit_entries_by_client} {ON audit_entries};

CREATE INDEX {IF NOT EXISTS} {audit_entries_of_actor} ON {audit_entries} (actor_id, id) {WHERE actor_id};

DROP INDEX {IF EXISTS} {audit_entries_by_actor} {ON audit_entries};
