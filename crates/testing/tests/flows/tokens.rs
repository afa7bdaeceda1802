//! Every kind of token where it does not belong; what the types refuse already is in the compile-fail
//! tests of the facade.

use durward_core::store::{Flows, Sessions};
use durward_core::{CodeToken, FlowToken, RefreshToken, SessionToken, ShortCode};
use durward_testing::TestAccounts;

use crate::support::begin_login;

#[tokio::test]
async fn a_token_is_read_as_its_own_kind_only() {
    // R-SE-10, AM-06
    let it = TestAccounts::new();
    let session = it.sign_up("ada@example.com").await;
    let (step, _) = begin_login(&it, "ada@example.com").await;
    let letter = it.mail_to("ada@example.com").await;
    let presented = [
        session.token.expose(),
        session.refresh.expose(),
        step.handle.expose(),
        letter.link_code(),
        letter.code(),
    ];
    let mut read_as = Vec::new();
    for text in presented {
        read_as.push([
            SessionToken::parse(text).is_ok(),
            RefreshToken::parse(text).is_ok(),
            FlowToken::parse(text).is_ok(),
            CodeToken::parse(text).is_ok(),
            ShortCode::parse(text).is_ok(),
        ]);
    }
    for (row, kinds) in read_as.iter().enumerate() {
        for (column, read) in kinds.iter().enumerate() {
            assert_eq!(*read, row == column, "{row} as {column}");
        }
    }
}

#[tokio::test]
async fn nothing_stored_can_be_presented() {
    // GW-58, R-SE-01, security decision 2
    let it = TestAccounts::new();
    let session = it.sign_up("ada@example.com").await;
    let (step, _) = begin_login(&it, "ada@example.com").await;
    let keys = &it.accounts().parts().keys;
    let mut read = it.accounts().read().await.unwrap();
    let stored = read.session(session.session).await.unwrap().unwrap();
    let flow = read.flow_by_handle(&keys.digest(&step.handle)).await.unwrap().unwrap();
    let digests =
        [stored.token, stored.refresh, flow.handle, flow.link.unwrap(), flow.short.unwrap()];
    for digest in digests {
        let (high, low) = digest.as_bytes().split_at(16);
        let word = |half: &[u8]| u128::from_be_bytes(half.try_into().unwrap());
        let hex = format!("{:032x}{:032x}", word(high), word(low));
        for kind in ["st", "rt", "fl", "cd"] {
            for text in
                [hex.clone(), format!("dw_{kind}_{hex}"), format!("dw_{kind}_{}", &hex[..49])]
            {
                assert!(SessionToken::parse(&text).is_err());
                assert!(RefreshToken::parse(&text).is_err());
                assert!(FlowToken::parse(&text).is_err());
                assert!(CodeToken::parse(&text).is_err());
                assert!(ShortCode::parse(&text).is_err());
            }
        }
    }
    let printed = format!("{stored:?} {flow:?}");
    for secret in [session.token.expose(), session.refresh.expose(), step.handle.expose()] {
        assert!(!printed.contains(secret));
    }
}
