//! Protocols of lines and of XML: IMAP (RFC 9051 section 6.2.1), POP3 (RFC 2595
//! section 4), ManageSieve (RFC 5804 section 2.2) and XMPP (RFC 6120 section 5).

use super::{Dialogue, OpenError};
use crate::wire::tls::starttls::{Word, sieve_end, xmpp_features, xmpp_proceed};

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
    let (refusal, _) = match imap_answer(dialogue, "A1 ").await? {
        (answer, _) if answer.starts_with("OK") => return Ok(()),
        refused => refused,
    };
    // No such command, or not now?
    dialogue.send(b"a2 CAPABILITY\r\n").await?;
    match imap_answer(dialogue, "A2 ").await? {
        (answer, false) if answer.starts_with("OK") => Err(OpenError::NoTls),
        _ => Err(dialogue.refused(&refusal)),
    }
}

/// The answer to a command, without its tag, and whether a list of
/// capabilities before it names STARTTLS.
async fn imap_answer(dialogue: &mut Dialogue<'_>, tag: &str) -> Result<(String, bool), OpenError> {
    let mut offered = false;
    for _ in 0..LINES {
        let line = dialogue.line().await?.to_ascii_uppercase();
        if let Some(answer) = line.strip_prefix(tag) {
            return Ok((answer.to_owned(), offered));
        }
        if line.starts_with("* BYE") {
            return Err(dialogue.refused(&line));
        }
        offered |= line.starts_with("* CAPABILITY") && line.split(' ').any(|w| w == "STARTTLS");
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
    let refusal = dialogue.line().await?;
    if refusal.starts_with("+OK") {
        return Ok(());
    }
    // No such command, or not now? The list ends with a dot (RFC 2449 section 5).
    dialogue.send(b"CAPA\r\n").await?;
    if !dialogue.line().await?.starts_with("+OK") {
        return Err(OpenError::NoTls);
    }
    for _ in 0..LINES {
        let line = dialogue.line().await?;
        if line == "." {
            return Err(OpenError::NoTls);
        }
        if line.eq_ignore_ascii_case("STLS") {
            return Err(dialogue.refused(&refusal));
        }
    }
    Err(OpenError::NoTls)
}

pub(super) async fn sieve(dialogue: &mut Dialogue<'_>) -> Result<(), OpenError> {
    if !sieve_answer(dialogue).await? {
        return Err(OpenError::NoTls);
    }
    dialogue.send(b"STARTTLS\r\n").await?;
    sieve_answer(dialogue).await.map(|_| ())
}

/// Reads up to `OK`; gives whether a line before it names STARTTLS.
async fn sieve_answer(dialogue: &mut Dialogue<'_>) -> Result<bool, OpenError> {
    let mut offered = false;
    for _ in 0..LINES {
        let line = dialogue.line().await?;
        match sieve_end(&line) {
            Some(Word::Yes) => return Ok(offered),
            Some(_) => return Err(dialogue.refused(&line)),
            None if line.starts_with(['"', '{']) => {}
            // Another protocol.
            None => return Err(OpenError::NoTls),
        }
        offered |= line.trim().eq_ignore_ascii_case("\"STARTTLS\"");
    }
    Err(OpenError::NoTls)
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
    dialogue.word(xmpp_features).await?;
    dialogue
        .send(b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        .await?;
    dialogue.word(xmpp_proceed).await
}
