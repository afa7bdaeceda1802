use std::sync::Arc;

use durward_core::entity::StoredReply;
use durward_core::store::{Replies, RepliesMut, Result, StoreError};
use durward_core::{Attrs, Digest, Timestamp};

use crate::MemoryTx;
use crate::state::Rows;
use crate::tx::look_ups;

#[derive(Clone, Default)]
pub(crate) struct ReplyTable {
    rows: Rows<Digest, StoredReply>,
}

look_ups! {
    impl<A: Attrs> Replies for Handle<A> {
        async fn reply(&mut self, key: &Digest) -> Result<Option<StoredReply>> {
            self.look(|state| state.replies.rows.get(key).map(|row| StoredReply::clone(row)))
        }
    }
}

impl<A: Attrs> RepliesMut for MemoryTx<A> {
    async fn insert_reply(&mut self, reply: &StoredReply, now: Timestamp) -> Result<()> {
        self.write(|state| {
            if state.replies.rows.get(&reply.key).is_some_and(|stored| stored.expires >= now) {
                return Err(StoreError::Duplicate("reply"));
            }
            let rows = &mut Arc::make_mut(&mut state.replies).rows;
            rows.insert(reply.key, Arc::new(reply.clone()));
            Ok(())
        })
    }
}
