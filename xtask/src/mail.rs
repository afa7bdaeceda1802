//! The mail server of a run: whatever the nodes send arrives here and outlives every kill of a node.

mod letter;
mod session;

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub(crate) use letter::Letter;

/// A mail server that accepts everything, on a free port of the loopback interface.
pub(crate) struct Sink {
    address: SocketAddr,
    password: String,
    inbox: Inbox,
    listener: JoinHandle<()>,
}

/// What has arrived and was not taken yet; clones are the same.
#[derive(Clone)]
pub(crate) struct Inbox(Arc<Shelf>);

struct Shelf {
    defers: AtomicBool,
    letters: Mutex<Letters>,
    arrivals: watch::Sender<u64>,
}

#[derive(Default)]
struct Letters {
    by_mailbox: HashMap<String, VecDeque<Letter>>,
    seen: HashSet<String>,
    copies: u64,
}

impl Sink {
    /// Begins to listen. The password is one more secret that must appear nowhere; any is accepted.
    pub(crate) async fn open(password: String) -> Result<Self> {
        let socket =
            TcpListener::bind("127.0.0.1:0").await.context("the mail server of the run")?;
        let address = socket.local_addr()?;
        let letters = Mutex::new(Letters::default());
        let (defers, arrivals) = (AtomicBool::new(false), watch::Sender::new(0));
        let inbox = Inbox(Arc::new(Shelf { defers, letters, arrivals }));
        let listener = tokio::spawn(session::serve(socket, inbox.clone()));
        Ok(Self { address, password, inbox, listener })
    }

    /// What has arrived.
    pub(crate) const fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// The address of the mail server, as the server's settings take it.
    pub(crate) fn url(&self) -> String {
        format!("smtp://durward:{}@{}?tls=none", self.password, self.address)
    }

    /// The password in that address.
    pub(crate) fn password(&self) -> &str {
        &self.password
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl Inbox {
    /// Takes the oldest mail to this mailbox, waiting for it if need be.
    pub(crate) async fn next(&self, to: &str, patience: Duration) -> Result<Letter> {
        let late = || format!("no mail to {to} within {} s", patience.as_secs());
        timeout(patience, self.wait_for(|inbox| inbox.take(to))).await.with_context(late)?
    }

    /// Waits until so many have arrived in all; more may have.
    pub(crate) async fn reach(&self, count: usize, patience: Duration) -> Result<()> {
        let late = || format!("{} mails and not {count} have arrived", self.arrived());
        let enough = self.wait_for(|inbox| (inbox.arrived() >= count).then_some(()));
        timeout(patience, enough).await.with_context(late)?
    }

    /// Looks at the beginning and after every arrival, until there is something.
    async fn wait_for<T>(&self, mut look: impl FnMut(&Self) -> Option<T>) -> Result<T> {
        let mut arrivals = self.0.arrivals.subscribe();
        loop {
            arrivals.mark_unchanged();
            if let Some(found) = look(self) {
                return Ok(found);
            }
            arrivals.changed().await.context("the mail server of the run is gone")?;
        }
    }

    /// Takes the oldest mail to this mailbox, if there is one.
    pub(crate) fn take(&self, to: &str) -> Option<Letter> {
        self.letters().by_mailbox.get_mut(&mailbox(to))?.pop_front()
    }

    /// From now on, reads mails but asks to send them again later: they stay in the outbox.
    pub(crate) fn defer(&self, defers: bool) {
        self.0.defers.store(defers, Ordering::SeqCst);
    }

    /// How many mails have arrived, every copy counted once.
    pub(crate) fn arrived(&self) -> usize {
        self.letters().seen.len()
    }

    /// How many arrived once more under the same `Message-ID`.
    pub(crate) fn copies(&self) -> u64 {
        self.letters().copies
    }

    /// A copy of a mail that was sent before is the same mail (at least once, stable Message-ID).
    fn put(&self, letter: Letter) {
        let mut letters = self.letters();
        if letters.seen.insert(letter.id.clone()) {
            letters.by_mailbox.entry(mailbox(&letter.to)).or_default().push_back(letter);
        } else {
            letters.copies += 1;
        }
        drop(letters);
        self.0.arrivals.send_modify(|count| *count += 1);
    }

    fn letters(&self) -> MutexGuard<'_, Letters> {
        self.0.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The local part as it was typed, the domain in one case.
fn mailbox(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => format!("{local}@{}", domain.to_ascii_lowercase()),
        None => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(id: &str, to: &str) -> Letter {
        let text = format!("Message-ID: <{id}>\r\n\r\nhello");
        Letter::read(to, &text).unwrap()
    }

    #[tokio::test]
    async fn mails_are_taken_in_their_order_and_copies_count_once() {
        let sink = Sink::open(String::from("secret")).await.unwrap();
        let inbox = sink.inbox();
        inbox.put(letter("1", "Ada@Example.com"));
        inbox.put(letter("2", "Ada@example.com"));
        inbox.put(letter("1", "Ada@example.com"));
        assert!(inbox.take("ada@example.com").is_none());
        let patience = Duration::from_secs(5);
        assert_eq!(inbox.next("Ada@EXAMPLE.com", patience).await.unwrap().id, "<1>");
        assert_eq!(inbox.next("Ada@example.com", patience).await.unwrap().id, "<2>");
        assert!(inbox.take("Ada@example.com").is_none());
        assert_eq!((inbox.arrived(), inbox.copies()), (2, 1));
        inbox.reach(2, patience).await.unwrap();
        assert!(inbox.reach(3, Duration::from_millis(1)).await.is_err());
    }
}
