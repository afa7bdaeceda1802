use super::Accounts;
use crate::budget::{BudgetKey, Debit, Rate};
use crate::error::Error;
use crate::keys::Label;
use crate::origin::{Network, Origin};
use crate::settings::Limits;
use crate::store::{BudgetsMut, Store};
use crate::time::Timestamp;

/// What a budget of networks counts.
#[derive(Clone, Copy)]
enum Counted {
    /// What is asked for and costs a mail.
    Requests,
    /// Proofs that failed.
    Failures,
}

impl Counted {
    const fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Failures => "failures",
        }
    }

    const fn of_network(self, limits: &Limits) -> Rate {
        match self {
            Self::Requests => limits.network_requests,
            Self::Failures => limits.network_failures,
        }
    }

    const fn of_site(self, limits: &Limits) -> Rate {
        match self {
            Self::Requests => limits.site_requests,
            Self::Failures => limits.site_failures,
        }
    }

    const fn of_client(self, limits: &Limits) -> Option<Rate> {
        match self {
            Self::Requests => None,
            Self::Failures => Some(limits.client_failures),
        }
    }
}

impl<S: Store> Accounts<S> {
    /// Takes one from the budgets of what an origin may ask for.
    pub(super) async fn debit_requests(
        &self,
        tx: &mut S::Tx<'_>,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.debit(tx, Counted::Requests, origin, now).await
    }

    /// Takes one from the budgets of what an origin may get wrong; see [`Accounts::refund_failure`].
    ///
    /// Units that meet take what they share in one order, so that no two wait for each other: the password, another
    /// factor, the flow, these budgets, the failures of the account.
    pub(super) async fn debit_failure(
        &self,
        tx: &mut S::Tx<'_>,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.debit(tx, Counted::Failures, origin, now).await
    }

    /// Gives back what [`Accounts::debit_failure`] took, since it was no failure.
    pub(super) async fn refund_failure(
        &self,
        tx: &mut S::Tx<'_>,
        origin: &Origin,
    ) -> Result<(), Error> {
        for (key, rate) in self.budgets(Counted::Failures, origin) {
            tx.refund_budget(key, &rate).await?;
        }
        Ok(())
    }

    /// One refusal is enough, and takes nothing from the others: the caller's unit ends with it.
    async fn debit(
        &self,
        tx: &mut S::Tx<'_>,
        counted: Counted,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<(), Error> {
        for (key, rate) in self.budgets(counted, origin) {
            granted(tx.debit_budget(key, &rate, now).await?, rate)?;
        }
        Ok(())
    }

    /// The budgets that an origin shares with others, from the narrowest to the widest (R-TH-05).
    fn budgets(
        &self,
        counted: Counted,
        origin: &Origin,
    ) -> impl Iterator<Item = (BudgetKey, Rate)> + use<S> {
        let limits = &self.settings().limits;
        let of = |network: Network| self.network_budget(counted.name(), network);
        let network = (of(origin.network()), counted.of_network(limits));
        let site = origin.site().map(|site| (of(site), counted.of_site(limits)));
        let client = origin.client.zip(counted.of_client(limits)).map(|(client, rate)| {
            (self.budget(&[b"client", counted.name().as_bytes(), client.as_bytes()]), rate)
        });
        [Some(network), site, client].into_iter().flatten()
    }

    pub(super) fn network_budget(&self, what: &str, network: Network) -> BudgetKey {
        self.budget(&[b"network", what.as_bytes(), &network.to_bytes()])
    }

    pub(super) fn budget(&self, parts: &[&[u8]]) -> BudgetKey {
        BudgetKey(self.keys().lasting_label(Label::Budget, parts))
    }
}

pub(super) fn granted(debit: Debit, rate: Rate) -> Result<(), Error> {
    match debit {
        Debit::Granted => Ok(()),
        Debit::Refused { retry_after } => Err(Error::Throttled { retry_after, rate }),
    }
}
