-- What counts the changes of a password that logins under way must not outlive.

ALTER TABLE {passwords} ADD COLUMN version {INTEGER} NOT NULL DEFAULT 1;
