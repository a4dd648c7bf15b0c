//! The keys under which a server of TLS 1.3 sends its part of the handshake (RFC
//! 8446 sections 5.2, 5.3 and 7.1 to 7.3).

use aws_lc_rs::{
    aead::{
        AES_128_GCM, AES_256_GCM, Aad, Algorithm, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey,
    },
    digest, hmac,
};

/// Opens what a server sends after its ServerHello.
pub struct HandshakeKeys {
    key: LessSafeKey,
    /// The nonce of the first record.
    iv: [u8; 12],
    /// Number of the next record.
    number: u64,
}

/// What a suite of TLS 1.3 protects records with.
struct Protection {
    aead: &'static Algorithm,
    hash: &'static digest::Algorithm,
    mac: hmac::Algorithm,
}

fn protection(suite: u16) -> Option<Protection> {
    let (aead, sha384) = match suite {
        0x1301 => (&AES_128_GCM, false),
        0x1302 => (&AES_256_GCM, true),
        0x1303 => (&CHACHA20_POLY1305, false),
        _ => return None,
    };
    let (hash, mac) = match sha384 {
        true => (&digest::SHA384, hmac::HMAC_SHA384),
        false => (&digest::SHA256, hmac::HMAC_SHA256),
    };
    Some(Protection { aead, hash, mac })
}

/// Whether records of a suite can be opened here.
pub fn knows(suite: u16) -> bool {
    protection(suite).is_some()
}

impl HandshakeKeys {
    /// The keys of a handshake: `shared` is what the key exchange gave, and
    /// `hellos` are ClientHello and ServerHello as messages. `None` for a suite
    /// that is not known here.
    pub fn new(suite: u16, shared: &[u8], hellos: &[u8]) -> Option<Self> {
        let Protection { aead, hash, mac } = protection(suite)?;
        let zeros = vec![0; hash.output_len()];
        let empty = digest::digest(hash, &[]);
        let early = extract(mac, &zeros, &zeros);
        let derived = expand(mac, &early, "derived", empty.as_ref(), hash.output_len())?;
        let handshake = extract(mac, &derived, shared);
        let transcript = digest::digest(hash, hellos);
        let server = expand(
            mac,
            &handshake,
            "s hs traffic",
            transcript.as_ref(),
            hash.output_len(),
        )?;
        let key = expand(mac, &server, "key", &[], aead.key_len())?;
        let iv = expand(mac, &server, "iv", &[], 12)?;
        Some(Self {
            key: LessSafeKey::new(UnboundKey::new(aead, &key).ok()?),
            iv: iv.try_into().ok()?,
            number: 0,
        })
    }

    /// Opens the next record: its true type and content. `header` are the five
    /// bytes before it. `None` when it was not sealed with these keys.
    pub fn open(&mut self, header: [u8; 5], sealed: &[u8]) -> Option<(u8, Vec<u8>)> {
        let mut bytes = sealed.to_vec();
        let nonce = self.nonce();
        let plain = self.key.open_in_place(nonce, Aad::from(header), &mut bytes);
        let plain = plain.ok()?;
        self.number = self.number.checked_add(1)?;
        // Zeros pad it at the end; what stands before them is the type.
        let last = plain.iter().rposition(|byte| *byte != 0)?;
        let kind = *plain.get(last)?;
        Some((kind, plain.get(..last)?.to_vec()))
    }

    /// Seals the next record, its header included, as the server does: responders
    /// and fuzz targets need it. `None` for more than a record can hold.
    pub fn seal(&mut self, kind: u8, plain: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = [plain, &[kind]].concat();
        let sealed = bytes.len().checked_add(self.key.algorithm().tag_len())?;
        let [high, low] = u16::try_from(sealed).ok()?.to_be_bytes();
        let header = [23, 3, 3, high, low];
        let nonce = self.nonce();
        self.key
            .seal_in_place_append_tag(nonce, Aad::from(header), &mut bytes)
            .ok()?;
        self.number = self.number.checked_add(1)?;
        Some([&header[..], &bytes].concat())
    }

    /// The nonce of the next record (RFC 8446 section 5.3).
    fn nonce(&self) -> Nonce {
        let mut nonce = self.iv;
        for (byte, other) in nonce.iter_mut().skip(4).zip(self.number.to_be_bytes()) {
            *byte ^= other;
        }
        Nonce::assume_unique_for_key(nonce)
    }
}

/// HKDF-Extract (RFC 5869 section 2.2).
fn extract(mac: hmac::Algorithm, salt: &[u8], secret: &[u8]) -> Vec<u8> {
    let key = hmac::Key::new(mac, salt);
    hmac::sign(&key, secret).as_ref().to_vec()
}

/// HKDF-Expand-Label (RFC 8446 section 7.1); `None` for more than one block.
fn expand(
    mac: hmac::Algorithm,
    secret: &[u8],
    label: &str,
    context: &[u8],
    length: usize,
) -> Option<Vec<u8>> {
    let label = format!("tls13 {label}");
    let mut info = u16::try_from(length).ok()?.to_be_bytes().to_vec();
    info.push(u8::try_from(label.len()).ok()?);
    info.extend_from_slice(label.as_bytes());
    info.push(u8::try_from(context.len()).ok()?);
    info.extend_from_slice(context);
    info.push(1);
    let key = hmac::Key::new(mac, secret);
    let block = hmac::sign(&key, &info);
    Some(block.as_ref().get(..length)?.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_opened_only_as_it_was_sealed() {
        let keys = || HandshakeKeys::new(0x1301, &[7; 32], b"hellos").expect("a known suite");
        let (mut writer, mut reader) = (keys(), keys());
        let mut pass = |kind: u8, plain: &[u8]| {
            let record = writer.seal(kind, plain).expect("short");
            let (header, sealed) = record.split_at(5);
            let header = header.try_into().expect("five bytes");
            let opened = reader.open(header, sealed);
            assert_eq!(reader.open(header, sealed), None, "sent twice");
            opened
        };
        // Zeros at the end are padding, and the type stands before them.
        assert_eq!(pass(0, &[8, 1, 2, 22, 0]), Some((22, vec![8, 1, 2])));
        assert_eq!(pass(21, &[]), Some((21, Vec::new())));
        assert_eq!(pass(0, &[0]), None, "padding alone");
        assert_eq!(keys().seal(22, &[0; 65_519]), None, "too long");
        assert!(HandshakeKeys::new(0x1304, &[7; 32], b"hellos").is_none());
        assert!(knows(0x1302) && !knows(0xc02f));
    }
}
