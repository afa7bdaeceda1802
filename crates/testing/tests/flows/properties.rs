//! Random sequences of commands, each outcome compared with that of a model too simple to be wrong.

mod model;

use std::time::Duration;

use durward_core::accounts::{IssuedSession, PasswordAttempt, SignUp, StepAnswer};
use durward_core::entity::{CodeAnswer, FlowRefusal};
use durward_core::keys::Label;
use durward_core::{
    ClientId, Digest, Entropy, Error, Flow, FlowId, FlowState, Method, Plain, Proof, Purpose,
    ShortCode, Step, UserStatus,
};
use durward_testing::given::PASSWORD;
use durward_testing::{Letter, SeededEntropy, TestAccounts, followed, given, session, step, typed};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::properties::model::{Model, Shown};
use crate::support::{begin_login, owner, set_status};

const ADDRESSES: [&str; 3] = ["ada@example.com", "bob@example.com", "eve@example.com"];

/// What somebody does; an index picks among what there is by then.
#[derive(Clone, Debug)]
enum Command {
    SignUp(usize),
    AskForCode(usize),
    Resend(Index),
    /// Answers a flow with a letter, typed or followed, perhaps with somebody else's state.
    Answer {
        flow: Index,
        letter: Index,
        link: bool,
        stranger: bool,
    },
    /// Answers a flow with the newest letter that belongs to it.
    AnswerRight {
        flow: Index,
        link: bool,
    },
    Guess(Index),
    Password {
        who: usize,
        right: bool,
    },
    Refresh(Index),
    Logout {
        pair: Index,
        by_refresh: bool,
    },
    Ban(usize),
    Unban(usize),
    Wait(Duration),
}

fn command() -> impl Strategy<Value = Command> {
    let who = 0..ADDRESSES.len();
    let waits = [1, 20, 31, 300, 599, 3_599, 86_400, 15 * 86_400].map(Duration::from_secs);
    prop_oneof![
        3 => who.clone().prop_map(Command::SignUp),
        3 => who.clone().prop_map(Command::AskForCode),
        2 => any::<Index>().prop_map(Command::Resend),
        3 => (any::<Index>(), any::<Index>(), any::<bool>(), any::<bool>()).prop_map(
            |(flow, letter, link, stranger)| Command::Answer { flow, letter, link, stranger }
        ),
        6 => (any::<Index>(), any::<bool>())
            .prop_map(|(flow, link)| Command::AnswerRight { flow, link }),
        3 => any::<Index>().prop_map(Command::Guess),
        3 => (who.clone(), any::<bool>())
            .prop_map(|(who, right)| Command::Password { who, right }),
        6 => any::<Index>().prop_map(Command::Refresh),
        2 => (any::<Index>(), any::<bool>())
            .prop_map(|(pair, by_refresh)| Command::Logout { pair, by_refresh }),
        1 => who.clone().prop_map(Command::Ban),
        1 => who.prop_map(Command::Unban),
        4 => proptest::sample::select(waits.to_vec()).prop_map(Command::Wait),
    ]
}

/// The accounts, what was handed out so far, and the model.
struct World {
    it: TestAccounts,
    flows: Vec<(StepAnswer, FlowState)>,
    letters: Vec<Letter>,
    pairs: Vec<IssuedSession>,
    model: Model,
}

impl World {
    fn new() -> Self {
        let it = TestAccounts::new();
        let model = Model::new(ADDRESSES.len());
        Self { it, flows: Vec::new(), letters: Vec::new(), pairs: Vec::new(), model }
    }

