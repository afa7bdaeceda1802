use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::purpose::Purpose;
use crate::attrs::{Attrs, Plain};
use crate::email::EmailAddress;
use crate::ids::{ClientId, FlowId, LoginEmailId, SessionId, UserId};
use crate::keys::{KeyRing, Label};
use crate::password::PasswordHash;
use crate::secret::Digest;
use crate::text::{FlowState, PersonName};
use crate::time::Timestamp;
use crate::token::ShortCode;

/// A sign-up, login or verification under way: one row, not a pile of codes (security decision 1).
///
/// The flow is a state machine. Its state is the [`Step`] it waits for and what was proven so far; each
/// answer is one conditional update on (id, position, not finished), so a step cannot be skipped,
/// repeated or raced (R-CC-02). The handle changes at every step.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow<A: Attrs = Plain> {
    /// Names the flow.
    pub id: FlowId,
    /// What it leads to.
    pub purpose: Purpose,
    /// What it waits for.
    pub step: Step,
    /// Which step this is, counted from 0; every transition names the position it leaves.
    pub position: u32,
    /// The digest of the handle that is good for this step.
    pub handle: Digest,
    /// The digest of the caller's `state`; `None` for a flow that anyone with the code may finish.
    pub state: Option<Digest>,
    /// The address that the flow is about.
    pub email: EmailAddress,
    /// The user it is about, when there is one.
    pub user: Option<UserId>,
    /// The claim that it verifies, for [`Purpose::VerifyEmail`]; for [`Purpose::RevertEmail`] the claim that it
    /// gives its place back.
    pub claim: Option<LoginEmailId>,
    /// The session in which it was begun, if in one: that one goes on when the flow changes what the account
    /// is proven by.
    pub session: Option<SessionId>,
    /// The digest of the code in the mailed link; `None` in a flow that cannot succeed.
    pub link: Option<Digest>,
    /// The digest of the typed code; `None` in a flow that cannot succeed.
    pub short: Option<Digest>,
    /// How many answers were tried before this one.
    pub attempts: u32,
    /// How many mails were sent.
    pub mails: u32,
    /// What was proven so far.
    pub methods: Vec<Method>,
    /// What becomes of a sign-up once the address is proven.
    pub pending: Option<Pending<A>>,
    /// The client that began it; only that one may go on, unless nobody waits for it there.
    pub client: Option<ClientId>,
    /// When it was begun.
    pub created: Timestamp,
    /// When it dies.
    pub expires: Timestamp,
    /// When it was finished or given up, if so.
    pub finished: Option<Timestamp>,
}

/// A person who has not proven an address yet; nothing of it exists outside the flow.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending<A: Attrs = Plain> {
    /// The name.
    pub name: PersonName,
    /// The hash of the chosen password, if one was chosen.
    pub password: Option<PasswordHash>,
    /// The application's own fields.
    pub attrs: A::User,
}

/// What a flow waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// The code that was mailed.
    Code,
    /// The code of the user's authenticator app, or a recovery code in its place.
    Totp,
    /// Another password, in the place of a compromised one; comes last, when everything is proven (R-PW-10).
    NewPassword,
}

/// A way to prove who one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Method {
    /// A password.
    Password,
    /// A code sent to a proven address: one factor of low assurance (R-MF-05).
    Email,
    /// A code of an authenticator app (RFC 6238).
    Totp,
    /// A recovery code, in the place of an authenticator app.
    RecoveryCode,
}

/// What an answer to [`Step::Code`] shows.
#[derive(Clone, Debug)]
pub enum Proof {
    /// The code of the mailed link, by which the flow was found.
    Link,
    /// The code typed from the mail.
    Typed(ShortCode),
}

/// Why a flow does not accept an answer; for tests and the audit log, never for the sender (R-EN-01).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FlowRefusal {
    /// It was finished or given up.
    Finished,
    /// Its time has passed (R-OT-02).
    Expired,
    /// It waits for another step.
    WrongStep,
    /// Too many answers were tried (R-TH-02).
    Exhausted,
    /// Someone else began it.
    WrongState,
    /// Another client began it.
    WrongClient,
    /// The code is not the one that was mailed.
    WrongCode,
}

impl<A: Attrs> Flow<A> {
    /// How many answers may be tried before the codes of a flow die (R-TH-02).
    pub const MAX_ATTEMPTS: u32 = 5;
    /// How many mails one flow may cause.
    pub const MAX_MAILS: u32 = 4;
    /// How long an [objection](Purpose::is_objection) may be made (R-EM-07).
    pub const OBJECTION_LIFETIME: Duration = Duration::from_hours(7 * 24);

    /// Whether an answer may still be given.
    pub fn is_open(&self, now: Timestamp) -> Result<(), FlowRefusal> {
        if self.finished.is_some() {
            Err(FlowRefusal::Finished)
        } else if now >= self.expires {
            Err(FlowRefusal::Expired)
        } else {
            Ok(())
        }
    }

