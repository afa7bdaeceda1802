use durward_core::store::{Result, StoreError};
use durward_core::{Digest, Method, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A row of any engine, column by column; every column is one of three types.
pub(crate) trait Row {
    /// A 64-bit number.
    fn integer(&self, column: &str) -> sqlx::Result<Option<i64>>;
    /// UTF-8 text.
    fn text(&self, column: &str) -> sqlx::Result<Option<&str>>;
    /// Bytes.
    fn bytes(&self, column: &str) -> sqlx::Result<Option<&[u8]>>;
}

/// The column holds what no version of this crate wrote.
#[derive(Debug, thiserror::Error)]
#[error("the column {0} holds what it should not")]
struct Unreadable(&'static str);

pub(crate) fn unreadable(column: &'static str) -> StoreError {
    StoreError::backend(Unreadable(column))
}

/// The types of the domain, read from a row.
pub(crate) trait Columns: Row {
    fn number(&self, column: &'static str) -> Result<i64> {
        self.number_if_any(column)?.ok_or_else(|| unreadable(column))
    }

    fn number_if_any(&self, column: &'static str) -> Result<Option<i64>> {
        self.integer(column).map_err(StoreError::backend)
    }

    /// A number that was not negative when it was written.
    fn count<N: TryFrom<i64>>(&self, column: &'static str) -> Result<N> {
        N::try_from(self.number(column)?).map_err(|_outside| unreadable(column))
    }

    fn time(&self, column: &'static str) -> Result<Timestamp> {
        self.number(column).map(Timestamp::from_millis)
    }

    fn time_if_any(&self, column: &'static str) -> Result<Option<Timestamp>> {
        Ok(self.number_if_any(column)?.map(Timestamp::from_millis))
    }

    fn str(&self, column: &'static str) -> Result<&str> {
        self.str_if_any(column)?.ok_or_else(|| unreadable(column))
    }

    fn str_if_any(&self, column: &'static str) -> Result<Option<&str>> {
        self.text(column).map_err(StoreError::backend)
    }

    fn string(&self, column: &'static str) -> Result<String> {
        self.str(column).map(str::to_owned)
    }

    fn string_if_any(&self, column: &'static str) -> Result<Option<String>> {
        Ok(self.str_if_any(column)?.map(str::to_owned))
    }

    fn blob(&self, column: &'static str) -> Result<Vec<u8>> {
        let bytes = self.bytes(column).map_err(StoreError::backend)?;
        bytes.map(<[u8]>::to_vec).ok_or_else(|| unreadable(column))
    }

    /// The bytes of an id or a digest.
    fn fixed<const N: usize>(&self, column: &'static str) -> Result<[u8; N]> {
        self.fixed_if_any(column)?.ok_or_else(|| unreadable(column))
    }

    fn fixed_if_any<const N: usize>(&self, column: &'static str) -> Result<Option<[u8; N]>> {
        let bytes = self.bytes(column).map_err(StoreError::backend)?;
        let exact = bytes.map(|bytes| bytes.try_into().map_err(|_length| unreadable(column)));
        exact.transpose()
    }

    fn digest(&self, column: &'static str) -> Result<Digest> {
        self.fixed(column).map(Digest::from_bytes)
    }

    fn digest_if_any(&self, column: &'static str) -> Result<Option<Digest>> {
        Ok(self.fixed_if_any(column)?.map(Digest::from_bytes))
    }

    /// A value that is stored under its name.
    fn named<T>(&self, column: &'static str, named: fn(&str) -> Option<T>) -> Result<T> {
        named(self.str(column)?).ok_or_else(|| unreadable(column))
    }

    fn named_if_any<T>(
        &self,
        column: &'static str,
        named: fn(&str) -> Option<T>,
    ) -> Result<Option<T>> {
        let name = self.str_if_any(column)?;
        name.map(|name| named(name).ok_or_else(|| unreadable(column))).transpose()
    }

    fn methods(&self, column: &'static str) -> Result<Vec<Method>> {
        let names = self.str(column)?.split(' ').filter(|name| !name.is_empty());
        names.map(|name| Method::named(name).ok_or_else(|| unreadable(column))).collect()
    }

    fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T> {
        serde_json::from_str(self.str(column)?).map_err(StoreError::backend)
    }
}

impl<R: Row + ?Sized> Columns for R {}

/// Makes something of a row.
pub(crate) type Decode<T> = fn(&dyn Row) -> Result<T>;

/// What [`Columns::methods`] reads.
pub(crate) fn methods_text(methods: &[Method]) -> String {
    methods.iter().map(|method| method.name()).collect::<Vec<_>>().join(" ")
}

/// What [`Columns::json`] reads.
pub(crate) fn json_text<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(StoreError::backend)
}
