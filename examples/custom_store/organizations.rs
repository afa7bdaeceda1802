//! Organizations, their members, and who is invited.

use std::cmp::Reverse;

use durward::entity::{
    FoundOrganization, Invitation, Member, Membership, Organization, OrganizationMatch,
    OwnMembership, SearchKey,
};
use durward::store::{
    Invitations, InvitationsMut, Memberships, MembershipsMut, OrganizationQuery, Organizations,
    OrganizationsMut, Result,
};
use durward::{
    Attrs, CanonicalEmail, Digest, InvitationId, MembershipId, OrganizationId, Slice, Timestamp,
    UserId, UserStatus,
};

use super::Handle;
use super::tables::{change, insert};

/// The part of a list that is asked for, from the highest place on.
fn part<T, P: Ord + Copy>(
    rows: impl Iterator<Item = T>,
    place: impl Fn(&T) -> P,
    slice: Slice<P>,
) -> Vec<T> {
    let mut rows: Vec<T> =
        rows.filter(|row| slice.after.is_none_or(|after| place(row) < after)).collect();
    rows.sort_by_key(|row| Reverse(place(row)));
    rows.truncate(slice.limit as usize);
    rows
}

impl<A: Attrs> Organizations<A> for Handle<A> {
    async fn organization(&mut self, id: OrganizationId) -> Result<Option<Organization<A>>> {
        self.look(|tables| tables.organizations.iter().find(|row| row.id == id).cloned())
    }

    async fn organizations_of(
        &mut self,
        user: UserId,
        slice: Slice<OrganizationId>,
    ) -> Result<Vec<OwnMembership<A>>> {
        self.look(|tables| {
            let own = tables.memberships.iter().filter(|row| row.user == user);
            let rows = own.filter_map(|membership| {
                let mut rows = tables.organizations.iter();
                let organization = rows.find(|row| row.id == membership.organization)?.clone();
                Some(OwnMembership { organization, membership: membership.clone() })
            });
            part(rows, |row| row.organization.id, slice)
        })
    }

    async fn list_organizations(
        &mut self,
        query: &OrganizationQuery,
        slice: Slice<OrganizationId>,
    ) -> Result<Vec<Organization<A>>> {
        self.look(|tables| {
            let rows = tables.organizations.iter().filter(|row| fits(row, *query));
            part(rows.cloned(), |row| row.id, slice)
        })
    }

    async fn search_organizations(
        &mut self,
        begin: &SearchKey,
        query: &OrganizationQuery,
        slice: Slice<OrganizationMatch>,
    ) -> Result<Vec<FoundOrganization<A>>> {
        self.look(|tables| {
            let rows = tables.organizations.iter().filter(|row| fits(row, *query));
            let mut found: Vec<_> = rows
                .map(|row| {
                    let key = SearchKey::of(row.name.as_str()).as_str().to_owned();
                    let place = OrganizationMatch { key, id: row.id };
                    FoundOrganization { organization: row.clone(), place }
                })
                .filter(|it| begin.begins(&it.place.key))
                .filter(|it| slice.after.as_ref().is_none_or(|after| it.place > *after))
                .collect();
            found.sort_by(|one, other| one.place.cmp(&other.place));
            found.truncate(slice.limit as usize);
            found
        })
    }
}

/// Whether an organization is one of those that are asked for.
fn fits<A: Attrs>(row: &Organization<A>, query: OrganizationQuery) -> bool {
    query.archived.is_none_or(|archived| row.archived.is_some() == archived)
}

impl<A: Attrs> OrganizationsMut<A> for Handle<A> {
    async fn insert_organization(&mut self, organization: &Organization<A>) -> Result<()> {
        self.write(|tables| {
            let taken = tables.organizations.iter().any(|row| row.id == organization.id);
            insert(&mut tables.organizations, organization, taken, "organization")
        })
    }

    async fn update_organization(
        &mut self,
        organization: &Organization<A>,
        from: i64,
    ) -> Result<bool> {
        let guard = |row: &Organization<A>| row.id == organization.id && row.version == from;
        self.write(|tables| {
            Ok(change(&mut tables.organizations, guard, |row| {
                *row = Organization { created: row.created, ..organization.clone() };
            }))
        })
    }

    async fn lock_organization(&mut self, id: OrganizationId) -> Result<bool> {
        // Whoever commits second conflicts, whatever the two of them did.
        self.look(|tables| tables.organizations.iter().any(|row| row.id == id))
    }
}

impl<A: Attrs> Memberships<A> for Handle<A> {
    async fn membership(&mut self, id: MembershipId) -> Result<Option<Membership<A>>> {
        self.look(|tables| tables.memberships.iter().find(|row| row.id == id).cloned())
    }

