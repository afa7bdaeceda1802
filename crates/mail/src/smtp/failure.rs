use std::error::Error as StdError;
use std::fmt;
use std::io;

use durward_core::MailError;
use lettre::transport::smtp::Error as LettreError;

/// How far a delivery has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Connect,
    Encrypt,
    Authenticate,
    Sender,
    Recipient,
    Content,
}

impl Step {
    /// Whether a refusal at this step is about this one mail; before, it is about the deployment.
    const fn is_about_the_mail(self) -> bool {
        matches!(self, Self::Recipient | Self::Content)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting",
            Self::Encrypt => "STARTTLS",
            Self::Authenticate => "AUTH",
            Self::Sender => "MAIL FROM",
            Self::Recipient => "RCPT TO",
            Self::Content => "DATA",
        })
    }
}

/// What a failure means for the mail.
///
/// Of a reply, only its numbers are told: the words often repeat the address (R-LG-02).
pub(super) fn of(step: Step, error: &LettreError) -> MailError {
    let Some(status) = error.status() else {
        return MailError::Temporary(format!("{step}: {}", cause(step, error)));
    };
    let words = error.source().map(ToString::to_string).unwrap_or_default();
    let enhanced = Enhanced::read(&words);
    let reply = Reply { status: status.into(), enhanced };
    let text = format!("{step}: the answer is {reply}");
    if step.is_about_the_mail() && reply.is_final() {
        MailError::Permanent(text)
    } else {
        MailError::Temporary(text)
    }
}

/// No answer came in time.
pub(super) fn late(step: Step) -> MailError {
    MailError::Temporary(format!("{step}: no answer in time"))
}

/// The server lists no STARTTLS, so either it has none or somebody on the way removed it.
pub(super) fn needs_starttls() -> MailError {
    MailError::Temporary(format!("{}: not offered by the server", Step::Encrypt))
}

/// The address has letters outside ASCII, and the server does not take those (RFC 6531).
pub(super) fn needs_smtputf8() -> MailError {
    MailError::Permanent(String::from("the server takes no addresses outside ASCII"))
}

/// Whether client and server still agree on whose turn it is.
pub(super) fn leaves_connection_usable(error: &LettreError) -> bool {
    const CLOSING: u16 = 421;
    error.status().is_some_and(|status| u16::from(status) != CLOSING)
}

#[derive(Clone, Copy)]
struct Reply {
    status: u16,
    enhanced: Option<Enhanced>,
}

/// An enhanced status code (RFC 3463).
#[derive(Clone, Copy)]
struct Enhanced {
    class: u16,
    subject: u16,
    detail: u16,
}

impl Reply {
    /// Whether the same mail will get the same reply whatever the operator does.
    ///
    /// Not so if the server wants to know who is asking, or refuses by policy (X.7.Z): a missing
    /// password, a relay that does not know us, a signature. Attempts are counted anyway.
    fn is_final(self) -> bool {
        const POLICY: u16 = 7;
        // 503 bad sequence (RFC 5321), 530 534 535 538 authentication (RFC 4954), 521 no mail here (RFC 7504)
        let is_for_the_operator = matches!(self.status, 503 | 521 | 530 | 534 | 535 | 538)
            || self.enhanced.is_some_and(|enhanced| enhanced.subject == POLICY);
        self.status >= 500 && !is_for_the_operator
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        if let Some(Enhanced { class, subject, detail }) = self.enhanced {
            write!(f, " {class}.{subject}.{detail}")?;
        }
        Ok(())
    }
}

impl Enhanced {
    /// The code that the words of a reply begin with.
    fn read(words: &str) -> Option<Self> {
        let number = |text: &str| {
            let is_short = (1..=3).contains(&text.len());
            if is_short && text.bytes().all(|byte| byte.is_ascii_digit()) {
                text.parse().ok()
            } else {
                None
            }
        };
        let mut numbers = words.split_whitespace().next()?.split('.').map(number);
        let code =
            Self { class: numbers.next()??, subject: numbers.next()??, detail: numbers.next()?? };
        (numbers.next().is_none() && matches!(code.class, 4 | 5)).then_some(code)
    }
}

