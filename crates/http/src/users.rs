use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::response::Response;
use durward_core::accounts::{SignUp, UserChange, UserDetails};
use durward_core::attrs::Attr;
use durward_core::store::LoginEmails;
use durward_core::{
    Accounts, Action, Attrs, EmailAddress, FlowState, LoginEmail, LoginEmailId, Obstruction,
    PersonName, Store, Timestamp, User, UserId, UserStatus, unit,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::answer::{Statuses, encode, encoded, flow};
use crate::attributes::may_be_absent;
use crate::call::Call;
use crate::entity_tag::{EntityTag, IfMatch};
use crate::even::evenly;
use crate::fields::{Fields, Read, one_of, text};
use crate::idempotency::idempotency;
use crate::invitations::invitation;
use crate::problem::Problem;
use crate::shapes::{InvitationText, Optional, PasswordText};
use crate::values::{Rules, email, name, state};

/// The body of `POST /v1/users`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "SignUp", bound = "U: Attr", transform = may_be_absent::<U>)]
#[expect(dead_code, reason = "describes what `sign_up` reads")]
pub(crate) struct SignUpShape<U> {
    /// What the person is called.
    name: PersonName,
    /// The address to prove.
    email: EmailAddress,
    /// The password; without one, logins go by e-mail.
    #[serde(default)]
    password: Optional<PasswordText>,
    /// The password again; must be there if the password is.
    #[serde(default)]
    password_conf: Optional<PasswordText>,
    /// The application's own fields.
    attributes: U,
    /// Made by the caller at random; whoever proves the address must send it again.
    state: FlowState,
    /// The code of an invitation to this address, `dw_iv_...`: it proves the address, and the user joins the
    /// organization.
    #[serde(default)]
    invitation: Optional<InvitationText>,
}

/// The body of `PATCH /v1/users/{id}`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "UserChange", bound = "U: Attr")]
#[expect(dead_code, reason = "describes what `change` reads")]
pub(crate) struct ChangeShape<U> {
    /// The new name.
    #[serde(default)]
    name: Optional<PersonName>,
    /// The new fields of the application; they replace the old ones as a whole.
    #[serde(default)]
    attributes: Optional<U>,
    /// For administrators: shuts the account or opens it again.
    #[serde(default)]
    status: Optional<OpenOrShut>,
}

/// A status that an administrator gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OpenOrShut")]
pub(crate) enum OpenOrShut {
    /// In use.
    Active,
    /// Shut.
    Banned,
}

/// A user, as those see him who may.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", bound = "")]
#[schemars(rename = "User", bound = "")]
pub(crate) struct UserView<'a, A: Attrs> {
    id: UserId,
    /// What the person is called.
    name: &'a PersonName,
    /// Whether the account may be used.
    status: UserStatus,
    /// The roles in the whole deployment.
    roles: &'a [A::UserRole],
    /// The application's own fields.
    attributes: &'a A::User,
    /// What the user claims or has proven, the oldest first.
    emails: Vec<EmailView<'a>>,
    /// When the account came to be.
    created_at: Timestamp,
    /// When name, status, roles or attributes last changed.
    updated_at: Timestamp,
    /// When a deleted account is erased; it can be restored until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    erased_at: Option<Timestamp>,
}

/// An address that a user claims or has proven.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "LoginEmail")]
pub(crate) struct EmailView<'a> {
    id: LoginEmailId,
    /// The address as it was typed.
    email: &'a EmailAddress,
    /// When the user proved to read it; `null` for a claim, which gives no rights.
    verified_at: Option<Timestamp>,
    /// Whether messages go here first.
    primary: bool,
}

/// `POST /v1/users`
pub(crate) async fn create<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let received = call.receive()?;
    let origin = call.origin();
    let idempotency = idempotency(
        call.accounts(),
        &call.headers,
        "POST /v1/users",
        (&call.caller, &origin),
        &received.bytes,
    )?;
    let request = sign_up(Fields::of(received.value)?, Rules::of(call.accounts()))?;
    let state = request.state.clone();
    let request = SignUp { idempotency, ..request };
    // Without a password there is no hash to hide the rest.
    let answer = evenly(call.accounts().sign_up(request, &origin)).await?;
    flow(&answer, &state, Statuses { step: StatusCode::ACCEPTED, session: StatusCode::CREATED })
}

/// `GET /v1/users/{id}`
pub(crate) async fn show<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    let details = call.accounts().user(call.user()?).await?;
    tagged(call.accounts(), &details)
}

/// `PATCH /v1/users/{id}`
pub(crate) async fn update<S: Store>(mut call: Call<S>) -> Result<Response, Problem> {
    let wanted = IfMatch::of(&call.headers)?;
    let privileged = call.caller.may(Action::BanUser, &call.target).is_ok();
    let (mut change, status) = change::<S::Attrs>(call.fields()?, privileged)?;
    let (id, origin, accounts) = (call.user()?, call.origin(), call.accounts());
    if let Some(wanted) = wanted {
        let present = accounts.user(id).await?;
        let tag = tag(accounts, &present)?.1;
        change.version = wanted.version(&tag, present.user.version, "user")?;
    }
    let details = unit!(accounts, |tx| {
        let mut user = accounts.update_user(tx, id, change.clone(), &origin).await?;
        user = match status {
            None => user,
            Some(OpenOrShut::Active) => accounts.unban_user(tx, id, &origin).await?,
            Some(OpenOrShut::Banned) => accounts.ban_user(tx, id, &origin).await?,
        };
        Ok(UserDetails { emails: tx.login_emails_of(user.id).await?, user })
    })?;
    tagged(accounts, &details)
}

