//! One line of an import: what it says, and everything that is wrong with it at once.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use durward::accounts::{ImportedEmail, ImportedUser};
use durward::email::EmailRules;
use durward::passwords::imported_hash;
use durward::{
    EmailAddress, NoAttributes, Obstruction, PersonName, Plain, Role, StandardRole, Timestamp,
    UserStatus,
};
use serde_json::{Map, Value};

/// What the lines before said, as numbers of 8 bytes: a million users take some 40 MB.
#[derive(Default)]
pub(super) struct Seen {
    hasher: RandomState,
    known: HashSet<u64>,
}

impl Seen {
    fn is_new(&mut self, kind: u8, text: &str) -> bool {
        self.known.insert(self.hasher.hash_one((kind, text)))
    }
}

struct Reader {
    members: Map<String, Value>,
    found: Vec<Obstruction>,
}

/// Reads a line.
pub(super) fn read(
    text: &[u8],
    form: EmailRules,
    seen: &mut Seen,
) -> Result<ImportedUser<Plain>, Vec<Obstruction>> {
    if text.len() > super::LONGEST {
        return Err(vec![Obstruction::new("LINE_TOO_LONG", "Must be 64 KiB at most.")]);
    }
    let Ok(Value::Object(members)) = serde_json::from_slice(text) else {
        return Err(vec![Obstruction::new("NO_OBJECT", "Must be one JSON object.")]);
    };
    let mut it = Reader { members, found: Vec::new() };
    let name = it.name();
    let status = it.status();
    let created = it.created();
    let roles = it.roles();
    let emails = it.emails(form);
    let password = it.password();
    let source = it.text("sourceId");
    it.attributes();
    let unknown: Vec<String> = it.members.keys().cloned().collect();
    for name in unknown {
        it.wrong(&format!("/{name}"), "UNKNOWN_FIELD", "There is no such field.");
    }
    let primary = emails.iter().find(|email| email.primary).or(emails.first());
    let source = source.or_else(|| primary.map(|it| it.address.canonical().as_str().to_owned()));
    if let Some(source) = &source {
        if source.is_empty() || source.len() > 254 {
            it.wrong("/sourceId", "SOURCE_ID_INVALID", "Must be 1 to 254 bytes.");
        }
        if !seen.is_new(0, source) {
            it.wrong("/sourceId", "REPEATED", "A line before is the same user.");
        }
    }
    for (n, email) in emails.iter().enumerate().filter(|(_, email)| email.proven) {
        if !seen.is_new(1, email.address.canonical().as_str()) {
            it.wrong(&format!("/emails/{n}/email"), "REPEATED", "A line before has this address.");
        }
    }
    match (name, source) {
        (Some(name), Some(source)) if it.found.is_empty() => {
            let attrs = NoAttributes {};
            Ok(ImportedUser { source, name, status, roles, created, emails, password, attrs })
        }
        _ => Err(it.found),
    }
}

impl Reader {
    fn wrong(&mut self, pointer: &str, code: &'static str, text: &str) {
        self.found.push(Obstruction::new(code, text).at(pointer));
    }

    /// A text that may be missing.
    fn text(&mut self, name: &str) -> Option<String> {
        match self.members.remove(name)? {
            Value::Null => None,
            Value::String(text) => Some(text),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                self.wrong(&format!("/{name}"), "WRONG_TYPE", "Must be a text.");
                None
            }
        }
    }

    fn name(&mut self) -> Option<PersonName> {
        let Some(text) = self.text("name") else {
            self.wrong("/name", "MISSING", "Must be there.");
            return None;
        };
        let name = PersonName::parse(&text);
        name.map_err(|error| self.wrong("/name", "NAME_INVALID", &error.to_string())).ok()
    }

    fn status(&mut self) -> UserStatus {
        match self.text("status").as_deref() {
            None | Some("active") => UserStatus::Active,
            Some("banned") => UserStatus::Banned,
            Some(_) => {
                self.wrong("/status", "STATUS_INVALID", "Must be active or banned.");
                UserStatus::Banned
            }
        }
    }

    fn created(&mut self) -> Option<Timestamp> {
        let text = self.text("createdAt")?;
        let at = text.parse();
        at.map_err(|_no_time| {
            self.wrong("/createdAt", "TIME_INVALID", "Must be a time in RFC 3339.");
        })
        .ok()
    }

    fn roles(&mut self) -> Vec<StandardRole> {
        let roles = self.members.remove("roles").unwrap_or_else(|| Value::Array(Vec::new()));
        let Ok(roles) = serde_json::from_value::<Vec<StandardRole>>(roles) else {
            self.wrong("/roles", "ROLES_INVALID", "Must be a list of roles.");
            return Vec::new();
        };
        if roles.iter().any(|role| role.is_administrator()) {
            let text = "Nobody becomes an administrator by an import: use `durward admin create`.";
            self.wrong("/roles", "ROLE_RESTRICTED", text);
        }
        roles
    }

    fn emails(&mut self, rules: EmailRules) -> Vec<ImportedEmail> {
        let Some(Value::Array(list)) =
            self.members.remove("emails").filter(|it| *it != Value::Array(vec![]))
        else {
            self.wrong("/emails", "MISSING", "Must be a list of at least one address.");
            return Vec::new();
        };
        let mut emails: Vec<ImportedEmail> = Vec::new();
        for (n, value) in list.into_iter().enumerate() {
            let pointer = format!("/emails/{n}");
            let Value::Object(mut members) = value else {
                self.wrong(&pointer, "WRONG_TYPE", "Must be an object.");
                continue;
            };
            let mut flag = |name: &str| match members.remove(name) {
                None => Some(false),
                Some(Value::Bool(yes)) => Some(yes),
                Some(_) => None,
            };
            let (proven, primary) = (flag("verified"), flag("primary"));
            let (Some(proven), Some(primary)) = (proven, primary) else {
                self.wrong(&pointer, "WRONG_TYPE", "verified and primary must be true or false.");
                continue;
            };
            let Some(Value::String(text)) = members.remove("email") else {
                self.wrong(&format!("{pointer}/email"), "MISSING", "Must be an address.");
                continue;
            };
            if !members.is_empty() {
                self.wrong(&pointer, "UNKNOWN_FIELD", "Has email, verified and primary only.");
            }
            match EmailAddress::parse_with(&text, rules) {
                Ok(address) => emails.push(ImportedEmail { address, proven, primary }),
                Err(error) => {
                    self.wrong(&format!("{pointer}/email"), "EMAIL_INVALID", &error.to_string());
                }
            }
        }
        match emails.iter().filter(|email| email.primary).count() {
            // The first proven one, else the first.
            0 => {
                let proven = emails.iter().position(|email| email.proven);
                if let Some(email) = emails.get_mut(proven.unwrap_or(0)) {
                    email.primary = true;
                }
            }
            1 => {}
            _ => self.wrong("/emails", "PRIMARY_AMBIGUOUS", "One address is the primary."),
        }
        emails
    }

    fn password(&mut self) -> Option<durward::PasswordHash> {
        let text = self.text("passwordHash")?;
        let hash = imported_hash(&text);
        hash.map_err(|error| self.wrong("/passwordHash", "HASH_INVALID", &error.to_string())).ok()
    }

    fn attributes(&mut self) {
        let attributes = self.members.remove("attributes");
        let is_empty = |value: &Value| value.as_object().is_some_and(Map::is_empty);
        if attributes.is_some_and(|value| !is_empty(&value)) {
            let text = "This server has no attributes: must be {} or left out.";
            self.wrong("/attributes", "ATTRIBUTES_INVALID", text);
        }
    }
}
