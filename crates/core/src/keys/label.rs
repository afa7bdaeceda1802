/// What a keyed digest is about; two labels never give the same digest for the same input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Label {
    /// The `state` that binds a flow to whoever began it.
    State,
    /// A short code, bound to its flow.
    ShortCode,
    /// A recovery code, bound to its user.
    RecoveryCode,
    /// The name of a rate or attempt budget.
    Budget,
    /// An `Idempotency-Key` together with its caller and route.
    IdempotencyKey,
    /// The content of a request that carried an `Idempotency-Key`.
    Request,
    /// A version that a client compares, such as an `ETag`.
    EntityTag,
    /// What another system knows a user by.
    Import,
    /// An entry of the audit log.
    AuditEntry,
    /// The head of a chain of the audit log.
    AuditHead,
}

impl Label {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::ShortCode => "short-code",
            Self::RecoveryCode => "recovery-code",
            Self::Budget => "budget",
            Self::IdempotencyKey => "idempotency-key",
            Self::Request => "request",
            Self::EntityTag => "entity-tag",
            Self::Import => "import",
            Self::AuditEntry => "audit-entry",
            Self::AuditHead => "audit-head",
        }
    }
}
