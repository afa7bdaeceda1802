//! Callers that meet: every one begins before any of them writes, where the store lets them.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use durward_core::store::{Result, Tx};
use durward_core::{Store, StoreError};
use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::Suite;

/// How often a unit of work is tried before a conflict counts as an answer.
const ATTEMPTS: u32 = 50;
/// How long a racer waits for the others to begin. A store that runs one unit of work at a time never
/// lets them, and is given up on once per race.
const PATIENCE: Duration = Duration::from_millis(100);

/// What one caller does in its unit of work.
pub(crate) type Work<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// Runs the work in this many concurrent units of work, numbered from 0; answers what each was told
/// once it was committed.
pub(crate) async fn race<S, T, W>(store: &S, racers: u8, work: W) -> Vec<Result<T>>
where
    S: Store<Attrs = Suite>,
    T: Send + 'static,
    W: for<'a> Fn(u8, &'a mut S::Tx<'static>) -> Work<'a, T> + Send + Sync + 'static,
{
    let work = Arc::new(work);
    let line = Arc::new(StartingLine::new(racers));
    let started: Vec<_> = (0..racers)
        .map(|racer| {
            let (store, line, work) = (store.clone(), Arc::clone(&line), Arc::clone(&work));
            tokio::spawn(async move { persist(&store, &line, racer, &*work).await })
        })
        .collect();
    let mut answers = Vec::new();
    for racer in started {
        answers.push(racer.await.unwrap());
    }
    answers
}

/// How many racers were told `true`; none may fail.
pub(crate) fn winners(answers: Vec<Result<bool>>) -> usize {
    answers.into_iter().map(Result::unwrap).filter(|won| *won).count()
}

/// How many racers were not refused as duplicates; none may fail otherwise.
pub(crate) fn accepted<T>(answers: &[Result<T>]) -> usize {
    for error in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert!(matches!(error, StoreError::Duplicate(_)), "{error}");
    }
    answers.iter().filter(|answer| answer.is_ok()).count()
}

/// Tries again after a conflict, as whoever runs units of work does.
async fn persist<S, T, W>(store: &S, line: &StartingLine, racer: u8, work: &W) -> Result<T>
where
    S: Store<Attrs = Suite>,
    W: for<'a> Fn(u8, &'a mut S::Tx<'static>) -> Work<'a, T>,
{
    for attempt in 0..ATTEMPTS {
        match attempt_once(store, line, racer, work).await {
            Err(StoreError::Conflict) => {
                let wait = Duration::from_millis(u64::from(1 + attempt.min(8)));
                store.pause(wait * (1 + u32::from(racer))).await;
            }
            answer => return answer,
        }
    }
    Err(StoreError::Conflict)
}

async fn attempt_once<S, T, W>(store: &S, line: &StartingLine, racer: u8, work: &W) -> Result<T>
where
    S: Store<Attrs = Suite>,
    W: for<'a> Fn(u8, &'a mut S::Tx<'static>) -> Work<'a, T>,
{
    let mut tx = store.begin().await?;
    line.reach().await;
    let answer = work(racer, &mut tx).await?;
    yield_now().await;
    tx.commit().await?;
    Ok(answer)
}

/// Opens when all racers have reached it, or when it is plain that they cannot.
struct StartingLine {
    there: watch::Sender<u8>,
    racers: u8,
}

impl StartingLine {
    fn new(racers: u8) -> Self {
        Self { there: watch::Sender::new(0), racers }
    }

    async fn reach(&self) {
        self.there.send_modify(|there| *there = there.saturating_add(1));
        let mut others = self.there.subscribe();
        let all = others.wait_for(|there| *there >= self.racers);
        if timeout(PATIENCE, all).await.is_err() {
            self.there.send_replace(self.racers);
        }
    }
}
