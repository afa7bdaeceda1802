//! The vectors were computed with Python's hashlib and crypt, argon2-cffi 25.1, bcrypt 5.0 and passlib
//! 1.7.4.

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use durward_core::PasswordHash;
use durward_core::password::Verdict;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::support::{CHEAP, hasher, key, memory, password};
use crate::imported::{Imported, Unreadable};
use crate::own_hash::OwnHash;
use crate::settings::Cost;

const PLAIN: &str = "wildly improbable teapot 9";
const COMPOSED: &str = "J\u{fc}rgens T\u{e4}sse \u{2615} n\u{b0}9";
const DECOMPOSED: &str = "Ju\u{308}rgens Ta\u{308}sse \u{2615} n\u{b0}9";
const LONG: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxyz and more that bcrypt never sees";

/// The example of the algorithm's own documentation, made again with Python's hashlib and cryptography.
const FIREBASE: &str = "$firebase-scrypt$ln=14,r=8,sep=Bw,key=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA$42xEC+ixf3L2lw$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ";

const VECTORS: [(&str, &str); 28] = [
    (
        PLAIN,
        "$argon2id$v=19$m=65536,t=3,p=4$MDEyMzQ1Njc4OWFiY2RlZg$KmJbrfpq3R+0gcGvABOz1JpwCQE72CWHTxgLTfVedLM",
    ),
    (
        COMPOSED,
        "$argon2id$v=19$m=1024,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$CYlIeEwZL04ITqW1I377XSOGLAs0oCrIytyQ4sxMz/4",
    ),
    (DECOMPOSED, "$argon2id$v=19$m=256,t=2,p=2$MDEyMzQ1Njc4OWFiY2RlZg$0mOyCAjnfYTOPjI0RVGIsg"),
    (
        PLAIN,
        "$argon2i$v=19$m=4096,t=3,p=1$MDEyMzQ1Njc4OWFiY2RlZg$BEo5ly56qKEMSjRDunj184NtLW4qwWCH0fwqG229VLs",
    ),
    (
        PLAIN,
        "$argon2d$v=16$m=512,t=2,p=2$MDEyMzQ1Njc4OWFiY2RlZg$8oNABaJhXE32h6oSaZLRwhLWqwyUZKrBdemAPDGr090uodVYppAmoIwIDpt+rO9B4UKftsfSVnKv86RnjeXhsg",
    ),
    (
        PLAIN,
        "$argon2i$m=1024,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$KJZGzOokO2PeuwsdAiKVeuVHbiC6Nba3V8iKpylpYj8",
    ),
    (PLAIN, "$2b$05$OvmnSPwvrkoESpEQdL5ebOulKmsqN7C1eJIRcDsF4cKLLmjLl2nN6"),
    (COMPOSED, "$2y$04$m.Dc7qw8ZJwV4Hh/eFU/dueUI0e8xCRnIArKany9d8/5jWGMOmQ66"),
    (DECOMPOSED, "$2a$04$YSGjK4dmdyPOfIrRy3pLluRkv4.RHLawR4AcuLM.8ceoLjxDwRFdy"),
    // Made of the first 72 bytes.
    (LONG, "$2b$04$VZKMIhdtmJoy/0K6JU1GweHEGnl42Yzg2zW1rRGml/f2iRXcKQF4u"),
    (
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxy",
        "$2b$04$QmD67SPRPiEiTwtgrQvMYev7EKVIgDq6ZW2m2VvDMTAdvaxrW3EYi",
    ),
    (
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "$2b$04$Wkrl9XbSARpVzXOndSwZYOoeVOJAkoJH1j8J.M8QUx/K2PsUIGK8q",
    ),
    (PLAIN, "$2x$04$lCgAhkfEm2X/.OADc7b1e.Kie3b92nRu7/XHph8elUNvwPQlXpz/e"),
    // The salt's last character with bits that count for nothing, as some systems made it up.
    (PLAIN, "$2b$04$abcdefghijklmnopqrstuvFGca4i6.XL9s2ExY8HO4kdXi0H5.Yfa"),
    (
        PLAIN,
        "$scrypt$ln=14,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$EORGSRAeVXUlFc65I5/egDTLzHRf8itKqgHrCDuIDS4",
    ),
    (
        COMPOSED,
        "$scrypt$ln=10,r=4,p=3$MDEyMzQ1Njc4OWFiY2RlZg$u+LcGJeL+1I8Wiwml+qrzAtBVMZcfzH7nlv4jlY6Kq7HJBy+C7thfNeguZOmEXeE0v8/40GwGn44OUPuUxAlJA",
    ),
    (
        PLAIN,
        "$scrypt$ln=10,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$LMNKPm5a0jO1CJ10lHJbDzl/Vv5wer8w8oPmu+KiGpc",
    ),
    (PLAIN, "$7$A6..../....SodiumChloride$H4lTmki1CI3eAwhoRqtTd7cvd2cURQCS1qtbh.3yVZ0"),
    (COMPOSED, "$7$86..../....abcdefghijklmnopqrstuv$O3gdu.V86nOPyEZbT.0qxz7FxNr8hrOrWafnonkj69C"),
    (PLAIN, "$pbkdf2$1000$.//.IHNhbHR5IGJ5dGVz$gE0o5HGRBTGG/D2YZx7.1OZfmPc"),
    (
        PLAIN,
        "$pbkdf2-sha256$29000$.//.IHNhbHR5IGJ5dGVz$lTrNYWbGf1VPTBF4b.wfYdqa.pKIyR2.4/tB4XaPJts",
    ),
    (
        COMPOSED,
        "$pbkdf2-sha512$2500$/...IHNhbHR5IGJ5dGVz$/rT0fDUn1OoFGtnD7ABxt.f.4eFIlZU797GEX/WcOZAWwDp1H4UqWAt76EZa0w7eAsfCu7nz/oonmPAFWi9q3w",
    ),
    (
        PLAIN,
        "$pbkdf2-sha256$i=1000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$NgqBo871r3UrHE4D8A0TD13TVLfU10DlTFO8cIAhKOI",
    ),
    (
        PLAIN,
        "$pbkdf2-sha512$i=1000$MDEyMzQ1Njc4OWFiY2RlZg$YhJsvtFUfn5pr0ol+qZnPdVuMcqDT+BwesZfKolVlWtzzyuMrgEoeh1lfgAZYczdbnIuA7L0eJ1rlKeB4qH/jg",
    ),
    (
        DECOMPOSED,
        "$pbkdf2-sha1$i=1000,l=40$MDEyMzQ1Njc4OWFiY2RlZg$Rm0V2ViHmAHDCVvFCwGFrIfOPXp3NE8CygG1DsXTfD5Nkz2fl03gow",
    ),
    (PLAIN, "pbkdf2_sha256$260000$Xk2bq0vLcw5T$zZot3ba1WVM5OBQZPdFXoRzX3QSXMyQpx4bJ4S6yKL0="),
    (COMPOSED, "pbkdf2_sha1$1200$Xk2bq0vLcw5T$dTE9ybUDDZT+D8WuUqMJM0dAoC0="),
    ("user1password", FIREBASE),
];

