//! Password hashing for Durward: Argon2id on a bounded pool of threads.
//!
//! [`PasswordPool`] is the standard [`PasswordHasher`](durward_core::PasswordHasher). New hashes are
//! Argon2id over a keyed pepper (R-PW-08), hashes imported from other systems are verified by their own
//! rules and replaced at the next login (R-PW-09), and all of it happens within a stated number of
//! threads, places and bytes (R-PW-13).
//!
//! # How a password is stored
//! As a [PHC string](https://github.com/P-H-C/phc-string-format):
//! ```text
//! $durward-argon2id$v=19$m=19456,t=2,p=1,k=1,n=nfkc1$<16 bytes of salt>$<32 bytes of digest>
//! ```
//! `m`, `t` and `p` are Argon2's memory in KiB, passes and lanes. `k` is the number of the key whose pepper
//! was used, and `n` how the password was normalised: `nfkc1` is NFKC (R-PW-04). What Argon2id (RFC 9106,
//! version 1.3) hashes is not the password but HMAC-SHA-256(pepper, password): a stolen database alone is
//! no use to guess with, and no length of password matters to Argon2.
//!
//! # What may be imported
//! | format | as written by |
//! | --- | --- |
//! | `$argon2id$`, `$argon2i$`, `$argon2d$` | every Argon2 library (PHC) |
//! | `$2a$`, `$2b$`, `$2y$`, `$2x$` | bcrypt, see below |
//! | `$scrypt$ln=..,r=..,p=..$` | passlib, RustCrypto (PHC) |
//! | `$firebase-scrypt$ln=..,r=..,sep=..,key=..$` | Firebase: `mem_cost`, `rounds`, salt separator and signer key, then salt and hash |
//! | `$7$` | libxcrypt, libsodium |
//! | `$pbkdf2$`, `$pbkdf2-sha1$`, `$pbkdf2-sha256$`, `$pbkdf2-sha512$` | passlib (`$<rounds>$`) and PHC (`$i=<rounds>$`) |
//! | `pbkdf2_sha1$`, `pbkdf2_sha256$` | Django |
//!
//! They are compared with the bytes that were typed, not with the normalised text. bcrypt reads no more
//! than 72 bytes, and longer passwords are cut there as the original systems did; the hash that replaces
//! it covers the whole password. A password with a zero byte never matches a bcrypt hash, of which it may
//! be a collision, and `$2x$`, made by a faulty implementation, matches ASCII passwords only, for which the
//! fault makes no difference. The cost of a hash has an upper bound ([`limits`]). One beyond it, or one
//! that cannot be read, is treated as absent and reported to the log, without the hash (AM-12).
//!
//! A wrong password for a cheap imported hash costs a verification of ours on top of it, which hides it. One for a
//! costlier hash takes as long as that hash takes: until its owner's next login its time differs from that of an account
//! without a password.
//!
//! # Breached passwords
//! With the feature `breaches`, `RangeClient` asks a service that knows them, such as Pwned Passwords. It learns the
//! first five of the forty digits of a SHA-1 digest, and nothing about whose password it is.

mod argon2id;
mod hasher;
mod imported;
pub mod limits;
mod memory;
mod metrics;
mod own_hash;
mod phc;
mod pool;
mod queue;
#[cfg(feature = "breaches")]
mod range;
mod settings;
#[cfg(test)]
mod tests;
mod worker;

pub use argon2id::BareArgon2;
pub use imported::{NotImported, imported_hash};
pub use pool::PasswordPool;
#[cfg(feature = "breaches")]
pub use range::{RangeClient, RangeUrl, RangeUrlError};
pub use settings::{Cost, PoolSettings, SettingsError, StartError};
