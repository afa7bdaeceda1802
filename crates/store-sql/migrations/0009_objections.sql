-- The session in which a flow was begun.

ALTER TABLE {flows} ADD COLUMN session_id {ID};
