use std::fs;

use super::*;

fn templates_with(files: &[(&str, &str)]) -> Result<Templates, TemplateError> {
    let folder = tempfile::tempdir().unwrap();
    for (name, source) in files {
        fs::write(folder.path().join(name), source).unwrap();
    }
    Templates::with_overrides(folder.path())
}

fn reason(files: &[(&str, &str)]) -> String {
    templates_with(files).unwrap_err().to_string()
}

fn samples() -> impl Iterator<Item = Mail> {
    Message::samples().into_iter().map(sample)
}

fn login() -> Mail {
    samples().find(|mail| mail.message.name() == "login").unwrap()
}

fn snapshot(name: &str, text: &str) {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, text);
    });
}

#[test]
fn every_message_has_its_templates_and_no_template_is_left_over() {
    let of_messages = Message::samples().into_iter().flat_map(|message| {
        ["subject", "txt", "html"].map(|part| format!("{}.{part}", message.name()))
    });
    let shared = ["layout.txt", "layout.html", "code.txt", "code.html"].map(String::from);
    let mut expected: Vec<_> = of_messages.chain(shared).collect();
    let mut embedded: Vec<_> = EMBEDDED.iter().map(|(name, _)| (*name).to_owned()).collect();
    expected.sort();
    // A notice of each kind has the same templates.
    expected.dedup();
    embedded.sort();
    assert_eq!(embedded, expected);
}

#[test]
fn every_message_reads_well() {
    let templates = Templates::embedded();
    for mail in samples() {
        let name = match mail.message.notice() {
            Some(Notification { notice, objection }) => {
                let means = match objection {
                    Some(Objection::Report(_)) => "",
                    Some(Objection::Revert(_)) => ".revert",
                    None => ".final",
                };
                format!("notice.{}{means}", notice.name())
            }
            None => mail.message.name().to_owned(),
        };
        let Rendered { subject, text, html } = templates.render(&mail).unwrap();
        snapshot(&format!("{name}.txt"), &format!("Subject: {subject}\n\n{}", text.expose()));
        snapshot(&format!("{name}.html"), html.expose());
    }
}

