use std::time::Duration;

use super::{AccessRestriction, ClientKind, ClientOwner, RateLimit};
use crate::access::{self, AccessRefusal, AccessRequest};
use crate::attrs::{Attrs, Plain};
use crate::entity::{AuthenticationStrength, LiveTotp, Method, Step};
use crate::ids::{ClientId, SecretId};
use crate::time::Timestamp;

/// What a request of a client needs to know, in one look-up by the digest of its secret or by its id.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveClient<A: Attrs = Plain> {
    /// Which client.
    pub id: ClientId,
    /// Whose it is.
    pub owner: ClientOwner,
    /// Whether its owner may act: the organization is not archived, the user is active.
    pub owner_active: bool,
    /// The user whose personal key it is; `None` for a client of an organization.
    pub key_owner: Option<KeyOwner<A>>,
    /// Whether it can keep a secret.
    pub kind: ClientKind,
    /// Whether it may be used.
    pub enabled: bool,
    /// Whether its requests need a user's session too.
    pub require_user: bool,
    /// How many requests it may make per second; `None` for the standard of the deployment.
    pub rate_limit: Option<RateLimit>,
    /// What it may do in the deployment, once it has proven its secret.
    pub roles: Vec<A::ClientRole>,
    /// From where and for what its requests may come.
    pub restrictions: Vec<AccessRestriction>,
    /// When it stops to work, if it does.
    pub expires: Option<Timestamp>,
    /// The secret by which it was found, or `None` for a look-up by id.
    pub secret: Option<LiveSecret>,
}

/// The user of a personal key, as far as it decides over the key what that user could prove at this moment (R-MF-02).
#[derive(Clone, Debug, PartialEq)]
pub struct KeyOwner<A: Attrs = Plain> {
    /// The roles of the user; the key has none of them (R-CL-04).
    pub roles: Vec<A::UserRole>,
    /// Whether the user has a password that [opens](crate::entity::StoredPassword::opens) a session.
    pub has_password: bool,
    /// The authenticator app that the user has enrolled.
    pub totp: Option<LiveTotp>,
}

/// The secret by which a client was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveSecret {
    /// Names the secret.
    pub id: SecretId,
    /// When it stops to work, if it does.
    pub expires: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked: Option<Timestamp>,
}

/// Why a client is refused; for the audit log, never for the caller (GW-11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientRefusal {
    /// No client has this secret, or this id.
    Unknown,
    /// It is disabled, expired, or its owner may not act.
    NotActive,
    /// Its secret is expired or revoked.
    SecretOver,
    /// A confidential client did not prove itself, or a public one presented a secret.
    WrongKind,
    /// The secret belongs to another client than the one that was named.
    OtherClient,
    /// An access restriction refuses the request.
    Restricted(AccessRefusal),
    /// It serves users only, and no user's session came along.
    UserRequired,
}

impl ClientRefusal {
    /// The name in the audit log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::NotActive => "not-active",
            Self::SecretOver => "secret-over",
            Self::WrongKind => "wrong-kind",
            Self::OtherClient => "other-client",
            Self::Restricted(AccessRefusal::Outside(kind)) => match kind {
                access::AccessKind::Ip => "outside-ip",
                access::AccessKind::Host => "outside-host",
                access::AccessKind::Api => "outside-api",
            },
            Self::Restricted(AccessRefusal::Unreadable) => "unreadable-restriction",
            Self::UserRequired => "user-required",
        }
    }
}

