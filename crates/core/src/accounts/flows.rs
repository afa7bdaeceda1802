use super::spraying::Guessed;
use super::{Accounts, Answer, StepAnswer};
use crate::attrs::Attrs;
use crate::budget::{BudgetKey, Debit, Rate};
use crate::email::EmailAddress;
use crate::entity::{Flow, LoginEmail, Method, Pending, Purpose, Step, short_code_digest};
use crate::error::Error;
use crate::event::{Event, FailureReason};
use crate::ids::{FlowId, LoginEmailId, UserId};
use crate::keys::Label;
use crate::mail::{Code, LinkTarget, Message};
use crate::metrics::Outcome;
use crate::origin::Origin;
use crate::secret::Secret;
use crate::settings::Limits;
use crate::store::{BudgetsMut, Flows, FlowsMut, Store};
use crate::text::FlowState;
use crate::time::Timestamp;
use crate::token::{CodeToken, FlowToken, ShortCode};

/// A flow to be begun at its code step.
pub(super) struct Beginning<'a, A: Attrs> {
    pub(super) purpose: Purpose,
    pub(super) email: &'a EmailAddress,
    pub(super) state: Option<&'a FlowState>,
    pub(super) user: Option<UserId>,
    pub(super) claim: Option<LoginEmailId>,
    pub(super) methods: Vec<Method>,
    pub(super) pending: Option<Pending<A>>,
    pub(super) letter: Letter,
}

/// How far a login has come.
pub(super) struct Reached<'a> {
    pub(super) user: UserId,
    /// What was proven.
    pub(super) done: Vec<Method>,
    pub(super) email: &'a EmailAddress,
    pub(super) state: &'a FlowState,
}

/// A flow to be begun that only a link leads to.
pub(super) struct Linked<'a> {
    pub(super) purpose: Purpose,
    pub(super) user: UserId,
    pub(super) email: &'a EmailAddress,
    pub(super) claim: Option<LoginEmailId>,
    pub(super) created: Timestamp,
    pub(super) expires: Timestamp,
}

/// What the address gets to read. Whatever it is, the same rows are written (R-EN-02).
pub(super) enum Letter {
    /// The code of the flow.
    Code(fn(Code) -> Message),
    /// The code for a further address of a user.
    Further,
    /// The code of the flow, in a letter that has a budget of its own, which nobody else can use up and which granted it.
    Granted(fn(Code) -> Message),
    /// Something for information; the flow looks like any other and cannot succeed.
    Notice(Message),
    /// Nothing; the flow looks like any other and cannot succeed.
    Nothing,
}

/// Both forms of a fresh code.
struct Codes {
    link: CodeToken,
    short: ShortCode,
}

impl Letter {
    /// The one with a fresh code for a flow whose handle somebody was given; `None` for a purpose whose flows are
    /// answered without.
    pub(super) fn again(purpose: Purpose) -> Option<Self> {
        match purpose {
            Purpose::SignUp => Some(Self::Code(Message::SignUp)),
            Purpose::Login => Some(Self::Code(Message::Login)),
            Purpose::ResetPassword => Some(Self::Code(Message::ResetPassword)),
            Purpose::VerifyEmail
            | Purpose::RestoreAccount
            | Purpose::ReportNotice
            | Purpose::RevertEmail => None,
        }
    }

    /// The one with the code for a claim of a user who claims or has proven these: once he has proven one, it takes his
    /// session as well (R-EM-08).
    pub(super) fn of_claim(emails: &[LoginEmail]) -> Self {
        let further = emails.iter().any(|email| email.proven.is_some());
        if further { Self::Further } else { Self::Code(Message::VerifyEmail) }
    }
}

impl<S: Store> Accounts<S> {
    /// Begins a flow and mails its code, inside the caller's unit of work; does the same work when nothing
    /// may be mailed (R-EN-02).
    pub(super) async fn begin_flow(
        &self,
        tx: &mut S::Tx<'_>,
        beginning: Beginning<'_, S::Attrs>,
        origin: &Origin,
    ) -> Result<Answer, Error> {
        let now = self.now();
        let Beginning { purpose, email, state, user, claim, methods, pending, letter } = beginning;
        let id = FlowId::new(now, self.entropy());
        let handle = FlowToken::mint(self.entropy());
        let codes = self.mint_codes();
        let room = match letter {
            Letter::Granted(_) => true,
            Letter::Code(_) | Letter::Further | Letter::Notice(_) | Letter::Nothing => {
                let owner = purpose.owner(user);
                self.debit_mailbox(tx, (email, owner), origin, now).await?
            }
        };
        let letter = if room { letter } else { Letter::Nothing };
        let succeeds = matches!(letter, Letter::Code(_) | Letter::Further | Letter::Granted(_));
        let flow = Flow {
            id,
            purpose,
            step: Step::Code,
            position: 0,
            handle: self.keys().digest(&handle),
            state: state.map(|state| self.keys().label(Label::State, &[state.expose().as_bytes()])),
            email: email.clone(),
            user,
            claim,
            session: origin.session,
            link: succeeds.then(|| self.keys().digest(&codes.link)),
            short: succeeds.then(|| short_code_digest(self.keys(), id, &codes.short)),
            attempts: 0,
            mails: 1,
            methods,
            pending,
            client: origin.client,
            created: now,
            expires: now + self.settings().code_lifetime,
            finished: None,
        };
        tx.insert_flow(&flow).await?;
        self.send_letter(tx, &flow, &codes, letter, now).await?;
        Ok(Answer::Step(StepAnswer { step: Step::Code, handle, expires: flow.expires }))
    }

