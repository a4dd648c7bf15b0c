//! What servers of other protocols say about an upgrade to TLS. Pure; the
//! dialogues themselves are the probe's.

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

/// The answer of an LDAP server; `None` while more is to come.
pub fn ldap(bytes: &[u8]) -> Option<Word> {
    let (kind, message) = element(bytes)?;
    if kind != 0x30 {
        return Some(Word::Foreign);
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
    Some(match result() {
        Some([0]) => Word::Yes,
        // protocolError: the request is not known (RFC 4511 section 4.14.2).
        Some([2]) => Word::No,
        Some(_) => Word::Refused,
        None => Word::Foreign,
    })
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

/// The answer of a PostgreSQL server; `None` while more is to come.
pub fn postgresql(bytes: &[u8]) -> Option<Word> {
    Some(match bytes.first()? {
        b'S' => Word::Yes,
        b'N' => Word::No,
        b'E' => Word::Refused,
        _ => Word::Foreign,
    })
}

/// The greeting of a MySQL server, which tells whether it has TLS (protocol
/// version 10); `None` while more is to come.
pub fn mysql(bytes: &[u8]) -> Option<Word> {
    const CLIENT_SSL: u16 = 0x0800;
    let [low, middle, high, _sequence, rest @ ..] = bytes else {
        return None;
    };
    let length = usize::from(*low) | usize::from(*middle) << 8 | usize::from(*high) << 16;
    if length == 0 || length > 4_096 {
        return Some(Word::Foreign);
    }
    let payload = rest.get(..length)?;
    match payload.first() {
        Some(0x0a) => {}
        Some(0xff) => return Some(Word::Refused),
        _ => return Some(Word::Foreign),
    }
    // Version with its zero, thread, half of the salt, a filler, capabilities.
    let end = payload.iter().position(|byte| *byte == 0);
    let flags = end.and_then(|end| payload.get(end + 14..end + 16));
    Some(match flags {
        Some([low, high]) if u16::from_le_bytes([*low, *high]) & CLIENT_SSL != 0 => Word::Yes,
        Some(_) => Word::No,
        None => Word::Foreign,
    })
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
/// (RFC 5804): `Some(true)` for `OK`.
pub fn sieve_end(line: &str) -> Option<bool> {
    let word = line.split([' ', '(']).next().unwrap_or_default();
    match word.to_ascii_uppercase().as_str() {
        "OK" => Some(true),
        "NO" | "BYE" => Some(false),
        _ => None,
    }
}

/// The features of an XMPP stream (RFC 6120 section 5.4.1): whether TLS is one;
/// `None` while more is to come.
pub fn xmpp_features(text: &str) -> Option<Word> {
    if text.contains("<stream:error") || text.contains("<error") {
        return Some(Word::Refused);
    }
    let begins = text.trim_start().starts_with('<') || text.trim().is_empty();
    if !begins {
        return Some(Word::Foreign);
    }
    let ended = text.contains("</stream:features>") || text.contains("<stream:features/>");
    ended.then(|| match text.contains("urn:ietf:params:xml:ns:xmpp-tls") {
        true => Word::Yes,
        false => Word::No,
    })
}

/// The answer of an XMPP server to `<starttls/>`.
pub fn xmpp_proceed(text: &str) -> Option<Word> {
    if text.contains("<proceed") {
        text.trim_end().ends_with('>').then_some(Word::Yes)
    } else if text.contains("<failure") {
        Some(Word::No)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
        assert_eq!(ldap(&yes), Some(Word::Yes));
        assert_eq!(ldap(&unknown), Some(Word::No));
        assert_eq!(ldap(&busy), Some(Word::Refused));
        assert_eq!(ldap(&yes[..9]), None);
        assert_eq!(ldap(b"220 mx"), Some(Word::Foreign));
        assert_eq!(mysql(&greeting), Some(Word::Yes));
        assert_eq!(mysql(&without), Some(Word::No));
        assert_eq!(mysql(&greeting[..20]), None);
        assert_eq!(mysql(&[3, 0, 0, 0, 0xff, 1, 1]), Some(Word::Refused));
        assert_eq!(mysql(b"220 mx.example ESMTP"), Some(Word::Foreign));
        assert_eq!(mysql_request().len(), 36);
        assert_eq!(postgresql(b"S"), Some(Word::Yes));
        assert_eq!(postgresql(b""), None);
        assert_eq!(sieve_end("OK \"go on\""), Some(true));
        assert_eq!(sieve_end("\"STARTTLS\""), None);
        assert_eq!(sieve_end("BYE"), Some(false));
        let stream = "<?xml version='1.0'?><stream:stream><stream:features>\
                      <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>";
        assert_eq!(xmpp_features(stream), Some(Word::Yes));
        assert_eq!(xmpp_features(&stream[..60]), None);
        assert_eq!(xmpp_features("<a/><stream:features/>"), Some(Word::No));
        assert_eq!(
            xmpp_proceed("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
            Some(Word::Yes)
        );
        assert_eq!(xmpp_proceed("<proce"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = (ldap(&bytes), mysql(&bytes), postgresql(&bytes));
            let text = String::from_utf8_lossy(&bytes);
            let _ = (sieve_end(&text), xmpp_features(&text), xmpp_proceed(&text));
        }
    }
}