impl<A: Attrs> KeyOwner<A> {
    /// How strongly the user could authenticate now, for which the key stands; `None` if no login of theirs would open a
    /// session, since a second factor is asked of them that they do not have (R-MF-02).
    ///
    /// `next` is what must still be proven behind these methods, and `wait` how long an app that is in doubt
    /// [counts](LiveTotp::counts).
    pub fn strength(
        &self,
        next: impl Fn(&[Method]) -> Option<Step>,
        (wait, now): (Duration, Timestamp),
    ) -> Option<AuthenticationStrength> {
        if self.totp.is_some_and(|totp| totp.counts(wait, now)) {
            return Some(AuthenticationStrength::SecondFactor);
        }
        let opens = |done: &[Method]| next(done) != Some(Step::Totp);
        let by_password = self.has_password
            && match next(&[Method::Password]) {
                Some(Step::Totp) => false,
                Some(Step::Code) => opens(&[Method::Password, Method::Email]),
                Some(Step::NewPassword) | None => true,
            };
        if by_password {
            return Some(AuthenticationStrength::NoMailAlone);
        }
        opens(&[Method::Email]).then_some(AuthenticationStrength::Any)
    }
}

impl<A: Attrs> LiveClient<A> {
    /// Decides over a request of this client; what it says of rate and user comes afterwards.
    ///
    /// A public client is accepted by its id alone and then counts as not authenticated.
    pub fn admit(&self, request: &AccessRequest<'_>, now: Timestamp) -> Result<(), ClientRefusal> {
        let over = |at: Option<Timestamp>| at.is_some_and(|at| now >= at);
        match (self.kind, &self.secret) {
            (ClientKind::Confidential, Some(secret)) => {
                if secret.revoked.is_some() || over(secret.expires) {
                    return Err(ClientRefusal::SecretOver);
                }
            }
            (ClientKind::Public, None) => {}
            (ClientKind::Confidential, None) | (ClientKind::Public, Some(_)) => {
                return Err(ClientRefusal::WrongKind);
            }
        }
        if !self.enabled || over(self.expires) || !self.owner_active {
            return Err(ClientRefusal::NotActive);
        }
        let rules = self.restrictions.iter().map(AccessRestriction::rule);
        access::decide(rules, request).map_err(ClientRefusal::Restricted)
    }

