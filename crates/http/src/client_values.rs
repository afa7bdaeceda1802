//! Reads the values of clients.

use std::ops::RangeInclusive;
use std::time::Duration;

use durward_core::access::{AccessKind, AccessRule};
use durward_core::accounts::too_many_restrictions;
use durward_core::entity::{AccessRestriction, Client, ClientSessions, RateLimit, RedirectUri};
use durward_core::{Obstruction, Plain, RestrictionId, Timestamp};
use serde_json::Value;

use crate::fields::{Fields, Read, one_of, text};
use crate::json::pointer_step;
use crate::query;

/// A limit in requests per second, or `null` for the standard (GW-07).
pub(crate) fn rate_limit(value: Value) -> Result<Option<RateLimit>, Obstruction> {
    if value.is_null() {
        return Ok(None);
    }
    let number = whole(value, 1..=RateLimit::MAX.into())?;
    Ok(u32::try_from(number).ok().and_then(RateLimit::per_second))
}

/// How long a session may last or lie idle, in seconds, or `null` for as long as the deployment allows.
pub(crate) fn session_time(value: Value) -> Result<Option<Duration>, Obstruction> {
    if value.is_null() {
        return Ok(None);
    }
    let range = ClientSessions::SHORTEST.as_secs()..=ClientSessions::LONGEST.as_secs();
    whole(value, range).map(Duration::from_secs).map(Some)
}

/// A whole number within a range.
#[expect(clippy::needless_pass_by_value, reason = "a reader takes what it reads")]
pub(crate) fn whole(value: Value, range: RangeInclusive<u64>) -> Result<u64, Obstruction> {
    let found = value.as_u64().filter(|number| range.contains(number));
    found.ok_or_else(|| {
        let (least, most) = (*range.start(), *range.end());
        let text = format!("Must be a whole number from {least} to {most}.");
        Obstruction::new("OUT_OF_RANGE", text).with("min", least).with("max", most)
    })
}

/// `true` or `false`.
#[expect(clippy::needless_pass_by_value, reason = "a reader takes what it reads")]
pub(crate) fn flag(value: Value) -> Result<bool, Obstruction> {
    match value {
        Value::Bool(flag) => Ok(flag),
        Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            Err(Obstruction::new("WRONG_TYPE", "Must be true or false."))
        }
    }
}

/// A moment, or `null` for never.
pub(crate) fn moment_or_never(value: Value) -> Result<Option<Timestamp>, Obstruction> {
    if value.is_null() { Ok(None) } else { query::moment(value).map(Some) }
}

/// A moment after this one, or `null` for never.
pub(crate) fn future(
    now: Timestamp,
) -> impl FnOnce(Value) -> Result<Option<Timestamp>, Obstruction> {
    move |value| match moment_or_never(value)? {
        Some(at) if at <= now => Err(Obstruction::new("TIME_PAST", "Must be in the future.")),
        moment => Ok(moment),
    }
}

/// The addresses that a browser may be sent back to, each once.
pub(crate) fn redirect_uris(fields: &mut Fields) -> Read<Option<Vec<RedirectUri>>> {
    let most = Client::<Plain>::MOST_REDIRECT_URIS;
    let too_many = || {
        Obstruction::new("TOO_MANY", format!("Must be at most {most}.")).with("max", most as u64)
    };
    let read = items(fields, "redirectUris", (most, too_many), |item| {
        text(item).and_then(|text| RedirectUri::parse(&text)).map_err(|it| vec![it])
    });
    match read {
        Read::Good(Some(uris)) => Read::Good(Some(distinct(uris))),
        Read::Good(None) => Read::Good(None),
        Read::Bad => Read::Bad,
    }
}

/// The rules of `restrictions`, all of them canonical; everything that is wrong with them is told.
pub(crate) fn rules(fields: &mut Fields) -> Read<Option<Vec<AccessRule>>> {
    let limit = (AccessRestriction::MOST, too_many_restrictions);
    items(fields, "restrictions", limit, |item| {
        rule(item).map_err(|problem| problem.obstructions().to_vec())
    })
}

fn rule(item: Value) -> Result<AccessRule, crate::problem::Problem> {
    let mut fields = Fields::of(item)?;
    let kind = fields.required("type", |value| {
        AccessKind::named(&text(value)?)
            .ok_or_else(|| one_of(&AccessKind::ALL.map(AccessKind::name)))
    });
    let value = fields.required("value", text);
    let rule = match (kind.as_good(), value.as_good()) {
        (Some(kind), Some(text)) => match AccessRule::parse(*kind, text) {
            Ok(rule) => Read::Good(rule),
            Err(obstruction) => fields.bad(obstruction.at("/value")),
        },
        (None, _) | (_, None) => Read::Bad,
    };
    let (rule,) = fields.finish((rule,))?;
    Ok(rule)
}

/// The ids of restrictions.
pub(crate) fn restriction_ids(fields: &mut Fields) -> Read<Option<Vec<RestrictionId>>> {
    let limit = (AccessRestriction::MOST, || too_many_restrictions().at("/ids"));
    items(fields, "ids", limit, |item| {
        let id = text(item).map_err(|it| vec![it])?.parse();
        id.map_err(|_no_id| {
            vec![Obstruction::new("ID_INVALID", "Must be the id of a restriction, `res_...`.")]
        })
    })
}

/// Reads a list item by item, and finds everything that is wrong with them; one that is too long is not looked
/// into.
fn items<T>(
    fields: &mut Fields,
    name: &'static str,
    (most, too_many): (usize, impl FnOnce() -> Obstruction),
    parse: impl Fn(Value) -> Result<T, Vec<Obstruction>>,
) -> Read<Option<Vec<T>>> {
    let items = match fields.take(name) {
        None => return Read::Good(None),
        Some(Value::Array(items)) => items,
        Some(
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_),
        ) => {
            let wrong = Obstruction::new("WRONG_TYPE", "Must be a list.");
            return fields.bad(wrong.at(pointer_step(name)));
        }
    };
    if items.len() > most {
        return fields.bad(too_many().at(pointer_step(name)));
    }
    let mut read = Vec::with_capacity(items.len());
    let mut is_good = true;
    for (index, item) in items.into_iter().enumerate() {
        match parse(item) {
            Ok(item) => read.push(item),
            Err(found) => {
                is_good = false;
                for mut obstruction in found {
                    obstruction.pointer.insert_str(0, &format!("{}/{index}", pointer_step(name)));
                    fields.refuse(obstruction);
                }
            }
        }
    }
    if is_good { Read::Good(Some(read)) } else { Read::Bad }
}

fn distinct<T: PartialEq>(items: Vec<T>) -> Vec<T> {
    let mut kept: Vec<T> = Vec::with_capacity(items.len());
    for item in items {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    kept
}
