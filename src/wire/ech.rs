//! Configurations for encrypting the ClientHello, as the parameter `ech` of an
//! HTTPS record carries them (RFC 9849 section 4, RFC 9460).

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
    reader.vec16()?;
    reader.vec16()?;
    reader.u8()?;
    let public_name = clean_bytes(reader.vec8()?, 255);
    reader.vec16()?;
    reader.is_empty().then_some(Contents {
        config_id,
        kem,
        public_name,
    })
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
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = configs(&bytes);
        }
    }
}
