use super::*;
use crate::secret::Secret;

fn codes_of(rule: &StandardPasswordRule, typed: &str, only_factor: bool) -> Vec<String> {
    let password = Password::parse(Secret::new(typed.to_owned())).unwrap();
    let email = EmailAddress::parse("Ada.Lovelace1815@mail.example.com").unwrap();
    let name = PersonName::parse("Ada King, Gräfin Lovelace").unwrap();
    let context = PasswordContext {
        service: "Engine Works",
        email: Some(&email),
        name: Some(&name),
        only_factor,
    };
    rule.check(&password, &context).into_iter().map(|found| found.code.into_owned()).collect()
}

/// The codes for a password that is the only factor.
fn codes(typed: &str) -> Vec<String> {
    codes_of(&StandardPasswordRule::default(), typed, true)
}

/// The codes for a password beside which a second factor is always required.
fn seconded(typed: &str) -> Vec<String> {
    codes_of(&StandardPasswordRule::default(), typed, false)
}

// R-PW-01
#[test]
fn fifteen_code_points_alone_and_eight_beside_a_second_factor() {
    assert_eq!(codes("wombat uvula ic"), [""; 0]);
    assert_eq!(codes("wombat uvula i"), ["PASSWORD_TOO_SHORT"]);
    assert_eq!(seconded("wmb uvul"), [""; 0]);
    assert_eq!(seconded("wmb uvu"), ["PASSWORD_TOO_SHORT"]);

    let context = PasswordContext { service: "x", email: None, name: None, only_factor: true };
    let short = Password::parse(Secret::new("wmb uvul".to_owned())).unwrap();
    let found = StandardPasswordRule::default().check(&short, &context);
    assert_eq!(found[0].params["min"], 15);
    assert_eq!(found[0].text, "Must have at least 15 characters.");
    let found = StandardPasswordRule::default()
        .check(&short, &PasswordContext { only_factor: false, ..context });
    assert_eq!(found, []);
}

// R-PW-01, R-PW-04
#[test]
fn code_points_are_counted_after_normalisation_and_not_bytes() {
    // Fourteen and fifteen letters of two bytes, and emoji of four.
    assert_eq!(codes("жёлтыйслонпёкц"), ["PASSWORD_TOO_SHORT"]);
    assert_eq!(codes("жёлтыйслонпёкця"), [""; 0]);
    assert_eq!(codes("🐘🥧🌂🪗🧦🐌🫖🎻🪴🦔🧭🪁🛶🐡"), ["PASSWORD_TOO_SHORT"]);
    assert_eq!(codes("🐘🥧🌂🪗🧦🐌🫖🎻🪴🦔🧭🪁🛶🐡🪵"), [""; 0]);
    // Sixteen code points as typed, fourteen once the accents are composed.
    assert_eq!(codes("wombat e\u{301}vue\u{301}la"), ["PASSWORD_TOO_SHORT"]);
    // Fourteen as typed, fifteen once the ligature is two letters.
    assert_eq!(codes("wombat o\u{fb01}x ul"), ["PASSWORD_TOO_SHORT"]);
    assert_eq!(codes("wombat o\u{fb01}x ulu"), [""; 0]);
}

// R-PW-05
#[test]
fn there_are_no_composition_rules() {
    for good in [
        "wildly improbable teapot 9",
        "wildlyimprobableteapots",
        "WILDLY IMPROBABLE TEAPOTS",
        "839205718364920",
        "$^!)~{[?;<#%'|&",
        "kB7!vTq#2mZx9$Lp",
        "my password is a river in spate",
        "a dragon and a monkey play football",
        "Ada King once dined upon nineteen herrings",
        "шёлковый зонтик бегемота",
        "銀河鉄道の夜に降る青い雨と林檎",
    ] {
        assert_eq!(codes(good), [""; 0], "{good}");
    }
    for good in ["teapots 9", "k3!vTq#2", "83920571", "zonk#moo"] {
        assert_eq!(seconded(good), [""; 0], "{good}");
    }
}

// R-PW-06, ASVS 6.2.4
#[test]
fn common_passwords_are_refused_whole_padded_and_repeated() {
    for common in [
        "polniypizdec0211",
        "POLNIYPIZDEC0211",
        "password12345678",
        "1234567890-password",
        "!!!!Dragon!!!!2024",
        "correct horse battery staple",
        "Correct-Horse-Battery-Staple-1!",
        "passwordpassword",
        "password password",
        "Password1 Password2 Password3",
        "letmein letmein letmein!",
        "abc123....2938471",
        "p a s s w o r d 1 9 7 3",
        "to be or not to be!",
    ] {
        assert!(codes(common).contains(&"PASSWORD_COMMON".to_owned()), "{common}");
    }
    for common in
        ["sunshine", "Sunshine", "football!", "1football", "(baseball)", "trustno1", "love love"]
    {
        assert!(seconded(common).contains(&"PASSWORD_COMMON".to_owned()), "{common}");
    }
}

