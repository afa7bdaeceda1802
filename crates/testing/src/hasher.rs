//! Password hashing that takes no time.

use std::fmt::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use durward_core::password::{Admission, HashError, Verdict};
use durward_core::{Password, PasswordHash, PasswordHasher};
use sha2::{Digest, Sha256};

/// A password hasher for tests: one round of salted SHA-256, which protects nobody's password.
///
/// Its salts are numbers, so that the same test makes the same hashes. A text that it did not make
/// itself is a wrong password, as with the standard hasher.
#[derive(Debug, Default)]
pub struct TestHasher {
    next_salt: AtomicU64,
    /// Hashes with an older one are out of date.
    generation: AtomicU64,
    runs: AtomicU64,
    is_busy: AtomicBool,
}

impl TestHasher {
    /// How long a caller is told to stay away while the hasher is busy.
    pub const RETRY_AFTER: Duration = Duration::from_secs(3);

    /// A hasher that admits everyone.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether everyone is turned away from now on (R-PW-13).
    pub fn set_busy(&self, is_busy: bool) {
        self.is_busy.store(is_busy, Ordering::SeqCst);
    }

    /// Makes all hashes so far out of date: the next right password has its hash replaced (R-PW-09).
    pub fn age(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
    }

    /// How often a password was hashed or verified, with or without a hash: the work that a stranger
    /// could measure (R-EN-02).
    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::SeqCst)
    }

    fn new_hash(&self, password: &Password) -> PasswordHash {
        let salt = self.next_salt.fetch_add(1, Ordering::SeqCst);
        PasswordHash::from_stored(text(self.generation.load(Ordering::SeqCst), salt, password))
    }
}

#[async_trait]
impl PasswordHasher for TestHasher {
    fn admit(&self) -> Result<Admission, HashError> {
        if self.is_busy.load(Ordering::SeqCst) {
            return Err(HashError::Busy { retry_after: Self::RETRY_AFTER });
        }
        Ok(Admission::unlimited())
    }

    async fn hash(&self, password: Password, _: Admission) -> Result<PasswordHash, HashError> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        Ok(self.new_hash(&password))
    }

    async fn verify(
        &self,
        password: Password,
        hash: Option<PasswordHash>,
        _: Admission,
    ) -> Result<Verdict, HashError> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        let made_of = hash.as_ref().and_then(|hash| {
            let (generation, salt) = numbers(hash.as_str())?;
            (hash.as_str() == text(generation, salt, &password)).then_some(generation)
        });
        Ok(match made_of {
            None => Verdict::Wrong,
            Some(generation) if generation == self.generation.load(Ordering::SeqCst) => {
                Verdict::Right
            }
            Some(_older) => Verdict::RightRehashed(self.new_hash(&password)),
        })
    }
}

/// `$test-sha256$<generation>$<salt>$<digest>`.
fn text(generation: u64, salt: u64, password: &Password) -> String {
    let digest =
        Sha256::new().chain_update(salt.to_be_bytes()).chain_update(password.expose()).finalize();
    digest.iter().fold(format!("$test-sha256${generation}${salt}$"), |mut text, byte| {
        // Writing to a string does not fail.
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}

fn numbers(text: &str) -> Option<(u64, u64)> {
    let mut fields = text.strip_prefix("$test-sha256$")?.split('$');
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use durward_core::Secret;

    use super::*;

    /// The result of a future that never waits.
    fn now<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("a test hasher waits for nothing"),
        }
    }

    fn password(typed: &str) -> Password {
        Password::parse(Secret::new(typed.to_owned())).unwrap()
    }

    fn verify(hasher: &TestHasher, typed: &str, hash: Option<&PasswordHash>) -> Verdict {
        let admission = hasher.admit().unwrap();
        now(hasher.verify(password(typed), hash.cloned(), admission)).unwrap()
    }

    #[test]
    fn a_password_is_right_for_its_own_hash_only() {
        let hasher = TestHasher::new();
        let hash = || now(hasher.hash(password("teapot"), Admission::unlimited())).unwrap();
        let (one, other) = (hash(), hash());
        assert_ne!(one, other);
        assert_eq!(verify(&hasher, "teapot", Some(&one)), Verdict::Right);
        assert_eq!(verify(&hasher, "Teapot", Some(&one)), Verdict::Wrong);
        assert_eq!(verify(&hasher, "teapot", None), Verdict::Wrong);
        let foreign = PasswordHash::from_stored("$2b$12$".to_owned());
        assert_eq!(verify(&hasher, "teapot", Some(&foreign)), Verdict::Wrong);
        assert_eq!(hasher.runs(), 6);
    }

    #[test]
    fn an_aged_hash_is_replaced() {
        let hasher = TestHasher::new();
        let old = now(hasher.hash(password("teapot"), Admission::unlimited())).unwrap();
        hasher.age();
        assert_eq!(verify(&hasher, "wrong", Some(&old)), Verdict::Wrong);
        let Verdict::RightRehashed(new) = verify(&hasher, "teapot", Some(&old)) else { panic!() };
        assert_eq!(verify(&hasher, "teapot", Some(&new)), Verdict::Right);
    }

    #[test]
    fn a_busy_hasher_admits_nobody() {
        let hasher = TestHasher::new();
        hasher.set_busy(true);
        let busy = HashError::Busy { retry_after: TestHasher::RETRY_AFTER };
        assert_eq!(hasher.admit().map(drop), Err(busy));
        hasher.set_busy(false);
        assert!(hasher.admit().is_ok());
    }
}
