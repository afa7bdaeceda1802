use proptest::prelude::*;

use super::*;
use crate::text::characters::is_of_a_word;

const INTERNATIONAL: EmailRules =
    EmailRules { allow_international_local_parts: true, allow_local_domains: false };
const LOOSE: EmailRules =
    EmailRules { allow_local_domains: true, allow_international_local_parts: true };

fn canonical_with(text: &str, rules: EmailRules) -> Result<String, EmailError> {
    EmailAddress::parse_with(text, rules).map(|address| address.canonical().as_str().to_owned())
}

/// Every character that passes, alone in a local part and in a domain; of the higher planes and the
/// large scripts only those with case, for time.
#[test]
fn every_accepted_character_has_one_canonical_form() {
    let has_case = |c: char| !c.to_lowercase().eq([c]) || !c.to_uppercase().eq([c]);
    let letters = (' '..=char::MAX).filter(|c| is_of_a_word(*c));
    for c in letters.filter(|c| *c < '\u{3100}' || has_case(*c)) {
        for text in [format!("{c}@x.org"), format!("a@{c}.org"), format!("a@x{c}.org")] {
            let Ok(address) = EmailAddress::parse_with(&text, INTERNATIONAL) else { continue };
            let canonical = address.canonical().as_str();
            assert_eq!(
                canonical_with(canonical, INTERNATIONAL).as_deref(),
                Ok(canonical),
                "{text:?}"
            );
            // IDNA2008 keeps these letters apart from what their upper case stands for.
            if matches!(c, 'ß' | 'ı' | 'ς') {
                continue;
            }
            for other in [text.to_uppercase(), text.to_lowercase()] {
                let other = canonical_with(&other, INTERNATIONAL);
                let same = other.as_deref() == Ok(canonical);
                assert!(same || other.is_err(), "{text:?} {other:?}");
            }
        }
    }
}

fn any_case(text: &str, upper: &[bool]) -> String {
    let flips = upper.iter().copied().cycle();
    // Upper case of ß is two letters of ASCII.
    let flip = |(c, upper): (char, bool)| match c.to_uppercase().next() {
        Some(capital) if upper && c != 'ß' => capital,
        _ => c,
    };
    text.chars().zip(flips).map(flip).collect()
}

/// Texts that come close to addresses, so that both outcomes are common.
fn address_like() -> impl Strategy<Value = String> {
    let local = prop_oneof![
        "[a-zA-Z0-9+'.-]{1,66}",
        "[a-zA-Zéüñ]{1,30}(\\.[a-z]{1,9})?",
        "[а-яА-Я]{1,33}[0-9]{0,3}",
        "[a-zé\u{301}жßſK用ء١.\u{212a}-]{1,9}",
    ];
    let label = prop_oneof![
        4 => "[a-zA-Z0-9]{1,64}",
        4 => "[a-zéüßς中あ]{1,14}",
        2 => "[а-яА-Я]{1,14}",
        1 => "(xn--)?[a-z0-9-]{0,12}",
        1 => "[a-zé・·ءا\u{200c}ｅ。١-]{1,6}",
    ];
    let top = prop_oneof![8 => "[a-zA-Z]{2,6}", 2 => "рф|XN--P1AI|.?", 1 => "[0-9]{0,2}"];
    (local, prop::collection::vec(label, 0..4), top).prop_map(|(local, mut labels, top)| {
        labels.push(top);
        format!("{local}@{}", labels.join("."))
    })
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>(), domain in any::<String>()) {
        let _ = EmailAddress::parse_with(&text, LOOSE);
        let _ = EmailAddress::parse_with(&format!("a@{domain}.org"), LOOSE);
        let _ = EmailAddress::parse_with(&format!("{domain}@x.org"), LOOSE);
        let _ = CanonicalEmail::from_stored(text).masked();
    }

    #[test]
    fn what_is_accepted_is_clean_and_short_and_has_one_canonical_form(text in address_like()) {
        if let Ok(address) = EmailAddress::parse_with(&text, LOOSE) {
            let canonical = address.canonical().as_str();
            for form in [address.as_typed(), &address.mailbox(), canonical, address.skeleton()] {
                prop_assert!(!form.chars().any(|c| c.is_control() || c.is_whitespace() || is_bidi_control(c)));
            }
            for form in [address.as_typed(), &address.mailbox(), canonical] {
                prop_assert!(form.len() <= EmailAddress::MAX_OCTETS);
                prop_assert_eq!(form.matches('@').count(), 1);
            }
            prop_assert!(address.skeleton().len() <= EmailAddress::MAX_OCTETS);
            prop_assert!(address.domain().is_ascii());
            prop_assert!(address.masked().bytes().all(|b| b.is_ascii_graphic()));

            let again = EmailAddress::parse_with(canonical, LOOSE).unwrap();
            prop_assert_eq!(again.canonical(), address.canonical());
            prop_assert_eq!(again.skeleton(), address.skeleton());
            prop_assert_eq!(again.is_ascii(), address.is_ascii());
            prop_assert_eq!(again.as_typed(), canonical);
            let sent = EmailAddress::parse_with(&address.mailbox(), LOOSE).unwrap();
            prop_assert_eq!(sent.canonical(), address.canonical());
        }
    }

    // AM-18
    #[test]
    fn letter_case_never_makes_another_identity(
        text in "[a-z0-9+'_-]{1,20}(\\.[a-z0-9]{1,9})?@[a-zéüж中]{1,12}(\\.[a-z]{2,9}){1,2}",
        upper in prop::collection::vec(any::<bool>(), 1..40),
    ) {
        let address = EmailAddress::parse(&text).unwrap();
        let other = EmailAddress::parse(&any_case(&text, &upper)).unwrap();
        prop_assert_eq!(other.canonical(), address.canonical());
        prop_assert_eq!(other.skeleton(), address.skeleton());
    }

    #[test]
    fn plain_addresses_are_always_accepted_and_kept_as_typed(
        text in "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]{1,30}(\\.[a-zA-Z0-9]{1,9}){0,2}@([a-zA-Z0-9]{1,9}\\.){1,3}[a-zA-Z]{2,9}",
    ) {
        let address = EmailAddress::parse(&text).unwrap();
        prop_assert_eq!(address.as_typed(), &text);
        prop_assert_eq!(address.canonical().as_str(), text.to_ascii_lowercase());
        prop_assert!(address.is_ascii());
    }
}
