use schemars::JsonSchema;
use serde::Serialize;

use super::Method;
use crate::error::Error;

/// How strongly somebody authenticated or has to, the weakest first: what an organization asks of its members, and what
/// a session, or the user of a personal key, has to show (R-MF-01, R-MF-05).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum AuthenticationStrength {
    /// By any method.
    #[default]
    Any,
    /// By more than a mailed link or code, which whoever reads the mailbox has (security decision 6).
    NoMailAlone,
    /// By a second factor, behind a first one.
    SecondFactor,
}

impl AuthenticationStrength {
    /// Every strength, the weakest first.
    pub const ALL: [Self; 3] = [Self::Any, Self::NoMailAlone, Self::SecondFactor];

    /// What the proof of these methods amounts to; the proof of none is the weakest.
    pub fn of(methods: &[Method]) -> Self {
        methods.iter().map(|method| Self::by(*method)).max().unwrap_or_default()
    }

    const fn by(method: Method) -> Self {
        match method {
            Method::Email => Self::Any,
            Method::Password => Self::NoMailAlone,
            Method::Totp | Method::RecoveryCode => Self::SecondFactor,
        }
    }

    /// [`Error::InsufficientAuthentication`] if it is less than what is required.
    pub fn meets(self, required: Self) -> Result<(), Error> {
        if self >= required { Ok(()) } else { Err(Error::InsufficientAuthentication { required }) }
    }

    /// The name of the strength, in stores and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::NoMailAlone => "noMailAlone",
            Self::SecondFactor => "secondFactor",
        }
    }

    /// The strength with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strength| strength.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_is_the_weakest_proof_however_often_it_is_read() {
        // R-MF-03, R-MF-05, security decision 6
        use AuthenticationStrength::{Any, NoMailAlone, SecondFactor};
        use Method::{Email, Password, RecoveryCode, Totp};
        for (methods, strength) in [
            (&[][..], Any),
            (&[Email], Any),
            (&[Email, Email], Any),
            (&[Password], NoMailAlone),
            (&[Password, Email], NoMailAlone),
            (&[Email, Totp], SecondFactor),
            (&[Password, RecoveryCode], SecondFactor),
        ] {
            assert_eq!(AuthenticationStrength::of(methods), strength, "{methods:?}");
        }
        for method in Method::ALL {
            let is_strongest = AuthenticationStrength::of(&[method]) == SecondFactor;
            assert_eq!(is_strongest, method.is_second_factor(), "{method:?}");
        }
    }

    #[test]
    fn what_is_stronger_meets_whatever_the_weaker_does() {
        // R-MF-01
        for one in AuthenticationStrength::ALL {
            for required in AuthenticationStrength::ALL {
                assert_eq!(one.meets(required).is_ok(), one as u8 >= required as u8);
            }
            assert_eq!(AuthenticationStrength::named(one.name()), Some(one));
            assert_eq!(serde_json::to_value(one).unwrap(), one.name());
        }
        assert_eq!(AuthenticationStrength::named("Any"), None);
    }
}
