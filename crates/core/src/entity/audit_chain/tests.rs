use super::*;
use crate::entity::AuditEntry;
use crate::time::Entropy;

struct Fixed(u8);
impl Entropy for Fixed {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(self.0);
    }
}

fn ring(number: u8) -> KeyRing {
    let mut bytes = [number; 32];
    (0..).zip(&mut bytes).for_each(|(n, byte)| *byte ^= 37_u8.wrapping_mul(n));
    let key = data_encoding::BASE64URL_NOPAD.encode(&bytes);
    KeyRing::parse(&format!("{number}:{key}")).unwrap()
}

const fn id(n: u8) -> AuditId {
    AuditId::from_bytes([n; 16])
}

fn row(n: u8, organization: Option<OrganizationId>, seal: u32) -> AuditRow {
    let entry = AuditEntry {
        id: id(n),
        at: Timestamp::from_millis(i64::from(n)),
        event: "session.opened".to_owned(),
        organization,
        actor: None,
        subject: None,
        client: None,
        ip: Some("192.0.2.1".to_owned()),
        request: None,
        details: "{}".to_owned(),
    };
    AuditRow { seal: Some(seal), ..AuditRow::new(entry, &ring(1), &Fixed(n)) }
}

/// A chain as it is stored.
#[derive(Clone)]
struct Chain {
    seals: Vec<AuditSeal>,
    rows: Vec<AuditRow>,
    head: AuditHead,
}

/// Three seals with two entries each: 1 and 2, 3 and 4, 5 and 6.
fn chain() -> Chain {
    let (mut seals, mut all, mut head) = (Vec::new(), Vec::new(), None);
    for number in 1..=3_u8 {
        let rows = [row(2 * number - 1, None, number.into()), row(2 * number, None, number.into())];
        let now = Timestamp::from_millis(100 + i64::from(number));
        let (seal, next) = AuditSeal::of(None, head.as_ref(), &rows, now, &ring(1));
        seals.push(seal);
        all.extend(rows);
        head = Some(next);
    }
    Chain { seals, rows: all, head: head.unwrap() }
}

impl Chain {
    fn flaws(&self, keys: &KeyRing) -> Vec<AuditFlaw> {
        let mut check = ChainCheck::new(None, keys);
        let mut flaws = Vec::new();
        for seal in &self.seals {
            let named = self.rows.iter().filter(|row| row.seal == Some(seal.number));
            flaws.extend(check.seal(seal, &named.cloned().collect::<Vec<_>>()));
        }
        flaws.extend(check.end(&self.head));
        flaws
    }

    fn flaws_after(change: impl FnOnce(&mut Self)) -> Vec<AuditFlaw> {
        let mut chain = chain();
        change(&mut chain);
        chain.flaws(&ring(1))
    }
}

const fn altered(n: u8) -> AuditFlaw {
    AuditFlaw::Altered { entry: id(n) }
}

const fn seal_altered(seal: u32) -> AuditFlaw {
    AuditFlaw::SealAltered { organization: None, seal }
}

#[test]
fn a_chain_that_nobody_touched_is_sound() {
    // R-LG-04
    let chain = chain();
    assert_eq!(chain.flaws(&ring(1)), []);
    assert_eq!((chain.head.seals, chain.head.entries), (3, 6));
    // An address that is erased is no flaw.
    let erased = Chain::flaws_after(|it| {
        it.rows[2].entry.ip = None;
        it.rows[2].ip_salt = None;
    });
    assert_eq!(erased, []);
}

#[test]
fn an_entry_that_was_edited_dropped_moved_or_inserted_is_named() {
    // R-LG-04
    let edited = Chain::flaws_after(|it| it.rows[2].entry.details = "{\"a\":1}".to_owned());
    assert_eq!(edited, [altered(3)]);
    let reproven = Chain::flaws_after(|it| it.rows[2].mac.digest = it.rows[0].mac.digest);
    assert_eq!(reproven, [altered(3)]);
    let dropped = Chain::flaws_after(|it| _ = it.rows.remove(2));
    assert_eq!(dropped, [AuditFlaw::Dropped { entry: id(3), organization: None, seal: 2 }]);
    let swapped = Chain::flaws_after(|it| {
        (it.rows[1].seal, it.rows[2].seal) = (Some(2), Some(1));
    });
    assert_eq!(
        swapped,
        [
            AuditFlaw::Dropped { entry: id(2), organization: None, seal: 1 },
            AuditFlaw::Misplaced { entry: id(3), seal: 1 },
            AuditFlaw::Dropped { entry: id(3), organization: None, seal: 2 },
            AuditFlaw::Misplaced { entry: id(2), seal: 2 },
        ]
    );
    let contents = Chain::flaws_after(|it| {
        let (one, other) = (it.rows[1].entry.id, it.rows[2].entry.id);
        (it.rows[1].entry.id, it.rows[2].entry.id) = (other, one);
        (it.rows[1].seal, it.rows[2].seal) = (Some(2), Some(1));
    });
    assert_eq!(contents, [altered(2), altered(3)]);
    let inserted = Chain::flaws_after(|it| it.rows.push(row(9, None, 3)));
    assert_eq!(inserted, [AuditFlaw::Misplaced { entry: id(9), seal: 3 }]);
}

