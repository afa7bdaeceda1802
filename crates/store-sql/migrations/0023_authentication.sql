-- How strongly the members of an organization have to be authenticated. Null asks for nothing in particular, as before.

ALTER TABLE {organizations} ADD COLUMN authentication {TEXT 16};
