//! What is deleted when it has been over for a while.

use durward::budget::Delays;
use durward::entity::MailState;
use durward::store::{Leftover, LeftoversMut, Result};
use durward::{Attrs, Timestamp};

use super::Handle;

impl<A: Attrs> LeftoversMut for Handle<A> {
    async fn delete_leftovers(
        &mut self,
        what: Leftover,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64> {
        self.write(|tables| {
            Ok(match what {
                Leftover::Flows => delete(&mut tables.flows, limit, |it| it.expires < before),
                Leftover::Invitations => {
                    delete(&mut tables.invitations, limit, |it| it.expires < before)
                }
                Leftover::Sessions => {
                    let deleted = delete(&mut tables.sessions, limit, |it| {
                        it.expires < before || it.ended.is_some_and(|ended| ended < before)
                    });
                    let sessions = &tables.sessions;
                    tables.families.retain(|(_, id)| sessions.iter().any(|it| it.id == *id));
                    deleted
                }
                Leftover::Replies => delete(&mut tables.replies, limit, |it| it.expires < before),
                Leftover::Mails => delete(&mut tables.outbox, limit, |it| {
                    it.state != MailState::Pending && it.due < before
                }),
                Leftover::Budgets => delete(&mut tables.budgets, limit, |it| it.1 < before),
                Leftover::Attempts => delete(&mut tables.failures, limit, |it| {
                    it.2 < before && it.1 < Delays::MAX_FAILURES
                }),
            })
        })
    }
}

fn delete<T>(rows: &mut Vec<T>, limit: u32, is_over: impl Fn(&T) -> bool) -> u64 {
    let mut left = limit;
    rows.retain(|row| {
        let doomed = left > 0 && is_over(row);
        left -= u32::from(doomed);
        !doomed
    });
    u64::from(limit - left)
}
