use durward_conformance::Suite;
use durward_core::budget::{BudgetKey, Debit, Delays, Rate};
use durward_core::email::CanonicalEmail;
use durward_core::entity::{
    AuditEntry, AuditHead, AuditRow, AuditSeal, Bootstrap, Client, ClientMatch, ClientOwner,
    ClientSecret, Compromise, Flow, FoundClient, FoundOrganization, FoundUser, Invitation,
    LiveClient, LiveSession, LoginEmail, Member, Membership, Node, Organization, OrganizationMatch,
    OutboxMail, OwnMembership, PasswordLogin, Purpose, SearchKey, Session, SessionFamily,
    StoredPassword, StoredReply, Totp, User, UserMatch, UserPlace,
};
use durward_core::ids::{
    AuditId, ClientId, FlowId, InvitationId, LoginEmailId, MailId, MembershipId, NodeId,
    OrganizationId, SecretId, SessionId, TotpId, UserId,
};
use durward_core::store::{
    Audit, AuditMut, AuditQuery, Bootstraps, BootstrapsMut, BudgetsMut, ClientQuery, Clients,
    ClientsMut, Dossier, Factors, FactorsMut, Flows, FlowsMut, Invitations, InvitationsMut,
    Leftover, LeftoversMut, LoginEmails, LoginEmailsMut, MailCounts, Memberships, MembershipsMut,
    Nodes, NodesMut, OrganizationQuery, Organizations, OrganizationsMut, Outbox, OutboxMut,
    Passwords, PasswordsMut, Replies, RepliesMut, Result, SessionQuery, Sessions, SessionsMut,
    UserQuery, Users, UsersMut,
};
use durward_core::{Digest, PasswordHash, Slice, StandardOrganizationRole, Timestamp};

use super::store::{BrokenRead, BrokenTx};
use crate::state::State;

