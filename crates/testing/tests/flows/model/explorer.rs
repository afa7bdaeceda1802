//! Every order in which the steps of some callers can happen, with a crash and a retry at every step.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::model::course::{Course, End, Told};

/// What one caller does, from one step to the next, and what he is told at its end.
pub(crate) type Run<'a> = Pin<Box<dyn Future<Output = Told> + 'a>>;

/// Somebody who does something, and who does it from its beginning when he has lost what he knows.
pub(crate) struct Caller<'a> {
    pub(crate) name: &'static str,
    begin: Box<dyn Fn() -> Run<'a> + 'a>,
}

impl<'a> Caller<'a> {
    pub(crate) fn new<R>(name: &'static str, act: impl Fn() -> R + 'a) -> Self
    where
        R: Future<Output = Told> + 'a,
    {
        Self { name, begin: Box::new(move || Box::pin(act())) }
    }

    /// What he does, up to his first step.
    fn begun(&self) -> Run<'a> {
        let mut run = (self.begin)();
        let polled = run.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending(), "{} takes no step", self.name);
        run
    }
}

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

/// A caller under way.
struct Running<'a> {
    caller: usize,
    run: Run<'a>,
    /// When he took his first step since he last knew nothing.
    since: Option<usize>,
}

/// Runs these callers in the order of the schedule. At every step of each, its end included, he may lose all
/// that he knows, and begins again; this happens `crashes` times at most in all.
pub(crate) fn run(schedule: &mut Schedule, callers: &[Caller<'_>], mut crashes: u32) -> Course {
    let mut course = Course::default();
    let mut running: Vec<_> = callers
        .iter()
        .enumerate()
        .map(|(caller, it)| Running { caller, run: it.begun(), since: None })
        .collect();
    let mut now = 0;
    while !running.is_empty() {
        let kinds = if crashes > 0 { 2 } else { 1 };
        let choice = schedule.choose(running.len() * kinds);
        let (place, loses) = (choice / kinds, choice % kinds == 1);
        let Running { caller, run, since } = &mut running[place];
        let (who, began) = (callers[*caller].name, *since.get_or_insert(now));
        let polled = run.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let ended = polled.is_ready();
        match polled {
            Poll::Ready(told) => {
                course.ends.push(End { who, since: began, at: now, told, heard: !loses });
            }
            Poll::Pending if loses => course.interrupted.push(who),
            Poll::Pending => {}
        }
        if loses {
            crashes -= 1;
            (*run, *since) = (callers[*caller].begun(), None);
        } else if ended {
            _ = running.remove(place);
        }
        now += 1;
    }
    course
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

/// How many schedules there are of callers of so many steps each.
#[cfg(test)]
fn count(steps: &[usize], crashes: u32) -> usize {
    let caller = |steps: &usize| {
        let steps = *steps;
        Caller::new("caller", move || async move {
            for _ in 0..steps {
                tokio::task::yield_now().await;
            }
            Told::Done
        })
    };
    let callers: Vec<_> = steps.iter().map(caller).collect();
    let (mut schedule, mut count) = (Schedule::default(), 0);
    loop {
        count += 1;
        let course = run(&mut schedule, &callers, crashes);
        assert_eq!(course.ends.iter().filter(|end| end.heard).count(), callers.len());
        if !schedule.turn() {
            return count;
        }
    }
}

#[test]
fn every_order_comes_up_once() {
    // Two callers of two steps each: 4 over 2. A crash adds to one of them the steps before it.
    assert_eq!(count(&[2, 2], 0), 6);
    assert_eq!(count(&[2, 2], 1), 6 + 2 * (10 + 15));
    // Three callers: 5! / (2! 2! 1!).
    assert_eq!(count(&[2, 2, 1], 0), 30);
}
