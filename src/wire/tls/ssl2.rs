//! SSL 2.0: the hello that asks for it, and the hello that grants it.
//!
//! The protocol has been forbidden since RFC 6176; a server that still grants
//! it endangers every other service with the same key.

use super::Reader;

/// The CLIENT-HELLO: all seven ciphers, no session, 16 bytes of challenge.
pub fn client_hello(challenge: [u8; 16]) -> Vec<u8> {
    const CIPHERS: [[u8; 3]; 7] = [
        [0x07, 0x00, 0xc0],
        [0x05, 0x00, 0x80],
        [0x03, 0x00, 0x80],
        [0x01, 0x00, 0x80],
        [0x06, 0x00, 0x40],
        [0x04, 0x00, 0x80],
        [0x02, 0x00, 0x80],
    ];
    // Header (length of the rest with the top bit set), type 1, version 2,
    // lengths of ciphers, session id and challenge.
    let mut out = vec![0x80, 46, 1, 0, 2, 0, 21, 0, 0, 0, 16];
    out.extend(CIPHERS.iter().flatten());
    out.extend_from_slice(&challenge);
    out
}

/// Whether an answer is a SERVER-HELLO of SSL 2.0 that shares a cipher with
/// us. `None` until more bytes arrive.
pub fn grants(answer: &[u8]) -> Option<bool> {
    let mut reader = Reader::new(answer);
    let head = reader.u8()?;
    if head & 0x80 == 0 {
        return Some(false);
    }
    reader.u8()?;
    if reader.u8()? != 4 {
        return Some(false);
    }
    reader.take(2)?;
    let version = reader.u16()?;
    reader.u16()?;
    let ciphers = reader.u16()?;
    Some(version == 2 && ciphers >= 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_counts_what_follows() {
        let hello = client_hello([1; 16]);
        assert_eq!(hello.len(), 2 + 46);
    }

    #[test]
    fn answers_are_told_apart() {
        let cases: &[(&[u8], Option<bool>)] = &[
            (&[0x80, 0x30, 4, 0, 1, 0, 2, 0, 9, 0, 3, 0, 16], Some(true)),
            (&[0x80, 0x30, 4, 0, 1, 0, 2, 0, 9, 0, 0, 0, 16], Some(false)),
            (&[0x15, 3, 1, 0, 2, 2, 70], Some(false)),
            (&[0x80, 3, 0, 0, 1], Some(false)),
            (b"HTTP/1.1 400", Some(false)),
            (&[0x80, 0x30, 4], None),
            (&[], None),
        ];
        for (answer, expected) in cases {
            assert_eq!(grants(answer), *expected, "{answer:?}");
        }
    }
}
