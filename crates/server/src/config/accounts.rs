//! The settings of the accounts themselves, within what the security rules allow.

use std::time::Duration;

use durward::budget::{Delays, Rate};
use durward::{EmailRules, Limits, PersonName, Retention, SessionLimits, Settings};
use serde_json::{Value, json};

use super::problem::Problem;
use super::reader::Reader;
use super::value::Setting;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// The name of the service stands in mails, so it is held to what a name may be (R-EM-05).
pub(super) fn service(reader: &mut Reader, default: String) -> String {
    reader.checked("service", default, |name| match PersonName::parse(name) {
        Ok(_fit) => Ok(()),
        Err(error) => Err(format!("a name on one line; {error}")),
    })
}

pub(super) fn read(reader: &mut Reader, service: String) -> Settings {
    let standard = Settings::default();
    Settings {
        service,
        sign_up: reader.or("sign_up", standard.sign_up),
        email: email(reader),
        // R-OT-02
        code_lifetime: reader.checked(
            "code_lifetime",
            standard.code_lifetime,
            between(MINUTE, 10 * MINUTE),
        ),
        claim_lifetime: reader.checked(
            "claim_lifetime",
            standard.claim_lifetime,
            between(10 * MINUTE, 7 * DAY),
        ),
        sessions: sessions(reader),
        limits: limits(reader),
        // R-MF-04
        freshness: reader.checked("freshness", standard.freshness, between(MINUTE, 5 * MINUTE)),
        reply_lifetime: reader.checked(
            "reply_lifetime",
            standard.reply_lifetime,
            between(MINUTE, 7 * DAY),
        ),
        deletion_grace: reader.checked(
            "deletion_grace",
            standard.deletion_grace,
            between(Duration::ZERO, 365 * DAY),
        ),
        // R-RC-04
        doubt_wait: reader.checked("doubt_wait", standard.doubt_wait, between(DAY, 30 * DAY)),
        // R-RC-05
        invitation_lifetime: reader.checked(
            "invitation_lifetime",
            standard.invitation_lifetime,
            between(60 * MINUTE, 30 * DAY),
        ),
        retention: retention(reader),
        mail_attempts: reader.checked("mail.attempts", standard.mail_attempts, |attempts| {
            if (1..=100).contains(attempts) { Ok(()) } else { Err("from 1 to 100".into()) }
        }),
    }
}

fn email(reader: &mut Reader) -> EmailRules {
    let standard = EmailRules::default();
    EmailRules {
        allow_local_domains: reader.or("email.allow_local_domains", standard.allow_local_domains),
        allow_international_local_parts: reader
            .or("email.allow_international_local_parts", standard.allow_international_local_parts),
    }
}

fn sessions(reader: &mut Reader) -> SessionLimits {
    let standard = SessionLimits::default();
    let read = SessionLimits {
        token: reader.checked("sessions.token", standard.token, between(MINUTE, 30 * DAY)),
        idle: reader.checked("sessions.idle", standard.idle, between(MINUTE, 30 * DAY)),
        // R-SE-04
        absolute: reader.checked("sessions.absolute", standard.absolute, between(MINUTE, 30 * DAY)),
        // R-SE-08
        refresh_grace: reader.checked(
            "sessions.refresh_grace",
            standard.refresh_grace,
            between(Duration::ZERO, MINUTE),
        ),
        seconded_idle: reader.checked(
            "sessions.seconded_idle",
            standard.seconded_idle,
            between(MINUTE, 30 * DAY),
        ),
        seconded_absolute: reader.checked(
            "sessions.seconded_absolute",
            standard.seconded_absolute,
            between(MINUTE, 30 * DAY),
        ),
        // R-SE-12
        concurrent: reader.checked("sessions.concurrent", standard.concurrent, |count| {
            if (1..=1_000).contains(count) { Ok(()) } else { Err("from 1 to 1000".into()) }
        }),
    };
    for (path, shorter, longer, name) in [
        ("sessions.token", read.token, read.idle, "sessions.idle"),
        ("sessions.idle", read.idle, read.absolute, "sessions.absolute"),
    ] {
        if shorter > longer {
            let problem = format!("must not be longer than {name}");
            let problem = Problem::wrong(path, reader.origin(path).map(|it| it as _), problem);
            reader.object(problem);
        }
    }
    read
}

fn retention(reader: &mut Reader) -> Retention {
    let standard = Retention::default();
    let mut kept = |name: &str, standard| {
        reader.checked(&format!("retention.{name}"), standard, between(DAY, 10 * 365 * DAY))
    };
    Retention {
        flows: kept("flows", standard.flows),
        sessions: kept("sessions", standard.sessions),
        mails: kept("mails", standard.mails),
        attempts: kept("attempts", standard.attempts),
    }
}

