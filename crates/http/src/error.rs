//! What goes wrong, as HTTP says it: the one place that turns a reason into a status and its words.

use std::time::Duration;

use axum::http::StatusCode;
use durward_core::error::with_causes;
use durward_core::{Error, Kind, Obstruction};

use crate::problem::Problem;

/// Every reason for which a request is refused: those of the flows, and those of HTTP itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// A flow answered an [`Error`] of this kind.
    Flow(Kind),
    /// The body is not the JSON that [RFC 8259] and our limits allow (R-IN-02).
    ///
    /// [RFC 8259]: https://www.rfc-editor.org/rfc/rfc8259
    BadJson,
    /// A header field is malformed, or repeated where it must not be (R-IN-06).
    BadHeader,
    /// A parameter of the query is repeated (R-IN-06).
    BadQuery,
    /// A secret stands in the URL, where histories and logs keep it (R-HT-09).
    SecretInUrl,
    /// The path is known, the method is not (R-HT-02).
    MethodNotAllowed,
    /// The body is larger than 64 KiB.
    BodyTooLarge,
    /// The body is not `application/json` in UTF-8.
    UnsupportedMediaType,
    /// The server gave the request up; see [`too_slow`](crate::too_slow).
    TooSlow,
}

/// How a fault is told: never with a word of what was sent.
struct Telling {
    status: StatusCode,
    title: &'static str,
    detail: &'static str,
}

impl Fault {
    /// Every fault, in the order of the documentation.
    pub fn all() -> impl Iterator<Item = Self> {
        let own = [
            Self::BadJson,
            Self::BadHeader,
            Self::BadQuery,
            Self::SecretInUrl,
            Self::MethodNotAllowed,
            Self::BodyTooLarge,
            Self::UnsupportedMediaType,
            Self::TooSlow,
        ];
        own.into_iter().chain(Kind::ALL.map(Self::Flow))
    }

    /// The stable code, as problem documents show it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Flow(kind) => kind.code(),
            Self::BadJson => "BAD_JSON",
            Self::BadHeader => "BAD_HEADER",
            Self::BadQuery => "BAD_QUERY",
            Self::SecretInUrl => "SECRET_IN_URL",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::BodyTooLarge => "BODY_TOO_LARGE",
            Self::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
            Self::TooSlow => "TOO_SLOW",
        }
    }

    /// The status of the answer.
    pub const fn status(self) -> StatusCode {
        self.telling().status
    }

    /// The fault in a few words, the same for every occurrence (RFC 9457, 3.1.3).
    pub const fn title(self) -> &'static str {
        self.telling().title
    }

    /// What it means for the caller.
    pub const fn detail(self) -> &'static str {
        self.telling().detail
    }

    const fn telling(self) -> Telling {
        match self {
            Self::Flow(kind) => telling_of(kind),
            Self::BadJson => Telling {
                status: StatusCode::BAD_REQUEST,
                title: "Bad JSON",
                detail: "The body is not one JSON text as this API reads it; the obstruction says where it \
                         ends to be one.",
            },
            Self::BadHeader => Telling {
                status: StatusCode::BAD_REQUEST,
                title: "Bad header field",
                detail: "A header field of the request is malformed or repeated.",
            },
            Self::BadQuery => Telling {
                status: StatusCode::BAD_REQUEST,
                title: "Bad query",
                detail: "A parameter of the query is repeated.",
            },
            Self::SecretInUrl => Telling {
                status: StatusCode::BAD_REQUEST,
                title: "Secret in the URL",
                detail: "Tokens and codes do not belong into a URL, where histories and logs keep them. \
                         Treat what was sent as leaked.",
            },
            Self::MethodNotAllowed => Telling {
                status: StatusCode::METHOD_NOT_ALLOWED,
                title: "Method not allowed",
                detail: "This resource knows other methods only; the Allow field lists them.",
            },
            Self::BodyTooLarge => Telling {
                status: StatusCode::PAYLOAD_TOO_LARGE,
                title: "Body too large",
                detail: "A body may have at most 64 KiB.",
            },
            Self::UnsupportedMediaType => Telling {
                status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
                title: "Unsupported media type",
                detail: "A body must be application/json in UTF-8, without a content coding.",
            },
            Self::TooSlow => Telling {
                status: StatusCode::SERVICE_UNAVAILABLE,
                title: "Took too long",
                detail: "The request took longer than requests may take. The Retry-After field says when to come back.",
            },
        }
    }
}

