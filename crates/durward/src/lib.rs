//! Durward, the accounts system.

mod system;

pub use durward_core::*;
#[cfg(feature = "axum")]
pub use durward_http as http;
#[cfg(feature = "mail")]
pub use durward_mail as smtp;
#[cfg(feature = "passwords")]
pub use durward_passwords as hashing;
#[cfg(feature = "memory")]
pub use durward_store_memory::MemoryStore;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub use durward_store_sql as sql;

pub use system::{SystemClock, SystemEntropy};
