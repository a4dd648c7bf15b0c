//! Protocols of lines and of XML: IMAP (RFC 9051 section 6.2.1), POP3 (RFC 2595
//! section 4), ManageSieve (RFC 5804 section 2.2) and XMPP (RFC 6120 section 5).

use super::{Dialogue, OpenError};
use crate::wire::tls::starttls::{sieve_end, xmpp_features, xmpp_proceed};

/// Most lines before the answer.
const LINES: usize = 100;

pub(super) async fn imap(dialogue: &mut Dialogue<'_>) -> Result<(), OpenError> {
    let greeting = dialogue.line().await?.to_ascii_uppercase();
    match greeting.split(' ').take(2).collect::<Vec<_>>().as_slice() {
        ["*", "OK" | "PREAUTH"] => {}
        ["*", "BYE"] => return Err(dialogue.refused(&greeting)),
        _ => return Err(OpenError::NoTls),
    }
    dialogue.send(b"a1 STARTTLS\r\n").await?;
    for _ in 0..LINES {
        let line = dialogue.line().await?.to_ascii_uppercase();
        match line.strip_prefix("A1 ") {
            Some(answer) if answer.starts_with("OK") => return Ok(()),
            Some(_) => return Err(OpenError::NoTls),
            None if line.starts_with("* BYE") => return Err(dialogue.refused(&line)),
            None => {}
        }
    }
    Err(OpenError::NoTls)
}

pub(super) async fn pop3(dialogue: &mut Dialogue<'_>) -> Result<(), OpenError> {
    let greeting = dialogue.line().await?;
    if greeting.starts_with("-ERR") {
        return Err(dialogue.refused(&greeting));
    }
    if !greeting.starts_with("+OK") {
        return Err(OpenError::NoTls);
    }
    dialogue.send(b"STLS\r\n").await?;
    match dialogue.line().await?.starts_with("+OK") {
        true => Ok(()),
        false => Err(OpenError::NoTls),
    }
}

pub(super) async fn sieve(dialogue: &mut Dialogue<'_>) -> Result<(), OpenError> {
    let mut offered = false;
    if !sieve_answer(dialogue, &mut offered).await? || !offered {
        return Err(OpenError::NoTls);
    }
    dialogue.send(b"STARTTLS\r\n").await?;
    match sieve_answer(dialogue, &mut offered).await? {
        true => Ok(()),
        false => Err(OpenError::NoTls),
    }
}

async fn sieve_answer(dialogue: &mut Dialogue<'_>, offered: &mut bool) -> Result<bool, OpenError> {
    for _ in 0..LINES {
        let line = dialogue.line().await?;
        if let Some(ok) = sieve_end(&line) {
            return Ok(ok);
        }
        *offered |= line.trim().eq_ignore_ascii_case("\"STARTTLS\"");
        if !line.starts_with('"') && !line.starts_with('{') {
            return Ok(false);
        }
    }
    Ok(false)
}

pub(super) async fn xmpp(
    dialogue: &mut Dialogue<'_>,
    host: &str,
    namespace: &str,
) -> Result<(), OpenError> {
    let stream = format!(
        "<?xml version='1.0'?><stream:stream xmlns='{namespace}' \
         xmlns:stream='http://etherx.jabber.org/streams' to='{host}' version='1.0'>"
    );
    dialogue.send(stream.as_bytes()).await?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    dialogue.word(|bytes| xmpp_features(&text(bytes))).await?;
    dialogue
        .send(b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        .await?;
    dialogue.word(|bytes| xmpp_proceed(&text(bytes))).await
}