#[test]
fn a_seal_that_was_edited_dropped_or_swapped_is_named() {
    // R-LG-04
    let edits: [fn(&mut AuditSeal); 5] = [
        |it| it.at = Timestamp::from_millis(0),
        |it| it.hash = Fingerprint::NONE,
        |it| it.previous = Fingerprint::NONE,
        |it| it.organization = Some(OrganizationId::from_bytes([1; 16])),
        |it| it.members.swap(0, 1),
    ];
    for (n, edit) in edits.into_iter().enumerate() {
        let flaws = Chain::flaws_after(|it| edit(&mut it.seals[1]));
        assert!(flaws.contains(&seal_altered(2)), "{n}: {flaws:?}");
    }
    let middle = Chain::flaws_after(|it| _ = it.seals.remove(1));
    assert_eq!(middle, [AuditFlaw::SealsDropped { organization: None, first: 2, last: 2 }]);
    let last = Chain::flaws_after(|it| _ = it.seals.pop());
    assert_eq!(last, [AuditFlaw::SealsDropped { organization: None, first: 3, last: 3 }]);
    let all = Chain::flaws_after(|it| it.seals.clear());
    assert_eq!(all, [AuditFlaw::SealsDropped { organization: None, first: 1, last: 3 }]);
}

#[test]
fn a_chain_that_was_written_anew_ends_where_its_head_does_not() {
    // Hashes need no key: whoever has the database can make them. The head cannot be made without one.
    let rewritten = Chain::flaws_after(|it| {
        it.rows[4].entry.details = "{\"forged\":true}".to_owned();
        it.seals[2].members[0].entry = it.rows[4].fingerprint();
        it.seals[2].hash = it.seals[2].true_hash();
    });
    assert_eq!(rewritten, [altered(5), seal_altered(3)]);
}

#[test]
fn a_head_that_was_edited_is_named() {
    let edits: [fn(&mut AuditHead); 4] = [
        |it| it.seals = 2,
        |it| it.entries = 5,
        |it| it.hash = Fingerprint::NONE,
        |it| it.mac.key = 2,
    ];
    for (n, edit) in edits.into_iter().enumerate() {
        let flaws = Chain::flaws_after(|it| edit(&mut it.head));
        assert_eq!(flaws, [AuditFlaw::HeadAltered { organization: None }], "{n}");
    }
    let forged = Chain::flaws_after(|it| {
        it.seals.pop();
        let (hash, entries) = (it.seals[1].hash, 4);
        it.head = AuditHead::new(None, 2, entries, hash, &ring(1)).renewed(&ring(2));
        it.head.mac.key = 1;
    });
    assert_eq!(forged, [AuditFlaw::HeadAltered { organization: None }]);
}

#[test]
fn an_entry_that_was_altered_before_its_seal_stays_altered() {
    let mut forged = row(1, None, 1);
    forged.entry.details = "{\"forged\":true}".to_owned();
    let now = Timestamp::from_millis(1);
    let (seal, head) = AuditSeal::of(None, None, std::slice::from_ref(&forged), now, &ring(1));
    let chain = Chain { seals: vec![seal], rows: vec![forged], head };
    assert_eq!(chain.flaws(&ring(1)), [altered(1)]);
}

#[test]
fn a_sealed_entry_outlives_the_key_it_was_made_with() {
    // R-DP-03
    let mut chain = chain();
    chain.head = chain.head.renewed(&ring(2));
    assert_eq!(chain.flaws(&ring(2)), []);
    chain.rows[0].entry.details = "{\"a\":1}".to_owned();
    assert_eq!(chain.flaws(&ring(2)), [altered(1)]);
}

#[test]
fn chains_of_tenants_are_not_interchangeable() {
    let organization = Some(OrganizationId::from_bytes([7; 16]));
    let of = |organization| {
        let rows = [row(1, organization, 1)];
        AuditSeal::of(organization, None, &rows, Timestamp::from_millis(1), &ring(1))
    };
    let ((ours, our_head), (theirs, their_head)) = (of(organization), of(None));
    assert_ne!(ours.hash, theirs.hash);
    assert_ne!(our_head.mac, their_head.mac);
    let moved = AuditHead { organization, ..their_head };
    assert_eq!(moved.authenticity(&ring(1)), Authenticity::Altered);
}

#[test]
fn members_survive_their_stored_form() {
    let members = chain().seals[1].members.clone();
    let bytes = SealMember::to_bytes(&members);
    assert_eq!(bytes.len(), 96);
    assert_eq!(SealMember::from_bytes(&bytes), members);
    assert_eq!(SealMember::from_bytes(&bytes[..95]), members[..1]);
    assert_eq!(SealMember::from_bytes(&[]), []);
}

#[test]
fn a_flaw_is_told_by_name() {
    let organization = None;
    let flaw = AuditFlaw::SealsDropped { organization, first: 2, last: 4 };
    assert_eq!(flaw.to_string(), "seals 2 to 4 of the chain of the deployment were dropped");
    let flaw = AuditFlaw::Dropped { entry: id(0), organization, seal: 7 };
    let text = "aud_00000000000000000000000000 was dropped: seal 7 of the chain of the deployment lists it";
    assert_eq!(flaw.to_string(), text);
}
