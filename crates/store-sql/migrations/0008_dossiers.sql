-- Indexes by which everything about a person is told in parts, and found when the person is erased.

CREATE INDEX {IF NOT EXISTS} {sessions_of_user} ON {sessions} (user_id, id);

CREATE INDEX {IF NOT EXISTS} {flows_of_user} ON {flows} (user_id, id);

CREATE INDEX {IF NOT EXISTS} {invitations_by_inviter} ON {invitations} (invited_by);
