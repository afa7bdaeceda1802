use std::sync::Arc;

use durward_conformance::Suite;
use durward_core::email::{EmailAddress, EmailParts};
use durward_core::entity::LoginEmail;
use durward_core::ids::{LoginEmailId, UserId};
use durward_core::store::StoreError;
use durward_core::{Attrs, Timestamp};

use super::fault::Fault;
use super::{Faults, altered};
use crate::login_emails::LoginEmailTable;
use crate::state::State;

/// Stores a claim with something of it altered.
macro_rules! stored {
    ($alter:expr) => {
        Fault::insert_login_email(|state, email| {
            Arc::make_mut(&mut state.login_emails).insert(&altered(email, $alter))
        })
    };
}

/// Stores a claim with something of its address altered.
macro_rules! addressed {
    ($alter:expr) => {
        stored!(|email| {
            let parts = altered(&EmailParts::from(email.address.clone()), $alter);
            email.address = EmailAddress::from_stored(parts);
        })
    };
}

/// Takes all addresses for one whose folded forms are equal.
macro_rules! folded {
    ($fold:expr) => {
        Fault::proven_email(|state, email| {
            let fold: fn(&str) -> String = $fold;
            let mut proven = claims(state).filter(|claim| claim.proven.is_some());
            proven.find(|it| fold(canonical(it)) == fold(email.as_str())).cloned()
        })
    };
}