    async fn run(&mut self, command: Command) {
        let now = self.it.accounts().now();
        match command {
            Command::SignUp(who) => {
                let request = SignUp { ..self.it.request(ADDRESSES[who]) };
                let state = request.state.clone();
                let answer = self.it.accounts().sign_up(request, &self.it.origin()).await;
                self.begun(who, step(answer.unwrap()), state).await;
            }
            Command::AskForCode(who) => {
                let (step, state) = begin_login(&self.it, ADDRESSES[who]).await;
                self.begun(who, step, state).await;
            }
            Command::Resend(flow) if !self.flows.is_empty() => {
                let flow = flow.index(self.flows.len());
                let (step, state) = &self.flows[flow];
                let resent =
                    self.it.accounts().resend_code(&step.handle, state, &self.it.origin()).await;
                resent.unwrap();
                self.collect(flow).await;
            }
            Command::Answer { flow, letter, link, stranger }
                if !self.flows.is_empty() && !self.letters.is_empty() =>
            {
                let flow = flow.index(self.flows.len());
                let letter = letter.index(self.letters.len());
                self.answer(flow, letter, link, stranger).await;
            }
            Command::AnswerRight { flow, link } if !self.flows.is_empty() => {
                let flow = flow.index(self.flows.len());
                if let Some(letter) = self.model.newest_letter(flow) {
                    self.answer(flow, letter, link, false).await;
                }
            }
            Command::Guess(flow) if !self.flows.is_empty() => {
                let flow = flow.index(self.flows.len());
                let (step, state) = &self.flows[flow];
                let guess = typed(step, "no code");
                let outcome =
                    self.it.accounts().answer_code(&guess, state, &self.it.origin()).await;
                assert!(matches!(outcome, Err(Error::Unauthenticated)));
                self.model.guessed(flow);
            }
            Command::Password { who, right } => self.password(who, right).await,
            Command::Refresh(pair) if !self.pairs.is_empty() => {
                let pair = pair.index(self.pairs.len());
                let token = self.pairs[pair].refresh.clone();
                let outcome = self.it.accounts().refresh(&token, &self.it.origin()).await;
                let expected = self.model.refresh(pair, now);
                assert_eq!(outcome.is_ok(), expected, "refresh of pair {pair}");
                if let Ok(issued) = outcome {
                    self.pairs.push(issued);
                }
                // The notice that a session was revoked, if it was.
                self.it.deliver().await;
                self.it.inbox().clear();
            }
            Command::Logout { pair, by_refresh } if !self.pairs.is_empty() => {
                let pair = pair.index(self.pairs.len());
                let (accounts, origin) = (self.it.accounts(), self.it.origin());
                if by_refresh {
                    accounts.logout_by_refresh(&self.pairs[pair].refresh, &origin).await.unwrap();
                } else {
                    accounts.logout(&self.pairs[pair].token, &origin).await.unwrap();
                }
                self.model.logout(pair);
            }
            Command::Ban(who) => self.set_status(who, UserStatus::Banned).await,
            Command::Unban(who) => self.set_status(who, UserStatus::Active).await,
            Command::Wait(by) => self.it.clock().advance(by),
            Command::Resend(_)
            | Command::Answer { .. }
            | Command::AnswerRight { .. }
            | Command::Guess(_)
            | Command::Refresh(_)
            | Command::Logout { .. } => {} // There is nothing yet to do it to.
        }
        self.check().await;
    }

    async fn begun(&mut self, who: usize, step: StepAnswer, state: FlowState) {
        self.flows.push((step, state));
        self.model.begun(who);
        self.collect(self.flows.len() - 1).await;
    }

    /// Takes what was mailed for a flow.
    async fn collect(&mut self, flow: usize) {
        self.it.deliver().await;
        let new = self.it.inbox().all();
        self.it.inbox().clear();
        assert!(new.len() <= 1, "one request causes one mail at most");
        for letter in new {
            assert!(letter.is_to(ADDRESSES[self.model.who(flow)]));
            self.letters.push(letter);
            self.model.mailed(flow, self.it.accounts().now());
        }
    }

    async fn answer(&mut self, flow: usize, letter: usize, link: bool, stranger: bool) {
        let (step, own) = &self.flows[flow];
        let state = if stranger { self.it.state() } else { own.clone() };
        let attempt = if link {
            followed(&self.letters[letter])
        } else {
            typed(step, self.letters[letter].code())
        };
        // Whoever follows a link names no flow: the letter does, and the state must be its flow's.
        let shown = if link {
            let of = self.model.flow_of(letter);
            Shown { flow: of, letter, counts: false, own_state: !stranger && of == flow }
        } else {
            Shown { flow, letter, counts: true, own_state: !stranger }
        };
        let outcome = self.it.accounts().answer_code(&attempt, &state, &self.it.origin()).await;
        let expected = self.model.answer(&shown, self.it.accounts().now());
        assert_eq!(outcome.is_ok(), expected, "{shown:?}");
        if let Ok(answer) = outcome {
            self.issued(shown.flow, session(answer)).await;
        }
    }

    async fn issued(&mut self, flow: usize, issued: IssuedSession) {
        let who = self.model.who(flow);
        let owner = owner(&self.it, ADDRESSES[who]).await.unwrap();
        assert_eq!(issued.user, owner.id, "the session is the address owner's");
        self.model.opened(who, self.it.accounts().now());
        self.pairs.push(issued);
    }

