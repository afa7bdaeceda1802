//! Delivery to a mail server that is really there.

#![expect(clippy::panic, clippy::unwrap_used, reason = "what goes wrong here fails a test")]

mod encryption;
mod sink;

use std::time::{Duration, Instant};

use durward_core::mail::Code;
use durward_core::{
    EmailAddress, EmailRules, Mail, MailError, MailId, Mailer, Message, Secret, Timestamp,
};
use durward_mail::{SmtpError, SmtpMailer, Templates};
use tokio::net::TcpListener;

use sink::{Reply, Sink};

const FROM: &str = "Shop <no-reply@shop.example>";

fn mail() -> Mail {
    Mail {
        id: MailId::from_bytes([7; 16]),
        to: EmailAddress::parse("Ada@Example.com").unwrap(),
        service: "Shop".into(),
        message: Message::Login(Code {
            typed: Secret::new("BCDF2345".into()),
            link: Secret::new("https://accounts.example/verify#dw_cd_sample".into()),
            minutes: 10,
        }),
        created: Timestamp::from_millis(1_700_000_000_007),
    }
}

fn mailer(url: &str) -> SmtpMailer {
    SmtpMailer::new(&Secret::new(url.to_owned()), FROM, Templates::embedded()).unwrap()
}

fn plain(sink: &Sink) -> SmtpMailer {
    mailer(&format!("smtp://{}?tls=none", sink.address))
}

fn texts(sink: &Sink) -> Vec<String> {
    sink.lines().into_iter().map(|line| line.text).collect()
}

/// The text of a failure that is worth another attempt.
fn temporary(outcome: Result<(), MailError>) -> String {
    match outcome {
        Err(MailError::Temporary(text)) => text,
        other => panic!("{other:?}"),
    }
}

/// The text of a failure that is not.
fn permanent(outcome: Result<(), MailError>) -> String {
    match outcome {
        Err(MailError::Permanent(text)) => text,
        other => panic!("{other:?}"),
    }
}

fn snapshot(name: &str, mail: &str) {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, mail.replace("\r\n", "\n"));
    });
}

// R-EM-05, R-EM-09
#[tokio::test]
async fn a_mail_arrives_with_its_headers_and_both_parts() {
    let sink = Sink::start().await;
    plain(&sink).send(&mail()).await.unwrap();
    assert_eq!(
        texts(&sink),
        [
            "EHLO shop.example",
            "MAIL FROM:<no-reply@shop.example>",
            "RCPT TO:<Ada@example.com>",
            "DATA"
        ]
    );
    let mails = sink.mails();
    let [mail] = mails.as_slice() else { panic!("{} mails", mails.len()) };
    snapshot("a_mail", mail);
}

#[tokio::test]
async fn every_attempt_sends_the_same_bytes_under_the_same_message_id() {
    let sink = Sink::start().await;
    sink.when("CONTENT", Reply::Say("451 4.3.0 try again"));
    let first = plain(&sink);
    assert_eq!(temporary(first.send(&mail()).await), "DATA: the answer is 451 4.3.0");
    first.send(&mail()).await.unwrap();
    plain(&sink).send(&mail()).await.unwrap();
    let mails = sink.mails();
    assert_eq!(mails.len(), 3);
    assert!(mails[0] == mails[1] && mails[1] == mails[2]);
    let id = format!("Message-ID: <{}@shop.example>\r\n", mail().id);
    assert!(mails[0].starts_with(&id), "{}", mails[0]);
}

#[tokio::test]
async fn several_mails_share_a_connection() {
    let sink = Sink::start().await;
    let mailer = plain(&sink);
    for _ in 0..3 {
        mailer.send(&mail()).await.unwrap();
    }
    assert_eq!((sink.connections(), sink.mails().len()), (1, 3));
}

#[tokio::test]
async fn no_connection_is_used_for_ever() {
    let sink = Sink::start().await;
    let mailer = plain(&sink);
    for _ in 0..51 {
        mailer.send(&mail()).await.unwrap();
    }
    assert_eq!((sink.connections(), sink.mails().len()), (2, 51));
}

#[tokio::test]
async fn mails_that_are_sent_at_once_do_not_mix() {
    let sink = Sink::start().await;
    let mailer = plain(&sink);
    let (one, two) = (mail(), Mail { id: MailId::from_bytes([8; 16]), ..mail() });
    let (first, second) = tokio::join!(mailer.send(&one), mailer.send(&two));
    first.unwrap();
    second.unwrap();
    let mails = sink.mails();
    for id in [one.id, two.id] {
        let id = id.to_string();
        assert_eq!(mails.iter().filter(|mail| mail.contains(&id)).count(), 1);
    }
}

