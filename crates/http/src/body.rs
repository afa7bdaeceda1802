//! Takes a body in: its type, its size, its text.

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use durward_core::Obstruction;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::Value;

use crate::error::Fault;
use crate::json;
use crate::problem::Problem;

/// The largest body that is read.
pub(crate) const MAX_BYTES: usize = 64 * 1_024;

/// A body as it came, and what it says.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) bytes: Bytes,
    pub(crate) value: Value,
}

/// Reads a body of one JSON text.
pub(crate) fn json(
    headers: &HeaderMap,
    bytes: Result<Bytes, Problem>,
) -> Result<Received, Problem> {
    check_type(headers)?;
    parsed(bytes?)
}

/// The same, but an empty body is allowed, whatever it says it is.
pub(crate) fn json_or_nothing(
    headers: &HeaderMap,
    bytes: Result<Bytes, Problem>,
) -> Result<Option<Received>, Problem> {
    let bytes = bytes?;
    if bytes.is_empty() {
        return Ok(None);
    }
    check_type(headers)?;
    parsed(bytes).map(Some)
}

fn parsed(bytes: Bytes) -> Result<Received, Problem> {
    match json::parse(&bytes) {
        Ok(value) => Ok(Received { bytes, value }),
        Err(obstruction) => Err(Problem::new(Fault::BadJson).because([obstruction])),
    }
}

/// The whole of a body, if it is not too large.
pub(crate) async fn collect(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if announced
        .and_then(|text| text.parse().ok())
        .is_some_and(|length: u64| length > MAX_BYTES as u64)
    {
        return Err(Problem::new(Fault::BodyTooLarge));
    }
    match Limited::new(body, MAX_BYTES).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Problem::new(Fault::BodyTooLarge)),
        Err(error) => {
            tracing::debug!(error, "a body broke off");
            let text = "The body ended before it was complete.";
            Err(Problem::new(Fault::BadJson).because([Obstruction::new("INCOMPLETE", text)]))
        }
    }
}

fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let first = types.next();
    if types.next().is_some() {
        let text = "The Content-Type field may appear only once.";
        return Err(Problem::header("CONTENT_TYPE_REPEATED", text));
    }
    let plain = headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"));
    if plain && first.is_some_and(is_json) {
        Ok(())
    } else {
        Err(Problem::new(Fault::UnsupportedMediaType))
    }
}

/// Whether this is `application/json`, in UTF-8 if it says so at all (GW-70).
fn is_json(value: &HeaderValue) -> bool {
    let Ok(text) = value.to_str() else {
        return false;
    };
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    essence.eq_ignore_ascii_case("application/json")
        && parts.filter(|part| !part.is_empty()).all(|part| match part.split_once('=') {
            Some((name, charset)) if name.eq_ignore_ascii_case("charset") => {
                charset.trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            Some(_) => true,
            None => false,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_in_utf_8_is_the_one_type() {
        // GW-70
        let accepted = |text: &'static str| is_json(&HeaderValue::from_static(text));
        for good in [
            "application/json",
            "application/json; charset=utf-8",
            "Application/JSON;charset=\"UTF-8\"",
            "application/json;",
            "application/json; profile=x",
        ] {
            assert!(accepted(good), "{good}");
        }
        for bad in [
            "",
            "text/plain",
            "application/json; charset=latin1",
            "application/json; charset=utf-16",
            "application/json, text/plain",
            "application/jsonp",
            "application/problem+json",
            "application/json; charset",
        ] {
            assert!(!accepted(bad), "{bad}");
        }
    }
}
