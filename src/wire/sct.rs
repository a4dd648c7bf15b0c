//! Signed certificate timestamps (RFC 6962): promises of a log that a
//! certificate stands in it, or soon will.

use sha2::{Digest, Sha256};

use super::der::{self, Malformed, Reader};
use super::x509::Key;

/// Most timestamps of a list that are read.
pub const MAX_TIMESTAMPS: usize = 32;
/// The extension of certificates that holds a list (RFC 6962 section 3.3),
/// 1.3.6.1.4.1.11129.2.4.2.
const EMBEDDED: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x02];
/// The extension of an answer by OCSP that does, 1.3.6.1.4.1.11129.2.4.5.
pub(super) const IN_OCSP: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x05];
/// The tag of the extensions of a certificate (RFC 5280 section 4.1).
const EXTENSIONS: u8 = 0xa3;

/// A signed certificate timestamp of version 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedTimestamp {
    /// SHA-256 of the log's public key.
    pub log_id: [u8; 32],
    /// When, in milliseconds since 1970.
    pub at: u64,
    extensions: Vec<u8>,
    /// Hash and signature algorithm (RFC 5246 section 7.4.1.4.1).
    algorithm: [u8; 2],
    signature: Vec<u8>,
}

/// What a log signed.
#[derive(Clone, Copy, Debug)]
pub enum Entry<'a> {
    /// The certificate itself: timestamps outside of it.
    Certificate(&'a [u8]),
    /// What the certificate is without its timestamps: those inside of it.
    Precertificate {
        /// SHA-256 of the issuer's SubjectPublicKeyInfo.
        issuer_key_hash: [u8; 32],
        /// From [`precertificate`].
        tbs: &'a [u8],
    },
}

/// Reads a list of timestamps as TLS carries it (RFC 6962 section 3.3). Those of
/// other versions are passed over, as the RFC wants.
///
/// # Errors
/// When lengths do not fit, or there are more than [`MAX_TIMESTAMPS`].
pub fn list(bytes: &[u8]) -> Result<Vec<SignedTimestamp>, Malformed> {
    let mut whole = Tls(bytes);
    let mut rest = Tls(whole.prefixed()?);
    whole.end()?;
    let mut found = Vec::new();
    let mut count = 0;
    while !rest.0.is_empty() {
        count += 1;
        if count > MAX_TIMESTAMPS {
            return Err(Malformed("more timestamps than anybody needs"));
        }
        found.extend(SignedTimestamp::read(rest.prefixed()?)?);
    }
    match count {
        0 => Err(Malformed("an empty list of timestamps")),
        _ => Ok(found),
    }
}

/// The list within a certificate, as [`list`] reads it; `None` when it has none.
///
/// # Errors
/// When the certificate or the extension cannot be read.
pub fn embedded(certificate: &[u8]) -> Result<Option<Vec<u8>>, Malformed> {
    let mut fields = body(certificate)?.inside();
    while let Some(tag) = fields.peek() {
        let field = fields.element()?;
        if tag != EXTENSIONS {
            continue;
        }
        let mut extensions = der::only(field.content, der::SEQUENCE)?.inside();
        while !extensions.is_empty() {
            let mut extension = extensions.expect(der::SEQUENCE)?.inside();
            if extension.expect(der::OID)?.content != EMBEDDED {
                continue;
            }
            extension.optional(der::BOOLEAN)?;
            let value = extension.expect(der::OCTET_STRING)?;
            let list = der::only(value.content, der::OCTET_STRING)?;
            return Ok(Some(list.content.to_vec()));
        }
    }
    Ok(None)
}

/// What a log signed before the certificate was issued: its body without the
/// list of timestamps (RFC 6962 section 3.2).
///
/// # Errors
/// When the certificate cannot be read.
pub fn precertificate(certificate: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut fields = body(certificate)?.inside();
    let mut kept = Vec::new();
    while let Some(tag) = fields.peek() {
        let field = fields.element()?;
        if tag != EXTENSIONS {
            kept.extend_from_slice(field.whole);
            continue;
        }
        let mut extensions = der::only(field.content, der::SEQUENCE)?.inside();
        let mut others = Vec::new();
        while !extensions.is_empty() {
            let extension = extensions.expect(der::SEQUENCE)?;
            if extension.inside().expect(der::OID)?.content != EMBEDDED {
                others.extend_from_slice(extension.whole);
            }
        }
        if !others.is_empty() {
            let list = der::write(der::SEQUENCE, &others);
            kept.extend_from_slice(&der::write(EXTENSIONS, &list));
        }
    }
    Ok(der::write(der::SEQUENCE, &kept))
}

fn body(certificate: &[u8]) -> Result<der::Element<'_>, Malformed> {
    let mut parts = der::only(certificate, der::SEQUENCE)?.inside();
    parts.expect(der::SEQUENCE)
}

