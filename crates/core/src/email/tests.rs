use super::*;

const INTERNATIONAL: EmailRules =
    EmailRules { allow_international_local_parts: true, allow_local_domains: false };
const LOCAL: EmailRules =
    EmailRules { allow_local_domains: true, allow_international_local_parts: false };
const LOOSE: EmailRules =
    EmailRules { allow_local_domains: true, allow_international_local_parts: true };

fn canonical(text: &str) -> Result<String, EmailError> {
    canonical_with(text, EmailRules::default())
}

fn canonical_with(text: &str, rules: EmailRules) -> Result<String, EmailError> {
    EmailAddress::parse_with(text, rules).map(|address| address.canonical().as_str().to_owned())
}

#[track_caller]
fn refused(error: EmailError, texts: &[&str]) {
    for text in texts {
        assert_eq!(canonical(text), Err(error), "{text:?}");
    }
}

#[track_caller]
fn refused_even_if_international(error: EmailError, texts: &[&str]) {
    for text in texts {
        assert_eq!(canonical_with(text, INTERNATIONAL), Err(error), "{text:?}");
    }
}

// R-EM-01, AM-17
#[test]
fn ordinary_addresses_are_accepted() {
    for (typed, expected) in [
        ("ada@example.org", "ada@example.org"),
        ("Ada@Example.ORG", "ada@example.org"),
        ("o'brien@x.org", "o'brien@x.org"),
        ("a+b@x.org", "a+b@x.org"),
        ("first.last@mail.example.co.uk", "first.last@mail.example.co.uk"),
        ("!#$%&'*+-/=?^_`{|}~@x.org", "!#$%&'*+-/=?^_`{|}~@x.org"),
        ("-@x.org", "-@x.org"),
        ("1@1.example", "1@1.example"),
        ("a@3com.com", "a@3com.com"),
        ("a@a--b.example", "a@a--b.example"),
        ("a@1.2.3.4.example", "a@1.2.3.4.example"),
        ("a@x.0xyz", "a@x.0xyz"),
    ] {
        assert_eq!(canonical(typed).as_deref(), Ok(expected));
    }
}

#[test]
fn an_address_has_exactly_one_at() {
    refused(EmailError::Empty, &[""]);
    refused(EmailError::MissingAt, &["ada", "ada.example.org"]);
    refused(
        EmailError::SeveralAts,
        &["a@b@x.org", "a@corp.com@evil", "\"a@b\"@x.org", "@a,@b:user@x.org", "a@@x.org", "@@"],
    );
    refused(EmailError::LocalPartMissing, &["@x.org", "@"]);
    refused(EmailError::DomainMissing, &["ada@"]);
}

// R-EM-01, AM-17
#[test]
fn only_the_bare_address_is_read() {
    refused(
        EmailError::ForbiddenCharacter,
        &[
            "Ada <ada@x.org>",
            "ada@x.org (Ada)",
            " ada@x.org",
            "ada@x.org ",
            "\"a b\"@x.org",
            "a@b cd",
        ],
    );
    refused(
        EmailError::LocalPartCharacter,
        &["<ada@x.org>", "ada(x)@x.org", "group:ada@x.org", "a,b@x.org", "a;b@x.org", "a\\b@x.org"],
    );
    refused(EmailError::LocalPartCharacter, &["a\"b\"@x.org", "a[b]@x.org"]);
    refused(EmailError::LocalPartQuoted, &["\"ada\"@x.org", "\"\"@x.org"]);
    refused(
        EmailError::DomainCharacter,
        &[
            "a@corp.com,evil",
            "a@foo<bar",
            "a@x.org>",
            "a@x_y.org",
            "a@x.org;",
            "a@x/y.org",
            "a@(x)x.org",
        ],
    );
    refused(EmailError::DomainCharacter, &["a@x.org:25", "a@x%2eorg.com", "a@*.org", "a@x.o+rg"]);
    refused(EmailError::DomainLiteral, &["a@[192.0.2.1]", "a@[IPv6:2001:db8::1]", "a@[x"]);
}

// R-EM-05, AM-14, AM-17
#[test]
fn spaces_and_controls_are_refused_wherever_they_stand() {
    for c in [
        '\0', '\t', '\n', '\r', '\u{B}', '\u{1B}', ' ', '\u{7F}', '\u{85}', '\u{A0}', '\u{61C}',
        '\u{1680}', '\u{2003}', '\u{200E}', '\u{200F}', '\u{2028}', '\u{2029}', '\u{202A}',
        '\u{202E}', '\u{2066}', '\u{2069}', '\u{3000}',
    ] {
        for text in [
            format!("{c}ada@x.org"),
            format!("a{c}da@x.org"),
            format!("ada{c}@x.org"),
            format!("ada@{c}x.org"),
            format!("ada@x{c}.org"),
            format!("ada@x.org{c}"),
        ] {
            let outcome = canonical_with(&text, LOOSE);
            assert_eq!(outcome, Err(EmailError::ForbiddenCharacter), "{text:?}");
        }
    }
    refused(EmailError::ForbiddenCharacter, &["a@x.org\r\nBcc: eve@evil.example"]);
}