pub(super) const FAULTS: Faults = &[
    (
        "a_claim_comes_back_as_it_was_stored",
        &[
            stored!(|email| email.proven = None),
            stored!(|email| email.proven = email.proven.map(|_| Timestamp::from_millis(0))),
            stored!(|email| email.primary = false),
            stored!(|email| email.primary = true),
            stored!(|email| email.created = Timestamp::from_millis(0)),
            stored!(|email| email.user = UserId::from_bytes([0; 16])),
            addressed!(|parts| parts.typed = parts.canonical.clone()),
            addressed!(|parts| parts.skeleton = parts.canonical.clone()),
            addressed!(|parts| parts.canonical = parts.typed.clone()),
            addressed!(|parts| parts.typed.truncate(253)),
            addressed!(|parts| parts.canonical.truncate(253)),
            addressed!(|parts| parts.skeleton = parts.skeleton.chars().take(62).collect()),
            addressed!(|parts| parts.skeleton.retain(|c| c.len_utf8() < 4)),
            Fault::proven_lookalikes(|_, _| vec![]),
            Fault::proven_email(|_, _| None),
        ],
    ),
    (
        "an_unknown_claim_is_not_found",
        &[
            Fault::login_email(|state, _| claims(state).next().cloned()),
            Fault::login_emails_of(|state, _| claims(state).cloned().collect()),
            Fault::proven_email(|state, _| claims(state).next().cloned()),
            Fault::proven_lookalikes(|state, _| claims(state).cloned().collect()),
        ],
    ),
    (
        "the_claims_of_a_user_are_listed_from_the_oldest_on",
        &[
            Fault::login_emails_of(|state, user| {
                state.login_emails.of_user(user).into_iter().rev().collect()
            }),
            Fault::login_emails_of(|state, user| {
                claims(state).filter(|claim| claim.user == user).cloned().collect()
            }),
            Fault::login_emails_of(|state, _| {
                let mut claims: Vec<_> = claims(state).cloned().collect();
                claims.sort_by_key(|claim| claim.created);
                claims
            }),
            Fault::login_emails_of(|state, user| {
                let claims = state.login_emails.of_user(user).into_iter();
                claims.filter(|claim| claim.proven.is_some()).collect()
            }),
        ],
    ),
    (
        "claims_do_not_collide",
        &[
            Fault::insert_login_email(|state, email| {
                let taken = claims(state).any(|it| canonical(it) == canonical(email));
                if taken { Err(duplicate()) } else { emails(state).insert(email) }
            }),
            Fault::insert_login_email(|state, email| {
                let proven = state.login_emails.proven(email.address.canonical());
                if proven.is_some() { Err(duplicate()) } else { emails(state).insert(email) }
            }),
            Fault::insert_login_email(|state, email| {
                let twice = claims(state).any(|it| {
                    let same = it.user == email.user && it.proven == email.proven;
                    same && canonical(it) == canonical(email)
                });
                if twice { Err(duplicate()) } else { emails(state).insert(email) }
            }),
        ],
    ),
    (
        "an_address_is_proven_once",
        &[
            Fault::insert_login_email(|state, email| {
                _ = emails(state).insert(email);
                Ok(())
            }),
            Fault::prove_login_email(|state, id, user, now| {
                Ok(emails(state).prove(id, user, now).unwrap_or(true))
            }),
            // Only what another user has proven is in the way.
            Fault::insert_login_email(|state, email| {
                let proven = state.login_emails.proven(email.address.canonical());
                let ours = proven.is_some_and(|proven| proven.user == email.user);
                if ours { Ok(()) } else { emails(state).insert(email) }
            }),
            // The last proof wins.
            Fault::prove_login_email(|state, id, user, now| {
                unprove(state, id);
                emails(state).prove(id, user, now)
            }),
        ],
    ),
    (
        "an_address_is_proven_once_in_a_unit",
        &[Fault::prove_login_email(|state, id, user, now| {
            Ok(emails(state).prove(id, user, now).unwrap_or(true))
        })],
    ),
    ("of_concurrent_proofs_of_an_address_one_is_accepted", &[Fault::UnitsOverlap]),
    (
        "addresses_that_differ_at_all_are_different",
        &[
            folded!(str::to_lowercase),
            folded!(|text| text.trim_end().to_owned()),
            folded!(|text| text.replace('é', "e")),
            folded!(|text| text.replace("e\u{301}", "é")),
            folded!(|text| text.replace('\u{ff45}', "e")),
            folded!(|text| text.replace('ß', "ss")),
            folded!(|text| text.replace('ı', "i")),
            folded!(|text| text.replace('\u{ad}', "")),
            Fault::insert_login_email(|state, email| {
                let lower = canonical(email).to_lowercase();
                let taken = claims(state).any(|it| canonical(it).to_lowercase() == lower);
                if taken { Err(duplicate()) } else { emails(state).insert(email) }
            }),
            Fault::proven_lookalikes(|state, skeleton| {
                let alike = |claim: &&LoginEmail| {
                    claim.address.skeleton().to_lowercase() == skeleton.to_lowercase()
                };
                claims(state).filter(alike).cloned().collect()
            }),
        ],
    ),
    (
        "a_claim_is_proven_once_by_its_own_user",
        &[
            Fault::prove_login_email(|state, id, _, now| {
                let owner = state.login_emails.row(id).map(|claim| claim.user);
                owner.map_or(Ok(false), |owner| emails(state).prove(id, owner, now))
            }),
            Fault::prove_login_email(|state, id, user, now| {
                _ = emails(state).prove(id, user, now)?;
                Ok(true)
            }),
            Fault::prove_login_email(|state, id, user, now| {
                let again = state.login_emails.row(id).is_some_and(|it| it.user == user);
                reprove(state, id, user, now);
                Ok(again)
            }),
            Fault::prove_login_email(|state, id, user, _| {
                emails(state).prove(id, user, Timestamp::from_millis(0))
            }),
            Fault::prove_login_email(|state, id, user, now| {
                let proven = emails(state).prove(id, user, now)?;
                change(state, id, |claim| claim.created = now);
                Ok(proven)
            }),
            Fault::prove_login_email(|state, id, user, now| {
                let mut proven = false;
                for claim in state.login_emails.of_user(user) {
                    proven |= emails(state).prove(claim.id, user, now)? && claim.id == id;
                }
                Ok(proven)
            }),
        ],
    ),
    ("of_concurrent_proofs_of_a_claim_one_counts", &[Fault::UnitsOverlap]),
    (
        "look_alikes_are_proven_and_look_exactly_alike",
        &[
            Fault::proven_lookalikes(|state, skeleton| {
                claims(state).filter(|it| it.address.skeleton() == skeleton).cloned().collect()
            }),
            Fault::proven_lookalikes(|state, skeleton| {
                let proven = claims(state).filter(|it| it.proven.is_some());
                let alike = proven.filter(|it| it.address.skeleton().starts_with(skeleton));
                alike.cloned().collect()
            }),
            Fault::proven_lookalikes(|state, skeleton| {
                let proven = claims(state).filter(|it| it.proven.is_some());
                let alike =
                    proven.filter(|it| it.address.skeleton().eq_ignore_ascii_case(skeleton));
                alike.cloned().collect()
            }),
            Fault::proven_lookalikes(|state, skeleton| {
                claims(state).filter(|it| canonical(it) == skeleton).cloned().collect()
            }),
            // Who proves later is not found.
            Fault::prove_login_email(|state, id, user, now| {
                let proven = emails(state).prove(id, user, now)?;
                emails(state).proven_skeletons.values_mut().for_each(|ids| _ = ids.remove(&id));
                Ok(proven)
            }),
        ],
    ),
    (
        "at_most_16_look_alikes_are_told",
        &[
            Fault::proven_lookalikes(|state, skeleton| {
                claims(state).filter(|it| it.address.skeleton() == skeleton).cloned().collect()
            }),
            Fault::proven_lookalikes(|state, skeleton| {
                state.login_emails.lookalikes(skeleton).into_iter().take(15).collect()
            }),
        ],
    ),
    (
        "the_claims_of_others_are_deleted_and_nothing_else",
        &[
            Fault::delete_claims(|_, _, _| Ok(0)),
            Fault::delete_claims(|state, email, except| {
                Ok(delete(state, |it| canonical(it) == email.as_str() && it.user != except))
            }),
            Fault::delete_claims(|state, email, _| {
                Ok(delete(state, |it| canonical(it) == email.as_str() && it.proven.is_none()))
            }),
            Fault::delete_claims(|state, _, except| {
                Ok(delete(state, |it| it.user != except && it.proven.is_none()))
            }),
            Fault::delete_claims(|state, email, except| {
                let lower = email.as_str().to_lowercase();
                let theirs = |it: &LoginEmail| it.user != except && it.proven.is_none();
                Ok(delete(state, |it| canonical(it).to_lowercase() == lower && theirs(it)))
            }),
            Fault::delete_claims(|state, email, except| {
                _ = emails(state).delete_claims(email, except);
                Ok(3)
            }),
            Fault::delete_claims(|state, email, except| {
                let claims = state.login_emails.unproven.get(email).into_iter().flatten();
                let theirs = claims.filter_map(|id| state.login_emails.row(*id));
                Ok(theirs.filter(|claim| claim.user != except).count() as u64)
            }),
        ],
    ),
];