    /// Begins a step of a login that its user answers with what he has or knows, inside the caller's unit of
    /// work; nothing is mailed.
    pub(super) async fn begin_step(
        &self,
        tx: &mut S::Tx<'_>,
        step: Step,
        reached: Reached<'_>,
        origin: &Origin,
    ) -> Result<Answer, Error> {
        let Reached { user, done, email, state } = reached;
        let now = self.now();
        let handle = FlowToken::mint(self.entropy());
        let flow = Flow {
            id: FlowId::new(now, self.entropy()),
            purpose: Purpose::Login,
            step,
            position: 0,
            handle: self.keys().digest(&handle),
            state: Some(self.keys().label(Label::State, &[state.expose().as_bytes()])),
            email: email.clone(),
            user: Some(user),
            claim: None,
            session: origin.session,
            link: None,
            short: None,
            attempts: 0,
            mails: 0,
            methods: done,
            pending: None,
            client: origin.client,
            created: now,
            expires: now + self.settings().code_lifetime,
            finished: None,
        };
        tx.insert_flow(&flow).await?;
        Ok(Answer::Step(StepAnswer { step, handle, expires: flow.expires }))
    }

    /// Begins a flow that waits for nothing but its one link, inside the caller's unit of work; answers where that
    /// leads. Mailing it is up to the caller.
    pub(super) async fn begin_link(
        &self,
        tx: &mut S::Tx<'_>,
        linked: Linked<'_>,
        now: Timestamp,
    ) -> Result<Secret<String>, Error> {
        let Linked { purpose, user, email, claim, created, expires } = linked;
        let code = CodeToken::mint(self.entropy());
        let flow = Flow {
            id: FlowId::new(now, self.entropy()),
            purpose,
            step: Step::Code,
            position: 0,
            // Nobody is told the handle: the link is the only way in.
            handle: self.keys().digest(&FlowToken::mint(self.entropy())),
            state: None,
            email: email.clone(),
            user: Some(user),
            claim,
            session: None,
            link: Some(self.keys().digest(&code)),
            short: None,
            attempts: 0,
            mails: 1,
            methods: Vec::new(),
            pending: None,
            client: None,
            created,
            expires,
            finished: None,
        };
        tx.insert_flow(&flow).await?;
        Ok(self.link(LinkTarget::Flow(purpose), &code))
    }

    /// The flow of this handle, under whichever key it was stored.
    pub(super) async fn flow_of<R: Flows<S::Attrs> + Send>(
        &self,
        read: &mut R,
        handle: &FlowToken,
    ) -> Result<Option<Flow<S::Attrs>>, Error> {
        let mut flow = None;
        for digest in self.keys().digests(handle) {
            // Each key is asked, so that the time does not tell which one it was.
            flow = flow.or(read.flow_by_handle(&digest).await?);
        }
        Ok(flow)
    }

