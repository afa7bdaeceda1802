use std::collections::BTreeMap;
use std::fmt;

use super::audit::{AuditRow, Authenticity, Fingerprint, Hash};
use crate::ids::{AuditId, OrganizationId};
use crate::keys::{KeyRing, Label, Mac};
use crate::time::Timestamp;

/// One link in the chain of a tenant: a list of entries, sealed shortly after they were committed (R-LG-04).
///
/// Each link has the hash of the one before, so that nothing in the chain can be changed, dropped or
/// put elsewhere without changing all that follows, up to the [`AuditHead`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditSeal {
    /// Whose chain it is; without an organization, the deployment's own.
    pub organization: Option<OrganizationId>,
    /// Its place in the chain, from 1 on.
    pub number: u32,
    /// When it was made.
    pub at: Timestamp,
    /// The hash of the seal before; of the first one, [`Fingerprint::NONE`].
    pub previous: Fingerprint,
    /// The entries that it lists, in the order of their ids.
    pub members: Vec<SealMember>,
    /// The hash of all of the above.
    pub hash: Fingerprint,
}

/// An entry as a seal lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealMember {
    /// Which entry.
    pub id: AuditId,
    /// Its fingerprint; [`Fingerprint::NONE`] when it was no longer genuine before it could be sealed.
    pub entry: Fingerprint,
}

impl SealMember {
    const LENGTH: usize = 48;

    /// The form in which a store keeps a list: 48 bytes for each, one after the other.
    pub fn to_bytes(members: &[Self]) -> Vec<u8> {
        let pairs = members.iter().flat_map(|it| [&it.id.as_bytes()[..], &it.entry.as_bytes()[..]]);
        pairs.flatten().copied().collect()
    }

    /// Reads what [`SealMember::to_bytes`] wrote; an incomplete member at the end is left out, which the
    /// hash of the seal then tells.
    pub fn from_bytes(bytes: &[u8]) -> Vec<Self> {
        let (whole, _incomplete) = bytes.as_chunks::<{ Self::LENGTH }>();
        let member = |chunk: &[u8; Self::LENGTH]| {
            let (mut id, mut entry) = ([0; 16], [0; 32]);
            id.copy_from_slice(&chunk[..16]);
            entry.copy_from_slice(&chunk[16..]);
            Self { id: AuditId::from_bytes(id), entry: Fingerprint::from_bytes(entry) }
        };
        whole.iter().map(member).collect()
    }
}

/// Where the chain of a tenant ends, with a keyed digest, so that its end cannot be cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// Whose chain it is; without an organization, the deployment's own.
    pub organization: Option<OrganizationId>,
    /// How many seals it has.
    pub seals: u32,
    /// How many entries they list.
    pub entries: u64,
    /// The hash of the last one.
    pub hash: Fingerprint,
    /// The keyed digest of the above.
    pub mac: Mac,
}

impl AuditSeal {
    /// Seals these rows of one tenant behind `head`, or as the first of its chain; answers the new head too.
    ///
    /// A row that is no longer genuine is listed as such: then no later check takes it for genuine.
    pub fn of(
        organization: Option<OrganizationId>,
        head: Option<&AuditHead>,
        rows: &[AuditRow],
        now: Timestamp,
        keys: &KeyRing,
    ) -> (Self, AuditHead) {
        let (seals, entries, previous) =
            head.map_or((0, 0, Fingerprint::NONE), |head| (head.seals, head.entries, head.hash));
        let members = rows.iter().map(|row| SealMember {
            id: row.entry.id,
            entry: match row.authenticity(keys) {
                Authenticity::Genuine => row.fingerprint(),
                Authenticity::Altered | Authenticity::UnknownKey(_) => Fingerprint::NONE,
            },
        });
        let mut seal = Self {
            organization,
            number: seals.saturating_add(1),
            at: now,
            previous,
            members: members.collect(),
            hash: Fingerprint::NONE,
        };
        seal.hash = seal.true_hash();
        let entries = entries.saturating_add(rows.len() as u64);
        let head = AuditHead::new(organization, seal.number, entries, seal.hash, keys);
        (seal, head)
    }

    fn true_hash(&self) -> Fingerprint {
        let Self { organization, number, at, previous, members, hash: _ } = self;
        let mut hash = Hash::new("seal");
        hash.optional(organization.as_ref().map(|id| id.as_bytes().as_slice()));
        hash.part(&number.to_be_bytes());
        hash.part(&at.as_millis().to_be_bytes());
        hash.part(previous.as_bytes());
        hash.part(&SealMember::to_bytes(members));
        hash.finish()
    }
}

