//! Requests that are counted, for tests of rates that nodes share.

use durward_core::budget::Rate;
use durward_core::{Accounts, ClientId, Error, Spender, Store};

/// A client that nobody has to make.
pub fn client(n: u8) -> Spender {
    Spender::Client(ClientId::from_bytes([n; 16]))
}

/// Whether a node grants one request more; panics on any refusal but [`Error::Throttled`].
pub async fn granted<S: Store>(node: &Accounts<S>, spender: Spender, rate: &Rate) -> bool {
    match node.spend(spender, rate).await {
        Ok(_) => true,
        Err(error) => {
            assert!(matches!(error, Error::Throttled { .. }), "{error:?}");
            false
        }
    }
}

/// How many requests two nodes grant when twice as many come at once, from eight callers on each node.
pub async fn granted_together<S: Store>(
    nodes: [&Accounts<S>; 2],
    spender: Spender,
    rate: Rate,
) -> u32 {
    let callers = (0..16_usize).map(|caller| {
        let node = nodes[caller % 2].clone();
        tokio::spawn(async move {
            let mut count = 0;
            for _ in 0..rate.burst / 8 {
                count += u32::from(granted(&node, spender, &rate).await);
            }
            count
        })
    });
    let mut count = 0;
    for caller in callers.collect::<Vec<_>>() {
        count += caller.await.expect("a caller");
    }
    count
}

/// How many failed credentials two nodes look at in turn before one of them refuses to; panics if neither ever does.
pub async fn failures_looked_at<S: Store>(
    nodes: [&Accounts<S>; 2],
    spender: Spender,
    rate: Rate,
) -> u32 {
    for count in 0..=rate.burst {
        let node = nodes[usize::from(count % 2 == 1)];
        match node.check_rate(spender, &rate).await {
            Ok(()) => node.charge_failure(spender, &rate).await,
            Err(error) => {
                assert!(matches!(error, Error::Throttled { .. }), "{error:?}");
                return count;
            }
        }
    }
    panic!("failures use nothing up");
}