    /// Whether it proved a secret; without, it has no rights (security decision 14).
    pub const fn is_authenticated(&self) -> bool {
        self.secret.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{AccessKind, AccessRule};
    use crate::ids::{OrganizationId, RestrictionId};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn live() -> LiveClient {
        LiveClient {
            id: ClientId::from_bytes([1; 16]),
            owner: ClientOwner::Organization(OrganizationId::from_bytes([2; 16])),
            owner_active: true,
            key_owner: None,
            kind: ClientKind::Confidential,
            enabled: true,
            require_user: false,
            rate_limit: None,
            roles: vec![],
            restrictions: vec![],
            expires: Some(at(100)),
            secret: Some(LiveSecret {
                id: SecretId::from_bytes([3; 16]),
                expires: Some(at(50)),
                revoked: None,
            }),
        }
    }

    fn admit(live: &LiveClient, now: i64) -> Result<(), ClientRefusal> {
        let request =
            AccessRequest { ip: Some("192.0.2.7".parse().unwrap()), origin: None, target: None };
        live.admit(&request, at(now))
    }

    #[test]
    fn a_client_is_admitted_while_it_and_its_secret_live() {
        // R-CL-01
        assert_eq!(admit(&live(), 49), Ok(()));
        assert_eq!(admit(&live(), 50), Err(ClientRefusal::SecretOver));
        let mut lasting = live();
        lasting.secret.as_mut().unwrap().expires = None;
        assert_eq!(admit(&lasting, 99), Ok(()));
        assert_eq!(admit(&lasting, 100), Err(ClientRefusal::NotActive));
        let mut revoked = live();
        revoked.secret.as_mut().unwrap().revoked = Some(at(1));
        assert_eq!(admit(&revoked, 2), Err(ClientRefusal::SecretOver));
        let disabled = LiveClient { enabled: false, ..live() };
        assert_eq!(admit(&disabled, 1), Err(ClientRefusal::NotActive));
        let orphan = LiveClient { owner_active: false, ..live() };
        assert_eq!(admit(&orphan, 1), Err(ClientRefusal::NotActive));
    }

    #[test]
    fn a_key_stands_for_what_its_user_could_prove_now() {
        // R-MF-02, R-RC-04
        use AuthenticationStrength::{Any, NoMailAlone, SecondFactor};
        let (trusted, doubted) = (LiveTotp { doubted: None }, LiveTotp { doubted: Some(at(10)) });
        let one_is_enough = |_: &[Method]| None;
        for (has_password, totp, now, strength) in [
            (false, None, 0, Any),
            (true, None, 0, NoMailAlone),
            (false, Some(trusted), 0, SecondFactor),
            (true, Some(trusted), 0, SecondFactor),
            (true, Some(doubted), 69, SecondFactor),
            (true, Some(doubted), 70, NoMailAlone),
            (false, Some(doubted), 70, Any),
        ] {
            let owner = KeyOwner::<Plain> { roles: vec![], has_password, totp };
            let found = owner.strength(one_is_enough, (Duration::from_mins(1), at(now)));
            assert_eq!(found, Some(strength), "{owner:?}");
        }
    }

    #[test]
    fn a_key_stands_for_nothing_that_no_login_of_its_user_would_open() {
        // R-MF-01, R-MF-02
        use AuthenticationStrength::{Any, NoMailAlone, SecondFactor};
        use Method::{Email, Password};
        type Rule = fn(&[Method]) -> Option<Step>;
        let always: Rule = |_| Some(Step::Totp);
        let behind_mail: Rule = |done| (done == [Email]).then_some(Step::Totp);
        let behind_password: Rule = |done| (done == [Password]).then_some(Step::Totp);
        let code_first: Rule =
            |done| Some(if done == [Password] { Step::Code } else { Step::Totp });
        let code_behind: Rule = |done| (done == [Password]).then_some(Step::Code);
        for (rule, has_password, strength) in [
            (always, true, None),
            (always, false, None),
            (behind_mail, true, Some(NoMailAlone)),
            (behind_mail, false, None),
            (behind_password, true, Some(Any)),
            (code_first, true, None),
            (code_behind, true, Some(NoMailAlone)),
        ] {
            let wait = (Duration::from_mins(1), at(0));
            let owner = KeyOwner::<Plain> { roles: vec![], has_password, totp: None };
            assert_eq!(owner.strength(rule, wait), strength, "{has_password}");
            let totp = Some(LiveTotp { doubted: None });
            let enrolled = KeyOwner { totp, ..owner };
            assert_eq!(enrolled.strength(rule, wait), Some(SecondFactor));
        }
    }

    #[test]
    fn an_id_alone_is_enough_for_a_public_client_only() {
        // R-CL-02, GW-03
        let named = LiveClient { secret: None, ..live() };
        assert_eq!(admit(&named, 1), Err(ClientRefusal::WrongKind));
        let public = LiveClient { kind: ClientKind::Public, ..named };
        assert_eq!(admit(&public, 1), Ok(()));
        assert!(!public.is_authenticated());
        let both = LiveClient { kind: ClientKind::Public, ..live() };
        assert_eq!(admit(&both, 1), Err(ClientRefusal::WrongKind));
    }

    #[test]
    fn restrictions_are_asked_and_an_unreadable_one_denies() {
        // R-CL-03
        let rule = AccessRule::parse(AccessKind::Ip, "192.0.2.0/24").unwrap();
        let readable = AccessRestriction::new(RestrictionId::from_bytes([5; 16]), rule);
        let mut client = LiveClient { restrictions: vec![readable], ..live() };
        assert_eq!(admit(&client, 1), Ok(()));
        client.restrictions.extend(AccessRestriction::from_stored("[{}]"));
        let unreadable = ClientRefusal::Restricted(AccessRefusal::Unreadable);
        assert_eq!(admit(&client, 1), Err(unreadable));
    }
}
