use std::collections::BTreeSet;

use super::*;

const LOOSE: EmailRules =
    EmailRules { allow_local_domains: true, allow_international_local_parts: true };

#[test]
fn both_forms_for_sending_and_for_showing_are_kept() {
    let address = EmailAddress::parse("O'Brien+x@Bu\u{308}cher.Example").unwrap();
    assert_eq!(address.as_typed(), "O'Brien+x@Bücher.Example");
    assert_eq!(address.mailbox(), "O'Brien+x@xn--bcher-kva.example");
    assert_eq!(address.domain(), "xn--bcher-kva.example");
}

// R-EM-04
#[test]
fn addresses_that_look_alike_have_one_skeleton() {
    let skeleton =
        |text: &str| EmailAddress::parse_with(text, LOOSE).unwrap().skeleton().to_owned();
    let alike = [
        ("ada@paypal.example", "ada@pаypаl.example"),
        ("ada@paypal.example", "ada@xn--pypl-53dc.example"),
        ("soap@x.org", "ѕоар@x.org"),
        ("mike@github.example", "mike@gıthub.example"),
        ("paypa1@x.org", "paypal@x.org"),
        ("o0@x.org", "0O@x.org"),
        ("modern@x.org", "rnodern@x.org"),
        ("Ada@X.org", "ada@x.ORG"),
    ];
    for (one, other) in alike {
        assert_eq!(skeleton(one), skeleton(other), "{one} {other}");
    }
    let long =
        |top: &str| format!("{}@{}.{top}", "m".repeat(64), "m.".repeat(90).trim_end_matches('.'));
    assert!(skeleton(&long("org")).starts_with("sha256:"));
    assert_eq!(skeleton(&long("org")), skeleton(&long("org").replacen('m', "M", 9)));
    assert_ne!(skeleton(&long("org")), skeleton(&long("com")));

    assert_ne!(skeleton("ada@x.org"), skeleton("bob@x.org"));
    assert_ne!(skeleton("jose@x.org"), skeleton("josé@x.org"));
}

// R-EM-04
#[test]
fn an_address_is_ascii_as_people_read_it() {
    let ascii = |text| EmailAddress::parse_with(text, LOOSE).unwrap().is_ascii();
    assert!(ascii("ada@example.org"));
    assert!(ascii("xn--a@example.org"));
    assert!(!ascii("ada@bücher.example"));
    assert!(!ascii("ada@xn--bcher-kva.example"));
    assert!(!ascii("ada@mail.XN--P1AI"));
    assert!(!ascii("jürgen@example.org"));
}

// R-LG-02
#[test]
fn logs_see_only_the_masked_form() {
    let masked = |text| EmailAddress::parse_with(text, LOOSE).unwrap().masked();
    assert_eq!(masked("ada.lovelace@example.com"), "a***@e***.com");
    assert_eq!(masked("Ada@mail.example.co.uk"), "a***@m***.uk");
    assert_eq!(masked("a@b.co"), "***@***.co");
    assert_eq!(masked("+x@b.co"), "***@***.co");
    assert_eq!(masked("root@localhost"), "r***@l***");
    assert_eq!(masked("жук@почта.рф"), "***@x***.xn--p1ai");

    let address = EmailAddress::parse("ada.lovelace@example.com").unwrap();
    assert_eq!(format!("{address:?}"), "EmailAddress(a***@e***.com)");
    assert_eq!(format!("{:?}", address.canonical()), "CanonicalEmail(a***@e***.com)");
    assert_eq!(format!("{:?}", EmailParts::from(address)), "EmailParts(a***@e***.com)");
}

#[test]
fn a_stored_address_is_read_without_being_judged_again() {
    let address = EmailAddress::parse("Ada@Bücher.Example").unwrap();
    assert_eq!(EmailAddress::from_stored(EmailParts::from(address.clone())), address);

    let parts = EmailParts {
        typed: "\"Old Rule\"@LocalHost".to_owned(),
        canonical: "\"old rule\"@localhost".to_owned(),
        skeleton: String::new(),
    };
    let old = EmailAddress::from_stored(parts);
    assert_eq!(old.mailbox(), "\"Old Rule\"@localhost");
    assert_eq!(old.domain(), "localhost");
    assert_eq!(old.masked(), "***@l***");

    let broken = EmailParts {
        typed: "ж\n".to_owned(),
        canonical: "ж\n.\n".to_owned(),
        skeleton: "s".to_owned(),
    };
    let broken = EmailAddress::from_stored(broken);
    assert_eq!((broken.mailbox().as_str(), broken.masked().as_str()), ("ж\n@", "***@***"));
    let broken = CanonicalEmail::from_stored("a\n@b\u{1b}.\r".to_owned());
    assert_eq!(broken.masked(), "a***@b***.***");
}

#[test]
fn an_address_is_a_json_string_and_says_so_in_its_schema() {
    let address: EmailAddress = serde_json::from_str(r#""Ada@Example.org""#).unwrap();
    assert_eq!(serde_json::to_string(&address).unwrap(), r#""Ada@Example.org""#);
    assert_eq!("Ada@Example.org".parse(), Ok(address));
    assert!(serde_json::from_str::<EmailAddress>("5").is_err());

    let schema = serde_json::to_value(schemars::schema_for!(EmailAddress)).unwrap();
    assert_eq!(schema["type"], "string");
    assert_eq!(schema["format"], "idn-email");
    assert_eq!(schema["maxLength"], 254);
}

// R-ER-01
#[test]
fn errors_have_stable_codes_and_do_not_repeat_the_input() {
    let codes: BTreeSet<_> = EmailError::ALL.iter().map(|error| error.code()).collect();
    assert_eq!(codes.len(), EmailError::ALL.len());
    assert!(codes.iter().all(|code| code.starts_with("EMAIL_")));
    let error =
        serde_json::from_str::<EmailAddress>(r#""eve@evil@x.org""#).unwrap_err().to_string();
    assert!(error.starts_with("the address has more than one @"), "{error}");
    assert!(!error.contains("evil"), "{error}");
}
