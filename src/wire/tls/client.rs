//! What a client offers: a ClientHello read (RFC 8446 section 4.1.2, RFC 5246
//! section 7.4.1.2), and the entry of a catalogue of clients that is made of it.

use super::{Reader, Version, client_hello::FALLBACK_SCSV};

/// Most bytes of a hello that are read; real ones have 50 to 2,000.
pub const MAX_HELLO: usize = 16 * 1024;

/// `TLS_EMPTY_RENEGOTIATION_INFO_SCSV` (RFC 5746 section 3.3), which is no suite.
const RENEGOTIATION_SCSV: u16 = 0x00ff;

/// What a client offers. Values that are only there to be passed over (RFC
/// 8701) and those that signal something are left out of every list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// Versions, the oldest first.
    pub versions: Vec<Version>,
    /// Suites in the client's order.
    pub suites: Vec<u16>,
    /// Groups in the client's order; empty without the extension.
    pub groups: Vec<u16>,
    /// Groups of which a key share is sent.
    pub key_shares: Vec<u16>,
    /// Signature schemes in the client's order; empty without the extension.
    pub signature_schemes: Vec<u16>,
    /// Whether the server is named (RFC 6066 section 3).
    pub server_name: bool,
    /// Application protocols (RFC 7301).
    pub alpn: Vec<String>,
    /// Whether values that nobody registered are among the lists (RFC 8701).
    pub grease: bool,
    /// Bytes of the hello with its record header.
    pub length: u32,
}

/// A client of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its id, such as `firefox-100`.
    pub id: String,
    /// Product and version.
    pub name: String,
    /// The system that it runs on.
    pub platform: String,
    /// Who uses it today.
    pub standing: Standing,
    /// Where these values come from.
    pub source: String,
    /// What it offers.
    pub offer: Offer,
    /// What it accepts of a server's answer.
    pub limits: Limits,
}

/// Who uses a client today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// A browser or telephone that its maker keeps up to date.
    Current,
    /// A browser or telephone that gets no updates and is still met.
    Aging,
    /// A browser or telephone that is hardly met any more.
    Obsolete,
    /// A library or a tool: partners, monitoring, other servers.
    Program,
}

/// What a client accepts of a server's answer; `None` where that is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Smallest finite field in bits.
    pub min_dh_bits: Option<u32>,
    /// Largest finite field in bits.
    pub max_dh_bits: Option<u32>,
    /// Smallest RSA key of a certificate in bits.
    pub min_rsa_bits: Option<u32>,
    /// Whether it breaks off up to TLS 1.2 where secure renegotiation (RFC 5746) is not granted.
    pub needs_secure_renegotiation: bool,
}

impl Offer {
    /// Reads a hello as it came: one or more records of TLS.
    ///
    /// # Errors
    /// A word on what is wrong.
    pub fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        if bytes.len() > MAX_HELLO {
            return Err("it is too long for a ClientHello");
        }
        let (handshake, length) = handshake(bytes)?;
        let mut offer = Self::of_body(&handshake).ok_or("its lists do not fit into it")?;
        offer.length = u32::try_from(length).unwrap_or(u32::MAX);
        Ok(offer)
    }

    fn of_body(body: &[u8]) -> Option<Self> {
        let mut offer = Self::default();
        let mut reader = Reader::new(body);
        let legacy = reader.u16()?;
        reader.take(32)?;
        reader.vec8()?;
        let suites = offer.list(reader.vec16()?)?;
        let signals = [RENEGOTIATION_SCSV, FALLBACK_SCSV];
        offer.suites = suites;
        offer.suites.retain(|suite| !signals.contains(suite));
        reader.vec8()?;
        let mut named = None;
        if !reader.is_empty() {
            let mut extensions = Reader::new(reader.vec16()?);
            while !extensions.is_empty() {
                let kind = extensions.u16()?;
                let value = extensions.vec16()?;
                offer.grease |= is_grease(kind);
                offer.extension(kind, value, &mut named)?;
            }
        }
        offer.versions = named.unwrap_or_else(|| {
            let mut versions = Version::ALL.to_vec();
            // What a client accepts below is not to be seen; today nobody has SSL 3.0.
            versions.retain(|v| v.code() <= legacy.min(0x0303) && *v > Version::Ssl3);
            versions
        });
        Some(offer)
    }

    fn extension(
        &mut self,
        kind: u16,
        value: &[u8],
        versions: &mut Option<Vec<Version>>,
    ) -> Option<()> {
        let mut reader = Reader::new(value);
        match kind {
            0 => self.server_name = true,
            10 => self.groups = self.list(reader.vec16()?)?,
            13 => self.signature_schemes = self.list(reader.vec16()?)?,
            16 => {
                let mut names = Reader::new(reader.vec16()?);
                while !names.is_empty() {
                    let name = names.vec8()?;
                    let grease = matches!(name, &[one, other] if is_grease(u16::from_be_bytes([one, other])));
                    if grease {
                        self.grease = true;
                    } else {
                        self.alpn.push(String::from_utf8_lossy(name).into_owned());
                    }
                }
            }
            43 => {
                let mut known: Vec<Version> = self
                    .list(reader.vec8()?)?
                    .into_iter()
                    .filter_map(Version::from_code)
                    .collect();
                known.sort();
                known.dedup();
                *versions = Some(known);
            }
            51 => {
                let mut shares = Reader::new(reader.vec16()?);
                while !shares.is_empty() {
                    let group = shares.u16()?;
                    shares.vec16()?;
                    if !is_grease(group) {
                        self.key_shares.push(group);
                    }
                }
            }
            _ => {}
        }
        Some(())
    }

    /// A list of code points, without those that are there to be passed over.
    fn list(&mut self, bytes: &[u8]) -> Option<Vec<u16>> {
        let mut reader = Reader::new(bytes);
        let mut found = Vec::new();
        while !reader.is_empty() {
            let value = reader.u16()?;
            match is_grease(value) {
                true => self.grease = true,
                false => found.push(value),
            }
        }
        Some(found)
    }
}

