//! A secret, where text belongs.

use durward::Secret;

fn log(secret: &Secret<String>) -> String {
    format!("the secret is {secret}")
}

fn main() {}
