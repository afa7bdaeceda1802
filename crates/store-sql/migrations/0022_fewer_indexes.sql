-- What a budget or an attempt owes changes with every use of it, and so did these indexes.

DROP INDEX {IF EXISTS} {budgets_by_moment} {ON budgets};

DROP INDEX {IF EXISTS} {attempts_by_moment} {ON attempts};
