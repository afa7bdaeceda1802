//! A small world: who is there, what the callers do, what must hold, and what comes up.

use std::collections::BTreeSet;

use crate::conduct::Fault;
use crate::model::course::Course;
use crate::model::explorer::{Caller, Schedule, run};
use crate::model::given::Given;
use crate::model::invariants::Violation;

/// Under which conditions a world is explored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How {
    /// What is wrong with the store.
    pub(crate) faults: &'static [Fault],
    /// How often somebody loses what he knows, at most.
    pub(crate) crashes: u32,
}

/// How many schedules were explored, unless something was violated.
pub(crate) type Explored = Result<usize, Violation>;

/// A mistake of others: where it is written down, how it is put back, and what it violates.
pub(crate) type Mistake = (&'static [&'static str], &'static [Fault], Violation);

/// A world, and the mistakes that it must find.
pub(crate) struct World {
    pub(crate) name: &'static str,
    pub(crate) explore: fn(How) -> Explored,
    pub(crate) mistakes: &'static [Mistake],
}

/// A world that is set up.
pub(crate) struct Scene<'a, H> {
    pub(crate) given: &'a Given,
    pub(crate) callers: Vec<Caller<'a>>,
    pub(crate) holds: H,
    /// Who is served, in which order, where nobody crashes: all that can come up, and nothing else.
    pub(crate) courses: &'a [&'a str],
}

/// What came up.
#[derive(Default)]
struct Seen {
    schedules: usize,
    courses: BTreeSet<String>,
    interrupted: BTreeSet<&'static str>,
    unheard: BTreeSet<&'static str>,
}

impl How {
    pub(crate) const fn without_crashes(self) -> Self {
        Self { crashes: 0, ..self }
    }
}

impl<H: Fn(&Course) -> Result<(), Violation>> Scene<'_, H> {
    /// Explores every schedule, up to the first that violates something.
    pub(crate) fn explore(&self, how: How) -> Explored {
        let beginning = self.given.beginning();
        let (mut schedule, mut seen) = (Schedule::default(), Seen::default());
        loop {
            self.given.go_back(&beginning);
            self.given.conduct(how.faults);
            let course = run(&mut schedule, &self.callers, how.crashes);
            (self.holds)(&course)?;
            seen.note(&course);
            if !schedule.turn() {
                break;
            }
        }
        if how.faults.is_empty() {
            self.has_come_up(&seen, how);
        }
        Ok(seen.schedules)
    }

    /// Nothing may hold because nothing happened: every course came up, and every crash.
    fn has_come_up(&self, seen: &Seen, how: How) {
        let expected: BTreeSet<_> = self.courses.iter().map(|it| (*it).to_owned()).collect();
        assert_eq!(seen.courses, expected);
        assert!(seen.schedules > 1, "there was one order only");
        if how.crashes > 0 {
            let callers: BTreeSet<_> = self.callers.iter().map(|caller| caller.name).collect();
            assert_eq!(seen.unheard, callers, "who lost an answer");
            assert!(!seen.interrupted.is_empty(), "nobody crashed between two steps");
        }
    }
}

impl Seen {
    fn note(&mut self, course: &Course) {
        self.schedules += 1;
        if !course.has_crashed() {
            self.courses.insert(course.served());
        }
        self.interrupted.extend(&course.interrupted);
        self.unheard.extend(course.unheard());
    }
}
