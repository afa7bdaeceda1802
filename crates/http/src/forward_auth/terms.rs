use axum::http::{HeaderMap, Uri};
use durward_core::{Attrs, Caller, Obstruction};
use serde_json::Value;

use super::Proxy;
use crate::fields::{Fields, invalid, text};
use crate::headers::DURWARD_DEMAND;
use crate::json::pointer_step;
use crate::problem::Problem;
use crate::query::{all_parameters, flag};

/// On what terms a service may be reached, as its proxy is configured to say.
///
/// They come in the query; from Envoy, which writes the query of the request there, in a field of their own.
/// Whatever is not known is refused, since a misspelt demand must not be none.
pub(super) struct Terms<A: Attrs> {
    /// Whom the identity is for.
    pub(super) audience: Option<String>,
    /// One of these roles the user must have, if there are any.
    roles: Vec<A::UserRole>,
    /// Whether paths may be of a kind that two programs could read differently.
    pub(super) any_path: bool,
}

const AUDIENCE: &str = "audience";

impl<A: Attrs> Terms<A> {
    pub(super) fn read(proxy: Proxy, uri: &Uri, headers: &HeaderMap) -> Result<Self, Problem> {
        let text = match proxy {
            Proxy::Nginx | Proxy::Traefik | Proxy::Caddy => uri.query(),
            Proxy::Envoy => demanded(headers)?,
        };
        Self::parse(all_parameters(text)?)
    }

    fn parse(mut fields: Fields) -> Result<Self, Problem> {
        let audience = fields.optional(AUDIENCE, text);
        let roles = fields.optional("role", roles::<A>);
        let any_path = fields.optional("anyPath", flag);
        let (audience, roles, any_path) = fields.finish((audience, roles, any_path))?;
        Ok(Self {
            audience,
            roles: roles.unwrap_or_default(),
            any_path: any_path.unwrap_or_default(),
        })
    }

    /// The refusal of an audience that nobody named in the settings.
    pub(super) fn refuse_audience(wrong: Obstruction) -> Problem {
        invalid([wrong.at(pointer_step(AUDIENCE))])
    }

    /// Whether the caller is somebody who may go on. A role is one of the user's, read from the store a moment
    /// ago (R-AZ-06).
    pub(super) fn are_met(&self, caller: &Caller<A>) -> bool {
        let held = caller.user.as_ref().map_or(&[][..], |user| &user.roles);
        self.roles.is_empty() || held.iter().any(|role| self.roles.contains(role))
    }
}

/// Roles, with commas between them.
fn roles<A: Attrs>(value: Value) -> Result<Vec<A::UserRole>, Obstruction> {
    let names = text(value)?;
    let role = |name: &str| serde_json::from_value(Value::from(name));
    names.split(',').map(role).collect::<Result<_, _>>().map_err(|_no_role| {
        Obstruction::new("UNKNOWN_VALUE", "Must hold roles of this deployment only.")
    })
}

/// The field that Envoy is configured to add; a second one was not added by Envoy (R-IN-06).
fn demanded(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(&DURWARD_DEMAND).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    match (value.to_str(), values.next()) {
        (Ok(text), None) => Ok(Some(text)),
        (Ok(_) | Err(_), _) => {
            Err(Problem::header("DEMAND_MALFORMED", "Durward-Demand must be one visible text."))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use durward_core::{Method, Plain, SessionId, StandardRole, Timestamp, UserCaller, UserId};

    fn read(query: &str) -> Result<Terms<Plain>, Vec<(String, String)>> {
        let uri: Uri = format!("/forward-auth/nginx?{query}").parse().unwrap();
        let refused = |problem: Problem| {
            let found = problem.obstructions().iter();
            found.map(|it| (it.pointer.clone(), it.code.to_string())).collect()
        };
        Terms::read(Proxy::Nginx, &uri, &HeaderMap::new()).map_err(refused)
    }

    fn caller(role: StandardRole) -> Caller {
        let user = UserCaller {
            id: UserId::from_bytes([1; 16]),
            session_id: SessionId::from_bytes([9; 16]),
            roles: vec![role],
            scopes: None,
            methods: vec![Method::Password],
            authenticated_at: Timestamp::from_millis(0),
            actor: None,
        };
        Caller { user: Some(user), ..Caller::anonymous(None) }
    }

    #[test]
    fn one_of_the_roles_is_enough_and_none_is_not() {
        let (user, administrator) =
            (caller(StandardRole::User), caller(StandardRole::Administrator));
        let none = read("").unwrap();
        assert!(none.are_met(&user) && none.are_met(&Caller::anonymous(None)));
        let one = read("audience=orders&role=administrator").unwrap();
        assert_eq!(one.audience.as_deref(), Some("orders"));
        assert!(one.are_met(&administrator) && !one.are_met(&user));
        assert!(!one.are_met(&Caller::anonymous(None)));
        assert!(read("role=administrator,user").unwrap().are_met(&user));
    }

    #[test]
    fn an_audience_of_nobody_is_pointed_at() {
        let wrong = Obstruction::new("UNKNOWN_VALUE", "Must be one of the settings.");
        let problem = Terms::<Plain>::refuse_audience(wrong);
        assert_eq!(problem.obstructions()[0].pointer, "/audience");
    }

    #[test]
    fn a_demand_that_is_not_understood_is_not_none() {
        let both = [("/Role".to_owned(), "UNKNOWN_FIELD".to_owned())];
        assert_eq!(read("Role=administrator").map(drop).unwrap_err(), both);
        for query in [
            "role=",
            "role=root",
            "role=user,",
            "role=user&role=administrator",
            "rol=administrator",
            "anyPath=yes",
            "role=%ff",
            "audience=a&audience=b",
            "%ff=x",
            "x",
        ] {
            assert!(read(query).is_err(), "{query}");
        }
    }

    #[test]
    fn the_demand_of_envoy_stands_in_a_field_and_the_query_is_the_request_s() {
        let uri = Uri::from_static("/forward-auth/envoy/orders?audience=billing&x=y");
        let mut headers = HeaderMap::new();
        let mut read = |value: Option<&'static str>| {
            if let Some(value) = value {
                headers.append(&DURWARD_DEMAND, HeaderValue::from_static(value));
            }
            Terms::<Plain>::read(Proxy::Envoy, &uri, &headers).map(|terms| terms.audience)
        };
        assert_eq!(read(None).unwrap(), None);
        assert_eq!(read(Some("audience=orders")).unwrap().as_deref(), Some("orders"));
        assert_eq!(read(Some("audience=orders")).unwrap_err().fault().status(), 400);
    }
}