    async fn password(&mut self, who: usize, right: bool) {
        let attempt = PasswordAttempt {
            email: given::email(ADDRESSES[who]),
            password: given::password(if right { PASSWORD } else { "not the password" }),
            state: self.it.state(),
        };
        let outcome = self.it.accounts().login_with_password(attempt, &self.it.origin()).await;
        let expected = self.model.password(who, right, self.it.accounts().now());
        assert_eq!(outcome.is_ok(), expected, "password of {who}");
        if let Ok(answer) = outcome {
            let issued = session(answer);
            assert_eq!(issued.user, owner(&self.it, ADDRESSES[who]).await.unwrap().id);
            self.model.opened(who, self.it.accounts().now());
            self.pairs.push(issued);
        }
    }

    async fn set_status(&mut self, who: usize, status: UserStatus) {
        if let Some(user) = owner(&self.it, ADDRESSES[who]).await {
            set_status(&self.it, user.id, status).await;
            self.model.set_banned(who, status == UserStatus::Banned);
        }
    }

    /// What holds after every command: exactly the sessions live that the model knows to live, and exactly
    /// the users exist who proved an address.
    async fn check(&self) {
        let now = self.it.accounts().now();
        for (number, pair) in self.pairs.iter().enumerate() {
            let lives = self.it.accounts().authenticate(&pair.token, None).await.is_ok();
            assert_eq!(lives, self.model.lives(number, now), "session of pair {number}");
        }
        for (who, address) in ADDRESSES.iter().enumerate() {
            let exists = owner(&self.it, address).await.is_some();
            assert_eq!(exists, self.model.exists(who), "{address}");
        }
    }
}

fn quiet(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(quiet(192))]

    /// R-OT-01, R-OT-02, R-OT-04, R-TH-02, R-SE-03 to R-SE-08, R-EM-08, R-CC-02
    #[test]
    fn whatever_is_done_the_outcome_is_that_of_the_model(
        commands in proptest::collection::vec(command(), 1..60)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new();
            for command in commands {
                world.run(command).await;
            }
        });
    }
}

proptest! {
    #![proptest_config(quiet(512))]

    /// R-OT-02, R-OT-04, R-TH-02, R-CC-02: each fault alone is enough.
    #[test]
    fn an_answer_is_accepted_exactly_when_nothing_is_wrong_with_it(
        [finished, expired, exhausted, client, other_state, other_code] in any::<[bool; 6]>(),
        seed in any::<u64>(), attempts in 0..5_u32
    ) {
        let entropy = SeededEntropy::new(seed);
        let (it, now) = (TestAccounts::new(), given_now());
        let keys = &it.accounts().parts().keys;
        let (mine, other) = (state(&entropy), state(&entropy));
        let (right, wrong) = (ShortCode::mint(&entropy), ShortCode::mint(&entropy));
        let id = FlowId::new(now, &entropy);
        let flow: Flow<Plain> = Flow {
            id,
            purpose: Purpose::Login,
            step: Step::Code,
            position: 0,
            handle: Digest::from_bytes([1; 32]),
            state: Some(keys.label(Label::State, &[mine.expose().as_bytes()])),
            email: given::email("ada@example.com"),
            user: None,
            claim: None,
            session: None,
            link: None,
            short: Some(keys.label(Label::ShortCode, &[id.as_bytes(), right.expose().as_bytes()])),
            attempts: if exhausted { 5 } else { attempts },
            mails: 1,
            methods: vec![Method::Password],
            pending: None,
            client: None,
            created: now - Duration::from_secs(1),
            expires: if expired { now } else { now + Duration::from_millis(1) },
            finished: finished.then_some(now),
        };
        let proof = Proof::Typed(if other_code { wrong } else { right });
        let answer = CodeAnswer {
            proof: &proof,
            state: Some(if other_state { &other } else { &mine }),
            client: client.then(|| ClientId::from_bytes([1; 16])),
        };
        let expected = [
            (finished, FlowRefusal::Finished),
            (expired, FlowRefusal::Expired),
            (exhausted, FlowRefusal::Exhausted),
            (client, FlowRefusal::WrongClient),
            (other_state, FlowRefusal::WrongState),
            (other_code, FlowRefusal::WrongCode),
        ];
        let expected = expected.into_iter().find(|(fault, _)| *fault).map(|(_, why)| why);
        prop_assert_eq!(flow.accept_code(keys, &answer, now).err(), expected);
    }
}

fn given_now() -> durward_core::Timestamp {
    durward_core::Timestamp::from_millis(1_000_000)
}

fn state(entropy: &SeededEntropy) -> FlowState {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes);
    FlowState::parse(&format!("{:032x}", u128::from_be_bytes(bytes))).unwrap()
}
