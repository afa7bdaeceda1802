use std::ops::Deref;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use durward_core::password::{Admission, HashError, Verdict};
use durward_core::{Password, PasswordHash, PasswordHasher};
use futures_channel::oneshot;

use super::support::{Counter, Gate, begin, block_on, key, memory, password, ring};
use crate::memory::{Memory, Spare};
use crate::metrics::Operation;
use crate::queue::{Next, Queue, Work};
use crate::{BareArgon2, Cost, PasswordPool, PoolSettings, SettingsError, StartError};

const TYPED: &str = "wildly improbable teapot 9";

fn small() -> PoolSettings {
    PoolSettings {
        workers: 1,
        queue: 1,
        // A busy machine must not decide a test.
        deadline: Duration::from_mins(10),
        low_priority: false,
        ..PoolSettings::default()
    }
}

fn start(settings: PoolSettings) -> PasswordPool {
    PasswordPool::start(ring(&key(1)), Arc::new(Counter::new()), settings).unwrap()
}

fn gated(settings: PoolSettings) -> (PasswordPool, OpenedAtEnd) {
    let gate = Arc::new(Gate::default());
    let pool = PasswordPool::start(ring(&key(1)), gate.clone(), settings).unwrap();
    (pool, OpenedAtEnd(gate))
}

/// A gate that a failed test leaves open: its pool stops only once the workers are through.
struct OpenedAtEnd(Arc<Gate>);

impl Deref for OpenedAtEnd {
    type Target = Arc<Gate>;
    fn deref(&self) -> &Arc<Gate> {
        &self.0
    }
}

impl Drop for OpenedAtEnd {
    fn drop(&mut self) {
        self.0.open();
    }
}

fn is_busy<T>(result: &Result<T, HashError>) -> bool {
    match result {
        Err(HashError::Busy { retry_after }) => {
            assert!(*retry_after >= Duration::from_secs(1));
            true
        }
        _ => false,
    }
}

// R-PW-08, R-PW-13
#[test]
fn a_pool_hashes_and_verifies() {
    let pool = start(PoolSettings { workers: 2, ..small() });
    let hash = |typed| block_on(pool.hash(password(typed), pool.admit().unwrap())).unwrap();
    let verify = |typed, hash: Option<&PasswordHash>| {
        block_on(pool.verify(password(typed), hash.cloned(), pool.admit().unwrap())).unwrap()
    };
    let stored = hash(TYPED);
    assert!(stored.as_str().starts_with("$durward-argon2id$v=19$m=19456,t=2,p=1,k=1,n=nfkc1$"));
    assert_eq!(verify(TYPED, Some(&stored)), Verdict::Right);
    assert_eq!(verify("another one", Some(&stored)), Verdict::Wrong);
    assert_eq!(verify(TYPED, None), Verdict::Wrong);
}

// R-PW-13
#[test]
fn a_full_pool_is_busy_at_once_and_has_room_again_later() {
    let (pool, gate) = gated(small());
    gate.shut();
    let mut running = pool.hash(password(TYPED), pool.admit().unwrap());
    assert!(begin(&mut running).is_pending());
    gate.wait_for_workers(1);
    let mut waiting = pool.hash(password(TYPED), pool.admit().unwrap());
    assert!(begin(&mut waiting).is_pending());

    assert!(is_busy(&pool.admit()));
    // Without a place of its own a password takes one, if there is one.
    assert!(is_busy(&block_on(pool.hash(password(TYPED), Admission::unlimited()))));

    gate.open();
    block_on(running).unwrap();
    block_on(waiting).unwrap();
    let both = (pool.admit().unwrap(), pool.admit().unwrap());
    assert!(is_busy(&pool.admit()));
    drop(both);
    block_on(pool.hash(password(TYPED), Admission::unlimited())).unwrap();
}

#[test]
fn a_place_belongs_to_its_pool() {
    let (one, other) = (start(small()), start(PoolSettings { queue: 0, ..small() }));
    let only_place_of_other = other.admit().unwrap();
    let place_of_one = one.admit().unwrap();
    assert!(is_busy(&block_on(other.verify(password(TYPED), None, place_of_one))));
    drop(only_place_of_other);
    block_on(other.verify(password(TYPED), None, one.admit().unwrap())).unwrap();
    assert!(one.admit().is_ok());
}

// R-PW-13, R-CC-04
#[test]
fn a_caller_who_hangs_up_frees_the_place_and_the_work_is_not_done() {
    let (pool, gate) = gated(small());
    let drawn_at_start = gate.passed();
    gate.shut();
    let mut running = pool.hash(password(TYPED), pool.admit().unwrap());
    assert!(begin(&mut running).is_pending());
    gate.wait_for_workers(1);
    let mut waiting = pool.hash(password(TYPED), pool.admit().unwrap());
    assert!(begin(&mut waiting).is_pending());
    assert!(is_busy(&pool.admit()));
    drop(waiting);
    drop(pool.admit().unwrap());

    // What has begun keeps its place until it is done.
    drop(running);
    let mut waiting = pool.hash(password(TYPED), pool.admit().unwrap());
    assert!(begin(&mut waiting).is_pending());
    assert!(is_busy(&pool.admit()));
    gate.open();
    block_on(waiting).unwrap();
    assert_eq!(gate.passed() - drawn_at_start, 2);
}

