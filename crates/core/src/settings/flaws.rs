use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::{Limits, Retention, SessionLimits, Settings};
use crate::budget::{Delays, Rate};
use crate::entity::RateLimit;
use crate::text::PersonName;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
const MONTH: Duration = Duration::from_hours(30 * 24);

/// A setting that the security rules do not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsFlaw {
    /// The field, as in `sessions.token`.
    pub path: String,
    /// What must be otherwise, to follow the name of the field: `must be from 1 minute to 10 minutes`.
    pub text: String,
}

/// Settings that the security rules do not allow; all of their flaws are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlawedSettings(pub Vec<SettingsFlaw>);

impl fmt::Display for FlawedSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings of the accounts are not acceptable")?;
        for (n, SettingsFlaw { path, text }) in self.0.iter().enumerate() {
            let before = if n == 0 { ": " } else { "; " };
            write!(f, "{before}{path} {text}")?;
        }
        Ok(())
    }
}

impl std::error::Error for FlawedSettings {}

impl Settings {
    /// How long a mailed code may live (R-OT-02).
    pub const CODE_LIFETIME: RangeInclusive<Duration> = MINUTE..=Duration::from_mins(10);
    /// How long an unproven claim may stand (R-EM-08).
    pub const CLAIM_LIFETIME: RangeInclusive<Duration> =
        Duration::from_mins(10)..=Duration::from_hours(7 * 24);
    /// How old an authentication may be for what is dangerous (R-MF-04).
    pub const FRESHNESS: RangeInclusive<Duration> = MINUTE..=Duration::from_mins(5);
    /// How long answers may be kept for retries.
    pub const REPLY_LIFETIME: RangeInclusive<Duration> = MINUTE..=Duration::from_hours(7 * 24);
    /// How long a deleted account may be restorable.
    pub const DELETION_GRACE: RangeInclusive<Duration> =
        Duration::ZERO..=Duration::from_hours(365 * 24);
    /// How long a doubted authenticator app may go on to count (R-RC-04).
    pub const DOUBT_WAIT: RangeInclusive<Duration> = DAY..=MONTH;
    /// How long an invitation may wait (R-RC-05).
    pub const INVITATION_LIFETIME: RangeInclusive<Duration> = HOUR..=MONTH;
    /// How long sessions and their tokens may live (R-SE-04).
    pub const SESSION_LIFETIME: RangeInclusive<Duration> = MINUTE..=MONTH;
    /// How long a refresh may be retried (R-SE-08).
    pub const REFRESH_GRACE: RangeInclusive<Duration> = Duration::ZERO..=MINUTE;
    /// How many sessions a user may have at once (R-SE-12).
    pub const CONCURRENT_SESSIONS: RangeInclusive<u32> = 1..=1_000;
    /// How long what is over may be kept (R-DP-01).
    pub const RETENTION: RangeInclusive<Duration> = DAY..=Duration::from_hours(10 * 365 * 24);
    /// How often the delivery of a mail may be tried.
    pub const MAIL_ATTEMPTS: RangeInclusive<u32> = 1..=100;
    /// How many clients an organization or a user may be allowed.
    pub const CLIENTS: RangeInclusive<u32> = 1..=100_000;
    /// How many requests per second a client may be allowed to allow itself.
    pub const CLIENT_RATE: RangeInclusive<u32> = 1..=RateLimit::MAX;
    /// How many may come at once by a rate.
    pub const RATE_BURST: RangeInclusive<u32> = 1..=1_000_000;
    /// How many accounts may be too many to be guessed at.
    pub const GUESSED_ACCOUNTS: RangeInclusive<u32> = 1..=100_000;
    /// In what time the whole burst of a rate may be earned back.
    pub const RATE_PERIOD: RangeInclusive<Duration> = SECOND..=MONTH;
    /// How long somebody may have to wait after a failure: a delay is not a lock-out (R-TH-04).
    pub const LONGEST_DELAY: Duration = HOUR;

    /// Everything about these settings that the security rules do not allow; empty if they are acceptable. The
    /// standard ones are.
    pub fn flaws(&self) -> Vec<SettingsFlaw> {
        let Self {
            service,
            sign_up: _,
            email: _,
            code_lifetime,
            claim_lifetime,
            sessions,
            limits,
            freshness,
            reply_lifetime,
            deletion_grace,
            totp_previous_step: _,
            doubt_wait,
            invitation_lifetime,
            retention,
            mail_attempts,
        } = self;
        let mut found = Found::default();
        if let Err(error) = PersonName::parse(service) {
            found.add("service", format!("must be a name on one line; {error}"));
        }
        found.time("code_lifetime", *code_lifetime, Self::CODE_LIFETIME);
        found.time("claim_lifetime", *claim_lifetime, Self::CLAIM_LIFETIME);
        found.sessions(sessions);
        found.limits(limits);
        found.time("freshness", *freshness, Self::FRESHNESS);
        found.time("reply_lifetime", *reply_lifetime, Self::REPLY_LIFETIME);
        found.time("deletion_grace", *deletion_grace, Self::DELETION_GRACE);
        found.time("doubt_wait", *doubt_wait, Self::DOUBT_WAIT);
        found.time("invitation_lifetime", *invitation_lifetime, Self::INVITATION_LIFETIME);
        let Retention { flows, sessions, mails, attempts } = retention;
        for (name, kept) in
            [("flows", flows), ("sessions", sessions), ("mails", mails), ("attempts", attempts)]
        {
            found.time(&format!("retention.{name}"), *kept, Self::RETENTION);
        }
        found.count("mail_attempts", *mail_attempts, Self::MAIL_ATTEMPTS);
        found.0
    }
}

