//! Mistakes that do not compile, and what the compiler says about each.
//!
//! The messages are kept under review in the `.stderr` files. After a new compiler changed their wording, read
//! them again and run with `TRYBUILD=overwrite`.
#![cfg(all(feature = "passwords", feature = "postgres", feature = "sqlite"))]

#[test]
fn mistakes_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