fn verify(typed: &str, stored: &str) -> Verdict {
    let stored = PasswordHash::from_stored(stored.to_owned());
    hasher(&key(1), CHEAP).verify(&password(typed), Some(&stored), &mut memory()).unwrap()
}

// R-PW-09
#[test]
fn an_imported_hash_is_right_for_its_password_and_replaced() {
    let hasher = hasher(&key(1), CHEAP);
    for (typed, stored) in VECTORS {
        let Verdict::RightRehashed(replaced) = verify(typed, stored) else { panic!("{stored}") };
        let own = OwnHash::parse(replaced.as_str()).unwrap();
        assert!(own.cost.memory_kib >= CHEAP.memory_kib && own.cost.passes >= CHEAP.passes);
        let again = hasher.verify(&password(typed), Some(&replaced), &mut memory());
        assert_eq!(again, Ok(Verdict::Right), "{stored}");
    }
}

// R-EN-02
#[test]
fn a_wrong_password_for_a_cheap_hash_costs_what_one_for_none_costs() {
    let hasher = hasher(&key(1), CHEAP);
    let held = |stored: &str| {
        let (stored, mut memory) = (PasswordHash::from_stored(stored.to_owned()), memory());
        let verdict = hasher.verify(&password("wrong"), Some(&stored), &mut memory);
        assert_eq!(verdict, Ok(Verdict::Wrong));
        memory.is_held()
    };
    // The others need memory themselves.
    let takes_none = |stored: &str| stored.starts_with("$2") || stored.contains("pbkdf2");
    for (_, stored) in VECTORS.iter().filter(|(_, stored)| takes_none(stored)) {
        let costly = stored.contains("$29000$") || stored.contains("$260000$");
        assert_eq!(held(stored), !costly, "{stored}");
    }
}

