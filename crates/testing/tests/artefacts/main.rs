//! Every artefact that somebody may hold, presented in every place that takes a secret: each is accepted where
//! it belongs and nowhere else.
#![expect(clippy::unwrap_used, reason = "these are tests")]

mod kinds;
mod world;

use kinds::{Artefact, Place};
use world::World;

#[tokio::test]
async fn each_artefact_is_accepted_where_it_belongs_and_nowhere_else() {
    // R-SE-10, R-CC-02, AM-05, AM-06, GW-62
    let world = World::new().await;
    let store = &world.app.accounts().parts().store;
    let begun = store.snapshot();
    for place in Place::ALL {
        for artefact in Artefact::ALL {
            // The same world again: attempts are counted, and what is accepted is spent.
            store.restore(&begun);
            let accepted = world.accepts(place, world.held(artefact)).await;
            assert_eq!(accepted, place.takes() == artefact, "{artefact:?} at {place:?}");
        }
    }
}
