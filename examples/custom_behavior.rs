//! What an application does differently: a rule extended, a rule wrapped, and all of them replaced.
#![expect(clippy::print_stdout, reason = "a program for people to look at")]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use durward::behavior::{
    AddressRule, AnyAddress, PasswordContext, PasswordRule, SessionRule, StepContext, StepRule,
};
use durward::{
    Behavior, ClientId, EmailAddress, Method, Obstruction, Password, Secret, SessionLimits, Step,
    UserId,
};

/// Wraps a rule: asks it first, and adds a reason of our own.
struct NotOurName {
    inner: Arc<dyn PasswordRule>,
}

impl PasswordRule for NotOurName {
    fn check(&self, password: &Password, context: &PasswordContext<'_>) -> Vec<Obstruction> {
        let mut found = self.inner.check(password, context);
        if password.expose().to_lowercase().contains("acme") {
            found.push(Obstruction::new("PASSWORD_NAMES_US", "Must not contain our name."));
        }
        found
    }
}

/// Only people of our own.
struct OurDomain;

impl AddressRule for OurDomain {
    fn check(&self, address: &EmailAddress) -> Vec<Obstruction> {
        if address.domain() == "acme.example" {
            return Vec::new();
        }
        vec![Obstruction::new("EMAIL_NOT_OURS", "Must be an address of acme.example.")]
    }
}

/// A password alone opens nothing: the mailbox must be read too.
struct PasswordThenCode;

impl StepRule for PasswordThenCode {
    fn next(&self, context: &StepContext<'_>) -> Option<Step> {
        (context.done == [Method::Password]).then_some(Step::Code)
    }
}

/// Sessions that were opened by mail alone live for an hour; all others as the deployment says.
struct ShortByMail;

impl SessionRule for ShortByMail {
    fn limits(
        &self,
        standard: SessionLimits,
        methods: &[Method],
        _: Option<ClientId>,
    ) -> SessionLimits {
        if methods == [Method::Email] {
            return SessionLimits { absolute: Duration::from_hours(1), ..standard };
        }
        standard
    }
}

/// Extend: one field is ours, the others stay standard.
fn extended() -> Behavior {
    Behavior { steps: Arc::new(PasswordThenCode), ..Behavior::default() }
}

/// Wrap: the standard rule goes on inside of ours.
fn wrapped() -> Behavior {
    let standard = Behavior::default();
    let inner = Arc::clone(&standard.password);
    Behavior { password: Arc::new(NotOurName { inner }), ..standard }
}

/// Replace: every field, and no `..`: a rule that Durward adds later does not go unnoticed.
fn replaced() -> Behavior {
    Behavior {
        password: Arc::new(NotOurName { inner: wrapped().password }),
        address: Arc::new(OurDomain),
        steps: Arc::new(PasswordThenCode),
        session: Arc::new(ShortByMail),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let context = PasswordContext { service: "Acme", email: None, name: None, only_factor: true };
    for text in ["hunter2", "I love the acme of cheese", "seven purple umbrellas dance"] {
        let password = Password::parse(Secret::new(text.to_owned())).map_err(|why| why.text)?;
        let found = wrapped().password.check(&password, &context);
        let reasons: Vec<&str> = found.iter().map(|it| it.code.as_ref()).collect();
        println!(
            "{text:?}: {}",
            if reasons.is_empty() { "good".into() } else { reasons.join(", ") }
        );
    }
    let address = EmailAddress::parse("ada@example.com")?;
    println!("ada@example.com: {:?}", replaced().address.check(&address));
    println!("and by the standard rule: {:?}", AnyAddress.check(&address));
    let ada = StepContext {
        user: UserId::from_bytes([0; 16]),
        administrator: false,
        client: None,
        done: &[Method::Password],
    };
    let next = extended().steps.next(&ada);
    println!("after a password: {next:?}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use durward::Error as Refusal;
    use durward::accounts::{Answer, PasswordAttempt};
    use durward_testing::TestAccounts;
    use durward_testing::given::{self, PASSWORD};

    fn accounts(behavior: Behavior) -> TestAccounts {
        TestAccounts::with(|parts| parts.behavior = behavior)
    }

    async fn obstructions(it: &TestAccounts, address: &str, password: &str) -> Vec<String> {
        let mut request = it.request(address);
        request.password = Some(given::password(password));
        match it.accounts().sign_up(request, &it.origin()).await {
            Err(Refusal::Invalid(found)) => found.into_iter().map(|it| it.code.into()).collect(),
            Ok(_) => Vec::new(),
            Err(error) => panic!("{error}"),
        }
    }

    #[tokio::test]
    async fn an_extended_behavior_asks_for_a_second_step() {
        let it = accounts(extended());
        let ada = it.sign_up("ada@example.com").await;
        let attempt = PasswordAttempt {
            email: given::email("ada@example.com"),
            password: given::password(PASSWORD),
            state: it.state(),
        };
        let answer = it.accounts().login_with_password(attempt, &it.origin()).await.unwrap();
        assert!(matches!(answer, Answer::Step(step) if step.step == Step::Code));
        assert_eq!(it.log_in("ada@example.com").await.user, ada.user);
    }

    #[tokio::test]
    async fn a_wrapped_rule_is_asked_first() {
        let it = accounts(wrapped());
        let told = obstructions(&it, "ada@example.com", "acme").await;
        assert!(told.contains(&"PASSWORD_TOO_SHORT".to_owned()), "{told:?}");
        assert_eq!(told.last().unwrap(), "PASSWORD_NAMES_US");
        assert!(obstructions(&it, "ada@example.com", PASSWORD).await.is_empty());
    }

    #[tokio::test]
    async fn a_replaced_behavior_is_ours_in_everything() {
        // R-SE-04
        let it = accounts(replaced());
        assert_eq!(obstructions(&it, "ada@example.com", PASSWORD).await, ["EMAIL_NOT_OURS"]);
        let by_mail = it.sign_up("ada@acme.example").await;
        it.clock().advance(Duration::from_hours(1));
        let over = it.accounts().refresh(&by_mail.refresh, &it.origin()).await;
        assert!(matches!(over, Err(Refusal::Unauthenticated)));
        let by_both = it.log_in("ada@acme.example").await;
        it.clock().advance(Duration::from_hours(2));
        assert!(it.accounts().refresh(&by_both.refresh, &it.origin()).await.is_ok());
    }
}
