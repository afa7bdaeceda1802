//! What the examples share: a mailer that prints, keys for one run, and when that ends.
//!
//! Run one with `cargo run -p durward-examples --example embed`, and test them all with
//! `cargo test -p durward-examples --examples`.

use std::io::{self, Write};

use async_trait::async_trait;
use durward::mail::Templates;
use durward::passwords::StartError;
use durward::{
    Essentials, KeyError, KeyRing, LinkTarget, Mail, MailError, Mailer, Parts, Store, SystemEntropy,
};

/// A mailer that prints the mails, for whoever runs an example.
#[derive(Clone, Debug)]
pub struct PrintedMail(Templates);

impl Default for PrintedMail {
    fn default() -> Self {
        Self(Templates::embedded())
    }
}

#[async_trait]
impl Mailer for PrintedMail {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let rendered = self.0.render(mail)?;
        let (to, text) = (mail.to.as_typed(), rendered.text.expose());
        writeln!(io::stdout(), "--- a mail to {to}: {}\n{text}", rendered.subject)
            .map_err(|error| MailError::Temporary(error.kind().to_string()))
    }
}

/// Keys that nobody keeps: with the process they end, and every session, code and password with them.
///
/// A real application keeps its own, made once by `durward keys generate`, outside the database.
pub fn keys_for_this_run() -> Result<KeyRing, KeyError> {
    KeyRing::parse(KeyRing::generate(1, &SystemEntropy).expose())
}

/// Is ready when somebody presses Ctrl-C.
///
/// # Panics
///
/// Where the system does not tell of it.
pub async fn told_to_stop() {
    tokio::signal::ctrl_c().await.expect("Ctrl-C can be heard");
}

/// The parts of the accounts that the examples change.
pub fn parts<S: Store>(store: S, keys: KeyRing) -> Result<Parts<S>, StartError> {
    let links = |_: LinkTarget, code: &str| format!("http://127.0.0.1:3000/verify#{code}");
    Essentials { store, keys, links, mailer: PrintedMail::default() }.parts()
}
