use std::sync::Arc;

use durward_core::Timestamp;
use durward_core::entity::ClientSecret;
use durward_core::ids::{ClientId, SecretId};

use super::Faults;
use super::clients::table;
use super::fault::Fault;

/// Revokes the secrets that the guard lets pass, and answers whether there were any.
macro_rules! revoked {
    ($guard:expr) => {
        Fault::revoke_secret(|state, client, id, now| {
            let guard: fn(&ClientSecret, ClientId, SecretId) -> bool = $guard;
            let changed = table(state)
                .change_secrets(|it| guard(it, client, id), |it| it.revoked = Some(now));
            Ok(changed > 0)
        })
    };
}

/// Lets the secrets expire that the guard lets pass.
macro_rules! expired {
    ($guard:expr) => {
        Fault::expire_secrets(|state, client, except, at| {
            let guard: fn(&ClientSecret, ClientId, SecretId, Timestamp) -> bool = $guard;
            let changed = table(state)
                .change_secrets(|it| guard(it, client, except, at), |it| it.expires = Some(at));
            Ok(changed)
        })
    };
}

pub(super) const FAULTS: Faults = &[
    (
        "a_client_has_two_live_secrets_at_most",
        &[
            Fault::insert_secret(|state, secret, _| {
                let there = state.clients.row(secret.client).is_some();
                if there {
                    table(state).put_secret(secret)?;
                }
                Ok(there)
            }),
            Fault::insert_secret(|state, secret, _| {
                table(state).insert_secret(secret, Timestamp::from_millis(i64::MIN))
            }),
            Fault::insert_secret(|state, secret, now| {
                let early = Timestamp::from_millis(now.as_millis() + 1);
                table(state).insert_secret(secret, early)
            }),
            // All clients share the room of one.
            Fault::insert_secret(|state, secret, now| {
                let live = state.clients.secrets.values().filter(|it| it.is_live(now)).count();
                Ok(live < 2 && table(state).insert_secret(secret, now)?)
            }),
            Fault::insert_secret(|state, secret, now| {
                _ = table(state).insert_secret(secret, now)?;
                Ok(true)
            }),
            Fault::live_secrets_of(|state, client, _| {
                state.clients.secrets_of(client).cloned().collect()
            }),
            Fault::live_secrets_of(|state, client, now| {
                let mut live: Vec<_> = state.clients.secrets_of(client).cloned().collect();
                live.retain(|it| it.is_live(now));
                live.reverse();
                live
            }),
        ],
    ),
    (
        "a_secret_is_taken_once",
        &[
            Fault::insert_secret(|state, secret, _| {
                table(state).by_digest.insert(secret.digest, secret.id);
                table(state).secrets.insert(secret.id, Arc::new(secret.clone()));
                Ok(true)
            }),
            Fault::insert_secret(|state, secret, now| {
                let taken = state.clients.secrets.contains_key(&secret.id);
                Ok(!taken && table(state).insert_secret(secret, now)?)
            }),
        ],
    ),
    ("of_concurrent_secrets_two_are_kept", &[Fault::UnitsOverlap]),
    (
        "a_secret_is_revoked_once_by_its_client",
        &[
            revoked!(|it, _, id| it.id == id && it.revoked.is_none()),
            revoked!(|it, client, _| it.client == client && it.revoked.is_none()),
            revoked!(|it, client, id| it.client == client && it.id == id),
            Fault::revoke_secret(|_, _, _, _| Ok(true)),
            Fault::revoke_secret(|_, _, _, _| Ok(false)),
        ],
    ),
    ("of_concurrent_revocations_of_a_secret_one_happens", &[Fault::UnitsOverlap]),
    (
        "the_other_secrets_expire",
        &[
            expired!(|it, client, _, at| it.client == client && is_later(it, at)),
            expired!(|it, _, except, at| it.id != except && is_later(it, at)),
            expired!(|it, client, except, at| {
                it.client == client && it.id != except && it.expires.is_none_or(|end| end > at)
            }),
            expired!(|it, client, except, _| {
                it.client == client && it.id != except && it.revoked.is_none()
            }),
            expired!(|it, client, except, at| {
                it.client == client && it.id != except && is_later(it, at) && it.expires.is_some()
            }),
            Fault::expire_secrets(|_, _, _, _| Ok(2)),
        ],
    ),
    (
        "the_secrets_of_a_user_are_revoked_together",
        &[
            Fault::revoke_secrets_of(|_, _, _| Ok(0)),
            Fault::revoke_secrets_of(|state, _, now| {
                Ok(table(state)
                    .change_secrets(|it| it.revoked.is_none(), |it| it.revoked = Some(now)))
            }),
            Fault::revoke_secrets_of(|state, user, now| {
                table(state).change_secrets(|_| true, |it| it.revoked = None);
                Ok(state.revoke_secrets_of(user, now))
            }),
        ],
    ),
    (
        "the_latest_use_is_noted",
        &[
            Fault::touch_client(|_, _, _, _| Ok(())),
            Fault::touch_client(|state, id, _, at| {
                table(state).touch(id, None, at);
                Ok(())
            }),
            Fault::touch_client(|state, id, secret, at| {
                let past = Timestamp::from_millis(0);
                table(state).change_secrets(|it| it.client == id, |it| it.last_used = Some(past));
                table(state).touch(id, secret, at);
                Ok(())
            }),
            Fault::touch_client(|state, id, secret, at| {
                table(state).touch(id, secret, at);
                if let Some(row) = table(state).rows.get_mut(&id) {
                    Arc::make_mut(row).last_used = Some(at);
                }
                Ok(())
            }),
            Fault::touch_client(|state, id, secret, at| {
                table(state).touch(id, secret, at);
                if let Some(row) = table(state).rows.get_mut(&id) {
                    Arc::make_mut(row).version += 1;
                }
                Ok(())
            }),
            Fault::touch_client(|state, id, secret, at| {
                table(state).touch(id, secret, at);
                let named = |it: &ClientSecret| Some(it.id) == secret;
                table(state).change_secrets(named, |it| it.last_used = Some(at));
                Ok(())
            }),
        ],
    ),
];

fn is_later(secret: &ClientSecret, at: Timestamp) -> bool {
    secret.revoked.is_none() && secret.expires.is_none_or(|end| end > at)
}
