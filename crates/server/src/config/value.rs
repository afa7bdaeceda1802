//! What a value may look like: one small trait, implemented once per type.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use durward::{Secret, SignUpMode};
use ipnet::IpNet;
use serde_json::{Value, json};

use super::source::Raw;

/// A type that a setting may have.
pub(crate) trait Setting: Sized {
    /// What a right value is, as the end of a sentence that begins with "must be".
    const FORM: &'static str;
    /// Whether the value must not be shown, and may stand in a file of its own.
    const SECRET: bool = false;

    /// Reads the text form. The error says what the value must be; it never quotes the value.
    fn from_text(text: &str) -> Result<Self, String>;

    /// Reads a value that the file gave as something else than a string.
    fn from_typed(_raw: &Raw) -> Result<Self, String> {
        Err(Self::FORM.to_owned())
    }

    /// Whether the file may give it as a string.
    const TEXTUAL: bool = true;

    /// The value for people and programs; of a secret what may be shown of it.
    fn show(&self) -> Value;

    /// Reads a value of any source.
    fn from_raw(raw: &Raw) -> Result<Self, String> {
        match raw {
            Raw::Untyped(text) => Self::from_text(text),
            Raw::Text(text) if Self::TEXTUAL => Self::from_text(text),
            Raw::Text(_)
            | Raw::Integer(_)
            | Raw::Boolean(_)
            | Raw::List(_)
            | Raw::EmptySection
            | Raw::Other => Self::from_typed(raw),
        }
    }
}

impl Setting for String {
    const FORM: &'static str = "text";
    fn from_text(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
    fn show(&self) -> Value {
        json!(self)
    }
}

impl Setting for Secret<String> {
    const FORM: &'static str = "text";
    const SECRET: bool = true;
    fn from_text(text: &str) -> Result<Self, String> {
        Ok(Self::new(text.to_owned()))
    }
    fn show(&self) -> Value {
        json!("***")
    }
}

impl Setting for PathBuf {
    const FORM: &'static str = "a path";
    fn from_text(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err(Self::FORM.to_owned()) } else { Ok(Self::from(text)) }
    }
    fn show(&self) -> Value {
        json!(self.display().to_string())
    }
}

impl Setting for SocketAddr {
    const FORM: &'static str = "an IP address with a port, such as \"127.0.0.1:4000\"";
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_malformed| Self::FORM.to_owned())
    }
    fn show(&self) -> Value {
        json!(self.to_string())
    }
}

impl Setting for bool {
    const FORM: &'static str = "true or false";
    const TEXTUAL: bool = false;
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_neither| Self::FORM.to_owned())
    }
    fn from_typed(raw: &Raw) -> Result<Self, String> {
        if let Raw::Boolean(value) = raw { Ok(*value) } else { Err(Self::FORM.to_owned()) }
    }
    fn show(&self) -> Value {
        json!(self)
    }
}

macro_rules! numbers {
    ($($type:ty),*) => {$(
        impl Setting for $type {
            const FORM: &'static str = "a whole number, not negative";
            const TEXTUAL: bool = false;
            fn from_text(text: &str) -> Result<Self, String> {
                text.parse().map_err(|_not_a_number| Self::FORM.to_owned())
            }
            fn from_typed(raw: &Raw) -> Result<Self, String> {
                let Raw::Integer(number) = raw else {
                    return Err(Self::FORM.to_owned());
                };
                Self::try_from(*number).map_err(|_out_of_range| Self::FORM.to_owned())
            }
            fn show(&self) -> Value {
                json!(self)
            }
        }
    )*};
}
numbers!(u32, u64, usize);

impl<T: Setting> Setting for Vec<T> {
    const FORM: &'static str = "a list";
    const TEXTUAL: bool = false;
    /// In the environment the items are separated by commas.
    fn from_text(text: &str) -> Result<Self, String> {
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        items.map(|item| T::from_text(item).map_err(|form| each(&form))).collect()
    }
    fn from_typed(raw: &Raw) -> Result<Self, String> {
        let Raw::List(items) = raw else {
            return Err(format!("a list, each item {}", T::FORM));
        };
        items.iter().map(|item| T::from_raw(item).map_err(|form| each(&form))).collect()
    }
    fn show(&self) -> Value {
        self.iter().map(Setting::show).collect()
    }
}

fn each(form: &str) -> String {
    format!("a list, each item {form}")
}

impl Setting for IpNet {
    const FORM: &'static str = "a network such as \"10.0.0.0/8\", or an IP address";
    fn from_text(text: &str) -> Result<Self, String> {
        let address = || text.parse().map(|ip: std::net::IpAddr| Self::from(ip));
        text.parse().or_else(|_no_network| address()).map_err(|_neither| Self::FORM.to_owned())
    }
    fn show(&self) -> Value {
        json!(self.to_string())
    }
}

/// Implements [`Setting`] for an enum of a few words.
macro_rules! words {
    ($type:ty, $form:literal, $($variant:path => $word:literal),+ $(,)?) => {
        impl $crate::config::value::Setting for $type {
            const FORM: &'static str = $form;
            fn from_text(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok($variant),)+
                    _ => Err(Self::FORM.to_owned()),
                }
            }
            fn show(&self) -> serde_json::Value {
                match self {
                    $($variant => serde_json::json!($word),)+
                }
            }
        }
    };
}
pub(crate) use words;

