//! Promises about the addresses that users claim or have proven.

use durward_core::email::{EmailAddress, EmailParts};
use durward_core::entity::LoginEmail;
use durward_core::ids::LoginEmailId;
use durward_core::store::{LoginEmails, LoginEmailsMut, Result, Tx};
use durward_core::{Store, StoreError, Timestamp};

use crate::race::{accepted, race, winners};
use crate::sample::{address, at, claim, proven, user_id};
use crate::{Suite, given, seen};

/// Addresses that a careless comparison takes for one: they differ by case, an accent, a width, a
/// composition, a letter that folds to two, or a character that sorts as nothing.
const NEIGHBOURS: [&str; 12] = [
    "jose@example.com",
    "josé@example.com",
    "jose\u{301}@example.com",
    "JOSE@example.com",
    "jos\u{ff45}@example.com",
    "straße@example.com",
    "strasse@example.com",
    "ı@example.com",
    "i@example.com",
    "a\u{ad}da@example.com",
    "ada@example.com",
    "ada@example.com ",
];

/// Every field of a claim comes back: what was typed, the canonical form and the skeleton, which may
/// differ, absent and present times, and the greatest lengths.
pub async fn a_claim_comes_back_as_it_was_stored<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let three_forms = EmailAddress::from_stored(EmailParts {
        typed: "O'Brien@Bücher.Example".to_owned(),
        canonical: "o'brien@xn--bcher-kva.example".to_owned(),
        skeleton: "o'brien@bücher.exarnple".to_owned(),
    });
    let longest = EmailAddress::from_stored(EmailParts {
        typed: "T".repeat(EmailAddress::MAX_OCTETS),
        canonical: "c".repeat(EmailAddress::MAX_OCTETS),
        skeleton: "🦊".repeat(EmailAddress::MAX_OCTETS / 4),
    });
    let ends = [Timestamp::from_millis(i64::MIN), Timestamp::from_millis(i64::MAX)];
    let variants = [
        claim(1, ada.id, "ada@example.com"),
        LoginEmail { primary: true, ..claim(2, ada.id, "ada@example.org") },
        LoginEmail { proven: Some(at(5)), address: three_forms, ..claim(3, ada.id, "") },
        LoginEmail { proven: Some(ends[0]), address: longest, ..claim(4, ada.id, "") },
        LoginEmail { proven: Some(ends[1]), created: ends[0], ..claim(5, ada.id, "x@example.com") },
        LoginEmail { proven: Some(at(0)), created: ends[1], ..claim(6, ada.id, "y@example.com") },
    ];
    for stored in variants {
        let mut tx = store.begin().await.unwrap();
        tx.insert_login_email(&stored).await.unwrap();
        assert_eq!(tx.login_email(stored.id).await.unwrap().as_ref(), Some(&stored));
        tx.commit().await.unwrap();
        assert_eq!(seen::email(store, stored.id).await.as_ref(), Some(&stored));
        if stored.proven.is_some() {
            let found = seen::proven_email(store, stored.address.canonical()).await;
            assert_eq!(found.as_ref(), Some(&stored));
            let found = seen::lookalikes(store, stored.address.skeleton()).await;
            assert_eq!(found, [stored]);
        }
    }
}

/// What nobody claimed is not found.
pub async fn an_unknown_claim_is_not_found<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    given::emails(store, &[&proven(1, ada.id, "ada@example.com")]).await;
    assert_eq!(seen::email(store, LoginEmailId::from_bytes([2; 16])).await, None);
    assert_eq!(seen::emails_of(store, user_id(2)).await, []);
    assert_eq!(seen::proven_email(store, address("x@example.com").canonical()).await, None);
    assert_eq!(seen::lookalikes(store, "x@example.com").await, []);
}

/// What a user claims and has proven is listed from the oldest on, and nobody else's.
pub async fn the_claims_of_a_user_are_listed_from_the_oldest_on<S: Store<Attrs = Suite>>(
    store: &S,
) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    let first = LoginEmail { created: at(10), ..claim(3, ada.id, "c@example.com") };
    let second = LoginEmail { created: at(20), ..proven(1, ada.id, "b@example.com") };
    let third = LoginEmail { created: at(30), ..claim(2, ada.id, "a@example.com") };
    let other = LoginEmail { created: at(15), ..claim(4, eve.id, "c@example.com") };
    given::emails(store, &[&third, &first, &other, &second]).await;
    assert_eq!(seen::emails_of(store, ada.id).await, [first, second, third]);
    assert_eq!(seen::emails_of(store, eve.id).await, [other]);
}

/// Many may claim one address, also when one has proven it (R-EM-08).
pub async fn claims_do_not_collide<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve, max] = given::users(store, [1, 2, 3]).await;
    let ours = [
        claim(1, ada.id, "ada@example.com"),
        claim(2, eve.id, "ada@example.com"),
        proven(3, ada.id, "ada@example.com"),
        claim(4, max.id, "ada@example.com"),
        claim(5, max.id, "ada@example.com"),
    ];
    let [first, second, third, fourth, fifth] = &ours;
    given::emails(store, &[first, second, third, fourth, fifth]).await;
    for stored in &ours {
        assert_eq!(seen::email(store, stored.id).await.as_ref(), Some(stored));
    }
    assert_eq!(seen::proven_email(store, third.address.canonical()).await.as_ref(), Some(third));
}

