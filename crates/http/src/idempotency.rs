//! Reads `Idempotency-Key`: a request that may be sent again without happening again.

use axum::http::HeaderMap;
use data_encoding::HEXLOWER;
use durward_core::accounts::Idempotency;
use durward_core::{Accounts, Caller, Origin, Store};

use crate::call::principal;
use crate::headers::IDEMPOTENCY_KEY;
use crate::problem::Problem;

/// The longest key.
pub(crate) const MAX_LENGTH: usize = 128;

/// Binds the key of a request, if it has one, to the route, the caller and the content.
///
/// Who is not logged in is known by his network: the key itself must be random enough not to be guessed there.
pub(crate) fn idempotency<S: Store>(
    accounts: &Accounts<S>,
    headers: &HeaderMap,
    route: &str,
    (caller, origin): (&Caller<S::Attrs>, &Origin),
    content: &[u8],
) -> Result<Option<Idempotency>, Problem> {
    let Some(key) = key(headers)? else {
        return Ok(None);
    };
    let who = principal(caller);
    let who = who.unwrap_or_else(|| HEXLOWER.encode(&origin.network().to_bytes()));
    Ok(Some(accounts.idempotency(&[route, &who], key, content)))
}

fn key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut fields = headers.get_all(&IDEMPOTENCY_KEY).iter();
    let Some(first) = fields.next() else {
        return Ok(None);
    };
    if fields.next().is_some() {
        let text = "The Idempotency-Key field may appear only once.";
        return Err(Problem::header("IDEMPOTENCY_KEY_REPEATED", text));
    }
    let fits = |key: &&str| {
        (1..=MAX_LENGTH).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
    };
    match first.to_str().ok().filter(fits) {
        Some(key) => Ok(Some(key)),
        None => Err(Problem::header(
            "IDEMPOTENCY_KEY_MALFORMED",
            "Idempotency-Key must have 1 to 128 visible ASCII characters.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn read(fields: &[&str]) -> Result<Option<String>, u16> {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(&IDEMPOTENCY_KEY, HeaderValue::from_bytes(field.as_bytes()).unwrap());
        }
        match key(&headers) {
            Ok(key) => Ok(key.map(str::to_owned)),
            Err(problem) => Err(problem.fault().status().as_u16()),
        }
    }

    #[test]
    fn a_key_is_1_to_128_visible_characters_and_comes_once() {
        // R-IN-06
        let longest = "k".repeat(128);
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["a"]), Ok(Some("a".into())));
        assert_eq!(read(&[&longest]), Ok(Some(longest.clone())));
        for fields in [&[""][..], &[&format!("{longest}k")], &["a b"], &["\u{e9}"], &["a", "a"]] {
            assert_eq!(read(fields), Err(400), "{fields:?}");
        }
    }
}
