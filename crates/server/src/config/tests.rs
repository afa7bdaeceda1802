//! Whole sets of settings.

use std::path::PathBuf;
use std::time::Duration;

use durward::budget::Rate;
use serde_json::json;

use super::*;

/// A ring that is as good as random.
const KEYS: &str = "1:R1k4bMZpX0Vq7t3yYw2cQe8sJfHn5uLgAoTiDxKvB9E";

fn load_from(file: &str, environment: &[(&str, &str)], mode: Mode) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("durward.toml");
    std::fs::write(&path, file).unwrap();
    let environment =
        environment.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    load(Given { file: Some(path), environment, flags: Vec::new() }, mode)
}

/// The settings of a file in which nothing is wrong.
pub(crate) fn of_file(file: &str) -> Config {
    let loaded = load_from(file, &[], Mode::Production);
    assert_eq!(loaded.problems, []);
    loaded.config
}

/// A complete environment for production.
const COMPLETE: &[(&str, &str)] = &[
    ("DURWARD_DATABASE_URL", "sqlite:/var/lib/durward/durward.db"),
    ("DURWARD_KEYS", KEYS),
    ("DURWARD_PUBLIC_URL", "https://accounts.shop.dev"),
    ("DURWARD_SMTP_URL", "smtps://shop:dk3jf93jd@mail.shop.dev"),
    ("DURWARD_SMTP__FROM", "Shop <no-reply@shop.dev>"),
];

fn changed(changes: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    COMPLETE.iter().chain(changes).copied().collect()
}

const SAMPLE: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/durward.sample.toml"));

fn without_sources(effective: Vec<Effective>) -> Vec<Effective> {
    effective.into_iter().map(|it| Effective { from: None, ..it }).collect()
}

#[test]
fn the_sample_file_says_what_is_true_without_it() {
    let sample = load_from(SAMPLE, &[], Mode::Production);
    assert_eq!(sample.problems, []);
    let empty = load_from("", &[], Mode::Production);
    assert_eq!(without_sources(sample.effective), without_sources(empty.effective));
}

#[test]
fn the_sample_file_names_every_setting() {
    // A setting without a default stands there as a comment: `#url = "..."`.
    let uncommented: String = SAMPLE
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with([' ', '#']) => format!("{setting}\n"),
            Some(_) | None => format!("{line}\n"),
        })
        .collect();
    let full = load_from(&uncommented, &[], Mode::Production);
    // The sample names files that are not there, and shows secrets both ways.
    let unexpected: Vec<&Problem> =
        full.problems.iter().filter(|problem| !problem.flaw.contains("no such file")).collect();
    assert_eq!(unexpected, Vec::<&Problem>::new());
    for setting in &full.effective {
        let secret =
            ["keys", "database.url", "redis.url", "smtp.url"].contains(&setting.path.as_str());
        assert!(setting.from.is_some() || secret, "{} is not in the sample", setting.path);
    }
}

#[test]
fn production_names_all_that_is_missing_at_once() {
    let problems = Production::check(load_from("", &[], Mode::Production)).err().unwrap().0;
    let missing: Vec<&str> = problems.iter().map(|problem| problem.setting.as_str()).collect();
    assert_eq!(missing, ["database.url", "keys", "public_url", "smtp.url", "smtp.from"]);
    assert!(problems.iter().all(|it| it.flaw == "is not set" && !it.fix.is_empty()));
}

#[test]
fn wrong_and_missing_settings_are_named_together_and_once() {
    let loaded = load_from(
        "sign_up = 'everyone'\nlog.levle = 'info'\n",
        &[("DURWARD_KEYS", "1:AAAA"), ("DURWARD_DATABASE_URL", "durward.db"), ("DURWARD_X", "1")],
        Mode::Production,
    );
    let problems = Production::check(loaded).err().unwrap().0;
    let named: Vec<(&str, bool)> = problems
        .iter()
        .map(|problem| (problem.setting.as_str(), problem.source.is_some()))
        .collect();
    assert_eq!(
        named,
        [
            ("keys", true),
            ("sign_up", true),
            ("database.url", true),
            ("log.levle", true),
            ("x", true),
            ("public_url", false),
            ("smtp.url", false),
            ("smtp.from", false),
        ]
    );
}

