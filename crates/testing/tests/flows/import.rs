use std::sync::Arc;

use async_trait::async_trait;
use durward_core::accounts::{Import, ImportedEmail, ImportedUser};
use durward_core::{Event, Hook, NoAttributes, Plain, Store, UserStatus, Veto};
use durward_store_memory::MemoryStore;
use durward_testing::{TestAccounts, given};

use crate::support::{audited, owner};

fn from_elsewhere(source: &str, address: &str) -> ImportedUser<Plain> {
    let email = ImportedEmail { address: given::email(address), proven: true, primary: true };
    ImportedUser {
        source: source.to_owned(),
        name: given::name("Ada Lovelace"),
        status: UserStatus::Active,
        roles: Vec::new(),
        created: None,
        emails: vec![email],
        password: None,
        attrs: NoAttributes {},
    }
}

async fn import(it: &TestAccounts, users: &[ImportedUser<Plain>], dry: bool) -> Vec<Import> {
    it.accounts().import_users(users, dry, &it.origin()).await.unwrap()
}

/// Refuses whoever is not welcome.
struct Doorman;

#[async_trait]
impl Hook<MemoryStore> for Doorman {
    async fn on(
        &self,
        event: &Event<'_, Plain>,
        _tx: &mut <MemoryStore as Store>::Tx<'_>,
    ) -> Result<(), Veto> {
        let Event::UserCreated { email: Some(email), .. } = event else { return Ok(()) };
        let is_welcome = email.address.as_typed() != "eve@example.com";
        if is_welcome { Ok(()) } else { Err("not her".into()) }
    }
}

#[tokio::test]
async fn an_imported_user_has_an_audit_row_and_is_known_again() {
    // R-LG-01
    let it = TestAccounts::new();
    let users = [from_elsewhere("1", "ada@example.com"), from_elsewhere("2", "eve@example.com")];
    assert!(matches!(
        import(&it, &users, true).await[..],
        [Import::Created(_), Import::Created(_)]
    ));
    assert!(owner(&it, "ada@example.com").await.is_none(), "a dry run writes nothing");
    let first = import(&it, &users, false).await;
    let ada = owner(&it, "ada@example.com").await.unwrap();
    assert_eq!(first[0], Import::Created(ada.id));
    assert_eq!(audited(&it, ada.id).await, ["user.created"]);
    it.clock().advance(std::time::Duration::from_hours(1));
    let again = import(&it, &users, false).await;
    assert_eq!(again[0], Import::There(ada.id));
    assert!(matches!(again[1], Import::There(_)));
}

#[tokio::test]
async fn what_cannot_be_imported_keeps_nobody_else_out() {
    let it = TestAccounts::with(|parts| parts.hooks = vec![Arc::new(Doorman)]);
    it.sign_up("bob@example.com").await;
    let users = [
        from_elsewhere("1", "ada@example.com"),
        from_elsewhere("2", "eve@example.com"),
        from_elsewhere("3", "bob@example.com"),
        from_elsewhere("4", "cyd@example.com"),
        from_elsewhere("5", "cyd@example.com"),
    ];
    let answers = import(&it, &users, false).await;
    let code = |n: usize| match &answers[n] {
        Import::Rejected(reasons) => reasons[0].code.clone().into_owned(),
        other @ (Import::Created(_) | Import::There(_)) => format!("{other:?}"),
    };
    assert_eq!((&*code(1), &*code(2), &*code(4)), ("VETOED", "EMAIL_TAKEN", "EMAIL_TAKEN"));
    for address in ["ada@example.com", "cyd@example.com"] {
        assert!(owner(&it, address).await.is_some(), "{address}");
    }
    assert!(owner(&it, "eve@example.com").await.is_none());
}

#[tokio::test]
async fn who_names_one_address_twice_keeps_nobody_else_out() {
    let it = TestAccounts::new();
    let mut twice = from_elsewhere("1", "ada@example.com");
    let address = given::email("ada@example.com");
    twice.emails.push(ImportedEmail { address, proven: true, primary: false });
    let users = [twice, from_elsewhere("2", "bob@example.com")];
    for dry in [true, false] {
        let answers = import(&it, &users, dry).await;
        let Import::Rejected(reasons) = &answers[0] else { panic!("{answers:?}") };
        assert_eq!((&*reasons[0].code, &*reasons[0].pointer), ("EMAIL_TAKEN", "/emails"));
        assert!(matches!(answers[1], Import::Created(_)), "{answers:?}");
    }
    assert!(owner(&it, "ada@example.com").await.is_none());
    assert!(owner(&it, "bob@example.com").await.is_some());
}
