//! The ClientHello of a prober (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2).

use super::{EXTENDED_MASTER_SECRET, Version};

/// What a ClientHello offers. Extensions are left out where their field is
/// empty or false, so that the hello of an SSL 3.0 client can be had too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHello {
    /// Version in the record header.
    pub record_version: Version,
    /// `client_version`, which is at most TLS 1.2.
    pub legacy_version: Version,
    /// Stands in the place of [`Self::legacy_version`] on the wire: a version that
    /// does not exist yet, which servers have to answer with one that they have
    /// (RFC 5246 appendix E.1).
    pub claimed_version: Option<u16>,
    /// Contents of `supported_versions`; empty leaves the extension out.
    pub supported_versions: Vec<Version>,
    /// Random bytes.
    pub random: [u8; 32],
    /// Legacy session id.
    pub session_id: Vec<u8>,
    /// Suites in the client's order. At most [`ALL_SUITES`] are written.
    pub suites: Vec<u16>,
    /// Compression methods; 0 (none) is always the last.
    pub compression: Vec<u8>,
    /// Server name indication.
    pub server_name: Option<String>,
    /// Groups in the client's order.
    pub groups: Vec<u16>,
    /// Signature schemes in the client's order.
    pub signature_schemes: Vec<u16>,
    /// Application protocols.
    pub alpn: Vec<Vec<u8>>,
    /// Sends `key_share` without a share: the server has to name the group
    /// that it would use, in a HelloRetryRequest, and no key is made.
    pub empty_key_share: bool,
    /// Asks for a stapled OCSP response (RFC 6066 section 8).
    pub status_request: bool,
    /// Offers the extended master secret (RFC 7627).
    pub extended_master_secret: bool,
    /// Offers encrypt-then-MAC (RFC 7366).
    pub encrypt_then_mac: bool,
    /// Offers session tickets (RFC 5077).
    pub session_ticket: bool,
    /// Offers secure renegotiation (RFC 5746).
    pub renegotiation_info: bool,
    /// What the client's Finished said, when the hello asks for a renegotiation
    /// (RFC 5746 section 3.5).
    pub client_verify_data: Vec<u8>,
    /// Offers heartbeats, and wants none sent to itself (RFC 6520).
    pub heartbeat: bool,
    /// Offers a MAC that is cut short (RFC 6066 section 7).
    pub truncated_hmac: bool,
    /// Offers the predecessor of ALPN, in which the client chooses.
    pub npn: bool,
    /// Asks for signed certificate timestamps (RFC 6962 section 3.3.1).
    pub timestamps: bool,
    /// Key shares: group and public value. They stand in the place of an empty one.
    pub key_shares: Vec<(u16, Vec<u8>)>,
    /// Signature schemes that certificates may have been signed with, where they
    /// differ from [`Self::signature_schemes`] (RFC 8446 section 4.2.3).
    pub certificate_schemes: Vec<u16>,
    /// Algorithms with which certificates may come compressed (RFC 8879).
    pub certificate_compression: Vec<u16>,
    /// A session ticket to resume with (RFC 5077); needs `session_ticket`.
    pub ticket: Vec<u8>,
    /// Puts values that nobody registered into every list, which servers have
    /// to pass over (RFC 8701).
    pub grease: bool,
}

/// Most suites in a hello for any server: it stays below 512 bytes, which servers
/// that choke on more than 511 bytes or 150 suites still take.
pub const MAX_SUITES: usize = 120;

/// Most suites in a hello for a server that is known to take larger ones.
pub const ALL_SUITES: usize = 400;

/// The compression method DEFLATE (RFC 3749).
pub const DEFLATE: u8 = 1;

/// One of the values that stay unregistered for ever (RFC 8701 section 2).
const GREASE: u16 = 0x3a3a;

/// A version above all that exist, of the same major number.
pub const VERSION_TO_COME: u16 = 0x0305;

/// `TLS_FALLBACK_SCSV` (RFC 7507).
pub const FALLBACK_SCSV: u16 = 0x5600;

