use std::fmt;

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::ids::{AuditId, ClientId, OrganizationId, UserId};
use crate::keys::{KeyRing, Label, Mac};
use crate::time::{Entropy, Timestamp};

/// One row of the audit log, written in the same transaction as what it tells of (R-LG-01).
///
/// It holds ids and names of reasons, never secrets or addresses in the clear (R-LG-02).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Names the row; entries are listed in the order of their ids, which begin with the time.
    pub id: AuditId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened, such as `session.opened`.
    pub event: String,
    /// The organization that it concerns: its tenant. Without one it belongs to the deployment.
    pub organization: Option<OrganizationId>,
    /// Who did it, when known.
    pub actor: Option<UserId>,
    /// Whose account it concerns, when known.
    pub subject: Option<UserId>,
    /// The client through which it was done.
    pub client: Option<ClientId>,
    /// The address it was done from, until it is erased.
    pub ip: Option<String>,
    /// The id of the request that did it.
    pub request: Option<String>,
    /// What else belongs to the event, as a JSON object without secrets.
    pub details: String,
}

/// An entry with what shows that it is as it was written (R-LG-04).
///
/// The keyed digest covers all fields but the address itself. Of that it covers a fingerprint, made with a
/// salt that is erased together with the address: what is left tells nobody the address, not even who has
/// the key, and the entry still proves to be genuine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// What happened.
    pub entry: AuditEntry,
    /// Random, and there as long as the address is.
    pub ip_salt: Option<[u8; 16]>,
    /// The fingerprint of salt and address; it stays.
    pub ip_fingerprint: Option<Fingerprint>,
    /// The keyed digest of the entry's fingerprint.
    pub mac: Mac,
    /// The seal of its chain that lists the entry, once one does.
    pub seal: Option<u32>,
}

/// What a keyed digest says of that which it was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authenticity {
    /// It is as it was written.
    Genuine,
    /// It was changed, or written by somebody without the key.
    Altered,
    /// The key with this number is not on the ring.
    UnknownKey(u32),
}

impl Authenticity {
    /// Of what a MAC was made of, as [`KeyRing::verify`] judged it.
    pub(super) const fn of(mac: &Mac, verified: Option<bool>) -> Self {
        match verified {
            Some(true) => Self::Genuine,
            Some(false) => Self::Altered,
            None => Self::UnknownKey(mac.key),
        }
    }
}

impl AuditRow {
    /// The row of a new entry, not sealed yet.
    pub fn new(entry: AuditEntry, keys: &KeyRing, entropy: &dyn Entropy) -> Self {
        let ip_salt = entry.ip.is_some().then(|| {
            let mut salt = [0; 16];
            entropy.fill(&mut salt);
            salt
        });
        let ip_fingerprint = ip_fingerprint(entry.ip.as_deref(), ip_salt.as_ref());
        let fingerprint = fingerprint(&entry, ip_fingerprint.as_ref());
        let mac = keys.mac(Label::AuditEntry, &[fingerprint.as_bytes()]);
        Self { entry, ip_salt, ip_fingerprint, mac, seal: None }
    }

    /// The fingerprint of the row, as a seal lists it; an address that is erased does not change it.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut hash = Hash::new("row");
        hash.part(fingerprint(&self.entry, self.ip_fingerprint.as_ref()).as_bytes());
        hash.part(&self.mac.key.to_be_bytes());
        hash.part(self.mac.digest.as_bytes());
        hash.finish()
    }

    /// Whether the entry is as it was written.
    pub fn authenticity(&self, keys: &KeyRing) -> Authenticity {
        let (ip, salt) = (self.entry.ip.as_deref(), self.ip_salt.as_ref());
        let is_erased = ip.is_none() && salt.is_none();
        if !is_erased && ip_fingerprint(ip, salt) != self.ip_fingerprint {
            return Authenticity::Altered;
        }
        let fingerprint = fingerprint(&self.entry, self.ip_fingerprint.as_ref());
        let verified = keys.verify(Label::AuditEntry, &[fingerprint.as_bytes()], &self.mac);
        Authenticity::of(&self.mac, verified)
    }
}

/// Absent only if both are; what has lost its other half has a fingerprint that fits nothing.
fn ip_fingerprint(ip: Option<&str>, salt: Option<&[u8; 16]>) -> Option<Fingerprint> {
    if ip.is_none() && salt.is_none() {
        return None;
    }
    let mut hash = Hash::new("ip");
    hash.optional(salt.map(<[u8; 16]>::as_slice));
    hash.optional(ip.map(str::as_bytes));
    Some(hash.finish())
}

fn fingerprint(entry: &AuditEntry, ip_fingerprint: Option<&Fingerprint>) -> Fingerprint {
    let AuditEntry { id, at, event, organization, actor, subject, client, ip: _, request, details } =
        entry;
    let mut hash = Hash::new("entry");
    hash.part(id.as_bytes());
    hash.part(&at.as_millis().to_be_bytes());
    hash.part(event.as_bytes());
    hash.optional(organization.as_ref().map(|id| id.as_bytes().as_slice()));
    hash.optional(actor.as_ref().map(|id| id.as_bytes().as_slice()));
    hash.optional(subject.as_ref().map(|id| id.as_bytes().as_slice()));
    hash.optional(client.as_ref().map(|id| id.as_bytes().as_slice()));
    hash.optional(ip_fingerprint.map(|it| it.as_bytes().as_slice()));
    hash.optional(request.as_ref().map(String::as_bytes));
    hash.part(details.as_bytes());
    hash.finish()
}

