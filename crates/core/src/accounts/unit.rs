/// Runs one unit of work and commits it; when another one got there first, all of it is run again.
///
/// `unit!(accounts, |tx| work)` gives the `Result<T, Error>` of `work`, which is evaluated as an async
/// block: `?` and `return` leave the unit, which then leaves no trace. `work` must have no effect outside
/// `tx`. Written `|tx, tried|`, it is told in `tried` how many tries there were before this one. A macro, because an
/// async closure over `tx` cannot be shown to be `Send` for every store.
///
/// ```
/// # use durward_core::{Accounts, Error, Origin, Store, UserId, accounts::UserChange, unit};
/// async fn rename<S: Store>(
///     accounts: &Accounts<S>,
///     user: UserId,
///     change: UserChange<S::Attrs>,
/// ) -> Result<(), Error> {
///     unit!(accounts, |tx| {
///         accounts.update_user(tx, user, change.clone(), &Origin::default()).await?;
///         // ... and rows of your own, through the same `tx`.
///         Ok(())
///     })
/// }
/// ```
///
/// `unit!(accounts, presuming, |tx, tried| work)` lets the first try [presume](crate::store::Tx::presume) that
/// every guard holds: for work whose guards nearly always do.
#[macro_export]
macro_rules! unit {
    ($accounts:expr, |$tx:ident| $work:expr) => {
        $crate::unit!(@run $accounts, false, |$tx, _| $work)
    };
    ($accounts:expr, presuming, |$tx:ident| $work:expr) => {
        $crate::unit!(@run $accounts, true, |$tx, _| $work)
    };
    ($accounts:expr, |$tx:ident, $tried:pat_param| $work:expr) => {
        $crate::unit!(@run $accounts, false, |$tx, $tried| $work)
    };
    ($accounts:expr, presuming, |$tx:ident, $tried:pat_param| $work:expr) => {
        $crate::unit!(@run $accounts, true, |$tx, $tried| $work)
    };
    (@run $accounts:expr, $presuming:expr, |$tx:ident, $tried:pat_param| $work:expr) => {{
        let mut tried: u32 = 0;
        loop {
            let outcome: ::std::result::Result<_, $crate::Error> = async {
                let mut begun = $accounts.begin().await?;
                if $presuming && tried == 0 {
                    $crate::store::Tx::presume(&mut begun);
                }
                let worked: ::std::result::Result<_, $crate::Error> = async {
                    let ($tx, $tried) = (&mut begun, tried);
                    $work
                }
                .await;
                worked.map(|value| (begun, value))
            }
            .await;
            if let Some(settled) = $accounts.settle(tried, outcome).await {
                break settled;
            }
            tried += 1;
        }
    }};
}