/// An address is proven once, whether the second proof is inserted or a claim that becomes proven, and
/// whoever makes it (R-EM-08).
pub async fn an_address_is_proven_once<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    for (n, text) in (1..).step_by(10).zip(["a@example.com", "b@example.com", "c@example.com"]) {
        let [mine, theirs] = [claim(n, ada.id, text), claim(n + 1, eve.id, text)];
        given::emails(store, &[&mine, &theirs]).await;
        // The first is proven now, or was inserted proven, by the one or by the other.
        if n == 1 {
            given::emails(store, &[&proven(n + 2, ada.id, text)]).await;
        } else {
            prove(store, if n == 11 { &mine } else { &theirs }).await.unwrap();
        }
        let first = seen::proven_email(store, mine.address.canonical()).await.unwrap();
        for owner in [ada.id, eve.id] {
            let mut tx = store.begin().await.unwrap();
            let refused = tx.insert_login_email(&proven(n + 3, owner, text)).await;
            assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{refused:?}");
        }
        for other in [&mine, &theirs].into_iter().filter(|claim| claim.id != first.id) {
            let refused = prove(store, other).await;
            assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{refused:?}");
        }
        let found = seen::proven_email(store, mine.address.canonical()).await;
        assert_eq!(found, Some(first));
    }
}

/// In one unit of work an address is proven once, too.
pub async fn an_address_is_proven_once_in_a_unit<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    let theirs = claim(2, eve.id, "ada@example.com");
    let mut tx = store.begin().await.unwrap();
    tx.insert_login_email(&theirs).await.unwrap();
    tx.insert_login_email(&proven(1, ada.id, "ada@example.com")).await.unwrap();
    let refused = tx.prove_login_email(theirs.id, eve.id, at(1)).await;
    assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{refused:?}");
    drop(tx);
    assert_eq!(seen::proven_email(store, theirs.address.canonical()).await, None);
}

/// Of concurrent proofs of one address by several users one is accepted, in whatever order their units
/// of work run, and however each comes to its proof (R-EM-08, AM-23).
pub async fn of_concurrent_proofs_of_an_address_one_is_accepted<S: Store<Attrs = Suite>>(
    store: &S,
) {
    let users = given::users(store, [0, 1, 2, 3, 4, 5, 6, 7]).await;
    for user in &users[..4] {
        let n = user.id.as_bytes()[0];
        given::emails(store, &[&claim(n, user.id, "ada@example.com")]).await;
    }
    let answers = race(store, 8, |n, tx| {
        Box::pin(async move {
            let ours = proven(n, user_id(n), "ada@example.com");
            if n < 4 {
                assert!(tx.prove_login_email(ours.id, ours.user, at(1)).await?);
            } else {
                tx.insert_login_email(&ours).await?;
            }
            Ok(ours.user)
        })
    });
    let answers = answers.await;
    let owner = answers.iter().find_map(|answer| answer.as_ref().ok()).copied();
    assert_eq!(accepted(&answers), 1);
    let found = seen::proven_email(store, address("ada@example.com").canonical()).await;
    assert_eq!(found.map(|claim| claim.user), owner);
    let mut proofs = 0;
    for user in users {
        let claims = seen::emails_of(store, user.id).await;
        proofs += claims.iter().filter(|claim| claim.proven.is_some()).count();
    }
    assert_eq!(proofs, 1);
}

/// Addresses are compared byte by byte: what differs by an accent, a case or a composition is another
/// address, may be proven by another, and finds its own claim only (AM-18).
pub async fn addresses_that_differ_at_all_are_different<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    for (n, text) in (1..).zip(NEIGHBOURS) {
        given::emails(store, &[&proven(n, ada.id, text)]).await;
    }
    for (n, text) in (1..).zip(NEIGHBOURS) {
        let found = seen::proven_email(store, address(text).canonical()).await;
        assert_eq!(found, Some(proven(n, ada.id, text)));
        assert_eq!(seen::lookalikes(store, text).await, [proven(n, ada.id, text)]);
    }
    assert_eq!(seen::proven_email(store, address("Jose@example.com").canonical()).await, None);
}