words!(
    SignUpMode,
    "one of \"verified\", \"open\", \"invited\", \"closed\"",
    SignUpMode::Verified => "verified",
    SignUpMode::Open => "open",
    SignUpMode::Invited => "invited",
    SignUpMode::Closed => "closed",
);

/// A number with a unit, several of them added up: `1h30m`.
fn with_units(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let mut rest = text;
    let mut sum: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start_matches(' ');
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let (_, factor) = units.iter().find(|(unit, _)| *unit == &rest[..letters])?;
        rest = &rest[letters..];
        sum = sum.checked_add(number.checked_mul(*factor)?)?;
    }
    (!text.is_empty()).then_some(sum)
}

/// The shortest exact form in the largest unit that divides the amount.
fn in_largest_unit(amount: u64, units: &[(&str, u64)]) -> String {
    let divides = |factor: u64| amount.is_multiple_of(factor) && amount >= factor;
    match units.iter().rev().find(|(_, factor)| divides(*factor)) {
        Some((unit, factor)) => format!("{}{unit}", amount / factor),
        None => format!("0{}", units[0].0),
    }
}

const TIME_UNITS: &[(&str, u64)] =
    &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

impl Setting for Duration {
    const FORM: &'static str =
        "a time with a unit, such as \"30s\", \"10m\", \"1h30m\" or \"14d\" (ms, s, m, h, d)";
    fn from_text(text: &str) -> Result<Self, String> {
        let millis = with_units(text, TIME_UNITS).ok_or_else(|| Self::FORM.to_owned())?;
        Ok(Self::from_millis(millis))
    }
    fn show(&self) -> Value {
        let millis = u64::try_from(self.as_millis()).unwrap_or(u64::MAX);
        let divides = |factor: u64| millis.is_multiple_of(factor) && millis >= factor;
        // A day reads better than 24 hours only when there are several.
        let units = if divides(86_400_000) && millis / 86_400_000 < 2 {
            &TIME_UNITS[..4]
        } else {
            TIME_UNITS
        };
        json!(in_largest_unit(millis, units))
    }
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) u64);

const SIZE_UNITS: &[(&str, u64)] =
    &[("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

impl Bytes {
    /// The size in its largest unit.
    pub(crate) fn text(self) -> String {
        in_largest_unit(self.0, SIZE_UNITS)
    }
}

impl Setting for Bytes {
    const FORM: &'static str = "a size with a unit, such as \"19MiB\" (B, KiB, MiB, GiB)";
    fn from_text(text: &str) -> Result<Self, String> {
        with_units(text, SIZE_UNITS).map(Self).ok_or_else(|| Self::FORM.to_owned())
    }
    fn show(&self) -> Value {
        json!(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        for (text, millis) in [
            ("30s", 30_000),
            ("10m", 600_000),
            ("1h30m", 5_400_000),
            ("14d", 1_209_600_000),
            ("250ms", 250),
            ("0s", 0),
            ("2 h", 7_200_000),
        ] {
            assert_eq!(Duration::from_text(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for wrong in
            ["", "10", "m", "-1s", "1.5h", "10 minutes", "1y", "99999999999999999999s", "é"]
        {
            assert!(Duration::from_text(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_shown_is_read_back() {
        for (millis, shown) in [
            (600_000, "10m"),
            (86_400_000, "24h"),
            (1_209_600_000, "14d"),
            (90_000, "90s"),
            (250, "250ms"),
            (0, "0ms"),
        ] {
            let time = Duration::from_millis(millis);
            assert_eq!(time.show(), json!(shown));
            assert_eq!(Duration::from_text(shown), Ok(time));
        }
        assert_eq!(Bytes(19 << 20).show(), json!("19MiB"));
        assert_eq!(Bytes::from_text("1GiB512MiB"), Ok(Bytes(3 << 29)));
        assert!(Bytes::from_text("19").is_err());
    }

    #[test]
    fn the_file_gives_numbers_as_numbers() {
        assert_eq!(u32::from_raw(&Raw::Integer(5)), Ok(5));
        assert_eq!(u32::from_raw(&Raw::Untyped("5".into())), Ok(5));
        assert!(u32::from_raw(&Raw::Text("5".into())).is_err());
        assert!(u32::from_raw(&Raw::Integer(-1)).is_err());
        assert!(u32::from_raw(&Raw::Integer(1 << 40)).is_err());
        assert!(String::from_raw(&Raw::Integer(5)).is_err());
        assert_eq!(String::from_raw(&Raw::Untyped("5".into())), Ok("5".into()));
    }

    #[test]
    fn lists_are_arrays_in_the_file_and_have_commas_in_the_environment() {
        let networks: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let list = Raw::List(vec![Raw::Text("10.0.0.0/8".into()), Raw::Text("::1".into())]);
        assert_eq!(Vec::<IpNet>::from_raw(&list), Ok(networks.clone()));
        assert_eq!(Vec::<IpNet>::from_raw(&Raw::Untyped("10.0.0.0/8, ::1".into())), Ok(networks));
        let error = Vec::<IpNet>::from_raw(&Raw::List(vec![Raw::Text("x".into())])).unwrap_err();
        assert!(error.starts_with("a list, each item a network"), "{error}");
    }

    #[test]
    fn a_secret_is_not_shown() {
        let secret = Secret::<String>::from_text("hunter2").unwrap();
        assert_eq!(secret.show(), json!("***"));
    }
}