#[test]
fn dots_stand_between_other_characters() {
    refused(
        EmailError::LocalPartDots,
        &[".a@x.org", "a.@x.org", "a..b@x.org", ".@x.org", "..@x.org"],
    );
    refused(EmailError::DomainDots, &["a@.x.org", "a@x..org", "a@x.org.", "a@.", "a@..", "a@org."]);
}

// R-EM-01
#[test]
fn lengths_are_limited() {
    let local = |n: usize| format!("{}@x.org", "a".repeat(n));
    assert!(canonical(&local(64)).is_ok());
    assert_eq!(canonical(&local(65)), Err(EmailError::LocalPartTooLong));

    let label = |n: usize| format!("a@{}.org", "b".repeat(n));
    assert!(canonical(&label(63)).is_ok());
    assert_eq!(canonical(&label(64)), Err(EmailError::DomainLabelTooLong));

    let whole = |n: usize| {
        let labels = format!("{}.", "b".repeat(60)).repeat(3);
        let start = format!("{}@{labels}", "a".repeat(60));
        format!("{start}{}", "c".repeat(n - start.len()))
    };
    assert_eq!(whole(254).len(), 254);
    // 9 octets of top-level domain.
    assert!(canonical(&whole(254)).is_ok());
    assert_eq!(canonical(&whole(255)), Err(EmailError::TooLong));
    assert_eq!(canonical(&"a".repeat(1_000_000)), Err(EmailError::TooLong));
}

// R-EM-01, R-EM-02
#[test]
fn lengths_hold_for_every_form_of_an_address() {
    // Letters far from each other: 62 octets as typed and more than 63 once encoded.
    let label = "äжωéшñщčюαћβլůλґğώүþֆøђōպœњőќşֆ";
    assert_eq!(label.len(), 62);
    assert_eq!(canonical(&format!("a@{label}.org")), Err(EmailError::DomainLabelTooLong));
    // Repeated letters encode shorter than they are: 4 labels of 57 octets decode to 4 times 150.
    let long = format!("{}.", "中".repeat(50)).repeat(4);
    let encoded = idna::domain_to_ascii(&format!("{long}org")).unwrap();
    assert!(encoded.len() < 254 && format!("a@{long}org").len() > 254, "{}", encoded.len());
    assert_eq!(canonical(&format!("a@{encoded}")), Err(EmailError::TooLong));
    // Lower case can be longer: Ⱥ has two octets, ⱥ has three.
    let local = format!("{}@x.org", "\u{23A}".repeat(32));
    assert!(canonical_with(&local, INTERNATIONAL).is_err());
}

#[test]
fn a_domain_has_a_dot_and_labels_of_letters_digits_and_hyphens() {
    refused(EmailError::DomainWithoutDot, &["user@localhost", "a@org", "a@xn--p1ai"]);
    refused(EmailError::DomainHyphen, &["a@-x.org", "a@x-.org", "a@x.-org", "a@x.org-", "a@-.org"]);
    refused(
        EmailError::DomainNumeric,
        &["a@1.2.3.4", "a@x.1", "a@127.1", "a@x.0x7f", "a@x.0X7F", "a@x.0x"],
    );
}

#[test]
fn local_domains_need_a_rule() {
    assert_eq!(canonical_with("Root@LocalHost", LOCAL).as_deref(), Ok("root@localhost"));
    assert_eq!(canonical_with("a@2130706433", LOCAL), Err(EmailError::DomainNumeric));
    assert_eq!(canonical_with("a@0x7f000001", LOCAL), Err(EmailError::DomainNumeric));
    assert_eq!(canonical_with("a@localhost.", LOCAL), Err(EmailError::DomainDots));
    assert_eq!(canonical_with("a@", LOCAL), Err(EmailError::DomainMissing));
}

