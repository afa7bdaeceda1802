use crate::attrs::{Attrs, Plain};
use crate::entity::Client;
use crate::ids::ClientId;
use crate::page::Place;

/// Where a client stands among those that a search found: in the order of their names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientMatch {
    /// The form of the name that begins as was asked for.
    pub key: String,
    /// Which client.
    pub id: ClientId,
}

/// A client that a search found.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundClient<A: Attrs = Plain> {
    /// The client.
    pub client: Client<A>,
    /// Where it stands among those that were found.
    pub place: ClientMatch,
}

impl Place for ClientMatch {
    fn to_bytes(&self) -> Vec<u8> {
        [self.id.as_bytes(), self.key.as_bytes()].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (id, key) = bytes.split_first_chunk()?;
        let key = std::str::from_utf8(key).ok()?.to_owned();
        Some(Self { key, id: ClientId::from_bytes(*id) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_back_as_it_was() {
        let id = ClientId::from_bytes([7; 16]);
        for key in ["", "loom", "größe\n"] {
            let place = ClientMatch { key: key.to_owned(), id };
            assert_eq!(ClientMatch::from_bytes(&place.to_bytes()), Some(place));
        }
        assert_eq!(ClientMatch::from_bytes(&[7; 15]), None);
        assert_eq!(ClientMatch::from_bytes(&[&[7; 16][..], &[0xff]].concat()), None);
    }
}
