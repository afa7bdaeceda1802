/// What the first part of an answer says about the rest (RFC 9112).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    /// How many bytes it takes, with the empty line.
    pub(super) length: usize,
    pub(super) framing: Framing,
    pub(super) closes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length(usize),
    Chunked,
}

impl Head {
    /// Reads a head; `None` while it is incomplete.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<Self>, &'static str> {
        let Some(end) = find(bytes, b"\r\n\r\n") else {
            return if bytes.len() > 64 * 1024 { Err("the head has no end") } else { Ok(None) };
        };
        let head = &bytes[..end + 2];
        let status = status(head).ok_or("not a status line of HTTP/1.1")?;
        let (mut length, mut chunked, mut closes) = (None, false, false);
        for (name, value) in fields(head) {
            if name.eq_ignore_ascii_case(b"content-length") {
                let announced = number(value).ok_or("the content length is no number")?;
                if length.replace(announced).is_some_and(|before| before != announced) {
                    return Err("two content lengths");
                }
            } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
                chunked = value.eq_ignore_ascii_case(b"chunked");
            } else if name.eq_ignore_ascii_case(b"connection") {
                closes |= value.eq_ignore_ascii_case(b"close");
            }
        }
        let framing = match (status, length, chunked) {
            (_, Some(_), true) => return Err("both a length and chunks"),
            (204 | 304, _, _) => Framing::Length(0),
            (_, _, true) => Framing::Chunked,
            (_, Some(length), false) => Framing::Length(length),
            (_, None, false) => return Err("neither a length nor chunks"),
        };
        Ok(Some(Self { status, length: end + 4, framing, closes }))
    }
}

/// The fields of a head; its first line is none of them.
pub(super) fn fields(head: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    head.split(|byte| *byte == b'\n').skip(1).filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        Some((&line[..colon], line[colon + 1..].trim_ascii()))
    })
}

/// Joins the chunks of a body; answers whether the last one is there.
pub(super) fn join_chunks(mut bytes: &[u8], joined: &mut Vec<u8>) -> Result<bool, &'static str> {
    joined.clear();
    loop {
        let Some(end) = find(bytes, b"\r\n") else {
            return Ok(false);
        };
        let size = bytes[..end].split(|byte| *byte == b';').next().unwrap_or_default();
        let size = str::from_utf8(size).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
        let size = size.ok_or("the size of a chunk is no number")?;
        let rest = &bytes[end + 2..];
        let Some((chunk, rest)) = rest.split_at_checked(size) else {
            return Ok(false);
        };
        let Some((line_end, rest)) = rest.split_at_checked(2) else {
            return Ok(false);
        };
        if line_end != b"\r\n" {
            return Err("a chunk is longer than announced");
        }
        if size == 0 {
            return if rest.is_empty() { Ok(true) } else { Err("more bytes than announced") };
        }
        joined.extend_from_slice(chunk);
        bytes = rest;
    }
}

fn status(head: &[u8]) -> Option<u16> {
    let rest = head.strip_prefix(b"HTTP/1.1 ")?;
    let (code, rest) = rest.split_at_checked(3)?;
    let ends = rest.first().is_some_and(|byte| matches!(byte, b' ' | b'\r'));
    number(code).filter(|code| ends && *code >= 200).and_then(|code| u16::try_from(code).ok())
}

fn number(digits: &[u8]) -> Option<usize> {
    let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    str::from_utf8(digits).ok().filter(|_| plain)?.parse().ok()
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &[u8] =
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\ncontent-length: 2\r\n\r\n{}";

    #[test]
    fn an_incomplete_head_is_waited_for() {
        for cut in 0..PLAIN.len() - 2 {
            assert_eq!(Head::parse(&PLAIN[..cut]), Ok(None), "{cut}");
        }
        let head = Head::parse(PLAIN).unwrap().unwrap();
        assert_eq!(head.status, 200);
        assert_eq!(head.length, PLAIN.len() - 2);
        assert_eq!(head.framing, Framing::Length(2));
        assert!(!head.closes);
    }

    #[test]
    fn fields_are_found_whatever_their_case_and_spaces() {
        let found: Vec<_> = fields(b"HTTP/1.1 200 OK\r\nA:b\r\nRetry-After:  7 \r\n").collect();
        assert_eq!(found, [(&b"A"[..], &b"b"[..]), (&b"Retry-After"[..], &b"7"[..])]);
    }

    #[test]
    fn an_answer_without_content_needs_no_length() {
        let head = Head::parse(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").unwrap();
        let head = head.unwrap();
        assert_eq!(head.framing, Framing::Length(0));
        assert!(head.closes);
    }

    #[test]
    fn ambiguous_or_foreign_answers_are_refused() {
        for wrong in [
            "HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 100 Continue\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: +1\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
        ] {
            assert!(Head::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
        assert!(Head::parse("x".repeat(70_000).as_bytes()).is_err());
    }

    #[test]
    fn chunks_are_joined_once_all_are_there() {
        let body = b"4\r\nWiki\r\n5;x=y\r\npedia\r\n0\r\n\r\n";
        let mut joined = Vec::new();
        for cut in 0..body.len() {
            assert_eq!(join_chunks(&body[..cut], &mut joined), Ok(false), "{cut}");
        }
        assert_eq!(join_chunks(body, &mut joined), Ok(true));
        assert_eq!(joined, b"Wikipedia");
        assert!(join_chunks(b"x\r\n", &mut joined).is_err());
        assert!(join_chunks(b"1\r\nabc\r\n", &mut joined).is_err());
        assert!(join_chunks(b"0\r\n\r\nHTTP", &mut joined).is_err());
    }
}