fn emails<A: Attrs>(state: &mut State<A>) -> &mut LoginEmailTable {
    Arc::make_mut(&mut state.login_emails)
}

fn claims(state: &State<Suite>) -> impl Iterator<Item = &LoginEmail> {
    state.login_emails.rows.values().map(Arc::as_ref)
}

fn canonical(claim: &LoginEmail) -> &str {
    claim.address.canonical().as_str()
}

fn duplicate() -> StoreError {
    StoreError::Duplicate("email address")
}

/// Changes a stored claim behind the back of the indexes, none of which knows what is changed here.
fn change(state: &mut State<Suite>, id: LoginEmailId, change: impl FnOnce(&mut LoginEmail)) {
    if let Some(row) = emails(state).rows.get_mut(&id) {
        change(Arc::make_mut(row));
    }
}

/// Makes room for a proof of the address of this claim.
fn unprove(state: &mut State<Suite>, id: LoginEmailId) {
    let address = state.login_emails.row(id).map(|claim| claim.address.canonical().clone());
    let proven = address.as_ref().and_then(|address| emails(state).proven.remove(address));
    if let Some(proven) = proven {
        change(state, proven, |claim| claim.proven = None);
    }
}

/// Proves a claim whether it was proven or not.
fn reprove(state: &mut State<Suite>, id: LoginEmailId, user: UserId, now: Timestamp) {
    if state.login_emails.row(id).is_some_and(|claim| claim.user == user) {
        unprove(state, id);
        _ = emails(state).prove(id, user, now);
    }
}

fn delete(state: &mut State<Suite>, which: impl Fn(&LoginEmail) -> bool) -> u64 {
    let kept: Vec<_> = claims(state).filter(|claim| !which(claim)).cloned().collect();
    let before = claims(state).count();
    *emails(state) = LoginEmailTable::default();
    for claim in &kept {
        _ = emails(state).insert(claim);
    }
    (before - kept.len()) as u64
}
