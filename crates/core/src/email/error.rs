/// Why a text is not an [`EmailAddress`](super::EmailAddress).
///
/// The sentences never repeat what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum EmailError {
    /// No text at all.
    #[error("the address is empty")]
    Empty,
    /// More than 254 octets, as sent or in one of the forms made from it (RFC 5321, 4.5.3.1.3).
    #[error("the address is longer than 254 octets")]
    TooLong,
    /// White space, a line break, another control character or a bidi control.
    #[error("the address contains a space or a control character")]
    ForbiddenCharacter,
    /// A character that would turn into others by normalisation or case mapping, such as a full-width
    /// letter (R-EM-03).
    #[error("the address contains a character that stands for others; type it plainly")]
    MappedCharacter,
    /// No `@`.
    #[error("the address has no @")]
    MissingAt,
    /// More than one `@`.
    #[error("the address has more than one @")]
    SeveralAts,
    /// Nothing before the `@`.
    #[error("there is nothing before the @")]
    LocalPartMissing,
    /// More than 64 octets before the `@` (RFC 5321, 4.5.3.1.1).
    #[error("the part before the @ is longer than 64 octets")]
    LocalPartTooLong,
    /// A quoted local part, which RFC 5321 allows and we do not.
    #[error("quotation marks before the @ are not supported")]
    LocalPartQuoted,
    /// A dot at the beginning, at the end, or next to another one, before the `@`.
    #[error("a dot before the @ must stand between other characters")]
    LocalPartDots,
    /// A character that is not `atext` (RFC 5322, 3.2.3), or no letter, before the `@`.
    #[error("the part before the @ contains a character that is not allowed there")]
    LocalPartCharacter,
    /// A letter outside ASCII before the `@`, which the rules do not allow.
    #[error("letters outside ASCII before the @ are not supported")]
    LocalPartNotAscii,
    /// Letters of several scripts, or digits of several, before the `@` (UTS #39).
    #[error("the part before the @ mixes scripts")]
    LocalPartMixed,
    /// Nothing after the `@`.
    #[error("there is nothing after the @")]
    DomainMissing,
    /// A domain without a dot, which the rules do not allow.
    #[error("the domain has no dot")]
    DomainWithoutDot,
    /// A dot at the beginning, at the end, or next to another one, in the domain.
    #[error("a dot in the domain must stand between other characters")]
    DomainDots,
    /// An address literal such as `[192.0.2.1]`.
    #[error("an IP address cannot stand after the @")]
    DomainLiteral,
    /// A top-level domain that is a number: the domain is, or could be taken for, an IP address.
    #[error("the domain ends in a number")]
    DomainNumeric,
    /// A character that no host name has.
    #[error("the domain contains a character that is not allowed there")]
    DomainCharacter,
    /// A label of the domain begins or ends with a hyphen.
    #[error("a part of the domain begins or ends with a hyphen")]
    DomainHyphen,
    /// A label has more than 63 octets in its ASCII form (RFC 1035, 2.3.4).
    #[error("a part of the domain is longer than 63 octets")]
    DomainLabelTooLong,
    /// The domain is not a valid internationalized name (IDNA2008, UTS #46), or `xn--` stands before what
    /// encodes none.
    #[error("the domain is not a valid international domain name")]
    DomainNotIdna,
}

impl EmailError {
    /// Every reason, for documentation and tests.
    pub const ALL: [Self; 22] = [
        Self::Empty,
        Self::TooLong,
        Self::ForbiddenCharacter,
        Self::MappedCharacter,
        Self::MissingAt,
        Self::SeveralAts,
        Self::LocalPartMissing,
        Self::LocalPartTooLong,
        Self::LocalPartQuoted,
        Self::LocalPartDots,
        Self::LocalPartCharacter,
        Self::LocalPartNotAscii,
        Self::LocalPartMixed,
        Self::DomainMissing,
        Self::DomainWithoutDot,
        Self::DomainDots,
        Self::DomainLiteral,
        Self::DomainNumeric,
        Self::DomainCharacter,
        Self::DomainHyphen,
        Self::DomainLabelTooLong,
        Self::DomainNotIdna,
    ];

    /// A stable name of the reason for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "EMAIL_EMPTY",
            Self::TooLong => "EMAIL_TOO_LONG",
            Self::ForbiddenCharacter => "EMAIL_FORBIDDEN_CHARACTER",
            Self::MappedCharacter => "EMAIL_MAPPED_CHARACTER",
            Self::MissingAt => "EMAIL_MISSING_AT",
            Self::SeveralAts => "EMAIL_SEVERAL_ATS",
            Self::LocalPartMissing => "EMAIL_LOCAL_PART_MISSING",
            Self::LocalPartTooLong => "EMAIL_LOCAL_PART_TOO_LONG",
            Self::LocalPartQuoted => "EMAIL_LOCAL_PART_QUOTED",
            Self::LocalPartDots => "EMAIL_LOCAL_PART_DOTS",
            Self::LocalPartCharacter => "EMAIL_LOCAL_PART_CHARACTER",
            Self::LocalPartNotAscii => "EMAIL_LOCAL_PART_NOT_ASCII",
            Self::LocalPartMixed => "EMAIL_LOCAL_PART_MIXED",
            Self::DomainMissing => "EMAIL_DOMAIN_MISSING",
            Self::DomainWithoutDot => "EMAIL_DOMAIN_WITHOUT_DOT",
            Self::DomainDots => "EMAIL_DOMAIN_DOTS",
            Self::DomainLiteral => "EMAIL_DOMAIN_LITERAL",
            Self::DomainNumeric => "EMAIL_DOMAIN_NUMERIC",
            Self::DomainCharacter => "EMAIL_DOMAIN_CHARACTER",
            Self::DomainHyphen => "EMAIL_DOMAIN_HYPHEN",
            Self::DomainLabelTooLong => "EMAIL_DOMAIN_LABEL_TOO_LONG",
            Self::DomainNotIdna => "EMAIL_DOMAIN_NOT_IDNA",
        }
    }
}
