//! The races of those who administer, and of those whom they shut out.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::Arena;
use super::people::Person;
use crate::calls::Call;
use crate::client::Tokens;
use crate::volley::{Tally, volley};

/// How often each of two users tries the link.
const USES: usize = 20;

impl Arena<'_> {
    /// One bootstrap link used by two people at once makes one administrator (security decision 16).
    pub(super) async fn uses_of_one_bootstrap_link(&mut self) -> Result<Tally> {
        let people = [self.person().await?, self.person().await?];
        let code = self.world.setup.admin_link()?;
        let uses = people.iter().map(|person| {
            Call::post("/v1/bootstrap", json!({ "code": code })).by(&person.tokens.token)
        });
        let replies = volley(&self.addresses, uses.cycle().take(2 * USES).collect()).await?;
        let tally = Tally::of(&replies);
        // Who administers logs in anew, and is a stranger until then.
        tally.only(&[204, 401, 403])?;
        ensure!(tally.count(204) == 1, "one link must make one administrator: {tally}");
        let winner = replies.iter().position(|reply| reply.status == 204).context("no winner")?;
        let [winner, loser] = [&people[winner % 2], &people[(winner + 1) % 2]];
        let by = self.another_session(&winner.email).await?;
        ensure!(self.administers(&winner.tokens, &by).await?, "the link made no administrator");
        ensure!(!self.administers(&loser.tokens, &by).await?, "the link made two administrators");
        self.administrator = Some(winner.email.clone());
        Ok(tally)
    }

    /// Two administrators who revoke each other's role: one of them is left, every time (R-AZ-05).
    pub(super) async fn administrators_against_each_other(&mut self) -> Result<Tally> {
        let mut left = self.administrator().await?;
        let mut other = self.person().await?;
        let mut all = Vec::new();
        for _ in 0..self.meetings {
            let grant = Call::post(roles(&other.tokens), administrator()).by(&left.tokens.token);
            self.client.call(&grant).await?.expect(200)?;
            other.tokens = self.another_session(&other.email).await?;
            let pair = [(&left, &other), (&other, &left)].map(|(by, whom)| {
                Call::delete(roles(&whom.tokens)).saying(administrator()).by(&by.tokens.token)
            });
            let replies = volley(&self.addresses, pair.into()).await?;
            let tally = Tally::of(&replies);
            tally.only(&[200, 401, 409])?;
            ensure!(tally.count(200) == 1, "one of two revokes the other: {tally}");
            if replies[1].status == 200 {
                std::mem::swap(&mut left, &mut other);
            }
            ensure!(!self.is_live(&other.tokens.token).await?, "a role was lost, and no session");
            let by = &left.tokens;
            ensure!(self.administers(&left.tokens, by).await?, "nobody administers: {tally}");
            ensure!(!self.administers(&other.tokens, by).await?, "both administer: {tally}");
            all.extend(replies);
        }
        self.administrator = Some(left.email);
        Ok(Tally::of(&all))
    }

    /// Somebody who is shut out while he logs in and refreshes is out, and stays out when he may come again (R-SE-07).
    pub(super) async fn ban_against_logins(&mut self) -> Result<Tally> {
        let administrator = self.administrator().await?;
        let by = &administrator.tokens.token;
        let person = self.person_with_password().await?;
        let user = format!("/v1/users/{}", person.tokens.user);
        let (sessions, mut siege) = self.besieged(&person).await?;
        siege.refresh(&person.tokens)?;
        let ban = Call::bare(format!("{user}/ban")).by(by);
        let mut replies = volley(&self.addresses, vec![ban]).await?;
        Tally::of(&replies).only(&[200])?;
        let gains = siege.end().await?;
        let of_before = [sessions, vec![person.tokens.clone()], gains.sessions()?].concat();
        self.are_dead(&of_before).await?;
        let unban = Call::bare(format!("{user}/unban")).by(by);
        self.client.call(&unban).await?.expect(200)?;
        self.are_dead(&of_before).await?;
        let live = self.list(&format!("{user}/sessions"), by).await?;
        ensure!(live.is_empty(), "{} sessions outlived a ban", live.len());
        self.another_session(&person.email).await.context("a user who was let in again")?;
        replies.extend(gains.0);
        Ok(Tally::of(&replies))
    }

    /// Whoever administers, with a session of this moment.
    async fn administrator(&mut self) -> Result<Person> {
        let email = self.administrator.clone().context("nobody administers")?;
        let tokens = self.another_session(&email).await?;
        Ok(Person { email, tokens })
    }

    /// Whether somebody administers, as he himself or an administrator is told.
    async fn administers(&mut self, whose: &Tokens, by: &Tokens) -> Result<bool> {
        let reply = self.client.call(&Call::get(roles(whose)).by(&by.token)).await?;
        let reply = reply.expect(200)?;
        let roles = reply.body["roles"].as_array().context("roles")?;
        Ok(roles.contains(&json!("administrator")))
    }
}

fn roles(whose: &Tokens) -> String {
    format!("/v1/users/{}/roles", whose.user)
}

fn administrator() -> Value {
    json!({ "roles": ["administrator"] })
}
