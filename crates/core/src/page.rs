//! Long lists, told in parts.
//!
//! A list that is told in parts has a fixed order, and each row a place in it that never changes. A part is
//! asked for by the place after which it begins, not by a number of rows to skip: so nothing is told twice
//! or left out, however much comes and goes between two parts, and the last part costs what the first does.

/// Which part of a list is asked for, by places of the type `P`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice<P> {
    /// The place of the last row that was told before; `None` for the beginning of the list.
    pub after: Option<P>,
    /// How many rows to tell at most.
    pub limit: u32,
}

/// A part of a list, and where the next one begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T, P> {
    /// The rows, in the order of the list.
    pub rows: Vec<T>,
    /// What the next part comes after; `None` when nothing follows.
    pub next: Option<P>,
}

/// A place in a list, as whoever turns the pages gets it to keep.
pub trait Place: Clone + Send + Sync {
    /// The place as bytes.
    fn to_bytes(&self) -> Vec<u8>;

    /// The place that these bytes were made of; `None` when they are of another kind.
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
}

impl<P: Place> Slice<P> {
    /// This part and one row more, which says whether anything follows: what a store is asked for.
    #[must_use]
    pub fn and_one_more(&self) -> Self {
        Self { after: self.after.clone(), limit: self.limit.saturating_add(1) }
    }

    /// The part that was asked for, out of what a store answered to [`Slice::and_one_more`].
    pub fn page<T>(&self, mut rows: Vec<T>, place: impl Fn(&T) -> P) -> Page<T, P> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        Page { next: rows.last().map(place).filter(|_| more), rows }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SessionId;

    #[test]
    fn a_page_says_where_the_next_one_begins_if_there_is_one() {
        let id = |n: u8| SessionId::from_bytes([n; 16]);
        let slice = Slice { after: None, limit: 2 };
        assert_eq!(slice.and_one_more(), Slice { after: None, limit: 3 });
        let page = |rows: &[u8]| slice.page(rows.to_vec(), |row| id(*row));
        assert_eq!(page(&[]), Page { rows: vec![], next: None });
        assert_eq!(page(&[9, 8]), Page { rows: vec![9, 8], next: None });
        assert_eq!(page(&[9, 8, 7]), Page { rows: vec![9, 8], next: Some(id(8)) });
    }

    #[test]
    fn a_place_is_read_back_by_its_own_length_only() {
        let id = SessionId::from_bytes([7; 16]);
        assert_eq!(<SessionId as Place>::from_bytes(&Place::to_bytes(&id)), Some(id));
        assert_eq!(<SessionId as Place>::from_bytes(&[7; 15]), None);
        assert_eq!(<SessionId as Place>::from_bytes(&[7; 17]), None);
    }
}