impl SignedTimestamp {
    /// Reads one; `None` for another version than 1.
    fn read(bytes: &[u8]) -> Result<Option<Self>, Malformed> {
        let mut rest = Tls(bytes);
        if rest.take(1)? != [0] {
            return Ok(None);
        }
        let short = |_| Malformed("a timestamp is cut short");
        let log_id = rest.take(32)?.try_into().map_err(short)?;
        let at = u64::from_be_bytes(rest.take(8)?.try_into().map_err(short)?);
        let extensions = rest.prefixed()?.to_vec();
        let algorithm = rest.take(2)?.try_into().map_err(short)?;
        let signature = rest.prefixed()?.to_vec();
        rest.end()?;
        Ok(Some(Self {
            log_id,
            at,
            extensions,
            algorithm,
            signature,
        }))
    }

    /// Whether the key of a log signed this for an entry. Logs sign by SHA-256
    /// with ECDSA on P-256 or with RSA (RFC 6962 section 2.1.4).
    pub fn verifies(&self, key: &Key, entry: Entry<'_>) -> bool {
        let kind = match self.algorithm {
            [4, 3] => "ecdsa",
            [4, 1] => "rsa",
            _ => return false,
        };
        key.algorithm == kind
            && self
                .signed(entry)
                .is_some_and(|signed| key.signed_sha256(&signed, &self.signature))
    }

    /// What is signed (RFC 6962 section 3.2); `None` when it is too long to be written.
    fn signed(&self, entry: Entry<'_>) -> Option<Vec<u8>> {
        // Version 1, certificate_timestamp.
        let mut out = vec![0, 0];
        out.extend_from_slice(&self.at.to_be_bytes());
        let certificate = match entry {
            Entry::Certificate(der) => {
                out.extend_from_slice(&[0, 0]);
                der
            }
            Entry::Precertificate {
                issuer_key_hash,
                tbs,
            } => {
                out.extend_from_slice(&[0, 1]);
                out.extend_from_slice(&issuer_key_hash);
                tbs
            }
        };
        let length = u32::try_from(certificate.len()).ok()?.to_be_bytes();
        match length {
            [0, length @ ..] => out.extend_from_slice(&length),
            _ => return None,
        }
        out.extend_from_slice(certificate);
        let length = u16::try_from(self.extensions.len()).ok()?;
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&self.extensions);
        Some(out)
    }
}

/// SHA-256 of a public key, as logs and their lists name keys.
pub fn key_hash(spki: &[u8]) -> [u8; 32] {
    Sha256::digest(spki).into()
}

/// Bytes as TLS lays them out.
struct Tls<'a>(&'a [u8]);

impl<'a> Tls<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let short = Malformed("a timestamp is cut short");
        let (taken, rest) = self.0.split_at_checked(count).ok_or(short)?;
        self.0 = rest;
        Ok(taken)
    }

    /// Bytes behind their length in two.
    fn prefixed(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self
            .take(2)?
            .iter()
            .fold(0usize, |length, byte| length << 8 | usize::from(*byte));
        self.take(length)
    }

    fn end(&self) -> Result<(), Malformed> {
        match self.0 {
            [] => Ok(()),
            _ => Err(Malformed("bytes follow a timestamp")),
        }
    }
}

/// The list in the extension of an answer by OCSP, out of its OCTET STRING.
pub(super) fn in_ocsp(value: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader::new(value);
    let list = reader.expect(der::OCTET_STRING).ok()?;
    reader.end().ok()?;
    Some(list.content.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(version: u8) -> Vec<u8> {
        let mut sct = vec![version];
        sct.extend([7; 32]);
        sct.extend(1_700_000_000_000u64.to_be_bytes());
        sct.extend([0, 0, 4, 3, 0, 2, 9, 9]);
        sct
    }

    fn listed(items: &[Vec<u8>]) -> Vec<u8> {
        let length = |bytes: &[u8]| u16::try_from(bytes.len()).unwrap().to_be_bytes();
        let mut inner = Vec::new();
        for item in items {
            inner.extend(length(item));
            inner.extend(item);
        }
        [&length(&inner)[..], &inner].concat()
    }

    #[test]
    fn a_list_is_read_and_other_versions_are_passed_over() {
        let found = list(&listed(&[one(0), one(1), one(0)])).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].log_id, [7; 32]);
        assert_eq!(found[0].at, 1_700_000_000_000);
    }

    #[test]
    fn lists_that_do_not_fit_are_refused() {
        let mut long = one(0);
        long.push(0);
        let mut outside = listed(&[one(0)]);
        outside.push(0);
        let many = vec![one(0); MAX_TIMESTAMPS + 1];
        for bytes in [vec![], vec![0, 0], listed(&[long]), outside, listed(&many)] {
            assert!(list(&bytes).is_err(), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = (list(&bytes), embedded(&bytes), precertificate(&bytes), in_ocsp(&bytes));
        }
    }
}
