//! Rate limits on Redis or Valkey: a [`RateLimiter`] whose budgets all nodes share.
//!
//! ```
//! use std::sync::Arc;
//! use durward_core::{Secret, Sharing};
//! use durward_redis::{RedisError, RedisLimiter, RedisSettings};
//!
//! fn sharing() -> Result<Sharing, RedisError> {
//!     let url = Secret::new(String::from("redis://127.0.0.1:6379"));
//!     Ok(Sharing::Limiter(Arc::new(RedisLimiter::new(&RedisSettings::at(url))?)))
//! }
//! # assert!(sharing().is_ok());
//! ```
//!
//! A budget is one key with one number, under the digest of what it counts, and expires when it is whole. It is
//! debited by one script on the server, by the server's clock. Redis from version 5 on and every Valkey will do; not
//! their cluster mode.

mod script;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use data_encoding::BASE64URL_NOPAD;
use durward_core::budget::{BudgetKey, Debit, Rate};
use durward_core::{Digest, RateLimiter, RateLimiterError, Secret};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, TlsCertificates};
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use script::Script;

/// How long a connection may take to be made.
const CONNECTING: Duration = Duration::from_millis(500);
/// How long an answer may take.
const ANSWERING: Duration = Duration::from_millis(250);

/// Where the server is, and how its keys begin.
#[derive(Clone, Debug)]
pub struct RedisSettings {
    /// Its URL: `redis://user:password@host:6379/0`, or `rediss://` for TLS. What stands in front of the `@`, and
    /// the number of the database behind the host, may be left out.
    pub url: Secret<String>,
    /// What every key begins with.
    pub key_prefix: String,
    /// Certificates of authorities (PEM) that count instead of the public ones.
    pub authorities: Option<Vec<u8>>,
}

/// The settings cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedisError {
    /// The URL is none of a server.
    #[error("the URL is none of a Redis or Valkey server")]
    Url,
    /// The authorities are no certificates in PEM form.
    #[error("the authorities are no certificates in PEM form")]
    Authorities,
}

/// Budgets of requests on a Redis or Valkey server.
///
/// It connects when it is asked first, and anew after a failure. An answer takes a quarter of a second at most, a
/// connection half a second; what takes longer has failed.
pub struct RedisLimiter {
    client: Client,
    key_prefix: String,
    script: Script,
    connection: Mutex<Option<MultiplexedConnection>>,
}

impl RedisSettings {
    /// The server at this URL, with keys that begin with `durward:`.
    pub fn at(url: Secret<String>) -> Self {
        Self { url, key_prefix: String::from("durward:"), authorities: None }
    }
}

impl RedisLimiter {
    /// Takes the settings; the server need not be there yet.
    pub fn new(settings: &RedisSettings) -> Result<Self, RedisError> {
        let url = settings.url.expose().as_str();
        let client = match &settings.authorities {
            Some(pem) if url.starts_with("rediss:") => {
                Client::open(url).map_err(|_unfit| RedisError::Url)?;
                // One without a certificate would trust nobody.
                if CertificateDer::pem_slice_iter(pem).next().is_none_or(|it| it.is_err()) {
                    return Err(RedisError::Authorities);
                }
                let root_cert = Some(pem.clone());
                let certificates = TlsCertificates { client_tls: None, root_cert };
                Client::build_with_tls(url, certificates)
                    .map_err(|_unfit| RedisError::Authorities)?
            }
            Some(_) | None => Client::open(url).map_err(|_unfit| RedisError::Url)?,
        };
        Ok(Self {
            client,
            key_prefix: settings.key_prefix.clone(),
            script: Script::new(),
            connection: Mutex::default(),
        })
    }

    /// Tries the server out: whether it is there, lets us in, and runs the script.
    pub async fn check(&self) -> Result<(), RateLimiterError> {
        let nobody = BudgetKey(Digest::from_bytes([0; 32]));
        self.debit(nobody, &Rate::per(1_000, Duration::from_secs(1))).await.map(drop)
    }

    async fn ask(&self, key: &str, rate: &Rate) -> redis::RedisResult<Debit> {
        let mut connection = self.connection().await?;
        let wait = self.script.run(&mut connection, key, rate).await?;
        Ok(match wait {
            None => Debit::Granted,
            Some(retry_after) => Debit::Refused { retry_after },
        })
    }

    /// The one connection, which any number of requests may use at once.
    async fn connection(&self) -> redis::RedisResult<MultiplexedConnection> {
        let mut held = self.connection.lock().await;
        if let Some(connection) = &*held {
            return Ok(connection.clone());
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECTING))
            .set_response_timeout(Some(ANSWERING));
        let made = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        *held = Some(made.clone());
        Ok(made)
    }
}

#[async_trait]
impl RateLimiter for RedisLimiter {
    async fn debit(&self, key: BudgetKey, rate: &Rate) -> Result<Debit, RateLimiterError> {
        let BudgetKey(key) = key;
        let key = format!("{}{}", self.key_prefix, BASE64URL_NOPAD.encode(key.as_bytes()));
        let asked = match timeout(CONNECTING + ANSWERING, self.ask(&key, rate)).await {
            Ok(answer) => answer.map_err(RateLimiterError::new),
            Err(late) => Err(RateLimiterError::new(late)),
        };
        if asked.is_err()
            && let Ok(mut held) = self.connection.try_lock()
        {
            // It may be one to a server that is not the right one any more.
            *held = None;
        }
        asked
    }
}

impl fmt::Debug for RedisLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLimiter").field("key_prefix", &self.key_prefix).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_is_none_of_a_server_is_refused_and_never_shown() {
        // R-LG-02
        for url in ["", "127.0.0.1:6379", "http://u:hunter9@redis.example", "redis://"] {
            let settings = RedisSettings::at(Secret::new(url.into()));
            let refused = RedisLimiter::new(&settings).map(drop);
            assert!(matches!(refused, Err(RedisError::Url)), "{url}: {refused:?}");
        }
        let settings = RedisSettings::at(Secret::new("rediss://u:hunter9@redis.example/1".into()));
        let limiter = RedisLimiter::new(&settings).unwrap();
        assert!(!format!("{settings:?} {limiter:?}").contains("hunter9"));
        let settings = RedisSettings { authorities: Some(b"no certificate".into()), ..settings };
        assert!(matches!(RedisLimiter::new(&settings), Err(RedisError::Authorities)));
    }
}
