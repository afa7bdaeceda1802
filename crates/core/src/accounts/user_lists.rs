use super::{Accounts, UserDetails};
use crate::entity::{FoundUser, SearchKey, User, UserMatch, UserPlace};
use crate::error::Error;
use crate::page::{Page, Slice};
use crate::store::{LoginEmails, Store, UserQuery, Users};

impl<S: Store> Accounts<S> {
    /// A part of the users who fit, the youngest account first. One who is gone, and not erased yet, leaves a
    /// gap.
    pub async fn list_users(
        &self,
        query: &UserQuery,
        slice: Slice<UserPlace>,
    ) -> Result<Page<UserDetails<S::Attrs>, UserPlace>, Error> {
        let mut read = self.read().await?;
        let rows = read.list_users(query, slice.and_one_more()).await?;
        let Page { rows, next } = slice.page(rows, User::place);
        Ok(Page { rows: self.details(&mut read, rows).await?, next })
    }

    /// A part of the users who fit, and whose name or an address of whom begins with this, in the order of
    /// what was found; see [`Users::search_users`].
    pub async fn search_users(
        &self,
        begin: &SearchKey,
        query: &UserQuery,
        slice: Slice<UserMatch>,
    ) -> Result<Page<UserDetails<S::Attrs>, UserMatch>, Error> {
        let mut read = self.read().await?;
        let rows = read.search_users(begin, query, slice.and_one_more()).await?;
        let Page { rows, next } = slice.page(rows, |found| found.place.clone());
        let users = rows.into_iter().map(|FoundUser { user, place: _ }| user).collect();
        Ok(Page { rows: self.details(&mut read, users).await?, next })
    }

    /// Those of them who are not gone, with their addresses.
    async fn details<R: LoginEmails + Send>(
        &self,
        read: &mut R,
        users: Vec<User<S::Attrs>>,
    ) -> Result<Vec<UserDetails<S::Attrs>>, Error> {
        let mut details = Vec::with_capacity(users.len());
        for user in users.into_iter().filter(|user| !user.is_gone(self.now())) {
            let emails = read.login_emails_of(user.id).await?;
            details.push(UserDetails { user, emails });
        }
        Ok(details)
    }
}
