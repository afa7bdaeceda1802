//! The races of login addresses: whatever meets, there is one primary proven address of a user, and one owner of an
//! address.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::Arena;
use super::people::Person;
use crate::calls::{self, Call};
use crate::client::Reply;
use crate::volley::{Tally, volley};

const ADDRESSES: &str = "/v1/users/me/login-emails";
/// How often two changes meet in one round.
const MEETINGS: usize = 4;
/// How often each of them is asked for in one meeting.
const EACH: usize = 5;

/// An address, as its user sees it.
struct Address {
    id: String,
    email: String,
    proven: bool,
    primary: bool,
}

impl Arena<'_> {
    /// Two addresses made the primary one at once: one of them is.
    pub(super) async fn two_primary_addresses(&mut self) -> Result<Tally> {
        let person = self.person().await?;
        for _ in 0..2 {
            let email = self.fresh_address();
            self.add(&person, &email).await?;
        }
        let chosen: Vec<_> = self.sound_addresses(&person).await?;
        let chosen: Vec<_> = chosen.iter().filter(|it| !it.primary).collect();
        ensure!(chosen.len() == 2, "{} addresses to choose from", chosen.len());
        let mut replies = Vec::new();
        for _ in 0..MEETINGS {
            let calls = chosen.iter().map(|it| {
                Call::bare(format!("{ADDRESSES}/{}/primary", it.id)).by(&person.tokens.token)
            });
            let calls = calls.cycle().take(chosen.len() * EACH).collect();
            replies.extend(volley(&self.addresses, calls).await?);
            let after = self.sound_addresses(&person).await?;
            let primary = after.iter().find(|it| it.primary).context("a primary address")?;
            ensure!(chosen.iter().any(|it| it.id == primary.id), "neither of two is primary");
        }
        let tally = Tally::of(&replies);
        tally.only(&[204])?;
        Ok(tally)
    }

    /// Two addresses of a user removed at once, each by a request of its own: one is left (GW-50).
    pub(super) async fn removals_of_both_addresses(&mut self) -> Result<Tally> {
        let person = self.person().await?;
        let mut all = Vec::new();
        for _ in 0..MEETINGS {
            let email = self.fresh_address();
            self.add(&person, &email).await?;
            let both = self.sound_addresses(&person).await?;
            ensure!(both.len() == 2, "{} addresses instead of two", both.len());
            let calls = both.iter().map(|it| remove(&it.email, &person));
            let replies = volley(&self.addresses, calls.cycle().take(2 * EACH).collect()).await?;
            let tally = Tally::of(&replies);
            tally.only(&[204, 404, 409])?;
            let left = self.sound_addresses(&person).await?;
            ensure!(left.len() == 1, "{} of two addresses are left: {tally}", left.len());
            ensure!(tally.count(204) == 1, "one removal is done: {tally}");
            all.extend(replies);
        }
        Ok(Tally::of(&all))
    }

    /// An address proven while the only other one is removed: the removal is done after the proof, or not at all.
    pub(super) async fn proof_against_removal(&mut self) -> Result<Tally> {
        let person = self.person().await?;
        let mut all = Vec::new();
        for _ in 0..MEETINGS {
            let old = self.sound_addresses(&person).await?;
            let old = old.into_iter().next().context("an address")?;
            let email = self.fresh_address();
            let link = self.claim(&person, &email).await?;
            let pair =
                [calls::verify_email(&link).by(&person.tokens.token), remove(&old.email, &person)];
            let calls = pair.into_iter().cycle().take(2 * EACH).collect();
            let replies = volley(&self.addresses, calls).await?;
            let (proofs, removals): (Vec<_>, Vec<_>) =
                replies.into_iter().partition(|reply: &Reply| reply.asked.starts_with("POST"));
            let (proven, removed) = (Tally::of(&proofs), Tally::of(&removals));
            proven.only(&[204, 401])?;
            removed.only(&[204, 404, 409])?;
            ensure!(proven.count(204) == 1, "one code proves once: {proven}");
            ensure!(removed.count(204) <= 1, "one address is removed once: {removed}");
            let after = self.sound_addresses(&person).await?;
            let there = after.iter().any(|it| it.email == old.email);
            ensure!(there == (removed.count(204) == 0), "the removal says otherwise: {removed}");
            ensure!(after.iter().any(|it| it.email == email), "the proven address is not there");
            if there {
                let again = remove(&old.email, &person);
                self.client.call(&again).await?.expect(204)?;
            }
            all.extend([proven, removed]);
        }
        Ok(all.into_iter().sum())
    }

    /// One address claimed and proven by two users at once: one of them has it, and the other one has nothing of it.
    pub(super) async fn two_proofs_of_one_address(&mut self) -> Result<Tally> {
        let mut all = Vec::new();
        let people = [self.person().await?, self.person().await?];
        for _ in 0..MEETINGS {
            let email = self.fresh_address();
            let mut proofs = Vec::new();
            for person in &people {
                let link = self.claim(person, &email).await?;
                proofs.push(calls::verify_email(&link).by(&person.tokens.token));
            }
            let calls = proofs.into_iter().cycle().take(2 * EACH).collect();
            let replies = volley(&self.addresses, calls).await?;
            let tally = Tally::of(&replies);
            tally.only(&[204, 401])?;
            ensure!(tally.count(204) == 1, "one of two proves an address: {tally}");
            let mut owners = Vec::new();
            for person in &people {
                let theirs = self.sound_addresses(person).await?;
                if theirs.iter().any(|it| it.email == email) {
                    owners.push(person.tokens.user.clone());
                }
            }
            let begun = self.login(&email).await?;
            let met = self.entered(begun).await?.tokens.user;
            ensure!(owners == [met], "an address of {} owners", owners.len());
            all.extend(replies);
        }
        Ok(Tally::of(&all))
    }

    /// Whoever logs in by an address while it is removed is out afterwards (R-SE-06).
    pub(super) async fn removal_against_logins(&mut self) -> Result<Tally> {
        let person = self.person_with_password().await?;
        let heir = self.fresh_address();
        self.add(&person, &heir).await?;
        let (sessions, siege) = self.besieged(&person).await?;
        let mut replies = volley(&self.addresses, vec![remove(&person.email, &person)]).await?;
        Tally::of(&replies).only(&[204])?;
        let gains = siege.end().await?;
        self.are_dead(&gains.sessions()?).await?;
        self.are_dead(&sessions).await?;
        let left = self.sound_addresses(&person).await?;
        ensure!(left.len() == 1 && left[0].email == heir, "an address that was removed is there");
        replies.extend(gains.0);
        Ok(Tally::of(&replies))
    }

    /// Gives somebody one more proven address.
    async fn add(&mut self, person: &Person, email: &str) -> Result<()> {
        let link = self.claim(person, email).await?;
        let proof = calls::verify_email(&link).by(&person.tokens.token);
        self.client.call(&proof).await?.expect(204).map(drop)
    }

    /// Claims an address, and reads the code in the mail.
    async fn claim(&mut self, person: &Person, email: &str) -> Result<String> {
        let body = json!({ "emails": [email] });
        let claim = Call::post(ADDRESSES, body).by(&person.tokens.token);
        self.client.call(&claim).await?.expect(202)?;
        Ok(self.code(email).await?.link()?.to_owned())
    }

    /// The proven addresses of somebody, of whom exactly one must be the primary one.
    async fn sound_addresses(&mut self, person: &Person) -> Result<Vec<Address>> {
        let rows = self.list(ADDRESSES, &person.tokens.token).await?;
        let mut addresses = Vec::new();
        for row in &rows {
            let text = |name: &str| row[name].as_str().map(str::to_owned);
            addresses.push(Address {
                id: text("id").context("an address without an id")?,
                email: text("email").context("an address without itself")?,
                proven: !row["verifiedAt"].is_null(),
                primary: row["primary"] == true,
            });
        }
        let primary: Vec<_> = addresses.iter().filter(|it| it.primary).collect();
        ensure!(primary.len() == 1, "{} primary addresses", primary.len());
        ensure!(primary[0].proven, "the primary address is not proven");
        addresses.retain(|it| it.proven);
        Ok(addresses)
    }
}

fn remove(email: &str, person: &Person) -> Call {
    Call::delete(ADDRESSES).saying(json!({ "emails": [email] })).by(&person.tokens.token)
}
