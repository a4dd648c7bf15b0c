//! What servers of other protocols say about an upgrade to TLS. Pure; the
//! dialogues themselves are the probe's.
//!
//! Readers tell how many bytes an answer took, because nothing may follow the
//! last one before TLS begins.

use super::super::smtp::{BadReply, Reply};
use super::super::text::clean_bytes;

/// What a server said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It agrees.
    Yes,
    /// It has no TLS.
    No,
    /// It speaks the protocol, and does not want to talk.
    Refused,
    /// It speaks another protocol.
    Foreign,
}

/// Asks an LDAP server for TLS (RFC 4511 section 4.14): an ExtendedRequest with
/// the object identifier 1.3.6.1.4.1.1466.20037.
pub const LDAP_REQUEST: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

/// Asks a PostgreSQL server for TLS (SSLRequest).
pub const POSTGRESQL_REQUEST: &[u8] = &[0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// Most bytes of one line of FTP.
const LINE_MAX: usize = 2_048;
/// Most lines of one reply of FTP.
const LINES_MAX: usize = 200;

/// The answer of an LDAP server and its length; `None` while more is to come.
pub fn ldap(bytes: &[u8]) -> Option<(Word, usize)> {
    let (kind, message) = element(bytes)?;
    if kind != 0x30 {
        return Some((Word::Foreign, bytes.len()));
    }
    // A whole message that is not understood is another protocol.
    let result = || {
        let message = message?;
        let (kind, id) = element(message)?;
        let rest = after(message)?;
        let (response, body) = element(rest)?;
        let (code, value) = element(body?)?;
        let known = kind == 0x02 && id.is_some() && response == 0x78 && code == 0x0a;
        known.then_some(value?)
    };
    message?;
    let word = match result() {
        Some([0]) => Word::Yes,
        // protocolError: the request is not known (RFC 4511 section 4.14.2).
        Some([2]) => Word::No,
        Some(_) => Word::Refused,
        None => Word::Foreign,
    };
    Some((word, bytes.len() - after(bytes)?.len()))
}

/// Tag and content of a BER element; the content is `None` until it is whole.
fn element(bytes: &[u8]) -> Option<(u8, Option<&[u8]>)> {
    let (kind, length, header) = head(bytes)?;
    Some((kind, bytes.get(header..header.checked_add(length)?)))
}

fn after(bytes: &[u8]) -> Option<&[u8]> {
    let (_, length, header) = head(bytes)?;
    bytes.get(header.checked_add(length)?..)
}

fn head(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let (kind, first) = (*bytes.first()?, *bytes.get(1)?);
    if first < 0x80 {
        return Some((kind, usize::from(first), 2));
    }
    let count = usize::from(first & 0x7f);
    let digits = bytes.get(2..2 + count.min(4))?;
    let length = digits
        .iter()
        .fold(0_usize, |sum, digit| sum << 8 | usize::from(*digit));
    Some((kind, length, 2 + count))
}

/// The answer of a PostgreSQL server, of one byte; `None` while there is none.
pub fn postgresql(bytes: &[u8]) -> Option<(Word, usize)> {
    let word = match bytes.first()? {
        b'S' => Word::Yes,
        b'N' => Word::No,
        b'E' => Word::Refused,
        _ => Word::Foreign,
    };
    Some((word, 1))
}

/// The greeting of a MySQL server, which tells whether it has TLS (protocol
/// version 10), and its length; `None` while more is to come.
pub fn mysql(bytes: &[u8]) -> Option<(Word, usize)> {
    const CLIENT_SSL: u16 = 0x0800;
    let [low, middle, high, _sequence, rest @ ..] = bytes else {
        return None;
    };
    let length = usize::from(*low) | usize::from(*middle) << 8 | usize::from(*high) << 16;
    if length == 0 || length > 4_096 {
        return Some((Word::Foreign, bytes.len()));
    }
    let payload = rest.get(..length)?;
    match payload.first() {
        Some(0x0a) => {}
        Some(0xff) => return Some((Word::Refused, bytes.len())),
        _ => return Some((Word::Foreign, bytes.len())),
    }
    // Version with its zero, thread, half of the salt, a filler, capabilities.
    let end = payload.iter().position(|byte| *byte == 0);
    let flags = end.and_then(|end| payload.get(end + 14..end + 16));
    let word = match flags {
        Some([low, high]) if u16::from_le_bytes([*low, *high]) & CLIENT_SSL != 0 => Word::Yes,
        Some(_) => Word::No,
        None => Word::Foreign,
    };
    Some((word, bytes.len() - rest.len() + length))
}

/// Asks a MySQL server for TLS, after its greeting (SSLRequest).
pub fn mysql_request() -> Vec<u8> {
    const CAPABILITIES: u32 = 0x0800 | 0x0200 | 0x8000;
    let mut out = vec![32, 0, 0, 1];
    out.extend_from_slice(&CAPABILITIES.to_le_bytes());
    out.extend_from_slice(&(1_u32 << 24).to_le_bytes());
    out.push(33);
    out.extend_from_slice(&[0; 23]);
    out
}

/// The last line of an answer to the greeting or to `STARTTLS` of ManageSieve
/// (RFC 5804): whether it agrees; `None` for any other line.
pub fn sieve_end(line: &str) -> Option<Word> {
    let word = line.split([' ', '(']).next().unwrap_or_default();
    match word.to_ascii_uppercase().as_str() {
        "OK" => Some(Word::Yes),
        "NO" | "BYE" => Some(Word::Refused),
        _ => None,
    }
}

/// Reads one reply of FTP from the front of the bytes, and how many it took;
/// `None` when it is not complete yet. Unlike in SMTP, the lines between the
/// first and the last need no code (RFC 959 section 4.2).
///
/// # Errors
/// When it is no reply, or too long.
pub fn ftp_reply(bytes: &[u8]) -> Result<Option<(Reply, usize)>, BadReply> {
    let mut lines = Vec::new();
    let mut taken = 0_usize;
    let mut first: Option<(u16, [u8; 3])> = None;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if line.len() > LINE_MAX || lines.len() >= LINES_MAX {
            return Err(BadReply::TooLong);
        }
        if !line.ends_with(b"\n") {
            return Ok(None);
        }
        taken = taken.saturating_add(line.len());
        let line = line.trim_ascii_end();
        let (code, digits) = match first {
            Some(first) => first,
            None => {
                let digits = line.first_chunk::<3>().ok_or(BadReply::Malformed)?;
                let code = std::str::from_utf8(digits)
                    .ok()
                    .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
                    .and_then(|text| text.parse::<u16>().ok())
                    .filter(|code| (100..=659).contains(code))
                    .ok_or(BadReply::Malformed)?;
                (code, *digits)
            }
        };
        let text = line.strip_prefix(digits.as_slice());
        let last = match text.and_then(<[u8]>::first) {
            Some(b' ') => true,
            Some(b'-') => false,
            None if text.is_some() => true,
            _ if first.is_none() => return Err(BadReply::Malformed),
            _ => false,
        };
        first = Some((code, digits));
        let text = text.unwrap_or(line);
        lines.push(clean_bytes(text.trim_ascii_start(), LINE_MAX));
        if last {
            return Ok(Some((Reply { code, lines }, taken)));
        }
    }
    Ok(None)
}

