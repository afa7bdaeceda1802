-- By which the invitations to a person's addresses are found: those that his export tells, and those that a newer one
-- replaces.

CREATE INDEX {IF NOT EXISTS} {invitations_by_canonical} ON {invitations} (canonical, id);
