//! Everything about a person.

use durward::entity::Invitation;
use durward::page::Slice;
use durward::store::{Dossier, Result};
use durward::{Attrs, Flow, FlowId, InvitationId, Session, SessionId, UserId};

use super::Handle;

impl<A: Attrs> Dossier<A> for Handle<A> {
    async fn every_session_of(
        &mut self,
        user: UserId,
        slice: Slice<SessionId>,
    ) -> Result<Vec<Session<A>>> {
        self.look(|tables| part(&tables.sessions, slice, |it| it.id, |it| it.user == user))
    }

    async fn every_flow_of(&mut self, user: UserId, slice: Slice<FlowId>) -> Result<Vec<Flow<A>>> {
        self.look(|tables| part(&tables.flows, slice, |it| it.id, |it| it.user == Some(user)))
    }

    async fn every_invitation_to(
        &mut self,
        user: UserId,
        slice: Slice<InvitationId>,
    ) -> Result<Vec<Invitation<A>>> {
        self.look(|tables| {
            part(
                &tables.invitations,
                slice,
                |it| it.id,
                |it| {
                    let proven = tables.proven(it.email.canonical());
                    proven.is_some_and(|email| email.user == user)
                },
            )
        })
    }
}

fn part<T: Clone, K: Ord + Copy>(
    rows: &[T],
    slice: Slice<K>,
    key: impl Fn(&T) -> K,
    is_meant: impl Fn(&T) -> bool,
) -> Vec<T> {
    let meant = rows.iter().filter(|row| is_meant(row));
    let follow = meant.filter(|row| slice.after.is_none_or(|after| key(row) < after));
    let mut found: Vec<T> = follow.cloned().collect();
    found.sort_by_key(|row| std::cmp::Reverse(key(row)));
    found.truncate(slice.limit as usize);
    found
}
