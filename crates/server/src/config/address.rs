//! Addresses: of the database, of the mail server, and of pages that people visit.

use std::path::Path;

use durward::Secret;
use serde_json::{Value, json};
use url::{Host, Url};

use super::value::Setting;

/// The kinds of databases, told apart by the scheme of the URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EngineKind {
    /// `sqlite:`
    Sqlite,
    /// `postgres:` or `postgresql:`
    Postgres,
    /// `mysql:` or `mariadb:`
    Mysql,
}

/// Where the accounts are kept. The URL may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct DatabaseUrl {
    pub(crate) engine: EngineKind,
    pub(crate) url: Secret<String>,
    /// The URL as it may be shown.
    masked: String,
    /// Whether the database is on this machine.
    pub(crate) is_local: bool,
    /// Whether the URL says how the connection is protected.
    pub(crate) names_tls: bool,
    /// The password is an example out of a manual.
    pub(crate) has_example_secret: bool,
}

impl Setting for DatabaseUrl {
    const FORM: &'static str = "the URL of a database, such as \"sqlite:durward.db\", \
         \"postgres://user:password@host/name\" or \"mysql://user:password@host/name\"";
    const SECRET: bool = true;

    fn from_text(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once(':').ok_or_else(|| Self::FORM.to_owned())?;
        let engine = match scheme {
            "sqlite" => EngineKind::Sqlite,
            "postgres" | "postgresql" => EngineKind::Postgres,
            "mysql" | "mariadb" => EngineKind::Mysql,
            _ => return Err(Self::FORM.to_owned()),
        };
        if engine == EngineKind::Sqlite {
            return Self::sqlite(text, rest);
        }
        let url = Url::parse(text).map_err(|_malformed| Self::FORM.to_owned())?;
        if url.path().len() < 2 {
            return Err(format!("{}; there is no name of a database in it", Self::FORM));
        }
        Ok(Self {
            engine,
            is_local: url.host_str().is_none_or(str::is_empty)
                || is_socket(&url)
                || is_loopback(&url),
            names_tls: url.query_pairs().any(|(name, _)| is_tls_parameter(&name)),
            has_example_secret: is_example(url.password().unwrap_or_default()),
            masked: masked(&url),
            url: Secret::new(text.to_owned()),
        })
    }

    fn show(&self) -> Value {
        json!(self.masked)
    }
}

impl DatabaseUrl {
    /// The database in a file.
    pub(crate) fn of_file(path: &Path) -> Self {
        // A path may hold what means something else in a URL.
        let path = path.to_string_lossy();
        let path: String = path
            .chars()
            .map(|c| match c {
                '%' => String::from("%25"),
                '?' => String::from("%3F"),
                '#' => String::from("%23"),
                c => c.to_string(),
            })
            .collect();
        let url = format!("sqlite:{path}");
        Self {
            engine: EngineKind::Sqlite,
            masked: url.clone(),
            url: Secret::new(url),
            is_local: true,
            names_tls: false,
            has_example_secret: false,
        }
    }

    /// The URL as it may be shown.
    pub(crate) fn masked(&self) -> &str {
        &self.masked
    }

    fn sqlite(text: &str, rest: &str) -> Result<Self, String> {
        let path = rest.strip_prefix("//").unwrap_or(rest);
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        if path.is_empty() || path == ":memory:" {
            return Err(String::from(
                "the path of a file: a database in memory forgets everything",
            ));
        }
        Ok(Self {
            engine: EngineKind::Sqlite,
            url: Secret::new(text.to_owned()),
            masked: text.to_owned(),
            is_local: true,
            names_tls: false,
            has_example_secret: false,
        })
    }
}

/// The mail server and who may use it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SmtpUrl {
    pub(crate) url: Secret<String>,
    masked: String,
    /// The password is an example out of a manual.
    pub(crate) has_example_secret: bool,
}

impl Setting for SmtpUrl {
    const FORM: &'static str = "the URL of a mail server, such as \
         \"smtps://user:password@mail.example\" or \"smtp://user:password@mail.example:587\"";
    const SECRET: bool = true;

    fn from_text(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|_malformed| Self::FORM.to_owned())?;
        if !matches!(url.scheme(), "smtp" | "smtps") {
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

/// The address of a page: `https`, or `http` on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PageUrl(Url);

impl PageUrl {
    /// The address without a slash at its end.
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// Whether the page is on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    /// Whether browsers reach it over TLS.
    pub(crate) fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// What follows the host: `/`, or the folder under which a proxy mounts the server.
    pub(crate) fn path(&self) -> &str {
        match self.0.path().trim_end_matches('/') {
            "" => "/",
            path => path,
        }
    }
}

impl Setting for PageUrl {
    const FORM: &'static str = "the address of a page, such as \"https://accounts.example.com\": \
         https unless it is on this machine, without user, password or fragment";

    fn from_text(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|_malformed| Self::FORM.to_owned())?;
        let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
        let is_plain = url.username().is_empty() && url.password().is_none();
        if !is_safe || !is_plain || url.fragment().is_some() || url.host_str().is_none() {
            return Err(Self::FORM.to_owned());
        }
        Ok(Self(url))
    }

    fn show(&self) -> Value {
        json!(self.as_str())
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name.eq_ignore_ascii_case("localhost") || name.ends_with(".localhost") || {
                // Schemes other than those of the web keep addresses as names.
                name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
            }
        }
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.to_canonical().is_loopback(),
        None => false,
    }
}

