//! The dialogue before TLS on a mail port (RFC 5321, RFC 3207).

use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::exchange::OpenError;
use crate::model::gap::GapReason;
use crate::net::{Connection, NetError};
use crate::wire::smtp::{BadReply, Reply, read_reply};

/// Time for the whole dialogue. Some exchangers greet late on purpose.
const PATIENCE: Duration = Duration::from_secs(20);
/// Most bytes of one reply.
const REPLY_BYTES: usize = 8_192;

/// Greets a mail server and asks for TLS. Afterwards TLS begins.
pub async fn smtp(connection: &mut Connection) -> Result<(), OpenError> {
    connection.set_idle_timeout(PATIENCE);
    let until = Instant::now() + PATIENCE;
    let mut early = Vec::new();
    let greeting = reply(connection, &mut early, until).await?;
    if greeting.code != 220 {
        return Err(refused("greeting", &greeting));
    }
    // We have no name to greet with, so we give our address (RFC 5321 section 4.1.3).
    let name = match connection.local_address().map(|address| address.ip()) {
        Ok(std::net::IpAddr::V6(ip)) => format!("[IPv6:{ip}]"),
        Ok(ip) => format!("[{ip}]"),
        Err(_) => "[127.0.0.1]".to_owned(),
    };
    send(connection, &format!("EHLO {name}\r\n"), until).await?;
    let capabilities = reply(connection, &mut early, until).await?;
    match capabilities.code {
        250 => {}
        // A server that knows HELO alone has no extensions.
        500 | 502 => return Err(OpenError::NoTls),
        _ => return Err(refused("EHLO", &capabilities)),
    }
    if !capabilities.offers("STARTTLS") {
        return Err(OpenError::NoTls);
    }
    send(connection, "STARTTLS\r\n", until).await?;
    let answer = reply(connection, &mut early, until).await?;
    match answer.code {
        // In TLS the client speaks first: what came already was sent in the clear, by the
        // server or by somebody on the way, and must not be taken for part of TLS.
        220 if !early.is_empty() => {
            let detail = "SMTP: more was sent behind the answer to STARTTLS, before TLS";
            Err(OpenError::Net(NetError::new(GapReason::Malformed, detail)))
        }
        220 => Ok(()),
        _ => Err(refused("STARTTLS", &answer)),
    }
}

fn refused(step: &str, reply: &Reply) -> OpenError {
    let text = reply.lines.first().map_or("", String::as_str);
    let detail = format!("{step} was answered with {} {text}", reply.code);
    OpenError::Net(NetError::new(GapReason::Refused, detail))
}

async fn send(connection: &mut Connection, line: &str, until: Instant) -> Result<(), OpenError> {
    timeout_at(until, connection.write_all(line.as_bytes()))
        .await
        .map_err(|_| late())?
        .map_err(|error| OpenError::Net(NetError::from_io(&error, "SMTP")))
}

/// The next reply. What comes behind it stays in `received`.
async fn reply(
    connection: &mut Connection,
    received: &mut Vec<u8>,
    until: Instant,
) -> Result<Reply, OpenError> {
    let mut buffer = [0; 1_024];
    loop {
        match read_reply(received) {
            Ok(Some((reply, taken))) => {
                received.drain(..taken.min(received.len()));
                return Ok(reply);
            }
            Ok(None) if received.len() <= REPLY_BYTES => {}
            Ok(None) | Err(BadReply::TooLong) => {
                let detail = "SMTP: a reply without end";
                return Err(OpenError::Net(NetError::new(GapReason::TooLarge, detail)));
            }
            // Not SMTP, hence no STARTTLS either.
            Err(BadReply::Malformed) => return Err(OpenError::NoTls),
        }
        let count = timeout_at(until, connection.read(&mut buffer))
            .await
            .map_err(|_| late())?
            .map_err(|error| OpenError::Net(NetError::from_io(&error, "SMTP")))?;
        if count == 0 {
            let detail = "SMTP: closed in the middle of the dialogue";
            return Err(OpenError::Net(NetError::new(GapReason::Reset, detail)));
        }
        received.extend_from_slice(buffer.get(..count).unwrap_or_default());
    }
}

fn late() -> OpenError {
    OpenError::Net(NetError::new(GapReason::Timeout, "SMTP: no answer in time"))
}
