//! Every order in which the steps of some callers can happen, with a crash and a retry at every step.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// What one caller does, from one step to the next: whether he was served at its end.
pub(crate) type Run<'a> = Pin<Box<dyn Future<Output = bool> + 'a>>;

/// The choices of one schedule. Run again and again, it makes every choice once, in the order of a
/// depth-first search.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    /// What was chosen, and among how many.
    choices: Vec<(usize, usize)>,
    next: usize,
}

impl Schedule {
    fn choose(&mut self, among: usize) -> usize {
        if self.next == self.choices.len() {
            self.choices.push((0, among));
        }
        let (chosen, then) = self.choices[self.next];
        assert_eq!(then, among, "the same choices lead to another place");
        self.next += 1;
        chosen
    }

    /// Turns to the next schedule; `false` when there is none.
    pub(crate) fn turn(&mut self) -> bool {
        self.next = 0;
        while let Some((chosen, among)) = self.choices.pop() {
            if chosen + 1 < among {
                self.choices.push((chosen + 1, among));
                return true;
            }
        }
        false
    }
}

/// Runs these callers in the order of the schedule. At every step of each, its end included, he may lose all
/// that he knows, and begins again; this happens `crashes` times at most in all. Answers how often each was
/// served, as far as he learnt of it.
pub(crate) fn run<'a>(
    schedule: &mut Schedule,
    callers: &[&dyn Fn() -> Run<'a>],
    mut crashes: u32,
) -> Vec<usize> {
    let mut served = vec![0; callers.len()];
    let mut running: Vec<(usize, Run<'a>)> =
        callers.iter().enumerate().map(|(number, begin)| (number, begun(*begin))).collect();
    while !running.is_empty() {
        let kinds = if crashes > 0 { 2 } else { 1 };
        let choice = schedule.choose(running.len() * kinds);
        let (place, crashes_after) = (choice / kinds, choice % kinds == 1);
        let (number, caller) = &mut running[place];
        let polled = caller.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if crashes_after {
            crashes -= 1;
            *caller = begun(callers[*number]);
        } else if let Poll::Ready(was_served) = polled {
            served[*number] += usize::from(was_served);
            _ = running.remove(place);
        }
    }
    served
}

/// A caller who waits before his first step.
fn begun<'a>(begin: &dyn Fn() -> Run<'a>) -> Run<'a> {
    let mut caller = begin();
    let polled = caller.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending(), "a caller without a step");
    caller
}

/// Runs what needs no other: nothing that it waits for may take time.
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
}

#[test]
fn every_order_comes_up_once() {
    let step = || -> Run<'static> {
        Box::pin(async {
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
            true
        })
    };
    let count = |crashes| {
        let (mut schedule, mut count) = (Schedule::default(), 0);
        loop {
            count += 1;
            assert_eq!(run(&mut schedule, &[&step, &step], crashes), [1, 1]);
            if !schedule.turn() {
                return count;
            }
        }
    };
    // Two callers of two steps each: 4 over 2. A crash adds to one of them the steps before it.
    assert_eq!(count(0), 6);
    assert_eq!(count(1), 6 + 2 * (10 + 15));
}
