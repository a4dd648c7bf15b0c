//! Mail transfer and delivery: SMTP and LMTP (RFC 5321, RFC 3207, RFC 2033).

use super::{Dialogue, OpenError, Protocol};
use crate::model::gap::GapReason;
use crate::wire::smtp::{BadReply, Reply, read_reply};

/// Greets a mail server and asks for TLS.
pub(super) async fn transfer(
    dialogue: &mut Dialogue<'_>,
    protocol: Protocol,
) -> Result<(), OpenError> {
    let greeting = reply(dialogue).await?;
    if greeting.code != 220 {
        return Err(refused(dialogue, "greeting", &greeting));
    }
    // We have no name to greet with, so we give our address (RFC 5321 section 4.1.3).
    let local = dialogue.connection.local_address();
    let name = match local.map(|address| address.ip()) {
        Ok(std::net::IpAddr::V6(ip)) => format!("[IPv6:{ip}]"),
        Ok(ip) => format!("[{ip}]"),
        Err(_) => "[127.0.0.1]".to_owned(),
    };
    let greet = match protocol {
        Protocol::Lmtp => "LHLO",
        _ => "EHLO",
    };
    dialogue
        .send(format!("{greet} {name}\r\n").as_bytes())
        .await?;
    let capabilities = reply(dialogue).await?;
    match capabilities.code {
        250 => {}
        // A server that knows HELO alone has no extensions.
        500 | 502 => return Err(OpenError::NoTls),
        _ => return Err(refused(dialogue, greet, &capabilities)),
    }
    if !capabilities.offers("STARTTLS") {
        return Err(OpenError::NoTls);
    }
    dialogue.send(b"STARTTLS\r\n").await?;
    let answer = reply(dialogue).await?;
    match answer.code {
        220 => Ok(()),
        _ => Err(refused(dialogue, "STARTTLS", &answer)),
    }
}

pub(super) fn refused(dialogue: &Dialogue<'_>, step: &str, reply: &Reply) -> OpenError {
    let text = reply.lines.first().map_or("", String::as_str);
    let detail = format!("{step} was answered with {} {text}", reply.code);
    dialogue.error(GapReason::Refused, &detail)
}

/// The next reply in the words of mail.
async fn reply(dialogue: &mut Dialogue<'_>) -> Result<Reply, OpenError> {
    reply_by(dialogue, read_reply).await
}

/// The next reply. What comes behind it stays. `read` gives a reply with its length
/// in bytes, or nothing while it is not whole.
pub(super) async fn reply_by(
    dialogue: &mut Dialogue<'_>,
    read: impl Fn(&[u8]) -> Result<Option<(Reply, usize)>, BadReply>,
) -> Result<Reply, OpenError> {
    loop {
        match read(&dialogue.received) {
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