#[derive(Default)]
struct Found(Vec<SettingsFlaw>);

impl Found {
    fn add(&mut self, path: &str, text: impl Into<String>) {
        self.0.push(SettingsFlaw { path: path.to_owned(), text: text.into() });
    }

    fn time(&mut self, path: &str, time: Duration, allowed: RangeInclusive<Duration>) {
        if !allowed.contains(&time) {
            let (least, most) = (in_words(*allowed.start()), in_words(*allowed.end()));
            self.add(path, format!("must be from {least} to {most}"));
        }
    }

    fn count(&mut self, path: &str, count: u32, allowed: RangeInclusive<u32>) {
        if !allowed.contains(&count) {
            self.add(path, format!("must be from {} to {}", allowed.start(), allowed.end()));
        }
    }

    fn sessions(&mut self, sessions: &SessionLimits) {
        let SessionLimits {
            token,
            idle,
            absolute,
            refresh_grace,
            seconded_idle,
            seconded_absolute,
            concurrent,
        } = sessions;
        for (path, time) in [
            ("sessions.token", token),
            ("sessions.idle", idle),
            ("sessions.absolute", absolute),
            ("sessions.seconded_idle", seconded_idle),
            ("sessions.seconded_absolute", seconded_absolute),
        ] {
            self.time(path, *time, Settings::SESSION_LIFETIME);
        }
        self.time("sessions.refresh_grace", *refresh_grace, Settings::REFRESH_GRACE);
        self.count("sessions.concurrent", *concurrent, Settings::CONCURRENT_SESSIONS);
        if token > idle {
            self.add("sessions.token", "must not be longer than sessions.idle");
        }
        if idle > absolute {
            self.add("sessions.idle", "must not be longer than sessions.absolute");
        }
    }

    fn limits(&mut self, limits: &Limits) {
        let Limits {
            network_failures,
            network_requests,
            site_failures,
            site_requests,
            client_failures,
            guessed_accounts,
            mailbox,
            mailbox_network,
            mailbox_daily,
            notices,
            delays,
            organization_clients,
            user_clients,
            client_rate,
            client_requests,
            caller_requests,
        } = limits;
        for (name, rate) in [
            ("network_failures", network_failures),
            ("network_requests", network_requests),
            ("site_failures", site_failures),
            ("site_requests", site_requests),
            ("client_failures", client_failures),
            ("mailbox", mailbox),
            ("mailbox_network", mailbox_network),
            ("mailbox_daily", mailbox_daily),
            ("notices", notices),
            ("client_requests", client_requests),
            ("caller_requests", caller_requests),
        ] {
            self.rate(&format!("limits.{name}"), *rate);
        }
        if Settings::GUESSED_ACCOUNTS.contains(&guessed_accounts.burst) {
            self.rate("limits.guessed_accounts", *guessed_accounts);
        } else {
            let path = "limits.guessed_accounts.burst";
            self.count(path, guessed_accounts.burst, Settings::GUESSED_ACCOUNTS);
        }
        self.delays("limits.delays", delays);
        self.count("limits.organization_clients", *organization_clients, Settings::CLIENTS);
        self.count("limits.user_clients", *user_clients, Settings::CLIENTS);
        self.count("limits.client_rate", *client_rate, Settings::CLIENT_RATE);
    }

    fn rate(&mut self, path: &str, rate: Rate) {
        let Rate { burst, interval } = rate;
        let (count, period) = (format!("{path}.burst"), format!("{path}.interval"));
        if !Settings::RATE_BURST.contains(&burst) {
            return self.count(&count, burst, Settings::RATE_BURST);
        }
        // The stores count in milliseconds: a shorter interval would be none at all.
        if interval < Duration::from_millis(1) {
            return self.add(&period, "allows more than one per millisecond");
        }
        // The period that the interval was made of may have had a remainder.
        let whole = rate.period();
        let rounded = whole.saturating_add(Duration::from_nanos(u64::from(burst) - 1));
        let (least, most) = Settings::RATE_PERIOD.into_inner();
        if rounded < least || whole > most {
            let (least, most) = (in_words(least), in_words(most));
            self.add(&period, format!("must earn the burst back within {least} to {most}"));
        }
    }