/// One of the values of RFC 8701: both bytes are the same and end in `a`.
fn is_grease(value: u16) -> bool {
    let [high, low] = value.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

/// The body of the ClientHello out of its records, and how many bytes it took.
fn handshake(bytes: &[u8]) -> Result<(Vec<u8>, usize), &'static str> {
    const CUT: &str = "it ends before the ClientHello does";
    let mut reader = Reader::new(bytes);
    let mut message = Vec::new();
    let mut read = 0;
    loop {
        match reader.u8() {
            Some(22) => {}
            Some(_) => return Err("it does not begin with a handshake record of TLS"),
            None => return Err(CUT),
        }
        reader.u16().ok_or(CUT)?;
        let payload = reader.vec16().ok_or(CUT)?;
        if payload.is_empty() {
            return Err("a record of it is empty");
        }
        read += 5 + payload.len();
        message.extend_from_slice(payload);
        let mut inner = Reader::new(&message);
        if inner.u8() != Some(1) {
            return Err("its first message is no ClientHello");
        }
        if let Some(body) = inner.vec24() {
            return Ok((body.to_vec(), read));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::tls::client_hello::ClientHello;
    use proptest::prelude::*;

    fn hello(version: Version) -> ClientHello {
        let mut hello = ClientHello::new(version, [3; 32]);
        hello.suites = vec![0x1301, 0xc02f, 0xcc13];
        hello.groups = vec![29, 23];
        hello.signature_schemes = vec![0x0804, 0x0401];
        hello.server_name = Some("vote.example".to_owned());
        hello.alpn = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        hello.grease = true;
        hello
    }

    #[test]
    fn what_is_written_is_read() {
        let mut written = hello(Version::Tls13);
        written.supported_versions = vec![Version::Tls13, Version::Tls12];
        written.key_shares = vec![(29, vec![9; 32])];
        let bytes = written.encode();
        let read = Offer::read(&bytes).expect("a hello");
        assert_eq!(read.versions, [Version::Tls12, Version::Tls13]);
        assert_eq!(read.suites, written.suites);
        assert_eq!(read.groups, written.groups);
        assert_eq!(read.key_shares, [29]);
        assert_eq!(read.signature_schemes, written.signature_schemes);
        assert_eq!(read.alpn, ["h2", "http/1.1"]);
        assert!(read.server_name && read.grease);
        assert_eq!(read.length as usize, bytes.len());
    }

    #[test]
    fn an_old_hello_offers_what_its_version_says() {
        let mut old = hello(Version::Tls11);
        old.suites.push(RENEGOTIATION_SCSV);
        old.grease = false;
        let read = Offer::read(&old.encode()).expect("a hello");
        assert_eq!(read.versions, [Version::Tls10, Version::Tls11]);
        assert_eq!(read.suites, [0x1301, 0xc02f, 0xcc13]);
        assert!(!read.grease && read.key_shares.is_empty());
    }

    #[test]
    fn a_hello_may_come_in_several_records() {
        let whole = hello(Version::Tls12).encode();
        let (head, body) = whole.split_at(5);
        let (one, other) = body.split_at(20);
        let record = |part: &[u8]| {
            let length = u16::try_from(part.len()).expect("short").to_be_bytes();
            [&head[..3], &length, part].concat()
        };
        let parts = [record(one), record(other)].concat();
        let read = Offer::read(&parts).expect("a hello");
        assert_eq!(read.length as usize, parts.len());
        assert_eq!(read.suites, [0x1301, 0xc02f, 0xcc13]);
    }

    #[test]
    fn what_is_no_hello_is_told() {
        let whole = hello(Version::Tls13).encode();
        for (bytes, word) in [
            (&b"GET / HTTP/1.1\r\n"[..], "handshake record"),
            (&whole[..60], "ends before"),
            (&[22, 3, 1, 0, 0][..], "empty"),
            (&[22, 3, 1, 0, 1, 2][..], "no ClientHello"),
            (&[22, 3, 1, 0, 5, 1, 0, 0, 1, 3][..], "lists"),
            (&[22; MAX_HELLO + 1][..], "too long"),
        ] {
            let error = Offer::read(bytes).expect_err("no hello");
            assert!(error.contains(word), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = Offer::read(&bytes);
        }

        #[test]
        fn a_spoiled_hello_is_read_without_harm(at in 0usize..300, value: u8) {
            let mut bytes = hello(Version::Tls13).encode();
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
            if let Ok(read) = Offer::read(&bytes) {
                prop_assert!(read.suites.len() <= bytes.len() / 2);
            }
        }
    }
}
