use super::flows::{Beginning, Letter};
use super::sessions::Occasion;
use super::{Accounts, Answer, Idempotency, NewUser};
use crate::attrs::Attrs;
use crate::email::EmailAddress;
use crate::entity::{Invitation, LoginEmail, Pending, Purpose, User, UserStatus};
use crate::error::{Error, Obstruction};
use crate::mail::Message;
use crate::origin::Origin;
use crate::password::{Password, PasswordHash};
use crate::settings::SignUpMode;
use crate::store::{LoginEmails, Store, Users};
use crate::text::{FlowState, PersonName};
use crate::token::InvitationToken;

/// A request to sign up.
#[derive(Clone, Debug)]
pub struct SignUp<A: Attrs> {
    /// What the person is called.
    pub name: PersonName,
    /// The address to prove.
    pub email: EmailAddress,
    /// The chosen password; without one, logins go by e-mail.
    pub password: Option<Password>,
    /// The application's own fields.
    pub attrs: A::User,
    /// Binds the flow to whoever began it.
    pub state: FlowState,
    /// The code of an invitation to this address, which proves it.
    pub invitation: Option<InvitationToken>,
    /// Makes the request repeatable.
    pub idempotency: Option<Idempotency>,
}

impl<S: Store> Accounts<S> {
    /// Begins a sign-up, or in [`SignUpMode::Open`] completes it.
    ///
    /// In [`SignUpMode::Verified`] nothing but the flow exists until its code comes back through
    /// [`Accounts::answer_code`]. The answer never tells whether the address has an account; the mail does
    /// (R-EN-03). With an invitation to this very address user, membership and session exist at once, in every
    /// mode but [`SignUpMode::Closed`]. [`Error::SignUpClosed`] in the modes that are not for everyone.
    pub async fn sign_up(
        &self,
        request: SignUp<S::Attrs>,
        origin: &Origin,
    ) -> Result<Answer, Error> {
        let open = match (self.settings().sign_up, &request.invitation) {
            (SignUpMode::Verified, _) | (SignUpMode::Invited, Some(_)) => false,
            (SignUpMode::Open, _) => true,
            (SignUpMode::Invited, None) | (SignUpMode::Closed, _) => {
                return Err(Error::SignUpClosed);
            }
        };
        self.check_sign_up(&request)?;
        let idempotency = request.idempotency.as_ref();
        if idempotency.is_some() {
            let mut read = self.read().await?;
            if let Some(answer) = self.earlier_answer(&mut read, idempotency).await? {
                return Ok(answer);
            }
        }
        let invitation = self.invitation_of(&request).await?;
        let hash = self.hash_for_sign_up(request.password.clone(), origin).await?;
        unit!(self, presuming, |tx| {
            if let Some(answer) = self.earlier_answer(tx, idempotency).await? {
                return Ok(answer);
            }
            if hash.is_none() {
                self.debit_requests(tx, origin, self.now()).await?;
            }
            let answer = if let Some(invitation) = &invitation {
                self.sign_up_invited(tx, &request, (invitation, hash.clone()), origin).await?
            } else if open {
                self.sign_up_at_once(tx, &request, hash.clone(), origin).await?
            } else {
                self.sign_up_to_verify(tx, &request, hash.clone(), origin).await?
            };
            self.keep_answer(tx, idempotency, &answer).await?;
            Ok(answer)
        })
    }

    /// The open invitation that a sign-up comes with, which must have gone to its address.
    async fn invitation_of(
        &self,
        request: &SignUp<S::Attrs>,
    ) -> Result<Option<Invitation<S::Attrs>>, Error> {
        let Some(code) = &request.invitation else { return Ok(None) };
        let invitation = self.open_invitation(code, "/invitation").await?;
        if invitation.email.canonical() == request.email.canonical() {
            return Ok(Some(invitation));
        }
        let text = "Must be the address that was invited.";
        Err(Error::Invalid(vec![Obstruction::new("OTHER_ADDRESS_INVITED", text).at("/email")]))
    }

