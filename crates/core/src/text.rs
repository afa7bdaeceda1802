//! Text that strangers send, checked once at the edge and carried by its own type afterwards.
//!
//! Whatever may reach a mail, a log line or a page holds no control characters, no line breaks and
//! nothing that reorders the text around it (security decision 15, R-EM-05).

pub(crate) mod characters;
mod flow_state;
mod person_name;
mod reason;
mod user_agent;

pub use flow_state::{FlowState, FlowStateError};
pub use person_name::{PersonName, PersonNameError};
pub use reason::Reason;
pub use user_agent::UserAgent;