fn limits(reader: &mut Reader) -> Limits {
    let standard = Limits::default();
    Limits {
        network_failures: rate(reader, "limits.network_failures", standard.network_failures),
        network_requests: rate(reader, "limits.network_requests", standard.network_requests),
        site_failures: rate(reader, "limits.site_failures", standard.site_failures),
        site_requests: rate(reader, "limits.site_requests", standard.site_requests),
        client_failures: rate(reader, "limits.client_failures", standard.client_failures),
        mailbox: rate(reader, "limits.mailbox", standard.mailbox),
        notices: rate(reader, "limits.notices", standard.notices),
        delays: reader.or("limits.delays", DelaySteps(standard.delays)).0,
        organization_clients: count(
            reader,
            "limits.organization_clients",
            standard.organization_clients,
        ),
        user_clients: count(reader, "limits.user_clients", standard.user_clients),
        client_requests: rate(reader, "limits.client_requests", standard.client_requests),
        caller_requests: rate(reader, "limits.caller_requests", standard.caller_requests),
    }
}

fn count(reader: &mut Reader, path: &str, standard: u32) -> u32 {
    reader.checked(path, standard, |count| {
        if (1..=100_000).contains(count) { Ok(()) } else { Err("from 1 to 100000".into()) }
    })
}

fn rate(reader: &mut Reader, path: &str, standard: Rate) -> Rate {
    let count = reader.checked(&format!("{path}.count"), standard.burst, |count| {
        if (1..=1_000_000).contains(count) { Ok(()) } else { Err("from 1 to 1000000".into()) }
    });
    let period = reader.checked(
        &format!("{path}.period"),
        standard.interval * standard.burst,
        between(Duration::from_secs(1), 30 * DAY),
    );
    // The stores count in milliseconds: a shorter interval would be none at all.
    if period < Duration::from_millis(u64::from(count)) {
        let path = format!("{path}.period");
        let origin = reader.origin(&path).map(|it| it as _);
        let problem = Problem::wrong(&path, origin, "allows more than one per millisecond");
        reader.object(problem);
        return standard;
    }
    Rate::per(count, period)
}

/// The delays as a list of `failures: wait`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct DelaySteps(Delays);

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct DelayStep(u32, Duration);

impl Setting for DelayStep {
    const FORM: &'static str = "a number of failures and a wait, such as \"5: 2s\"";
    fn from_text(text: &str) -> Result<Self, String> {
        let (failures, wait) = text.split_once(':').ok_or_else(|| Self::FORM.to_owned())?;
        let failures = failures.trim().parse().map_err(|_not_a_number| Self::FORM.to_owned())?;
        let wait = Duration::from_text(wait.trim()).map_err(|_malformed| Self::FORM.to_owned())?;
        Ok(Self(failures, wait))
    }
    fn show(&self) -> Value {
        json!(format!("{}: {}", self.0, self.1.show().as_str().unwrap_or_default()))
    }
}

impl DelaySteps {
    /// One to four steps, both columns growing, none longer than an hour: a delay is not a lock-out
    /// (R-TH-04).
    fn from_steps(steps: &[DelayStep]) -> Result<Self, String> {
        let grows = steps.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1);
        let bearable = steps.iter().all(|step| step.1 <= HOUR);
        match steps.last() {
            Some(last) if grows && bearable && steps.len() <= 4 => {
                let mut delays = Delays([(last.0, last.1); 4]);
                for (place, step) in delays.0.iter_mut().zip(steps) {
                    *place = (step.0, step.1);
                }
                Ok(Self(delays))
            }
            Some(_) | None => Err(Self::FORM.to_owned()),
        }
    }
}

impl Setting for DelaySteps {
    const FORM: &'static str = "a list of one to four steps such as \"5: 2s\", each with more failures \
         and a longer wait than the one before it, the last at most an hour";
    const TEXTUAL: bool = false;
    fn from_text(text: &str) -> Result<Self, String> {
        Self::from_steps(&Vec::from_text(text)?)
    }
    fn from_typed(raw: &super::source::Raw) -> Result<Self, String> {
        Self::from_steps(&Vec::from_typed(raw)?)
    }
    fn show(&self) -> Value {
        let mut steps: Vec<DelayStep> =
            self.0.0.iter().map(|(failures, wait)| DelayStep(*failures, *wait)).collect();
        steps.dedup();
        steps.show()
    }
}

/// A check that a time lies between two others, both included.
pub(super) fn between(
    least: Duration,
    most: Duration,
) -> impl FnOnce(&Duration) -> Result<(), String> {
    move |time| {
        if (least..=most).contains(time) {
            return Ok(());
        }
        let shown = |time: Duration| time.show().as_str().unwrap_or_default().to_owned();
        Err(format!("from {} to {}", shown(least), shown(most)))
    }
}
