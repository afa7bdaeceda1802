use crate::attrs::{Attrs, OrganizationRole, Permission, Plain};
use crate::email::EmailAddress;
use crate::entity::AuthenticationStrength;
use crate::ids::{InvitationId, MembershipId, OrganizationId, UserId};
use crate::secret::Digest;
use crate::text::PersonName;
use crate::time::Timestamp;

/// A company, a team, a tenant: what members share, and what owns clients.
#[derive(Clone, Debug, PartialEq)]
pub struct Organization<A: Attrs = Plain> {
    /// Names the organization for ever.
    pub id: OrganizationId,
    /// What it is called.
    pub name: PersonName,
    /// When it was archived, if so: its clients and memberships give no rights meanwhile.
    pub archived: Option<Timestamp>,
    /// How strongly its members have to be authenticated for their membership to give them rights (R-MF-01).
    pub authentication: AuthenticationStrength,
    /// Counts the changes; an update names the version that it was decided on.
    pub version: i64,
    /// When it came to be.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// The application's own fields.
    pub attrs: A::Organization,
}

/// A user in an organization; there is at most one for the two of them (GW-26).
#[derive(Clone, Debug, PartialEq)]
pub struct Membership<A: Attrs = Plain> {
    /// Names the membership.
    pub id: MembershipId,
    /// In which organization.
    pub organization: OrganizationId,
    /// Whose it is.
    pub user: UserId,
    /// What the member may do there.
    pub role: A::OrganizationRole,
    /// Counts the changes; an update names the version that it was decided on.
    pub version: i64,
    /// When the user joined.
    pub created: Timestamp,
    /// When the role last changed.
    pub updated: Timestamp,
}

/// An organization and the membership of somebody in it.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnMembership<A: Attrs = Plain> {
    /// The organization.
    pub organization: Organization<A>,
    /// The membership.
    pub membership: Membership<A>,
}

/// A member of an organization, as the others see him.
#[derive(Clone, Debug, PartialEq)]
pub struct Member<A: Attrs = Plain> {
    /// The membership.
    pub membership: Membership<A>,
    /// What the member is called.
    pub name: PersonName,
}

/// A place in an organization that waits for whoever reads a mailbox.
#[derive(Clone, Debug, PartialEq)]
pub struct Invitation<A: Attrs = Plain> {
    /// Names the invitation.
    pub id: InvitationId,
    /// Into which organization.
    pub organization: OrganizationId,
    /// Whom it was sent to.
    pub email: EmailAddress,
    /// The role that waits.
    pub role: A::OrganizationRole,
    /// The digest of the mailed code.
    pub code: Digest,
    /// Who sent it.
    pub invited_by: UserId,
    /// When it was sent.
    pub created: Timestamp,
    /// When it dies.
    pub expires: Timestamp,
    /// When it was accepted or revoked, if so.
    pub finished: Option<Timestamp>,
}

/// An organization and the invitation of somebody into it.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnInvitation<A: Attrs = Plain> {
    /// The organization.
    pub organization: Organization<A>,
    /// The invitation.
    pub invitation: Invitation<A>,
}

impl<A: Attrs> Organization<A> {
    /// How many organizations a user may be a member of and still make another one (GW-55).
    pub const MOST_PER_USER: u64 = 100;
    /// How many invitations of one organization are open at most.
    pub const MOST_INVITATIONS: u64 = 500;
}

/// Why a member's role may not be changed in this way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RoleRefusal {
    /// Nobody changes his own rights; he may leave.
    OwnRole,
    /// Nobody grants, or takes from others, what he does not hold himself.
    BeyondOwnRights,
}

impl<A: Attrs> Membership<A> {
    /// Whether this member may give `new` to somebody who has `old`: he manages members, and nobody gives or takes more
    /// than he holds (R-AZ-05, GW-31, GW-32).
    pub fn may_grant(
        &self,
        to: UserId,
        old: A::OrganizationRole,
        new: A::OrganizationRole,
    ) -> Result<(), RoleRefusal> {
        if to == self.user {
            return Err(RoleRefusal::OwnRole);
        }
        let covered = self.may_manage(new) && self.may_manage(old);
        if covered { Ok(()) } else { Err(RoleRefusal::BeyondOwnRights) }
    }

    /// Whether this member may invite somebody into that role, or remove somebody else who has it (R-AZ-05).
    pub fn may_manage(&self, role: A::OrganizationRole) -> bool {
        self.role.allows(Permission::MANAGE) && self.role.covers(role)
    }
}

impl<A: Attrs> Invitation<A> {
    /// Whether it can still be accepted.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.finished.is_none() && now < self.expires
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attrs::StandardOrganizationRole::{self, Admin, Editor, Owner, Viewer};

    fn member(role: StandardOrganizationRole) -> Membership {
        Membership {
            id: MembershipId::from_bytes([1; 16]),
            organization: OrganizationId::from_bytes([2; 16]),
            user: UserId::from_bytes([3; 16]),
            role,
            version: 1,
            created: Timestamp::from_millis(0),
            updated: Timestamp::from_millis(0),
        }
    }

    #[test]
    fn nobody_grants_more_than_he_holds() {
        // R-AZ-05
        let other = UserId::from_bytes([4; 16]);
        let grant = |by, old, new| member(by).may_grant(other, old, new);
        assert_eq!(grant(Admin, Viewer, Admin), Ok(()));
        assert_eq!(grant(Admin, Viewer, Editor), Ok(()));
        assert_eq!(grant(Admin, Viewer, Owner), Err(RoleRefusal::BeyondOwnRights));
        assert_eq!(grant(Admin, Owner, Viewer), Err(RoleRefusal::BeyondOwnRights));
        assert_eq!(grant(Owner, Owner, Viewer), Ok(()));
        assert!(member(Admin).may_manage(Admin) && !member(Admin).may_manage(Owner));
    }

    #[test]
    fn who_manages_no_members_grants_nothing_however_little_it_is() {
        // R-AZ-05, GW-32
        let other = UserId::from_bytes([4; 16]);
        for role in [Editor, Viewer] {
            assert!(!member(role).may_manage(Viewer), "{role:?}");
            let granted = member(role).may_grant(other, Viewer, Viewer);
            assert_eq!(granted, Err(RoleRefusal::BeyondOwnRights), "{role:?}");
        }
    }

    #[test]
    fn nobody_changes_his_own_rights() {
        // R-AZ-05, GW-31
        let own = member(Owner);
        assert_eq!(own.may_grant(own.user, Owner, Viewer), Err(RoleRefusal::OwnRole));
    }

    #[test]
    fn an_invitation_is_open_until_it_expires() {
        let at = Timestamp::from_millis;
        let invitation = Invitation::<Plain> {
            id: InvitationId::from_bytes([1; 16]),
            organization: OrganizationId::from_bytes([2; 16]),
            email: EmailAddress::parse("ada@example.com").unwrap(),
            role: Viewer,
            code: Digest::from_bytes([3; 32]),
            invited_by: UserId::from_bytes([4; 16]),
            created: at(0),
            expires: at(10),
            finished: None,
        };
        assert!(invitation.is_open(at(9)) && !invitation.is_open(at(10)));
        assert!(!Invitation { finished: Some(at(1)), ..invitation }.is_open(at(9)));
    }
}
