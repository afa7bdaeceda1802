use super::*;
use crate::attrs::{Plain, StandardClientRole, StandardRole};
use crate::entity::{
    Actor, AuthenticationStrength, ClientKind, ClientOwner, LiveClient, LiveSecret, Method,
};
use crate::ids::{ClientId, OrganizationId, SecretId, SessionId, UserId};
use crate::time::Timestamp;
use std::fmt::Write;

mod strength;

fn caller(id: u8, role: StandardRole) -> Caller {
    let user = UserCaller {
        id: UserId::from_bytes([id; 16]),
        session_id: SessionId::from_bytes([9; 16]),
        roles: vec![role],
        scopes: None,
        methods: vec![Method::Password],
        authenticated_at: Timestamp::from_millis(0),
        actor: None,
    };
    Caller { user: Some(user), ..Caller::anonymous(None) }
}

/// The reviewed table; change it together with the policy.
#[test]
#[expect(clippy::disallowed_methods, reason = "`UPDATE=1` writes the golden file anew")]
fn the_policy_is_the_reviewed_table() {
    // R-AZ-01
    let mut table = String::from("action               ");
    for relation in Relation::ALL {
        write!(table, " {:13}", format!("{relation:?}")).unwrap();
    }
    table.push_str(" (by a personal key, by an actor, and before a required second factor is enrolled, if the user may)");
    for action in Action::ALL {
        write!(table, "\n{:21}", format!("{action:?}")).unwrap();
        for relation in Relation::ALL {
            write!(table, " {:13}", format!("{:?}", decide(action, relation))).unwrap();
        }
        let also =
            [action.is_open_to_keys(), action.is_open_to_actors(), action.is_open_to_enrolling()];
        for open in also {
            table.push_str(if open { " Allow        " } else { " Forbid       " });
        }
    }
    let lines: Vec<&str> = table.lines().map(str::trim_end).collect();
    let table = lines.join("\n") + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/authz.golden.txt");
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        std::fs::write(path, &table).unwrap();
    }
    assert_eq!(table, std::fs::read_to_string(path).unwrap());
}

#[test]
fn a_right_in_an_organization_is_a_permission_of_the_role_there() {
    // R-AZ-03, R-AZ-06
    use crate::attrs::StandardOrganizationRole::{Admin, Editor, Owner, Viewer};
    let standing = |role: Option<_>, archived, own| {
        Target::Organization(Standing {
            organization: OrganizationId::from_bytes([5; 16]),
            archived,
            authentication: AuthenticationStrength::Any,
            permissions: role.map(Permissions::of),
            own,
        })
    };
    let ada = caller(1, StandardRole::User);
    let may = |action, role, archived| ada.may(action, &standing(role, archived, false));
    assert!(may(Action::UpdateOrganization, Some(Editor), false).is_ok());
    assert!(matches!(may(Action::UpdateOrganization, Some(Viewer), false), Err(Error::Forbidden)));
    assert!(matches!(
        may(Action::ReadOrganization, None, false),
        Err(Error::NotFound("organization"))
    ));
    assert!(matches!(may(Action::UpdateMember, Some(Owner), true), Err(Error::Forbidden)));
    assert!(may(Action::ArchiveOrganization, Some(Owner), true).is_ok());
    assert!(matches!(may(Action::ArchiveOrganization, Some(Admin), false), Err(Error::Forbidden)));
    assert!(ada.may(Action::RemoveMember, &standing(Some(Viewer), false, true)).is_ok());
    let administrator = caller(1, StandardRole::Administrator);
    assert!(administrator.may(Action::ReadMembers, &standing(None, false, false)).is_ok());
    assert!(administrator.may(Action::Invite, &standing(None, false, false)).is_err());
}

#[test]
fn a_foreign_user_looks_like_a_missing_one() {
    // R-AZ-03
    let target = Target::User(UserId::from_bytes([2; 16]));
    let other = caller(1, StandardRole::User).may(Action::ReadUser, &target);
    assert!(matches!(other, Err(Error::NotFound("user"))));
    assert!(caller(2, StandardRole::User).may(Action::ReadUser, &target).is_ok());
    assert!(caller(1, StandardRole::Administrator).may(Action::ReadUser, &target).is_ok());
    let nobody = Caller::<Plain>::anonymous(None).may(Action::ReadUser, &target);
    assert!(matches!(nobody, Err(Error::Unauthenticated)));
}

