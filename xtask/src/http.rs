//! A small HTTP/1.1 client: prepared bytes out, minimal parsing in.
//!
//! The load generator shares the machine with the server, so it must cost less per request than the
//! server does. A general client does not.

mod head;

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use head::{Framing, Head};

/// One keep-alive connection, used for one request at a time.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    joined: Vec<u8>,
}

/// The answer to one request; borrows the connection's buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer<'a> {
    /// The status code.
    pub(crate) status: u16,
    /// Whether the server closes the connection after it.
    pub(crate) closes: bool,
    /// The body, without its framing.
    pub(crate) body: &'a [u8],
    head: &'a [u8],
}

impl Connection {
    /// Connects, without delay for small writes.
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(8 * 1024), joined: Vec::new() })
    }

    /// Sends one request and reads its whole answer.
    ///
    /// An error leaves open whether the server acted on the request.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            match Head::parse(&self.buffer).map_err(malformed)? {
                Some(head) => break head,
                None => self.fill().await?,
            }
        };
        let body = match head.framing {
            Framing::Length(length) => {
                while self.buffer.len() < head.length + length {
                    self.fill().await?;
                }
                if self.buffer.len() > head.length + length {
                    return Err(malformed("more bytes than announced"));
                }
                &self.buffer[head.length..]
            }
            Framing::Chunked => {
                while !head::join_chunks(&self.buffer[head.length..], &mut self.joined)
                    .map_err(malformed)?
                {
                    self.fill().await?;
                }
                &self.joined[..]
            }
        };
        let head_bytes = &self.buffer[..head.length];
        Ok(Answer { status: head.status, closes: head.closes, body, head: head_bytes })
    }

    async fn fill(&mut self) -> io::Result<()> {
        self.buffer.reserve(4 * 1024);
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::Error::new(ErrorKind::UnexpectedEof, "the server hung up")),
            _ => Ok(()),
        }
    }
}

impl<'a> Answer<'a> {
    /// Every field, in order.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (String, String)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        head::fields(self.head).map(move |(name, value)| (text(name), text(value)))
    }

    /// The first field of this name.
    pub(crate) fn header(&self, name: &str) -> Option<&'a str> {
        head::fields(self.head)
            .find(|(field, _)| field.eq_ignore_ascii_case(name.as_bytes()))
            .and_then(|(_, value)| str::from_utf8(value).ok())
    }
}

fn malformed(what: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}