// R-PW-06, ASVS 6.2.11
#[test]
fn the_own_name_address_and_service_are_refused_alone_repeated_and_padded() {
    for personal in [
        "ada.lovelace1815@mail.example.com",
        "ADA.LOVELACE1815",
        "adalovelace-adalovelace",
        "Ada King Gräfin Lovelace",
        "lovelace, ada (1815)",
        "AdaLovelaceEngineWorks",
        "EngineWorks2024!",
        "Engine Works Engine Works",
        "lovelace@mail.example",
    ] {
        assert!(codes(personal).contains(&"PASSWORD_PERSONAL".to_owned()), "{personal}");
    }
    assert_eq!(codes("Ada King Gräfin Lovelace"), ["PASSWORD_PERSONAL"]);
    // The same name in full-width letters, which normalisation folds.
    assert_eq!(
        codes("Ｌｏｖｅｌａｃｅ　Ｌｏｖｅｌａｃｅ"),
        ["PASSWORD_PERSONAL", "PASSWORD_REPETITIVE"]
    );
    assert_eq!(seconded("lovelace"), ["PASSWORD_PERSONAL"]);
    assert_eq!(codes("lovelace sat by the engine"), [""; 0]);
}

#[test]
fn a_few_letters_among_random_characters_are_no_name() {
    let email = EmailAddress::parse("b@x.example").unwrap();
    let context =
        PasswordContext { service: "x", email: Some(&email), name: None, only_factor: true };
    let check = |typed: &str| {
        let password = Password::parse(Secret::new(typed.to_owned())).unwrap();
        StandardPasswordRule::default().check(&password, &context)
    };
    assert_eq!(check("7b-92838-x1-2983"), []);
    assert_eq!(check("b.x.b.x.b.x.b.x!")[0].code, "PASSWORD_PERSONAL");
}

// ASVS 6.1.2, 6.2.11
#[test]
fn a_deployment_refuses_words_of_its_own() {
    let rule = StandardPasswordRule::refusing(["Analytical Society", "Difference"]);
    assert_eq!(codes_of(&rule, "analytical.society1812", true), ["PASSWORD_PERSONAL"]);
    assert_eq!(codes_of(&rule, "Difference Engine No. 2", true), [""; 0]);
    assert_eq!(codes_of(&rule, "Difference Engine 2", true), ["PASSWORD_PERSONAL"]);
    assert_eq!(codes("analytical.society1812"), [""; 0]);
}

#[test]
fn repetitions_and_sequences_are_refused() {
    for repetitive in [
        "aaaaaaaaaaaaaaa",
        "               ",
        "abcabcabcabcabc",
        "xk7 xk7 xk7 xk7",
        "xk7.xk7,xk7;xk7!xk7",
        "123456789012345",
        "qwertyuiopasdfg",
        "abcdefghijklmno",
        "абвгдежзийклмно",
        "йцукенгшщзхъфыв",
        "aaabbbcccdddeee",
        "1q2w3e4r5t6y7u8i",
        "1a2b3c4d5e6f7g8h",
        "987654321-abcdef",
        "wombat.wombat.wombat",
        "🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘",
    ] {
        assert!(codes(repetitive).contains(&"PASSWORD_REPETITIVE".to_owned()), "{repetitive}");
    }
    assert!(seconded("rst45678").contains(&"PASSWORD_REPETITIVE".to_owned()));
    // What is repeated must itself be long enough.
    assert_eq!(codes("wombat-uvula-9 wombat-uvula-9"), ["PASSWORD_REPETITIVE"]);
    assert_eq!(codes("wombat uvulas of 9 wombat uvulas of 9 "), [""; 0]);
}

#[test]
fn all_reasons_come_at_once() {
    assert_eq!(codes("111111"), ["PASSWORD_TOO_SHORT", "PASSWORD_COMMON", "PASSWORD_REPETITIVE"]);
    assert_eq!(codes("lovelace"), ["PASSWORD_TOO_SHORT", "PASSWORD_PERSONAL"]);
}

#[test]
fn the_longest_password_is_checked_without_trouble() {
    let long: String =
        (0..340u32).filter_map(|i| char::from_u32(0x4e00 + i * 37 % 20_000)).collect();
    assert_eq!(codes(&long), [""; 0]);
    assert!(codes(&"ab".repeat(512)).contains(&"PASSWORD_REPETITIVE".to_owned()));
    assert!(
        codes(&format!("password{}", "7".repeat(1_016))).contains(&"PASSWORD_COMMON".to_owned())
    );
}
