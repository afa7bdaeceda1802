use durward_core::entity::StoredReply;
use durward_core::keys::Sealed;
use durward_core::store::{Replies, RepliesMut, Result};
use durward_core::{Attrs, Digest, Timestamp};

use crate::engine::{Engine, values};
use crate::read::look_ups;
use crate::row::{Columns, Row};
use crate::statement::statements;
use crate::tx::SqlTx;

statements! { Replies;
    REPLY = "SELECT digest, request_digest, answer, expires_ms FROM {replies} WHERE digest = ?";
    DELETE_EXPIRED_REPLY = "DELETE FROM {replies} WHERE digest = ? AND expires_ms <= ?";
    INSERT_REPLY =
        "INSERT INTO {replies} (digest, request_digest, answer, expires_ms) VALUES (?, ?, ?, ?)";
}

fn decode(row: &dyn Row) -> Result<StoredReply> {
    Ok(StoredReply {
        key: row.digest("digest")?,
        request: row.digest("request_digest")?,
        answer: Sealed::from_bytes(row.blob("answer")?),
        expires: row.time("expires_ms")?,
    })
}

look_ups! {
    impl<E: Engine, A: Attrs> Replies for Handle<'_, E, A> {
        async fn reply(&mut self, key: &Digest) -> Result<Option<StoredReply>> {
            self.row(REPLY, values![key], decode).await
        }
    }
}

impl<E: Engine, A: Attrs> RepliesMut for SqlTx<'_, E, A> {
    async fn insert_reply(&mut self, reply: &StoredReply, now: Timestamp) -> Result<()> {
        let StoredReply { key, request, answer, expires } = reply;
        self.execute(DELETE_EXPIRED_REPLY, values![key, now]).await?;
        self.append(INSERT_REPLY, values![key, request, answer, *expires], "reply").await
    }
}