    /// Replaces the codes of a flow by fresh ones and mails them; the old ones die.
    pub(super) async fn renew_codes(
        &self,
        tx: &mut S::Tx<'_>,
        flow: &Flow<S::Attrs>,
        letter: Letter,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<(), Error> {
        let codes = self.mint_codes();
        let mailbox = (&flow.email, flow.purpose.owner(flow.user));
        let room = self.debit_mailbox(tx, mailbox, origin, now).await?;
        // A flow without codes cannot succeed, and must not begin to.
        let succeeds = flow.link.is_some() && room && flow.mails < Flow::<S::Attrs>::MAX_MAILS;
        let renewed = Flow {
            link: succeeds.then(|| self.keys().digest(&codes.link)).or(flow.link),
            short: succeeds
                .then(|| short_code_digest(self.keys(), flow.id, &codes.short))
                .or(flow.short),
            attempts: if succeeds { 0 } else { flow.attempts },
            mails: flow.mails.saturating_add(1),
            expires: if succeeds { now + self.settings().code_lifetime } else { flow.expires },
            ..flow.clone()
        };
        let ours = tx.advance_flow(&renewed, flow.position, flow.mails).await?;
        let letter = if ours && succeeds { letter } else { Letter::Nothing };
        self.send_letter(tx, flow, &codes, letter, now).await
    }

    /// Where a mailed code leads.
    pub(super) fn link(&self, target: LinkTarget, code: &CodeToken) -> Secret<String> {
        Secret::new(self.parts().links.code(target, code.expose()))
    }

    fn mint_codes(&self) -> Codes {
        Codes { link: CodeToken::mint(self.entropy()), short: ShortCode::mint(self.entropy()) }
    }

    async fn send_letter(
        &self,
        tx: &mut S::Tx<'_>,
        flow: &Flow<S::Attrs>,
        codes: &Codes,
        letter: Letter,
        now: Timestamp,
    ) -> Result<(), Error> {
        let code = |target| Code {
            typed: Secret::new(codes.short.expose().to_owned()),
            link: self.link(target, &codes.link),
            minutes: self.settings().code_lifetime.as_secs() / 60,
        };
        let message = match letter {
            Letter::Nothing => return self.queue_nothing(tx, now).await,
            Letter::Notice(message) => message,
            Letter::Code(message) | Letter::Granted(message) => {
                message(code(LinkTarget::Flow(flow.purpose)))
            }
            Letter::Further => Message::VerifyEmail(code(LinkTarget::FurtherEmail)),
        };
        self.queue_mail(tx, &flow.email, message, now).await
    }

    /// Whether another mail may go to this mailbox, whatever the trigger (R-TH-06): not more than so many from one
    /// network, in all and a day.
    ///
    /// Strangers may use that up. For its owner there is as much as for one network once more, where he has been before
    /// (R-TH-04).
    pub(super) async fn debit_mailbox(
        &self,
        tx: &mut S::Tx<'_>,
        (email, owner): (&EmailAddress, Option<UserId>),
        origin: &Origin,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let Limits { mailbox, mailbox_network, mailbox_daily, .. } = self.settings().limits;
        let address = email.canonical().as_str().as_bytes();
        let of = |what: &[u8], whose: &[u8]| self.budget(&[b"mailbox", what, address, whose]);
        let network = origin.network().to_bytes();
        let anybodys = [
            (of(b"network", &network), mailbox_network),
            (of(b"hour", b"anybody"), mailbox),
            (of(b"day", b"anybody"), mailbox_daily),
        ];
        if self.debit_all(tx, anybodys, now).await? {
            return Ok(true);
        }
        if !self.is_from_his_device(tx, owner, origin).await? {
            return Ok(false);
        }
        let his = [(of(b"hour", b"owner"), mailbox_network), (of(b"day", b"owner"), mailbox_daily)];
        self.debit_all(tx, his, now).await
    }

    /// Takes one from each of these budgets, until one of them has none.
    async fn debit_all(
        &self,
        tx: &mut S::Tx<'_>,
        budgets: impl IntoIterator<Item = (BudgetKey, Rate), IntoIter: Send> + Send,
        now: Timestamp,
    ) -> Result<bool, Error> {
        for (key, rate) in budgets {
            if tx.debit_budget(key, &rate, now).await? != Debit::Granted {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Writes down that someone failed to authenticate, in a unit of its own, and answers what every failure
    /// answers. For attempts that were debited: their budget bounds these rows, and the commit makes the debit durable.
    pub(super) async fn refuse(
        &self,
        guessed: Guessed<'_>,
        method: Method,
        reason: FailureReason,
        origin: &Origin,
    ) -> Error {
        let event = Event::AuthenticationFailed { user: guessed.user(), method, reason };
        self.note_guess(guessed);
        self.metrics().attempt(method, Outcome::Refused);
        refused(unit!(self, presuming, |tx| self.record(tx, &event, origin).await))
    }

    /// The same for a code of a flow, of which not every one costs its network something: it fills the log no faster than it
    /// may fail, and what is beyond that is left to the log of the program (AM-16).
    pub(super) async fn refuse_flow(&self, user: Option<UserId>, origin: &Origin) -> Error {
        let (method, reason) = (Method::Email, FailureReason::FlowRefused);
        let event = Event::AuthenticationFailed { user, method, reason };
        self.metrics().attempt(method, Outcome::Refused);
        let key = self.network_budget("failures told", origin.network());
        let (rate, now) = (self.settings().limits.network_failures, self.now());
        refused(unit!(self, presuming, |tx| {
            if tx.debit_budget(key, &rate, now).await? == Debit::Granted {
                self.record(tx, &event, origin).await?;
            } else {
                tracing::warn!("a network fails too often for the audit log");
            }
            Ok(())
        }))
    }
}

/// The answer to a failure that was noted, or not.
fn refused(noted: Result<(), Error>) -> Error {
    match noted {
        Ok(()) => Error::Unauthenticated,
        Err(Error::Vetoed(veto)) => {
            tracing::warn!(%veto, "a hook refused to take note of a failed authentication");
            Error::Unauthenticated
        }
        Err(error) => error,
    }
}
