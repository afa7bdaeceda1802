-- The administrator who acts in a session as its user, and the session of his own in which he does.

ALTER TABLE {sessions} ADD COLUMN actor_id {ID};

ALTER TABLE {sessions} ADD COLUMN actor_session_id {ID};
