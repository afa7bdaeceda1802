//! The link that makes an administrator.

use durward::entity::Bootstrap;
use durward::store::{Bootstraps, BootstrapsMut, Result};
use durward::{Attrs, Digest, Timestamp};

use super::Handle;

impl<A: Attrs> Bootstraps for Handle<A> {
    async fn bootstrap(&mut self) -> Result<Option<Bootstrap>> {
        self.look(|tables| tables.bootstrap.clone())
    }
}

impl<A: Attrs> BootstrapsMut for Handle<A> {
    async fn replace_bootstrap(&mut self, link: &Bootstrap) -> Result<()> {
        self.write(|tables| {
            tables.bootstrap = Some(link.clone());
            Ok(())
        })
    }

    async fn spend_bootstrap(&mut self, code: &Digest, now: Timestamp) -> Result<bool> {
        self.write(|tables| {
            let good = |link: &mut Bootstrap| link.code == *code && now < link.expires;
            Ok(tables.bootstrap.take_if(good).is_some())
        })
    }
}