/// The features of an XMPP stream (RFC 6120 section 5.4.1): whether TLS is one;
/// `None` while more is to come.
pub fn xmpp_features(bytes: &[u8]) -> Option<(Word, usize)> {
    let text = String::from_utf8_lossy(bytes);
    let begins = text.trim_start().starts_with('<') || text.trim().is_empty();
    let ended = text.contains("</stream:features>") || text.contains("<stream:features/>");
    let word = if text.contains("<stream:error") || text.contains("<error") {
        Word::Refused
    } else if !begins {
        Word::Foreign
    } else if !ended {
        return None;
    } else if text.contains("urn:ietf:params:xml:ns:xmpp-tls") {
        Word::Yes
    } else {
        Word::No
    };
    Some((word, bytes.len()))
}

/// The answer of an XMPP server that has TLS to `<starttls/>`, and its length.
pub fn xmpp_proceed(bytes: &[u8]) -> Option<(Word, usize)> {
    let find = |wanted: &[u8]| bytes.windows(wanted.len()).position(|part| part == wanted);
    if let Some(begin) = find(b"<proceed") {
        let rest = bytes.get(begin..)?;
        let end = rest.iter().position(|byte| *byte == b'>')?;
        // It may be written as an empty element or with an end of its own.
        let length = match rest.get(end.checked_sub(1)?) {
            Some(b'/') => end + 1,
            _ => end + 1 + b"</proceed>".len(),
        };
        return rest.get(..length).map(|_| (Word::Yes, begin + length));
    }
    let failed = find(b"<failure").or_else(|| find(b"<stream:error"));
    failed.map(|_| (Word::Refused, bytes.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn word(read: Option<(Word, usize)>) -> Option<Word> {
        read.map(|(word, _)| word)
    }

    #[test]
    fn answers_are_understood() {
        let mut greeting = vec![30, 0, 0, 0, 10];
        greeting.extend_from_slice(b"8.0.1\0");
        greeting.extend_from_slice(&[1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0xff, 0xff]);
        greeting.extend_from_slice(&[0; 8]);
        let mut without = greeting.clone();
        without[25] = 0xf7;
        let yes = [0x30, 12, 2, 1, 1, 0x78, 7, 0x0a, 1, 0, 4, 0, 4, 0];
        let mut unknown = yes;
        unknown[9] = 2;
        let mut busy = yes;
        busy[9] = 51;
        assert_eq!(word(ldap(&yes)), Some(Word::Yes));
        assert_eq!(word(ldap(&unknown)), Some(Word::No));
        assert_eq!(word(ldap(&busy)), Some(Word::Refused));
        assert_eq!(ldap(&yes[..9]), None);
        assert_eq!(word(ldap(b"220 mx")), Some(Word::Foreign));
        assert_eq!(word(mysql(&greeting)), Some(Word::Yes));
        assert_eq!(word(mysql(&without)), Some(Word::No));
        assert_eq!(mysql(&greeting[..20]), None);
        assert_eq!(word(mysql(&[3, 0, 0, 0, 0xff, 1, 1])), Some(Word::Refused));
        assert_eq!(word(mysql(b"220 mx.example ESMTP")), Some(Word::Foreign));
        assert_eq!(mysql_request().len(), 36);
        assert_eq!(word(postgresql(b"S")), Some(Word::Yes));
        assert_eq!(postgresql(b""), None);
        assert_eq!(sieve_end("OK \"go on\""), Some(Word::Yes));
        assert_eq!(sieve_end("\"STARTTLS\""), None);
        assert_eq!(sieve_end("BYE (TRYLATER)"), Some(Word::Refused));
        let stream = b"<?xml version='1.0'?><stream:stream><stream:features>\
                      <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>";
        assert_eq!(word(xmpp_features(stream)), Some(Word::Yes));
        assert_eq!(xmpp_features(&stream[..60]), None);
        assert_eq!(
            word(xmpp_features(b"<a/><stream:features/>")),
            Some(Word::No)
        );
        assert_eq!(
            word(xmpp_features(b"HTTP/1.1 400 what")),
            Some(Word::Foreign)
        );
        assert_eq!(xmpp_proceed(b"<proce"), None);
        assert_eq!(word(xmpp_proceed(b"<failure/>")), Some(Word::Refused));
    }

    #[test]
    fn what_follows_the_last_answer_is_not_part_of_it() {
        let yes = b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00";
        for (answer, read) in [
            (&yes[..], ldap as fn(&[u8]) -> Option<(Word, usize)>),
            (b"S", postgresql),
            (
                b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
                xmpp_proceed,
            ),
            (
                b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'></proceed>",
                xmpp_proceed,
            ),
        ] {
            assert_eq!(read(answer), Some((Word::Yes, answer.len())));
            let more = [answer, b"more"].concat();
            assert_eq!(read(&more), Some((Word::Yes, answer.len())));
            for end in 0..answer.len() {
                assert_eq!(read(&answer[..end]), None);
            }
        }
    }

    #[test]
    fn replies_of_ftp_have_free_lines_between_the_first_and_the_last() {
        let whole = |text: &str| {
            let (reply, taken) = ftp_reply(text.as_bytes()).expect(text).expect(text);
            assert_eq!(taken, text.len());
            (reply.code, reply.lines.join("|"))
        };
        assert_eq!(whole("234 go on\r\n"), (234, "go on".to_owned()));
        assert_eq!(
            whole("211-Features:\r\n AUTH TLS\r\n 530 not the end\r\n211 End\r\n"),
            (211, "-Features:|AUTH TLS|530 not the end|End".to_owned())
        );
        for text in ["", "220", "220-a\r\n", "220-a\r\n221 b\r\n", "220-a\r\n220"] {
            assert_eq!(ftp_reply(text.as_bytes()), Ok(None), "{text:?}");
        }
        for text in ["HTTP/1.1 400\r\n", "22\r\n", "999 x\r\n", "220x\r\n"] {
            assert_eq!(
                ftp_reply(text.as_bytes()),
                Err(BadReply::Malformed),
                "{text:?}"
            );
        }
        let long = "220-".to_owned() + &"x".repeat(5_000);
        assert_eq!(ftp_reply(long.as_bytes()), Err(BadReply::TooLong));
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = (ldap(&bytes), mysql(&bytes), postgresql(&bytes));
            let _ = (xmpp_features(&bytes), xmpp_proceed(&bytes), ftp_reply(&bytes));
            let _ = sieve_end(&String::from_utf8_lossy(&bytes));
        }
    }
}