// R-EM-09
#[test]
fn every_part_of_a_code_mail_shows_code_link_and_lifetime() {
    let templates = Templates::embedded();
    for mail in samples() {
        let Some(code) = mail.message.code() else { continue };
        let rendered = templates.render(&mail).unwrap();
        let link = code.link.expose();
        let button = format!(r#"<a class="button" href="{link}""#);
        // Who recovers an account, or is asked to reset a password, began nothing in which to type a code.
        let typed = match mail.message.name() {
            "recovery" | "reset-started" => "",
            _ => "BCDF2345",
        };
        let ignored = match mail.message.name() {
            "reset-started" => "Nobody but",
            _ => "If this was not you, ignore this mail",
        };
        for (part, link) in [(rendered.text, link), (rendered.html, &button)] {
            let part = part.expose();
            assert!(part.contains(typed) && part.contains(link), "{part}");
            assert!(part.contains("10 minutes"), "{part}");
            assert!(part.contains(ignored), "{part}");
        }
    }
}

#[test]
fn every_notice_says_how_to_object_and_for_how_long() {
    // R-NO-01, R-EM-07
    let templates = Templates::embedded();
    for mail in samples() {
        let Some(objection) = mail.message.notice().and_then(|it| it.objection.as_ref()) else {
            continue;
        };
        let rendered = templates.render(&mail).unwrap();
        let link = objection.link().expose();
        let button = format!(r#"<a class="button" href="{link}""#);
        for (part, link) in [(rendered.text, link), (rendered.html, &button)] {
            let part = part.expose();
            assert!(part.contains(link) && part.contains("within 7 days"), "{part}");
        }
    }
    let silent = reason(&[("notice.txt", "Something changed.")]);
    assert!(silent.contains("neither the code nor the link"), "{silent}");
}

#[test]
fn one_minute_is_not_minutes() {
    let mut mail = login();
    if let Message::Login(code) = &mut mail.message {
        code.minutes = 1;
    }
    let rendered = Templates::embedded().render(&mail).unwrap();
    assert!(rendered.text.expose().contains("within 1 minute.\n"));
    assert!(rendered.html.expose().contains("within 1 minute. "));
}

#[test]
fn lines_of_the_plain_text_are_short() {
    for mail in samples() {
        let rendered = Templates::embedded().render(&mail).unwrap();
        for line in rendered.text.expose().lines() {
            assert!(line.len() <= 78, "{}: {line}", mail.message.name());
            assert_eq!(line, line.trim_end(), "{}", mail.message.name());
        }
    }
}

#[test]
fn no_mail_loads_anything_from_elsewhere() {
    for mail in samples() {
        let rendered = Templates::embedded().render(&mail).unwrap();
        let html = rendered.html.expose().to_lowercase();
        for remote in ["src=", "url(", "@import", "<link", "<script", "<img", "<iframe", "<object"]
        {
            assert!(!html.contains(remote), "{}: {remote}", mail.message.name());
        }
    }
}

// R-EM-05
#[test]
fn a_service_name_that_could_break_a_header_is_refused() {
    for service in [
        "Shop\r\nBcc: eve@example.org",
        "Shop\n",
        "Shop\0",
        "\u{202E}pohS",
        "",
        "Sh\u{2028}op",
        "=?utf-8?q?Shop=0D=0ABcc:_eve?=",
    ] {
        let mail = Mail { service: service.into(), ..login() };
        let error = Templates::embedded().render(&mail).unwrap_err();
        assert!(matches!(error, MailError::Permanent(_)), "{service:?}");
        assert!(!error.to_string().contains("eve"), "{error}");
    }
}

// R-EM-09
#[test]
fn html_is_escaped_and_text_is_not() {
    let mail = Mail {
        service: r#"<b>"Tom" & 'Co'</b>"#.into(),
        to: EmailAddress::parse("a&b'c@example.com").unwrap(),
        ..login()
    };
    let templates = templates_with(&[
        ("login.txt", "{{ service }} {{ to }} {{ code }}"),
        ("login.html", "{{ service }} {{ to }} {{ code }}"),
    ]);
    let rendered = templates.unwrap().render(&mail).unwrap();
    assert_eq!(rendered.text.expose(), "<b>\"Tom\" & 'Co'</b> a&b'c@example.com BCDF2345\n");
    assert_eq!(
        rendered.html.expose(),
        "&lt;b&gt;&quot;Tom&quot; &amp; &#x27;Co&#x27;&lt;&#x2f;b&gt; a&amp;b&#x27;c@example.com BCDF2345\n"
    );
    assert_eq!(rendered.subject, r#"Your code to sign in to <b>"Tom" & 'Co'</b>"#);
}

#[test]
fn a_link_is_escaped_but_stays_readable() {
    let mut mail = login();
    if let Message::Login(code) = &mut mail.message {
        code.link = Secret::new(String::from("https://a.example/?x=1&y=\"'><b>#dw_cd_1"));
    }
    let html = Templates::embedded().render(&mail).unwrap().html;
    let expected = r#"href="https://a.example/?x=1&amp;y=&quot;&#x27;&gt;&lt;b&gt;#dw_cd_1""#;
    assert!(html.expose().contains(expected), "{}", html.expose());
}

#[test]
fn what_a_layout_takes_from_a_message_is_escaped_once() {
    let mail = Mail { service: "Tom & Co".into(), ..login() };
    let rendered = templates_with(&[(
        "login.html",
        "{% extends 'layout.html' %}{% block title %}{{ service }}{% endblock %}\
         {% block body %}{{ code }}{% endblock %}",
    )]);
    let html = rendered.unwrap().render(&mail).unwrap().html;
    assert!(html.expose().contains("<title>Tom &amp; Co</title>"), "{}", html.expose());
    assert!(html.expose().contains(">Tom &amp; Co</h1>"), "{}", html.expose());
}

#[test]
fn a_file_of_the_folder_replaces_the_embedded_template() {
    let templates = templates_with(&[
        ("login.subject", "\u{FEFF}Anmelden bei {{ service }}\r\n"),
        ("code.txt", "Code: {{ code }}\r\n"),
        (".keep", "not looked at {{"),
    ])
    .unwrap();
    let rendered = templates.render(&login()).unwrap();
    assert_eq!(rendered.subject, "Anmelden bei Sample & Co");
    assert!(rendered.text.expose().contains("Type it where you began:\n\nCode: BCDF2345\n"));
    assert_eq!(
        rendered.html.expose(),
        Templates::embedded().render(&login()).unwrap().html.expose()
    );
    assert_eq!(
        format!("{templates:?}"),
        r#"Templates { overridden: ["code.txt", "login.subject"], .. }"#
    );
}

#[test]
fn an_override_that_cannot_work_is_found_before_the_first_mail() {
    let broken = reason(&[("sign-up.txt", "{% if %}")]);
    assert!(
        broken.starts_with("the template sign-up.txt cannot be used: syntax error"),
        "{broken}"
    );
    for (name, source, why) in [
        ("sign-up.txt", "{{ code }} {{ nmae }}", "undefined value"),
        ("sign-up.html", "{{ code }} {% if nmae %}x{% endif %}", "undefined value"),
        ("layout.html", "{{ code }}", "undefined value"),
        ("address-in-use.txt", "{{ link }}", "undefined value"),
        ("login.txt", "{% include 'footer.txt' %}{{ code }}", "footer.txt"),
        ("login.txt", "Hello!", "neither the code nor the link"),
        ("code.html", "<p>Hello!</p>", "neither the code nor the link"),
        ("login.subject", "two\nlines", "a subject is one line"),
        ("login.subject", " ", "a subject is one line"),
    ] {
        let reason = reason(&[(name, source)]);
        assert!(reason.contains(why), "{name}: {reason}");
    }
}

// R-EM-09
#[test]
fn a_subject_can_hold_neither_a_code_nor_an_address() {
    for variable in ["code", "link", "to"] {
        let reason = reason(&[("login.subject", &format!("{{{{ {variable} }}}}"))]);
        assert!(reason.contains("undefined value"), "{variable}: {reason}");
    }
}

#[test]
fn a_misspelt_file_is_told_with_the_right_names() {
    let error = templates_with(&[("log-in.txt", "{{ code }}")]).unwrap_err();
    assert!(matches!(error, TemplateError::Unknown { .. }));
    let text = error.to_string();
    assert!(text.contains("log-in.txt is not the name of a template"), "{text}");
    assert!(text.contains("login.txt"), "{text}");
}

#[test]
fn a_folder_or_file_that_cannot_be_read_is_named() {
    let error = Templates::with_overrides("/nonexistent/folder").unwrap_err();
    assert_eq!(error.to_string(), "/nonexistent/folder cannot be read");

    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("login.txt"), [0xFF, 0xFE]).unwrap();
    let error = Templates::with_overrides(folder.path()).unwrap_err();
    assert!(matches!(error, TemplateError::Unreadable { .. }), "{error:?}");
    assert!(error.to_string().ends_with("login.txt cannot be read"), "{error}");
}

// R-LG-02
#[test]
fn a_failure_while_rendering_tells_no_code() {
    let templates = templates_with(&[(
        "login.txt",
        "{{ code }}{% if minutes > 10 %}{{ code + 1 }}{% endif %}",
    )])
    .unwrap();
    let mut mail = login();
    if let Message::Login(code) = &mut mail.message {
        code.minutes = 11;
    }
    let error = templates.render(&mail).unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(text.contains("login.txt") && !text.contains("BCDF"), "{text}");
}

// R-LG-02
#[test]
fn debug_prints_no_codes() {
    let rendered = Templates::embedded().render(&login()).unwrap();
    let text = format!("{rendered:?}");
    assert!(text.contains("Your code to sign in") && !text.contains("BCDF"), "{text}");
    assert!(!text.contains("sample"), "{text}");
}