// R-PW-09
#[test]
fn an_imported_hash_is_wrong_for_every_other_password() {
    for (typed, stored) in VECTORS {
        let first_changed = format!("X{}", &typed[1..]);
        let cut = &typed[..typed.len().min(72) - 1];
        for wrong in [first_changed.as_str(), cut, "x"] {
            assert_eq!(verify(wrong, stored), Verdict::Wrong, "{stored}");
        }
    }
}

// R-PW-09
#[test]
fn imported_hashes_are_compared_with_what_was_typed() {
    for (typed, stored) in VECTORS {
        let other = match typed {
            COMPOSED => DECOMPOSED,
            DECOMPOSED => COMPOSED,
            _ => continue,
        };
        assert_eq!(password(typed).expose(), password(other).expose());
        assert_eq!(verify(other, stored), Verdict::Wrong, "{stored}");
    }
}

// R-PW-03, R-PW-09, AM-20
#[test]
fn a_password_that_bcrypt_cut_counts_as_a_whole_once_it_is_replaced() {
    let stored = "$2b$04$VZKMIhdtmJoy/0K6JU1GweHEGnl42Yzg2zW1rRGml/f2iRXcKQF4u";
    let same_start = format!("{}!", &LONG[..72]);
    assert!(matches!(verify(&same_start, stored), Verdict::RightRehashed(_)));
    let Verdict::RightRehashed(replaced) = verify(LONG, stored) else { panic!() };
    assert_eq!(verify(&same_start, replaced.as_str()), Verdict::Wrong);
    assert_eq!(verify(LONG, replaced.as_str()), Verdict::Right);
}

#[test]
fn bcrypt_takes_no_password_that_may_be_a_collision() {
    // The key is repeated with its zero between, so these are the same to bcrypt.
    let stored = "$2b$05$OvmnSPwvrkoESpEQdL5ebOulKmsqN7C1eJIRcDsF4cKLLmjLl2nN6";
    assert_eq!(verify(&format!("{PLAIN}\0{PLAIN}"), stored), Verdict::Wrong);
    // The same digest under the faulty version: nobody knows what it would have been.
    let stored = "$2x$04$m.Dc7qw8ZJwV4Hh/eFU/dueUI0e8xCRnIArKany9d8/5jWGMOmQ66";
    assert_eq!(verify(COMPOSED, stored), Verdict::Wrong);
}

// R-PW-09
#[test]
fn a_dear_argon2_hash_is_not_replaced_by_a_cheap_one() {
    let Verdict::RightRehashed(replaced) = verify(VECTORS[0].0, VECTORS[0].1) else { panic!() };
    let cost = OwnHash::parse(replaced.as_str()).unwrap().cost;
    assert_eq!(cost, Cost { memory_kib: 65_536, passes: 3, lanes: 1 });
}