impl AuditHead {
    fn new(
        organization: Option<OrganizationId>,
        seals: u32,
        entries: u64,
        hash: Fingerprint,
        keys: &KeyRing,
    ) -> Self {
        let said = said(organization, seals, entries, hash);
        let mac = keys.mac(Label::AuditHead, &[said.as_bytes()]);
        Self { organization, seals, entries, hash, mac }
    }

    /// Whether it is as it was written; a chain goes on behind a genuine head only.
    pub fn authenticity(&self, keys: &KeyRing) -> Authenticity {
        let said = said(self.organization, self.seals, self.entries, self.hash);
        let verified = keys.verify(Label::AuditHead, &[said.as_bytes()], &self.mac);
        Authenticity::of(&self.mac, verified)
    }

    /// This head under the primary key, for a ring whose old keys are to go.
    #[must_use]
    pub fn renewed(&self, keys: &KeyRing) -> Self {
        Self::new(self.organization, self.seals, self.entries, self.hash, keys)
    }
}

fn said(
    organization: Option<OrganizationId>,
    seals: u32,
    entries: u64,
    last: Fingerprint,
) -> Fingerprint {
    let mut hash = Hash::new("head");
    hash.optional(organization.as_ref().map(|id| id.as_bytes().as_slice()));
    hash.part(&seals.to_be_bytes());
    hash.part(&entries.to_be_bytes());
    hash.part(last.as_bytes());
    hash.finish()
}

/// What is wrong with the audit log, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuditFlaw {
    /// An entry is not as it was written, or was written by somebody without the key.
    Altered {
        /// Which entry.
        entry: AuditId,
    },
    /// An entry was dropped.
    Dropped {
        /// Which entry.
        entry: AuditId,
        /// Whose chain has it.
        organization: Option<OrganizationId>,
        /// The seal that lists it.
        seal: u32,
    },
    /// An entry says that a seal lists it, and none does: it was inserted, or put elsewhere.
    Misplaced {
        /// Which entry.
        entry: AuditId,
        /// Where it claims to be.
        seal: u32,
    },
    /// An entry that is not sealed yet was made with a key that is not on the ring.
    UnknownKey {
        /// Which entry.
        entry: AuditId,
        /// The number of the key.
        key: u32,
    },
    /// A seal is not as it was written.
    SealAltered {
        /// Whose chain it is.
        organization: Option<OrganizationId>,
        /// The number of the seal.
        seal: u32,
    },
    /// Seals were dropped.
    SealsDropped {
        /// Whose chain it is.
        organization: Option<OrganizationId>,
        /// The first one.
        first: u32,
        /// The last one.
        last: u32,
    },
    /// The head of a chain is not as it was written, or was made with a key that is not on the ring.
    HeadAltered {
        /// Whose chain it is.
        organization: Option<OrganizationId>,
    },
    /// The head of a chain was dropped.
    HeadDropped {
        /// Whose chain it was.
        organization: Option<OrganizationId>,
    },
    /// A chain does not have a seal that was noted before: it was put back to an earlier state.
    Rewound {
        /// Whose chain it is.
        organization: Option<OrganizationId>,
        /// The seal that was noted.
        seal: u32,
    },
}

/// Checks one chain, seal by seal.
#[derive(Debug)]
pub struct ChainCheck<'a> {
    keys: &'a KeyRing,
    organization: Option<OrganizationId>,
    seals: u32,
    previous: Fingerprint,
}

impl<'a> ChainCheck<'a> {
    /// Before the first seal of a chain.
    pub const fn new(organization: Option<OrganizationId>, keys: &'a KeyRing) -> Self {
        Self { keys, organization, seals: 0, previous: Fingerprint::NONE }
    }

