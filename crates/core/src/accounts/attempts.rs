use super::{Accounts, Answer};
use crate::entity::Method;
use crate::error::Error;
use crate::metrics::Outcome;
use crate::store::Store;

impl<S: Store> Accounts<S> {
    /// Counts an attempt to log in that was not refused, and passes on what came of it. Those that were refused are
    /// counted where they are written down.
    pub(super) fn answered(
        &self,
        method: Method,
        answer: Result<Answer, Error>,
    ) -> Result<Answer, Error> {
        let continues = matches!(answer, Ok(Answer::Step(_)));
        let proven = if continues { Outcome::Continued } else { Outcome::Success };
        self.counted(method, proven, answer)
    }

    /// The same for a proof that nobody logs in by.
    pub(super) fn proven<T>(&self, method: Method, proven: Result<T, Error>) -> Result<T, Error> {
        self.counted(method, Outcome::Success, proven)
    }

    fn counted<T>(
        &self,
        method: Method,
        proven: Outcome,
        result: Result<T, Error>,
    ) -> Result<T, Error> {
        let outcome = match &result {
            Ok(_) => Some(proven),
            Err(Error::Throttled { .. }) => Some(Outcome::Throttled),
            Err(Error::Busy { .. }) => Some(Outcome::Busy),
            Err(_refused_or_no_attempt) => None,
        };
        if let Some(outcome) = outcome {
            self.metrics().attempt(method, outcome);
        }
        result
    }
}
