use std::sync::Arc;

use durward::behavior::{OneFactor, StepRule, TwoFactors};

use super::value::words;

/// Of whom a second factor is asked; whoever has one is asked for it anyway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SecondFactor {
    /// Of nobody.
    #[default]
    Optional,
    /// Of who administers the deployment.
    Administrators,
    /// Of everybody.
    Required,
}

impl SecondFactor {
    /// The rule that asks it.
    pub(crate) fn rule(self) -> Arc<dyn StepRule> {
        match self {
            Self::Optional => Arc::new(OneFactor),
            Self::Administrators => Arc::new(TwoFactors::Administrators),
            Self::Required => Arc::new(TwoFactors::Everyone),
        }
    }
}

words!(
    SecondFactor,
    "one of \"optional\", \"administrators\", \"required\"",
    SecondFactor::Optional => "optional",
    SecondFactor::Administrators => "administrators",
    SecondFactor::Required => "required",
);
