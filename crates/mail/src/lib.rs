//! The mails of Durward: what they say, and how they are sent.
//!
//! - [`Templates`] turn a [`Mail`](durward_core::Mail) into a subject, a plain text and an HTML part.
//! - [`SmtpMailer`] hands it to a mail server.
//!
//! ```
//! use std::sync::Arc;
//! use durward_core::{Mailer, Secret};
//! use durward_mail::{SmtpMailer, Templates};
//!
//! let url = Secret::new(String::from("smtps://shop:very-secret@mail.example:465"));
//! let mailer = SmtpMailer::new(&url, "Shop <no-reply@shop.example>", Templates::embedded())?;
//! let port: Arc<dyn Mailer> = Arc::new(mailer);
//! # Ok::<(), durward_mail::SmtpError>(())
//! ```
//!
//! An application that sends in another way implements [`Mailer`](durward_core::Mailer) and still takes
//! the words from [`Templates::render`]. The [worker](durward_core::mail::worker) that empties the outbox is in the core.
//!
//! Nothing here spawns a task, installs a TLS provider for the whole process or reads the environment.

mod smtp;
mod template;

pub use smtp::{SmtpError, SmtpMailer};
pub use template::{Rendered, TemplateError, Templates};
