-- Since when a password is known to be in the wrong hands. Null for one that is not.

ALTER TABLE {passwords} ADD COLUMN compromised_ms {INTEGER};