/// A client of an organization, or a personal key, that was admitted.
fn client(owner: ClientOwner, role: StandardClientRole, proven: bool) -> ClientCaller {
    let secret = LiveSecret { id: SecretId::from_bytes([4; 16]), expires: None, revoked: None };
    ClientCaller::of(&LiveClient::<Plain> {
        id: ClientId::from_bytes([7; 16]),
        owner,
        owner_active: true,
        key_owner: None,
        kind: if proven { ClientKind::Confidential } else { ClientKind::Public },
        enabled: true,
        require_user: false,
        rate_limit: None,
        roles: vec![role],
        restrictions: vec![],
        expires: None,
        secret: proven.then_some(secret),
    })
}

fn every_client() -> Vec<ClientCaller> {
    use StandardClientRole::{External, Internal, System};
    let owners = [
        ClientOwner::Organization(OrganizationId::from_bytes([5; 16])),
        ClientOwner::Organization(OrganizationId::from_bytes([6; 16])),
        ClientOwner::User(UserId::from_bytes([1; 16])),
        ClientOwner::User(UserId::from_bytes([2; 16])),
    ];
    let mut clients = Vec::new();
    for owner in owners {
        for role in [External, Internal, System] {
            clients.extend([true, false].map(|proven| client(owner, role, proven)));
        }
    }
    clients
}

/// Targets of every kind, as the user with the id 1 stands to them.
fn every_target() -> Vec<Target> {
    let mut targets = vec![Target::Service];
    for user in [1, 2].map(|id| UserId::from_bytes([id; 16])) {
        targets.push(Target::User(user));
        targets.push(Target::Session { id: SessionId::from_bytes([9; 16]), user });
        targets
            .push(Target::Client { id: ClientId::from_bytes([8; 16]), of: ClientOf::User(user) });
    }
    let bit = |mask: u8, n: u8| mask >> n & 1 == 1;
    for mask in 0..64 {
        let permissions = Permissions {
            read: bit(mask, 0),
            edit: bit(mask, 1),
            manage: bit(mask, 2),
            delete: bit(mask, 3),
        };
        let standing = Standing {
            organization: OrganizationId::from_bytes([5; 16]),
            archived: bit(mask, 4),
            authentication: AuthenticationStrength::Any,
            permissions: bit(mask, 5).then_some(permissions),
            own: false,
        };
        targets.push(Target::Organization(standing));
        let of = ClientOf::Organization(standing);
        targets.push(Target::Client { id: ClientId::from_bytes([8; 16]), of });
    }
    targets
}

#[test]
fn a_client_beside_a_user_never_changes_what_he_may() {
    // Monotone: one link more in the chain adds no right (R-CL-04, GW-03).
    for role in [StandardRole::User, StandardRole::Administrator] {
        let alone = caller(1, role);
        for client in every_client() {
            let together = Caller { client: Some(client), ..alone.clone() };
            for target in every_target() {
                for action in Action::ALL {
                    let expected = alone.may(action, &target).map_err(|error| error.kind());
                    let found = together.may(action, &target).map_err(|error| error.kind());
                    assert_eq!(found, expected, "{action:?} {target:?}");
                }
            }
        }
    }
}

#[test]
fn a_personal_key_may_less_than_its_owner_and_never_what_would_outlive_it() {
    // R-CL-04
    let owner = caller(1, StandardRole::User);
    let key =
        client(ClientOwner::User(UserId::from_bytes([1; 16])), StandardClientRole::System, true);
    assert!(key.roles.is_empty());
    let key = Caller { client: Some(key), ..Caller::anonymous(None) };
    assert_eq!(key.acting_user().unwrap(), UserId::from_bytes([1; 16]));
    let mut allowed = 0;
    for target in every_target() {
        for action in Action::ALL {
            if key.may(action, &target).is_ok() {
                assert!(owner.may(action, &target).is_ok(), "{action:?} {target:?}");
                assert!(!action.needs_fresh(), "{action:?}");
                allowed += 1;
            }
        }
        for action in [
            Action::AddSecret,
            Action::CreateClient,
            Action::UpdateClient,
            Action::Authenticate,
            Action::ChangePassword,
            Action::EnrolFactor,
            Action::RemoveFactor,
            Action::Invite,
        ] {
            assert!(key.may(action, &target).is_err(), "{action:?} {target:?}");
        }
    }
    assert!(allowed > 0);
}

