//! FTP (RFC 4217).

use super::mail::{refused, reply_by};
use super::{Dialogue, OpenError};
use crate::wire::tls::starttls::ftp_reply;

/// Waits for a file server's greeting and asks for TLS.
pub(super) async fn ftp(dialogue: &mut Dialogue<'_>) -> Result<(), OpenError> {
    let greeting = reply_by(dialogue, ftp_reply).await?;
    if greeting.code != 220 {
        return Err(refused(dialogue, "greeting", &greeting));
    }
    dialogue.send(b"AUTH TLS\r\n").await?;
    let answer = reply_by(dialogue, ftp_reply).await?;
    match answer.code {
        234 => Ok(()),
        // Not known or not implemented.
        500 | 502 | 504 => Err(OpenError::NoTls),
        // Servers without TLS ask for a name first: does it name TLS (RFC 4217 section 6)?
        530 => {
            dialogue.send(b"FEAT\r\n").await?;
            let features = reply_by(dialogue, ftp_reply).await?;
            let has_tls = |line: &String| line.to_ascii_uppercase().starts_with("AUTH");
            match features.code {
                211 if !features.lines.iter().any(has_tls) => Err(OpenError::NoTls),
                _ => Err(refused(dialogue, "AUTH TLS", &answer)),
            }
        }
        _ => Err(refused(dialogue, "AUTH TLS", &answer)),
    }
}
