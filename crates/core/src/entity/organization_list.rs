use crate::attrs::{Attrs, Plain};
use crate::entity::Organization;
use crate::ids::OrganizationId;
use crate::page::Place;

/// Where an organization stands among those that a search found: in the order of their names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OrganizationMatch {
    /// The form of the name that begins as was asked for.
    pub key: String,
    /// Which organization.
    pub id: OrganizationId,
}

/// An organization that a search found.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundOrganization<A: Attrs = Plain> {
    /// The organization.
    pub organization: Organization<A>,
    /// Where it stands among those that were found.
    pub place: OrganizationMatch,
}

impl Place for OrganizationMatch {
    fn to_bytes(&self) -> Vec<u8> {
        [self.id.as_bytes(), self.key.as_bytes()].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (id, key) = bytes.split_first_chunk()?;
        let key = std::str::from_utf8(key).ok()?.to_owned();
        Some(Self { key, id: OrganizationId::from_bytes(*id) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_back_as_it_was() {
        let id = OrganizationId::from_bytes([7; 16]);
        for key in ["", "tea", "größe\n"] {
            let place = OrganizationMatch { key: key.to_owned(), id };
            assert_eq!(OrganizationMatch::from_bytes(&place.to_bytes()), Some(place));
        }
        assert_eq!(OrganizationMatch::from_bytes(&[7; 15]), None);
        assert_eq!(OrganizationMatch::from_bytes(&[&[7; 16][..], &[0xff]].concat()), None);
    }
}
