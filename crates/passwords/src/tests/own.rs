use durward_core::PasswordHash;
use durward_core::password::{HashError, Verdict};

use super::support::{CHEAP, hasher, key, memory, password};
use crate::hasher::Hasher;
use crate::own_hash::OwnHash;
use crate::settings::Cost;

const TYPED: &str = "wildly improbable teapot 9";

fn hash(hasher: &Hasher, typed: &str) -> PasswordHash {
    hasher.hash(&password(typed), &mut memory()).unwrap()
}

fn verify(hasher: &Hasher, typed: &str, hash: &PasswordHash) -> Result<Verdict, HashError> {
    hasher.verify(&password(typed), Some(hash), &mut memory())
}

fn rehashed(hasher: &Hasher, typed: &str, hash: &PasswordHash) -> PasswordHash {
    let verdict = verify(hasher, typed, hash).unwrap();
    let Verdict::RightRehashed(replaced) = verdict else { panic!("{verdict:?}") };
    replaced
}

fn cost(hash: &PasswordHash) -> Cost {
    OwnHash::parse(hash.as_str()).unwrap().cost
}

#[test]
fn a_hash_accepts_its_own_password_only() {
    let hasher = hasher(&key(1), CHEAP);
    let stored = hash(&hasher, TYPED);
    assert_eq!(verify(&hasher, TYPED, &stored), Ok(Verdict::Right));
    for wrong in [
        "wildly improbable teapot 8",
        "Wildly improbable teapot 9",
        " ",
        "wildly improbable teapot 9 ",
    ] {
        assert_eq!(verify(&hasher, wrong, &stored), Ok(Verdict::Wrong), "{wrong}");
    }
}

// R-PW-08
#[test]
fn a_hash_names_its_parameters_and_has_a_salt_of_its_own() {
    let hasher = hasher(&key(7), CHEAP);
    let (one, other) = (hash(&hasher, TYPED), hash(&hasher, TYPED));
    assert!(one.as_str().starts_with("$durward-argon2id$v=19$m=64,t=2,p=1,k=7,n=nfkc1$"));
    assert_ne!(one, other);
    let (one, other) =
        (OwnHash::parse(one.as_str()).unwrap(), OwnHash::parse(other.as_str()).unwrap());
    assert_ne!(one.salt, other.salt);
}

// R-PW-04, R-PW-08
#[test]
fn a_hash_computed_elsewhere_by_the_documented_format_is_right() {
    let keys = "1:u_yx39A2TD20oPwwZicTFr2yJDIX9AWoGFoyz2fQuY8";
    let stored = PasswordHash::from_stored(
        "$durward-argon2id$v=19$m=19456,t=2,p=1,k=1,n=nfkc1$AAECAwQFBgcICQoLDA0ODw\
         $cEJk2Ttt/TsntxONf9wCr6FO5xTbpuQE694rbNeYK2A"
            .to_owned(),
    );
    let hasher = hasher(keys, Cost::MINIMUM);
    // Composed, decomposed, and with a ligature.
    for typed in ["Caf\u{e9} finds a wombat", "Cafe\u{301} \u{fb01}nds a wombat"] {
        assert_eq!(verify(&hasher, typed, &stored), Ok(Verdict::Right));
    }
    assert_eq!(verify(&hasher, "Cafe finds a wombat", &stored), Ok(Verdict::Wrong));
    // The text is what this crate writes, too.
    assert_eq!(OwnHash::parse(stored.as_str()).unwrap().to_string(), stored.as_str());
}

// R-PW-03
#[test]
fn the_whole_password_counts() {
    let hasher = hasher(&key(1), CHEAP);
    let long = "\u{e9}".repeat(512);
    let stored = hash(&hasher, &long);
    assert_eq!(verify(&hasher, &long, &stored), Ok(Verdict::Right));
    let mut altered = "\u{e9}".repeat(511);
    altered.push('\u{e8}');
    assert_eq!(verify(&hasher, &altered, &stored), Ok(Verdict::Wrong));
}

// R-EN-02
#[test]
fn without_a_hash_the_work_is_done_and_the_password_wrong() {
    let hasher = hasher(&key(1), CHEAP);
    let mut memory = memory();
    assert!(!memory.is_held());
    assert_eq!(hasher.verify(&password(TYPED), None, &mut memory), Ok(Verdict::Wrong));
    assert!(memory.is_held());
}

