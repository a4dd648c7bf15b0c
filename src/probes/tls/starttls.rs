//! The dialogue before TLS on a mail port (RFC 5321, RFC 3207).

use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::exchange::OpenError;
use crate::model::gap::GapReason;
use crate::net::{Connection, NetError};
use crate::wire::text::clean_bytes;

/// Time for the whole dialogue. Some exchangers greet late on purpose.
const PATIENCE: Duration = Duration::from_secs(20);
/// Most bytes of one reply.
const REPLY_BYTES: usize = 8_192;

/// Greets a mail server and asks for TLS. Afterwards TLS begins.
pub async fn smtp(connection: &mut Connection) -> Result<(), OpenError> {
    connection.set_idle_timeout(PATIENCE);
    let until = Instant::now() + PATIENCE;
    let greeting = reply(connection, until).await?;
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
    let capabilities = reply(connection, until).await?;
    match capabilities.code {
        250 => {}
        // A server that knows HELO alone has no extensions.
        500 | 502 => return Err(OpenError::NoTls("EHLO is not known".to_owned())),
        _ => return Err(refused("EHLO", &capabilities)),
    }
    let offers = capabilities.lines.iter().skip(1);
    if !offers
        .into_iter()
        .any(|line| line.eq_ignore_ascii_case("STARTTLS"))
    {
        return Err(OpenError::NoTls("STARTTLS is not offered".to_owned()));
    }
    send(connection, "STARTTLS\r\n", until).await?;
    let answer = reply(connection, until).await?;
    match answer.code {
        220 => Ok(()),
        _ => Err(refused("STARTTLS", &answer)),
    }
}

fn refused(step: &str, reply: &Reply) -> OpenError {
    let text = reply.lines.first().map_or("", String::as_str);
    let detail = format!("{step} was answered with {} {text}", reply.code);
    OpenError::Net(NetError::new(GapReason::Refused, detail))
}

/// A reply of an SMTP server.
#[derive(Debug, PartialEq, Eq)]
struct Reply {
    code: u16,
    lines: Vec<String>,
}

async fn send(connection: &mut Connection, line: &str, until: Instant) -> Result<(), OpenError> {
    timeout_at(until, connection.write_all(line.as_bytes()))
        .await
        .map_err(|_| late())?
        .map_err(|error| OpenError::Net(NetError::from_io(&error, "SMTP")))
}

async fn reply(connection: &mut Connection, until: Instant) -> Result<Reply, OpenError> {
    let mut received = Vec::new();
    let mut buffer = [0; 1_024];
    loop {
        let count = timeout_at(until, connection.read(&mut buffer))
            .await
            .map_err(|_| late())?
            .map_err(|error| OpenError::Net(NetError::from_io(&error, "SMTP")))?;
        if count == 0 {
            let detail = "SMTP: closed in the middle of the dialogue";
            return Err(OpenError::Net(NetError::new(GapReason::Reset, detail)));
        }
        received.extend_from_slice(buffer.get(..count).unwrap_or_default());
        match parse(&received) {
            Parsed::Whole(reply) => return Ok(reply),
            Parsed::Partial if received.len() <= REPLY_BYTES => {}
            Parsed::Partial => {
                let detail = "SMTP: a reply without end";
                return Err(OpenError::Net(NetError::new(GapReason::TooLarge, detail)));
            }
            // Not SMTP, hence no STARTTLS either.
            Parsed::Wrong => return Err(OpenError::NoTls("it does not speak SMTP".to_owned())),
        }
    }
}

fn late() -> OpenError {
    OpenError::Net(NetError::new(GapReason::Timeout, "SMTP: no answer in time"))
}

#[derive(Debug, PartialEq, Eq)]
enum Parsed {
    Whole(Reply),
    Partial,
    Wrong,
}

/// Reads a reply (RFC 5321 section 4.2): lines with the same code, all but
/// the last with a hyphen after it.
fn parse(bytes: &[u8]) -> Parsed {
    let mut lines = Vec::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let digits = line
            .get(..3)
            .and_then(|code| std::str::from_utf8(code).ok());
        let code = digits.and_then(|code| code.parse::<u16>().ok());
        let Some(text) = line.strip_suffix(b"\n") else {
            // An unfinished line can still be seen not to be SMTP.
            let sane = line.iter().take(3).all(u8::is_ascii_digit);
            return if sane { Parsed::Partial } else { Parsed::Wrong };
        };
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let Some(code) = code.filter(|code| (200..600).contains(code)) else {
            return Parsed::Wrong;
        };
        let words = clean_bytes(text.get(4..).unwrap_or_default(), 200);
        lines.push(words);
        match text.get(3) {
            Some(b'-') => {}
            None | Some(b' ') => return Parsed::Whole(Reply { code, lines }),
            Some(_) => return Parsed::Wrong,
        }
    }
    Parsed::Partial
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_read() {
        let whole = |code, lines: &[&str]| {
            Parsed::Whole(Reply {
                code,
                lines: lines.iter().map(|line| (*line).to_owned()).collect(),
            })
        };
        let cases: Vec<(&[u8], Parsed)> = vec![
            (
                b"220 mx.example ESMTP\r\n",
                whole(220, &["mx.example ESMTP"]),
            ),
            (
                b"250-mx.example\r\n250-SIZE 1\r\n250 STARTTLS\r\n",
                whole(250, &["mx.example", "SIZE 1", "STARTTLS"]),
            ),
            (b"250\r\n", whole(250, &[""])),
            (b"250-mx.example\r\n", Parsed::Partial),
            (b"22", Parsed::Partial),
            (b"", Parsed::Partial),
            (b"HTTP/1.1 400\r\n", Parsed::Wrong),
            (b"SSH-2.0", Parsed::Wrong),
            (b"220?\r\n", Parsed::Wrong),
        ];
        for (bytes, expected) in cases {
            assert_eq!(
                parse(bytes),
                expected,
                "{:?}",
                String::from_utf8_lossy(bytes)
            );
        }
    }
}
