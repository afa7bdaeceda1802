//! How the nodes of the deployment keep to the rates of requests, and where the server is that counts for them.

use std::path::PathBuf;

use durward::Secret;
use durward::entity::NodeName;
use durward::redis::{RedisError, RedisLimiter, RedisSettings};
use serde_json::{Value, json};
use url::Url;

use super::Mode;
use super::address::{EngineKind, is_example, masked};
use super::problem::Problem;
use super::reader::Reader;
use super::source::reason;
use super::value::{Setting, words};

/// Who counts the requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counting {
    /// Each node for itself.
    Process,
    /// All of them, in the database.
    Database,
    /// All of them, on a server beside it.
    Redis,
}

words!(
    Counting,
    "one of \"process\", \"database\", \"redis\"",
    Counting::Process => "process",
    Counting::Database => "database",
    Counting::Redis => "redis",
);

impl Counting {
    /// What counts where nothing was set. A development server may have others beside it.
    pub(crate) const fn by_default(redis: bool, engine: EngineKind, mode: Mode) -> Self {
        match (redis, engine, mode) {
            (true, _, _) => Self::Redis,
            (false, EngineKind::Sqlite, Mode::Production) => Self::Process,
            (false, _, _) => Self::Database,
        }
    }

    pub(super) fn read(reader: &mut Reader, redis: bool) -> Option<Self> {
        let path = "limits.sharing";
        let read = reader.optional(path);
        if read == Some(Self::Redis) && !redis {
            let origin = reader.origin(path).map(|it| it as _);
            let problem = Problem::wrong(path, origin, "is \"redis\", and redis.url is not set");
            reader.object(problem.with_fix(REDIS_URL));
        }
        read
    }
}

const REDIS_URL: &str = "\
Say where Redis or Valkey is:
  DURWARD_REDIS_URL=rediss://user:password@redis.example.com
or name a file that holds it:
  DURWARD_REDIS_URL_FILE=/run/secrets/redis-url";

impl Setting for NodeName {
    const FORM: &'static str = "1 to 200 visible ASCII characters";
    fn from_text(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|_unfit| Self::FORM.to_owned())
    }
    fn show(&self) -> Value {
        json!(self.as_str())
    }
}

/// Redis or Valkey.
pub(crate) struct Redis {
    /// Where it is.
    pub(crate) url: Option<RedisUrl>,
    /// What the keys begin with.
    key_prefix: String,
    /// Certificates of authorities that count instead of the public ones (PEM).
    authorities: Option<PathBuf>,
}

impl Redis {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            url: reader.optional("redis.url"),
            key_prefix: reader.checked("redis.key_prefix", "durward:".to_owned(), |prefix| {
                if prefix.len() <= 100 && prefix.bytes().all(|byte| byte.is_ascii_graphic()) {
                    Ok(())
                } else {
                    Err("at most 100 visible ASCII characters".into())
                }
            }),
            authorities: reader.optional("redis.authorities"),
        }
    }

    /// The limiter on it, if it is set.
    pub(crate) fn limiter(&self) -> Result<Option<RedisLimiter>, Problem> {
        let Some(url) = &self.url else {
            return Ok(None);
        };
        let unusable = |setting: &str, why: String| {
            Problem::wrong(setting, None, format!("cannot be used: {why}"))
        };
        let read = self.authorities.as_ref().map(std::fs::read).transpose();
        let authorities = read.map_err(|error| {
            unusable("redis.authorities", format!("cannot be read: {}", reason(&error)))
        })?;
        let key_prefix = self.key_prefix.clone();
        let settings = RedisSettings { url: url.url.clone(), key_prefix, authorities };
        RedisLimiter::new(&settings).map(Some).map_err(|error| {
            let setting = match error {
                RedisError::Authorities => "redis.authorities",
                RedisError::Url | _ => "redis.url",
            };
            unusable(setting, error.to_string())
        })
    }
}

/// The URL of the server. It may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RedisUrl {
    url: Secret<String>,
    masked: String,
    /// The password is an example out of a manual.
    pub(crate) has_example_secret: bool,
}

impl Setting for RedisUrl {
    const FORM: &'static str = "the URL of a Redis or Valkey server, such as \
         \"rediss://user:password@redis.example\" or \"redis://127.0.0.1:6379/0\"";
    const SECRET: bool = true;

    fn from_text(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|_malformed| Self::FORM.to_owned())?;
        let has_host = url.host_str().is_some_and(|host| !host.is_empty());
        // A fragment would leave the certificate unchecked.
        if !matches!(url.scheme(), "redis" | "rediss") || !has_host || url.fragment().is_some() {
            return Err(Self::FORM.to_owned());
        }
        Ok(Self {
            masked: masked(&url),
            has_example_secret: is_example(url.password().unwrap_or_default()),
            url: Secret::new(text.to_owned()),
        })
    }

    fn show(&self) -> Value {
        json!(self.masked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_of_redis_is_masked() {
        // R-LG-02
        for (url, shown) in [
            ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
            ("rediss://:hunter9@redis.example", "rediss://:***@redis.example"),
            ("rediss://u:hunter9@redis.example:6380/1", "rediss://u:***@redis.example:6380/1"),
        ] {
            assert_eq!(RedisUrl::from_text(url).ok().unwrap().show(), json!(shown));
        }
        for wrong in [
            "",
            "127.0.0.1:6379",
            "redis://",
            "http://redis.example",
            "unix:/run/redis.sock",
            "rediss://redis.example/#insecure",
        ] {
            assert!(RedisUrl::from_text(wrong).is_err(), "{wrong}");
        }
        assert!(RedisUrl::from_text("redis://:changeme@redis").ok().unwrap().has_example_secret);
    }

    #[test]
    fn who_counts_follows_from_what_there_is() {
        use EngineKind::{Mysql, Postgres, Sqlite};
        for engine in [Sqlite, Postgres, Mysql] {
            for mode in [Mode::Development, Mode::Production] {
                assert_eq!(Counting::by_default(true, engine, mode), Counting::Redis);
            }
        }
        let counting = |engine, mode| Counting::by_default(false, engine, mode);
        assert_eq!(counting(Sqlite, Mode::Production), Counting::Process);
        assert_eq!(counting(Sqlite, Mode::Development), Counting::Database);
        assert_eq!(counting(Postgres, Mode::Production), Counting::Database);
        assert_eq!(counting(Mysql, Mode::Production), Counting::Database);
    }
}
