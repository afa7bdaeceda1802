use std::collections::BTreeMap;

use serde::Deserialize;

use super::Accounts;
use super::audit::CHAIN_BEGUN;
use crate::entity::{AuditFlaw, AuditHead, AuditRow, Authenticity, ChainCheck, Fingerprint};
use crate::error::Error;
use crate::ids::OrganizationId;
use crate::store::{Audit, Store};

/// What a check of the audit log went through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// All entries.
    pub entries: u64,
    /// Those that no seal lists yet.
    pub unsealed: u64,
    /// Those whose address was erased.
    pub erased: u64,
    /// Seals, over all chains.
    pub seals: u64,
    /// Chains: that of the deployment, and one for each organization with entries.
    pub chains: u64,
    /// What is wrong.
    pub flaws: u64,
}

/// What a check of the audit log tells, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditFinding {
    /// Something is wrong.
    Flaw(AuditFlaw),
    /// Where a sound chain ends now. Noted outside of the database, it shows later whether the database was
    /// put back to an earlier state.
    End(ChainEnd),
}

/// A seal of a chain, as it was noted outside of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainEnd {
    /// Whose chain it is; without an organization, the deployment's own.
    pub organization: Option<OrganizationId>,
    /// The number of the seal.
    pub seal: u32,
    /// Its hash.
    pub hash: Fingerprint,
}

/// How many rows, or heads, are looked at at once.
const PAGE: u32 = 500;

/// How many seals are, each of which may list as many entries.
const SEALS: u32 = 16;

impl<S: Store> Accounts<S> {
    /// Checks the whole audit log, and tells what is wrong with it (R-LG-04).
    ///
    /// Each chain is followed from its first seal to its head, every sealed entry is compared with what its
    /// seal lists, and the keyed digest of every entry is checked. `noted` are ends of chains that an earlier
    /// check told: each must still be in its chain. The log may go on being written and sealed meanwhile.
    pub async fn verify_audit(
        &self,
        noted: &[ChainEnd],
        tell: &mut (dyn FnMut(AuditFinding) + Send),
    ) -> Result<AuditReport, Error> {
        let report = AuditReport::default();
        let read = self.read().await?;
        let mut check =
            Check { accounts: self, read, noted, tell, report, heads: BTreeMap::new(), waiting: 0 };
        check.chains().await?;
        check.entries().await?;
        check.vanished();
        Ok(check.report)
    }
}

struct Check<'a, S: Store> {
    accounts: &'a Accounts<S>,
    read: S::Read<'a>,
    noted: &'a [ChainEnd],
    tell: &'a mut (dyn FnMut(AuditFinding) + Send),
    report: AuditReport,
    /// How many seals each chain has that has a head, or ought to have one.
    heads: BTreeMap<Option<OrganizationId>, Option<u32>>,
    /// Entries of the deployment that are not sealed yet.
    waiting: u64,
}

/// What the entry of a begun chain tells.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Begun {
    organization_id: OrganizationId,
}

