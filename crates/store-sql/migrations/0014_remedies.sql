-- What the owner of a compromised password must do about it. Null is for a reset, and for a password that is not
-- compromised.

ALTER TABLE {passwords} ADD COLUMN remedy {TEXT 16};
