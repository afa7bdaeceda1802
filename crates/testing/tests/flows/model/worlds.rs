//! Small worlds: who is there, what two callers do, and what must hold afterwards.

use std::cell::RefCell;
use std::time::Duration;

use durward_core::accounts::{
    CodeAttempt, FactorAttempt, FactorProof, IssuedSession, PasswordAttempt, PasswordChange,
};
use durward_core::entity::{TotpSecret, totp_step};
use durward_core::store::Sessions;
use durward_core::{Caller, Flow, FlowToken, FreshUser, Plain, RecoveryCode, UserStatus, unit};
use durward_store_memory::MemoryStore;
use durward_testing::given::PASSWORD;
use durward_testing::{TestAccounts, followed, given, step, typed};

use super::World;
use crate::factors::{fresh, secret_of};
use crate::model::compromises;
use crate::model::explorer::{Run, Schedule, at_once, run};
use crate::model::invariants::{
    Violation, debited, ensure, every_factor, live, nothing_lives, used_once,
};
use crate::model::people;
use crate::support::{begin_login, try_password};
use crate::traced::{Conduct, Lie, TracedStore};

pub(crate) const ADA: &str = "ada@example.com";

pub(crate) type It = TestAccounts<TracedStore<MemoryStore>>;

pub(crate) const ALL: &[(&str, World)] = &[
    ("one code, followed and typed", one_code),
    ("one step of an app, on two flows", one_totp_step),
    ("one recovery code, on two flows", one_recovery_code),
    ("one refresh token, twice", one_refresh_token),
    ("a ban against a login", ban_against_login),
    ("a ban against a refresh", ban_against_refresh),
    ("an enrolment against a login", enrolment_against_login),
    ("an enrolment against a refresh", enrolment_against_refresh),
    ("a password change against a refresh", password_change_against_refresh),
    ("a password change against a login", password_change_against_login),
    ("two right answers after the last attempt", last_attempt),
    ("a mark against a login", compromises::mark_against_login),
    ("a mark against a second factor", compromises::mark_against_factor),
    ("a revocation against a login", compromises::revocation_against_login),
    ("a revocation against a new password", compromises::revocation_against_new_password),
    ("two new passwords, on two flows", compromises::two_new_passwords),
    ("one address of two people", people::one_address_of_two_people),
    ("a deletion against a login", people::deletion_against_login),
];

/// Somebody who has an account, and a session.
pub(crate) struct Given {
    pub(crate) it: It,
    store: TracedStore<MemoryStore>,
    pub(crate) ada: IssuedSession,
}

/// An authenticator app that was enrolled.
pub(crate) struct App {
    pub(crate) secret: TotpSecret,
    codes: Vec<RecoveryCode>,
}

impl Given {
    pub(crate) fn new() -> Self {
        let store = TracedStore::default();
        let it = TestAccounts::on(store.clone());
        let ada = at_once(it.sign_up(ADA));
        Self { it, store, ada }
    }

    pub(crate) fn misconduct(&self, lies: &'static [Lie]) {
        self.store.conduct(Conduct { yields: true, lies });
    }

    pub(crate) async fn enrolled(&self) -> App {
        let it = &self.it;
        let user = fresh(it, &self.ada).await;
        let enrolment = it.accounts().enrol_totp(&user).await.unwrap();
        let secret = secret_of(enrolment.secret.expose());
        let code = secret.code_at(totp_step(it.accounts().now()));
        let (handle, origin) = (Some(&enrolment.handle), it.origin());
        let proven = it.accounts().confirm_totp(&user, handle, Some(&code), &origin).await;
        let codes = proven.unwrap();
        it.clock().advance(Duration::from_secs(30));
        App { secret, codes }
    }

    async fn count(&self) -> usize {
        let mut read = self.it.accounts().read().await.unwrap();
        read.sessions_of(self.ada.user).await.unwrap().len()
    }

    async fn ban(&self) -> bool {
        let accounts = self.it.accounts();
        let banned = unit!(accounts, |tx, _| {
            accounts.ban_user(tx, self.ada.user, &self.it.origin()).await
        });
        banned.is_ok_and(|user| user.status == UserStatus::Banned)
    }

    async fn confirm(&self, user: &FreshUser, app: &(FlowToken, TotpSecret)) -> bool {
        let it = &self.it;
        let code = app.1.code_at(totp_step(it.accounts().now()));
        it.accounts().confirm_totp(user, Some(&app.0), Some(&code), &it.origin()).await.is_ok()
    }
}

