//! Whom another service is told a caller to be: the claims of a signed identity.
//!
//! Claims are a function of the caller, the place and the moment. Who signs them, and how, is no matter of the
//! domain.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use crate::attrs::Attrs;
use crate::authz::Caller;
use crate::entity::Method;
use crate::error::Error;
use crate::time::{Entropy, Timestamp};

/// What a service behind a proxy is told of a caller, under the names of RFC 7519 and its registry.
///
/// Everything is read from the store at the moment of the request and never from the request itself (R-AZ-06).
/// Later versions may add claims; a reader ignores those that it does not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IdentityClaims {
    /// Who says so: the deployment.
    pub iss: String,
    /// To whom: the service.
    pub aud: String,
    /// Of whom: the id of a user, or of a client that asks by itself.
    pub sub: String,
    /// When it was said, in seconds since 1970.
    pub iat: i64,
    /// From when on it holds.
    pub nbf: i64,
    /// From when on it holds no more: at most [`IdentityClaims::LIFETIME`] later.
    pub exp: i64,
    /// Names this one statement.
    pub jti: String,
    /// The session, when the user has one here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The client that proved its secret, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The organization that owns this client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<String>,
    /// What the user is in the whole deployment; empty for a client and for a personal key (R-CL-04).
    #[serde(default)]
    pub roles: Vec<String>,
    /// What the session is limited to, with spaces (RFC 8693, 4.2); absent for one without limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// What the client is in the whole deployment; never to be taken for a user's role.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_roles: Vec<String>,
    /// What the user proved when he logged in (RFC 8176); `email` for a code by e-mail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// When he did, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// The administrator who acts as the user, if one does (RFC 8693, 4.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<ActingParty>,
}

/// Who acts as somebody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActingParty {
    /// The id of the user who does.
    pub sub: String,
}

/// From whom to whom an identity is told.
#[derive(Clone, Copy, Debug)]
pub struct IdentityRoute<'a> {
    /// The deployment, as its configuration names it.
    pub issuer: &'a str,
    /// The service.
    pub audience: &'a str,
}

impl IdentityClaims {
    /// How long an identity holds: long enough for the request that it goes with, and no longer (GW-22).
    pub const LIFETIME: Duration = Duration::from_mins(1);

    /// What the service may know of the caller. [`Error::Unauthenticated`] for somebody who proved nothing, and
    /// for a client that is only named (security decision 14).
    pub fn of<A: Attrs>(
        caller: &Caller<A>,
        route: IdentityRoute<'_>,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<Self, Error> {
        let client = caller.client.as_ref().filter(|client| client.authenticated);
        let user = caller.user.as_ref();
        let sub = match (caller.acting_user(), client) {
            (Ok(user), _) => user.to_string(),
            (Err(_), Some(client)) if caller.is_authenticated() => client.id.to_string(),
            (Err(error), _) => return Err(error),
        };
        let mut id = [0; 16];
        entropy.fill(&mut id);
        let iat = seconds(now);
        Ok(Self {
            iss: route.issuer.to_owned(),
            aud: route.audience.to_owned(),
            sub,
            iat,
            nbf: iat,
            exp: seconds(now + Self::LIFETIME),
            jti: BASE64URL_NOPAD.encode(&id),
            sid: user.map(|user| user.session_id.to_string()),
            client_id: client.map(|client| client.id.to_string()),
            org: client.and_then(|client| client.organization_id).map(|id| id.to_string()),
            roles: user.map_or_else(Vec::new, |user| names(&user.roles)),
            scope: user.and_then(|user| user.scopes.as_ref()).map(|scopes| scopes.join(" ")),
            client_roles: client.map_or_else(Vec::new, |client| names(&client.roles)),
            amr: user.map_or_else(Vec::new, |user| proofs(&user.methods)),
            auth_time: user.map(|user| seconds(user.authenticated_at)),
            act: user
                .and_then(|user| user.actor)
                .map(|actor| ActingParty { sub: actor.id.to_string() }),
        })
    }

    /// The user, if it is one.
    pub fn user(&self) -> Option<&str> {
        Some(self.sub.as_str()).filter(|sub| sub.starts_with("usr_"))
    }
}

/// The moment in whole seconds, never a later one.
const fn seconds(moment: Timestamp) -> i64 {
    moment.as_millis().div_euclid(1_000)
}

/// Roles as they are written; each is a plain string by its contract.
fn names<R: Serialize>(roles: &[R]) -> Vec<String> {
    let name = |role: &R| Some(serde_json::to_value(role).ok()?.as_str()?.to_owned());
    roles.iter().filter_map(name).collect()
}

