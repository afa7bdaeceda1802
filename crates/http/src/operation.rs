//! How a route describes itself.

use serde_json::Value;

use crate::error::Fault;
use crate::schemas::Schemas;

/// Makes the schema of a body.
pub(crate) type SchemaOf = fn(&mut Schemas) -> Value;

/// What the OpenAPI document says of a route, beyond what its rule says already.
pub(crate) struct Operation {
    /// The `operationId`.
    pub(crate) id: &'static str,
    /// The chapter it stands in.
    pub(crate) tag: &'static str,
    /// What it does, in a few words.
    pub(crate) summary: &'static str,
    /// What one should know before using it.
    pub(crate) description: &'static str,
    /// What a session is good for.
    pub(crate) session: SessionUse,
    /// The header fields and the parameters of the query that it reads.
    pub(crate) fields: &'static [Parameter],
    /// The body that it reads.
    pub(crate) body: BodyUse,
    /// What it answers when all is well.
    pub(crate) answers: Vec<Success>,
    /// What can go wrong here and not everywhere.
    pub(crate) faults: &'static [Fault],
}

/// What a session is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionUse {
    /// Nothing.
    None,
    /// It makes a difference.
    Optional,
    /// Nothing goes without.
    Required,
}

/// What an endpoint reads besides path and body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parameter {
    /// The header field; see [`IfMatch`](crate::entity_tag::IfMatch).
    IfMatch,
    /// The header field; see [`idempotency`](crate::idempotency::idempotency).
    IdempotencyKey,
    /// `limit` in the query; see [`slice`](crate::paging::slice).
    Limit,
    /// `cursor` in the query; see [`slice`](crate::paging::slice).
    Cursor,
    /// `includeCurrent` in the query: whether the session of the caller is meant, too.
    IncludeCurrent,
    /// `subject` in the query: a user.
    Subject,
    /// `actor` in the query: a user.
    Actor,
    /// `event` in the query: the name of an event.
    Event,
    /// `from` in the query: a time that is included.
    From,
    /// `to` in the query: a time that is not.
    To,
    /// A part of the terms on which a proxy lets requests go on.
    Term(Term),
    /// `q` in the query: how a name or an address begins.
    Begin,
    /// `email` in the query: an address.
    Email,
    /// `status` in the query: that of a user.
    Status,
    /// `user` in the query: the id of one.
    User,
    /// `client` in the query: the id of one.
    Client,
    /// `createdAfter` in the query: a time that is not included.
    CreatedAfter,
    /// `scope` in the query: whether one's own are meant, or all.
    Scope,
    /// `q` in the query: how a name begins.
    NameBegin,
    /// `archived` in the query: whether only those are meant, or only the others.
    Archived,
    /// `organization` in the query: the id of one.
    Organization,
    /// `role` in the query: that of a client.
    ClientRole,
    /// `enabled` in the query: whether only those are meant, or only the others.
    Enabled,
}

/// What a proxy is configured to demand; see [`Terms`](crate::forward_auth).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Term {
    /// `audience` in the query: for whom an identity is.
    Audience,
    /// `role` in the query: roles of which one is needed.
    Role,
    /// `anyPath` in the query: whether a path may be one that two programs could read differently.
    AnyPath,
    /// The header field in which Envoy says what the others say in the query.
    Demand,
}

impl Parameter {
    /// Whether it stands in the query; if not, it is a header field.
    pub(crate) const fn is_in_query(self) -> bool {
        match self {
            Self::IfMatch | Self::IdempotencyKey | Self::Term(Term::Demand) => false,
            Self::Limit
            | Self::Cursor
            | Self::IncludeCurrent
            | Self::Subject
            | Self::Actor
            | Self::Event
            | Self::From
            | Self::To
            | Self::Begin
            | Self::Email
            | Self::Status
            | Self::User
            | Self::Client
            | Self::CreatedAfter
            | Self::Scope
            | Self::NameBegin
            | Self::Archived
            | Self::Organization
            | Self::ClientRole
            | Self::Enabled
            | Self::Term(Term::Audience | Term::Role | Term::AnyPath) => true,
        }
    }
}

/// The body that an endpoint reads.
#[derive(Clone, Copy)]
pub(crate) enum BodyUse {
    /// None.
    None,
    /// One of this schema, or none.
    Optional(SchemaOf),
    /// One of this schema.
    Required(SchemaOf),
}

/// An answer when all is well.
pub(crate) struct Success {
    pub(crate) status: u16,
    pub(crate) description: &'static str,
    /// The schema of the body, if there is one.
    pub(crate) schema: Option<SchemaOf>,
    /// Whether it carries an `ETag`.
    pub(crate) tagged: bool,
    /// Whether it carries a signed identity.
    pub(crate) signed: bool,
}

impl Success {
    /// An answer with a body.
    pub(crate) const fn new(status: u16, description: &'static str, schema: SchemaOf) -> Self {
        Self { status, description, schema: Some(schema), tagged: false, signed: false }
    }

    /// An answer without a body.
    pub(crate) const fn empty(status: u16, description: &'static str) -> Self {
        Self { status, description, schema: None, tagged: false, signed: false }
    }

    /// The same answer with an `ETag`.
    pub(crate) const fn tagged(self) -> Self {
        Self { tagged: true, ..self }
    }

    /// The same answer with a signed identity.
    pub(crate) const fn signed(self) -> Self {
        Self { signed: true, ..self }
    }
}
