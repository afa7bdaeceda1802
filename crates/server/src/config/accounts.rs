//! The settings of the accounts themselves.

use std::time::Duration;

use durward::budget::{Delays, Rate};
use durward::{EmailRules, Limits, Retention, SessionLimits, Settings, SettingsFlaw};
use serde_json::{Value, json};

use super::problem::Problem;
use super::reader::Reader;
use super::value::Setting;

/// The settings. What they may be is for the core to say; each flaw becomes a problem of the setting.
pub(super) fn read(reader: &mut Reader) -> Settings {
    let standard = Settings::default();
    let settings = Settings {
        service: reader.or("service", standard.service),
        sign_up: reader.or("sign_up", standard.sign_up),
        email: email(reader),
        code_lifetime: reader.or("code_lifetime", standard.code_lifetime),
        claim_lifetime: reader.or("claim_lifetime", standard.claim_lifetime),
        sessions: sessions(reader),
        limits: limits(reader),
        freshness: reader.or("freshness", standard.freshness),
        reply_lifetime: reader.or("reply_lifetime", standard.reply_lifetime),
        deletion_grace: reader.or("deletion_grace", standard.deletion_grace),
        totp_previous_step: reader.or("totp_previous_step", standard.totp_previous_step),
        doubt_wait: reader.or("doubt_wait", standard.doubt_wait),
        invitation_lifetime: reader.or("invitation_lifetime", standard.invitation_lifetime),
        retention: retention(reader),
        mail_attempts: reader.or("mail.attempts", standard.mail_attempts),
    };
    for SettingsFlaw { path, text } in settings.flaws() {
        let path = setting(&path);
        let origin = reader.origin(&path).map(|origin| origin as _);
        reader.object(Problem::wrong(&path, origin, text));
    }
    settings
}

/// The setting that fills a field in.
fn setting(field: &str) -> String {
    if field == "mail_attempts" {
        return String::from("mail.attempts");
    }
    match field.rsplit_once('.') {
        Some((rate, "burst")) => format!("{rate}.count"),
        Some((rate, "interval")) => format!("{rate}.period"),
        Some(_) | None => field.to_owned(),
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
    SessionLimits {
        token: reader.or("sessions.token", standard.token),
        idle: reader.or("sessions.idle", standard.idle),
        absolute: reader.or("sessions.absolute", standard.absolute),
        refresh_grace: reader.or("sessions.refresh_grace", standard.refresh_grace),
        seconded_idle: reader.or("sessions.seconded_idle", standard.seconded_idle),
        seconded_absolute: reader.or("sessions.seconded_absolute", standard.seconded_absolute),
        concurrent: reader.or("sessions.concurrent", standard.concurrent),
    }
}

fn retention(reader: &mut Reader) -> Retention {
    let standard = Retention::default();
    Retention {
        flows: reader.or("retention.flows", standard.flows),
        sessions: reader.or("retention.sessions", standard.sessions),
        mails: reader.or("retention.mails", standard.mails),
        attempts: reader.or("retention.attempts", standard.attempts),
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
        guessed_accounts: rate(reader, "limits.guessed_accounts", standard.guessed_accounts),
        mailbox: rate(reader, "limits.mailbox", standard.mailbox),
        mailbox_network: rate(reader, "limits.mailbox_network", standard.mailbox_network),
        mailbox_daily: rate(reader, "limits.mailbox_daily", standard.mailbox_daily),
        notices: rate(reader, "limits.notices", standard.notices),
        delays: reader.or("limits.delays", DelaySteps(standard.delays)).0,
        organization_clients: reader
            .or("limits.organization_clients", standard.organization_clients),
        user_clients: reader.or("limits.user_clients", standard.user_clients),
        client_rate: reader.or("limits.client_rate", standard.client_rate),
        client_requests: rate(reader, "limits.client_requests", standard.client_requests),
        caller_requests: rate(reader, "limits.caller_requests", standard.caller_requests),
    }
}

fn rate(reader: &mut Reader, path: &str, standard: Rate) -> Rate {
    let burst = reader.or(&format!("{path}.count"), standard.burst);
    let period = reader.or(&format!("{path}.period"), standard.period());
    // Not `Rate::per`, which makes one of none: that is a flaw.
    Rate { burst, interval: period / burst.max(1) }
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
    /// One to four steps; a list of fewer than four ends with the last one again.
    fn from_steps(steps: &[DelayStep]) -> Result<Self, String> {
        match steps.last() {
            Some(last) if steps.len() <= 4 => {
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
    const FORM: &'static str = "a list of one to four steps such as \"5: 2s\"";
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
