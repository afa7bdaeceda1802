//! The reviewed tables of the policy, held against every route.

#[path = "../../../testing/tests/authorization/matrix.rs"]
mod matrix;

use durward_core::{Plain, Store};

/// R-AZ-01, R-AZ-02, R-AZ-03
async fn every_route_answers_every_principal_as_the_tables_say<S: Store<Attrs = Plain>>(store: S) {
    matrix::holds(store).await;
}

on_every_engine!(every_route_answers_every_principal_as_the_tables_say);
