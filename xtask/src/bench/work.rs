//! The kinds of requests that are measured.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::load::Work;
use super::stage::Person;
use crate::calls;
use crate::http::Answer;
use crate::random::Random;

/// Prepared requests, one at random each time.
pub(super) struct AtRandom {
    requests: Arc<[Vec<u8>]>,
    random: Random,
}

impl AtRandom {
    /// One for each connection.
    pub(super) fn workers(
        requests: &Arc<[Vec<u8>]>,
        count: usize,
        random: &mut Random,
    ) -> Vec<Self> {
        let worker = |_| Self { requests: Arc::clone(requests), random: random.fork() };
        (0..count).map(worker).collect()
    }
}

impl Work for AtRandom {
    fn request(&mut self) -> Option<&[u8]> {
        let place = self.random.below(self.requests.len());
        Some(&self.requests[place])
    }

    fn answered(&mut self, answer: &Answer<'_>) -> Result<()> {
        expect(answer, 200)
    }
}

/// Prepared requests, each once.
pub(super) struct Each {
    requests: std::vec::IntoIter<Vec<u8>>,
    current: Vec<u8>,
    expected: u16,
    /// The bodies of the answers, if anybody wants them.
    pub(super) bodies: Option<Vec<Value>>,
}

impl Each {
    /// The requests dealt to this many connections in turn.
    pub(super) fn workers(
        requests: Vec<Vec<u8>>,
        count: usize,
        expected: u16,
        keep_bodies: bool,
    ) -> Vec<Self> {
        let mut hands: Vec<Vec<Vec<u8>>> = vec![Vec::new(); count];
        for (number, request) in requests.into_iter().enumerate() {
            hands[number % count].push(request);
        }
        let worker = |requests: Vec<Vec<u8>>| Self {
            requests: requests.into_iter(),
            current: Vec::new(),
            expected,
            bodies: keep_bodies.then(Vec::new),
        };
        hands.into_iter().map(worker).collect()
    }
}

impl Work for Each {
    fn request(&mut self) -> Option<&[u8]> {
        self.current = self.requests.next()?;
        Some(&self.current)
    }

    fn answered(&mut self, answer: &Answer<'_>) -> Result<()> {
        expect(answer, self.expected)?;
        if let Some(bodies) = &mut self.bodies {
            bodies.push(serde_json::from_slice(answer.body)?);
        }
        Ok(())
    }
}

/// Sign-ups, each with an address that nobody had.
pub(super) struct SignUps {
    random: Random,
    request: Vec<u8>,
    expected: u16,
    /// The bodies of the answers, if anybody wants them.
    pub(super) bodies: Option<Vec<Value>>,
}

impl SignUps {
    /// One for each connection. In `open` mode the answer is a session.
    pub(super) fn workers(count: usize, open: bool, random: &mut Random) -> Vec<Self> {
        let worker = |_| Self {
            random: random.fork(),
            request: Vec::new(),
            expected: if open { 201 } else { 202 },
            bodies: open.then(Vec::new),
        };
        (0..count).map(worker).collect()
    }
}

impl Work for SignUps {
    fn request(&mut self) -> Option<&[u8]> {
        let email = format!("{}@example.com", self.random.letters(20).to_lowercase());
        let state = self.random.letters(43);
        let call = calls::sign_up("Somebody New", &email, None, &state);
        self.request = call.from(&self.random.network()).to_bytes();
        Some(&self.request)
    }

    fn answered(&mut self, answer: &Answer<'_>) -> Result<()> {
        expect(answer, self.expected)?;
        if let Some(bodies) = &mut self.bodies {
            bodies.push(serde_json::from_slice(answer.body)?);
        }
        Ok(())
    }
}

/// Refreshes of one session, each with the token of the one before.
pub(super) struct Refreshes {
    request: Vec<u8>,
}

impl Refreshes {
    /// Begins with this token.
    pub(super) fn of(refresh: &str) -> Self {
        Self { request: calls::refresh(refresh).to_bytes() }
    }
}

impl Work for Refreshes {
    fn request(&mut self) -> Option<&[u8]> {
        Some(&self.request)
    }

    fn answered(&mut self, answer: &Answer<'_>) -> Result<()> {
        expect(answer, 200)?;
        let body: Value = serde_json::from_slice(answer.body)?;
        let refresh = body["refresh"].as_str().context("a refresh without a token")?;
        self.request = calls::refresh(refresh).to_bytes();
        Ok(())
    }
}

/// Logins by password, of one person each.
pub(super) struct Logins {
    request: Vec<u8>,
}

impl Logins {
    /// Of this person.
    pub(super) fn of(person: &Person, password: &str, random: &mut Random) -> Self {
        let call = calls::password_login(&person.email, password, &random.letters(43));
        Self { request: call.from(&person.network).to_bytes() }
    }
}

impl Work for Logins {
    fn request(&mut self) -> Option<&[u8]> {
        Some(&self.request)
    }

    fn answered(&mut self, answer: &Answer<'_>) -> Result<()> {
        expect(answer, 200)
    }
}

fn expect(answer: &Answer<'_>, status: u16) -> Result<()> {
    ensure!(
        answer.status == status,
        "answered {} instead of {status}: {}",
        answer.status,
        String::from_utf8_lossy(answer.body)
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_dealt_out_once_each() {
        let requests: Vec<Vec<u8>> = (0..7).map(|number| vec![number]).collect();
        let mut workers = Each::workers(requests.clone(), 3, 200, false);
        let mut dealt = Vec::new();
        for worker in &mut workers {
            while let Some(request) = worker.request() {
                dealt.push(request.to_vec());
            }
        }
        dealt.sort();
        assert_eq!(dealt, requests);
    }

    #[test]
    fn no_two_sign_ups_are_alike() {
        let mut workers = SignUps::workers(2, false, &mut Random::seeded(1));
        let [first, second] = [0, 1].map(|place| workers[place].request().unwrap().to_vec());
        let third = workers[0].request().unwrap();
        assert_ne!(first, second);
        assert_ne!(first, third);
    }
}