// R-PW-13
#[test]
fn a_hash_that_costs_too_much_is_not_computed() {
    let digest = "KmJbrfpq3R+0gcGvABOz1JpwCQE72CWHTxgLTfVedLM";
    for stored in [
        format!("$argon2id$v=19$m=1048576,t=5,p=1$MDEyMzQ1Njc4OWFiY2RlZg${digest}"),
        format!("$argon2id$v=19$m=1024,t=4294967295,p=1$MDEyMzQ1Njc4OWFiY2RlZg${digest}"),
        format!("$argon2id$v=19$m=4294967295,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg${digest}"),
        format!("$argon2id$v=19$m=65536,t=1,p=65$MDEyMzQ1Njc4OWFiY2RlZg${digest}"),
        "$2b$16$OvmnSPwvrkoESpEQdL5ebOulKmsqN7C1eJIRcDsF4cKLLmjLl2nN6".to_owned(),
        "$2b$31$OvmnSPwvrkoESpEQdL5ebOulKmsqN7C1eJIRcDsF4cKLLmjLl2nN6".to_owned(),
        format!("$scrypt$ln=20,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg${digest}"),
        format!("$scrypt$ln=63,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg${digest}"),
        format!("$scrypt$ln=64,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg${digest}"),
        format!("$scrypt$ln=4294967295,r=4294967295,p=4294967295$MDEyMzQ1Njc4OWFiY2RlZg${digest}"),
        format!("$7$zzzzzzzzzzzsalt${}.", "z".repeat(42)),
        format!("$pbkdf2-sha256$4000001$MDEyMzQ1Njc4OWFiY2RlZg${digest}"),
        format!("$pbkdf2-sha1$2000001$MDEyMzQ1Njc4OWFiY2RlZg${digest}"),
        format!("pbkdf2_sha256$4294967295$salt${digest}="),
    ] {
        assert_eq!(Imported::parse(&stored).err(), Some(Unreadable::TooCostly), "{stored}");
        assert_eq!(verify(PLAIN, &stored), Verdict::Wrong, "{stored}");
    }
    // Within the limits of work, beyond this budget's memory.
    let stored = format!("$scrypt$ln=16,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg${digest}");
    assert!(Imported::parse(&stored).unwrap().memory_kib() > 65_536);
    assert_eq!(verify(PLAIN, &stored), Verdict::Wrong);
}

#[test]
fn what_cannot_be_read_accepts_nothing() {
    let digest = "KmJbrfpq3R+0gcGvABOz1JpwCQE72CWHTxgLTfVedLM";
    let salt = "MDEyMzQ1Njc4OWFiY2RlZg";
    let mut unreadable: Vec<String> = [
        "",
        "$",
        "$$$$$",
        "plain text",
        PLAIN,
        "$1$salt$digest",
        "$6$rounds=5000$salt$digest",
        "$2$05$OvmnSPwvrkoESpEQdL5ebOulKmsqN7C1eJIRcDsF4cKLLmjLl2nN6",
        "$2b$5$OvmnSPwvrkoESpEQdL5ebOulKmsqN7C1eJIRcDsF4cKLLmjLl2nN6",
        "$2b$03$OvmnSPwvrkoESpEQdL5ebOulKmsqN7C1eJIRcDsF4cKLLmjLl2nN6",
        "$2b$05$OvmnSPwvrkoESpEQdL5ebOulKmsqN7C1eJIRcDsF4cKLLmjLl2nN\u{e9}",
        "$7$",
        "$7$A6..../....salt",
        "pbkdf2_sha256$1000$salt",
        "pbkdf2_sha256$-1$salt$KmJbrfpq3R+0gcGvABOz1JpwCQE72CWHTxgLTfVedLM=",
    ]
    .map(str::to_owned)
    .to_vec();
    unreadable.extend([
        format!("$argon2id$v=19$m=1024,t=1$c2FsdHNhbHQ${digest}"),
        format!("$argon2id$v=18$m=1024,t=1,p=1${salt}${digest}"),
        format!("$argon2id$v=19$m=1024,t=1,p=1,keyid=AAAA${salt}${digest}"),
        format!("$argon2id$v=19$m=1024,t=1,p=1$c2FsdA${digest}"),
        // A digest of a few bytes would be hit by chance.
        format!("$argon2id$v=19$m=1024,t=1,p=1${salt}$KmJbrQ"),
        format!("$scrypt$ln=10,r=8,p=1${salt}$KmJbrQ"),
        format!("$scrypt$ln=0,r=8,p=1${salt}${digest}"),
        format!("$scrypt$ln=10,r=0,p=1${salt}${digest}"),
        format!("$pbkdf2-sha256$1000${salt}$"),
        format!("$pbkdf2-sha256$0${salt}${digest}"),
        format!("$pbkdf2-sha256$i=1000,l=20${salt}${digest}"),
        format!("$pbkdf2-md5$1000${salt}${digest}"),
        format!("pbkdf2_md5$1000$salt${digest}="),
        format!("$pbkdf2-sha256$1000${}${digest}", "A".repeat(512)),
    ]);
    for stored in unreadable {
        assert_eq!(Imported::parse(&stored).err(), Some(Unreadable::Malformed), "{stored}");
        assert_eq!(verify(PLAIN, &stored), Verdict::Wrong, "{stored}");
    }
}

