use crate::ids::UserId;

/// What a flow leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// A new user and a session.
    SignUp,
    /// A session.
    Login,
    /// A proven address.
    VerifyEmail,
    /// A new password, and no session (R-RC-03).
    ResetPassword,
    /// A deletion taken back.
    RestoreAccount,
    /// A secured account: its owner says that a change he was told of was not his (R-NO-01).
    ReportNotice,
    /// A change of address taken back (R-EM-07).
    RevertEmail,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 7] = [
        Self::SignUp,
        Self::Login,
        Self::VerifyEmail,
        Self::ResetPassword,
        Self::RestoreAccount,
        Self::ReportNotice,
        Self::RevertEmail,
    ];

    /// The name under which a store keeps the purpose.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignUp => "sign-up",
            Self::Login => "login",
            Self::VerifyEmail => "verify-email",
            Self::ResetPassword => "reset-password",
            Self::RestoreAccount => "restore-account",
            Self::ReportNotice => "report-notice",
            Self::RevertEmail => "revert-email",
        }
    }

    /// Whose mailbox a flow for this writes to, where it is begun about this user: he has proven the address, and does
    /// not only claim it.
    pub(crate) const fn owner(self, user: Option<UserId>) -> Option<UserId> {
        match self {
            Self::Login
            | Self::ResetPassword
            | Self::RestoreAccount
            | Self::ReportNotice
            | Self::RevertEmail => user,
            Self::SignUp | Self::VerifyEmail => None,
        }
    }

    /// Whether it takes an objection to a change that was made already, as a deletion is one. Such a flow outlasts
    /// every other change: whoever took an account over must not be able to end it, and who objects to one change may
    /// still object to another.
    pub const fn is_objection(self) -> bool {
        match self {
            Self::RestoreAccount | Self::ReportNotice | Self::RevertEmail => true,
            Self::SignUp | Self::Login | Self::VerifyEmail | Self::ResetPassword => false,
        }
    }

    /// The purpose with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::Purpose;

    #[test]
    fn every_name_is_read_back() {
        assert!(Purpose::ALL.iter().all(|it| Purpose::named(it.name()) == Some(*it)));
    }
}
