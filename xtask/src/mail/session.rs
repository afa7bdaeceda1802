use std::io;
use std::sync::atomic::Ordering;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::{Inbox, Letter};

/// Accepts connections until it is dropped.
pub(super) async fn serve(listener: TcpListener, inbox: Inbox) {
    while let Ok((stream, _)) = listener.accept().await {
        let inbox = inbox.clone();
        tokio::spawn(async move {
            // A client that was killed half-way is no news here.
            let _hung_up = converse(stream, &inbox).await;
        });
    }
}

/// One SMTP session (RFC 5321), as far as it takes to receive.
async fn converse(stream: TcpStream, inbox: &Inbox) -> Result<()> {
    let mut stream = BufReader::new(stream);
    let mut recipients: Vec<String> = Vec::new();
    answer(&mut stream, "220 sink ESMTP").await?;
    loop {
        let line = line(&mut stream).await?;
        let verb: String = line.chars().take(4).collect::<String>().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => {
                answer(&mut stream, "250-sink\r\n250-AUTH PLAIN\r\n250-8BITMIME\r\n250 SMTPUTF8")
                    .await?;
            }
            "AUTH" => answer(&mut stream, "235 welcome").await?,
            "RCPT" => {
                recipients.push(path(&line)?.to_owned());
                answer(&mut stream, "250 ok").await?;
            }
            "DATA" => {
                answer(&mut stream, "354 go on").await?;
                let data = data(&mut stream).await?;
                for to in recipients.drain(..) {
                    inbox.put(Letter::read(&to, &data)?);
                }
                let defers = inbox.0.defers.load(Ordering::SeqCst);
                answer(&mut stream, if defers { "451 later" } else { "250 taken" }).await?;
            }
            "QUIT" => return Ok(answer(&mut stream, "221 bye").await?),
            "RSET" => {
                recipients.clear();
                answer(&mut stream, "250 ok").await?;
            }
            "HELO" | "MAIL" | "NOOP" => answer(&mut stream, "250 ok").await?,
            _ => answer(&mut stream, "502 not known here").await?,
        }
    }
}

/// The mailbox between the brackets.
fn path(line: &str) -> Result<&str> {
    let (_, rest) = line.split_once('<').context("a recipient without brackets")?;
    let (path, _) = rest.split_once('>').context("a recipient without brackets")?;
    Ok(path)
}

/// A mail up to the lonely dot, the doubled dots undone.
async fn data(stream: &mut BufReader<TcpStream>) -> Result<String> {
    let mut data = String::new();
    loop {
        let line = line(stream).await?;
        if line == "." {
            return Ok(data);
        }
        data.push_str(line.strip_prefix('.').unwrap_or(&line));
        data.push_str("\r\n");
    }
}

async fn line(stream: &mut BufReader<TcpStream>) -> Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    match line.strip_suffix("\r\n") {
        Some(line) => Ok(line.to_owned()),
        None => bail!("the client hung up"),
    }
}

async fn answer(stream: &mut BufReader<TcpStream>, text: &str) -> io::Result<()> {
    stream.write_all(format!("{text}\r\n").as_bytes()).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::Sink;

    #[tokio::test]
    async fn a_mail_is_received_with_its_dots() {
        let sink = Sink::open(String::from("secret")).await.unwrap();
        let mut stream = BufReader::new(TcpStream::connect(sink.address).await.unwrap());
        let link = format!("dw_cd_{}", "b".repeat(49));
        let mut said = Vec::new();
        said.push(line(&mut stream).await.unwrap());
        let mail = format!("DATA\r\nMessage-ID: <1>\r\n\r\n..{link}\r\n.");
        for ask in ["EHLO x", "MAIL FROM:<a@b.example>", "RCPT TO:<ada@example.com>", &mail, "QUIT"]
        {
            stream.write_all(format!("{ask}\r\n").as_bytes()).await.unwrap();
        }
        while let Ok(line) = line(&mut stream).await {
            said.push(line);
        }
        assert!(said.iter().all(|line| line.starts_with(['2', '3'])), "{said:?}");
        assert_eq!(sink.inbox().take("ada@example.com").unwrap().link().unwrap(), link);
    }
}
