-- How long the sessions of a client last, where that is less than the deployment allows.

ALTER TABLE {clients} ADD COLUMN session_idle_ms {INTEGER};

ALTER TABLE {clients} ADD COLUMN session_absolute_ms {INTEGER};
