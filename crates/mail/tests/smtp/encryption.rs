//! TLS, and who is told a password.

use durward_core::Mailer;
use durward_mail::SmtpError;

use super::sink::{AUTHORITY, Reply, Sink, Tls};
use super::{mail, mailer, temporary, texts};

// R-DP-04
#[tokio::test]
async fn tls_from_the_start_reaches_a_server_that_is_trusted() {
    let sink = Sink::with_tls(Tls::FromTheStart).await;
    sink.offer("AUTH PLAIN LOGIN");
    let mailer = mailer(&format!("smtps://shop:p%40ss@localhost:{}", sink.address.port()))
        .with_root_certificates(AUTHORITY)
        .unwrap();
    mailer.check().await.unwrap();
    mailer.send(&mail()).await.unwrap();
    let lines = sink.lines();
    assert!(lines.iter().all(|line| line.is_encrypted && line.connection == 0), "{lines:?}");
    // \0shop\0p@ss
    assert!(texts(&sink).contains(&"AUTH PLAIN AHNob3AAcEBzcw==".to_owned()), "{lines:?}");
}

// R-DP-04
#[tokio::test]
async fn starttls_says_nothing_before_the_connection_is_encrypted() {
    let sink = Sink::with_tls(Tls::OnRequest).await;
    sink.offer("AUTH PLAIN LOGIN");
    let mailer = mailer(&format!("smtp://shop:secret@localhost:{}", sink.address.port()))
        .with_root_certificates(AUTHORITY)
        .unwrap();
    mailer.send(&mail()).await.unwrap();
    let (plain, encrypted): (Vec<_>, Vec<_>) =
        sink.lines().into_iter().partition(|line| !line.is_encrypted);
    let plain: Vec<_> = plain.into_iter().map(|line| line.text).collect();
    assert_eq!(plain, ["EHLO shop.example", "STARTTLS"]);
    assert_eq!(encrypted.len(), 5, "{encrypted:?}");
}

// R-DP-04
#[tokio::test]
async fn a_server_without_starttls_is_told_nothing() {
    let sink = Sink::start().await;
    sink.offer("AUTH PLAIN LOGIN");
    let mailer = mailer(&format!("smtp://shop:secret@localhost:{}", sink.address.port()));
    assert_eq!(temporary(mailer.send(&mail()).await), "STARTTLS: not offered by the server");
    assert_eq!(texts(&sink), ["EHLO shop.example"]);
}

// R-DP-04
#[tokio::test]
async fn an_unknown_authority_or_a_wrong_name_is_not_trusted() {
    for tls in [Tls::FromTheStart, Tls::OnRequest] {
        let sink = Sink::with_tls(tls).await;
        let scheme = if tls == Tls::FromTheStart { "smtps" } else { "smtp" };
        let port = sink.address.port();

        let stranger = mailer(&format!("{scheme}://shop:secret@localhost:{port}"));
        let text = temporary(stranger.send(&mail()).await);
        assert!(text.contains("invalid peer certificate: UnknownIssuer"), "{text}");

        let misnamed = mailer(&format!("{scheme}://shop:secret@127.0.0.1:{port}"))
            .with_root_certificates(AUTHORITY)
            .unwrap();
        let text = temporary(misnamed.send(&mail()).await);
        assert!(text.contains("not valid for name"), "{text}");
        assert!(sink.lines().iter().all(|line| !line.is_encrypted), "{:?}", sink.lines());
    }
}

#[tokio::test]
async fn a_wrong_password_is_for_the_operator_to_correct_and_is_not_told() {
    let sink = Sink::start().await;
    sink.offer("AUTH PLAIN LOGIN");
    sink.when("AUTH", Reply::Say("535 5.7.8 shop: password hunter2 is wrong"));
    let mailer = mailer(&format!("smtp://shop:hunter2@{}?tls=none", sink.address));
    assert_eq!(temporary(mailer.check().await), "AUTH: the answer is 535 5.7.8");
    assert!(!format!("{mailer:?}").contains("hunter2"), "{mailer:?}");
    mailer.check().await.unwrap();
}

#[tokio::test]
async fn a_server_that_takes_no_password_is_not_used_without() {
    let sink = Sink::start().await;
    let mailer = mailer(&format!("smtp://shop:secret@{}?tls=none", sink.address));
    assert_eq!(
        temporary(mailer.send(&mail()).await),
        "AUTH: the server offers no method that the client knows"
    );
    assert!(sink.mails().is_empty());
}

#[test]
fn root_certificates_must_be_certificates() {
    let build = |pem: &[u8]| mailer("smtps://mail.example").with_root_certificates(pem).map(drop);
    assert_eq!(build(AUTHORITY), Ok(()));
    for pem in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        assert!(matches!(build(pem.as_bytes()), Err(SmtpError::Tls(_))), "{pem:?}");
    }
}