    /// Checks the next seal that was found, and the rows that say it lists them.
    pub fn seal(&mut self, seal: &AuditSeal, rows: &[AuditRow]) -> Vec<AuditFlaw> {
        let Self { keys, organization, seals, previous } = *self;
        let mut flaws = Vec::new();
        let follows = seals.checked_add(1) == Some(seal.number);
        if !follows {
            let last = seal.number.saturating_sub(1);
            flaws.push(AuditFlaw::SealsDropped { organization, first: seals + 1, last });
        }
        let is_linked = !follows || seal.previous == previous;
        if !is_linked || seal.true_hash() != seal.hash || seal.organization != organization {
            flaws.push(AuditFlaw::SealAltered { organization, seal: seal.number });
        }
        self.seals = seal.number;
        self.previous = seal.hash;
        let mut found: BTreeMap<_, _> = rows.iter().map(|row| (row.entry.id, row)).collect();
        for SealMember { id, entry } in &seal.members {
            match found.remove(id) {
                None => {
                    let seal = seal.number;
                    flaws.push(AuditFlaw::Dropped { entry: *id, organization, seal });
                }
                Some(row) => {
                    let is_listed = row.fingerprint() == *entry;
                    if !is_listed || row.authenticity(keys) == Authenticity::Altered {
                        flaws.push(AuditFlaw::Altered { entry: *id });
                    }
                }
            }
        }
        let seal = seal.number;
        flaws.extend(found.into_keys().map(|entry| AuditFlaw::Misplaced { entry, seal }));
        flaws
    }

    /// Checks the end of the chain, when there is no further seal.
    pub fn end(self, head: &AuditHead) -> Vec<AuditFlaw> {
        let Self { keys, organization, seals, previous } = self;
        let mut flaws = Vec::new();
        if head.authenticity(keys) != Authenticity::Genuine {
            flaws.push(AuditFlaw::HeadAltered { organization });
        } else if seals < head.seals {
            let (first, last) = (seals + 1, head.seals);
            flaws.push(AuditFlaw::SealsDropped { organization, first, last });
        } else if previous != head.hash {
            flaws.push(AuditFlaw::SealAltered { organization, seal: seals });
        }
        flaws
    }
}

impl AuditFlaw {
    /// The entry that it is about, if it is about one.
    pub const fn entry(&self) -> Option<AuditId> {
        match self {
            Self::Altered { entry }
            | Self::Dropped { entry, .. }
            | Self::Misplaced { entry, .. }
            | Self::UnknownKey { entry, .. } => Some(*entry),
            Self::SealAltered { .. }
            | Self::SealsDropped { .. }
            | Self::HeadAltered { .. }
            | Self::HeadDropped { .. }
            | Self::Rewound { .. } => None,
        }
    }

    /// A name that does not change.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Altered { .. } => "entry-altered",
            Self::Dropped { .. } => "entry-dropped",
            Self::Misplaced { .. } => "entry-misplaced",
            Self::UnknownKey { .. } => "entry-unknown-key",
            Self::SealAltered { .. } => "seal-altered",
            Self::SealsDropped { .. } => "seals-dropped",
            Self::HeadAltered { .. } => "head-altered",
            Self::HeadDropped { .. } => "head-dropped",
            Self::Rewound { .. } => "chain-rewound",
        }
    }
}

impl fmt::Display for AuditFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chain = |organization: &Option<OrganizationId>| match organization {
            Some(id) => format!("the chain of {id}"),
            None => "the chain of the deployment".to_owned(),
        };
        match self {
            Self::Altered { entry } => write!(f, "{entry} is not as it was written"),
            Self::Dropped { entry, organization, seal } => {
                write!(f, "{entry} was dropped: seal {seal} of {} lists it", chain(organization))
            }
            Self::Misplaced { entry, seal } => {
                write!(
                    f,
                    "{entry} was inserted or moved: it names seal {seal}, which does not list it"
                )
            }
            Self::UnknownKey { entry, key } => {
                write!(f, "{entry} was made with key {key}, which is not on the ring")
            }
            Self::SealAltered { organization, seal } => {
                write!(f, "seal {seal} of {} is not as it was written", chain(organization))
            }
            Self::SealsDropped { organization, first, last } if first == last => {
                write!(f, "seal {first} of {} was dropped", chain(organization))
            }
            Self::SealsDropped { organization, first, last } => {
                write!(f, "seals {first} to {last} of {} were dropped", chain(organization))
            }
            Self::HeadAltered { organization } => {
                write!(f, "the head of {} is not as it was written", chain(organization))
            }
            Self::HeadDropped { organization } => {
                write!(f, "the head of {} was dropped", chain(organization))
            }
            Self::Rewound { organization, seal } => {
                write!(f, "{} does not have the seal {seal} that was noted", chain(organization))
            }
        }
    }
}

#[cfg(test)]
mod tests;