impl ClientHello {
    /// A hello for one version, with nothing offered yet.
    pub fn new(version: Version, random: [u8; 32]) -> Self {
        let tls13 = version == Version::Tls13;
        Self {
            record_version: version.min(Version::Tls10),
            legacy_version: version.min(Version::Tls12),
            claimed_version: None,
            supported_versions: if tls13 { vec![version] } else { Vec::new() },
            random,
            session_id: if tls13 { random.to_vec() } else { Vec::new() },
            suites: Vec::new(),
            compression: Vec::new(),
            server_name: None,
            groups: Vec::new(),
            signature_schemes: Vec::new(),
            alpn: Vec::new(),
            empty_key_share: tls13,
            status_request: false,
            extended_master_secret: false,
            encrypt_then_mac: false,
            session_ticket: false,
            renegotiation_info: false,
            client_verify_data: Vec::new(),
            heartbeat: false,
            truncated_hmac: false,
            npn: false,
            timestamps: false,
            key_shares: Vec::new(),
            certificate_schemes: Vec::new(),
            certificate_compression: Vec::new(),
            ticket: Vec::new(),
            grease: false,
        }
    }

    /// The hello as one record.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(512);
        let version = self.claimed_version.unwrap_or(self.legacy_version.code());
        put16(&mut body, version);
        body.extend_from_slice(&self.random);
        vector8(&mut body, &self.session_id);
        let suites = self.greased(&self.suites, ALL_SUITES);
        vector16(&mut body, &words(&suites));
        let mut compression: Vec<u8> = self
            .compression
            .iter()
            .copied()
            .filter(|m| *m != 0)
            .collect();
        compression.push(0);
        vector8(&mut body, &compression);
        let extensions = self.extensions();
        if !extensions.is_empty() {
            vector16(&mut body, &extensions);
        }
        let mut handshake = vec![1];
        put24(&mut handshake, body.len());
        handshake.extend_from_slice(&body);
        let mut record = vec![22];
        put16(&mut record, self.record_version.code());
        vector16(&mut record, &handshake);
        record
    }

    fn extensions(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if self.legacy_version == Version::Ssl3 {
            return out;
        }
        if self.grease {
            extension(&mut out, GREASE, |_| {});
        }
        if let Some(name) = &self.server_name {
            let mut entry = vec![0];
            vector16(&mut entry, name.as_bytes());
            extension(&mut out, 0, |body| vector16(body, &entry));
        }
        if self.extended_master_secret {
            extension(&mut out, EXTENDED_MASTER_SECRET, |_| {});
        }
        if self.encrypt_then_mac {
            extension(&mut out, 22, |_| {});
        }
        if self.session_ticket {
            extension(&mut out, 35, |body| body.extend_from_slice(&self.ticket));
        }
        if self.renegotiation_info {
            extension(&mut out, 0xff01, |body| {
                vector8(body, &self.client_verify_data);
            });
        }
        if self.heartbeat {
            extension(&mut out, 15, |body| body.push(2));
        }
        if self.truncated_hmac {
            extension(&mut out, 4, |_| {});
        }
        if self.npn {
            extension(&mut out, 13_172, |_| {});
        }
        if self.timestamps {
            extension(&mut out, 18, |_| {});
        }
        if self.status_request {
            extension(&mut out, 5, |body| body.extend_from_slice(&[1, 0, 0, 0, 0]));
        }
        if !self.groups.is_empty() {
            extension(&mut out, 10, |body| {
                vector16(body, &words(&self.greased(&self.groups, usize::MAX)));
            });
            // Point formats (RFC 8422 section 5.1.2): some old servers need all three.
            if self.supported_versions.is_empty() {
                extension(&mut out, 11, |body| vector8(body, &[0, 1, 2]));
            }
        }
        if !self.signature_schemes.is_empty() {
            extension(&mut out, 13, |body| {
                let schemes = self.greased(&self.signature_schemes, usize::MAX);
                vector16(body, &words(&schemes));
            });
        }
        if !self.certificate_schemes.is_empty() {
            extension(&mut out, 50, |body| {
                vector16(body, &words(&self.certificate_schemes));
            });
        }
        if !self.certificate_compression.is_empty() {
            extension(&mut out, 27, |body| {
                vector8(body, &words(&self.certificate_compression));
            });
        }
        if !self.alpn.is_empty() {
            let mut names = Vec::new();
            for name in &self.alpn {
                vector8(&mut names, name);
            }
            extension(&mut out, 16, |body| vector16(body, &names));
        }
        if !self.supported_versions.is_empty() {
            let codes: Vec<u16> = self.supported_versions.iter().map(|v| v.code()).collect();
            let codes = self.greased(&codes, usize::MAX);
            extension(&mut out, 43, |body| vector8(body, &words(&codes)));
        }
        if !self.key_shares.is_empty() || self.empty_key_share {
            let mut shares = Vec::new();
            for (group, value) in &self.key_shares {
                put16(&mut shares, *group);
                vector16(&mut shares, value);
            }
            extension(&mut out, 51, |body| vector16(body, &shares));
        }
        out
    }

    /// A list, with an unregistered value at its head where that is wanted.
    fn greased(&self, list: &[u16], at_most: usize) -> Vec<u16> {
        let head = self.grease.then_some(GREASE);
        head.into_iter()
            .chain(list.iter().copied())
            .take(at_most)
            .collect()
    }
}

