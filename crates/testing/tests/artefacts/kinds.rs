//! Secrets, and the places that take one.

/// What somebody may hold. A new kind of secret gets its line here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Artefact {
    Session,
    Refresh,
    HandleAtCode,
    HandleAtTotp,
    HandleAtNewPassword,
    Enrolment,
    EnrolmentDigits,
    MailedLink,
    MailedCode,
    Digits,
    RecoveryCode,
    State,
    Password,
    Invitation,
    SecretKey,
    PublicClient,
    VerificationLink,
    ResetLink,
    RestoreLink,
    ReportLink,
    RevertLink,
    Bootstrap,
}

impl Artefact {
    pub(crate) const ALL: [Self; 22] = [
        Self::Session,
        Self::Refresh,
        Self::HandleAtCode,
        Self::HandleAtTotp,
        Self::HandleAtNewPassword,
        Self::Enrolment,
        Self::EnrolmentDigits,
        Self::MailedLink,
        Self::MailedCode,
        Self::Digits,
        Self::RecoveryCode,
        Self::State,
        Self::Password,
        Self::Invitation,
        Self::SecretKey,
        Self::PublicClient,
        Self::VerificationLink,
        Self::ResetLink,
        Self::RestoreLink,
        Self::ReportLink,
        Self::RevertLink,
        Self::Bootstrap,
    ];
}

/// A place that takes a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Bearer,
    Refresh,
    CodeByLink,
    CodeHandle,
    CodeTyped,
    CodeState,
    TotpHandle,
    TotpDigits,
    TotpState,
    RecoveryHandle,
    RecoverySecret,
    NewPasswordHandle,
    NewPasswordState,
    PasswordSecret,
    VerifyEmail,
    ConfirmHandle,
    ConfirmDigits,
    RestoreAccount,
    ReportNotice,
    RevertEmail,
    ResetByLink,
    ResetState,
    Bootstrap,
    AcceptInvitation,
    ClientBearer,
    ClientField,
}

impl Place {
    pub(crate) const ALL: [Self; 26] = [
        Self::Bearer,
        Self::Refresh,
        Self::CodeByLink,
        Self::CodeHandle,
        Self::CodeTyped,
        Self::CodeState,
        Self::TotpHandle,
        Self::TotpDigits,
        Self::TotpState,
        Self::RecoveryHandle,
        Self::RecoverySecret,
        Self::NewPasswordHandle,
        Self::NewPasswordState,
        Self::PasswordSecret,
        Self::VerifyEmail,
        Self::ConfirmHandle,
        Self::ConfirmDigits,
        Self::RestoreAccount,
        Self::ReportNotice,
        Self::RevertEmail,
        Self::ResetByLink,
        Self::ResetState,
        Self::Bootstrap,
        Self::AcceptInvitation,
        Self::ClientBearer,
        Self::ClientField,
    ];

    /// The one thing that is accepted there.
    pub(crate) const fn takes(self) -> Artefact {
        match self {
            Self::Bearer => Artefact::Session,
            Self::Refresh => Artefact::Refresh,
            Self::CodeByLink => Artefact::MailedLink,
            Self::CodeHandle => Artefact::HandleAtCode,
            Self::CodeTyped => Artefact::MailedCode,
            Self::CodeState | Self::TotpState | Self::NewPasswordState | Self::ResetState => {
                Artefact::State
            }
            Self::NewPasswordHandle => Artefact::HandleAtNewPassword,
            Self::TotpHandle | Self::RecoveryHandle => Artefact::HandleAtTotp,
            Self::TotpDigits => Artefact::Digits,
            Self::RecoverySecret => Artefact::RecoveryCode,
            Self::PasswordSecret => Artefact::Password,
            Self::ConfirmHandle => Artefact::Enrolment,
            Self::ConfirmDigits => Artefact::EnrolmentDigits,
            Self::AcceptInvitation => Artefact::Invitation,
            Self::ClientBearer | Self::ClientField => Artefact::SecretKey,
            Self::VerifyEmail => Artefact::VerificationLink,
            Self::ResetByLink => Artefact::ResetLink,
            Self::RestoreAccount => Artefact::RestoreLink,
            Self::ReportNotice => Artefact::ReportLink,
            Self::RevertEmail => Artefact::RevertLink,
            Self::Bootstrap => Artefact::Bootstrap,
        }
    }
}
