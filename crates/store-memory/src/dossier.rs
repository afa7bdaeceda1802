use std::sync::Arc;

use durward_core::Attrs;
use durward_core::entity::{Flow, Invitation, Session};
use durward_core::ids::{FlowId, InvitationId, SessionId, UserId};
use durward_core::page::Slice;
use durward_core::store::{Dossier, Result};

use crate::state::{Rows, State};
use crate::tx::look_ups;
use crate::{MemoryRead, MemoryTx};

/// A part of the rows that are meant, by descending key.
pub(crate) fn part<K: Ord + Copy, V: Clone>(
    rows: &Rows<K, V>,
    slice: Slice<K>,
    is_meant: impl Fn(&V) -> bool,
) -> Vec<V> {
    let follow = rows.iter().rev().filter(|(key, _)| slice.after.is_none_or(|after| **key < after));
    let meant = follow.map(|(_, row)| row).filter(|row| is_meant(row));
    meant.take(slice.limit as usize).map(|row| V::clone(Arc::as_ref(row))).collect()
}

/// A part of the invitations to the addresses that this user has proven.
pub(crate) fn invitations_to<A: Attrs>(
    state: &State<A>,
    user: UserId,
    slice: Slice<InvitationId>,
) -> Vec<Invitation<A>> {
    part(&state.invitations.rows, slice, |it| {
        let proven = state.login_emails.proven(it.email.canonical());
        proven.is_some_and(|email| email.user == user)
    })
}

look_ups! { MemoryRead, MemoryTx;
    impl<A: Attrs> Dossier<A> for Handle<A> {
        async fn every_session_of(
            &mut self,
            user: UserId,
            slice: Slice<SessionId>,
        ) -> Result<Vec<Session<A>>> {
            self.look(|state| part(&state.sessions.rows, slice, |session| session.user == user))
        }

        async fn every_flow_of(
            &mut self,
            user: UserId,
            slice: Slice<FlowId>,
        ) -> Result<Vec<Flow<A>>> {
            self.look(|state| part(&state.flows.rows, slice, |flow| flow.user == Some(user)))
        }

        async fn every_invitation_to(
            &mut self,
            user: UserId,
            slice: Slice<InvitationId>,
        ) -> Result<Vec<Invitation<A>>> {
            self.look(|state| invitations_to(state, user, slice))
        }
    }
}
