//! Reads the query of a request, as [`Fields`] are read.

use durward_core::entity::SearchKey;
use durward_core::{ClientId, Obstruction, OrganizationId, Timestamp, UserId};
use percent_encoding::percent_decode_str;
use serde_json::map::Entry;
use serde_json::{Map, Value};

use crate::error::Fault;
use crate::fields::{Fields, text};
use crate::json::pointer_step;
use crate::problem::Problem;

/// The parameters of a query that have these names, as the members of an object of texts. All others are ignored; what
/// is no UTF-8 is a value that no reader accepts, and one that appears twice is refused (R-IN-06).
pub(crate) fn parameters(query: Option<&str>, names: &[&str]) -> Result<Fields, Problem> {
    let mut members = Map::new();
    for (name, value) in pairs(query) {
        let Some(name) = names.iter().find(|known| name.as_deref() == Some(**known)) else {
            continue;
        };
        note(&mut members, (*name).to_owned(), value)?;
    }
    Fields::of(Value::Object(members))
}

/// All parameters of a query, for whom an unknown one is a mistake.
pub(crate) fn all_parameters(query: Option<&str>) -> Result<Fields, Problem> {
    let mut members = Map::new();
    for (name, value) in pairs(query) {
        // What is no UTF-8 has a name that nobody asks for.
        let name = name.unwrap_or_else(|| String::from("\u{fffd}"));
        note(&mut members, name, value)?;
    }
    Fields::of(Value::Object(members))
}

fn note(
    members: &mut Map<String, Value>,
    name: String,
    value: Option<String>,
) -> Result<(), Problem> {
    match members.entry(name) {
        Entry::Vacant(free) => free.insert(value.map_or(Value::Null, Value::String)),
        Entry::Occupied(taken) => {
            let text = "A parameter may appear only once.";
            let found = Obstruction::new("PARAMETER_REPEATED", text).at(pointer_step(taken.key()));
            return Err(Problem::new(Fault::BadQuery).because([found]));
        }
    };
    Ok(())
}

/// Names and values as forms write them; what is no UTF-8 is `None`.
fn pairs(query: Option<&str>) -> impl Iterator<Item = (Option<String>, Option<String>)> {
    let parts = query.unwrap_or_default().split('&').filter(|part| !part.is_empty());
    parts.map(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (decoded(name), decoded(value))
    })
}

fn decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// A number from `least` to `most`, in digits.
pub(crate) fn number(least: u32, most: u32) -> impl FnOnce(Value) -> Result<u32, Obstruction> {
    move |value| {
        let typed = text(value)?;
        let digits = !typed.is_empty() && typed.bytes().all(|byte| byte.is_ascii_digit());
        let number = typed.parse().ok().filter(|number| (least..=most).contains(number));
        number.filter(|_| digits).ok_or_else(|| {
            Obstruction::new("OUT_OF_RANGE", format!("Must be a number from {least} to {most}."))
                .with("min", least.into())
                .with("max", most.into())
        })
    }
}

/// The id of a user.
pub(crate) fn user(value: Value) -> Result<UserId, Obstruction> {
    let id = text(value)?.parse();
    id.map_err(|_no_id| Obstruction::new("ID_INVALID", "Must be the id of a user, `usr_...`."))
}

/// The id of a client.
pub(crate) fn client(value: Value) -> Result<ClientId, Obstruction> {
    let id = text(value)?.parse();
    id.map_err(|_no_id| Obstruction::new("ID_INVALID", "Must be the id of a client, `cli_...`."))
}

/// The id of an organization.
pub(crate) fn organization(value: Value) -> Result<OrganizationId, Obstruction> {
    let id = text(value)?.parse();
    id.map_err(|_no_id| {
        Obstruction::new("ID_INVALID", "Must be the id of an organization, `org_...`.")
    })
}

/// How a name begins.
pub(crate) fn begin(value: Value) -> Result<SearchKey, Obstruction> {
    SearchKey::parse(&text(value)?).ok_or_else(|| {
        let most = SearchKey::MAX_CHARACTERS;
        let text = format!("Must be 1 to {most} characters that can be seen.");
        Obstruction::new("SEARCH_INVALID", text).with("max", most.into())
    })
}

/// A moment.
pub(crate) fn moment(value: Value) -> Result<Timestamp, Obstruction> {
    let at = text(value)?.parse();
    at.map_err(|_no_time| Obstruction::new("TIME_INVALID", "Must be a time in RFC 3339."))
}

/// `true` or `false`.
pub(crate) fn flag(value: Value) -> Result<bool, Obstruction> {
    match text(value)?.as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(crate::fields::one_of(&["true", "false"])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(query: &str) -> Result<Option<u32>, String> {
        let mut fields = parameters(Some(query), &["limit"]).unwrap();
        let limit = fields.optional("limit", number(1, 100));
        let finished = fields.finish((limit,));
        finished.map(|(limit,)| limit).map_err(|problem| {
            let found = &problem.obstructions()[0];
            assert_eq!(found.pointer, "/limit");
            found.code.clone().into_owned()
        })
    }

    #[test]
    fn a_number_is_in_its_range_and_in_digits() {
        assert_eq!(limit(""), Ok(None));
        assert_eq!(limit("other=1&other=2&x"), Ok(None));
        assert_eq!(limit("limit=1"), Ok(Some(1)));
        assert_eq!(limit("a=%ff&lim%69t=%31%300"), Ok(Some(100)));
        for wrong in ["0", "101", "", "+1", "-1", "1.0", "1e1", "4294967297", "%201"] {
            assert_eq!(limit(&format!("limit={wrong}")), Err("OUT_OF_RANGE".into()), "{wrong}");
        }
        assert_eq!(limit("limit=%ff"), Err("WRONG_TYPE".into()));
    }

    #[test]
    fn a_parameter_that_appears_twice_has_no_value() {
        // R-IN-06
        for twice in ["limit=1&limit=1", "limit=1&x=2&lim%69t=2"] {
            for read in [parameters(Some(twice), &["limit"]), all_parameters(Some(twice))] {
                let problem = read.unwrap_err();
                let found = &problem.obstructions()[0];
                assert_eq!(problem.fault().status(), 400, "{twice}");
                assert_eq!((&*found.pointer, &*found.code), ("/limit", "PARAMETER_REPEATED"));
            }
        }
    }
}