/// A SHA-256 without a key; what is in it can be counted out by whoever can guess it.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of nothing: where a chain begins.
    pub const NONE: Self = Self([0; 32]);

    /// The fingerprint a store kept as 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes a store keeps.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// 64 hexadecimal digits.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Fingerprint {
    type Err = NoFingerprint;
    fn from_str(text: &str) -> Result<Self, NoFingerprint> {
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_no_hex| NoFingerprint)?;
        bytes.try_into().map(Self).map_err(|_length| NoFingerprint)
    }
}

/// The text is not 64 hexadecimal digits in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not 64 hexadecimal digits")]
pub struct NoFingerprint;

/// Hashes parts so that where one ends, and whether it is there, is part of the hash.
pub(super) struct Hash(Sha256);

impl Hash {
    pub(super) fn new(what: &str) -> Self {
        let mut hash = Self(Sha256::new());
        hash.part(b"durward audit v1");
        hash.part(what.as_bytes());
        hash
    }

    pub(super) fn part(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    pub(super) fn optional(&mut self, bytes: Option<&[u8]>) {
        self.0.update([u8::from(bytes.is_some())]);
        self.part(bytes.unwrap_or_default());
    }

    pub(super) fn finish(self) -> Fingerprint {
        Fingerprint(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);
    impl Entropy for Fixed {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(self.0);
        }
    }

    fn keys(id: u8) -> KeyRing {
        let mut bytes = [id; 32];
        (0..).zip(&mut bytes).for_each(|(n, byte)| *byte ^= 37_u8.wrapping_mul(n));
        KeyRing::parse(&format!("{id}:{}", data_encoding::BASE64URL_NOPAD.encode(&bytes))).unwrap()
    }

    fn entry() -> AuditEntry {
        AuditEntry {
            id: AuditId::from_bytes([1; 16]),
            at: Timestamp::from_millis(5),
            event: "session.opened".to_owned(),
            organization: None,
            actor: Some(UserId::from_bytes([2; 16])),
            subject: Some(UserId::from_bytes([3; 16])),
            client: None,
            ip: Some("192.0.2.1".to_owned()),
            request: Some("r".to_owned()),
            details: "{}".to_owned(),
        }
    }

    fn row() -> AuditRow {
        AuditRow::new(entry(), &keys(1), &Fixed(9))
    }

    #[test]
    fn a_row_is_genuine_until_any_field_of_it_changes() {
        // R-LG-04
        assert_eq!(row().authenticity(&keys(1)), Authenticity::Genuine);
        let changes: [fn(&mut AuditRow); 17] = [
            |it| it.entry.id = AuditId::from_bytes([9; 16]),
            |it| it.entry.at = Timestamp::from_millis(6),
            |it| it.entry.event.push('x'),
            |it| it.entry.organization = Some(OrganizationId::from_bytes([0; 16])),
            |it| it.entry.actor = None,
            |it| (it.entry.actor, it.entry.subject) = (it.entry.subject, it.entry.actor),
            |it| it.entry.subject = None,
            |it| it.entry.client = Some(ClientId::from_bytes([4; 16])),
            |it| it.entry.ip = Some("192.0.2.2".to_owned()),
            |it| it.entry.ip = None,
            |it| it.ip_salt = None,
            |it| it.ip_fingerprint = None,
            |it| it.ip_fingerprint = Some(Fingerprint::NONE),
            |it| it.entry.request = None,
            |it| it.entry.request = Some(String::new()),
            |it| it.entry.details = "{ }".to_owned(),
            |it| it.mac.digest = crate::Digest::from_bytes([0; 32]),
        ];
        for (n, change) in changes.into_iter().enumerate() {
            let mut altered = row();
            change(&mut altered);
            assert_eq!(altered.authenticity(&keys(1)), Authenticity::Altered, "{n}");
        }
    }

    #[test]
    fn absent_and_empty_are_different() {
        let absent = AuditEntry { request: None, ..entry() };
        let empty = AuditEntry { request: Some(String::new()), ..entry() };
        assert_ne!(fingerprint(&absent, None), fingerprint(&empty, None));
        let shifted = AuditEntry { event: "session.openedr".to_owned(), ..absent };
        assert_ne!(fingerprint(&shifted, None), fingerprint(&entry(), None));
    }

    #[test]
    fn an_erased_address_leaves_the_row_genuine_and_cannot_be_guessed_from_it() {
        // R-LG-02, R-LG-04
        let whole = row();
        let erased =
            AuditRow { entry: AuditEntry { ip: None, ..entry() }, ip_salt: None, ..whole.clone() };
        assert_eq!(erased.authenticity(&keys(1)), Authenticity::Genuine);
        assert_eq!(erased.fingerprint(), whole.fingerprint());
        let salted_otherwise = AuditRow::new(entry(), &keys(1), &Fixed(8));
        assert_ne!(salted_otherwise.ip_fingerprint, whole.ip_fingerprint);
    }

    #[test]
    fn a_row_without_an_address_is_given_none() {
        let mut row = AuditRow::new(AuditEntry { ip: None, ..entry() }, &keys(1), &Fixed(9));
        assert_eq!((row.ip_salt, row.ip_fingerprint), (None, None));
        assert_eq!(row.authenticity(&keys(1)), Authenticity::Genuine);
        row.entry.ip = Some("192.0.2.1".to_owned());
        row.ip_salt = Some([9; 16]);
        assert_eq!(row.authenticity(&keys(1)), Authenticity::Altered);
    }

    #[test]
    fn another_ring_cannot_judge_and_another_key_cannot_forge() {
        assert_eq!(row().authenticity(&keys(2)), Authenticity::UnknownKey(1));
        let forged = AuditRow::new(entry(), &keys(2), &Fixed(9));
        let forged = AuditRow { mac: Mac { key: 1, ..forged.mac }, ..forged };
        assert_eq!(forged.authenticity(&keys(1)), Authenticity::Altered);
    }
}