/// RFC 8176, 2. A code by e-mail has no value there, and is none of the factors that make `mfa` (R-MF-05).
fn proofs(methods: &[Method]) -> Vec<String> {
    let value = |method: &Method| match method {
        Method::Password => "pwd",
        Method::Email => "email",
        Method::Totp | Method::RecoveryCode => "otp",
    };
    let mut values: Vec<&str> = methods.iter().map(value).collect();
    let second = methods.iter().any(|method| method.is_second_factor());
    if second && methods.contains(&Method::Password) {
        values.push("mfa");
    }
    values.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attrs::{Plain, StandardClientRole, StandardRole};
    use crate::authz::{ClientCaller, UserCaller};
    use crate::entity::{Actor, AuthenticationStrength};
    use crate::ids::{ClientId, OrganizationId, SessionId, UserId};
    use serde_json::json;

    struct Sevens;
    impl Entropy for Sevens {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(7);
        }
    }

    fn user() -> UserCaller {
        UserCaller {
            id: UserId::from_bytes([1; 16]),
            session_id: SessionId::from_bytes([2; 16]),
            roles: vec![StandardRole::User, StandardRole::Administrator],
            scopes: None,
            methods: vec![Method::Password, Method::Totp],
            authenticated_at: Timestamp::from_millis(5_999),
            actor: None,
        }
    }

    fn client(authenticated: bool) -> ClientCaller {
        ClientCaller {
            id: ClientId::from_bytes([3; 16]),
            authenticated,
            roles: vec![StandardClientRole::Internal],
            organization_id: Some(OrganizationId::from_bytes([4; 16])),
            user_id: None,
            strength: AuthenticationStrength::Any,
            enrolling: false,
        }
    }

    fn claims(client: Option<ClientCaller>, user: Option<UserCaller>) -> Option<IdentityClaims> {
        let caller = Caller::<Plain> { client, user, ..Caller::anonymous(None) };
        let route = IdentityRoute { issuer: "https://accounts.example", audience: "orders" };
        IdentityClaims::of(&caller, route, Timestamp::from_millis(100_999), &Sevens).ok()
    }

    #[test]
    fn a_service_is_told_of_user_and_client_what_the_store_says() {
        // R-AZ-06, GW-22
        let both = claims(Some(client(true)), Some(user())).unwrap();
        assert_eq!(
            serde_json::to_value(&both).unwrap(),
            json!({
                "iss": "https://accounts.example",
                "aud": "orders",
                "sub": "usr_01040g2081040g2081040g2081",
                "iat": 100, "nbf": 100, "exp": 160,
                "jti": "BwcHBwcHBwcHBwcHBwcHBw",
                "sid": SessionId::from_bytes([2; 16]).to_string(),
                "client_id": ClientId::from_bytes([3; 16]).to_string(),
                "org": OrganizationId::from_bytes([4; 16]).to_string(),
                "roles": ["user", "administrator"],
                "client_roles": ["internal"],
                "amr": ["pwd", "otp", "mfa"],
                "auth_time": 5,
            })
        );
        assert!(both.user().is_some());
    }

    #[test]
    fn a_session_with_limits_is_told_with_them() {
        let scopes = |scopes| claims(None, Some(UserCaller { scopes, ..user() })).unwrap().scope;
        assert_eq!(scopes(None), None);
        assert_eq!(scopes(Some(vec![])).as_deref(), Some(""));
        let two = Some(vec!["orders:read".to_owned(), "orders:write".to_owned()]);
        assert_eq!(scopes(two).as_deref(), Some("orders:read orders:write"));
    }

    #[test]
    fn whoever_acts_as_a_user_is_told_too() {
        // RFC 8693, 4.1
        let (id, session_id) = (UserId::from_bytes([8; 16]), SessionId::from_bytes([9; 16]));
        let actor = Some(Actor { id, session_id });
        let told = claims(None, Some(UserCaller { actor, ..user() })).unwrap();
        assert_eq!(told.act.map(|act| act.sub), Some(id.to_string()));
        assert_eq!(told.sub, UserId::from_bytes([1; 16]).to_string());
    }

    #[test]
    fn a_client_by_itself_is_no_user_and_has_no_user_s_roles() {
        let alone = claims(Some(client(true)), None).unwrap();
        assert_eq!(alone.sub, ClientId::from_bytes([3; 16]).to_string());
        assert_eq!((alone.user(), &alone.sid, alone.auth_time), (None, &None, None));
        assert!(alone.roles.is_empty() && alone.amr.is_empty());
        assert_eq!(alone.client_roles, ["internal"]);
    }

    #[test]
    fn a_personal_key_stands_for_its_owner_without_his_roles() {
        // R-CL-04
        let owner = UserId::from_bytes([1; 16]);
        let key = ClientCaller {
            roles: Vec::new(),
            organization_id: None,
            user_id: Some(owner),
            ..client(true)
        };
        let told = claims(Some(key.clone()), None).unwrap();
        assert_eq!((told.sub, told.sid), (owner.to_string(), None));
        assert!(told.roles.is_empty() && told.client_id.is_some());
        // R-MF-02
        assert_eq!(claims(Some(ClientCaller { enrolling: true, ..key }), None), None);
    }

    #[test]
    fn who_proved_nothing_is_nobody() {
        // Security decision 14
        assert_eq!(claims(None, None), None);
        assert_eq!(claims(Some(client(false)), None), None);
        let named = claims(Some(client(false)), Some(user())).unwrap();
        assert_eq!((named.client_id, named.org), (None, None));
        assert!(named.client_roles.is_empty());
    }

    #[test]
    fn a_mailbox_is_no_factor_of_several() {
        // R-MF-05
        assert_eq!(proofs(&[Method::Email, Method::Totp]), ["email", "otp"]);
        assert_eq!(proofs(&[Method::Password, Method::Email]), ["pwd", "email"]);
        assert_eq!(proofs(&[Method::Password, Method::RecoveryCode]), ["pwd", "otp", "mfa"]);
    }

    #[test]
    fn what_a_later_version_adds_is_read_over() {
        let mut told = serde_json::to_value(claims(None, Some(user()))).unwrap();
        told["may_act"] = json!({ "sub": "usr_x" });
        assert_eq!(serde_json::from_value::<IdentityClaims>(told).ok(), claims(None, Some(user())));
    }
}