    fn check_sign_up(&self, request: &SignUp<S::Attrs>) -> Result<(), Error> {
        let SignUp { name, email, password, .. } = request;
        let context = self.password_context(Some(email), Some(name));
        let found = self.parts().behavior.obstructions(&context, password.as_ref());
        if found.is_empty() { Ok(()) } else { Err(Error::Invalid(found)) }
    }

    /// The budget is debited before the expensive work, and durably.
    async fn hash_for_sign_up(
        &self,
        password: Option<Password>,
        origin: &Origin,
    ) -> Result<Option<PasswordHash>, Error> {
        let Some(password) = password else {
            return Ok(None);
        };
        let admission = self.parts().passwords.admit()?;
        unit!(self, presuming, |tx| self.debit_requests(tx, origin, self.now()).await)?;
        self.hash_new(password, admission).await.map(Some)
    }

    async fn sign_up_to_verify(
        &self,
        tx: &mut S::Tx<'_>,
        request: &SignUp<S::Attrs>,
        password: Option<PasswordHash>,
        origin: &Origin,
    ) -> Result<Answer, Error> {
        let owner = tx.user_by_email(request.email.canonical()).await?;
        let owner = owner.filter(|owner| !owner.is_gone(self.now()));
        let taken = owner.is_some();
        let active = owner.filter(|user| user.status == UserStatus::Active).map(|user| user.id);
        let lookalike = self.has_lookalike(tx, &request.email).await?;
        let pending = (!taken).then(|| Pending {
            name: request.name.clone(),
            password,
            attrs: request.attrs.clone(),
        });
        let beginning = Beginning {
            purpose: if taken { Purpose::Login } else { Purpose::SignUp },
            email: &request.email,
            state: Some(&request.state),
            user: active,
            claim: None,
            methods: Vec::new(),
            pending,
            letter: match (taken, active) {
                (true, Some(_)) => Letter::Code(Message::AlreadyRegistered),
                (true, None) => Letter::Nothing,
                (false, _) if lookalike => Letter::Nothing,
                (false, _) => Letter::Code(Message::SignUp),
            },
        };
        self.begin_flow(tx, beginning, origin).await
    }

    async fn sign_up_at_once(
        &self,
        tx: &mut S::Tx<'_>,
        request: &SignUp<S::Attrs>,
        password: Option<PasswordHash>,
        origin: &Origin,
    ) -> Result<Answer, Error> {
        let letter = self.letter_to(tx, &request.email, Letter::of_claim(&[])).await?;
        let new = NewUser {
            name: request.name.clone(),
            email: request.email.clone(),
            proven: false,
            password,
            roles: Vec::new(),
            attrs: request.attrs.clone(),
        };
        let created = self.create_user(tx, new, origin).await?;
        let (user, occasion) = (&created.user, Occasion::SignUp);
        let issued = self.open_session_on(tx, user, Vec::new(), occasion, origin).await?;
        let (claim, state) = (&created.emails[0], Some(&request.state));
        self.begin_verification(tx, &created.user, claim, state, letter, origin).await?;
        Ok(Answer::Session(issued))
    }

    /// Begins the verification of a claim; see [`Purpose::VerifyEmail`].
    pub(super) async fn begin_verification(
        &self,
        tx: &mut S::Tx<'_>,
        user: &User<S::Attrs>,
        claim: &LoginEmail,
        state: Option<&FlowState>,
        letter: Letter,
        origin: &Origin,
    ) -> Result<(), Error> {
        let beginning = Beginning {
            purpose: Purpose::VerifyEmail,
            email: &claim.address,
            state,
            user: Some(user.id),
            claim: Some(claim.id),
            methods: Vec::new(),
            pending: None,
            letter,
        };
        self.begin_flow(tx, beginning, origin).await.map(drop)
    }

    /// Whether somebody has proven another address that looks the same (R-EM-04).
    ///
    /// Two plain ASCII addresses never clash: `rn` looks like `m`, and both are honest.
    pub(super) async fn has_lookalike(
        &self,
        tx: &mut S::Tx<'_>,
        email: &EmailAddress,
    ) -> Result<bool, Error> {
        let proven = tx.proven_lookalikes(email.skeleton()).await?;
        Ok(proven.iter().any(|other| {
            other.address.canonical() != email.canonical()
                && !(other.address.is_ascii() && email.is_ascii())
        }))
    }
}
