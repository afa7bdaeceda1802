use super::*;
use crate::identity::key_set::{KeySet, Moment};
use crate::identity::token::sign;
use data_encoding::BASE64URL_NOPAD;
use durward_core::{
    Caller, Entropy, IdentityRoute, KeyRing, Method, Plain, SessionId, StandardRole, UserCaller,
    UserId,
};
use serde_json::{Value, json};

const ISSUER: &str = "https://accounts.example";
const NOW: i64 = 1_700_000_000_000;

struct Counting(u8);
impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        for (byte, n) in buffer.iter_mut().zip(0_u8..) {
            *byte = self.0.wrapping_add(n.wrapping_mul(5));
        }
    }
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(NOW + millis)
}

fn keys(start: u8) -> KeySet {
    let ring = KeyRing::parse(KeyRing::generate(1, &Counting(start)).expose()).unwrap();
    KeySet::derive(&ring, Moment::of(at(0))).unwrap()
}

fn claims() -> IdentityClaims {
    let user = UserCaller {
        id: UserId::from_bytes([1; 16]),
        session_id: SessionId::from_bytes([2; 16]),
        roles: vec![StandardRole::User],
        scopes: None,
        methods: vec![Method::Password],
        authenticated_at: at(-9_000),
        actor: None,
    };
    let caller = Caller::<Plain> { user: Some(user), ..Caller::anonymous(None) };
    let route = IdentityRoute { issuer: ISSUER, audience: "orders" };
    IdentityClaims::of(&caller, route, at(0), &Counting(9)).unwrap()
}

fn verifier_of(issuer: &str, audience: &str) -> Verifier {
    let set = keys(1);
    Verifier::new(issuer, audience, std::str::from_utf8(set.document()).unwrap()).unwrap()
}

fn verifier() -> Verifier {
    verifier_of(ISSUER, "orders")
}

fn identity() -> String {
    sign(&claims(), keys(1).signing()).unwrap()
}

/// Any header and claims, with a good signature over them.
fn signed(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let text = format!("{}.{}", part(header), part(claims));
    let signature = keys(1).signing().0.sign(text.as_bytes());
    format!("{text}.{}", BASE64URL_NOPAD.encode(&signature))
}

fn header() -> Value {
    json!({ "alg": "ES256", "kid": keys(1).signing().1, "typ": "durward-identity+jwt" })
}

#[test]
fn an_identity_is_read_by_whom_it_is_for() {
    assert_eq!(verifier().verify(&identity(), at(0)), Ok(claims()));
    let whole = serde_json::to_value(claims()).unwrap();
    assert_eq!(verifier().verify(&signed(&header(), &whole), at(0)), Ok(claims()));
}

#[test]
fn no_byte_of_it_can_be_another() {
    // GW-22: every position, against another bit of it and a few letters that mean something.
    let (verifier, identity) = (verifier(), identity());
    for position in 0..identity.len() {
        let original = identity.as_bytes()[position];
        for other in [original ^ (1 << (position % 7)), b'A', b'.', b'='] {
            if other == original {
                continue;
            }
            let mut bytes = identity.clone().into_bytes();
            bytes[position] = other;
            let altered = String::from_utf8(bytes).unwrap();
            assert!(verifier.verify(&altered, at(0)).is_err(), "{position}: {other}");
        }
        assert!(verifier.verify(&identity[..position], at(0)).is_err(), "cut at {position}");
    }
    for longer in [format!("{identity}A"), format!("{identity}."), format!(" {identity}")] {
        assert!(verifier.verify(&longer, at(0)).is_err());
    }
}

