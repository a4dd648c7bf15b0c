//! Configurations for encrypting the ClientHello, as the parameter `ech` of an
//! HTTPS record carries them (RFC 9849 section 4, RFC 9460).

use std::collections::BTreeSet;

use super::text::clean_bytes;
use super::tls::Reader;

/// Most configurations that are kept.
const MAX_CONFIGS: usize = 16;

/// The version whose contents are known here.
const KNOWN: u16 = 0xfe0d;

/// One configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EchConfig {
    /// Version of its form.
    pub version: u16,
    /// All of it, as it stands in the list.
    pub raw: Vec<u8>,
    /// What it says, where the version is one that is known here.
    pub contents: Option<Contents>,
}

/// What a configuration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// Number by which the server tells its keys apart.
    pub config_id: u8,
    /// Key encapsulation (RFC 9180 section 7.1).
    pub kem: u16,
    /// Name that stands in the clear, cleaned.
    pub public_name: String,
    /// Why clients pass over it, whatever they have.
    pub fault: Option<Fault>,
}

/// Why every client passes over a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Its version is not that of RFC 9849.
    OtherVersion,
    /// It demands an extension, and none that may be demanded is registered; or it has one
    /// twice (RFC 9849 section 4.2).
    Extension,
    /// Its public name is no name of a host (RFC 9849 section 6.1.7).
    PublicName,
    /// Its key has not the length that its key encapsulation has.
    Key,
}

impl EchConfig {
    /// Why clients pass over it, whatever they have.
    pub fn fault(&self) -> Option<Fault> {
        match &self.contents {
            None => Some(Fault::OtherVersion),
            Some(contents) => contents.fault,
        }
    }
}

/// Reads a list of configurations; `None` when it is broken.
pub fn configs(bytes: &[u8]) -> Option<Vec<EchConfig>> {
    let mut reader = Reader::new(bytes);
    let mut list = Reader::new(reader.vec16()?);
    if !reader.is_empty() || list.is_empty() {
        return None;
    }
    let mut found = Vec::new();
    while !list.is_empty() {
        let version = list.u16()?;
        let body = list.vec16()?;
        let contents = match version {
            KNOWN => Some(contents(body)?),
            _ => None,
        };
        if found.len() < MAX_CONFIGS {
            found.push(EchConfig {
                version,
                raw: [&version.to_be_bytes(), &vector(body)[..]].concat(),
                contents,
            });
        }
    }
    Some(found)
}

/// A list of configurations, of which each is given as it stands there.
pub fn list<'a>(configs: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    vector(&configs.into_iter().collect::<Vec<_>>().concat())
}

/// Bytes behind their length, which no list of 65,535 bytes or fewer exceeds.
fn vector(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes(), bytes].concat()
}

fn contents(body: &[u8]) -> Option<Contents> {
    let mut reader = Reader::new(body);
    let config_id = reader.u8()?;
    let kem = reader.u16()?;
    let key = reader.vec16()?;
    let ciphers = reader.vec16()?;
    reader.u8()?;
    let name = reader.vec8()?;
    let demands = demands(reader.vec16()?)?;
    let whole = !ciphers.is_empty() && ciphers.len().is_multiple_of(4) && !name.is_empty();
    if !reader.is_empty() || key.is_empty() || !whole {
        return None;
    }
    let fits = key_length(kem).is_none_or(|length| length == key.len());
    let fault = if demands {
        Some(Fault::Extension)
    } else if !is_host(name) {
        Some(Fault::PublicName)
    } else if !fits {
        Some(Fault::Key)
    } else {
        None
    };
    Some(Contents {
        config_id,
        kem,
        public_name: clean_bytes(name, 255),
        fault,
    })
}

/// Whether one of these extensions must be known, or stands there twice. `None` when they are
/// broken.
fn demands(extensions: &[u8]) -> Option<bool> {
    const MANDATORY: u16 = 0x8000;
    let mut reader = Reader::new(extensions);
    let (mut seen, mut demands) = (BTreeSet::new(), false);
    while !reader.is_empty() {
        let kind = reader.u16()?;
        reader.vec16()?;
        demands |= kind & MANDATORY != 0 || !seen.insert(kind);
    }
    Some(demands)
}

/// Bytes of a public key (`Npk` in the registry of HPKE KEM identifiers at IANA); `None` for
/// what is not known here.
fn key_length(kem: u16) -> Option<usize> {
    match kem {
        0x0010 => Some(65),
        0x0011 => Some(97),
        0x0012 => Some(133),
        0x0020 => Some(32),
        0x0021 => Some(56),
        _ => None,
    }
}

