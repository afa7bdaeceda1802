use std::cmp::Reverse;

use durward_core::entity::{FoundUser, SearchKey, User, UserMatch, UserPlace};
use durward_core::store::UserQuery;
use durward_core::{Attrs, Slice};

use crate::state::State;

impl<A: Attrs> State<A> {
    /// Whether a user is one of those who are asked for.
    pub(crate) fn fits(&self, user: &User<A>, query: &UserQuery) -> bool {
        let UserQuery { email, status, created_after } = query;
        let claims = |email| {
            let of_user = self.login_emails.of_user(user.id);
            of_user.iter().any(|claim| claim.address.canonical() == email)
        };
        email.as_ref().is_none_or(claims)
            && status.is_none_or(|status| user.status == status)
            && created_after.is_none_or(|after| user.created > after)
    }

    pub(crate) fn list_users(&self, query: &UserQuery, slice: Slice<UserPlace>) -> Vec<User<A>> {
        let all = self.users.rows.values().filter(|user| self.fits(user, query));
        let mut rows: Vec<User<A>> = all.map(|user| (**user).clone()).collect();
        rows.retain(|user| slice.after.is_none_or(|after| user.place() < after));
        rows.sort_by_key(|user| Reverse(user.place()));
        rows.truncate(slice.limit as usize);
        rows
    }

    /// The forms of the name and of the addresses of a user.
    pub(crate) fn search_keys(&self, user: &User<A>) -> Vec<SearchKey> {
        let emails = self.login_emails.of_user(user.id);
        let emails = emails.iter().map(|claim| SearchKey::of(claim.address.canonical().as_str()));
        emails.chain([SearchKey::of(user.name.as_str())]).collect()
    }

    pub(crate) fn search_users(
        &self,
        begin: &SearchKey,
        query: &UserQuery,
        slice: &Slice<UserMatch>,
    ) -> Vec<FoundUser<A>> {
        let all = self.users.rows.values().filter(|user| self.fits(user, query));
        let mut found: Vec<FoundUser<A>> = all
            .filter_map(|user| {
                let keys = self.search_keys(user);
                let least = keys.iter().filter(|key| begin.begins(key.as_str())).min()?;
                let place = UserMatch { key: least.as_str().to_owned(), id: user.id };
                Some(FoundUser { user: (**user).clone(), place })
            })
            .filter(|found| slice.after.as_ref().is_none_or(|after| found.place > *after))
            .collect();
        found.sort_by(|one, other| one.place.cmp(&other.place));
        found.truncate(slice.limit as usize);
        found
    }
}
