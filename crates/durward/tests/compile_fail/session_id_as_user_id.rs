//! The id of a session, where that of a user belongs.

use durward::accounts::UserDetails;
use durward::{Accounts, Error, SessionId, Store};

async fn owner<S: Store>(
    accounts: &Accounts<S>,
    session: SessionId,
) -> Result<UserDetails<S::Attrs>, Error> {
    accounts.user(session).await
}

fn main() {}
