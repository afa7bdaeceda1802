//! `durward openapi`: the document of the interface, without a server.

use durward::Plain;
use durward::http::{Http, HttpSettings};
use durward::sql::SqlStore;

use crate::output::Output;

/// Prints the document.
pub(crate) fn print(output: Output) {
    // It is the same for every engine.
    let document = Http::<SqlStore<sqlx::Sqlite, Plain>>::openapi(&HttpSettings::default());
    output.result(&document, &format_args!("{document:#}\n"));
}
