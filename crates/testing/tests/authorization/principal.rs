/// Whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Principal {
    Nobody,
    Stranger,
    Subject,
    Administrator,
    Viewer,
    Editor,
    Manager,
    Owner,
    /// The owner, by a session that has proven a second factor.
    Strong,
    Client,
    OtherClient,
    SystemClient,
    /// A personal key of the subject.
    Key,
    /// A personal key of the owner.
    OwnersKey,
    /// An administrator who acts as the subject.
    Actor,
    /// The subject, by a session of one factor where two are asked of her.
    Enrolling,
}

impl Principal {
    pub(crate) const ALL: [Self; 16] = [
        Self::Nobody,
        Self::Stranger,
        Self::Subject,
        Self::Administrator,
        Self::Viewer,
        Self::Editor,
        Self::Manager,
        Self::Owner,
        Self::Strong,
        Self::Client,
        Self::OtherClient,
        Self::SystemClient,
        Self::Key,
        Self::OwnersKey,
        Self::Actor,
        Self::Enrolling,
    ];

    /// The user as whom somebody acts.
    pub(crate) const fn user(self) -> Option<Self> {
        match self {
            Self::Nobody | Self::Client | Self::OtherClient | Self::SystemClient => None,
            Self::Key | Self::Actor | Self::Enrolling => Some(Self::Subject),
            Self::Strong | Self::OwnersKey => Some(Self::Owner),
            Self::Stranger
            | Self::Subject
            | Self::Administrator
            | Self::Viewer
            | Self::Editor
            | Self::Manager
            | Self::Owner => Some(self),
        }
    }

    /// The column of the policy for whoever is less than the user: acts as him, or has proven too little.
    pub(crate) const fn stands_for_somebody(self) -> Option<&'static str> {
        match self {
            Self::Key | Self::OwnersKey => Some("key"),
            Self::Actor => Some("actor"),
            Self::Enrolling => Some("enrolling"),
            Self::Nobody
            | Self::Stranger
            | Self::Subject
            | Self::Administrator
            | Self::Viewer
            | Self::Editor
            | Self::Manager
            | Self::Owner
            | Self::Strong
            | Self::Client
            | Self::OtherClient
            | Self::SystemClient => None,
        }
    }
}