// R-ER-02
#[test]
fn a_panic_fails_one_password_and_not_the_pool() {
    let (pool, gate) = gated(PoolSettings { queue: 0, ..small() });
    for _ in 0..3 {
        gate.set_broken(true);
        let result = block_on(pool.hash(password(TYPED), pool.admit().unwrap()));
        assert!(matches!(result, Err(HashError::Failed(_))));
        gate.set_broken(false);
        block_on(pool.hash(password(TYPED), pool.admit().unwrap())).unwrap();
    }
}

#[test]
fn a_dropped_pool_leaves_no_thread() {
    let (pool, gate) = gated(small());
    block_on(pool.hash(password(TYPED), pool.admit().unwrap())).unwrap();
    let mut begun = pool.hash(password(TYPED), pool.admit().unwrap());
    assert!(begin(&mut begun).is_pending());
    drop(begun);
    drop(pool);
    assert_eq!(Arc::strong_count(&gate), 1);
}

/// A queue as a worker sees it, without threads.
fn queue(settings: PoolSettings) -> Arc<Queue> {
    Arc::new(Queue::new(&settings))
}

fn push(queue: &Arc<Queue>) -> oneshot::Receiver<Result<PasswordHash, HashError>> {
    let (reply, result) = oneshot::channel();
    let work = Work::Hash { password: password(TYPED), reply };
    queue.push(Queue::admit(queue).unwrap(), work).spend();
    result
}

// R-PW-13
#[test]
fn a_password_whose_deadline_passed_is_answered_without_work() {
    let queue = queue(PoolSettings { deadline: Duration::from_nanos(1), ..small() });
    let result = push(&queue);
    let pushed = Instant::now();
    while pushed.elapsed() < Duration::from_micros(10) {}
    assert!(matches!(queue.next(Some(Duration::from_millis(1))), Next::Nothing));
    assert!(is_busy(&block_on(result).unwrap()));
    assert!(Queue::admit(&queue).is_ok());
}

// R-PW-13
#[test]
fn whoever_would_wait_beyond_the_deadline_is_turned_away_with_the_time_to_come_back() {
    let queue =
        queue(PoolSettings { workers: 2, queue: 100, deadline: Duration::from_secs(5), ..small() });
    queue.record(Operation::Verify, Duration::from_secs(4));
    let running = (Queue::admit(&queue).unwrap(), Queue::admit(&queue).unwrap());
    // Their turn comes after two and four seconds.
    let waiting = (Queue::admit(&queue).unwrap(), Queue::admit(&queue).unwrap());
    let Err(HashError::Busy { retry_after }) = Queue::admit(&queue) else { panic!() };
    assert_eq!(retry_after, Duration::from_secs(6));
    drop(waiting);
    drop(Queue::admit(&queue).unwrap());

    // One outlier does not shut the pool for good: free workers are always used.
    queue.record(Operation::Verify, Duration::from_hours(1));
    assert!(is_busy(&Queue::admit(&queue).map(drop)));
    drop(running);
    let _running = Queue::admit(&queue).unwrap();
    for _ in 0..100 {
        queue.record(Operation::Verify, Duration::from_millis(10));
    }
    let _running = Queue::admit(&queue).unwrap();
    assert!(Queue::admit(&queue).is_ok());
}

#[test]
fn whoever_waits_when_the_pool_stops_is_told() {
    let queue = queue(small());
    let result = push(&queue);
    queue.close();
    assert!(is_busy(&block_on(result).unwrap()));
    assert!(is_busy(&block_on(push(&queue)).unwrap()));
    assert!(matches!(queue.next(None), Next::Closed));
}

#[test]
fn an_abandoned_password_is_passed_over() {
    let queue = queue(small());
    drop(push(&queue));
    assert!(matches!(queue.next(Some(Duration::from_millis(1))), Next::Nothing));
    let _both = (Queue::admit(&queue).unwrap(), Queue::admit(&queue).unwrap());
}

