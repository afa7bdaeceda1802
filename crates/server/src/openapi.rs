//! `durward openapi`: the document of the interface, without a server.

use durward::Plain;
use durward::http::HttpSettings;
use durward::sql::SqlStore;

use crate::output::Output;

/// Prints the document.
pub(crate) fn print(output: Output) {
    // It is the same for every engine.
    let document =
        durward::http::openapi::<SqlStore<sqlx::Sqlite, Plain>>(&HttpSettings::default());
    output.result(&document, &format_args!("{document:#}\n"));
}