#[tokio::test]
async fn a_connection_that_the_server_closed_is_replaced() {
    let sink = Sink::start().await;
    let mailer = plain(&sink);
    mailer.send(&mail()).await.unwrap();
    sink.when("RSET", Reply::HangUp);
    mailer.send(&mail()).await.unwrap();
    sink.when("RSET", Reply::Say("421 4.4.2 idle for too long"));
    mailer.send(&mail()).await.unwrap();
    assert_eq!((sink.connections(), sink.mails().len()), (3, 3));
}

// R-LG-02
#[tokio::test]
async fn a_refused_mailbox_is_permanent_and_its_address_is_not_told() {
    let sink = Sink::start().await;
    let mailer = plain(&sink);
    sink.when(
        "RCPT",
        Reply::Say("550-5.1.1 <Ada@example.com>: no such user\r\n550 5.1.1 BCDF2345"),
    );
    assert_eq!(permanent(mailer.send(&mail()).await), "RCPT TO: the answer is 550 5.1.1");
    sink.when("CONTENT", Reply::Say("554 Ada@example.com does not like you"));
    assert_eq!(permanent(mailer.send(&mail()).await), "DATA: the answer is 554");
    // The connection is fine, and the next mail begins afresh on it.
    mailer.send(&mail()).await.unwrap();
    assert_eq!(sink.connections(), 1);
}

#[tokio::test]
async fn what_the_operator_can_put_right_is_temporary() {
    for (verb, reply, text) in [
        ("CONNECT", "554 5.3.2 no service", "connecting: the answer is 554 5.3.2"),
        ("EHLO", "550 5.7.1 who are you", "connecting: the answer is 550 5.7.1"),
        ("MAIL", "550 5.1.8 bad sender", "MAIL FROM: the answer is 550 5.1.8"),
        ("MAIL", "530 5.7.0 authenticate", "MAIL FROM: the answer is 530 5.7.0"),
        ("RCPT", "554 5.7.1 relay access denied", "RCPT TO: the answer is 554 5.7.1"),
        ("RCPT", "450 4.2.0 greylisted", "RCPT TO: the answer is 450 4.2.0"),
        ("RCPT", "421 4.3.2 shutting down", "RCPT TO: the answer is 421 4.3.2"),
        ("DATA", "452 4.3.1 no space", "DATA: the answer is 452 4.3.1"),
        ("MAIL", "hello?", "MAIL FROM: the answer is not SMTP"),
    ] {
        let sink = Sink::start().await;
        let mailer = plain(&sink);
        sink.when(verb, Reply::Say(reply));
        assert_eq!(temporary(mailer.send(&mail()).await), text);
        mailer.send(&mail()).await.unwrap();
        assert_eq!(sink.mails().len(), 1, "{verb} {reply}");
    }
}

#[tokio::test]
async fn a_server_that_is_down_is_temporary() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let text = temporary(mailer(&format!("smtp://{address}?tls=none")).send(&mail()).await);
    assert_eq!(text, "connecting: connection refused");
}

#[tokio::test]
async fn a_server_that_hangs_up_is_temporary() {
    for verb in ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "CONTENT"] {
        let sink = Sink::start().await;
        sink.when(verb, Reply::HangUp);
        let mailer = plain(&sink);
        temporary(mailer.send(&mail()).await);
        mailer.send(&mail()).await.unwrap();
        assert_eq!(sink.connections(), 2, "{verb}");
    }
}

#[tokio::test]
async fn a_slow_server_is_given_up_and_its_late_reply_is_nobody_elses() {
    for verb in ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "CONTENT"] {
        let sink = Sink::start().await;
        sink.when(verb, Reply::Hang);
        let mailer = plain(&sink).with_timeout(Duration::from_millis(150));
        let begun = Instant::now();
        let text = temporary(mailer.send(&mail()).await);
        assert!(text.ends_with(": no answer in time"), "{verb}: {text}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{verb}");
        // A connection in the middle of something is never used again.
        mailer.send(&mail()).await.unwrap();
        assert_eq!(sink.connections(), 2, "{verb}");
    }
}

#[tokio::test]
async fn a_delivery_that_is_dropped_leaves_no_connection_behind() {
    let sink = Sink::start().await;
    sink.when("RCPT", Reply::Hang);
    let mailer = plain(&sink);
    let (first, second) = (mail(), mail());
    let dropped = tokio::time::timeout(Duration::from_millis(150), mailer.send(&first)).await;
    assert!(dropped.is_err());
    mailer.send(&second).await.unwrap();
    assert_eq!((sink.connections(), sink.mails().len()), (2, 1));
}