/// Lists every call of the port once: the enum of faults and the broken handles are made of it.
macro_rules! port {
    (
        look { $($look_port:path { $($look:ident($($key:ident: $key_type:ty),*) -> $found:ty;)+ })+ }
        write { $($port:path { $($write:ident($($arg:ident: $type:ty),*) -> $answer:ty;)+ })+ }
    ) => {
        /// What is wrong with a store. A variant in lower case replaces the call of that name.
        #[derive(Clone, Copy)]
        #[expect(non_camel_case_types, reason = "a replaced call is named like the call")]
        pub(crate) enum Fault {
            /// Nothing at all.
            Nothing,
            /// Nothing either: units of work run at the same time, and those that come late conflict.
            NothingButConflicts,
            /// A unit of work that is dropped is committed.
            DroppedUnitsCommit,
            /// A unit of work that is dropped stands in the way of the next.
            DroppedUnitsHoldTheirTurn,
            /// A unit of work looks only at what was committed.
            UnitsSeeTheCommittedState,
            /// A commit is acknowledged and forgotten.
            CommitsAreForgotten,
            /// A commit shows the users first and the rest a moment later.
            CommitsInTwoSteps,
            /// Each write is committed at once.
            WritesCommit,
            /// Units of work run at the same time, and the last one to commit wins.
            UnitsOverlap,
            /// Units of work run at the same time, and those that come late fail for good.
            LateUnitsFail,
            /// Look-ups wait for the open unit of work.
            LookUpsWait,
            /// A handle of look-ups sees what was there when it was opened.
            ReadsAreSnapshots,
            /// An error is told once, and then forgotten.
            ErrorsAreForgotten,
            /// The same, for duplicates of this kind.
            DuplicatesAreForgotten(&'static str),
            /// Look-ups go on after an error.
            SpentUnitsLookUp,
            /// What is left after an error can be committed.
            SpentUnitsCommit,
            /// A clone of a store has the rows of its moment for itself.
            ClonesAreCopies,
            /// Nobody waits.
            PausesAreSkipped,
            $($($look(fn(&State<Suite>, $($key_type),*) -> $found),)+)+
            $($($write(fn(&mut State<Suite>, $($type),*) -> Result<$answer>),)+)+
        }

        $(
            impl $look_port for BrokenRead {$(
                async fn $look(&mut self, $($key: $key_type),*) -> Result<$found> {
                    if let Fault::$look(broken) = self.fault {
                        return self.read.look(|state| broken(state, $($key),*));
                    }
                    self.read.$look($($key),*).await
                }
            )+}

            impl $look_port for BrokenTx {$(
                async fn $look(&mut self, $($key: $key_type),*) -> Result<$found> {
                    if let Fault::$look(broken) = self.fault {
                        return self.tx().look(|state| broken(state, $($key),*));
                    }
                    if matches!(self.fault, Fault::UnitsSeeTheCommittedState) {
                        return self.outside().$look($($key),*).await;
                    }
                    let spent = self.overlook_error();
                    let found = self.tx().$look($($key),*).await;
                    self.tx().spent |= spent;
                    found
                }
            )+}
        )+

        $(
            impl $port for BrokenTx {$(
                async fn $write(&mut self, $($arg: $type),*) -> Result<$answer> {
                    let answer = if let Fault::$write(broken) = self.fault {
                        self.tx().write(|state| broken(state, $($arg),*))
                    } else {
                        self.tx().$write($($arg),*).await
                    };
                    self.after_write(answer.as_ref().err()).await;
                    answer
                }
            )+}
        )+
    };
}

port! {
    look {
        Users<Suite> {
            user(id: UserId) -> Option<User<Suite>>;
            user_by_email(email: &CanonicalEmail) -> Option<User<Suite>>;
            list_users(query: &UserQuery, slice: Slice<UserPlace>) -> Vec<User<Suite>>;
            search_users(begin: &SearchKey, query: &UserQuery, slice: Slice<UserMatch>)
                -> Vec<FoundUser<Suite>>;
            users_to_erase(now: Timestamp, limit: u32) -> Vec<UserId>;
        }
        LoginEmails {
            login_email(id: LoginEmailId) -> Option<LoginEmail>;
            login_emails_of(user: UserId) -> Vec<LoginEmail>;
            proven_email(email: &CanonicalEmail) -> Option<LoginEmail>;
            proven_lookalikes(skeleton: &str) -> Vec<LoginEmail>;
        }
        Passwords {
            password(user: UserId) -> Option<StoredPassword>;
            password_login(email: &CanonicalEmail) -> Option<PasswordLogin>;
        }
        Sessions<Suite> {
            session(id: SessionId) -> Option<Session<Suite>>;
            session_by_token(token: &Digest) -> Option<LiveSession<Suite>>;
            session_by_refresh(refresh: &Digest) -> Option<SessionFamily<Suite>>;
            sessions_of(user: UserId) -> Vec<Session<Suite>>;
            live_sessions(
                query: &SessionQuery,
                now: Timestamp,
                slice: Slice<SessionId>
            ) -> Vec<Session<Suite>>;
        }
        Flows<Suite> {
            flow_by_handle(handle: &Digest) -> Option<Flow<Suite>>;
            flow_by_link(link: &Digest) -> Option<Flow<Suite>>;
            open_flows_of(user: UserId, purpose: Purpose, now: Timestamp) -> Vec<Flow<Suite>>;
        }
        Clients<Suite> {
            client(id: ClientId) -> Option<Client<Suite>>;
            clients_of(
                owner: ClientOwner,
                slice: Slice<ClientId>
            ) -> Vec<Client<Suite>>;
            list_clients(
                query: &ClientQuery<Suite>,
                slice: Slice<ClientId>
            ) -> Vec<Client<Suite>>;
            search_clients(
                begin: &SearchKey,
                query: &ClientQuery<Suite>,
                slice: Slice<ClientMatch>
            ) -> Vec<FoundClient<Suite>>;
            live_secrets_of(client: ClientId, now: Timestamp) -> Vec<ClientSecret>;
            live_client(id: ClientId) -> Option<LiveClient<Suite>>;
            live_client_by_secret(secret: &Digest) -> Option<LiveClient<Suite>>;
        }
        Outbox {
            mail(id: MailId) -> Option<OutboxMail>;
            due_mail(now: Timestamp, limit: u32) -> Vec<OutboxMail>;
            dead_mail(limit: u32) -> Vec<OutboxMail>;
            count_mail() -> MailCounts;
        }
        Bootstraps {
            bootstrap() -> Option<Bootstrap>;
        }
        Nodes {
            live_nodes(now: Timestamp) -> Vec<Node>;
        }
        Replies {
            reply(key: &Digest) -> Option<StoredReply>;
        }
        Dossier<Suite> {
            every_session_of(user: UserId, slice: Slice<SessionId>) -> Vec<Session<Suite>>;
            every_flow_of(user: UserId, slice: Slice<FlowId>) -> Vec<Flow<Suite>>;
            every_invitation_to(user: UserId, slice: Slice<InvitationId>) -> Vec<Invitation<Suite>>;
        }
        Audit {
            audit_entries(query: &AuditQuery) -> Vec<AuditEntry>;
            audit_rows(after: Option<AuditId>, limit: u32) -> Vec<AuditRow>;
            unsealed_audit(after: Option<&AuditEntry>, limit: u32) -> Vec<AuditRow>;
            sealed_audit(organization: Option<OrganizationId>, seal: u32) -> Vec<AuditRow>;
            audit_seals(organization: Option<OrganizationId>, after: u32, limit: u32) -> Vec<AuditSeal>;
            audit_head(organization: Option<OrganizationId>) -> Option<AuditHead>;
            audit_heads(after: Option<OrganizationId>, limit: u32) -> Vec<AuditHead>;
        }
        Factors {
            totp(user: UserId) -> Option<Totp>;
            totp_enrolment(handle: &Digest) -> Option<Totp>;
            count_recovery_codes(user: UserId) -> u64;
        }
        Organizations<Suite> {
            organization(id: OrganizationId) -> Option<Organization<Suite>>;
            organizations_of(user: UserId, slice: Slice<OrganizationId>)
                -> Vec<OwnMembership<Suite>>;
            list_organizations(query: &OrganizationQuery, slice: Slice<OrganizationId>)
                -> Vec<Organization<Suite>>;
            search_organizations(
                begin: &SearchKey,
                query: &OrganizationQuery,
                slice: Slice<OrganizationMatch>
            ) -> Vec<FoundOrganization<Suite>>;
        }
        Memberships<Suite> {
            membership(id: MembershipId) -> Option<Membership<Suite>>;
            membership_of(organization: OrganizationId, user: UserId)
                -> Option<Membership<Suite>>;
            members_of(organization: OrganizationId, slice: Slice<MembershipId>)
                -> Vec<Member<Suite>>;
            count_members(organization: OrganizationId, role: StandardOrganizationRole) -> u64;
            count_memberships(user: UserId) -> u64;
        }
        Invitations<Suite> {
            invitation(id: InvitationId) -> Option<Invitation<Suite>>;
            invitation_by_code(code: &Digest) -> Option<Invitation<Suite>>;
            invitations_of(organization: OrganizationId, now: Timestamp, slice: Slice<InvitationId>)
                -> Vec<Invitation<Suite>>;
            count_invitations(organization: OrganizationId, now: Timestamp) -> u64;
        }
    }
    write {
        UsersMut<Suite> {
            insert_user(user: &User<Suite>) -> ();
            update_user(user: &User<Suite>, from: i64) -> bool;
            lock_other_administrators(user: UserId) -> u64;
            erase_user(id: UserId, now: Timestamp) -> bool;
        }
        LoginEmailsMut {
            insert_login_email(email: &LoginEmail) -> ();
            prove_login_email(id: LoginEmailId, user: UserId, now: Timestamp) -> bool;
            promote_login_email(id: LoginEmailId, user: UserId) -> bool;
            delete_login_email(id: LoginEmailId, user: UserId) -> bool;
            delete_claims(email: &CanonicalEmail, except: UserId) -> u64;
        }
        PasswordsMut {
            insert_password(password: &StoredPassword) -> ();
            update_password(password: &StoredPassword, from: &PasswordHash) -> bool;
            mark_password(user: UserId, compromise: &Compromise) -> bool;
            outdate_password(user: UserId) -> ();
            replace_password_hash(seen: &StoredPassword, new: &PasswordHash) -> bool;
        }
        SessionsMut<Suite> {
            insert_session(session: &Session<Suite>) -> ();
            rotate_session(session: &Session<Suite>, from: &Digest) -> bool;
            remember_token(session: SessionId, token: &Digest) -> ();
            lock_session(id: SessionId) -> ();
            end_session(id: SessionId, now: Timestamp) -> bool;
            end_sessions_of(user: UserId, except: Option<SessionId>, now: Timestamp) -> u64;
        }
        FlowsMut<Suite> {
            insert_flow(flow: &Flow<Suite>) -> ();
            debit_flow(id: FlowId, position: u32, limit: u32) -> bool;
            advance_flow(flow: &Flow<Suite>, from: u32, mails: u32) -> bool;
            finish_flow(id: FlowId, position: u32, now: Timestamp) -> bool;
            finish_flows_of(user: UserId, now: Timestamp) -> u64;
        }
        ClientsMut<Suite> {
            insert_client(client: &Client<Suite>, most: u32) -> bool;
            update_client(client: &Client<Suite>, from: i64) -> bool;
            delete_client(id: ClientId, from: i64) -> bool;
            insert_secret(secret: &ClientSecret, now: Timestamp) -> bool;
            revoke_secret(client: ClientId, id: SecretId, now: Timestamp) -> bool;
            expire_secrets(client: ClientId, except: SecretId, at: Timestamp) -> u64;
            revoke_secrets_of(user: UserId, now: Timestamp) -> u64;
            touch_client(id: ClientId, secret: Option<SecretId>, at: Timestamp) -> ();
        }
        BudgetsMut {
            debit_budget(key: BudgetKey, rate: &Rate, now: Timestamp) -> Debit;
            refund_budget(key: BudgetKey, rate: &Rate) -> ();
            debit_attempt(key: BudgetKey, delays: &Delays, now: Timestamp) -> bool;
            reset_attempts(key: BudgetKey) -> ();
        }
        OutboxMut {
            insert_mail(mail: &OutboxMail) -> ();
            lease_mail(id: MailId, due: Timestamp, until: Timestamp) -> bool;
            settle_mail(mail: &OutboxMail, until: Timestamp) -> bool;
        }
        BootstrapsMut {
            replace_bootstrap(link: &Bootstrap) -> ();
            spend_bootstrap(code: &Digest, now: Timestamp) -> bool;
        }
        NodesMut {
            register_node(node: &Node, now: Timestamp) -> ();
            renew_node(id: NodeId, expires: Timestamp) -> bool;
            delete_node(id: NodeId) -> bool;
        }
        RepliesMut {
            insert_reply(reply: &StoredReply, now: Timestamp) -> ();
        }
        AuditMut {
            insert_audit(row: &AuditRow) -> ();
            insert_audit_seal(seal: &AuditSeal) -> u64;
            advance_audit_head(head: &AuditHead, from: u32) -> bool;
            erase_audit_addresses(user: UserId) -> u64;
        }
        LeftoversMut {
            delete_leftovers(what: Leftover, before: Timestamp, limit: u32) -> u64;
        }
        FactorsMut {
            insert_totp(totp: &Totp) -> ();
            confirm_totp(id: TotpId, step: u64, now: Timestamp) -> bool;
            spend_totp_step(id: TotpId, step: u64) -> bool;
            doubt_totp(user: UserId, since: Timestamp, now: Timestamp) -> bool;
            trust_totp(id: TotpId) -> bool;
            delete_totp(user: UserId) -> bool;
            replace_recovery_codes(user: UserId, codes: &[Digest], now: Timestamp) -> ();
            delete_recovery_codes(user: UserId, since: Timestamp) -> u64;
            spend_recovery_code(user: UserId, code: &Digest) -> bool;
        }
        OrganizationsMut<Suite> {
            insert_organization(organization: &Organization<Suite>) -> ();
            update_organization(organization: &Organization<Suite>, from: i64) -> bool;
            lock_organization(id: OrganizationId) -> bool;
        }
        MembershipsMut<Suite> {
            insert_membership(membership: &Membership<Suite>) -> ();
            update_membership(membership: &Membership<Suite>, from: i64) -> bool;
            delete_membership(id: MembershipId, from: i64) -> bool;
        }
        InvitationsMut<Suite> {
            insert_invitation(invitation: &Invitation<Suite>) -> ();
            finish_invitation(id: InvitationId, now: Timestamp) -> bool;
            finish_invitations_to(organization: OrganizationId, email: &CanonicalEmail, now: Timestamp)
                -> u64;
        }
    }
}
