use std::ops::RangeInclusive;
use std::time::Duration;

use axum::body::Bytes;
use durward_core::{KeyRing, Timestamp};

use super::key::{Key, KeySetView, PublicKey};

/// How long one key signs: four weeks, from a Thursday at midnight UTC to another.
const PERIOD: Duration = Duration::from_hours(28 * 24);

/// How long a key that signs no more stays published: longer than identities live and clocks differ.
const GRACE: Duration = Duration::from_hours(1);

/// The keys of a moment: those that sign, and all that are published.
///
/// The key of a period is published from the beginning of the period before, so that it is known everywhere when
/// it begins to sign, and until an hour after its own: nobody has to do anything, and no two nodes have to agree
/// (ADR 0016).
pub(super) struct KeySet {
    moment: Moment,
    signing: Key,
    id: String,
    document: Bytes,
}

/// What the keys of a moment depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    signs: u64,
    published: RangeInclusive<u64>,
}

impl Moment {
    pub(super) fn of(now: Timestamp) -> Self {
        let signs = period(now.as_millis());
        let grace = i64::try_from(GRACE.as_millis()).unwrap_or(i64::MAX);
        let first = period(now.as_millis().saturating_sub(grace));
        Self { signs, published: first..=signs + 1 }
    }
}

/// The number of a period; there is none before 1970.
fn period(millis: i64) -> u64 {
    let period = i64::try_from(PERIOD.as_millis()).unwrap_or(i64::MAX);
    u64::try_from(millis.div_euclid(period)).unwrap_or(0)
}

impl KeySet {
    /// Makes the keys; `None` is as good as impossible.
    pub(super) fn derive(ring: &KeyRing, moment: Moment) -> Option<Self> {
        let primary = ring.identity_seeds().next()?;
        let signing = Key::derive(&primary, moment.signs)?;
        let mut keys = Vec::new();
        for seed in ring.identity_seeds() {
            for period in moment.published.clone() {
                keys.push(Key::derive(&seed, period)?.public().jwk());
            }
        }
        let document = serde_json::to_vec(&KeySetView { keys }).ok()?;
        let id = signing.public().id();
        Some(Self { moment, signing, id, document: Bytes::from(document) })
    }

    /// Whether these are the keys of the moment.
    pub(super) fn is_of(&self, moment: &Moment) -> bool {
        self.moment == *moment
    }

    pub(super) const fn signing(&self) -> (&Key, &str) {
        (&self.signing, self.id.as_str())
    }

    /// The published keys, as they are served.
    pub(super) const fn document(&self) -> &Bytes {
        &self.document
    }
}

/// The keys of a document that can be used here; all others are read over (RFC 7517, 5).
pub(super) fn usable(document: &[u8]) -> Option<Vec<(String, PublicKey)>> {
    let set: KeySetView = serde_json::from_slice(document).ok()?;
    let keys = set.keys.iter().filter_map(PublicKey::read);
    Some(keys.map(|key| (key.id(), key)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use durward_core::Entropy;

    struct Counting(u8);
    impl Entropy for Counting {
        fn fill(&self, buffer: &mut [u8]) {
            for (byte, n) in buffer.iter_mut().zip(0_u8..) {
                *byte = self.0.wrapping_add(n.wrapping_mul(5));
            }
        }
    }

    const HOUR: i64 = 3_600_000;
    const WEEKS: i64 = 28 * 24 * HOUR;

    fn text(id: u32) -> String {
        KeyRing::generate(id, &Counting(u8::try_from(id).unwrap())).expose().clone()
    }

    fn at(ring: &str, millis: i64) -> KeySet {
        let moment = Moment::of(Timestamp::from_millis(millis));
        KeySet::derive(&KeyRing::parse(ring).unwrap(), moment).unwrap()
    }

    fn published(set: &KeySet) -> Vec<String> {
        usable(set.document()).unwrap().into_iter().map(|(id, _)| id).collect()
    }

    #[test]
    fn two_keys_are_published_and_for_an_hour_three() {
        let ring = text(1);
        for (millis, count) in [
            (0, 2),
            (WEEKS - 1, 2),
            (WEEKS, 3),
            (WEEKS + HOUR - 1, 3),
            (WEEKS + HOUR, 2),
            (2 * WEEKS - 1, 2),
            (-1, 2),
        ] {
            assert_eq!(published(&at(&ring, millis)).len(), count, "{millis}");
        }
    }

    #[test]
    fn whatever_signs_was_published_weeks_before_and_still_is_an_hour_later() {
        // Rotation without downtime: whatever two nodes' clocks say within an hour, and however old within four
        // weeks what a service has fetched, it knows the key.
        let ring = text(1);
        for signed in [5 * WEEKS, 5 * WEEKS + 1, 6 * WEEKS - 1] {
            let set = at(&ring, signed);
            let id = set.signing().1.to_owned();
            for fetched in [-WEEKS, -HOUR, -1, 0, HOUR - 1] {
                let known = published(&at(&ring, signed + fetched));
                assert!(known.contains(&id), "signed {signed}, fetched {fetched}");
            }
        }
        let (one, next) = (at(&ring, WEEKS - 1), at(&ring, WEEKS));
        assert_ne!(one.signing().1, next.signing().1);
    }

    #[test]
    fn a_key_of_the_ring_is_published_before_it_signs_and_after() {
        // R-DP-03: behind the others it is published, in front it signs.
        let (old, new) = (text(1), text(2));
        let (before, behind, front) =
            (at(&old, 0), at(&format!("{old},{new}"), 0), at(&format!("{new},{old}"), 0));
        assert_eq!(before.signing().1, behind.signing().1);
        assert!(published(&behind).contains(&front.signing().1.to_owned()));
        assert!(published(&front).contains(&before.signing().1.to_owned()));
        assert_eq!((published(&behind).len(), published(&before).len()), (4, 2));
        // A ring that was replaced in an emergency has nothing in common with the one before.
        let replaced = published(&at(&new, 0));
        assert!(published(&before).iter().all(|id| !replaced.contains(id)));
    }

    #[test]
    fn a_document_of_others_is_read_as_far_as_it_can_be_used() {
        let mine = at(&text(1), 0);
        let mut set: serde_json::Value = serde_json::from_slice(mine.document()).unwrap();
        let keys = set["keys"].as_array_mut().unwrap();
        keys.push(serde_json::json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "x" }));
        keys.push(serde_json::json!({ "kty": "OKP", "crv": "Ed25519", "x": "AQAB" }));
        let text = set.to_string();
        assert_eq!(usable(text.as_bytes()).unwrap().len(), 2);
        for wrong in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[{"x":"AQAB"}]}"#] {
            assert!(usable(wrong.as_bytes()).is_none(), "{wrong}");
        }
    }
}
