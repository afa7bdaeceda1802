use std::time::Duration;

use serde_json::json;

use super::Accounts;
use crate::authz::Denial;
use crate::budget::Debit;
use crate::entity::{AuditEntry, AuditRow, AuditSeal, Authenticity};
use crate::error::Error;
use crate::event::Event;
use crate::ids::{AuditId, OrganizationId};
use crate::origin::Origin;
use crate::page::{Page, Slice};
use crate::store::{Audit, AuditMut, AuditQuery, BudgetsMut, Store, StoreError};

/// What one pass of the sealer did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sealing {
    /// Entries that a seal lists from now on.
    pub sealed: u64,
    /// Entries that are no longer as they were written; their seal says so.
    pub altered: u64,
    /// Entries that had to be left: their key is not on the ring, or their chain cannot go on.
    pub left: u64,
}

/// How many entries are looked at at once, and listed by one seal at most.
const PAGE: u32 = 500;

/// The event by which the chain of the deployment knows of another one.
pub(super) const CHAIN_BEGUN: &str = "audit.chain-begun";

impl<S: Store> Accounts<S> {
    /// A part of the entries that fit a question, the newest first; what the question itself says of parts
    /// does not count, except that no entry comes from `before` or later.
    pub async fn audit_entries(
        &self,
        question: AuditQuery,
        slice: Slice<AuditId>,
    ) -> Result<Page<AuditEntry, AuditId>, Error> {
        let behind = question.before.into_iter().chain(slice.after).min();
        let limit = slice.and_one_more().limit;
        let query = AuditQuery { before: behind, limit, ..question };
        let rows = self.read().await?.audit_entries(&query).await?;
        Ok(slice.page(rows, |entry| entry.id))
    }

    /// Writes down that the policy refused something (R-AZ-08), into the log of the organization that it belongs to
    /// if whoever asked belongs there, too, and else into that of the deployment. A network fills the log no faster than
    /// it may fail to log in: what is beyond that is left to the log of the program.
    pub async fn record_denial(&self, denial: &Denial, origin: &Origin) -> Result<(), Error> {
        let key = self.network_budget("denials", origin.network());
        let (rate, now) = (self.settings().limits.network_failures, self.now());
        unit!(self, |tx| {
            if tx.debit_budget(key, &rate, now).await? == Debit::Granted {
                self.record(tx, &Event::AccessDenied { denial }, origin).await?;
            }
            Ok(())
        })
    }

    /// Seals the entries of the audit log that were committed since the last pass (R-LG-04).
    ///
    /// Any number of nodes may do so at once: each seal is made by one of them. An entry that was altered
    /// before it could be sealed is listed as such. One whose key is not on the ring, or whose chain has a
    /// head that is not genuine, is left, and told to the log. Having sealed `limit` entries or more, it stops.
    pub async fn seal_audit(&self, limit: u32) -> Result<Sealing, Error> {
        let mut pass = Sealing::default();
        let mut last: Option<AuditRow> = None;
        let mut oldest = Duration::ZERO;
        loop {
            let mut read = self.read().await?;
            let after = last.as_ref().map(|row| &row.entry);
            let rows = read.unsealed_audit(after, PAGE).await?;
            drop(read);
            let ages = rows.iter().map(|row| self.now().since(row.entry.at));
            oldest = ages.max().map_or(oldest, |age| age.max(oldest));
            self.metrics().unsealed(oldest);
            for chain in
                rows.chunk_by(|one, next| one.entry.organization == next.entry.organization)
            {
                self.seal_chain(chain, &mut pass).await?;
            }
            let is_full = rows.len() == PAGE as usize;
            last = rows.into_iter().next_back();
            if !is_full || pass.sealed >= u64::from(limit) {
                return Ok(pass);
            }
        }
    }

    /// Seals rows of one tenant.
    async fn seal_chain(&self, rows: &[AuditRow], pass: &mut Sealing) -> Result<(), Error> {
        let judged = |row: &AuditRow| row.authenticity(self.keys());
        let is_known = |row: &&AuditRow| !matches!(judged(row), Authenticity::UnknownKey(_));
        let known: Vec<AuditRow> = rows.iter().filter(is_known).cloned().collect();
        let altered = known.iter().filter(|row| judged(row) == Authenticity::Altered);
        let altered: Vec<_> = altered.map(|row| row.entry.id).collect();
        let Some(organization) = known.first().map(|row| row.entry.organization) else {
            tracing::warn!(entries = rows.len(), "audit entries were made with an unknown key");
            pass.left += rows.len() as u64;
            return Ok(());
        };
        match self.seal_rows(organization, &known).await? {
            Outcome::Sealed => {
                for entry in &altered {
                    tracing::error!(%entry, "an audit entry was altered before it was sealed");
                }
                pass.sealed += known.len() as u64;
                pass.altered += altered.len() as u64;
                pass.left += (rows.len() - known.len()) as u64;
            }
            Outcome::Lost => {}
            Outcome::NoHead => {
                tracing::error!(?organization, "the head of an audit chain is not genuine");
                pass.left += rows.len() as u64;
            }
        }
        Ok(())
    }

    async fn seal_rows(
        &self,
        organization: Option<OrganizationId>,
        rows: &[AuditRow],
    ) -> Result<Outcome, Error> {
        let mut given_up = None;
        let sealed = unit!(self, |tx| {
            given_up = None;
            let mut means = |outcome: Outcome, error: StoreError| {
                given_up = matches!(error, StoreError::Duplicate(_)).then_some(outcome);
                Error::from(error)
            };
            let before = tx.audit_head(organization).await?;
            let judged = before.as_ref().map(|head| head.authenticity(self.keys()));
            if judged.is_some_and(|judged| judged != Authenticity::Genuine) {
                return Ok(Outcome::NoHead);
            }
            let (seal, head) =
                AuditSeal::of(organization, before.as_ref(), rows, self.now(), self.keys());
            let from = before.map_or(0, |head| head.seals);
            let advanced = tx.advance_audit_head(&head, from).await;
            let is_ours = advanced.map_err(|error| means(Outcome::Lost, error))?;
            // Another one was quicker: what it sealed is not sealed again, and the unit is given up.
            let quicker = || StoreError::Duplicate("seal of an audit entry");
            if !is_ours {
                return Err(means(Outcome::Lost, quicker()));
            }
            let marked = tx.insert_audit_seal(&seal).await;
            if marked.map_err(|error| means(Outcome::NoHead, error))? != rows.len() as u64 {
                return Err(means(Outcome::Lost, quicker()));
            }
            if let (Some(begun), 0) = (organization, from) {
                tx.insert_audit(&self.chain_begun(begun)).await?;
            }
            Ok(Outcome::Sealed)
        });
        match given_up {
            Some(outcome) => Ok(outcome),
            None => sealed,
        }
    }

    /// The chain of the deployment knows of every other one, so that none can vanish as a whole.
    fn chain_begun(&self, organization: OrganizationId) -> AuditRow {
        let at = self.now();
        let entry = AuditEntry {
            id: AuditId::new(at, self.entropy()),
            at,
            event: CHAIN_BEGUN.to_owned(),
            organization: None,
            actor: None,
            subject: None,
            client: None,
            ip: None,
            request: None,
            details: json!({ "organizationId": organization }).to_string(),
        };
        AuditRow::new(entry, self.keys(), self.entropy())
    }
}

/// What became of the rows of one chain.
enum Outcome {
    Sealed,
    /// Another one was quicker.
    Lost,
    /// The head is not genuine.
    NoHead,
}