#[expect(clippy::too_many_lines, reason = "a table is read row by row")]
const fn telling_of(kind: Kind) -> Telling {
    match kind {
        Kind::Invalid => Telling {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            title: "Not acceptable as it is",
            detail: "Nothing was done. Each obstruction names a part of the request and what is wrong with it.",
        },
        Kind::Unauthenticated => Telling {
            status: StatusCode::UNAUTHORIZED,
            title: "Not authenticated",
            detail: "What proves who you are is missing or not accepted.",
        },
        Kind::StepUp => Telling {
            status: StatusCode::UNAUTHORIZED,
            title: "Authenticate again",
            detail: "This needs an authentication of a moment ago. Log in again, with this session's token in the \
                     Authorization field, and repeat the request with the new one.",
        },
        Kind::SecondFactorRequired => Telling {
            status: StatusCode::FORBIDDEN,
            title: "Second factor required",
            detail: "This session may only enrol an authenticator app, and a personal key of its user does nothing before. \
                     Enrol one, and log in with it.",
        },
        Kind::InsufficientAuthentication => Telling {
            status: StatusCode::UNAUTHORIZED,
            title: "Stronger authentication needed",
            detail: "The organization asks for more than was proven: `authentication` says for what. Log in so, with this \
                     session's token in the Authorization field, and repeat the request with the new one.",
        },
        Kind::Forbidden => Telling {
            status: StatusCode::FORBIDDEN,
            title: "Not allowed",
            detail: "You may not do this.",
        },
        Kind::SignUpClosed => Telling {
            status: StatusCode::FORBIDDEN,
            title: "Sign-up is closed",
            detail: "People cannot sign up by themselves here.",
        },
        Kind::NotFound => Telling {
            status: StatusCode::NOT_FOUND,
            title: "Not found",
            detail: "There is no such thing, or it is not yours.",
        },
        Kind::Duplicate => Telling {
            status: StatusCode::CONFLICT,
            title: "Already there",
            detail: "Something with this unique property is there already.",
        },
        Kind::Last => Telling {
            status: StatusCode::CONFLICT,
            title: "The last one stays",
            detail: "There must always be one, and this is the last. Make another one first.",
        },
        Kind::OtherInvited => Telling {
            status: StatusCode::FORBIDDEN,
            title: "Invitation for another user",
            detail: "The invitation went to an address that is not yours. Sign in as the user who was invited, or \
                     add the address to this account first.",
        },
        Kind::Stale => Telling {
            status: StatusCode::PRECONDITION_FAILED,
            title: "Changed in the meantime",
            detail: "The resource is not in the state that the request was made for. Get it again and decide anew.",
        },
        Kind::Deleted => Telling {
            status: StatusCode::CONFLICT,
            title: "The account is deleted",
            detail: "A deleted account must be restored before anything else can be done with it.",
        },
        Kind::KeyReused => Telling {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            title: "Idempotency key reused",
            detail: "This Idempotency-Key was used for another request.",
        },
        Kind::Throttled => Telling {
            status: StatusCode::TOO_MANY_REQUESTS,
            title: "Too many attempts",
            detail: "Too much was tried. The Retry-After field says when to come back.",
        },
        Kind::Busy => Telling {
            status: StatusCode::SERVICE_UNAVAILABLE,
            title: "Busy",
            detail: "There is more to do than can be done in time. The Retry-After field says when to come back.",
        },
        Kind::Vetoed => Telling {
            status: StatusCode::FORBIDDEN,
            title: "Refused by the application",
            detail: "A rule of this application refused it, and nothing was done.",
        },
        Kind::Store => Telling {
            status: StatusCode::SERVICE_UNAVAILABLE,
            title: "Storage unavailable",
            detail: "The storage cannot be used at the moment. The Retry-After field says when to come back.",
        },
        Kind::Internal => Telling {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            title: "Internal error",
            detail: "Something is wrong with the server. The request id finds the reason in its log.",
        },
    }
}

/// When to come back after the storage failed; it says nothing of its own.
const STORE_PAUSE: Duration = Duration::from_secs(1);

impl From<Error> for Problem {
    /// Also writes down, once, what the caller is not told.
    fn from(error: Error) -> Self {
        let problem = Self::new(Fault::Flow(error.kind()));
        match error {
            Error::Invalid(obstructions) => problem.because(obstructions),
            Error::KeyReused => problem.because([Obstruction::new(
                Kind::KeyReused.code(),
                "The Idempotency-Key belongs to a request with another body.",
            )]),
            Error::Throttled { retry_after, rate } => problem.retry_after(retry_after).over(rate),
            Error::Busy { retry_after } => problem.retry_after(retry_after),
            Error::StepUp { max_age } => problem.step_up(max_age),
            Error::InsufficientAuthentication { required } => problem.strengthen(required),
            Error::Vetoed(veto) => {
                tracing::info!(reason = with_causes(&*veto), "a hook of the application refused");
                problem
            }
            Error::Store(error) => {
                tracing::error!(error = with_causes(&error), "the storage failed");
                problem.retry_after(STORE_PAUSE)
            }
            Error::Internal(what) => {
                tracing::error!(error = what, "internal failure");
                problem
            }
            Error::Unauthenticated
            | Error::SecondFactorRequired
            | Error::Forbidden
            | Error::SignUpClosed
            | Error::NotFound(_)
            | Error::Duplicate(_)
            | Error::Last(_)
            | Error::OtherInvited
            | Error::Stale(_)
            | Error::Deleted
            | _ => problem,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use durward_core::StoreError;

    #[test]
    fn every_code_is_distinct_and_has_its_section() {
        let page = include_str!("../../../docs/errors.md");
        let mut seen = Vec::new();
        for fault in Fault::all() {
            assert!(!seen.contains(&fault.code()), "{} appears twice", fault.code());
            seen.push(fault.code());
            let (from, status) = (format!("\n## {}\n", fault.code()), fault.status().as_u16());
            let Some((_, section)) = page.split_once(&from) else {
                panic!("docs/errors.md has no section for {}", fault.code());
            };
            assert!(
                section.trim_start().starts_with(&format!("`{status}`")),
                "the section of {} does not begin with its status",
                fault.code()
            );
        }
        let sections: Vec<&str> =
            page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(sections, seen, "docs/errors.md has the codes in another order, or more");
    }

    #[test]
    fn a_failing_dependency_asks_to_come_back() {
        // R-ER-02
        let problem = Problem::from(Error::Store(StoreError::Spent));
        assert_eq!(problem.fault().status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(problem.after().is_some());
    }
}