// R-EM-05, R-EM-09
#[tokio::test]
async fn names_are_encoded_and_cannot_add_headers() {
    let sink = Sink::start().await;
    let url = Secret::new(format!("smtp://{}?tls=none", sink.address));
    let from = r#""Café, <3" <no-reply@shop.example>"#;
    assert!(matches!(
        SmtpMailer::new(&url, from, Templates::embedded()),
        Err(SmtpError::Sender(_))
    ));
    let from = r#""Café, Bar & Söhne" <no-reply@shop.example>"#;
    let mailer = SmtpMailer::new(&url, from, Templates::embedded()).unwrap();

    let evil = Mail { service: "Shop\r\nBcc: eve@example.org".into(), ..mail() };
    assert_eq!(permanent(mailer.send(&evil).await), "the name of the service is not acceptable");
    assert_eq!(sink.connections(), 0);

    let odd = Mail { service: r#"Café "<b>": Bcc: x@y"#.into(), ..mail() };
    mailer.send(&odd).await.unwrap();
    snapshot("odd_names", &sink.mails()[0]);
}

#[tokio::test]
async fn an_address_keeps_its_spelling_and_its_domain_travels_in_ascii() {
    let sink = Sink::start().await;
    let to = EmailAddress::parse("O'Brien+Shop@Bücher.Example").unwrap();
    plain(&sink).send(&Mail { to, ..mail() }).await.unwrap();
    assert_eq!(texts(&sink)[2], "RCPT TO:<O'Brien+Shop@xn--bcher-kva.example>");
    let arrived = &sink.mails()[0];
    assert!(arrived.contains("\r\nTo: O'Brien+Shop@xn--bcher-kva.example\r\n"), "{arrived}");
    assert!(arrived.is_ascii());
}

// R-EM-02
#[tokio::test]
async fn an_address_outside_ascii_needs_a_server_that_takes_it() {
    let rules = EmailRules { allow_international_local_parts: true, ..EmailRules::default() };
    let to = EmailAddress::parse_with("jürgen@example.com", rules).unwrap();
    let mail = Mail { to, ..mail() };

    let sink = Sink::start().await;
    let mailer = plain(&sink);
    assert_eq!(permanent(mailer.send(&mail).await), "the server takes no addresses outside ASCII");

    let sink = Sink::start().await;
    sink.offer("SMTPUTF8");
    plain(&sink).send(&mail).await.unwrap();
    assert_eq!(
        texts(&sink)[1..3],
        [
            "MAIL FROM:<no-reply@shop.example> SMTPUTF8 BODY=8BITMIME",
            "RCPT TO:<jürgen@example.com>"
        ]
    );
    assert!(sink.mails()[0].contains("\r\nTo: jürgen@example.com\r\n"));
}

#[test]
fn a_mailer_can_be_built_and_dropped_without_a_runtime() {
    let mailer = mailer("smtps://shop:secret@mail.example");
    assert_eq!(
        format!("{mailer:?}"),
        "SmtpMailer { server: mail.example:465 (Tls), timeout: 60s, .. }"
    );
    let patient = mailer.with_timeout(Duration::from_hours(1));
    assert!(format!("{patient:?}").contains("timeout: 120s"));
}

#[test]
fn a_sender_is_one_mailbox() {
    let url = Secret::new(String::from("smtps://mail.example"));
    let build = |from: &str| SmtpMailer::new(&url, from, Templates::embedded()).map(drop);
    for from in [
        "no-reply@shop.example",
        "<no-reply@shop.example>",
        " Shop <no-reply@shop.example> ",
        "\"Shop, Inc.\" <no-reply@shop.example>",
        "Bücher <no-reply@bücher.example>",
        "root@localhost",
    ] {
        assert_eq!(build(from), Ok(()), "{from}");
    }
    for from in [
        "",
        "Shop",
        "shop.example",
        "Shop <>",
        "a@shop.example, b@shop.example",
        "Shop <a@shop.example>, b@shop.example",
        "Shop\r\nBcc: eve@example.org <no-reply@shop.example>",
        "Shop <no-reply@shop.example\r\nBcc: eve@example.org>",
        "Sh\u{202E}op <no-reply@shop.example>",
        "Shop\" <no-reply@shop.example>",
        "=?utf-8?q?Shop?= <no-reply@shop.example>",
    ] {
        assert!(matches!(build(from), Err(SmtpError::Sender(_))), "{from:?}");
    }
}
