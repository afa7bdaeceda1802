use super::Accounts;
use super::flows::Letter;
use super::notices::Means;
use crate::authz::FreshUser;
use crate::email::EmailAddress;
use crate::entity::{Flow, LoginEmail, Purpose, User, UserStatus};
use crate::error::{Error, Obstruction};
use crate::event::{EndReason, Event};
use crate::ids::{LoginEmailId, UserId};
use crate::mail::{Message, Notice};
use crate::origin::Origin;
use crate::page::{Page, Slice};
use crate::store::{Flows, LoginEmails, LoginEmailsMut, Store, StoreError, Users, UsersMut};
use crate::time::Timestamp;

/// What an address is called when it is not there.
pub(super) const NOUN: &str = "login e-mail";

impl<S: Store> Accounts<S> {
    /// A part of what a user claims or has proven, the newest first.
    pub async fn login_emails(
        &self,
        user: UserId,
        slice: Slice<LoginEmailId>,
    ) -> Result<Page<LoginEmail, LoginEmailId>, Error> {
        let mut rows = self.user(user).await?.emails;
        rows.retain(|email| slice.after.is_none_or(|after| email.id < after));
        rows.sort_by_key(|email| std::cmp::Reverse(email.id));
        Ok(slice.page(rows, |email| email.id))
    }

    /// Claims addresses for the caller and mails each a code, which comes back through
    /// [`Accounts::verify_email`]; all of them or none.
    ///
    /// Whether somebody has proven an address the answer does not tell, and the claim looks like any other; the
    /// mail tells whoever reads it (R-EN-03). An address that the caller claims already gets a fresh code, one that
    /// he has proven is left alone. [`Error::Invalid`] when there would be more than [`LoginEmail::MOST`].
    pub async fn claim_emails(
        &self,
        user: &FreshUser,
        addresses: &[EmailAddress],
        origin: &Origin,
    ) -> Result<(), Error> {
        unit!(self, |tx| {
            self.hold_in(tx, user).await?;
            let owner = self.lock_addresses(tx, user.id()).await?;
            let (mut emails, late) = self.standing_claims(tx, owner.id).await?;
            for claim in late {
                self.delete_email(tx, &claim, origin).await?;
            }
            for address in addresses {
                // Each is a mail to somebody.
                self.debit_requests(tx, origin, self.now()).await?;
                let code = || Letter::of_claim(&emails);
                let same = |it: &&LoginEmail| it.address.canonical() == address.canonical();
                match emails.iter().find(same) {
                    Some(email) if email.proven.is_some() => {}
                    Some(claim) => self.mail_claim(tx, &owner, claim, code(), origin).await?,
                    None => {
                        let claim = self.new_claim(owner.id, address);
                        tx.insert_login_email(&claim).await?;
                        self.record(tx, &Event::EmailClaimed { email: &claim }, origin).await?;
                        self.mail_claim(tx, &owner, &claim, code(), origin).await?;
                        emails.push(claim);
                    }
                }
            }
            if emails.len() > LoginEmail::MOST {
                return Err(Error::Invalid(vec![too_many()]));
            }
            Ok(())
        })
    }

    /// Removes addresses of the caller, all of them or none: [`Error::NotFound`] when one is not his, and
    /// [`Error::Last`] when no proven one would be left (GW-50).
    ///
    /// When a proven one goes, all other sessions end and every code that was mailed dies, to whichever address
    /// (R-SE-06). Every address is told, the removed ones with a link that takes it back (R-EM-07); see
    /// [`Accounts::revert_email`].
    pub async fn remove_emails(
        &self,
        user: &FreshUser,
        addresses: &[EmailAddress],
        origin: &Origin,
    ) -> Result<(), Error> {
        let named = |email: &LoginEmail| {
            let canonical = email.address.canonical();
            addresses.iter().position(|it| it.canonical() == canonical)
        };
        self.remove(user, addresses.len(), named, origin).await
    }

    /// Removes one address of the caller, by its id, under the rules of [`remove_emails`](Self::remove_emails).
    pub async fn remove_email(
        &self,
        user: &FreshUser,
        id: LoginEmailId,
        origin: &Origin,
    ) -> Result<(), Error> {
        self.remove(user, 1, |email| (email.id == id).then_some(0), origin).await
    }