pub(crate) fn one_code(
    schedule: &mut Schedule,
    lies: &'static [Lie],
    crashes: u32,
) -> Result<(), Violation> {
    let given = Given::new();
    let it = &given.it;
    let (forms, state) = at_once(async {
        it.deliver().await;
        let (step, state) = begin_login(it, ADA).await;
        let letter = it.mail_to(ADA).await;
        ([followed(&letter), typed(&step, letter.code())], state)
    });
    let before = at_once(given.count());
    given.misconduct(lies);
    let answer = |form: &CodeAttempt| -> Run<'_> {
        let (form, state) = (form.clone(), state.clone());
        Box::pin(
            async move { it.accounts().answer_code(&form, &state, &it.origin()).await.is_ok() },
        )
    };
    run(schedule, &[&|| answer(&forms[0]), &|| answer(&forms[1])], crashes);
    at_once(used_once(it, given.ada.user, before))
}

pub(crate) fn one_totp_step(
    schedule: &mut Schedule,
    lies: &'static [Lie],
    crashes: u32,
) -> Result<(), Violation> {
    one_proof(schedule, lies, crashes, |it, app| {
        FactorProof::Totp(Some(app.secret.code_at(totp_step(it.accounts().now()))))
    })
}

pub(crate) fn one_recovery_code(
    schedule: &mut Schedule,
    lies: &'static [Lie],
    crashes: u32,
) -> Result<(), Violation> {
    one_proof(schedule, lies, crashes, |_, app| {
        FactorProof::RecoveryCode(Some(app.codes[0].clone()))
    })
}

fn one_proof(
    schedule: &mut Schedule,
    lies: &'static [Lie],
    crashes: u32,
    proof: fn(&It, &App) -> FactorProof,
) -> Result<(), Violation> {
    let given = Given::new();
    let it = &given.it;
    let app = at_once(given.enrolled());
    let state = it.state();
    let begin = || {
        let attempt = PasswordAttempt {
            email: given::email(ADA),
            password: given::password(PASSWORD),
            state: state.clone(),
        };
        step(at_once(it.accounts().login_with_password(attempt, &it.origin())).unwrap()).handle
    };
    let attempts =
        [begin(), begin()].map(|handle| FactorAttempt { handle, proof: proof(it, &app) });
    let before = at_once(given.count());
    given.misconduct(lies);
    let answer = |attempt: &FactorAttempt| -> Run<'_> {
        let (attempt, state) = (attempt.clone(), state.clone());
        Box::pin(async move {
            it.accounts().answer_factor(&attempt, &state, &it.origin()).await.is_ok()
        })
    };
    run(schedule, &[&|| answer(&attempts[0]), &|| answer(&attempts[1])], crashes);
    at_once(used_once(it, given.ada.user, before))
}

pub(crate) fn one_refresh_token(
    schedule: &mut Schedule,
    lies: &'static [Lie],
    crashes: u32,
) -> Result<(), Violation> {
    let given = Given::new();
    let it = &given.it;
    given.misconduct(lies);
    let pairs = RefCell::new(Vec::new());
    let refresh = || -> Run<'_> {
        let (token, pairs) = (&given.ada.refresh, &pairs);
        Box::pin(async move {
            let pair = it.accounts().refresh(token, &it.origin()).await;
            pair.is_ok_and(|pair| {
                pairs.borrow_mut().push(pair);
                true
            })
        })
    };
    run(schedule, &[&refresh, &refresh], crashes);
    let pairs = pairs.take();
    assert!(!pairs.is_empty(), "whoever lost an answer may ask again");
    at_once(async {
        let mut branches = 0;
        for pair in pairs.iter().chain([&given.ada]) {
            branches += usize::from(it.accounts().authenticate(&pair.token, None).await.is_ok());
        }
        ensure(branches <= 1, Violation::UsedTwice)?;
        let old = it.accounts().authenticate(&given.ada.token, None).await;
        ensure(old.is_err(), Violation::UsedTwice)
    })
}

pub(crate) fn ban_against_login(
    schedule: &mut Schedule,
    lies: &'static [Lie],
    crashes: u32,
) -> Result<(), Violation> {
    let given = Given::new();
    let it = &given.it;
    given.misconduct(lies);
    let ban = || -> Run<'_> { Box::pin(given.ban()) };
    let login = || -> Run<'_> { Box::pin(async { try_password(it, ADA, PASSWORD).await.is_ok() }) };
    run(schedule, &[&ban, &login], crashes);
    at_once(nothing_lives(it, given.ada.user, std::slice::from_ref(&given.ada)))
}

pub(crate) fn ban_against_refresh(
    schedule: &mut Schedule,
    lies: &'static [Lie],
    crashes: u32,
) -> Result<(), Violation> {
    let given = Given::new();
    let it = &given.it;
    given.misconduct(lies);
    let known = RefCell::new(vec![given.ada.clone()]);
    let ban = || -> Run<'_> { Box::pin(given.ban()) };
    let refresh = || -> Run<'_> {
        let (token, known) = (&given.ada.refresh, &known);
        Box::pin(async move {
            let pair = it.accounts().refresh(token, &it.origin()).await;
            pair.is_ok_and(|pair| {
                known.borrow_mut().push(pair);
                true
            })
        })
    };
    run(schedule, &[&ban, &refresh], crashes);
    let known = known.into_inner();
    at_once(nothing_lives(it, given.ada.user, &known))
}

