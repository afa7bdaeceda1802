//! The most that one hash may cost.
//!
//! A stored hash says itself how much work it is, and whoever imports hashes decides what it says. None of
//! these lets one verification take longer than a few seconds on slow hardware (R-PW-13).

/// The longest stored hash that is read, in bytes.
pub const MAX_TEXT: usize = 512;

/// The fewest bytes of a digest: a shorter one would accept wrong passwords.
pub const MIN_DIGEST: usize = 16;

/// The most bytes of a digest; every format's own is shorter.
pub const MAX_DIGEST: usize = 64;

/// Argon2: memory in KiB times passes. The default cost is 38,912.
pub const MAX_ARGON2_WORK: u64 = 4 * 1_024 * 1_024;

/// Argon2: lanes. They are computed one after the other and do not add to the work.
pub const MAX_ARGON2_LANES: u32 = 64;

/// bcrypt: the binary logarithm of its rounds.
pub const MAX_BCRYPT_COST: u32 = 15;

/// scrypt: N times r times p. The usual N = 2^17, r = 8, p = 1 is 2^20.
pub const MAX_SCRYPT_WORK: u64 = 1 << 22;

/// PBKDF2: iterations times blocks of output.
pub const MAX_PBKDF2_WORK: u64 = 4_000_000;
