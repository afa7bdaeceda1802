//! The races inside of organizations.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::Arena;
use super::people::{MAIL_WITHIN, Person};
use crate::calls::Call;
use crate::volley::{Tally, volley};

const ACCEPTANCES: usize = 50;
const INVITATIONS: usize = 20;
/// Nobody may be in as many organizations as there are meetings.
const MEETINGS_OF_A_PAIR: usize = 50;

/// An organization with the membership of whoever made it.
pub(super) struct Made {
    pub(super) id: String,
    membership: String,
}

impl Arena<'_> {
    /// Two owners remove each other: one of them is left, every time (R-AZ-05).
    pub(super) async fn owners_against_each_other(&mut self) -> Result<Tally> {
        let (mut one, mut two) = (self.person().await?, self.person().await?);
        let mut all = Vec::new();
        for meeting in 1..=self.meetings {
            if meeting % MEETINGS_OF_A_PAIR == 0 {
                (one, two) = (self.person().await?, self.person().await?);
            }
            let made = self.organization(&one).await?;
            let code = self.invitation(&made.id, &one, &two.email, "owner").await?;
            let joined = self.client.call(&accept(&code, &two.tokens.token)).await?.expect(200)?;
            let calls = vec![
                Call::delete(membership(&joined.text("/id")?)).by(&one.tokens.token),
                Call::delete(membership(&made.membership)).by(&two.tokens.token),
            ];
            let replies = volley(&self.addresses, calls).await?;
            Tally::of(&replies).only(&[204, 404, 409])?;
            let mut members = Vec::new();
            for person in [&one, &two] {
                let path = format!("/v1/organizations/{}/memberships", made.id);
                let reply = self.client.call(&Call::get(path).by(&person.tokens.token)).await?;
                if reply.status == 200 {
                    let data = reply.body.pointer("/data").and_then(|data| data.as_array());
                    members.push(data.context("a list of members")?.clone());
                } else {
                    reply.expect(404)?;
                }
            }
            ensure!(members.len() == 1, "{} of two owners are left", members.len());
            let left: Vec<_> = members[0].iter().map(|member| &member["role"]).collect();
            ensure!(left == [&json!("owner")], "members are left as {left:?}");
            all.extend(replies);
        }
        Ok(Tally::of(&all))
    }

    /// One invitation accepted many times over makes one member.
    pub(super) async fn acceptances_of_one_invitation(&mut self) -> Result<Tally> {
        let (owner, guest) = (self.person().await?, self.person().await?);
        let made = self.organization(&owner).await?;
        let code = self.invitation(&made.id, &owner, &guest.email, "viewer").await?;
        let calls = vec![accept(&code, &guest.tokens.token); ACCEPTANCES];
        let tally = Tally::of(&volley(&self.addresses, calls).await?);
        tally.only(&[200, 422])?;
        ensure!(tally.count(200) == 1, "one invitation must make one member: {tally}");
        ensure!(self.count("memberships", &made.id, &owner).await? == 2, "two members: {tally}");
        Ok(tally)
    }

    /// What is made in an organization while it is archived is either there afterwards or was refused.
    pub(super) async fn archival_against_invitations(&mut self) -> Result<Tally> {
        let owner = self.person().await?;
        let made = self.organization(&owner).await?;
        let mut calls = Vec::new();
        for number in 0..INVITATIONS {
            let body = json!({ "email": self.guest(number), "role": "viewer" });
            let path = format!("/v1/organizations/{}/invitations", made.id);
            calls.push(Call::post(path, body).by(&owner.tokens.token));
        }
        let archive =
            Call::delete(format!("/v1/organizations/{}", made.id)).by(&owner.tokens.token);
        calls.insert(INVITATIONS / 2, archive);
        let replies = volley(&self.addresses, calls).await?;
        let tally = Tally::of(&replies);
        tally.only(&[201, 204, 403])?;
        ensure!(tally.count(204) == 1, "the archival: {tally}");
        let path = format!("/v1/organizations/{}/restore", made.id);
        self.client
            .call(&Call::post(path, json!({})).by(&owner.tokens.token))
            .await?
            .expect(200)?;
        let open = self.count("invitations", &made.id, &owner).await?;
        ensure!(open == tally.count(201), "{open} invitations are open: {tally}");
        Ok(tally)
    }

    pub(super) async fn organization(&mut self, owner: &Person) -> Result<Made> {
        let call =
            Call::post("/v1/organizations", json!({ "name": "Racers" })).by(&owner.tokens.token);
        let reply = self.client.call(&call).await?.expect(201)?;
        Ok(Made { id: reply.text("/id")?, membership: reply.text("/membership/id")? })
    }

    /// Invites, and reads the code in the mail.
    async fn invitation(
        &mut self,
        organization: &str,
        by: &Person,
        email: &str,
        role: &str,
    ) -> Result<String> {
        let body = json!({ "email": email, "role": role });
        let path = format!("/v1/organizations/{organization}/invitations");
        self.client.call(&Call::post(path, body).by(&by.tokens.token)).await?.expect(201)?;
        let letter = self.world.sink.inbox().next(email, MAIL_WITHIN).await?;
        Ok(letter.link()?.to_owned())
    }

    /// How many rows a list of an organization has.
    async fn count(&mut self, noun: &str, organization: &str, by: &Person) -> Result<usize> {
        let path = format!("/v1/organizations/{organization}/{noun}");
        Ok(self.list(&path, &by.tokens.token).await?.len())
    }

    fn guest(&mut self, number: usize) -> String {
        self.people += 1;
        format!("guest{number}of{}@example.com", self.people)
    }
}

fn membership(id: &str) -> String {
    format!("/v1/memberships/{id}")
}

fn accept(code: &str, token: &str) -> Call {
    Call::post("/v1/invitations/accept", json!({ "code": code })).by(token)
}