// R-PW-08, R-DP-03
#[test]
fn a_hash_under_an_older_pepper_is_replaced_while_its_key_is_there() {
    let (old, new) = (key(1), key(2));
    let stored = hash(&hasher(&old, CHEAP), TYPED);
    let rotating = hasher(&format!("{new},{old}"), CHEAP);
    assert_eq!(verify(&rotating, "wrong", &stored), Ok(Verdict::Wrong));
    let replaced = rehashed(&rotating, TYPED, &stored);
    assert!(replaced.as_str().contains(",k=2,"));

    let rotated = hasher(&new, CHEAP);
    assert_eq!(verify(&rotated, TYPED, &replaced), Ok(Verdict::Right));
    assert!(matches!(verify(&rotated, TYPED, &stored), Err(HashError::Failed(_))));
}

// R-PW-08
#[test]
fn without_the_pepper_a_hash_accepts_nothing() {
    let stored = hash(&hasher(&key(1), CHEAP), TYPED);
    let number_one_of_another = key(2).replacen('2', "1", 1);
    assert_eq!(verify(&hasher(&number_one_of_another, CHEAP), TYPED, &stored), Ok(Verdict::Wrong));
}

// R-PW-09
#[test]
fn a_cheaper_hash_is_replaced_and_a_dearer_one_never() {
    let cheap = hasher(&key(1), CHEAP);
    let more_passes = hasher(&key(1), Cost { passes: 3, ..CHEAP });
    let stored = hash(&cheap, TYPED);
    let replaced = rehashed(&more_passes, TYPED, &stored);
    assert_eq!(cost(&replaced), Cost { passes: 3, ..CHEAP });
    assert_eq!(verify(&more_passes, TYPED, &replaced), Ok(Verdict::Right));
    assert_eq!(verify(&cheap, TYPED, &replaced), Ok(Verdict::Right));

    // Each has something that the other has not: the new hash has both.
    let more_memory = hasher(&key(1), Cost { memory_kib: 80, ..CHEAP });
    let replaced = rehashed(&more_memory, TYPED, &replaced);
    assert_eq!(cost(&replaced), Cost { memory_kib: 80, passes: 3, lanes: 1 });

    // A new pepper is no reason for a cheaper hash.
    let rotated = hasher(&format!("{},{}", key(2), key(1)), CHEAP);
    let replaced = rehashed(&rotated, TYPED, &replaced);
    assert_eq!(cost(&replaced), Cost { memory_kib: 80, passes: 3, lanes: 1 });
}

#[test]
fn a_malformed_hash_accepts_nothing() {
    let hasher = hasher(&key(1), CHEAP);
    let stored = hash(&hasher, TYPED);
    let text = stored.as_str();
    for (from, to) in [
        ("m=64", "m=064"),
        ("m=64", "m=4294967295"),
        ("m=64", "m=4"),
        ("t=2", "t=0"),
        ("t=2", "t=2000000"),
        ("p=1", "p=0"),
        ("k=1", "k=1,k=1"),
        ("k=1", "k=-1"),
        ("n=nfkc1", "n=nfc1"),
        (",n=nfkc1", ""),
        ("n=nfkc1", "n=nfkc1,x=1"),
        ("v=19", "v=16"),
        ("$v=19", ""),
        ("durward-argon2id", "durward-argon2d"),
        ("durward-argon2id", "durward-argon2id2"),
    ] {
        let malformed = text.replacen(from, to, 1);
        assert_ne!(malformed, text, "{from}");
        let malformed = PasswordHash::from_stored(malformed);
        assert_eq!(verify(&hasher, TYPED, &malformed), Ok(Verdict::Wrong), "{malformed:?}");
    }
    for length in 0..text.len() {
        let cut = PasswordHash::from_stored(text[..length].to_owned());
        assert_eq!(verify(&hasher, TYPED, &cut), Ok(Verdict::Wrong), "{length}");
    }
    for more in ["A", "$", "=", "\n"] {
        let longer = PasswordHash::from_stored(format!("{text}{more}"));
        assert_eq!(verify(&hasher, TYPED, &longer), Ok(Verdict::Wrong), "{more:?}");
    }
}

// R-PW-13
#[test]
fn a_hash_beyond_the_memory_budget_is_a_failure_of_the_deployment() {
    let text = "$durward-argon2id$v=19$m=65537,t=2,p=1,k=1,n=nfkc1$AAECAwQFBgcICQoLDA0ODw\
                $cEJk2Ttt/TsntxONf9wCr6FO5xTbpuQE694rbNeYK2A";
    let stored = PasswordHash::from_stored(text.to_owned());
    assert!(matches!(verify(&hasher(&key(1), CHEAP), TYPED, &stored), Err(HashError::Failed(_))));
}