fn enrolment_against(
    schedule: &mut Schedule,
    lies: &'static [Lie],
    crashes: u32,
    other: impl for<'a> Fn(&'a It, &'a IssuedSession) -> Run<'a>,
) -> Result<(), Violation> {
    let given = Given::new();
    let it = &given.it;
    let (second, user, app) = at_once(async {
        let second = it.log_in(ADA).await;
        let user = fresh(it, &given.ada).await;
        let enrolment = it.accounts().enrol_totp(&user).await.unwrap();
        (second, user, (enrolment.handle, secret_of(enrolment.secret.expose())))
    });
    given.misconduct(lies);
    let confirm = || -> Run<'_> { Box::pin(given.confirm(&user, &app)) };
    run(schedule, &[&confirm, &|| other(it, &second)], crashes);
    at_once(async {
        every_factor(it, &user).await?;
        let accepted = it.accounts().authenticate(&second.token, None).await;
        ensure(accepted.is_err(), Violation::OtherSessionLives)
    })
}

pub(crate) fn enrolment_against_login(
    schedule: &mut Schedule,
    lies: &'static [Lie],
    crashes: u32,
) -> Result<(), Violation> {
    enrolment_against(schedule, lies, crashes, |it, _| {
        Box::pin(async { try_password(it, ADA, PASSWORD).await.is_ok() })
    })
}

pub(crate) fn enrolment_against_refresh(
    schedule: &mut Schedule,
    lies: &'static [Lie],
    crashes: u32,
) -> Result<(), Violation> {
    enrolment_against(schedule, lies, crashes, |it, second| {
        Box::pin(async { it.accounts().refresh(&second.refresh, &it.origin()).await.is_ok() })
    })
}

fn password_change_against(
    schedule: &mut Schedule,
    lies: &'static [Lie],
    crashes: u32,
    other: impl for<'a> Fn(&'a It, &'a IssuedSession) -> Run<'a>,
) -> Result<(), Violation> {
    let given = Given::new();
    let it = &given.it;
    let (second, me) = at_once(async {
        let second = it.log_in(ADA).await;
        (second, it.accounts().authenticate(&given.ada.token, None).await.unwrap())
    });
    let keep = me.session_id;
    let caller = Caller { client: None, ip: None, user: Some(me) };
    let change = PasswordChange {
        current: Some(given::password(PASSWORD)),
        password: given::password("nine yellow kites at noon"),
    };
    given.misconduct(lies);
    let replace = || -> Run<'_> {
        let (caller, change) = (&caller, &change);
        Box::pin(async move {
            it.accounts().change_password(caller, change, &it.origin()).await.is_ok()
        })
    };
    run(schedule, &[&replace, &|| other(it, &second)], crashes);
    at_once(async {
        let others = live(it, given.ada.user).await.into_iter().filter(|it| it.id != keep).count();
        ensure(others == 0, Violation::OtherSessionLives)?;
        let accepted = it.accounts().authenticate(&second.token, None).await;
        ensure(accepted.is_err(), Violation::OtherSessionLives)
    })
}

pub(crate) fn password_change_against_refresh(
    schedule: &mut Schedule,
    lies: &'static [Lie],
    crashes: u32,
) -> Result<(), Violation> {
    password_change_against(schedule, lies, crashes, |it, second| {
        Box::pin(async { it.accounts().refresh(&second.refresh, &it.origin()).await.is_ok() })
    })
}

pub(crate) fn password_change_against_login(
    schedule: &mut Schedule,
    lies: &'static [Lie],
    crashes: u32,
) -> Result<(), Violation> {
    password_change_against(schedule, lies, crashes, |it, _| {
        Box::pin(async { try_password(it, ADA, PASSWORD).await.is_ok() })
    })
}

pub(crate) fn last_attempt(
    schedule: &mut Schedule,
    lies: &'static [Lie],
    crashes: u32,
) -> Result<(), Violation> {
    let given = Given::new();
    let it = &given.it;
    let (right, state) = at_once(async {
        it.deliver().await;
        let (step, state) = begin_login(it, ADA).await;
        let code = it.mail_to(ADA).await.code().to_owned();
        for _ in 0..Flow::<Plain>::MAX_ATTEMPTS {
            let wrong = CodeAttempt::Typed { handle: step.handle.clone(), code: None };
            assert!(it.accounts().answer_code(&wrong, &state, &it.origin()).await.is_err());
        }
        (typed(&step, &code), state)
    });
    given.misconduct(lies);
    let answer = || -> Run<'_> {
        let (right, state) = (&right, &state);
        Box::pin(async move { it.accounts().answer_code(right, state, &it.origin()).await.is_ok() })
    };
    let served = run(schedule, &[&answer, &answer], crashes);
    debited(served.iter().sum())
}
