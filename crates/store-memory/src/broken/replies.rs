use std::sync::Arc;

use durward_core::Timestamp;
use durward_core::entity::StoredReply;
use durward_core::keys::Sealed;

use super::fault::Fault;
use super::{Faults, altered};

/// Keeps an answer with something of it altered.
macro_rules! kept {
    ($alter:expr) => {
        Fault::insert_reply(|state, reply, now| {
            Arc::make_mut(&mut state.replies).insert(&altered(reply, $alter), now)
        })
    };
}

pub(super) const FAULTS: Faults = &[
    (
        "a_reply_comes_back_as_it_was_kept",
        &[
            kept!(|it| it.request = it.key),
            kept!(|it| it.answer = Sealed::from_bytes(vec![])),
            kept!(|it| {
                let text = String::from_utf8_lossy(it.answer.as_bytes()).into_owned();
                it.answer = Sealed::from_bytes(text.into_bytes());
            }),
            kept!(|it| {
                let octets = it.answer.as_bytes().iter().take(65_535);
                it.answer = Sealed::from_bytes(octets.copied().collect());
            }),
            kept!(|it| it.expires = it.expires.min(Timestamp::from_millis(1 << 53))),
            Fault::reply(|_, _| None),
        ],
    ),
    (
        "an_unused_key_finds_no_reply",
        &[
            Fault::reply(|state, _| {
                state.replies.rows.values().next().map(|row| StoredReply::clone(row))
            }),
            Fault::reply(|state, key| {
                let mut rows = state.replies.rows.values();
                let row = rows.find(|row| row.key == *key || row.request == *key);
                row.map(|row| StoredReply::clone(row))
            }),
        ],
    ),
    (
        "a_key_is_used_once",
        &[
            Fault::insert_reply(|state, reply, _| {
                let rows = &mut Arc::make_mut(&mut state.replies).rows;
                rows.insert(reply.key, Arc::new(reply.clone()));
                Ok(())
            }),
            Fault::insert_reply(|state, reply, now| {
                _ = Arc::make_mut(&mut state.replies).insert(reply, now);
                Ok(())
            }),
            // The same request may come again.
            Fault::insert_reply(|state, reply, now| {
                let same = state.replies.row(&reply.key);
                if same.is_some_and(|stored| stored.request == reply.request) {
                    return Ok(());
                }
                Arc::make_mut(&mut state.replies).insert(reply, now)
            }),
            Fault::insert_reply(|state, reply, now| {
                let early = Timestamp::from_millis(now.as_millis() + 1);
                Arc::make_mut(&mut state.replies).insert(reply, early)
            }),
        ],
    ),
    (
        "an_expired_reply_is_replaced",
        &[
            Fault::insert_reply(|state, reply, _| {
                let past = Timestamp::from_millis(i64::MIN);
                Arc::make_mut(&mut state.replies).insert(reply, past)
            }),
            Fault::insert_reply(|state, reply, now| {
                let late = Timestamp::from_millis(now.as_millis() - 1);
                Arc::make_mut(&mut state.replies).insert(reply, late)
            }),
            // The expired answer is in nobody's way, and stays.
            Fault::insert_reply(|state, reply, now| {
                let expired = state.replies.row(&reply.key).is_some_and(|it| it.expires <= now);
                if expired { Ok(()) } else { Arc::make_mut(&mut state.replies).insert(reply, now) }
            }),
            // All are forgotten together.
            Fault::insert_reply(|state, reply, now| {
                let expired = state.replies.row(&reply.key).is_some_and(|it| it.expires <= now);
                let replies = Arc::make_mut(&mut state.replies);
                if expired {
                    replies.rows.clear();
                }
                replies.insert(reply, now)
            }),
        ],
    ),
    ("of_concurrent_replies_under_one_key_one_is_kept", &[Fault::UnitsOverlap]),
];