/// Whether a name is one of a host, and no address (RFC 9849 section 6.1.7).
fn is_host(name: &[u8]) -> bool {
    let label = |label: &[u8]| {
        let hyphen = label.starts_with(b"-") || label.ends_with(b"-");
        let letters = label
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || *b == b'-');
        (1..=63).contains(&label.len()) && letters && !hyphen
    };
    let last = name.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    let hexadecimal = match last {
        [b'0', b'x' | b'X', digits @ ..] => digits.iter().all(u8::is_ascii_hexdigit),
        _ => false,
    };
    let number = hexadecimal || last.iter().all(u8::is_ascii_digit);
    name.split(|byte| *byte == b'.').all(label) && !number
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    use proptest::prelude::*;

    /// As a large network published it.
    const PUBLISHED: &str = "AEX+DQBBrAAgACCInfIgdvp+4xqPkMYvPt1Rv7zxtllWm3SjIjWxBoEgfAAEAAEAAQASY2xvdWRmbGFyZS1lY2guY29tAAA=";

    #[test]
    fn a_published_list_is_read() {
        let mut bytes = BASE64_STANDARD.decode(PUBLISHED).expect("Base64");
        let [config] = &configs(&bytes).expect("sound")[..] else {
            panic!("one configuration");
        };
        let contents = config.contents.as_ref().expect("known");
        assert_eq!(
            (config.version, contents.config_id, contents.kem),
            (0xfe0d, 172, 0x20)
        );
        assert_eq!(contents.public_name, "cloudflare-ech.com");
        assert_eq!(list([&config.raw[..]]), bytes);
        for end in 0..bytes.len() {
            assert_eq!(configs(&bytes[..end]), None);
        }
        // Another version is told, and not looked into.
        bytes[3] = 0x99;
        let found = configs(&bytes).expect("sound");
        assert_eq!((found[0].version, &found[0].contents), (0xfe99, &None));
        assert_eq!(found[0].fault(), Some(Fault::OtherVersion));
    }

    /// A list of one configuration.
    fn one(kem: u16, key: usize, ciphers: &[u8], name: &[u8], extensions: &[u8]) -> Vec<u8> {
        let mut body = vec![7];
        body.extend(kem.to_be_bytes());
        body.extend(vector(&vec![9; key]));
        body.extend(vector(ciphers));
        body.extend([0, u8::try_from(name.len()).expect("short")]);
        body.extend(name);
        body.extend(vector(extensions));
        vector(&[&KNOWN.to_be_bytes()[..], &vector(&body)].concat())
    }

    #[test]
    fn what_every_client_passes_over_is_told_from_what_is_broken() {
        const CIPHER: &[u8] = &[0, 1, 0, 1];
        let host = b"front.example";
        let cases: [(Vec<u8>, Option<Option<Fault>>); 22] = [
            (one(0x20, 32, CIPHER, host, &[]), Some(None)),
            (one(0x10, 65, CIPHER, host, &[]), Some(None)),
            (one(0x7777, 5, CIPHER, host, &[]), Some(None)),
            (
                one(0x20, 32, CIPHER, host, &[0, 5, 0, 1, 9, 0x1a, 0x1a, 0, 0]),
                Some(None),
            ),
            (
                one(0x20, 32, CIPHER, host, &[0x80, 5, 0, 1, 9]),
                Some(Some(Fault::Extension)),
            ),
            (
                one(0x20, 32, CIPHER, host, &[0, 5, 0, 0, 0, 5, 0, 0]),
                Some(Some(Fault::Extension)),
            ),
            (one(0x20, 31, CIPHER, host, &[]), Some(Some(Fault::Key))),
            (one(0x12, 132, CIPHER, host, &[]), Some(Some(Fault::Key))),
            (
                one(0x20, 32, CIPHER, b"192.0.2.1", &[]),
                Some(Some(Fault::PublicName)),
            ),
            (
                one(0x20, 32, CIPHER, b"front.0x1f", &[]),
                Some(Some(Fault::PublicName)),
            ),
            (
                one(0x20, 32, CIPHER, b".front.example", &[]),
                Some(Some(Fault::PublicName)),
            ),
            (
                one(0x20, 32, CIPHER, b"front.example.", &[]),
                Some(Some(Fault::PublicName)),
            ),
            (
                one(0x20, 32, CIPHER, b"fro_nt.example", &[]),
                Some(Some(Fault::PublicName)),
            ),
            (
                one(0x20, 32, CIPHER, &[b'a'; 64], &[]),
                Some(Some(Fault::PublicName)),
            ),
            (one(0x20, 32, CIPHER, b"0xample", &[]), Some(None)),
            (one(0x20, 0, CIPHER, host, &[]), None),
            (one(0x20, 32, &[], host, &[]), None),
            (one(0x20, 32, &[0, 1, 0], host, &[]), None),
            (one(0x20, 32, CIPHER, b"", &[]), None),
            (one(0x20, 32, CIPHER, host, &[0, 5, 0, 1]), None),
            // A length that does not fit, and nothing at all.
            ([&one(0x20, 32, CIPHER, host, &[])[..], &[0]].concat(), None),
            (vec![0, 0], None),
        ];
        for (bytes, expected) in cases {
            let found = configs(&bytes).map(|found| found[0].fault());
            assert_eq!(found, expected, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = configs(&bytes);
        }
    }
}
