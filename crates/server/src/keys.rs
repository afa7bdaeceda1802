//! `durward keys`: makes server keys.

use durward::{KeyRing, SystemEntropy};
use serde_json::json;

use crate::output::Output;

/// Prints a new key. It is printed once and kept nowhere.
pub(crate) fn generate(id: u32, output: Output) {
    let keys = KeyRing::generate(id, &SystemEntropy);
    let text = format!("{}\n", keys.expose());
    output.result(&json!({ "keys": keys.expose() }), &text);
}
