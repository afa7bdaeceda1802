//! What the policy says of those who are authenticated too weakly.

use super::*;
use crate::ids::MembershipId;

/// The same target, in an organization that asks this of its members.
fn requiring(target: Target, authentication: AuthenticationStrength) -> Target {
    match target {
        Target::Organization(it) => Target::Organization(Standing { authentication, ..it }),
        Target::Membership { id, standing } => {
            Target::Membership { id, standing: Standing { authentication, ..standing } }
        }
        Target::Invitation { id, standing } => {
            Target::Invitation { id, standing: Standing { authentication, ..standing } }
        }
        Target::Client { id, of: ClientOf::Organization(it) } => {
            let of = ClientOf::Organization(Standing { authentication, ..it });
            Target::Client { id, of }
        }
        Target::Service
        | Target::User(_)
        | Target::Session { .. }
        | Target::Client { of: ClientOf::User(_), .. } => target,
    }
}

/// The user with the id 1 by sessions and by personal keys of every strength, and clients.
fn every_strength() -> Vec<Caller> {
    let mut callers = Vec::new();
    for role in [StandardRole::User, StandardRole::Administrator] {
        for methods in [&[][..], &[Method::Email], &[Method::Password], &[Method::Totp]] {
            let mut by_session = caller(1, role);
            by_session.user.iter_mut().for_each(|user| user.methods = methods.to_vec());
            callers.push(by_session);
        }
    }
    for client in every_client() {
        for strength in AuthenticationStrength::ALL {
            let client = Some(ClientCaller { strength, ..client.clone() });
            callers.push(Caller { client, ..Caller::anonymous(None) });
        }
    }
    callers
}

#[test]
fn what_an_organization_asks_of_members_only_ever_takes_what_their_role_gives() {
    // R-MF-01, R-AZ-03: monotone, and strangers are not told
    let mut refused = 0;
    for caller in every_strength() {
        for target in every_target() {
            for required in AuthenticationStrength::ALL {
                for action in Action::ALL {
                    let free = caller.may(action, &target).map_err(|error| error.kind());
                    let bound = caller.may(action, &requiring(target, required));
                    let insufficient = match &bound {
                        Err(Error::InsufficientAuthentication { required: it }) => *it == required,
                        Ok(()) | Err(_) => false,
                    };
                    if insufficient {
                        assert!(free.is_ok() && caller.strength() < required, "{action:?}");
                        let standing = target.standing().unwrap();
                        assert!(standing.permissions.is_some(), "{action:?} {target:?}");
                        refused += 1;
                    } else {
                        let bound = bound.map_err(|error| error.kind());
                        assert_eq!(bound, free, "{action:?} {target:?} {required:?}");
                    }
                }
            }
        }
    }
    assert!(refused > 0);
}

#[test]
fn what_is_not_allowed_by_a_role_is_allowed_however_weakly_one_is_authenticated() {
    // R-MF-01
    let own = |permissions: Option<Permissions>, own| Target::Membership {
        id: MembershipId::from_bytes([3; 16]),
        standing: Standing {
            organization: OrganizationId::from_bytes([5; 16]),
            archived: false,
            authentication: AuthenticationStrength::SecondFactor,
            permissions,
            own,
        },
    };
    let all = Some(Permissions { read: true, edit: true, manage: true, delete: true });
    let (ada, root) = (caller(1, StandardRole::User), caller(1, StandardRole::Administrator));
    assert!(ada.may(Action::RemoveMember, &own(all, true)).is_ok(), "whoever leaves");
    let other = ada.may(Action::RemoveMember, &own(all, false));
    assert!(matches!(other, Err(Error::InsufficientAuthentication { .. })), "{other:?}");
    let stranger = ada.may(Action::RemoveMember, &own(None, false));
    assert!(matches!(stranger, Err(Error::NotFound("membership"))), "{stranger:?}");
    for target in [own(all, false), own(None, false)] {
        assert!(root.may(Action::ReadMembers, &target).is_ok(), "by the office");
    }
    let edits = root.may(Action::UpdateOrganization, &own(all, false));
    assert!(matches!(edits, Err(Error::InsufficientAuthentication { .. })), "{edits:?}");
}

#[test]
fn a_key_that_waits_for_a_second_factor_of_its_user_is_nobody() {
    // R-MF-02
    let owner = ClientOwner::User(UserId::from_bytes([1; 16]));
    let key = client(owner, StandardClientRole::External, true);
    let key = Some(ClientCaller { enrolling: true, ..key });
    let waiting = Caller { client: key.clone(), ..Caller::anonymous(None) };
    assert!(!waiting.is_authenticated());
    assert!(matches!(waiting.acting_user(), Err(Error::SecondFactorRequired)));
    for target in every_target() {
        for action in Action::ALL {
            let nobody = Caller::<Plain>::anonymous(None).may(action, &target).is_ok();
            match waiting.may(action, &target) {
                Ok(()) => assert!(nobody, "{action:?}"),
                refused => assert!(matches!(refused, Err(Error::SecondFactorRequired))),
            }
            // Beside a session it takes nothing away.
            let alone = caller(1, StandardRole::User);
            let together = Caller { client: key.clone(), ..alone.clone() };
            assert_eq!(
                together.may(action, &target).is_ok(),
                alone.may(action, &target).is_ok(),
                "{action:?}"
            );
        }
    }
}
