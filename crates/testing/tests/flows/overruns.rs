//! Who exceeds a rate is in the audit log.

use std::sync::Arc;
use std::time::Duration;

use durward_core::accounts::Chore;
use durward_core::budget::Rate;
use durward_core::entity::{AuditEntry, ClientKind, ClientOwner};
use durward_core::store::{Audit, AuditQuery};
use durward_core::{Origin, Sharing, Spender};
use durward_testing::rates::granted;
use durward_testing::{FakeClock, TestAccounts};
use serde_json::json;

use crate::clients::{create, new_client};
use crate::support::{audited_in, fresh, organization};

const SECOND: Duration = Duration::from_secs(1);

/// What the audit log has of it, the newest first.
async fn told(it: &TestAccounts) -> Vec<AuditEntry> {
    let event = Some("rate.exceeded".to_owned());
    let query = AuditQuery { event, limit: 1_000, ..AuditQuery::default() };
    it.accounts().read().await.unwrap().audit_entries(&query).await.unwrap()
}

async fn write(it: &TestAccounts) -> u64 {
    it.accounts().attend_to(Chore::NoteOverruns, 100).await.unwrap()
}

/// Asks for so many requests; answers how many were refused.
async fn refused(it: &TestAccounts, spender: Spender, rate: &Rate, count: u64) -> u64 {
    let mut refused = 0;
    for _ in 0..count {
        refused += u64::from(!granted(it.accounts(), spender, rate).await);
    }
    refused
}

#[tokio::test]
async fn a_client_that_exceeds_its_rate_is_in_the_log_of_its_organization() {
    // R-LG-01
    for sharing in [Sharing::Alone, Sharing::Store] {
        let clock = FakeClock::default();
        let it = TestAccounts::with(|parts| {
            parts.clock = Arc::new(clock.clone());
            parts.sharing = sharing;
        });
        let by = fresh(&it, &it.sign_up("ada@example.com").await).await;
        let of = organization(&it).await;
        let owner = ClientOwner::Organization(of);
        let made = create(&it, new_client(owner, ClientKind::Confidential), &by).await.unwrap();
        let (client, rate) = (Spender::Client(made.client.id), Rate::per(5, SECOND));
        let before = audited_in(&it, of).await;
        assert_eq!(refused(&it, client, &rate, 5).await, 0);
        assert_eq!(write(&it).await, 0);
        assert_eq!(refused(&it, client, &rate, 1_000).await, 1_000);
        assert_eq!(audited_in(&it, of).await, before, "not in the request");
        assert_eq!(write(&it).await, 1);
        let [row] = &told(&it).await[..] else { panic!("not one row") };
        let whose = (row.organization, row.client, row.actor, row.subject, &row.ip);
        assert_eq!(whose, (Some(of), Some(made.client.id), None, None, &None));
        let details: serde_json::Value = serde_json::from_str(&row.details).unwrap();
        let (id, since) = (made.client.id, it.accounts().now());
        let expected = json!({
            "clientId": id, "networkPrefix": null, "requests": 5, "seconds": 1.0, "refused": 1_000, "since": since,
        });
        assert_eq!(details, expected);

        // However many come: once a minute.
        for second in 0..120 {
            clock.advance(SECOND);
            assert!(refused(&it, client, &rate, 50).await >= 40);
            assert_eq!(write(&it).await, u64::from(second == 59 || second == 119), "{second}");
        }
        let rows = told(&it).await;
        let details: serde_json::Value = serde_json::from_str(&rows[0].details).unwrap();
        assert_eq!(rows.len(), 3);
        assert!(details["refused"].as_u64().unwrap() >= 60 * 40, "{details}");
    }
}

#[tokio::test]
async fn a_network_that_exceeds_its_rate_is_in_the_log_of_nobody() {
    // R-LG-01
    let it = TestAccounts::new();
    let network = |ip: &str| {
        let ip = Some(ip.parse().unwrap());
        Spender::Network(Origin { ip, ..Origin::default() }.network())
    };
    let rate = Rate::per(20, SECOND);
    for ip in ["192.0.2.1", "2001:db8:1:2:3::4"] {
        it.accounts().charge_failure(network(ip), &rate).await;
        it.accounts().charge_failure(network(ip), &rate).await;
        assert!(it.accounts().check_rate(network(ip), &rate).await.is_err());
    }
    assert_eq!(write(&it).await, 2);
    let mut told = told(&it).await;
    told.sort_by(|one, other| one.ip.cmp(&other.ip));
    let ips: Vec<_> = told.iter().map(|row| (row.ip.as_deref(), row.organization)).collect();
    assert_eq!(ips, [(Some("192.0.2.1"), None), (Some("2001:db8:1:2::"), None)]);
    assert!(told[1].details.contains(r#""networkPrefix":64"#), "{}", told[1].details);
}
