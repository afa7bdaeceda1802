use std::time::Duration;

use durward_core::entity::SearchKey;
use durward_core::store::UserQuery;
use durward_core::{Slice, UserStatus};
use durward_testing::TestAccounts;

use crate::support::set_gone;

#[tokio::test]
async fn whoever_is_gone_is_in_no_list() {
    // R-DP-01
    let it = TestAccounts::new();
    let ada = it.sign_up("ada@example.com").await;
    it.clock().advance(Duration::from_secs(1));
    let eve = it.sign_up("eve@example.com").await;
    set_gone(&it, ada.user).await;
    let query = UserQuery::default();
    let page = it.accounts().list_users(&query, Slice { after: None, limit: 2 }).await.unwrap();
    let listed: Vec<_> = page.rows.iter().map(|details| details.user.id).collect();
    assert_eq!((listed, page.next), (vec![eve.user], None));
    let (begin, slice) = (SearchKey::of("ada"), Slice { after: None, limit: 1 });
    let page = it.accounts().search_users(&begin, &query, slice).await.unwrap();
    assert_eq!(page.rows.len(), 0, "the first of the two is gone");
    let slice = Slice { after: page.next, limit: 1 };
    let page = it.accounts().search_users(&begin, &query, slice).await.unwrap();
    assert_eq!(page.rows[0].user.id, eve.user);
    assert_eq!(page.rows[0].emails[0].address.as_typed(), "eve@example.com");
    let query = UserQuery { status: Some(UserStatus::Deleted), ..query };
    let page = it.accounts().list_users(&query, Slice { after: None, limit: 9 }).await.unwrap();
    assert!(page.rows.is_empty());
}
