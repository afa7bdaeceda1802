use durward_core::Attrs;
use durward_core::entity::{Flow, Invitation, Session};
use durward_core::ids::{FlowId, InvitationId, SessionId, UserId};
use durward_core::page::Slice;
use durward_core::store::{Dossier, Result};

use crate::engine::{Engine, values};
use crate::read::look_ups;
use crate::statement::statements;
use crate::{flows, invitations, sessions};

statements! { Dossier;
    EVERY_SESSION_OF = concat!(
        "SELECT ", sessions::columns!(), " FROM {sessions} WHERE user_id = ? AND id < ? \
         ORDER BY id DESC LIMIT ?"
    );
    EVERY_FLOW_OF = concat!(
        "SELECT ", flows::columns!(), " FROM {flows} WHERE user_id = ? AND id < ? \
         ORDER BY id DESC LIMIT ?"
    );
    EVERY_INVITATION_TO = concat!(
        "SELECT ", invitations::columns!(), " FROM {invitations} WHERE canonical IN \
         (SELECT proven_canonical FROM {login_emails} WHERE user_id = ?) AND id < ? \
         ORDER BY id DESC LIMIT ?"
    );
}

/// No id of version 7 comes after it.
const LAST: [u8; 16] = [0xff; 16];

look_ups! {
    impl<E: Engine, A: Attrs> Dossier<A> for Handle<'_, E, A> {
        async fn every_session_of(
            &mut self,
            user: UserId,
            slice: Slice<SessionId>,
        ) -> Result<Vec<Session<A>>> {
            let before = slice.after.unwrap_or(SessionId::from_bytes(LAST));
            let values = values![&user, &before, slice.limit];
            self.few(EVERY_SESSION_OF, values, sessions::decode).await
        }

        async fn every_flow_of(
            &mut self,
            user: UserId,
            slice: Slice<FlowId>,
        ) -> Result<Vec<Flow<A>>> {
            let before = slice.after.unwrap_or(FlowId::from_bytes(LAST));
            self.rows(EVERY_FLOW_OF, values![&user, &before, slice.limit], flows::decode).await
        }

        async fn every_invitation_to(
            &mut self,
            user: UserId,
            slice: Slice<InvitationId>,
        ) -> Result<Vec<Invitation<A>>> {
            let before = slice.after.unwrap_or(InvitationId::from_bytes(LAST));
            let values = values![&user, &before, slice.limit];
            self.rows(EVERY_INVITATION_TO, values, invitations::decode).await
        }
    }
}
