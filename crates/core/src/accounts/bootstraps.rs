use super::Accounts;
use crate::attrs::Role;
use crate::authz::{Action, Denial, FreshUser};
use crate::entity::{Bootstrap, User};
use crate::error::Error;
use crate::event::Event;
use crate::ids::UserId;
use crate::mail::LinkTarget;
use crate::origin::Origin;
use crate::secret::Secret;
use crate::store::{Bootstraps, BootstrapsMut, Store, UsersMut};
use crate::time::Timestamp;
use crate::token::BootstrapToken;

/// A bootstrap link that was just issued.
#[derive(Clone, Debug)]
pub struct IssuedBootstrap {
    /// The address of the page, with the code; this is its only showing.
    pub link: Secret<String>,
    /// When it dies.
    pub expires: Timestamp,
}

impl<S: Store> Accounts<S> {
    /// Issues a link by which whoever follows it, and is signed in, becomes an administrator: once, and within
    /// [`Bootstrap::LIFETIME`]. The one that was issued before is dead (security decision 16).
    ///
    /// For the operator of the deployment, never for a request. [`Error::Forbidden`] while somebody
    /// administers, unless it is for `recovery`, because nobody who does can log in any more.
    pub async fn issue_bootstrap(
        &self,
        recovery: bool,
        origin: &Origin,
    ) -> Result<IssuedBootstrap, Error> {
        let (code, expires) =
            (BootstrapToken::mint(self.entropy()), self.now() + Bootstrap::LIFETIME);
        let link = Bootstrap { code: self.keys().digest(&code), recovery, expires };
        unit!(self, |tx| {
            let administrators = tx.lock_other_administrators(NOBODY).await?;
            if !link.is_good(administrators, self.now()) {
                return Err(Error::Forbidden);
            }
            tx.replace_bootstrap(&link).await?;
            self.record(tx, &Event::BootstrapIssued { recovery, expires }, origin).await
        })?;
        let link = self.parts().links.code(LinkTarget::Bootstrap, code.expose());
        Ok(IssuedBootstrap { link: Secret::new(link), expires })
    }

    /// Makes the signed-in user an administrator by the code of a bootstrap link. His sessions end, since he may
    /// do more than before (R-SE-03).
    ///
    /// Of any number of parallel uses one succeeds. [`Error::Forbidden`] for every failure: a code that is
    /// wrong, spent, expired or replaced, and one of a time when nobody administered.
    pub async fn use_bootstrap(
        &self,
        code: &BootstrapToken,
        by: &FreshUser,
        origin: &Origin,
    ) -> Result<User<S::Attrs>, Error> {
        let present = self.read().await?.bootstrap().await?;
        let shown: Vec<_> = self.keys().digests(code).collect();
        let link = present.filter(|link| shown.iter().any(|it| link.code.matches(it)));
        let made = match &link {
            None => Err(Error::Forbidden),
            Some(link) => unit!(self, |tx| {
                let administrators = tx.lock_other_administrators(NOBODY).await?;
                if !link.is_good(administrators, self.now())
                    || !tx.spend_bootstrap(&link.code, self.now()).await?
                {
                    return Err(Error::Forbidden);
                }
                self.record(tx, &Event::BootstrapUsed { user: by.id() }, origin).await?;
                let role = <<S::Attrs as crate::attrs::Attrs>::UserRole as Role>::administrator();
                let granted = super::RoleChange { granted: vec![role], revoked: Vec::new() };
                self.change_roles(tx, by.id(), &granted, by, origin).await
            }),
        };
        if matches!(made, Err(Error::Forbidden)) {
            self.record_denial(&Denial::of_service(Action::UseBootstrap), origin).await?;
        }
        made
    }

    /// Whether anybody administers the deployment.
    pub async fn is_administered(&self) -> Result<bool, Error> {
        unit!(self, |tx| Ok(tx.lock_other_administrators(NOBODY).await? > 0))
    }
}

/// Nobody has this id.
const NOBODY: UserId = UserId::from_bytes([0; 16]);
