//! Durward.