/// Whether a database is reached through a socket file.
fn is_socket(url: &Url) -> bool {
    let percent_slash = |host: &str| host.starts_with("%2F") || host.starts_with("%2f");
    url.host_str().is_some_and(percent_slash)
        || url
            .query_pairs()
            .any(|(name, value)| name == "socket" || (name == "host" && value.starts_with('/')))
}

fn is_tls_parameter(name: &str) -> bool {
    matches!(name, "sslmode" | "ssl-mode")
}

/// The URL with every password in it replaced.
pub(super) fn masked(url: &Url) -> String {
    let mut shown = url.clone();
    if url.password().is_some() {
        // Only URLs that cannot have a password refuse one, and this one has it.
        let _ = shown.set_password(Some("***"));
    }
    let is_secret = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["password", "passwd", "pwd", "secret", "token"].iter().any(|word| name.contains(word))
    };
    if url.query_pairs().any(|(name, _)| is_secret(&name)) {
        let pairs: Vec<String> = url
            .query_pairs()
            .map(|(name, value)| {
                let value = if is_secret(&name) { "***" } else { &*value };
                format!("{name}={value}")
            })
            .collect();
        shown.set_query(Some(&pairs.join("&")));
    }
    shown.to_string()
}

/// Whether somebody copied a password out of a manual (R-CF-01).
pub(super) fn is_example(password: &str) -> bool {
    const EXAMPLES: &[&str] = &[
        "change-me",
        "change_me",
        "changeme",
        "example",
        "password",
        "placeholder",
        "your-password",
    ];
    EXAMPLES.iter().any(|example| password.eq_ignore_ascii_case(example))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(text: &str) -> DatabaseUrl {
        DatabaseUrl::from_text(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn the_scheme_names_the_engine() {
        for (url, engine) in [
            ("sqlite:durward.db", EngineKind::Sqlite),
            ("sqlite:///var/lib/durward.db?mode=rwc", EngineKind::Sqlite),
            ("postgres://u:p@db.example/durward", EngineKind::Postgres),
            ("postgresql://db.example/durward", EngineKind::Postgres),
            ("mysql://u@127.0.0.1:3306/durward", EngineKind::Mysql),
            ("mariadb://u@localhost/durward", EngineKind::Mysql),
        ] {
            assert_eq!(database(url).engine, engine, "{url}");
        }
        for wrong in [
            "",
            "durward.db",
            "mssql://db/durward",
            "sqlite:",
            "sqlite::memory:",
            "postgres://db.example",
            "mysql://u:p@db.example:port/x",
        ] {
            assert!(DatabaseUrl::from_text(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn passwords_in_urls_are_masked_wherever_they_stand() {
        // R-LG-02
        for (url, shown) in [
            ("postgres://u:hunter9@db.example/d", "postgres://u:***@db.example/d"),
            (
                "postgres://u@db.example/d?password=hunter9&sslmode=require",
                "postgres://u@db.example/d?password=***&sslmode=require",
            ),
            (
                "mysql://u:hunter9%40x@db.example:3306/d?sslPassword=hunter9",
                "mysql://u:***@db.example:3306/d?sslPassword=***",
            ),
            ("sqlite:data/durward.db", "sqlite:data/durward.db"),
        ] {
            assert_eq!(database(url).show(), json!(shown));
        }
        let smtp = SmtpUrl::from_text("smtps://shop:hunter9@mail.example").unwrap();
        assert_eq!(smtp.show(), json!("smtps://shop:***@mail.example"));
    }

    #[test]
    fn a_local_database_is_recognised() {
        for url in [
            "sqlite:a.db",
            "postgres://u@localhost/d",
            "postgres://u@127.0.0.1:5433/d",
            "postgres://u@[::1]/d",
            "postgres:///d",
            "postgres:///d?host=/run/postgresql",
            "postgres://u@%2Frun%2Fpostgresql/d",
            "mysql://u@localhost/d?socket=/run/mysqld.sock",
        ] {
            assert!(database(url).is_local, "{url}");
        }
        for url in ["postgres://u@10.0.0.1/d", "mysql://u@localhost.example/d"] {
            assert!(!database(url).is_local, "{url}");
        }
    }

    #[test]
    fn a_page_is_https_unless_it_is_on_this_machine() {
        // R-CF-01
        for url in [
            "https://accounts.shop.dev",
            "http://127.0.0.1:4000/",
            "http://localhost:1",
            "http://[::1]:4000",
        ] {
            assert!(PageUrl::from_text(url).is_ok(), "{url}");
        }
        for url in [
            "http://accounts.shop.dev",
            "accounts.shop.dev",
            "https://u:p@accounts.shop.dev",
            "https://accounts.shop.dev/#x",
            "javascript:alert(1)",
            "ftp://shop.dev",
            "http://127.0.0.1.shop.dev",
            "http://10.0.0.1",
        ] {
            assert!(PageUrl::from_text(url).is_err(), "{url}");
        }
        assert_eq!(PageUrl::from_text("https://a.dev/x/").unwrap().as_str(), "https://a.dev/x");
    }

    #[test]
    fn example_passwords_are_known() {
        // R-CF-01
        assert!(database("postgres://u:Change-Me@db/d").has_example_secret);
        assert!(!database("postgres://u:9f8s7df98@db/d").has_example_secret);
        assert!(!database("postgres://u@db/d").has_example_secret);
    }
}
