//! A mail server that takes everything.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::spawn;

use crate::process::PATIENCE;

/// A mail server on a free port of this machine.
pub(crate) struct SmtpSink {
    /// Its URL.
    pub(crate) url: String,
    mails: Receiver<String>,
}

impl SmtpSink {
    pub(crate) fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("smtp://{}?tls=none", listener.local_addr().unwrap());
        let (sender, mails) = channel();
        spawn(move || {
            for stream in listener.incoming() {
                let sender = sender.clone();
                spawn(move || converse(&stream.unwrap(), &sender));
            }
        });
        Self { url, mails }
    }

    /// The next mail, as it travelled.
    pub(crate) fn mail(&self) -> String {
        self.mails.recv_timeout(PATIENCE).unwrap()
    }

    /// The 8-character code of the next mail.
    pub(crate) fn code(&self) -> String {
        let mail = self.mail();
        let is_code = |line: &&str| {
            line.len() == 8 && line.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        };
        let code = mail.lines().map(str::trim).find(is_code);
        code.unwrap_or_else(|| panic!("no code in {mail}")).to_owned()
    }
}

/// RFC 5321, as far as a client needs it; ends when the client hangs up.
fn converse(stream: &TcpStream, mails: &Sender<String>) {
    let say = |line: &str| {
        let mut stream = stream;
        stream.write_all(format!("{line}\r\n").as_bytes()).is_ok()
    };
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    say("220 sink");
    while let Some(line) = lines.next() {
        match line.split(' ').next().unwrap_or_default().to_ascii_uppercase().as_str() {
            "EHLO" => say("250-sink\r\n250 8BITMIME"),
            "DATA" => {
                say("354 go on");
                let mail: Vec<String> =
                    lines.by_ref().take_while(|line| line.as_str() != ".").collect();
                // A test that wants no mail has gone.
                let _ = mails.send(mail.join("\n"));
                say("250 taken")
            }
            "QUIT" => say("221 bye"),
            _ => say("250 fine"),
        };
    }
}