#[test]
fn complete_settings_are_accepted() {
    let accepted = Production::check(load_from("", COMPLETE, Mode::Production));
    let (config, needed) = accepted.map_err(|problems| problems.to_string()).ok().unwrap();
    assert_eq!(needed.public_url.as_str(), "https://accounts.shop.dev");
    assert_eq!(needed.database.engine, EngineKind::Sqlite);
    assert_eq!(config.accounts, Settings::default());
    assert!(!config.http.docs);
}

#[test]
fn example_secrets_weak_keys_debug_logs_and_plain_http_are_refused() {
    // R-CF-01
    for (change, setting) in [
        (
            ("DURWARD_DATABASE_URL", "postgres://durward:change-me@db.shop.dev/durward"),
            "database.url",
        ),
        (("DURWARD_SMTP_URL", "smtps://shop:password@mail.shop.dev"), "smtp.url"),
        (("DURWARD_REDIS_URL", "rediss://shop:password@redis.shop.dev"), "redis.url"),
        (("DURWARD_REDIS_URL", "https://redis.shop.dev"), "redis.url"),
        (("DURWARD_LIMITS__SHARING", "redis"), "limits.sharing"),
        (("DURWARD_NODE", "a node"), "node"),
        (("DURWARD_SMTP_URL", "smtp://shop:dk3jf93jd@mail.shop.dev?tls=none"), "smtp.url"),
        (("DURWARD_SMTP__FROM", "nobody"), "smtp.from"),
        (("DURWARD_KEYS", "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), "keys"),
        (("DURWARD_PUBLIC_URL", "http://accounts.shop.dev"), "public_url"),
        (("DURWARD_LOG__LEVEL", "debug"), "log.level"),
        (("DURWARD_LOG__LEVEL", "trace"), "log.level"),
        (("DURWARD_MAIL__TEMPLATES", "/nowhere"), "mail.templates"),
        (("DURWARD_SMTP__AUTHORITIES", "/nowhere"), "smtp.authorities"),
    ] {
        let loaded = load_from("", &changed(&[change]), Mode::Production);
        let problems = Production::check(loaded).err().unwrap_or_else(|| panic!("{change:?}")).0;
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(problems[0].setting, setting);
    }
}

/// Every bounded setting of the accounts, beyond its bound.
const BEYOND: &str = r#"
service = ""
code_lifetime = "11m"
claim_lifetime = "8d"
freshness = "6m"
reply_lifetime = "8d"
deletion_grace = "366d"
doubt_wait = "31d"
invitation_lifetime = "31d"
mail.attempts = 101
sessions = { token = "31d", idle = "32d", absolute = "33d", refresh_grace = "2m", seconded_idle = "31d", seconded_absolute = "31d", concurrent = 1001 }
retention = { flows = "1h", sessions = "1h", mails = "1h", attempts = "1h" }
[limits]
organization_clients = 0
user_clients = 0
client_rate = 0
delays = ["5: 2h"]
network_failures.count = 0
network_requests.period = "1ms"
site_failures.count = 0
site_requests.period = "1ms"
client_failures.count = 0
guessed_accounts.count = 100001
mailbox.count = 0
mailbox_network.count = 0
mailbox_daily.count = 0
notices.period = "31d"
client_requests.count = 0
caller_requests.period = "1ms"
"#;

#[test]
fn what_the_core_does_not_allow_is_a_problem_of_the_setting_and_nothing_else_is() {
    let loaded = load_from(BEYOND, &[], Mode::Production);
    let flaws = loaded.config.accounts.flaws();
    let told: Vec<&str> = loaded.problems.iter().map(|problem| problem.flaw.as_str()).collect();
    assert_eq!(told, flaws.iter().map(|flaw| flaw.text.as_str()).collect::<Vec<_>>());
    for Problem { setting, source, .. } in &loaded.problems {
        let known = loaded.effective.iter().any(|it| it.path == *setting && it.from.is_some());
        assert!(known && source.is_some(), "{setting} is not what was set");
    }
    let named = |path: &str| loaded.problems.iter().any(|problem| problem.setting == path);
    let accounts = loaded.effective.iter().filter(|it| it.from.is_some());
    let missed: Vec<&str> = accounts.map(|it| it.path.as_str()).filter(|it| !named(it)).collect();
    assert_eq!(missed, [""; 0], "a bound that is not checked");
}

#[test]
fn no_link_of_a_mail_leads_to_the_machine_of_its_reader() {
    // R-CF-01, R-EM-06
    for (setting, _) in of_file("").links.named() {
        let variable = format!("DURWARD_{}", setting.to_uppercase().replace('.', "__"));
        let environment = [COMPLETE, &[(&*variable, "http://localhost:3000/page")]].concat();
        let loaded = load_from("", &environment, Mode::Production);
        let problems = Production::check(loaded).err().unwrap_or_else(|| panic!("{setting}")).0;
        let settings: Vec<_> = problems.iter().map(|problem| &*problem.setting).collect();
        assert_eq!(settings, [setting]);
    }
}

#[test]
fn a_server_for_this_machine_may_log_everything() {
    let changes =
        [("DURWARD_PUBLIC_URL", "http://127.0.0.1:4000"), ("DURWARD_LOG__LEVEL", "trace")];
    assert!(Production::check(load_from("", &changed(&changes), Mode::Production)).is_ok());
}

#[test]
fn limits_of_the_security_rules_cannot_be_exceeded() {
    // R-OT-02, R-SE-04, R-SE-08, R-PW-08, R-TH-04
    for (file, setting) in [
        ("code_lifetime = '11m'", "code_lifetime"),
        ("sessions.absolute = '31d'", "sessions.absolute"),
        ("sessions.idle = '20d'\nsessions.absolute = '10d'", "sessions.idle"),
        ("sessions.token = '15d'", "sessions.token"),
        ("sessions.refresh_grace = '2m'", "sessions.refresh_grace"),
        ("passwords.memory = '18MiB'", "passwords.memory"),
        ("passwords.iterations = 1", "passwords.iterations"),
        ("passwords.threads = 64", "passwords.threads"),
        ("breaches.url = 'http://api.pwnedpasswords.com'", "breaches.url"),
        ("breaches.timeout = '1m'", "breaches.timeout"),
        ("limits.mailbox.count = 0", "limits.mailbox.count"),
        ("limits.mailbox.count = 5000\nlimits.mailbox.period = '1s'", "limits.mailbox.period"),
        ("limits.delays = ['5: 2h']", "limits.delays"),
        ("limits.delays = []", "limits.delays"),
        ("limits.delays = ['5: 2s', '4: 3s']", "limits.delays"),
        ("service = \"Shop\\nBcc: x\"", "service"),
        ("database.table_prefix = 'x; DROP'", "database.table_prefix"),
        ("listen = 4000", "listen"),
    ] {
        let problems = load_from(file, &[], Mode::Production).problems;
        let settings: Vec<&str> = problems.iter().map(|it| it.setting.as_str()).collect();
        assert_eq!(settings, [setting], "{file}");
        assert!(problems[0].source.is_some(), "{file}");
    }
}

#[test]
fn what_is_set_arrives() {
    let file = "
        service = 'Shop'
        sign_up = 'open'
        second_factor = 'administrators'
        [sessions]
        token = '15m'
        idle = '1d'
        [limits]
        delays = ['3: 1s', '9: 30s']
        [limits.mailbox]
        count = 5
        period = '1h'
        [http]
        trusted_proxies = ['10.0.0.0/8']
        [passwords]
        memory = '64MiB'
        iterations = 3
        threads = 2
        [breaches]
        url = 'http://localhost:4001/'
        timeout = '500ms'
        at_login = false
    ";
    let environment = [("DURWARD_LIMITS__MAILBOX__COUNT", "7")];
    let loaded = load_from(file, &environment, Mode::Development);
    assert_eq!(loaded.problems, []);
    let config = loaded.config;
    assert_eq!(config.accounts.service, "Shop");
    assert_eq!(config.accounts.sign_up, durward::SignUpMode::Open);
    assert_eq!(config.second_factor, SecondFactor::Administrators);
    assert_eq!(config.accounts.sessions.token, Duration::from_mins(15));
    assert_eq!(config.accounts.limits.mailbox, Rate::per(7, Duration::from_hours(1)));
    assert_eq!(config.accounts.limits.delays.after(8), Duration::from_secs(1));
    assert_eq!(config.accounts.limits.delays.after(99), Duration::from_secs(30));
    assert_eq!(config.http.trusted_proxies, ["10.0.0.0/8".parse().unwrap()]);
    assert_eq!((config.passwords.cost.memory_kib, config.passwords.workers), (65_536, 2));
    let breaches = config.breaches;
    assert_eq!(breaches.url.unwrap().as_str(), "http://localhost:4001");
    assert_eq!((breaches.timeout, breaches.at_login), (Duration::from_millis(500), false));
    assert!(config.http.docs && config.log.format == LogFormat::Text);
}

#[test]
fn what_is_printed_holds_no_secret() {
    // R-LG-02
    let changes = [("DURWARD_DATABASE_URL", "postgres://u:dk3jf93jd@db.shop.dev/d")];
    let loaded = load_from("", &changed(&changes), Mode::Production);
    let shown = format!("{:?}", loaded.effective);
    assert!(!shown.contains("dk3jf93jd") && !shown.contains(&KEYS[2..]), "{shown}");
    let value = |path: &str| {
        loaded.effective.iter().find(|it| it.path == path).and_then(|it| it.value.clone())
    };
    assert_eq!(value("keys"), Some(json!("***")));
    assert_eq!(value("database.url"), Some(json!("postgres://u:***@db.shop.dev/d")));
}

#[test]
fn a_development_server_stays_on_this_machine() {
    // R-CF-02
    for (name, value, setting) in [
        ("DURWARD_LISTEN", "0.0.0.0:4000", "listen"),
        ("DURWARD_LISTEN", "[::]:4000", "listen"),
        ("DURWARD_LISTEN", "192.0.2.1:4000", "listen"),
        ("DURWARD_METRICS_LISTEN", "0.0.0.0:9464", "metrics_listen"),
        ("DURWARD_METRICS_LISTEN", "192.0.2.1:9464", "metrics_listen"),
        ("DURWARD_PUBLIC_URL", "https://accounts.shop.dev", "public_url"),
        ("DURWARD_DATABASE_URL", "postgres://u@db.shop.dev/d", "database.url"),
    ] {
        let loaded = load_from("", &[(name, value)], Mode::Development);
        let problems = development(loaded).err().unwrap().0;
        let settings: Vec<&str> = problems.iter().map(|it| it.setting.as_str()).collect();
        assert_eq!(settings, [setting]);
    }
    for listen in ["127.0.0.1:0", "[::1]:4000", "127.9.9.9:1"] {
        let loaded = load_from("", &[("DURWARD_LISTEN", listen)], Mode::Development);
        assert!(development(loaded).is_ok(), "{listen}");
    }
}

#[test]
fn metrics_are_told_at_another_address_than_the_interface() {
    // R-CF-02
    for (listen, metrics, meet) in [
        ("127.0.0.1:4000", "127.0.0.1:4000", true),
        ("127.0.0.1:4000", "0.0.0.0:4000", true),
        ("[::]:4000", "10.0.0.1:4000", true),
        ("[::ffff:127.0.0.1]:4000", "127.0.0.1:4000", true),
        ("127.0.0.1:4000", "127.0.0.1:9464", false),
        ("10.0.0.1:4000", "127.0.0.1:4000", false),
        ("127.0.0.1:0", "127.0.0.1:0", false),
    ] {
        let environment = [("DURWARD_LISTEN", listen), ("DURWARD_METRICS_LISTEN", metrics)];
        let Loaded { config, problems, .. } = load_from("", &environment, Mode::Production);
        assert_eq!(config.metrics_listen, Some(metrics.parse().unwrap()));
        let told: Vec<_> = problems.iter().map(|it| (&*it.setting, it.source.is_some())).collect();
        let expected: &[_] = if meet { &[("metrics_listen", true)] } else { &[] };
        assert_eq!(told, expected, "{listen} and {metrics}");
    }
    assert_eq!(of_file("").metrics_listen, None);
}

#[test]
fn a_file_that_is_not_there_is_a_problem() {
    let given = Given {
        file: Some(PathBuf::from("/nowhere/durward.toml")),
        environment: Vec::new(),
        flags: Vec::new(),
    };
    let problems = load(given, Mode::Production).problems;
    assert_eq!(problems[0].source.as_deref(), Some("/nowhere/durward.toml"));
    assert_eq!(problems[0].flaw, "cannot be read: no such file or directory");
}
