//! Reads who presents what: one credential per header field, and nothing half understood.

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName};
use data_encoding::BASE64;
use durward_core::accounts::ClientCredential;
use durward_core::{Secret, SecretKey, SessionToken};

use crate::headers::DURWARD_CLIENT;
use crate::problem::Problem;

/// What a request presents; each field of its header holds one credential.
#[derive(Clone, Debug, Default)]
pub(crate) struct Presented {
    /// `Authorization: Bearer dw_st_...`
    pub(crate) session: Option<SessionToken>,
    /// `Authorization: Basic ...` or `Bearer dw_sk_...`; or `Durward-Client`, whatever else there is.
    pub(crate) client: Option<ClientCredential>,
}

/// Reads both fields; cookies are not looked at (R-HT-05).
///
/// Whatever else stands there is a bad credential, never nobody: another scheme, a repeated or joined field, a
/// token of another kind, two clients (GW-09, GW-10, R-SE-10).
pub(crate) fn presented(headers: &HeaderMap) -> Result<Presented, Problem> {
    let authorization = only(headers, &AUTHORIZATION)?.map(authorization).transpose()?;
    let named = only(headers, &DURWARD_CLIENT)?.map(client).transpose()?;
    match (authorization.unwrap_or_default(), named) {
        (Presented { client: Some(_), .. }, Some(_)) => Err(Problem::bad_credential()),
        (Presented { session, client }, named) => {
            Ok(Presented { session, client: client.or(named) })
        }
    }
}

/// The one value of a field, if the field is there.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    match (value.to_str(), values.next()) {
        (Ok(text), None) => Ok(Some(text)),
        (Ok(_) | Err(_), _) => Err(Problem::bad_credential()),
    }
}

fn authorization(value: &str) -> Result<Presented, Problem> {
    let bad = Problem::bad_credential;
    // The name of the scheme ignores case (RFC 9110, 11.1).
    let (scheme, rest) = value.split_once(' ').ok_or_else(bad)?;
    let rest = rest.trim_start_matches(' ');
    if scheme.eq_ignore_ascii_case("basic") {
        let client = basic(rest).ok_or_else(bad)?;
        return Ok(Presented { session: None, client: Some(client) });
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(bad());
    }
    // RFC 6750, 2.1
    match (SessionToken::parse(rest), SecretKey::parse(rest)) {
        (Ok(token), _) => Ok(Presented { session: Some(token), client: None }),
        (Err(_), Ok(key)) => {
            Ok(Presented { session: None, client: Some(ClientCredential::Key(key)) })
        }
        (Err(_), Err(_)) => Err(bad()),
    }
}

/// An id and a secret behind the first colon (RFC 7617, 2, GW-10); without a secret it only names a client.
fn basic(encoded: &str) -> Option<ClientCredential> {
    let text = Secret::new(String::from_utf8(BASE64.decode(encoded.as_bytes()).ok()?).ok()?);
    let (id, secret) = text.expose().split_once(':')?;
    let id = id.parse().ok()?;
    match secret {
        "" => Some(ClientCredential::Id(id)),
        secret => Some(ClientCredential::NamedKey { id, key: SecretKey::parse(secret).ok()? }),
    }
}

fn client(value: &str) -> Result<ClientCredential, Problem> {
    match (SecretKey::parse(value), value.parse()) {
        (Ok(key), _) => Ok(ClientCredential::Key(key)),
        (Err(_), Ok(id)) => Ok(ClientCredential::Id(id)),
        (Err(_), Err(_)) => Err(Problem::bad_credential()),
    }
}