    /// Makes a proven address the one that messages go to first. [`Error::NotFound`] unless it is the caller's, and
    /// [`Error::Invalid`] unless it is proven.
    ///
    /// All other sessions end and every code that was mailed dies (R-SE-06). Every address is told, the former one
    /// with a link that takes it back (R-EM-07).
    pub async fn promote_email(
        &self,
        user: &FreshUser,
        id: LoginEmailId,
        origin: &Origin,
    ) -> Result<(), Error> {
        unit!(self, |tx| {
            self.hold_in(tx, user).await?;
            self.lock_addresses(tx, user.id()).await?;
            let emails = tx.login_emails_of(user.id()).await?;
            let chosen = emails.iter().find(|it| it.id == id).ok_or(Error::NotFound(NOUN))?;
            if chosen.proven.is_none() {
                return Err(Error::Invalid(vec![unproven()]));
            }
            if chosen.primary {
                return Ok(());
            }
            let former = emails.iter().find(|it| it.primary).map(|it| it.id);
            self.promote(tx, chosen, origin).await?;
            let (keep, reason) = (Some(user.session()), EndReason::CredentialsChanged);
            self.end_what_was_proven(tx, user.id(), keep, reason, origin).await?;
            self.notify_each(tx, user.id(), Notice::PrimaryChanged, |told| {
                if Some(told) == former { Means::Revert { claim: told } } else { Means::Report }
            })
            .await
        })
    }

    async fn remove(
        &self,
        user: &FreshUser,
        count: usize,
        named: impl Fn(&LoginEmail) -> Option<usize> + Send + Sync,
        origin: &Origin,
    ) -> Result<(), Error> {
        unit!(self, |tx| {
            self.hold_in(tx, user).await?;
            self.lock_addresses(tx, user.id()).await?;
            let emails = tx.login_emails_of(user.id()).await?;
            let (gone, left): (Vec<_>, Vec<_>) =
                emails.into_iter().partition(|email| named(email).is_some());
            if (0..count).any(|n| gone.iter().all(|email| named(email) != Some(n))) {
                return Err(Error::NotFound(NOUN));
            }
            let lost: Vec<_> = gone.iter().filter(|email| email.proven.is_some()).collect();
            let heir = heir(&left);
            if !lost.is_empty() && heir.is_none() {
                return Err(Error::Last(NOUN));
            }
            for email in &gone {
                self.delete_email(tx, email, origin).await?;
            }
            if lost.is_empty() {
                return Ok(());
            }
            if let Some(heir) = heir.filter(|heir| !heir.primary) {
                self.promote(tx, heir, origin).await?;
            }
            let (keep, notice) = (Some(user.session()), Notice::EmailRemoved);
            self.credentials_changed(tx, user.id(), keep, notice, origin).await?;
            for email in lost {
                let means = Means::Revert { claim: email.id };
                self.tell(tx, user.id(), &email.address, notice, means).await?;
            }
            Ok(())
        })
    }

    /// Holds off other changes of the addresses of a user until this unit is over: of two at once the second finds
    /// what the first one left (R-EM-07). [`Error::Unauthenticated`] unless the user is active.
    pub(super) async fn lock_addresses(
        &self,
        tx: &mut S::Tx<'_>,
        id: UserId,
    ) -> Result<User<S::Attrs>, Error> {
        let user = tx.user(id).await?.filter(|user| user.status == UserStatus::Active);
        let user = user.ok_or(Error::Unauthenticated)?;
        self.lock_user(tx, user).await
    }

    /// The same for a user of any status who was just looked up: by his version, which every change of him counts.
    pub(super) async fn lock_user(
        &self,
        tx: &mut S::Tx<'_>,
        user: User<S::Attrs>,
    ) -> Result<User<S::Attrs>, Error> {
        let from = user.version;
        let locked = User { version: from + 1, ..user };
        if tx.update_user(&locked, from).await? {
            Ok(locked)
        } else {
            Err(Error::Store(StoreError::Conflict))
        }
    }

