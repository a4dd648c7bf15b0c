//! FTP (RFC 4217).

use super::{Dialogue, OpenError, mail::refused};
use crate::model::gap::GapReason;
use crate::wire::smtp::{BadReply, Reply};
use crate::wire::tls::starttls::ftp_reply;

/// Waits for a file server's greeting and asks for TLS.
pub(super) async fn ftp(dialogue: &mut Dialogue<'_>) -> Result<(), OpenError> {
    let greeting = reply(dialogue).await?;
    if greeting.code != 220 {
        return Err(refused(dialogue, "greeting", &greeting));
    }
    dialogue.send(b"AUTH TLS\r\n").await?;
    let answer = reply(dialogue).await?;
    match answer.code {
        234 => Ok(()),
        // Not known or not implemented.
        500 | 502 | 504 => Err(OpenError::NoTls),
        // Servers without TLS ask for a name first: does it name TLS (RFC 4217 section 6)?
        530 => {
            dialogue.send(b"FEAT\r\n").await?;
            let features = reply(dialogue).await?;
            let has_tls = |line: &String| line.to_ascii_uppercase().starts_with("AUTH");
            match features.code {
                211 if !features.lines.iter().any(has_tls) => Err(OpenError::NoTls),
                _ => Err(refused(dialogue, "AUTH TLS", &answer)),
            }
        }
        _ => Err(refused(dialogue, "AUTH TLS", &answer)),
    }
}

/// The next reply. What comes behind it stays.
async fn reply(dialogue: &mut Dialogue<'_>) -> Result<Reply, OpenError> {
    loop {
        match ftp_reply(&dialogue.received) {
            Ok(Some((reply, taken))) => {
                let taken = taken.min(dialogue.received.len());
                dialogue.received.drain(..taken);
                return Ok(reply);
            }
            Ok(None) => dialogue.more().await?,
            Err(BadReply::TooLong) => {
                return Err(dialogue.error(GapReason::TooLarge, "a reply without end"));
            }
            // Another protocol, hence no TLS after it either.
            Err(BadReply::Malformed) => return Err(OpenError::NoTls),
        }
    }
}
