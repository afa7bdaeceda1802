//! The subjects: several of each kind, so that nobody is asked about too often.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::calls;
use crate::client::{Client, Tokens};
use crate::mail::Inbox;
use crate::random::Random;
use crate::totp;
use crate::world::World;

pub(super) const PASSWORD: &str = "walrus meadow crimson lantern";
pub(super) const WRONG: &str = "walrus meadow crimson candle!";

/// How many there are of each kind: a judgement asks each fewer than a hundred times for a wrong password, after
/// which a password is off.
const OF_EACH: usize = 40;
pub(super) const MAIL_WITHIN: Duration = Duration::from_mins(1);

/// What is special about a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// No account has the address.
    Unknown,
    /// An account with a password.
    Known,
    /// One that is shut.
    Banned,
    /// One without a password.
    Passwordless,
    /// One with an authenticator app.
    Seconded,
}

impl Kind {
    const ALL: [Self; 5] =
        [Self::Unknown, Self::Known, Self::Banned, Self::Passwordless, Self::Seconded];
}

/// Everybody who is asked about.
pub(super) struct People(BTreeMap<Kind, Turns>);

/// The addresses of one kind, asked about in turn.
struct Turns {
    addresses: Vec<String>,
    next: usize,
}

impl People {
    /// Makes everybody, by the interface; but for the bans, which it takes an administrator to make. Answers also how
    /// many mails came of it, none of which is left in the inbox.
    pub(super) async fn settle(
        world: &World,
        node: SocketAddr,
        random: &mut Random,
    ) -> Result<(Self, usize)> {
        let inbox = world.sink.inbox();
        let mut client = Client::new(node);
        let (mut people, mut mails) = (BTreeMap::new(), 0);
        for kind in Kind::ALL {
            // All of them equally long, and no name tells more than another.
            let address = |random: &mut Random| format!("{}@example.com", random.letters(12));
            let addresses: Vec<String> = (0..OF_EACH).map(|_| address(random)).collect();
            for email in addresses.iter().filter(|_| kind != Kind::Unknown) {
                let password = (kind != Kind::Passwordless).then_some(PASSWORD);
                let state = random.letters(43);
                let call = calls::sign_up("Ada", email, password, &state);
                client.call(&call).await?.expect(202)?;
                let letter = inbox.next(email, MAIL_WITHIN).await?;
                mails += 1;
                let answer = calls::answer_link(letter.link()?, &state);
                let tokens = client.call(&answer).await?.expect(200)?.tokens()?;
                if kind == Kind::Seconded {
                    enrol(&mut client, &tokens).await?;
                    // The notice of it.
                    mails += 1;
                }
            }
            if kind == Kind::Banned {
                ban(world, &addresses).await?;
            }
            people.insert(kind, Turns { addresses, next: 0 });
        }
        let people = Self(people);
        inbox.reach(mails, MAIL_WITHIN).await?;
        for kind in Kind::ALL {
            people.take_mails(kind, inbox);
        }
        Ok((people, mails))
    }

    /// Takes all mails to subjects of a kind; answers how many there were.
    pub(super) fn take_mails(&self, kind: Kind, inbox: &Inbox) -> usize {
        let addresses = self.0.get(&kind).into_iter().flat_map(|turns| &turns.addresses);
        let mails = |address: &String| std::iter::from_fn(|| inbox.take(address)).count();
        addresses.map(mails).sum()
    }

    /// Whose turn it is.
    pub(super) fn next(&mut self, kind: Kind) -> Result<&str> {
        let turns = self.0.get_mut(&kind).context("nobody of this kind")?;
        turns.next = (turns.next + 1) % turns.addresses.len();
        Ok(&turns.addresses[turns.next])
    }
}

/// Bans whoever has these addresses, behind the back of the server: it reads the status at every use.
async fn ban(world: &World, addresses: &[String]) -> Result<()> {
    let canonical: Vec<String> =
        addresses.iter().map(|it| format!("'{}'", it.to_lowercase())).collect();
    let these = format!(
        "id IN (SELECT user_id FROM durward_login_emails WHERE canonical IN ({}))",
        canonical.join(", ")
    );
    let mut link = world.setup.database.link().await?;
    link.rows(&format!("UPDATE durward_users SET status = 'banned' WHERE {these}")).await?;
    let rows = format!("SELECT status FROM durward_users WHERE {these} AND status = 'banned'");
    let banned = link.rows(&rows).await?.len();
    ensure!(banned == addresses.len(), "only {banned} were banned");
    Ok(())
}

/// Enrols an authenticator app.
async fn enrol(client: &mut Client, tokens: &Tokens) -> Result<()> {
    let begun = client.call(&calls::enrol_totp(&tokens.token)).await?.expect(201)?;
    let digits = totp::now(&begun.text("/secret")?)?;
    let proof = calls::confirm_totp(&tokens.token, &begun.text("/code")?, &digits);
    client.call(&proof).await?.expect(200)?;
    Ok(())
}