    async fn membership_of(
        &mut self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Option<Membership<A>>> {
        self.look(|tables| {
            let mut rows = tables.memberships.iter();
            rows.find(|row| row.organization == organization && row.user == user).cloned()
        })
    }

    async fn members_of(
        &mut self,
        organization: OrganizationId,
        slice: Slice<MembershipId>,
    ) -> Result<Vec<Member<A>>> {
        self.look(|tables| {
            let rows = tables.memberships.iter().filter(|row| row.organization == organization);
            let members = rows.filter_map(|row| {
                let name = tables.user(row.user)?.name.clone();
                Some(Member { membership: row.clone(), name })
            });
            part(members, |row| row.membership.id, slice)
        })
    }

    async fn count_members(
        &mut self,
        organization: OrganizationId,
        role: A::OrganizationRole,
    ) -> Result<u64> {
        self.look(|tables| {
            let rows = tables.memberships.iter();
            let with = rows.filter(|row| row.organization == organization && row.role == role);
            let active = |id| tables.user(id).is_some_and(|it| it.status == UserStatus::Active);
            with.filter(|row| active(row.user)).count() as u64
        })
    }

    async fn count_memberships(&mut self, user: UserId) -> Result<u64> {
        self.look(|tables| tables.memberships.iter().filter(|row| row.user == user).count() as u64)
    }
}

impl<A: Attrs> MembershipsMut<A> for Handle<A> {
    async fn insert_membership(&mut self, membership: &Membership<A>) -> Result<()> {
        let same = |row: &Membership<A>| {
            row.organization == membership.organization && row.user == membership.user
        };
        self.write(|tables| {
            let mut rows = tables.memberships.iter();
            let taken = rows.any(|row| row.id == membership.id || same(row));
            insert(&mut tables.memberships, membership, taken, "membership")
        })
    }

    async fn update_membership(&mut self, membership: &Membership<A>, from: i64) -> Result<bool> {
        let guard = |row: &Membership<A>| row.id == membership.id && row.version == from;
        let Membership { role, version, updated, .. } = *membership;
        self.write(|tables| {
            Ok(change(&mut tables.memberships, guard, |row| {
                *row = Membership { role, version, updated, ..row.clone() };
            }))
        })
    }

    async fn delete_membership(&mut self, id: MembershipId, from: i64) -> Result<bool> {
        self.write(|tables| {
            let before = tables.memberships.len();
            tables.memberships.retain(|row| row.id != id || row.version != from);
            Ok(tables.memberships.len() < before)
        })
    }
}

impl<A: Attrs> Invitations<A> for Handle<A> {
    async fn invitation(&mut self, id: InvitationId) -> Result<Option<Invitation<A>>> {
        self.look(|tables| tables.invitations.iter().find(|row| row.id == id).cloned())
    }

    async fn invitation_by_code(&mut self, code: &Digest) -> Result<Option<Invitation<A>>> {
        self.look(|tables| tables.invitations.iter().find(|row| row.code == *code).cloned())
    }

    async fn invitations_of(
        &mut self,
        organization: OrganizationId,
        now: Timestamp,
        slice: Slice<InvitationId>,
    ) -> Result<Vec<Invitation<A>>> {
        self.look(|tables| {
            let rows = tables.invitations.iter();
            let open = rows.filter(|row| row.organization == organization && row.is_open(now));
            part(open.cloned(), |row| row.id, slice)
        })
    }

    async fn count_invitations(
        &mut self,
        organization: OrganizationId,
        now: Timestamp,
    ) -> Result<u64> {
        self.look(|tables| {
            let rows = tables.invitations.iter();
            rows.filter(|row| row.organization == organization && row.is_open(now)).count() as u64
        })
    }
}

impl<A: Attrs> InvitationsMut<A> for Handle<A> {
    async fn insert_invitation(&mut self, invitation: &Invitation<A>) -> Result<()> {
        self.write(|tables| {
            let mut rows = tables.invitations.iter();
            let taken = rows.any(|row| row.id == invitation.id || row.code == invitation.code);
            insert(&mut tables.invitations, invitation, taken, "invitation")
        })
    }

    async fn finish_invitation(&mut self, id: InvitationId, now: Timestamp) -> Result<bool> {
        let guard = |row: &Invitation<A>| row.id == id && row.is_open(now);
        self.write(|tables| {
            Ok(change(&mut tables.invitations, guard, |row| row.finished = Some(now)))
        })
    }

    async fn finish_invitations_to(
        &mut self,
        organization: OrganizationId,
        email: &CanonicalEmail,
        now: Timestamp,
    ) -> Result<u64> {
        self.write(|tables| {
            let rows = tables.invitations.iter_mut().filter(|row| {
                row.organization == organization
                    && row.email.canonical() == email
                    && row.finished.is_none()
            });
            Ok(rows.map(|row| row.finished = Some(now)).count() as u64)
        })
    }
}