// R-EM-02
#[test]
fn international_domains_are_compared_by_their_ascii_form() {
    for (typed, expected) in [
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("a@BÜCHER.Example", "a@xn--bcher-kva.example"),
        ("a@bu\u{308}cher.example", "a@xn--bcher-kva.example"),
        ("a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
        ("a@XN--BCHER-KVA.example", "a@xn--bcher-kva.example"),
        ("a@почта.рф", "a@xn--80a1acny.xn--p1ai"),
        ("a@straße.example", "a@xn--strae-oqa.example"),
        ("a@例え.jp", "a@xn--r8jz45g.jp"),
        ("a@paral·lel.cat", "a@xn--parallel-koa.cat"),
    ] {
        assert_eq!(canonical(typed).as_deref(), Ok(expected), "{typed}");
    }
    assert_eq!(canonical("a@ΝΊΚΟΣ.example"), canonical("a@νίκοσ.example"));
    assert!(canonical("a@アイ・エフ.jp").is_ok());
    assert!(canonical("a@نامه\u{200C}ای.example").is_ok());
    assert_ne!(canonical("a@straße.example"), canonical("a@strasse.example"));
}

// R-EM-02
#[test]
fn an_encoded_label_that_encodes_nothing_valid_is_refused() {
    refused(
        EmailError::DomainNotIdna,
        &["a@xn--a.example", "a@xn--99999999.example", "a@x.xn--zzzzzz", "a@xn--a-b.example"],
    );
    for label in
        ["BÜCHER", "bu\u{308}cher", "ａ", "\u{212A}é", "é\u{AD}", "☃", "🦊", "é。", "\u{202E}é"]
    {
        let encoded = idna::punycode::encode_str(label).unwrap();
        let address = format!("a@xn--{encoded}.example");
        assert_eq!(canonical(&address), Err(EmailError::DomainNotIdna), "{address} {label}");
    }
    refused(EmailError::DomainHyphen, &["a@xn--.example", "a@xn--example-.example"]);
}

// R-EM-03
#[test]
fn characters_that_map_to_others_are_refused_and_not_mapped() {
    refused_even_if_international(
        EmailError::MappedCharacter,
        &[
            // In the local part: Kelvin sign, full-width letter, long s, dotted capital I, ligature, digit.
            "mar\u{212A}@x.org",
            "ａda@x.org",
            "ſam@x.org",
            "İda@x.org",
            "ﬁona@x.org",
            "a²@x.org",
            "straße@x.org",
            "mıke@x.org",
            // In the domain.
            "a@\u{212A}.org",
            "a@ｅxample.org",
            "a@℀.com",
            "a@exampleſ.org",
            "a@İ.org",
            "a@example．org",
            "a@example。org",
            "a@example｡org",
            "a@x.ｏrg",
            "a@²x.org",
            // As the separator.
            "a＠x.org",
            "a﹫x.org",
        ],
    );
    // Letters of other scripts that NFKC maps are not mapped either.
    refused_even_if_international(EmailError::MappedCharacter, &["ｶ@x.org", "a@ｶﾅ.jp", "µ@x.org"]);
}

// R-EM-03
#[test]
fn invisible_characters_are_refused() {
    for c in [
        '\u{AD}',
        '\u{200B}',
        '\u{2060}',
        '\u{FEFF}',
        '\u{34F}',
        '\u{FE0F}',
        '\u{E0061}',
        '\u{3164}',
    ] {
        for text in [format!("a{c}b@x.org"), format!("a@e{c}x.org"), format!("a@ex{c}.org")] {
            assert!(canonical_with(&text, LOOSE).is_err(), "{text:?}");
        }
    }
    // Joiners outside the context that RFC 5892 gives them.
    refused(EmailError::DomainNotIdna, &["a@ex\u{200D}ample.org", "a@ex\u{200C}ample.org"]);
}

#[test]
fn symbols_in_a_domain_are_refused() {
    refused(
        EmailError::DomainNotIdna,
        &[
            "a@☃.net",
            "a@i❤.ws",
            "a@🦊.org",
            "a@a·b.org",
            "a@a・b.org",
            "a@x\u{640}.org",
            "a@é⁄x.org",
        ],
    );
    refused(EmailError::DomainNotIdna, &["a@\u{E000}.org", "a@\u{378}.org", "a@\u{301}x.org"]);
    refused(EmailError::DomainNotIdna, &["a@अ१1.org", "a@ش١۲.org"]);
    refused(EmailError::DomainHyphen, &["a@é-.org", "a@-é.org"]);
}

// R-EM-02
#[test]
fn letters_outside_ascii_before_the_at_need_a_rule() {
    refused(EmailError::LocalPartNotAscii, &["jürgen@x.org", "почта@x.org", "用户@x.org"]);
    for (typed, expected) in [
        ("Jürgen@x.org", "jürgen@x.org"),
        ("JU\u{308}RGEN@x.org", "jürgen@x.org"),
        ("ПОЧТА+1@X.org", "почта+1@x.org"),
        ("Νίκος@x.org", "νίκοσ@x.org"),
        ("ΝΊΚΟΣ@x.org", "νίκοσ@x.org"),
        ("用户.abc@x.org", "用户.abc@x.org"),
        ("דוד@x.org", "דוד@x.org"),
        ("हिन्दी@x.org", "हिन्दी@x.org"),
    ] {
        assert_eq!(canonical_with(typed, INTERNATIONAL).as_deref(), Ok(expected));
    }
}

// R-EM-03
#[test]
fn international_local_parts_keep_to_one_script() {
    refused_even_if_international(
        EmailError::LocalPartMixed,
        &["pаypal@x.org", "aβ@x.org", "abדוד@x.org", "דודмир@x.org", "é1٢@x.org"],
    );
    refused_even_if_international(
        EmailError::LocalPartCharacter,
        &[
            "a☃@x.org",
            "🦊@x.org",
            "a’b@x.org",
            "a‐b@x.org",
            "\u{301}a@x.org",
            "é.\u{301}@x.org",
            "a\u{E000}@x.org",
            "a\u{200D}b@x.org",
            "é\u{FFFD}@x.org",
            "ⲁ@x.org",
        ],
    );
}
