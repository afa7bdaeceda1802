//! A refresh token, where a session token belongs.

use durward::{Accounts, Error, Plain, RefreshToken, Store, UserCaller};

async fn caller<S: Store<Attrs = Plain>>(
    accounts: &Accounts<S>,
    refresh: &RefreshToken,
) -> Result<UserCaller, Error> {
    accounts.authenticate(refresh, None).await
}

fn main() {}