    /// Whether one more attempt would be counted, as far as is known here.
    pub fn takes_attempts(&self) -> bool {
        self.finished.is_none() && self.attempts < Self::MAX_ATTEMPTS
    }

    /// Decides over the answer to a mailed code; says nothing about whether it was debited.
    ///
    /// `state` may be absent in a verification, where the code alone proves the address, and in a flow that
    /// was begun without one.
    pub fn accept_code(
        &self,
        keys: &KeyRing,
        answer: &CodeAnswer<'_>,
        now: Timestamp,
    ) -> Result<(), FlowRefusal> {
        self.accept_answer(keys, Step::Code, answer.state, answer.client, now)?;
        let right = match answer.proof {
            Proof::Link => self.link.is_some(),
            Proof::Typed(code) => self.short.is_some_and(|stored| {
                let parts = [self.id.as_bytes().as_slice(), code.expose().as_bytes()];
                keys.matches(Label::ShortCode, &parts, &stored)
            }),
        };
        if right { Ok(()) } else { Err(FlowRefusal::WrongCode) }
    }

    /// Decides whether this step may be answered by whoever sends this `state` through this client; says nothing
    /// about the answer itself (R-CC-02).
    pub fn accept_answer(
        &self,
        keys: &KeyRing,
        step: Step,
        state: Option<&FlowState>,
        client: Option<ClientId>,
        now: Timestamp,
    ) -> Result<(), FlowRefusal> {
        self.is_open(now)?;
        if self.step != step {
            return Err(FlowRefusal::WrongStep);
        }
        if self.attempts >= Self::MAX_ATTEMPTS {
            return Err(FlowRefusal::Exhausted);
        }
        if self.client != client && !self.is_nobodys() {
            return Err(FlowRefusal::WrongClient);
        }
        if !self.accepts_state(keys, state) {
            return Err(FlowRefusal::WrongState);
        }
        Ok(())
    }

    /// Whether nobody waits for it where it was begun: a reset that began with an objection or by an administrator. Its
    /// link is followed wherever its reader is at home.
    fn is_nobodys(&self) -> bool {
        self.purpose == Purpose::ResetPassword && self.state.is_none()
    }

    /// Whether whoever sends this `state` began the flow.
    pub fn accepts_state(&self, keys: &KeyRing, state: Option<&FlowState>) -> bool {
        match (&self.state, state) {
            (Some(stored), Some(given)) => {
                keys.matches(Label::State, &[given.expose().as_bytes()], stored)
            }
            (Some(_), None) => self.purpose == Purpose::VerifyEmail,
            (None, None | Some(_)) => true,
        }
    }
}

/// An answer to a mailed code.
#[derive(Clone, Copy, Debug)]
pub struct CodeAnswer<'a> {
    /// What it shows.
    pub proof: &'a Proof,
    /// The `state` of whoever began the flow.
    pub state: Option<&'a FlowState>,
    /// The client that it came through.
    pub client: Option<ClientId>,
}