#[test]
fn a_hash_that_was_cut_off_is_no_shorter_hash_that_accepts_more() {
    for (_, stored) in VECTORS {
        for length in 0..stored.len() {
            let cut = Imported::parse(&stored[..length]);
            assert!(stored.starts_with("$2") <= cut.is_err(), "{}", &stored[..length]);
            // PBKDF2 and scrypt digests are prefixes of longer ones, of at least 16 bytes.
            if cut.is_ok() {
                let digest = stored[..length].rsplit('$').next().unwrap();
                assert!(digest.len() >= 22, "{digest}");
            }
        }
    }
}

// AM-12, R-LG-02
#[test]
fn the_log_learns_that_a_hash_is_unreadable_but_not_the_hash() {
    let log = Arc::new(Mutex::new(String::new()));
    let secret = "$2b$99$OvmnSPwvrkoESpEQdL5ebOulKmsqN7C1eJIRcDsF4cKLLmjLl2nN6";
    tracing::subscriber::with_default(Capture(Arc::clone(&log)), || {
        let missing_key = hasher(&key(2), CHEAP).hash(&password(PLAIN), &mut memory()).unwrap();
        let hasher = hasher(&key(1), CHEAP);
        let malformed = PasswordHash::from_stored(secret.to_owned());
        hasher.verify(&password(PLAIN), Some(&malformed), &mut memory()).unwrap();
        hasher.verify(&password(PLAIN), Some(&missing_key), &mut memory()).unwrap_err();
    });
    let log = log.lock().unwrap();
    assert!(log.contains("a stored password hash cannot be verified"), "{log}");
    assert!(log.contains("is not on the key ring"), "{log}");
    for leak in ["2b$99", "Ovmn", "argon2id", PLAIN, "teapot"] {
        assert!(!log.contains(leak), "{log}");
    }
}

/// Writes all fields of all events into a string.
struct Capture(Arc<Mutex<String>>);

impl Subscriber for Capture {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        struct Write<'a>(&'a mut String);
        impl Visit for Write<'_> {
            fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                writeln!(self.0, "{field}={value:?}").unwrap();
            }
        }
        event.record(&mut Write(&mut self.0.lock().unwrap()));
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn a_hash_of_firebase_needs_all_of_its_parts() {
    // R-PW-09, R-PW-13
    assert!(Imported::parse(FIREBASE).is_ok());
    let malformed = [
        FIREBASE.replace("sep=Bw,", ""),
        FIREBASE.replace("ln=14", "ln=0"),
        FIREBASE.replace("r=8", "r=0"),
        FIREBASE.replace("key=jx", "key="),
        FIREBASE.replace("r=8", "r=8,p=1"),
        FIREBASE.replace("lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/", ""),
    ];
    for text in malformed {
        assert_eq!(Imported::parse(&text).err(), Some(Unreadable::Malformed), "{text}");
    }
    for costly in ["ln=20", "ln=63", "ln=4294967295"] {
        let text = FIREBASE.replace("ln=14", costly);
        assert_eq!(Imported::parse(&text).err(), Some(Unreadable::TooCostly), "{text}");
    }
}
