//! The same, for whoever puts all the parts together.

use std::sync::Arc;

use durward::passwords::PasswordPool;
use durward::{Behavior, KeyRing, Links, Mailer, Parts, Settings, Sharing, Store, SystemClock};

fn wire<S: Store>(
    store: S,
    keys: Arc<KeyRing>,
    links: Arc<dyn Links>,
    mailer: Arc<dyn Mailer>,
    passwords: Arc<PasswordPool>,
) -> Parts<S> {
    Parts {
        store,
        clock: Arc::new(SystemClock),
        keys,
        passwords,
        breaches: None,
        links,
        mailer,
        behavior: Behavior::default(),
        hooks: Vec::new(),
        settings: Settings::default(),
        sharing: Sharing::default(),
    }
}

fn main() {}