    /// Makes a proven address the primary one.
    pub(super) async fn promote(
        &self,
        tx: &mut S::Tx<'_>,
        email: &LoginEmail,
        origin: &Origin,
    ) -> Result<(), Error> {
        if !tx.promote_login_email(email.id, email.user).await? {
            return Err(Error::Store(StoreError::Conflict));
        }
        self.record(tx, &Event::PrimaryEmailChanged { email }, origin).await
    }

    /// Deletes an address that was just looked up.
    pub(super) async fn delete_email(
        &self,
        tx: &mut S::Tx<'_>,
        email: &LoginEmail,
        origin: &Origin,
    ) -> Result<(), Error> {
        if !tx.delete_login_email(email.id, email.user).await? {
            // Somebody else has proven the address of a claim.
            return Err(Error::Store(StoreError::Conflict));
        }
        self.record(tx, &Event::EmailRemoved { email }, origin).await
    }

    /// Mails a code for a claim, or a fresh one while the last is under way; what the mailbox gets depends on whose
    /// it is, and nothing else does (R-EN-02, R-EN-03).
    pub(super) async fn mail_claim(
        &self,
        tx: &mut S::Tx<'_>,
        user: &User<S::Attrs>,
        claim: &LoginEmail,
        code: Letter,
        origin: &Origin,
    ) -> Result<(), Error> {
        let now = self.now();
        let open = tx.open_flows_of(user.id, Purpose::VerifyEmail, now).await?;
        match open.into_iter().find(|flow| flow.claim == Some(claim.id)) {
            Some(flow) if flow.mails < Flow::<S::Attrs>::MAX_MAILS => {
                self.renew_codes(tx, &flow, code, origin, now).await
            }
            Some(_) => self.queue_nothing(tx, now).await,
            None => {
                let letter = self.letter_to(tx, &claim.address, code).await?;
                self.begin_verification(tx, user, claim, None, letter, origin).await
            }
        }
    }

    /// What a mailbox gets to read when somebody claims its address: this code, unless the address is another's.
    pub(super) async fn letter_to(
        &self,
        tx: &mut S::Tx<'_>,
        address: &EmailAddress,
        code: Letter,
    ) -> Result<Letter, Error> {
        let owned = tx.user_by_email(address.canonical()).await?.is_some();
        let lookalike = self.has_lookalike(tx, address).await?;
        Ok(match (owned, lookalike) {
            (true, _) => Letter::Notice(Message::AddressInUse),
            (false, true) => Letter::Nothing,
            (false, false) => code,
        })
    }

    /// What a user claims or has proven, and the claims that have stood too long.
    async fn standing_claims(
        &self,
        tx: &mut S::Tx<'_>,
        user: UserId,
    ) -> Result<(Vec<LoginEmail>, Vec<LoginEmail>), Error> {
        let (lifetime, now) = (self.settings().claim_lifetime, self.now());
        let emails = tx.login_emails_of(user).await?;
        Ok(emails.into_iter().partition(|email| email.stands(lifetime, now)))
    }

    fn new_claim(&self, user: UserId, address: &EmailAddress) -> LoginEmail {
        let now: Timestamp = self.now();
        LoginEmail {
            id: LoginEmailId::new(now, self.entropy()),
            user,
            address: address.clone(),
            proven: None,
            primary: false,
            created: now,
        }
    }
}

/// The proven address that is primary when the others are gone: the one that is, or else the oldest.
pub(super) fn heir(left: &[LoginEmail]) -> Option<&LoginEmail> {
    let mut proven = left.iter().filter(|email| email.proven.is_some());
    proven.clone().find(|email| email.primary).or_else(|| proven.next())
}

fn too_many() -> Obstruction {
    let text = "Must not be more than ten together with those that are there.";
    let most = u64::try_from(LoginEmail::MOST).unwrap_or(u64::MAX);
    Obstruction::new("EMAILS_TOO_MANY", text).at("/emails").with("max", most)
}

fn unproven() -> Obstruction {
    Obstruction::new("EMAIL_NOT_PROVEN", "Must be proven before it can be the primary one.")
}
