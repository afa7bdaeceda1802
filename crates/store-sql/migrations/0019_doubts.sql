-- Since when a second factor may be somebody else's, and when recovery codes were made. Null is for those of which it is
-- not known.

ALTER TABLE {totps} ADD COLUMN doubted_ms {INTEGER};

ALTER TABLE {recovery_codes} ADD COLUMN made_ms {INTEGER};
