use std::collections::BTreeMap;
use std::sync::Arc;

use durward_core::Attrs;
use durward_core::entity::Bootstrap;

use crate::audit::AuditTable;
use crate::budgets::BudgetTable;
use crate::clients::ClientTable;
use crate::factors::FactorTable;
use crate::flows::FlowTable;
use crate::invitations::InvitationTable;
use crate::login_emails::LoginEmailTable;
use crate::memberships::MembershipTable;
use crate::nodes::NodeTable;
use crate::organizations::OrganizationTable;
use crate::outbox::OutboxTable;
use crate::passwords::PasswordTable;
use crate::replies::ReplyTable;
use crate::sessions::SessionTable;
use crate::users::UserTable;

/// Rows by their key; a copy shares each row until one of the two changes it.
pub(crate) type Rows<K, V> = BTreeMap<K, Arc<V>>;

/// Everything that is stored; a copy shares each table until one of the two changes it.
pub(crate) struct State<A: Attrs> {
    pub(crate) users: Arc<UserTable<A>>,
    pub(crate) login_emails: Arc<LoginEmailTable>,
    pub(crate) passwords: Arc<PasswordTable>,
    pub(crate) sessions: Arc<SessionTable<A>>,
    pub(crate) flows: Arc<FlowTable<A>>,
    pub(crate) clients: Arc<ClientTable<A>>,
    pub(crate) budgets: Arc<BudgetTable>,
    pub(crate) outbox: Arc<OutboxTable>,
    pub(crate) bootstrap: Arc<Option<Bootstrap>>,
    pub(crate) nodes: Arc<NodeTable>,
    pub(crate) replies: Arc<ReplyTable>,
    pub(crate) audit: Arc<AuditTable>,
    pub(crate) factors: Arc<FactorTable>,
    pub(crate) organizations: Arc<OrganizationTable<A>>,
    pub(crate) memberships: Arc<MembershipTable<A>>,
    pub(crate) invitations: Arc<InvitationTable<A>>,
}

impl<A: Attrs> Default for State<A> {
    fn default() -> Self {
        Self {
            users: Arc::default(),
            login_emails: Arc::default(),
            passwords: Arc::default(),
            sessions: Arc::default(),
            flows: Arc::default(),
            clients: Arc::default(),
            budgets: Arc::default(),
            outbox: Arc::default(),
            bootstrap: Arc::default(),
            nodes: Arc::default(),
            replies: Arc::default(),
            audit: Arc::default(),
            factors: Arc::default(),
            organizations: Arc::default(),
            memberships: Arc::default(),
            invitations: Arc::default(),
        }
    }
}

impl<A: Attrs> Clone for State<A> {
    fn clone(&self) -> Self {
        Self {
            users: Arc::clone(&self.users),
            login_emails: Arc::clone(&self.login_emails),
            passwords: Arc::clone(&self.passwords),
            sessions: Arc::clone(&self.sessions),
            flows: Arc::clone(&self.flows),
            clients: Arc::clone(&self.clients),
            budgets: Arc::clone(&self.budgets),
            outbox: Arc::clone(&self.outbox),
            bootstrap: Arc::clone(&self.bootstrap),
            nodes: Arc::clone(&self.nodes),
            replies: Arc::clone(&self.replies),
            audit: Arc::clone(&self.audit),
            factors: Arc::clone(&self.factors),
            organizations: Arc::clone(&self.organizations),
            memberships: Arc::clone(&self.memberships),
            invitations: Arc::clone(&self.invitations),
        }
    }
}