/// What went wrong without a reply, in words of this machine.
fn cause(step: Step, error: &LettreError) -> String {
    if error.is_response() {
        return String::from("the answer is not SMTP");
    }
    if error.is_client() {
        let is_about_the_password = step == Step::Authenticate;
        return String::from(if is_about_the_password {
            "the server offers no method that the client knows"
        } else {
            "the client cannot go on"
        });
    }
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return of_io(step, error);
        }
        source = error.source();
    }
    String::from("the connection failed")
}

fn of_io(step: Step, error: &io::Error) -> String {
    // Until TLS stands nothing was said about a mail, so name resolution and certificates may explain.
    let may_explain = matches!(step, Step::Connect | Step::Encrypt);
    let explained = error.get_ref().filter(|_| may_explain).map(ToString::to_string);
    match explained {
        Some(text) if !text.contains('@') => {
            text.chars().filter(|c| !c.is_control()).take(200).collect()
        }
        _ => error.kind().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, words: &str) -> Reply {
        Reply { status, enhanced: Enhanced::read(words) }
    }

    #[test]
    fn only_the_numbers_of_a_reply_are_read() {
        for (status, words, shown) in [
            (550, "5.1.1 <ada@example.com>: user unknown", "550 5.1.1"),
            (550, "<ada@example.com>: user unknown", "550"),
            (550, "5.1.1<ada@example.com>", "550"),
            (550, "5.1.1.ada", "550"),
            (550, "5.1", "550"),
            (550, "5.1234.1 x", "550"),
            (550, "2.1.5 x", "550"),
            (550, "", "550"),
            (451, "4.7.1 try later", "451 4.7.1"),
        ] {
            assert_eq!(reply(status, words).to_string(), shown, "{words}");
        }
    }

    #[test]
    fn a_refusal_of_the_mailbox_is_final_and_one_that_the_operator_can_end_is_not() {
        for (status, words) in [
            (550, "5.1.1 no such user"),
            (550, "no such user"),
            (551, "not here"),
            (552, "5.2.2 mailbox full"),
            (553, "5.1.3 bad address"),
            (554, "5.6.0 broken"),
            (501, "5.1.3 syntax"),
        ] {
            assert!(reply(status, words).is_final(), "{status} {words}");
        }
        for (status, words) in [
            (421, "closing"),
            (450, "4.2.1 busy"),
            (452, "4.2.2 full"),
            (503, "5.5.1 bad sequence"),
            (521, "no mail"),
            (530, "5.7.0 authentication required"),
            (535, "5.7.8 bad password"),
            (554, "5.7.1 relay access denied"),
        ] {
            assert!(!reply(status, words).is_final(), "{status} {words}");
        }
    }

    #[test]
    fn only_what_follows_the_sender_is_about_the_mail() {
        for step in [Step::Connect, Step::Encrypt, Step::Authenticate, Step::Sender] {
            assert!(!step.is_about_the_mail(), "{step}");
        }
        for step in [Step::Recipient, Step::Content] {
            assert!(step.is_about_the_mail(), "{step}");
        }
    }

    #[test]
    fn a_system_error_explains_itself_only_before_tls_stands_and_without_addresses() {
        let error = |text: &'static str| io::Error::new(io::ErrorKind::InvalidData, text);
        let unknown = error("invalid peer certificate: UnknownIssuer");
        assert_eq!(of_io(Step::Connect, &unknown), "invalid peer certificate: UnknownIssuer");
        assert_eq!(of_io(Step::Content, &unknown), "invalid data");
        assert_eq!(of_io(Step::Connect, &error("ada@example.com")), "invalid data");
        assert_eq!(of_io(Step::Encrypt, &error("a\r\nb")), "ab");
    }
}
