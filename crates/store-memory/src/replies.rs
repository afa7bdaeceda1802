use std::sync::Arc;

use durward_core::entity::StoredReply;
use durward_core::store::{Replies, RepliesMut, Result, StoreError};
use durward_core::{Attrs, Digest, Timestamp};

use crate::state::Rows;
use crate::tx::look_ups;
use crate::{MemoryRead, MemoryTx};

#[derive(Clone, Default)]
pub(crate) struct ReplyTable {
    pub(crate) rows: Rows<Digest, StoredReply>,
}

impl ReplyTable {
    pub(crate) fn row(&self, key: &Digest) -> Option<&StoredReply> {
        self.rows.get(key).map(Arc::as_ref)
    }

    pub(crate) fn insert(&mut self, reply: &StoredReply, now: Timestamp) -> Result<()> {
        if self.row(&reply.key).is_some_and(|stored| now < stored.expires) {
            return Err(StoreError::Duplicate("reply"));
        }
        self.rows.insert(reply.key, Arc::new(reply.clone()));
        Ok(())
    }
}

look_ups! { MemoryRead, MemoryTx;
    impl<A: Attrs> Replies for Handle<A> {
        async fn reply(&mut self, key: &Digest) -> Result<Option<StoredReply>> {
            self.look(|state| state.replies.row(key).cloned())
        }
    }
}

impl<A: Attrs> RepliesMut for MemoryTx<A> {
    async fn insert_reply(&mut self, reply: &StoredReply, now: Timestamp) -> Result<()> {
        self.write(|state| Arc::make_mut(&mut state.replies).insert(reply, now))
    }
}
