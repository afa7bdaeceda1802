-- Indexes by which what has been over for a while is found and deleted.

CREATE INDEX {IF NOT EXISTS} {flows_by_expiry} ON {flows} (expires_ms);

CREATE INDEX {IF NOT EXISTS} {sessions_by_expiry} ON {sessions} (expires_ms);

CREATE INDEX {IF NOT EXISTS} {sessions_by_end} ON {sessions} (ended_ms);

CREATE INDEX {IF NOT EXISTS} {replies_by_expiry} ON {replies} (expires_ms);

CREATE INDEX {IF NOT EXISTS} {budgets_by_moment} ON {budgets} (whole_ms);

CREATE INDEX {IF NOT EXISTS} {attempts_by_moment} ON {attempts} (last_ms);
