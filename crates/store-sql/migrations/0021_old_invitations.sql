-- By which invitations that have been over for a while are found and deleted.

CREATE INDEX {IF NOT EXISTS} {invitations_by_expiry} ON {invitations} (expires_ms);
