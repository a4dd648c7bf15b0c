//! Keys and records of TLS 1.2 with suites that authenticate what they encrypt (RFC
//! 5246 sections 5, 6.2.3.3, 6.3 and 8.1; RFC 5288; RFC 7627; RFC 7905).

use aws_lc_rs::{
    aead::{
        AES_128_GCM, AES_256_GCM, Aad, Algorithm, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey,
    },
    digest, hmac,
};

/// Bytes of a nonce that are not sent.
const FIXED: usize = 4;
/// Bytes of a nonce that are sent with each record.
const SENT: usize = 8;
/// Bytes of what a Finished says (RFC 5246 section 7.4.9).
const VERIFY_DATA: usize = 12;

/// How records are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cipher {
    /// AES-128 in Galois/counter mode.
    Aes128Gcm,
    /// AES-256 in Galois/counter mode.
    Aes256Gcm,
    /// ChaCha20 with Poly1305.
    Chacha20Poly1305,
}

impl Cipher {
    fn algorithm(self) -> &'static Algorithm {
        match self {
            Self::Aes128Gcm => &AES_128_GCM,
            Self::Aes256Gcm => &AES_256_GCM,
            Self::Chacha20Poly1305 => &CHACHA20_POLY1305,
        }
    }

    /// Whether each record carries a part of its nonce.
    fn explicit(self) -> bool {
        self != Self::Chacha20Poly1305
    }
}

/// What a suite of TLS 1.2 stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suite {
    cipher: Cipher,
    /// Whether its hash is SHA-384; else it is SHA-256.
    sha384: bool,
}

/// The suites of which both the key exchange (ECDHE) and the records are known here.
pub fn suite(id: u16) -> Option<Suite> {
    let (cipher, sha384) = match id {
        0xc02b | 0xc02f => (Cipher::Aes128Gcm, false),
        0xc02c | 0xc030 => (Cipher::Aes256Gcm, true),
        0xcca8 | 0xcca9 => (Cipher::Chacha20Poly1305, false),
        _ => return None,
    };
    Some(Suite { cipher, sha384 })
}

impl Suite {
    fn digest(self, bytes: &[u8]) -> digest::Digest {
        let algorithm = match self.sha384 {
            true => &digest::SHA384,
            false => &digest::SHA256,
        };
        digest::digest(algorithm, bytes)
    }

    /// The pseudo-random function (RFC 5246 section 5).
    fn prf(self, secret: &[u8], label: &str, seed: &[u8], length: usize) -> Vec<u8> {
        let mac = match self.sha384 {
            true => hmac::HMAC_SHA384,
            false => hmac::HMAC_SHA256,
        };
        let key = hmac::Key::new(mac, secret);
        let seed = [label.as_bytes(), seed].concat();
        let mut block = hmac::sign(&key, &seed);
        let mut out = Vec::new();
        while out.len() < length {
            out.extend_from_slice(hmac::sign(&key, &[block.as_ref(), &seed].concat()).as_ref());
            block = hmac::sign(&key, block.as_ref());
        }
        out.truncate(length);
        out
    }

    /// The master secret out of what the key exchange gave. `randoms` are those of client
    /// and server, in this order (RFC 5246 section 8.1).
    pub fn master(self, shared: &[u8], randoms: &[u8]) -> Vec<u8> {
        self.prf(shared, "master secret", randoms, 48)
    }

    /// The master secret that is bound to the handshake (RFC 7627 section 4):
    /// `transcript` is all of it up to the ClientKeyExchange.
    pub fn extended_master(self, shared: &[u8], transcript: &[u8]) -> Vec<u8> {
        let hash = self.digest(transcript);
        self.prf(shared, "extended master secret", hash.as_ref(), 48)
    }

    /// What the client's Finished says after these messages.
    pub fn client_finished(self, master: &[u8], transcript: &[u8]) -> Vec<u8> {
        let hash = self.digest(transcript);
        self.prf(master, "client finished", hash.as_ref(), VERIFY_DATA)
    }

    /// What the server's Finished says after these messages.
    pub fn server_finished(self, master: &[u8], transcript: &[u8]) -> Vec<u8> {
        let hash = self.digest(transcript);
        self.prf(master, "server finished", hash.as_ref(), VERIFY_DATA)
    }

    /// The keys of the client's and of the server's records. `randoms` are those of server
    /// and client, in this order (RFC 5246 section 6.3).
    pub fn record_keys(self, master: &[u8], randoms: &[u8]) -> Option<(RecordKey, RecordKey)> {
        let (key, iv) = (
            self.cipher.algorithm().key_len(),
            match self.cipher.explicit() {
                true => FIXED,
                false => FIXED + SENT,
            },
        );
        let block = self.prf(master, "key expansion", randoms, 2 * (key + iv));
        let (client_key, rest) = block.split_at_checked(key)?;
        let (server_key, rest) = rest.split_at_checked(key)?;
        let (client_iv, server_iv) = rest.split_at_checked(iv)?;
        Some((
            RecordKey::new(self.cipher, client_key, client_iv, 0)?,
            RecordKey::new(self.cipher, server_key, server_iv, 0)?,
        ))
    }
}

/// Seals or opens the records of one direction.
pub struct RecordKey {
    key: LessSafeKey,
    /// The nonce without the number of the record.
    iv: [u8; FIXED + SENT],
    explicit: bool,
    /// Number of the next record.
    number: u64,
}