fn put16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_be_bytes());
}

fn put24(out: &mut Vec<u8>, value: usize) {
    let bytes = u32::try_from(value).unwrap_or(u32::MAX).to_be_bytes();
    out.extend(bytes.iter().skip(1));
}

/// Writes at most 255 bytes with their length.
fn vector8(out: &mut Vec<u8>, bytes: &[u8]) {
    let length = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
    out.push(length);
    out.extend(bytes.iter().take(usize::from(length)));
}

/// Writes at most 65,535 bytes with their length.
fn vector16(out: &mut Vec<u8>, bytes: &[u8]) {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    put16(out, length);
    out.extend(bytes.iter().take(usize::from(length)));
}

fn words<'a>(values: impl IntoIterator<Item = &'a u16>) -> Vec<u8> {
    values
        .into_iter()
        .flat_map(|value| value.to_be_bytes())
        .collect()
}

fn extension(out: &mut Vec<u8>, kind: u16, write: impl FnOnce(&mut Vec<u8>)) {
    let mut body = Vec::new();
    write(&mut body);
    put16(out, kind);
    vector16(out, &body);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::tls::{groups, signatures, suites};
    use rustls::server::Acceptor;

    fn full(version: Version) -> ClientHello {
        let mut hello = ClientHello::new(version, [7; 32]);
        hello.suites = suites::all()
            .iter()
            .filter(|suite| suite.legal_in(version))
            .map(|suite| suite.id)
            .take(MAX_SUITES)
            .collect();
        hello.groups = groups::all()
            .iter()
            .filter(|group| match version {
                Version::Tls13 => group.in_tls13(),
                _ => group.curve_before_tls13(),
            })
            .map(|group| group.id)
            .collect();
        hello.signature_schemes = signatures::all().iter().map(|scheme| scheme.id).collect();
        hello.server_name = Some("vote.example".to_owned());
        hello.status_request = true;
        hello.extended_master_secret = true;
        hello.encrypt_then_mac = true;
        hello.session_ticket = true;
        hello.renegotiation_info = true;
        hello.timestamps = true;
        if version < Version::Tls13 {
            hello.heartbeat = true;
            hello.truncated_hmac = true;
            hello.compression = vec![DEFLATE];
        }
        hello
    }

    #[test]
    fn a_full_hello_stays_below_the_size_that_old_servers_take() {
        for version in [Version::Tls13, Version::Tls10, Version::Ssl3] {
            let length = full(version).encode().len();
            assert!(length <= 516, "{version:?}: {length}");
        }
    }

    /// Another implementation reads what is written here.
    #[test]
    fn rustls_reads_the_hello() {
        let mut bytes: &[u8] = &full(Version::Tls13).encode();
        let mut acceptor = Acceptor::default();
        acceptor.read_tls(&mut bytes).expect("from memory");
        let accepted = acceptor
            .accept()
            .map_err(|(error, _)| error)
            .expect("well formed");
        let accepted = accepted.expect("complete");
        let hello = accepted.client_hello();
        assert_eq!(hello.server_name(), Some("vote.example"));
        assert_eq!(
            hello.cipher_suites().first().map(|suite| u16::from(*suite)),
            Some(0x00c6)
        );
        assert_eq!(hello.signature_schemes().len(), signatures::all().len());
    }

    #[test]
    fn an_ssl3_hello_has_no_extensions() {
        let mut hello = ClientHello::new(Version::Ssl3, [1; 32]);
        hello.suites = vec![0x000a];
        let mut expected = vec![22, 3, 0, 0, 45, 1, 0, 0, 41, 3, 0];
        expected.extend_from_slice(&[1; 32]);
        expected.extend_from_slice(&[0, 0, 2, 0, 0x0a, 1, 0]);
        assert_eq!(hello.encode(), expected);
    }
}
