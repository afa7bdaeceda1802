//! Lists in parts: `?limit=` and `?cursor=`, and `{ "data": [...], "next": ... }`.

use axum::http::StatusCode;
use axum::response::Response;
use durward_core::page::Place;
use durward_core::{Obstruction, Page, Slice, Store};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::answer::json;
use crate::call::{Call, principal};
use crate::fields::{Fields, Read, text};
use crate::problem::Problem;
use crate::query::{number, parameters};

/// How many rows are told when nobody says how many.
pub(crate) const USUAL: u32 = 25;
/// How many rows are told at most.
pub(crate) const MOST: u32 = 100;

/// A part of a list.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{T}List")]
pub(crate) struct ListView<T> {
    /// The rows, in the order of the list.
    data: Vec<T>,
    /// The `cursor` of the part that follows; `null` when this is the last one.
    next: Option<String>,
}

impl<T> ListView<T> {
    /// A list that is short enough to be told as a whole.
    pub(crate) const fn whole(data: Vec<T>) -> Self {
        Self { data, next: None }
    }
}

/// Reads which part of its list a request asks for.
///
/// A cursor is sealed by the key ring and bound to its caller, to the path and to all other parameters: it
/// opens nothing but the rest of the list that it came with, and tells nothing.
pub(crate) fn slice<S: Store, P: Place>(call: &Call<S>) -> Result<Slice<P>, Problem> {
    let mut fields = parameters(call.uri.query(), &["limit", "cursor"])?;
    let (limit, after) = part(call, &mut fields);
    let (limit, after) = fields.finish((limit, after))?;
    Ok(Slice { after, limit: limit.unwrap_or(USUAL) })
}

/// The same, out of fields that have parameters of the list's own as well.
pub(crate) fn part<S: Store, P: Place>(
    call: &Call<S>,
    fields: &mut Fields,
) -> (Read<Option<u32>>, Read<Option<P>>) {
    let limit = fields.optional("limit", number(1, MOST));
    (limit, fields.optional("cursor", |value| opened(call, value)))
}

/// The part of a list that was read as a whole, in the order of the ids of its rows: the oldest first.
pub(crate) fn cut<T, I: Place + Ord>(
    slice: &Slice<I>,
    mut rows: Vec<T>,
    id: impl Fn(&T) -> I,
) -> Page<T, I> {
    rows.sort_unstable_by_key(&id);
    rows.retain(|row| slice.after.as_ref().is_none_or(|after| id(row) > *after));
    slice.page(rows, id)
}

/// The answer that tells a part.
pub(crate) fn list<'p, S: Store, T, P: Place, V: Serialize>(
    call: &Call<S>,
    page: &'p Page<T, P>,
    view: impl Fn(&'p T) -> V,
) -> Result<Response, Problem> {
    let view = ListView {
        data: page.rows.iter().map(view).collect(),
        next: page.next.as_ref().map(|place| cursor(call, place)),
    };
    json(StatusCode::OK, &view)
}

fn cursor<S: Store, P: Place>(call: &Call<S>, place: &P) -> String {
    call.accounts().cursor(&context(call), place)
}

fn opened<S: Store, P: Place>(call: &Call<S>, value: Value) -> Result<P, Obstruction> {
    let place = call.accounts().place(&context(call), &text(value)?);
    place.ok_or_else(|| {
        Obstruction::new("CURSOR_INVALID", "Must be the cursor of this very list, or be left out.")
    })
}

/// What a cursor belongs to.
fn context<S: Store>(call: &Call<S>) -> Vec<u8> {
    let caller = principal(&call.caller);
    let mut others: Vec<&str> = call.uri.query().unwrap_or_default().split('&').collect();
    others.retain(|it| !it.starts_with("limit=") && !it.starts_with("cursor="));
    others.sort_unstable();
    // None of them has a line break in it.
    let lines = ["cursor", &caller.unwrap_or_default(), call.uri.path()];
    lines.into_iter().chain(others).collect::<Vec<_>>().join("\n").into_bytes()
}
