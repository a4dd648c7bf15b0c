//! A polite visit to a mail server: greeting, EHLO, QUIT.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{facts::SmtpEndpoint, notes::Notes};
use crate::{
    model::{
        gap::GapReason,
        observation::{Evidence, EvidenceKind},
        seen::Seen,
    },
    net::{Connection, NetError, ScopedAddress, Session, shell_word},
    wire::{
        smtp::{BadReply, Reply, read_reply},
        text::clean,
    },
};

const PORT: u16 = 25;
/// Most characters of a greeting.
const GREETING_CHARS: usize = 300;
/// Most characters of the dialogue as evidence.
const DIALOGUE_CHARS: usize = 4_000;
/// Most bytes of one reply.
const REPLY_MAX: usize = 64 * 1024;
/// Time for a whole visit, lest a server that sends a byte at a time take all of the target's.
const PATIENCE: Duration = Duration::from_secs(20);

/// Asks one address of an exchanger what it offers.
pub(super) async fn ask(
    session: &Session,
    host: &str,
    address: &ScopedAddress,
    at: String,
) -> (SmtpEndpoint, Notes) {
    let mut notes = Notes::default();
    let mut endpoint = SmtpEndpoint {
        key: SocketAddr::new(address.ip, PORT).to_string(),
        greeting: Seen::Unseen,
        starttls: Seen::Unseen,
    };
    let mut visit = Visit::default();
    let outcome = match &address.may_connect {
        Ok(()) => {
            let what = format!("SMTP on {}", endpoint.key);
            let run = visit.run(session, host, address.ip);
            session
                .within(PATIENCE, &what, run)
                .await
                .and_then(|ran| ran)
        }
        Err(error) => Err(error.clone()),
    };
    if let Some(greeting) = visit.greeting {
        endpoint.greeting = greeting.into();
    }
    match outcome {
        Ok(starttls) => endpoint.starttls = starttls.into(),
        Err(error) => {
            let places = match endpoint.greeting {
                Seen::Unseen => vec![at.clone()],
                Seen::Known(_) => vec![format!("{at}/starttls")],
            };
            for place in places {
                notes.miss(&place, &error);
            }
        }
    }
    if !visit.lines.is_empty() {
        let text = visit.lines.join("\n");
        notes.evidence.push(Evidence {
            cut: text.chars().count() > DIALOGUE_CHARS,
            data: crate::wire::text::clean_lines(&text, DIALOGUE_CHARS),
            at,
            kind: EvidenceKind::SmtpDialogue,
            reproduce: format!(
                "openssl s_client -starttls smtp -connect {} -servername {}",
                shell_word(&endpoint.key),
                shell_word(host)
            ),
        });
    }
    (endpoint, notes)
}

/// What a visit heard so far.
#[derive(Default)]
struct Visit {
    greeting: Option<String>,
    lines: Vec<String>,
}

impl Visit {
    /// Whether the server offers STARTTLS.
    async fn run(&mut self, session: &Session, host: &str, ip: IpAddr) -> Result<bool, NetError> {
        let mut connection = session
            .connect(host, ip, PORT)
            .await
            .map_err(explain_silence)?;
        let what = format!("SMTP on {}", SocketAddr::new(ip, PORT));
        let mut reader = Reader::default();

        let greeting = reader.reply(&mut connection, &what).await?;
        self.hear(&greeting, 0);
        let first = greeting.lines.first().map(String::as_str);
        self.greeting = Some(clean(first.unwrap_or_default(), GREETING_CHARS));
        if greeting.code != 220 {
            quit(&mut connection).await;
            return Err(refusal("the greeting", &greeting));
        }

        let own = match connection.local_address().map(|own| own.ip()) {
            Ok(IpAddr::V4(own)) => format!("[{own}]"),
            Ok(IpAddr::V6(own)) => format!("[IPv6:{own}]"),
            Err(error) => return Err(NetError::from_io(&error, &what)),
        };
        // Our address says nothing about the server, and differs from scan to scan.
        self.lines.push("C: EHLO [our address]".to_owned());
        connection
            .write_all(format!("EHLO {own}\r\n").as_bytes())
            .await
            .map_err(|error| NetError::from_io(&error, &what))?;
        let reply = reader.reply(&mut connection, &what).await?;
        // The first line greets our address.
        self.hear(&reply, 1);
        quit(&mut connection).await;
        match reply.code {
            250 => Ok(reply.offers("STARTTLS")),
            // A server without extensions has no STARTTLS either (RFC 5321 section 2.2.1).
            500 | 502 => Ok(false),
            _ => Err(refusal("EHLO", &reply)),
        }
    }

    fn hear(&mut self, reply: &Reply, skip: usize) {
        let last = reply.lines.len().saturating_sub(1);
        for (index, line) in reply.lines.iter().enumerate() {
            let text = if index < skip { "..." } else { line.as_str() };
            let dash = if index < last { '-' } else { ' ' };
            self.lines.push(format!("S: {}{dash}{text}", reply.code));
        }
    }
}

/// Reads replies and keeps what came early.
#[derive(Default)]
struct Reader {
    buffer: Vec<u8>,
}

impl Reader {
    async fn reply(&mut self, connection: &mut Connection, what: &str) -> Result<Reply, NetError> {
        let mut chunk = [0u8; 4_096];
        loop {
            match read_reply(&self.buffer) {
                Ok(Some((reply, taken))) => {
                    self.buffer.drain(..taken.min(self.buffer.len()));
                    return Ok(reply);
                }
                Ok(None) if self.buffer.len() <= REPLY_MAX => {}
                Ok(None) | Err(BadReply::TooLong) => {
                    return Err(NetError::new(
                        GapReason::TooLarge,
                        format!("{what}: the reply is too long"),
                    ));
                }
                Err(BadReply::Malformed) => {
                    return Err(NetError::new(
                        GapReason::Malformed,
                        format!("{what}: no SMTP reply"),
                    ));
                }
            }
            let count = connection
                .read(&mut chunk)
                .await
                .map_err(|error| NetError::from_io(&error, what))?;
            if count == 0 {
                return Err(NetError::new(
                    GapReason::Reset,
                    format!("{what}: closed without a reply"),
                ));
            }
            self.buffer
                .extend_from_slice(chunk.get(..count).unwrap_or_default());
        }
    }
}

/// Takes leave. What was learnt does not depend on it.
async fn quit(connection: &mut Connection) {
    let _ = connection.write_all(b"QUIT\r\n").await;
    let _ = connection.shutdown().await;
}

fn refusal(what: &str, reply: &Reply) -> NetError {
    let first = reply.lines.first().map(String::as_str).unwrap_or_default();
    NetError::new(
        GapReason::Refused,
        format!(
            "the mail server answered {what} with {} {first}",
            reply.code
        ),
    )
}

/// Says that silence on port 25 may be of our own network's making.
fn explain_silence(error: NetError) -> NetError {
    match error.reason {
        GapReason::Timeout | GapReason::Unreachable => NetError::new(
            error.reason,
            format!(
                "{}; many networks block port 25 on the way out",
                error.detail
            ),
        ),
        _ => error,
    }
}