#[test]
fn an_id_without_a_secret_is_nobody() {
    // R-CL-02, GW-03
    for named in every_client().into_iter().filter(|client| !client.authenticated) {
        assert!(named.roles.is_empty());
        let named = Caller { client: Some(named), ..Caller::anonymous(None) };
        for target in every_target() {
            for action in Action::ALL {
                let nobody = Caller::<Plain>::anonymous(None).may(action, &target);
                let nobody = nobody.map_err(|error| error.kind());
                assert_eq!(named.may(action, &target).map_err(|error| error.kind()), nobody);
            }
        }
    }
}

#[test]
fn a_client_by_itself_reads_its_own_organization_only() {
    use StandardClientRole::{External, Internal, System};
    let organization = OrganizationId::from_bytes([5; 16]);
    let standing = |organization| {
        Target::Organization(Standing {
            organization,
            archived: false,
            authentication: AuthenticationStrength::SecondFactor,
            permissions: None,
            own: false,
        })
    };
    let may = |role, action, target: &Target| {
        let client = client(ClientOwner::Organization(organization), role, true);
        Caller { client: Some(client), ..Caller::anonymous(None) }.may(action, target)
    };
    let (own, other) = (standing(organization), standing(OrganizationId::from_bytes([6; 16])));
    for role in [External, Internal] {
        assert!(may(role, Action::ReadMembers, &own).is_ok());
        assert!(matches!(may(role, Action::ReadClients, &own), Err(Error::Forbidden)));
        assert!(matches!(may(role, Action::ReadMembers, &other), Err(Error::NotFound(_))));
        assert!(matches!(may(role, Action::ListUsers, &Target::Service), Err(Error::Forbidden)));
    }
    let user = Target::User(UserId::from_bytes([1; 16]));
    assert!(may(System, Action::ReadMembers, &other).is_ok());
    assert!(may(System, Action::BanUser, &user).is_ok());
    assert!(may(System, Action::EndSessions, &user).is_ok());
    assert!(matches!(may(System, Action::ChangeRoles, &user), Err(Error::Forbidden)));
    assert!(matches!(may(System, Action::AddSecret, &own), Err(Error::Forbidden)));
}

#[test]
fn an_actor_never_adds_a_right() {
    // R-AZ-05
    let targets = [
        Target::Service,
        Target::User(UserId::from_bytes([1; 16])),
        Target::User(UserId::from_bytes([2; 16])),
        Target::Session { id: SessionId::from_bytes([9; 16]), user: UserId::from_bytes([1; 16]) },
    ];
    let rank = |outcome: Result<(), Error>| u8::from(outcome.is_err());
    for role in [StandardRole::User, StandardRole::Administrator] {
        let alone = caller(1, role);
        let mut acted = alone.clone();
        let actor =
            Actor { id: UserId::from_bytes([7; 16]), session_id: SessionId::from_bytes([8; 16]) };
        if let Some(user) = &mut acted.user {
            user.actor = Some(actor);
        }
        for action in Action::ALL {
            for target in &targets {
                let (with, without) = (acted.may(action, target), alone.may(action, target));
                assert!(rank(with) >= rank(without), "{action:?} {target:?}");
            }
            let own = acted.may(action, &targets[1]);
            assert!(own.is_err() || action.is_open_to_actors(), "{action:?}");
            assert!(!(action.needs_fresh() && action.is_open_to_actors()), "{action:?}");
        }
    }
    for forbidden in [
        Action::DeleteUser,
        Action::ExportUser,
        Action::ChangeRoles,
        Action::ChangePassword,
        Action::ResendVerification,
        Action::EnrolFactor,
        Action::RemoveFactor,
        Action::Impersonate,
        Action::CreateClient,
        Action::CreateOrganization,
        Action::AcceptInvitation,
        Action::TransferOrganization,
    ] {
        assert!(!forbidden.is_open_to_actors(), "{forbidden:?}");
    }
}

#[test]
fn a_client_does_not_do_for_a_user_what_he_may_not_before_his_second_factor() {
    // R-MF-01: one who administers, beside every client
    let alone = caller(1, StandardRole::Administrator);
    for client in every_client() {
        let enrolling = alone.user.clone();
        let caller = Caller { client: Some(client), enrolling, ..Caller::anonymous(None) };
        for action in Action::ALL {
            for target in every_target() {
                let refused =
                    matches!(caller.may(action, &target), Err(Error::SecondFactorRequired));
                assert_eq!(refused, !action.is_open_to_enrolling(), "{action:?} {target:?}");
            }
        }
        assert!(matches!(caller.user(), Err(Error::SecondFactorRequired)));
        assert!(matches!(caller.acting_user(), Err(Error::SecondFactorRequired)));
        assert!(!caller.is_authenticated());
    }
}
