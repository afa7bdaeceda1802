//! Guesses that are spread over many accounts, on every engine.

#[path = "../../../testing/tests/flows/spraying/scenarios.rs"]
mod scenarios;

use scenarios::guesses_at_many_accounts_are_in_the_log_of_the_deployment;

on_every_engine!(guesses_at_many_accounts_are_in_the_log_of_the_deployment);