    fn delays(&mut self, path: &str, delays: &Delays) {
        let mut steps = delays.0.to_vec();
        steps.dedup();
        let grows = steps.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1);
        if !grows || steps.iter().any(|(_, wait)| *wait > Settings::LONGEST_DELAY) {
            let most = in_words(Settings::LONGEST_DELAY);
            let text = format!(
                "must have more failures and a longer wait at each step than at the one before it, \
                 and wait {most} at most"
            );
            self.add(path, text);
        }
    }
}

/// A time in its largest whole unit; a day only where there are several.
fn in_words(time: Duration) -> String {
    let seconds = time.as_secs();
    let units = [("day", 86_400, 2), ("hour", 3_600, 1), ("minute", 60, 1), ("second", 1, 0)];
    let fits = |(_, length, least): &(&str, u64, u64)| {
        seconds.is_multiple_of(*length) && seconds / length >= *least
    };
    let Some((name, length, _)) = units.into_iter().find(fits) else {
        return format!("{time:?}");
    };
    let count = seconds / length;
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flaws(change: impl FnOnce(&mut Settings)) -> Vec<(String, String)> {
        let mut settings = Settings::default();
        change(&mut settings);
        settings.flaws().into_iter().map(|flaw| (flaw.path, flaw.text)).collect()
    }

    fn paths(change: impl FnOnce(&mut Settings)) -> Vec<String> {
        flaws(change).into_iter().map(|(path, _)| path).collect()
    }

    #[test]
    fn the_standard_settings_have_no_flaws() {
        assert_eq!(Settings::default().flaws(), []);
    }

    #[test]
    fn bounds_are_allowed_and_what_is_beyond_them_is_not() {
        // R-OT-02, R-SE-04
        let [least, most] = [MINUTE, 10 * MINUTE];
        for time in [least, most] {
            assert_eq!(flaws(|it| it.code_lifetime = time), []);
        }
        let moment = Duration::from_nanos(1);
        for time in [least.saturating_sub(moment), most + moment, 10 * DAY] {
            let text = "must be from 1 minute to 10 minutes".to_owned();
            assert_eq!(flaws(|it| it.code_lifetime = time), [("code_lifetime".into(), text)]);
        }
        assert_eq!(paths(|it| it.mail_attempts = 0), ["mail_attempts"]);
        assert_eq!(paths(|it| it.sessions.concurrent = 0), ["sessions.concurrent"]);
        assert_eq!(paths(|it| it.service = "a\nb".into()), ["service"]);
    }

    #[test]
    fn times_must_fit_together() {
        let longer = |it: &mut Settings| it.sessions.token = it.sessions.idle + MINUTE;
        assert_eq!(paths(longer), ["sessions.token"]);
        let all = paths(|it| it.sessions.idle = 31 * DAY);
        assert_eq!(all, ["sessions.idle", "sessions.idle"], "too long, and longer than the whole");
    }

    #[test]
    fn a_rate_is_earned_back_within_its_bounds() {
        for (count, period, flawed) in [
            (1, SECOND, false),
            (3, SECOND, false),
            (1_000, SECOND, false),
            (1_001, SECOND, true),
            (1, SECOND / 2, true),
            (1, MONTH, false),
            (1, MONTH + SECOND, true),
            (7, MONTH, false),
        ] {
            let found = paths(|it| it.limits.mailbox = Rate::per(count, period));
            let expected: &[&str] = if flawed { &["limits.mailbox.interval"] } else { &[] };
            assert_eq!(found, expected, "{count} in {period:?}");
        }
        let none = Rate { burst: 0, interval: SECOND };
        assert_eq!(paths(|it| it.limits.mailbox = none), ["limits.mailbox.burst"]);
        let guessed = |count| paths(|it| it.limits.guessed_accounts = Rate::per(count, DAY));
        assert_eq!(guessed(100_000), [""; 0]);
        assert_eq!(guessed(100_001), ["limits.guessed_accounts.burst"]);
    }

    #[test]
    fn delays_grow_and_are_no_lock_out() {
        // R-TH-04
        let delays = |steps| paths(move |it| it.limits.delays = Delays(steps));
        let last = (20, HOUR);
        assert_eq!(delays([(5, SECOND), last, last, last]), [""; 0]);
        assert_eq!(delays([(5, SECOND), (4, MINUTE), last, last]), ["limits.delays"]);
        assert_eq!(delays([(5, MINUTE), (6, SECOND), last, last]), ["limits.delays"]);
        let longer = (20, HOUR + SECOND);
        assert_eq!(delays([longer; 4]), ["limits.delays"]);
    }

    #[test]
    fn all_flaws_are_told_at_once() {
        let mut settings = Settings { code_lifetime: 10 * DAY, ..Settings::default() };
        settings.mail_attempts = 101;
        assert_eq!(
            FlawedSettings(settings.flaws()).to_string(),
            "the settings of the accounts are not acceptable: code_lifetime must be from 1 minute to \
             10 minutes; mail_attempts must be from 1 to 100"
        );
        assert_eq!(in_words(DAY), "24 hours");
        assert_eq!(in_words(MONTH), "30 days");
        assert_eq!(in_words(Duration::ZERO), "0 seconds");
    }
}
