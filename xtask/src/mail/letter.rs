use anyhow::{Context, Result};
use data_encoding::BASE64;

const TYPED_ALPHABET: &str = "23456789BCDFGHJKLMNPQRSTVWXZ";
const TYPED_LENGTH: usize = 8;
/// Of a code, and of an invitation.
const LINK_PREFIXES: [&str; 2] = ["dw_cd_", "dw_iv_"];
const LINK_LENGTH: usize = 55;

/// A mail that arrived, as far as a run needs it.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    /// Its `Message-ID`.
    pub(crate) id: String,
    /// The mailbox that it was sent to.
    pub(crate) to: String,
    /// Its subject.
    pub(crate) subject: String,
    /// The code of the link.
    pub(crate) link: Option<String>,
    /// The code to type.
    pub(crate) typed: Option<String>,
}

impl Letter {
    /// Reads a mail (RFC 5322) with its parts (RFC 2045).
    pub(super) fn read(to: &str, data: &str) -> Result<Self> {
        let (head, body) = data.split_once("\r\n\r\n").context("a mail without a body")?;
        let id = field(head, "message-id").context("a mail without a Message-ID")?;
        let text = text_part(head, body)?;
        Ok(Self {
            id,
            to: to.to_owned(),
            subject: field(head, "subject").unwrap_or_default(),
            link: link(&text),
            typed: typed(&text),
        })
    }

    /// The code of the link, which this mail must have.
    pub(crate) fn link(&self) -> Result<&str> {
        self.link.as_deref().with_context(|| format!("the mail {:?} has no link", self.subject))
    }

    /// The code to type, which this mail must have.
    pub(crate) fn typed(&self) -> Result<&str> {
        self.typed.as_deref().with_context(|| format!("the mail {:?} has no code", self.subject))
    }
}

/// The decoded plain text: the body itself, or the first part of several.
fn text_part(head: &str, body: &str) -> Result<String> {
    let Some(boundary) = field(head, "content-type").and_then(|value| boundary(&value)) else {
        return decode(head, body);
    };
    let part = body.split(&format!("--{boundary}\r\n")).nth(1).context("a mail without parts")?;
    let end = format!("\r\n--{boundary}");
    let part = part.split(&end).next().unwrap_or_default();
    let (head, body) = part.split_once("\r\n\r\n").context("a part without a body")?;
    text_part(head, body)
}

fn decode(head: &str, body: &str) -> Result<String> {
    let encoding = field(head, "content-transfer-encoding").unwrap_or_default();
    let bytes = match encoding.to_ascii_lowercase().as_str() {
        "base64" => BASE64.decode(body.split_ascii_whitespace().collect::<String>().as_bytes())?,
        "quoted-printable" => unquote(body),
        _ => body.as_bytes().to_vec(),
    };
    String::from_utf8(bytes).context("a part that is no text")
}

/// Undoes quoted-printable (RFC 2045, 6.7).
fn unquote(text: &str) -> Vec<u8> {
    let joined = text.replace("=\r\n", "");
    let mut parts = joined.split('=');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let code = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match code {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend_from_slice(&part.as_bytes()[2..]);
            }
            None => bytes.extend_from_slice(part.as_bytes()),
        }
    }
    bytes
}

/// The value of a field, unfolded.
fn field(head: &str, name: &str) -> Option<String> {
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    unfolded.lines().find_map(|line| {
        let (field, value) = line.split_once(':')?;
        field.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}

fn boundary(content_type: &str) -> Option<String> {
    let (_, rest) = content_type.split_once("boundary=")?;
    let rest = rest.split(';').next()?.trim();
    Some(rest.trim_matches('"').to_owned())
}

fn link(text: &str) -> Option<String> {
    let start = LINK_PREFIXES.iter().find_map(|prefix| text.find(prefix))?;
    let code = text.get(start..start + LINK_LENGTH)?;
    let mut random = code.bytes().skip("dw_cd_".len());
    random.all(|byte| byte.is_ascii_alphanumeric()).then(|| code.into())
}

/// The line that holds nothing but a code.
fn typed(text: &str) -> Option<String> {
    text.lines()
        .map(|line| line.trim().replace(['-', ' '], ""))
        .find(|line| line.len() == TYPED_LENGTH && line.chars().all(|c| TYPED_ALPHABET.contains(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(encoding: &str, text: &str) -> String {
        format!(
            "Message-ID: <m1@example.com>\r\nSubject: Finish\r\n signing up\r\n\
             Content-Type: multipart/alternative;\r\n boundary=\"=_m1\"\r\n\r\n\
             --=_m1\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: {encoding}\r\n\r\n{text}\r\n\
             --=_m1\r\nContent-Type: text/html\r\n\r\n<p>OTHER234</p>\r\n--=_m1--\r\n"
        )
    }

    #[test]
    fn both_forms_of_a_code_are_found_in_every_encoding() {
        let link = format!("dw_cd_{}", "a".repeat(49));
        let text = format!("Hello,\r\n\r\n    BCDF-2345\r\n\r\nhttps://x/#code={link}\r\n");
        let (first, second) = link.split_at(20);
        let quoted =
            format!("H=C3=A9\r\n    BCDF2345\r\nhttps://x/#code=3D{first}=\r\n{second}\r\n");
        let encoded = BASE64.encode(text.as_bytes());
        for mail in [
            mail("7bit", &text),
            mail("quoted-printable", &quoted),
            mail("base64", &format!("{}\r\n{}", &encoded[..40], &encoded[40..])),
        ] {
            let letter = Letter::read("ada@example.com", &mail).unwrap();
            assert_eq!(letter.id, "<m1@example.com>");
            assert_eq!(letter.subject, "Finish signing up");
            assert_eq!(letter.link().unwrap(), link);
            assert_eq!(letter.typed().unwrap(), "BCDF2345");
        }
    }

    #[test]
    fn a_mail_without_a_code_has_none() {
        let letter = Letter::read("a@b.example", &mail("7bit", "PASSWORD\r\ndw_cd_short")).unwrap();
        assert!(letter.link().is_err());
        assert!(letter.typed().is_err());
        assert!(Letter::read("a@b.example", "Subject: x\r\n\r\n").is_err());
    }
}
