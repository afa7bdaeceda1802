use serde::Serialize;
use serde::de::DeserializeOwned;

use super::answer::SealedAnswer;
use super::{Accounts, Answer};
use crate::entity::StoredReply;
use crate::error::Error;
use crate::keys::Label;
use crate::secret::Digest;
use crate::store::{Replies, RepliesMut, Store, StoreError};

/// A key under which the caller may repeat a request without repeating its effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    key: Digest,
    request: Digest,
}

impl<S: Store> Accounts<S> {
    /// Binds an `Idempotency-Key` to its caller and route, and to the content of the request.
    ///
    /// Two callers may use the same key without meeting: `scope` names who calls what.
    pub fn idempotency(&self, scope: &[&str], key: &str, request: &[u8]) -> Idempotency {
        let mut parts: Vec<&[u8]> = scope.iter().map(|part| part.as_bytes()).collect();
        parts.push(key.as_bytes());
        Idempotency {
            key: self.keys().lasting_label(Label::IdempotencyKey, &parts),
            request: self.keys().lasting_label(Label::Request, &[request]),
        }
    }

    /// The answer that a flow gave under this key. [`Error::KeyReused`] when it was to another request.
    pub(super) async fn earlier_answer<R: Replies + Send>(
        &self,
        read: &mut R,
        idempotency: Option<&Idempotency>,
    ) -> Result<Option<Answer>, Error> {
        let sealed = self.kept_reply::<SealedAnswer, R>(read, idempotency).await?;
        let broken = Error::Internal("a kept answer cannot be opened");
        sealed.map(|sealed| sealed.into_answer().ok_or(broken)).transpose()
    }

    /// Keeps the answer of a flow, inside the unit of work that it answers for.
    pub(super) async fn keep_answer(
        &self,
        tx: &mut S::Tx<'_>,
        idempotency: Option<&Idempotency>,
        answer: &Answer,
    ) -> Result<(), Error> {
        self.keep_reply(tx, idempotency, &SealedAnswer::from_answer(answer)).await
    }

    /// What [`Accounts::keep_reply`] kept under this key. [`Error::KeyReused`] when it was for another request.
    pub async fn kept_reply<T: DeserializeOwned, R: Replies + Send>(
        &self,
        read: &mut R,
        idempotency: Option<&Idempotency>,
    ) -> Result<Option<T>, Error> {
        let Some(Idempotency { key, request }) = idempotency else {
            return Ok(None);
        };
        let stored = read.reply(key).await?.filter(|reply| self.now() < reply.expires);
        let Some(reply) = stored else {
            return Ok(None);
        };
        if !reply.request.matches(request) {
            return Err(Error::KeyReused);
        }
        let broken = Error::Internal("a kept answer cannot be opened");
        let opened = self.keys().open(key.as_bytes(), &reply.answer);
        opened.and_then(|text| serde_json::from_slice(text.expose()).ok()).map(Some).ok_or(broken)
    }

    /// Keeps under a key what it takes to answer the same request again, inside the unit of work that it answers
    /// for; sealed, so it may hold secrets.
    pub async fn keep_reply<T: Serialize + Sync>(
        &self,
        tx: &mut S::Tx<'_>,
        idempotency: Option<&Idempotency>,
        reply: &T,
    ) -> Result<(), Error> {
        let Some(Idempotency { key, request }) = idempotency else {
            return Ok(());
        };
        let text = serde_json::to_vec(reply)
            .map_err(|_unwritable| Error::Internal("an answer cannot be written"))?;
        let now = self.now();
        let reply = StoredReply {
            key: *key,
            request: *request,
            answer: self.keys().seal(key.as_bytes(), &text, self.entropy()),
            expires: now + self.settings().reply_lifetime,
        };
        match tx.insert_reply(&reply, now).await {
            // The same request, at the same time: the next try finds its answer.
            Err(StoreError::Duplicate(_)) => Err(Error::Store(StoreError::Conflict)),
            settled => Ok(settled?),
        }
    }
}