/// The digest of a short code; the code is worth nothing in another flow (R-OT-04).
pub(crate) fn short_code_digest(keys: &KeyRing, flow: FlowId, code: &ShortCode) -> Digest {
    keys.label(Label::ShortCode, &[flow.as_bytes(), code.expose().as_bytes()])
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 3] = [Self::Code, Self::Totp, Self::NewPassword];

    /// The name under which a store keeps the step.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Totp => "totp",
            Self::NewPassword => "newPassword",
        }
    }

    /// The step with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 4] = [Self::Password, Self::Email, Self::Totp, Self::RecoveryCode];

    /// Whether it is a second factor: something else than a password or a mailbox (R-MF-03).
    pub const fn is_second_factor(self) -> bool {
        match self {
            Self::Totp | Self::RecoveryCode => true,
            Self::Password | Self::Email => false,
        }
    }

    /// The name of the method, in stores and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Email => "email",
            Self::Totp => "totp",
            Self::RecoveryCode => "recoveryCode",
        }
    }

    /// The method with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Entropy;

    struct Fixed(u8);
    impl Entropy for Fixed {
        fn fill(&self, buffer: &mut [u8]) {
            let mut next = self.0;
            buffer.fill_with(|| {
                next = next.wrapping_add(37);
                next
            });
        }
    }
    fn keys() -> KeyRing {
        KeyRing::parse(KeyRing::generate(1, &Fixed(1)).expose()).unwrap()
    }
    fn state(text: &str) -> FlowState {
        FlowState::parse(&text.repeat(22)).unwrap()
    }
    fn flow(keys: &KeyRing, code: &ShortCode) -> Flow {
        let id = FlowId::from_bytes([1; 16]);
        Flow {
            id,
            purpose: Purpose::Login,
            step: Step::Code,
            position: 0,
            handle: Digest::from_bytes([2; 32]),
            state: Some(keys.label(Label::State, &[state("a").expose().as_bytes()])),
            email: EmailAddress::parse("ada@example.com").unwrap(),
            user: None,
            claim: None,
            session: None,
            link: Some(Digest::from_bytes([3; 32])),
            short: Some(short_code_digest(keys, id, code)),
            attempts: 4,
            mails: 1,
            methods: vec![],
            pending: None,
            client: None,
            created: Timestamp::from_millis(0),
            expires: Timestamp::from_millis(600_000),
            finished: None,
        }
    }

    #[test]
    fn a_code_is_accepted_from_whoever_began_the_flow_in_time() {
        // R-OT-02, R-OT-04, R-CC-02
        let (keys, code) = (keys(), ShortCode::mint(&Fixed(5)));
        let (mine, other) = (state("a"), state("b"));
        let right = Proof::Typed(code.clone());
        let wrong = Proof::Typed(ShortCode::mint(&Fixed(6)));
        let now = Timestamp::from_millis(599_999);
        let decide = |flow: &Flow, proof: &Proof, state: Option<&FlowState>, now| {
            flow.accept_code(&keys, &CodeAnswer { proof, state, client: None }, now)
        };
        let flow = flow(&keys, &code);
        assert_eq!(decide(&flow, &right, Some(&mine), now), Ok(()));
        assert_eq!(decide(&flow, &Proof::Link, Some(&mine), now), Ok(()));
        assert_eq!(decide(&flow, &wrong, Some(&mine), now), Err(FlowRefusal::WrongCode));
        assert_eq!(decide(&flow, &right, Some(&other), now), Err(FlowRefusal::WrongState));
        assert_eq!(decide(&flow, &right, None, now), Err(FlowRefusal::WrongState));
        let late = Timestamp::from_millis(600_000);
        assert_eq!(decide(&flow, &right, Some(&mine), late), Err(FlowRefusal::Expired));

        let elsewhere = Flow { id: FlowId::from_bytes([9; 16]), ..flow.clone() };
        assert_eq!(decide(&elsewhere, &right, Some(&mine), now), Err(FlowRefusal::WrongCode));
        let finished = Flow { finished: Some(now), ..flow.clone() };
        assert_eq!(decide(&finished, &right, Some(&mine), now), Err(FlowRefusal::Finished));
        let exhausted = Flow { attempts: 5, ..flow.clone() };
        assert_eq!(decide(&exhausted, &right, Some(&mine), now), Err(FlowRefusal::Exhausted));
        let foreign = Flow { client: Some(ClientId::from_bytes([1; 16])), ..flow.clone() };
        assert_eq!(decide(&foreign, &right, Some(&mine), now), Err(FlowRefusal::WrongClient));
        let decoy = Flow { link: None, short: None, ..flow.clone() };
        assert_eq!(decide(&decoy, &right, Some(&mine), now), Err(FlowRefusal::WrongCode));
        let other_step = Flow { step: Step::Totp, ..flow.clone() };
        assert_eq!(decide(&other_step, &right, Some(&mine), now), Err(FlowRefusal::WrongStep));
        // A reset that nobody began goes on through any client.
        let reset = Flow { purpose: Purpose::ResetPassword, ..foreign };
        assert_eq!(decide(&reset, &right, Some(&mine), now), Err(FlowRefusal::WrongClient));
        let unasked = Flow { state: None, ..reset };
        assert_eq!(decide(&unasked, &right, Some(&other), now), Ok(()));
        let verification = Flow { purpose: Purpose::VerifyEmail, ..flow };
        assert_eq!(decide(&verification, &right, None, now), Ok(()));
        assert_eq!(decide(&verification, &right, Some(&other), now), Err(FlowRefusal::WrongState));
        let stateless = Flow { state: None, ..verification };
        assert_eq!(decide(&stateless, &right, None, now), Ok(()));
        assert_eq!(decide(&stateless, &right, Some(&other), now), Ok(()));
    }

    #[test]
    fn a_flow_takes_five_attempts_while_it_is_unfinished() {
        let flow = flow(&keys(), &ShortCode::mint(&Fixed(5)));
        let finished = Some(Timestamp::from_millis(1));
        assert!(Flow { attempts: 4, ..flow.clone() }.takes_attempts());
        assert!(!Flow { attempts: 5, ..flow.clone() }.takes_attempts());
        assert!(!Flow { finished, ..flow }.takes_attempts());
    }

    #[test]
    fn every_name_is_read_back() {
        assert!(Step::ALL.iter().all(|it| Step::named(it.name()) == Some(*it)));
        assert!(Method::ALL.iter().all(|it| Method::named(it.name()) == Some(*it)));
    }
}