/// Reads a sign-up. What the rules of the deployment say is told together with what is malformed.
fn sign_up<A: Attrs>(mut fields: Fields, rules: Rules<'_>) -> Result<SignUp<A>, Problem> {
    let name = fields.required("name", name);
    let email = fields.required("email", email(rules.settings.email));
    let password = fields.new_password();
    let attrs = fields.new_attributes();
    let state = fields.required("state", state);
    let invitation = fields.optional("invitation", invitation);
    if !fields.is_clean() {
        // The flow will not be asked, so the rules are asked here.
        let chosen = password.as_good().and_then(Option::as_ref);
        for obstruction in rules.obstructions(name.as_good(), email.as_good(), chosen) {
            fields.refuse(obstruction);
        }
    }
    let (name, email, password, attrs, state, invitation) =
        fields.finish((name, email, password, attrs, state, invitation))?;
    Ok(SignUp { name, email, password, attrs, state, invitation, idempotency: None })
}

/// Who is not privileged knows no status: one that he sends is unknown (R-AZ-04).
fn change<A: Attrs>(
    mut fields: Fields,
    privileged: bool,
) -> Result<(UserChange<A>, Option<OpenOrShut>), Problem> {
    let name = fields.optional("name", name);
    let attrs = fields.changed_attributes();
    let status =
        if privileged { fields.optional("status", open_or_shut) } else { Read::Good(None) };
    let (name, attrs, status) = fields.finish((name, attrs, status))?;
    Ok((UserChange { name, attrs, version: None }, status))
}

fn open_or_shut(value: Value) -> Result<OpenOrShut, Obstruction> {
    match text(value)?.as_str() {
        "active" => Ok(OpenOrShut::Active),
        "banned" => Ok(OpenOrShut::Banned),
        _ => Err(one_of(&["active", "banned"])),
    }
}

pub(crate) fn tagged<S: Store>(
    accounts: &Accounts<S>,
    details: &UserDetails<S::Attrs>,
) -> Result<Response, Problem> {
    let (text, tag) = tag(accounts, details)?;
    let mut response = encoded(StatusCode::OK, text);
    if let Some(tag) = tag.to_header() {
        response.headers_mut().insert(ETAG, tag);
    }
    Ok(response)
}

/// The representation of a user, and its tag.
pub(crate) fn tag<S: Store>(
    accounts: &Accounts<S>,
    details: &UserDetails<S::Attrs>,
) -> Result<(Vec<u8>, EntityTag), Problem> {
    let text = encode(&view(details))?;
    let tag = EntityTag::of(&accounts.parts().keys, &text);
    Ok((text, tag))
}

pub(crate) fn view<A: Attrs>(details: &UserDetails<A>) -> UserView<'_, A> {
    let UserDetails { user, emails } = details;
    let User { id, name, status, roles, version: _, created, updated, erasure, attrs } = user;
    UserView {
        id: *id,
        name,
        status: *status,
        roles,
        attributes: attrs,
        emails: emails.iter().map(email_view).collect(),
        created_at: *created,
        updated_at: *updated,
        erased_at: *erasure,
    }
}

pub(crate) fn email_view(email: &LoginEmail) -> EmailView<'_> {
    let LoginEmail { id, user: _, address, proven, primary, created: _ } = email;
    EmailView { id: *id, email: address, verified_at: *proven, primary: *primary }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::agree;
    use durward_core::behavior::Behavior;
    use durward_core::{NoAttributes, Plain, Settings};
    use serde_json::json;

    fn found(body: Value) -> Vec<(String, String)> {
        let (settings, behavior) = (Settings::default(), Behavior::default());
        let rules = Rules { settings: &settings, behavior: &behavior };
        let problem = sign_up::<Plain>(Fields::of(body).unwrap(), rules).unwrap_err();
        let found = problem.obstructions().iter();
        found.map(|it| (it.pointer.clone(), it.code.clone().into_owned())).collect()
    }

    #[test]
    fn the_shapes_are_what_is_read() {
        agree::<SignUpShape<NoAttributes>>(&json!({}), |fields| {
            let (settings, behavior) = (Settings::default(), Behavior::default());
            let rules = Rules { settings: &settings, behavior: &behavior };
            sign_up::<Plain>(fields, rules).map(drop)
        });
        agree::<ChangeShape<NoAttributes>>(&json!({}), |fields| {
            change::<Plain>(fields, true).map(drop)
        });
    }

    #[test]
    fn what_the_rules_say_is_told_with_what_is_malformed() {
        let body = json!({
            "name": "",
            "email": "ada@example.com",
            "password": "short",
            "passwordConf": "short",
            "state": "s".repeat(22),
        });
        let found = found(body);
        let has = |pointer: &str, code: &str| found.contains(&(pointer.into(), code.into()));
        assert!(has("/name", "NAME_EMPTY") && has("/password", "PASSWORD_TOO_SHORT"), "{found:?}");
    }
}