#[test]
fn no_other_algorithm_type_or_member_of_the_header_is_accepted() {
    // GW-22, GW-23; RFC 8725, 3.1 and 3.11
    let whole = serde_json::to_value(claims()).unwrap();
    for (name, value) in [
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("ES256K")),
        ("alg", json!("es256")),
        ("alg", json!(["ES256"])),
        ("typ", json!("JWT")),
        ("typ", json!("at+jwt")),
        ("typ", json!(null)),
        ("crit", json!(["exp"])),
        ("jku", json!("https://evil.example/jwks.json")),
        ("jwk", keys_of_somebody()),
        ("b64", json!(false)),
    ] {
        let mut header = header();
        header[name] = value;
        let refused = verifier().verify(&signed(&header, &whole), at(0));
        assert_eq!(refused, Err(IdentityError::Malformed), "{header}");
    }
    for missing in ["alg", "typ", "kid"] {
        let mut header = header();
        header.as_object_mut().unwrap().remove(missing);
        let refused = verifier().verify(&signed(&header, &whole), at(0));
        assert_eq!(refused, Err(IdentityError::Malformed), "{missing}");
    }
    // Without a signature at all, as `none` writes it.
    let (text, _) = identity().rsplit_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    assert_eq!(verifier().verify(&format!("{text}."), at(0)), Err(IdentityError::Signature));
}

fn keys_of_somebody() -> Value {
    let set: Value = serde_json::from_slice(keys(77).document()).unwrap();
    set["keys"][0].clone()
}

#[test]
fn a_key_that_is_not_in_the_set_counts_for_nothing() {
    let other = sign(&claims(), keys(2).signing()).unwrap();
    assert_eq!(verifier().verify(&other, at(0)), Err(IdentityError::UnknownKey));
    // Under the name of one that is.
    let forged = sign(&claims(), (keys(2).signing().0, keys(1).signing().1)).unwrap();
    assert_eq!(verifier().verify(&forged, at(0)), Err(IdentityError::Signature));
    for set in ["", "{}", r#"{"keys":[]}"#, r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#] {
        let refused = Verifier::new(ISSUER, "orders", set).map(drop);
        assert_eq!(refused, Err(IdentityError::KeySet), "{set}");
    }
}

#[test]
fn it_is_for_one_audience_of_one_issuer() {
    // GW-22
    let verify = |issuer, audience| verifier_of(issuer, audience).verify(&identity(), at(0));
    assert_eq!(verify(ISSUER, "billing"), Err(IdentityError::Audience));
    assert_eq!(verify(ISSUER, ""), Err(IdentityError::Audience));
    assert_eq!(verify("https://accounts.example/", "orders"), Err(IdentityError::Issuer));
    let mut several = serde_json::to_value(claims()).unwrap();
    several["aud"] = json!(["orders", "billing"]);
    let refused = verifier().verify(&signed(&header(), &several), at(0));
    assert_eq!(refused, Err(IdentityError::Malformed));
}

#[test]
fn it_holds_for_sixty_seconds() {
    // GW-22
    let verify = |millis| verifier().verify(&identity(), at(millis)).map(drop);
    assert_eq!(verify(-10_001), Err(IdentityError::Early));
    assert_eq!(verify(-10_000), Ok(()), "clocks differ");
    assert_eq!(verify(59_999), Ok(()));
    assert_eq!(verify(60_000), Err(IdentityError::Expired));
    let mut longer = serde_json::to_value(claims()).unwrap();
    longer["exp"] = json!(longer["exp"].as_i64().unwrap() + 1);
    let refused = verifier().verify(&signed(&header(), &longer), at(0));
    assert_eq!(refused, Err(IdentityError::Expired), "longer than any does");
    let mut endless = serde_json::to_value(claims()).unwrap();
    endless["iat"] = json!(i64::MIN);
    endless["exp"] = json!(i64::MAX);
    let refused = verifier().verify(&signed(&header(), &endless), at(0));
    assert_eq!(refused, Err(IdentityError::Expired));
}

#[test]
fn what_is_no_identity_is_none() {
    let long = format!("{}.e30.AAAA", "A".repeat(9_000));
    for text in ["", ".", "..", "...", "a.b.c", "e30.e30.e30", "e30.e30", "é.é.é", &long] {
        assert_eq!(verifier().verify(text, at(0)), Err(IdentityError::Malformed), "{text}");
    }
}
