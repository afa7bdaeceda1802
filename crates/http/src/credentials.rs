//! Reads who presents what: one credential per header field, and nothing half understood.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use durward_core::SessionToken;

use crate::headers::DURWARD_CLIENT;
use crate::problem::Problem;

/// The session token that a request presents; cookies are not looked at (R-HT-05).
///
/// Whatever else stands in `Authorization` or `Durward-Client` is a bad credential, never nobody: another
/// scheme, a repeated or joined field, a token of another kind (GW-09, GW-10, R-SE-10). No client can prove
/// itself yet, so the credentials of clients are among them.
pub(crate) fn session_token(headers: &HeaderMap) -> Result<Option<SessionToken>, Problem> {
    if headers.contains_key(&DURWARD_CLIENT) {
        return Err(Problem::bad_credential());
    }
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Problem::bad_credential());
    }
    let token = value.to_str().ok().and_then(bearer);
    match token.map(SessionToken::parse) {
        Some(Ok(token)) => Ok(Some(token)),
        Some(Err(_)) | None => Err(Problem::bad_credential()),
    }
}

/// Whether the query holds a credential: one of our tokens, or the parameter of RFC 6750, 2.3 (R-HT-09).
pub(crate) fn is_in_query(query: &str) -> bool {
    query.split('&').any(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        name.eq_ignore_ascii_case("access_token") || value.starts_with("dw_")
    })
}

/// What follows the scheme (RFC 6750, 2.1), whose name ignores case (RFC 9110, 11.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, rest) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| rest.trim_start_matches(' '))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use durward_core::{Entropy, RefreshToken};

    struct Sevens;
    impl Entropy for Sevens {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(7);
        }
    }

    fn read(fields: &[(&'static str, String)]) -> Result<Option<String>, bool> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        match session_token(&headers) {
            Ok(token) => Ok(token.map(|token| token.expose().to_owned())),
            Err(problem) => Err(problem.fault().status() == 401),
        }
    }

    #[test]
    fn a_session_token_is_read_whatever_the_case_of_the_scheme() {
        let token = SessionToken::mint(&Sevens).expose().to_owned();
        for value in [format!("Bearer {token}"), format!("bearer  {token}")] {
            assert_eq!(read(&[("authorization", value)]), Ok(Some(token.clone())));
        }
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[("cookie", format!("__Host-durward={token}"))]), Ok(None));
    }

    #[test]
    fn whatever_is_not_understood_is_a_bad_credential() {
        // GW-09, GW-10, R-SE-10
        let token = SessionToken::mint(&Sevens).expose().to_owned();
        let refresh = RefreshToken::mint(&Sevens).expose().to_owned();
        for value in [
            String::new(),
            "Bearer".to_owned(),
            "Bearer ".to_owned(),
            token.clone(),
            format!("Bearer {refresh}"),
            format!("Bearer {token}x"),
            format!("Bearer {token} {token}"),
            format!("Bearer {token}, Basic YTpi"),
            format!("Basic YTpi, Bearer {token}"),
            "Basic YTpi".to_owned(),
            "Basic".to_owned(),
            format!("Basic {token}"),
            format!("Token {token}"),
            "Bearer dw_sk_0000000000000000000000000000000000000000000000000".to_owned(),
        ] {
            assert_eq!(read(&[("authorization", value.clone())]), Err(true), "{value}");
        }
        let good = ("authorization", format!("Bearer {token}"));
        assert_eq!(read(&[good.clone(), good.clone()]), Err(true));
        assert_eq!(read(&[good, ("durward-client", "cli_x".into())]), Err(true));
        assert_eq!(read(&[("durward-client", String::new())]), Err(true));
    }

    #[test]
    fn a_credential_in_the_query_is_found() {
        // R-HT-09
        for query in ["access_token=x", "a=b&Access_Token", "token=dw_st_x", "dw=dw_"] {
            assert!(is_in_query(query), "{query}");
        }
        for query in ["", "a=b", "q=x_dw_", "token="] {
            assert!(!is_in_query(query), "{query}");
        }
    }
}