/// Whether the query holds a credential: one of our tokens, or the parameter of RFC 6750, 2.3 (R-HT-09).
pub(crate) fn is_in_query(query: &str) -> bool {
    query.split('&').any(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        name.eq_ignore_ascii_case("access_token") || value.starts_with("dw_")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use durward_core::{ClientId, Entropy, RefreshToken};

    struct Sevens;
    impl Entropy for Sevens {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(7);
        }
    }

    fn presented_by(fields: &[(&'static str, String)]) -> Result<Presented, bool> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        presented(&headers).map_err(|problem| problem.fault().status() == 401)
    }

    /// The session token, or whether the refusal was `401`.
    fn session(fields: &[(&'static str, String)]) -> Result<Option<String>, bool> {
        let presented = presented_by(fields)?;
        Ok(presented.session.map(|token| token.expose().to_owned()))
    }

    /// Id and key of the client, or whether the refusal was `401`.
    fn client(fields: &[(&'static str, String)]) -> Result<(Option<String>, Option<String>), bool> {
        let text = |key: SecretKey| Some(key.expose().to_owned());
        Ok(match presented_by(fields)?.client {
            None => (None, None),
            Some(ClientCredential::Id(id)) => (Some(id.to_string()), None),
            Some(ClientCredential::Key(key)) => (None, text(key)),
            Some(ClientCredential::NamedKey { id, key }) => (Some(id.to_string()), text(key)),
        })
    }

    fn basic(text: &str) -> String {
        format!("Basic {}", BASE64.encode(text.as_bytes()))
    }

    #[test]
    fn a_session_token_is_read_whatever_the_case_of_the_scheme() {
        let token = SessionToken::mint(&Sevens).expose().to_owned();
        for value in [format!("Bearer {token}"), format!("bearer  {token}")] {
            assert_eq!(session(&[("authorization", value)]), Ok(Some(token.clone())));
        }
        assert_eq!(session(&[]), Ok(None));
        assert_eq!(session(&[("cookie", format!("__Host-durward={token}"))]), Ok(None));
    }

    #[test]
    fn a_client_is_named_in_one_of_three_ways() {
        let id = ClientId::from_bytes([7; 16]).to_string();
        let key = SecretKey::mint(&Sevens).expose().to_owned();
        let (named, proven) = (Some(id.clone()), Some(key.clone()));
        let read = |name, value| client(&[(name, value)]);
        let pair = basic(&format!("{id}:{key}"));
        assert_eq!(read("authorization", pair), Ok((named.clone(), proven.clone())));
        assert_eq!(
            read("authorization", basic(&format!("{id}:"))),
            Ok((named.clone(), None)),
            "a public client"
        );
        assert_eq!(read("authorization", format!("Bearer {key}")), Ok((None, proven.clone())));
        assert_eq!(read("durward-client", key.clone()), Ok((None, proven.clone())));
        assert_eq!(read("durward-client", id), Ok((named, None)));
        let token = SessionToken::mint(&Sevens).expose().to_owned();
        let both = [("authorization", format!("Bearer {token}")), ("durward-client", key)];
        assert_eq!(session(&both), Ok(Some(token)));
        assert_eq!(client(&both), Ok((None, proven)));
    }

    #[test]
    fn whatever_is_not_understood_is_a_bad_credential() {
        // GW-09, GW-10, R-SE-10
        let token = SessionToken::mint(&Sevens).expose().to_owned();
        let refresh = RefreshToken::mint(&Sevens).expose().to_owned();
        let key = SecretKey::mint(&Sevens).expose().to_owned();
        let id = ClientId::from_bytes([7; 16]).to_string();
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
            basic(&id),
            basic(&format!("{id}:{key}:x")),
            basic(&format!("{id}:{token}")),
            basic(&format!("{id}: ")),
            basic(&format!(" {id}:{key}")),
            basic(&format!(":{key}")),
            format!("{}=", basic(&format!("{id}:{key}"))),
        ] {
            assert_eq!(session(&[("authorization", value.clone())]), Err(true), "{value}");
        }
        let good = ("authorization", format!("Bearer {token}"));
        assert_eq!(session(&[good.clone(), good.clone()]), Err(true));
        for value in ["", "cli_x", "x", &*token, &format!("{id}, {id}"), &format!(" {id}")] {
            let named = ("durward-client", value.to_owned());
            assert_eq!(session(&[good.clone(), named]), Err(true), "{value}");
        }
        let named = ("durward-client", id.clone());
        assert_eq!(session(&[good, named.clone(), named.clone()]), Err(true));
        let pair = ("authorization", basic(&format!("{id}:{key}")));
        assert_eq!(client(&[pair, named]), Err(true), "one client");
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
