//! The dialogues that come before TLS on ports of other protocols.

use serde::Serialize;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::exchange::OpenError;
use crate::model::gap::GapReason;
use crate::net::{Connection, NetError};
use crate::wire::{text::clean_bytes, tls::starttls::Word};

mod binary;
mod ftp;
mod mail;
mod text;

/// Time for the whole dialogue. Some exchangers greet late on purpose, by about
/// 6 seconds; a tarpit must not cost more than 10.
const PATIENCE: Duration = Duration::from_secs(9);
/// Most bytes of one answer.
const ANSWER_BYTES: usize = 8_192;
/// Most bytes of a refusal that are shown.
const TEXT_MAX: usize = 200;

/// A protocol that is upgraded to TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Mail transfer (RFC 3207).
    Smtp,
    /// Mail delivery (RFC 2033).
    Lmtp,
    /// Mailboxes (RFC 9051).
    Imap,
    /// Mailboxes (RFC 2595).
    Pop3,
    /// Directories (RFC 4511).
    Ldap,
    /// Chat, as a client (RFC 6120).
    Xmpp,
    /// Chat, as another server (RFC 6120).
    XmppServer,
    /// Files (RFC 4217).
    Ftp,
    /// PostgreSQL.
    Postgresql,
    /// MySQL and MariaDB.
    Mysql,
    /// Filters of mailboxes (RFC 5804).
    Sieve,
}

impl Protocol {
    /// Its name in facts, which is also OpenSSL's (`s_client -starttls`).
    pub fn name(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Lmtp => "lmtp",
            Self::Imap => "imap",
            Self::Pop3 => "pop3",
            Self::Ldap => "ldap",
            Self::Xmpp => "xmpp",
            Self::XmppServer => "xmpp-server",
            Self::Ftp => "ftp",
            Self::Postgresql => "postgres",
            Self::Mysql => "mysql",
            Self::Sieve => "sieve",
        }
    }

    /// The port on which it is offered by default.
    pub fn port(self) -> u16 {
        match self {
            Self::Smtp => 25,
            Self::Lmtp => 24,
            Self::Imap => 143,
            Self::Pop3 => 110,
            Self::Ldap => 389,
            Self::Xmpp => 5_222,
            Self::XmppServer => 5_269,
            Self::Ftp => 21,
            Self::Postgresql => 5_432,
            Self::Mysql => 3_306,
            Self::Sieve => 4_190,
        }
    }
}

/// Asks for TLS. Afterwards TLS begins.
pub async fn upgrade(
    connection: &mut Connection,
    protocol: Protocol,
    host: &str,
) -> Result<(), OpenError> {
    connection.set_idle_timeout(PATIENCE);
    let mut dialogue = Dialogue {
        connection,
        name: protocol.name(),
        received: Vec::new(),
        until: Instant::now() + PATIENCE,
    };
    match protocol {
        Protocol::Smtp | Protocol::Lmtp => mail::transfer(&mut dialogue, protocol).await,
        Protocol::Ftp => ftp::ftp(&mut dialogue).await,
        Protocol::Imap => text::imap(&mut dialogue).await,
        Protocol::Pop3 => text::pop3(&mut dialogue).await,
        Protocol::Sieve => text::sieve(&mut dialogue).await,
        Protocol::Xmpp => text::xmpp(&mut dialogue, host, "jabber:client").await,
        Protocol::XmppServer => text::xmpp(&mut dialogue, host, "jabber:server").await,
        Protocol::Ldap => binary::ldap(&mut dialogue).await,
        Protocol::Postgresql => binary::postgresql(&mut dialogue).await,
        Protocol::Mysql => binary::mysql(&mut dialogue).await,
    }?;
    // In TLS the client speaks first: what came already was sent in the clear, by the
    // server or by somebody on the way, and must not be taken for part of TLS.
    if dialogue.received.is_empty() {
        Ok(())
    } else {
        let detail = "more was sent behind the answer to STARTTLS, before TLS";
        Err(dialogue.error(GapReason::Malformed, detail))
    }
}

/// A dialogue with a server.
struct Dialogue<'a> {
    connection: &'a mut Connection,
    name: &'static str,
    received: Vec<u8>,
    until: Instant,
}

impl Dialogue<'_> {
    async fn send(&mut self, bytes: &[u8]) -> Result<(), OpenError> {
        match timeout_at(self.until, self.connection.write_all(bytes)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(OpenError::Net(NetError::from_io(&error, self.name))),
            Err(_) => Err(self.late()),
        }
    }

    /// Waits for more bytes.
    async fn more(&mut self) -> Result<(), OpenError> {
        if self.received.len() > ANSWER_BYTES {
            return Err(self.error(GapReason::TooLarge, "an answer without end"));
        }
        let mut buffer = [0; 1_024];
        let count = match timeout_at(self.until, self.connection.read(&mut buffer)).await {
            Ok(Ok(count)) => count,
            Ok(Err(error)) => return Err(OpenError::Net(NetError::from_io(&error, self.name))),
            Err(_) => return Err(self.late()),
        };
        if count == 0 {
            return Err(self.error(GapReason::Reset, "closed in the middle of the dialogue"));
        }
        self.received
            .extend_from_slice(buffer.get(..count).unwrap_or_default());
        Ok(())
    }

    /// The next line, without its end.
    async fn line(&mut self) -> Result<String, OpenError> {
        loop {
            if let Some(end) = self.received.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.received.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            self.more().await?;
        }
    }

    /// What the server says, once `read` understands it. What comes behind it stays.
    async fn word(
        &mut self,
        read: impl Fn(&[u8]) -> Option<(Word, usize)>,
    ) -> Result<(), OpenError> {
        loop {
            let Some((word, taken)) = read(&self.received) else {
                self.more().await?;
                continue;
            };
            let taken = taken.min(self.received.len());
            let answer: Vec<u8> = self.received.drain(..taken).collect();
            return match word {
                Word::Yes => Ok(()),
                Word::No | Word::Foreign => Err(OpenError::NoTls),
                Word::Refused => Err(self.refused(&clean_bytes(&answer, TEXT_MAX))),
            };
        }
    }

    fn refused(&self, text: &str) -> OpenError {
        self.error(GapReason::Refused, &format!("the server refused: {text}"))
    }

    fn late(&self) -> OpenError {
        self.error(GapReason::Timeout, "no answer in time")
    }

    fn error(&self, reason: GapReason, detail: &str) -> OpenError {
        OpenError::Net(NetError::new(reason, format!("{}: {detail}", self.name)))
    }
}