/// A claim is proven by the user who made it and by nobody else, once; its other fields stay.
pub async fn a_claim_is_proven_once_by_its_own_user<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve] = given::users(store, [1, 2]).await;
    let [ours, other] = [claim(1, ada.id, "ada@example.com"), claim(2, ada.id, "x@example.com")];
    given::emails(store, &[&ours, &other]).await;
    let mut tx = store.begin().await.unwrap();
    assert!(!tx.prove_login_email(ours.id, eve.id, at(1)).await.unwrap());
    assert!(!tx.prove_login_email(claim(9, ada.id, "").id, ada.id, at(1)).await.unwrap());
    assert_eq!(tx.login_email(ours.id).await.unwrap().as_ref(), Some(&ours));
    assert!(tx.prove_login_email(ours.id, ada.id, at(2)).await.unwrap());
    assert!(!tx.prove_login_email(ours.id, ada.id, at(2)).await.unwrap());
    assert!(!tx.prove_login_email(ours.id, ada.id, at(3)).await.unwrap());
    tx.commit().await.unwrap();
    let expected = LoginEmail { proven: Some(at(2)), ..ours };
    assert_eq!(seen::email(store, expected.id).await.as_ref(), Some(&expected));
    let found = seen::proven_email(store, expected.address.canonical()).await;
    assert_eq!(found, Some(expected));
    assert_eq!(seen::email(store, other.id).await, Some(other));
}

/// Of concurrent proofs of one claim one is told that it was the first.
pub async fn of_concurrent_proofs_of_a_claim_one_counts<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let ours = claim(1, ada.id, "ada@example.com");
    given::emails(store, &[&ours]).await;
    let answers = race(store, 8, |_, tx| {
        Box::pin(async move {
            let ours = claim(1, user_id(1), "ada@example.com");
            tx.prove_login_email(ours.id, ours.user, at(1)).await
        })
    });
    assert_eq!(winners(answers.await), 1);
}

/// Look-alikes are proven claims with exactly this skeleton (R-EM-04).
pub async fn look_alikes_are_proven_and_look_exactly_alike<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    let alike = |text: &str, skeleton: &str| {
        EmailAddress::from_stored(EmailParts {
            typed: text.to_owned(),
            canonical: text.to_owned(),
            skeleton: skeleton.to_owned(),
        })
    };
    let mut stored = Vec::new();
    for (n, text, skeleton) in [
        (1, "paypal@example.com", "paypal@example.com"),
        (2, "paypa1@example.com", "paypal@example.com"),
        (3, "PayPal@example.com", "PayPal@example.com"),
        (4, "paypal@example.com.example", "paypal@example.com.example"),
    ] {
        let address = alike(text, skeleton);
        stored.push(LoginEmail { address, ..proven(n, ada.id, "") });
    }
    let address = alike("paypаl@example.com", "paypal@example.com");
    let unproven = LoginEmail { address, ..claim(5, ada.id, "") };
    for claim in stored.iter().chain([&unproven]) {
        given::emails(store, &[claim]).await;
    }
    let mut found = seen::lookalikes(store, "paypal@example.com").await;
    found.sort_by_key(|claim| claim.id);
    assert_eq!(found, stored[..2]);

    prove(store, &unproven).await.unwrap();
    assert_eq!(seen::lookalikes(store, "paypal@example.com").await.len(), 3);
}

/// However many look alike, 16 are told.
pub async fn at_most_16_look_alikes_are_told<S: Store<Attrs = Suite>>(store: &S) {
    let [ada] = given::users(store, [1]).await;
    for n in 1..=20 {
        let text = format!("{n}@example.com");
        let address = EmailAddress::from_stored(EmailParts {
            typed: text.clone(),
            canonical: text.clone(),
            skeleton: "same".to_owned(),
        });
        given::emails(store, &[&LoginEmail { address, ..proven(n, ada.id, &text) }]).await;
    }
    assert_eq!(seen::lookalikes(store, "same").await.len(), 16);
}

/// Who proves an address may have everyone else's claims of it deleted: the unproven ones, of this
/// address, and not one's own (R-EM-08).
pub async fn the_claims_of_others_are_deleted_and_nothing_else<S: Store<Attrs = Suite>>(store: &S) {
    let [ada, eve, max] = given::users(store, [1, 2, 3]).await;
    let gone = [
        claim(1, eve.id, "ada@example.com"),
        claim(2, max.id, "ada@example.com"),
        claim(3, max.id, "ada@example.com"),
    ];
    let kept = [
        claim(4, ada.id, "ada@example.com"),
        claim(5, eve.id, "adá@example.com"),
        claim(6, eve.id, "Ada@example.com"),
        proven(7, max.id, "ada@example.com"),
    ];
    for claim in gone.iter().chain(&kept) {
        given::emails(store, &[claim]).await;
    }
    let canonical = kept[0].address.canonical();
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.delete_claims(canonical, ada.id).await.unwrap(), 3);
    assert_eq!(tx.delete_claims(canonical, ada.id).await.unwrap(), 0);
    tx.commit().await.unwrap();
    for claim in gone {
        assert_eq!(seen::email(store, claim.id).await, None);
    }
    for claim in kept {
        assert_eq!(seen::email(store, claim.id).await, Some(claim));
    }
    assert_eq!(seen::emails_of(store, eve.id).await.len(), 2);
}

/// Proves a claim in a unit of work of its own.
async fn prove<S: Store<Attrs = Suite>>(store: &S, claim: &LoginEmail) -> Result<()> {
    let mut tx = store.begin().await?;
    assert!(tx.prove_login_email(claim.id, claim.user, at(1)).await?);
    tx.commit().await
}