// R-PW-08, R-PW-13
#[test]
fn unsafe_settings_are_refused() {
    let least = Cost::MINIMUM;
    let cost = |cost| PoolSettings { cost, ..small() };
    for (settings, why) in [
        (cost(Cost { memory_kib: 19_455, ..least }), SettingsError::CostTooLow),
        (cost(Cost { passes: 1, ..least }), SettingsError::CostTooLow),
        (cost(Cost { lanes: 0, ..least }), SettingsError::CostTooLow),
        (cost(Cost { lanes: 65, ..least }), SettingsError::CostTooHigh),
        (cost(Cost { memory_kib: 4 * 1_024 * 1_024, ..least }), SettingsError::CostTooHigh),
        (PoolSettings { workers: 0, ..small() }, SettingsError::NoWorker),
        (PoolSettings { deadline: Duration::ZERO, ..small() }, SettingsError::NoDeadline),
        (
            PoolSettings { workers: 2, memory: 2 * 19_456 * 1_024 - 1, ..small() },
            SettingsError::OverBudget { needed: 2 * 19_456 * 1_024 },
        ),
        (
            PoolSettings { workers: usize::MAX, ..small() },
            SettingsError::OverBudget { needed: u64::MAX },
        ),
    ] {
        let started = PasswordPool::start(ring(&key(1)), Arc::new(Counter::new()), settings);
        assert!(matches!(started, Err(StartError::Settings(found)) if found == why), "{why}");
    }
    assert!(PoolSettings::default().check().is_ok());
    assert!(PoolSettings { memory: 19_456 * 1_024, ..small() }.check().is_ok());
}

// R-PW-13
#[test]
fn memory_beyond_the_workers_own_is_counted_and_given_back() {
    let spare = Arc::new(Spare::new(100));
    let mut own = Memory::new(64, Arc::clone(&spare));
    assert!(own.suffices(100) && !own.suffices(101));
    assert_eq!(own.with_blocks(8, |blocks| blocks.len()), Ok(64));
    assert!(own.is_held());
    own.release();
    assert!(!own.is_held());
    assert_eq!(own.with_blocks(100, |blocks| blocks.len()), Ok(100));
    assert!(!own.is_held());
    assert!(matches!(own.with_blocks(101, |blocks| blocks.len()), Err(HashError::Failed(_))));

    // Who needs what another has waits for it.
    let lease = own.spare(60).unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| drop(Memory::new(1, Arc::clone(&spare)).spare(60).unwrap()));
        drop(lease);
        waiting.join().unwrap();
    });
    drop(own.spare(100).unwrap());
}

#[cfg(target_os = "linux")]
#[test]
fn workers_yield_to_every_other_thread() {
    use thread_priority::unix::{
        NormalThreadSchedulePolicy, ThreadSchedulePolicy, thread_schedule_policy,
    };
    let policy = std::thread::spawn(|| {
        crate::worker::yield_to_others().unwrap();
        thread_schedule_policy().unwrap()
    });
    let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    assert_eq!(policy.join().unwrap(), idle);
}

#[test]
fn the_bare_hash_is_the_one_the_pool_computes() {
    let mut bare = BareArgon2::new(Cost::MINIMUM).unwrap();
    let digest = bare.run().unwrap();
    assert_eq!(bare.run(), Ok(digest));
    let mut pooled = [0; 32];
    let mut memory = Memory::new(19_456, Arc::new(Spare::new(0)));
    crate::argon2id::Flavour::current(Cost::MINIMUM)
        .digest((&[7; 32], &[9; 16]), &mut pooled, &mut memory)
        .unwrap();
    assert_eq!(digest, pooled);
    assert!(BareArgon2::new(Cost { passes: 0, ..Cost::MINIMUM }).is_err());
}

// R-LG-02
#[test]
fn nothing_prints_a_password_or_a_hash() {
    let pool = start(small());
    let typed: Password = password(TYPED);
    let stored = block_on(pool.hash(typed.clone(), pool.admit().unwrap())).unwrap();
    let replaced = Verdict::RightRehashed(stored.clone());
    let printed = format!("{pool:?} {typed:?} {stored:?} {replaced:?} {:?}", memory().is_held());
    assert!(!printed.contains("argon2") && !printed.contains("teapot"), "{printed}");
    assert!(printed.contains("PasswordPool { workers: 1, .. }"), "{printed}");
}

#[test]
fn many_passwords_at_once_all_get_their_answer() {
    let pool = start(PoolSettings { workers: 2, queue: 64, ..small() });
    let stored = block_on(pool.hash(password(TYPED), pool.admit().unwrap())).unwrap();
    std::thread::scope(|scope| {
        for caller in 0..8 {
            let (pool, stored) = (&pool, &stored);
            scope.spawn(move || {
                for round in 0..4 {
                    let right = (caller + round) % 2 == 0;
                    let typed = if right { TYPED } else { "something else" };
                    let verdict = block_on(pool.verify(
                        password(typed),
                        Some(stored.clone()),
                        pool.admit().unwrap(),
                    ));
                    let expected = if right { Verdict::Right } else { Verdict::Wrong };
                    assert_eq!(verdict, Ok(expected));
                }
            });
        }
    });
    // All places are free again.
    let places: Vec<_> = (0..66).map(|_| pool.admit().unwrap()).collect();
    assert!(is_busy(&pool.admit()));
    drop(places);
    assert!(matches!(begin(&mut pool.hash(password(TYPED), pool.admit().unwrap())), Poll::Pending));
}
