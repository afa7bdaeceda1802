-- The one link that makes an administrator. Its row has slot 1 and goes when it is spent.

CREATE TABLE IF NOT EXISTS {bootstraps} (
    slot {INTEGER} NOT NULL PRIMARY KEY,
    digest {DIGEST} NOT NULL,
    recovery {INTEGER} NOT NULL,
    expires_ms {INTEGER} NOT NULL
) {TABLE};
