use std::sync::Arc;

use durward_core::entity::Bootstrap;
use durward_core::store::{Bootstraps, BootstrapsMut, Result};
use durward_core::{Attrs, Digest, Timestamp};

use crate::state::State;
use crate::tx::look_ups;
use crate::{MemoryRead, MemoryTx};

impl<A: Attrs> State<A> {
    pub(crate) fn spend_bootstrap(&mut self, code: &Digest, now: Timestamp) -> bool {
        let present = self.bootstrap.as_ref().as_ref();
        let good = present.is_some_and(|link| link.code == *code && now < link.expires);
        if good {
            self.bootstrap = Arc::new(None);
        }
        good
    }
}

look_ups! { MemoryRead, MemoryTx;
    impl<A: Attrs> Bootstraps for Handle<A> {
        async fn bootstrap(&mut self) -> Result<Option<Bootstrap>> {
            self.look(|state| (*state.bootstrap).clone())
        }
    }
}

impl<A: Attrs> BootstrapsMut for MemoryTx<A> {
    async fn replace_bootstrap(&mut self, link: &Bootstrap) -> Result<()> {
        self.write(|state| {
            state.bootstrap = Arc::new(Some(link.clone()));
            Ok(())
        })
    }

    async fn spend_bootstrap(&mut self, code: &Digest, now: Timestamp) -> Result<bool> {
        self.write(|state| Ok(state.spend_bootstrap(code, now)))
    }
}