impl RecordKey {
    /// The key of a direction in which `number` records went already. `None` for a key or
    /// a nonce of odd length; a nonce may lack the part that is sent.
    pub fn new(cipher: Cipher, key: &[u8], iv: &[u8], number: u64) -> Option<Self> {
        let mut whole = [0; FIXED + SENT];
        whole.get_mut(..iv.len())?.copy_from_slice(iv);
        let whole_iv = iv.len() == whole.len() || cipher.explicit() && iv.len() == FIXED;
        let key = UnboundKey::new(cipher.algorithm(), key).ok()?;
        whole_iv.then_some(Self {
            key: LessSafeKey::new(key),
            iv: whole,
            explicit: cipher.explicit(),
            number,
        })
    }

    /// Seals one record, its header included. `None` for one that is too long.
    pub fn seal(&mut self, kind: u8, payload: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = self.iv;
        for (byte, other) in nonce.iter_mut().skip(FIXED).zip(self.number.to_be_bytes()) {
            *byte ^= other;
        }
        let about = self.about([kind, 3, 3], payload.len())?;
        let mut sealed = payload.to_vec();
        let unique = Nonce::assume_unique_for_key(nonce);
        self.key
            .seal_in_place_append_tag(unique, Aad::from(about), &mut sealed)
            .ok()?;
        self.number = self.number.checked_add(1)?;
        let explicit = nonce.get(FIXED..).filter(|_| self.explicit);
        let explicit = explicit.unwrap_or_default();
        let length = u16::try_from(explicit.len() + sealed.len()).ok()?;
        Some([&[kind, 3, 3], &length.to_be_bytes()[..], explicit, &sealed].concat())
    }

    /// Opens one record, given with its header. `None` when it was not sealed with this
    /// key, or not as the next.
    pub fn open(&mut self, record: &[u8]) -> Option<Vec<u8>> {
        let (header, sealed) = record.split_first_chunk::<5>()?;
        let [kind, major, minor, ..] = *header;
        let mut nonce = self.iv;
        let sealed = match self.explicit {
            true => {
                let (sent, sealed) = sealed.split_first_chunk::<SENT>()?;
                nonce.get_mut(FIXED..)?.copy_from_slice(sent);
                sealed
            }
            false => {
                for (byte, other) in nonce.iter_mut().skip(FIXED).zip(self.number.to_be_bytes()) {
                    *byte ^= other;
                }
                sealed
            }
        };
        let plain = sealed.len().checked_sub(self.key.algorithm().tag_len())?;
        let about = self.about([kind, major, minor], plain)?;
        let mut bytes = sealed.to_vec();
        let unique = Nonce::assume_unique_for_key(nonce);
        let plain = self.key.open_in_place(unique, Aad::from(about), &mut bytes);
        let plain = plain.ok()?.to_vec();
        self.number = self.number.checked_add(1)?;
        Some(plain)
    }

    /// What is authenticated besides the content: number, type, version and length.
    fn about(&self, head: [u8; 3], plain: usize) -> Option<Vec<u8>> {
        let length = u16::try_from(plain).ok()?.to_be_bytes();
        Some([&self.number.to_be_bytes()[..], &head, &length].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SUITES: [u16; 6] = [0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9];

    fn keys(id: u16) -> (RecordKey, RecordKey) {
        let suite = suite(id).expect("known");
        suite.record_keys(&[5; 48], &[6; 64]).expect("keys")
    }

    #[test]
    fn a_record_is_opened_only_as_it_was_sealed() {
        for id in SUITES {
            let (mut writer, mut other) = keys(id);
            let (mut reader, _) = keys(id);
            for payload in [&b"one"[..], b"", b"three"] {
                let record = writer.seal(22, payload).expect("short");
                assert_eq!(other.open(&record), None, "the other direction");
                let mut spoiled = record.clone();
                spoiled[0] = 23;
                assert_eq!(reader.open(&spoiled), None, "another type");
                assert_eq!(reader.open(&record).as_deref(), Some(payload));
                assert_eq!(reader.open(&record), None, "sent twice");
            }
            assert_eq!(writer.seal(22, &vec![0; 65_530]), None, "too long");
        }
        assert_eq!(suite(0x1301), None);
        assert!(RecordKey::new(Cipher::Aes128Gcm, &[1; 16], &[1; 5], 0).is_none());
        assert!(RecordKey::new(Cipher::Chacha20Poly1305, &[1; 32], &[1; 4], 0).is_none());
        assert!(RecordKey::new(Cipher::Aes256Gcm, &[1; 16], &[1; 4], 0).is_none());
    }

    #[test]
    fn secrets_depend_on_label_seed_and_hash() {
        let (short, long) = (suite(0xc02f).expect("known"), suite(0xc030).expect("known"));
        let one = short.master(b"shared", &[1; 64]);
        assert_eq!(one.len(), 48);
        for other in [
            long.master(b"shared", &[1; 64]),
            short.master(b"other", &[1; 64]),
            short.master(b"shared", &[2; 64]),
            short.extended_master(b"shared", &[1; 64]),
        ] {
            assert_ne!(one, other);
        }
        assert_ne!(
            short.client_finished(&one, b"messages"),
            short.server_finished(&one, b"messages")
        );
        assert_eq!(short.client_finished(&one, b"").len(), VERIFY_DATA);
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            for id in SUITES {
                prop_assert_eq!(keys(id).1.open(&bytes), None);
            }
        }
    }
}