impl<S: Store> Check<'_, S> {
    async fn chains(&mut self) -> Result<(), Error> {
        if let Some(head) = self.read.audit_head(None).await? {
            self.follow(&head).await?;
        }
        let mut last = None;
        loop {
            let heads = self.read.audit_heads(last, PAGE).await?;
            for head in &heads {
                self.follow(head).await?;
            }
            let Some(head) = heads.last() else { break };
            last = head.organization;
        }
        for end in self.noted {
            self.expect_head(end.organization).await?;
        }
        Ok(())
    }

    /// Follows one chain to its head.
    async fn follow(&mut self, head: &AuditHead) -> Result<(), Error> {
        let organization = head.organization;
        self.heads.insert(organization, Some(head.seals));
        self.report.chains += 1;
        let flaws = self.report.flaws;
        let of_chain = self.noted.iter().filter(|end| end.organization == organization);
        let mut noted: Vec<ChainEnd> = of_chain.copied().collect();
        let mut check = ChainCheck::new(organization, self.accounts.keys());
        let mut last = 0;
        'chain: loop {
            let seals = self.read.audit_seals(organization, last, SEALS).await?;
            for seal in &seals {
                if seal.number > head.seals {
                    // Made after the head was read; otherwise its entries are found later.
                    break 'chain;
                }
                let rows = self.read.sealed_audit(organization, seal.number).await?;
                for flaw in check.seal(seal, &rows) {
                    self.flaw(flaw);
                }
                noted.retain(|end| end.seal != seal.number || end.hash != seal.hash);
                self.report.seals += 1;
                self.begun_chains(&rows).await?;
            }
            let Some(seal) = seals.last() else { break };
            last = seal.number;
        }
        for flaw in check.end(head) {
            self.flaw(flaw);
        }
        for ChainEnd { organization, seal, .. } in noted {
            self.flaw(AuditFlaw::Rewound { organization, seal });
        }
        if self.report.flaws == flaws {
            let (seal, hash) = (head.seals, head.hash);
            (self.tell)(AuditFinding::End(ChainEnd { organization, seal, hash }));
        }
        Ok(())
    }

    /// Every chain that was begun must still have its head.
    async fn begun_chains(&mut self, rows: &[AuditRow]) -> Result<(), Error> {
        let deployment = rows.iter().filter(|row| row.entry.organization.is_none());
        for row in deployment.filter(|row| row.entry.event == CHAIN_BEGUN) {
            // What cannot be read was altered, and is told as that.
            if let Ok(begun) = serde_json::from_str::<Begun>(&row.entry.details) {
                self.expect_head(Some(begun.organization_id)).await?;
            }
        }
        Ok(())
    }

    /// How many seals a chain has that must have some; a missing head is told once.
    async fn expect_head(&mut self, organization: Option<OrganizationId>) -> Result<u32, Error> {
        if let Some(known) = self.heads.get(&organization) {
            return Ok(known.unwrap_or(u32::MAX));
        }
        let head = self.read.audit_head(organization).await?;
        self.heads.insert(organization, head.as_ref().map(|head| head.seals));
        if head.is_none() {
            self.flaw(AuditFlaw::HeadDropped { organization });
        }
        Ok(head.map_or(u32::MAX, |head| head.seals))
    }

    /// Goes through all entries, for those that no chain lists.
    async fn entries(&mut self) -> Result<(), Error> {
        let mut last = None;
        loop {
            let rows = self.read.audit_rows(last, PAGE).await?;
            for row in &rows {
                self.entry(row).await?;
            }
            let Some(row) = rows.last() else { return Ok(()) };
            last = Some(row.entry.id);
        }
    }

    async fn entry(&mut self, row: &AuditRow) -> Result<(), Error> {
        let (entry, organization) = (row.entry.id, row.entry.organization);
        self.report.entries += 1;
        self.report.erased += u64::from(row.ip_fingerprint.is_some() && row.entry.ip.is_none());
        if let Some(seal) = row.seal {
            if self.expect_head(organization).await? < seal {
                // Perhaps it was sealed a moment ago.
                self.heads.remove(&organization);
                if self.expect_head(organization).await? < seal {
                    self.flaw(AuditFlaw::Misplaced { entry, seal });
                }
            }
            return Ok(());
        }
        self.report.unsealed += 1;
        self.waiting += u64::from(organization.is_none());
        match row.authenticity(self.accounts.keys()) {
            Authenticity::Genuine => {}
            Authenticity::Altered => self.flaw(AuditFlaw::Altered { entry }),
            Authenticity::UnknownKey(key) => self.flaw(AuditFlaw::UnknownKey { entry, key }),
        }
        Ok(())
    }

    /// The chain of the deployment knows of all others, so it is there if any other is.
    fn vanished(&mut self) {
        let has_others = self.heads.keys().any(Option::is_some);
        if has_others && self.waiting == 0 && !self.heads.contains_key(&None) {
            self.flaw(AuditFlaw::HeadDropped { organization: None });
        }
    }

    fn flaw(&mut self, flaw: AuditFlaw) {
        self.report.flaws += 1;
        (self.tell)(AuditFinding::Flaw(flaw));
    }
}
