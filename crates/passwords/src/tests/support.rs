use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{Thread, current, park};

use durward_core::{Entropy, KeyRing, Password, Secret};

use crate::hasher::Hasher;
use crate::memory::{Memory, Spare};
use crate::settings::Cost;

/// Far too cheap for passwords, and quick.
pub(super) const CHEAP: Cost = Cost { memory_kib: 64, passes: 2, lanes: 1 };

/// Bytes that never repeat.
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) const fn new() -> Self {
        Self(AtomicU64::new(1))
    }
}

impl Entropy for Counter {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let next = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            chunk.copy_from_slice(&next.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// Entropy that a worker must wait for, so that a test decides when a hash goes on.
#[derive(Default)]
pub(super) struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Default)]
struct GateState {
    is_shut: bool,
    breaks: bool,
    waiting: usize,
    passed: u64,
}

impl Gate {
    /// From now on workers wait.
    pub(super) fn shut(&self) {
        self.state.lock().unwrap().is_shut = true;
    }

    /// Lets all workers go on.
    pub(super) fn open(&self) {
        self.state.lock().unwrap().is_shut = false;
        self.changed.notify_all();
    }

    /// Whether drawing from it panics from now on.
    pub(super) fn set_broken(&self, breaks: bool) {
        self.state.lock().unwrap().breaks = breaks;
    }

    /// Returns once so many workers wait.
    pub(super) fn wait_for_workers(&self, count: usize) {
        let state = self.state.lock().unwrap();
        drop(self.changed.wait_while(state, |state| state.waiting < count).unwrap());
    }

    /// How often somebody drew from it.
    pub(super) fn passed(&self) -> u64 {
        self.state.lock().unwrap().passed
    }
}

impl Entropy for Gate {
    fn fill(&self, buffer: &mut [u8]) {
        let mut state = self.state.lock().unwrap();
        if state.breaks {
            drop(state);
            panic!("no entropy");
        }
        state.waiting += 1;
        self.changed.notify_all();
        let mut state = self.changed.wait_while(state, |state| state.is_shut).unwrap();
        state.waiting -= 1;
        state.passed += 1;
        buffer.fill(u8::try_from(state.passed % 251).unwrap());
    }
}

pub(super) fn password(typed: &str) -> Password {
    Password::parse(Secret::new(typed.to_owned())).unwrap()
}

/// The text form of a ring with one key of this number, always the same.
pub(super) fn key(number: u32) -> String {
    let counter = Counter(AtomicU64::new(u64::from(number) << 32));
    KeyRing::generate(number, &counter).expose().clone()
}

pub(super) fn ring(text: &str) -> Arc<KeyRing> {
    Arc::new(KeyRing::parse(text).unwrap())
}

/// A hasher without a pool, at a cost that a pool would refuse.
pub(super) fn hasher(keys: &str, cost: Cost) -> Hasher {
    Hasher::new(ring(keys), Arc::new(Counter::new()), cost)
}

/// A worker's memory, with 64 MiB to spare.
pub(super) fn memory() -> Memory {
    Memory::new(CHEAP.memory_kib, Arc::new(Spare::new(65_536)))
}

/// Polls once, which is when a future of a pool takes its place in the queue.
pub(super) fn begin<T>(future: &mut Pin<Box<dyn Future<Output = T> + Send + '_>>) -> Poll<T> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(current())));
    let mut future = Box::pin(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => park(),
        }
    }
}
