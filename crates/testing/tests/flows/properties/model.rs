//! What the accounts should do, in plain numbers: nothing is stored, digested or sent here.

use std::time::Duration;

use durward_core::Timestamp;
use durward_core::budget::Delays;

const CODE: Duration = Duration::from_mins(10);
const TOKEN: Duration = Duration::from_hours(1);
const GRACE: Duration = Duration::from_secs(30);
const IDLE: Duration = Duration::from_hours(14 * 24);
const ABSOLUTE: Duration = Duration::from_hours(30 * 24);

#[derive(Debug)]
pub(super) struct Model {
    people: Vec<Person>,
    flows: Vec<Begun>,
    /// Which flow each letter belongs to.
    letters: Vec<usize>,
    families: Vec<Family>,
    /// Which family each pair belongs to.
    pairs: Vec<usize>,
}

#[derive(Clone, Debug, Default)]
struct Person {
    exists: bool,
    banned: bool,
    failures: u32,
    failed: Option<Timestamp>,
}

#[derive(Debug)]
struct Begun {
    who: usize,
    newest: Option<usize>,
    expires: Timestamp,
    attempts: u32,
    finished: bool,
}

#[derive(Debug)]
struct Family {
    who: usize,
    current: usize,
    previous: Option<usize>,
    rotated: Timestamp,
    refreshed: Timestamp,
    opened: Timestamp,
    ended: bool,
}

/// An answer to a flow.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) flow: usize,
    pub(super) letter: usize,
    /// Whether it counts as an attempt.
    pub(super) counts: bool,
    pub(super) own_state: bool,
}

impl Model {
    pub(super) fn new(people: usize) -> Self {
        Self {
            people: vec![Person::default(); people],
            flows: Vec::new(),
            letters: Vec::new(),
            families: Vec::new(),
            pairs: Vec::new(),
        }
    }

    pub(super) fn who(&self, flow: usize) -> usize {
        self.flows[flow].who
    }

    pub(super) fn exists(&self, who: usize) -> bool {
        self.people[who].exists
    }

    pub(super) fn set_banned(&mut self, who: usize, banned: bool) {
        self.people[who].banned = banned;
    }

    pub(super) fn begun(&mut self, who: usize) {
        let expires = Timestamp::from_millis(0);
        self.flows.push(Begun { who, newest: None, expires, attempts: 0, finished: false });
    }

    pub(super) fn mailed(&mut self, flow: usize, now: Timestamp) {
        self.letters.push(flow);
        let begun = &mut self.flows[flow];
        assert!(!begun.finished, "a finished flow mails nothing");
        assert!(begun.newest.is_none() || now < begun.expires, "an expired flow mails nothing");
        begun.newest = Some(self.letters.len() - 1);
        begun.expires = now + CODE;
        begun.attempts = 0;
    }

    pub(super) fn flow_of(&self, letter: usize) -> usize {
        self.letters[letter]
    }

    pub(super) fn newest_letter(&self, flow: usize) -> Option<usize> {
        self.flows[flow].newest
    }

    pub(super) fn guessed(&mut self, flow: usize) {
        self.flows[flow].attempts += 1;
    }

    pub(super) fn answer(&mut self, shown: &Shown, now: Timestamp) -> bool {
        let flow = &mut self.flows[shown.flow];
        let right = !flow.finished
            && now < flow.expires
            && flow.attempts < 5
            && flow.newest == Some(shown.letter)
            && shown.own_state;
        if shown.counts {
            flow.attempts += 1;
        }
        if !right {
            return false;
        }
        flow.finished = true;
        let person = &mut self.people[flow.who];
        if person.banned {
            return false;
        }
        if !person.exists {
            // Whoever guessed at an address of nobody guessed at no password: its owner begins with none failed.
            *person = Person { exists: true, ..Person::default() };
        }
        true
    }

    pub(super) fn password(&mut self, who: usize, right: bool, now: Timestamp) -> bool {
        let person = &mut self.people[who];
        let delay = Delays::default().after(person.failures);
        let early = person.failed.is_some_and(|failed| now < failed + delay);
        if early {
            return false;
        }
        if right && person.exists && !person.banned {
            person.failures = 0;
            person.failed = None;
            return true;
        }
        person.failures += 1;
        person.failed = Some(now);
        false
    }

    pub(super) fn opened(&mut self, who: usize, now: Timestamp) {
        self.pairs.push(self.families.len());
        self.families.push(Family {
            who,
            current: self.pairs.len() - 1,
            previous: None,
            rotated: now,
            refreshed: now,
            opened: now,
            ended: false,
        });
    }

    pub(super) fn refresh(&mut self, pair: usize, now: Timestamp) -> bool {
        let new = self.pairs.len();
        let number = self.pairs[pair];
        let family = &mut self.families[number];
        if self.people[family.who].banned || family.ended || now >= family.opened + ABSOLUTE {
            return false;
        }
        if pair == family.current {
            if now >= family.refreshed + IDLE {
                return false;
            }
            family.previous = Some(pair);
            family.rotated = now;
        } else if family.previous == Some(pair) && now < family.rotated + GRACE {
            // The successor got lost; this one takes its place.
        } else {
            family.ended = true;
            return false;
        }
        family.current = new;
        family.refreshed = now;
        self.pairs.push(number);
        true
    }

    pub(super) fn logout(&mut self, pair: usize) {
        self.families[self.pairs[pair]].ended = true;
    }

    pub(super) fn lives(&self, pair: usize, now: Timestamp) -> bool {
        let family = &self.families[self.pairs[pair]];
        family.current == pair
            && !family.ended
            && !self.people[family.who].banned
            && now < family.refreshed + TOKEN
            && now < family.opened + ABSOLUTE
    }
}
