use std::sync::Arc;

use durward_core::entity::Bootstrap;

use super::fault::Fault;
use super::{Faults, altered};

/// Keeps a link with something of it altered.
macro_rules! kept {
    ($alter:expr) => {
        Fault::replace_bootstrap(|state, link| {
            let alter: fn(&mut Bootstrap) = $alter;
            state.bootstrap = Arc::new(Some(altered(link, alter)));
            Ok(())
        })
    };
}

pub(super) const FAULTS: Faults = &[
    (
        "the_last_bootstrap_link_is_the_only_one",
        &[
            kept!(|link| link.recovery = false),
            kept!(|link| link.recovery = true),
            kept!(|link| link.expires = durward_core::Timestamp::from_millis(0)),
            Fault::replace_bootstrap(|state, link| {
                if state.bootstrap.is_none() {
                    state.bootstrap = Arc::new(Some(link.clone()));
                }
                Ok(())
            }),
            Fault::spend_bootstrap(|state, _, _| {
                state.bootstrap = Arc::new(None);
                Ok(true)
            }),
            Fault::bootstrap(|_| None),
        ],
    ),
    (
        "a_bootstrap_link_is_spent_once",
        &[
            Fault::spend_bootstrap(|state, code, now| {
                let present = state.bootstrap.as_ref().as_ref();
                Ok(present.is_some_and(|link| link.code == *code && now < link.expires))
            }),
            Fault::spend_bootstrap(|state, code, _| {
                let good = state.bootstrap.as_ref().as_ref().is_some_and(|it| it.code == *code);
                if good {
                    state.bootstrap = Arc::new(None);
                }
                Ok(good)
            }),
            Fault::spend_bootstrap(|state, code, now| {
                let present = state.bootstrap.as_ref().as_ref();
                let good = present.is_some_and(|it| it.code == *code && now <= it.expires);
                if good {
                    state.bootstrap = Arc::new(None);
                }
                Ok(good)
            }),
            Fault::spend_bootstrap(|state, _, now| {
                let good = state.bootstrap.as_ref().as_ref().is_some_and(|it| now < it.expires);
                if good {
                    state.bootstrap = Arc::new(None);
                }
                Ok(good)
            }),
            Fault::spend_bootstrap(|state, code, now| {
                let spent = state.spend_bootstrap(code, now);
                state.bootstrap = Arc::new(None);
                Ok(spent)
            }),
            Fault::spend_bootstrap(|state, code, now| {
                state.spend_bootstrap(code, now);
                Ok(true)
            }),
        ],
    ),
    ("of_concurrent_uses_of_a_bootstrap_link_one_counts", &[Fault::UnitsOverlap]),
    (
        "of_concurrent_bootstrap_links_one_is_left",
        &[
            Fault::LateUnitsFail,
            Fault::replace_bootstrap(|state, _| {
                state.bootstrap = Arc::new(None);
                Ok(())
            }),
        ],
    ),
];
