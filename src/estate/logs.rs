//! Two certificate transparency logs of the estate, as far as a certificate
//! shows them: each signs a promise that goes into the certificate (RFC 6962
//! section 3.2). Nothing is stored, and nobody but the estate knows the logs.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

use super::EstateError;

/// SCT list of RFC 6962 section 3.3.
pub(super) const EXTENSION: [u64; 10] = [1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];
/// Beginning of the SubjectPublicKeyInfo of an uncompressed key on P-256 (RFC 5480).
const P256_KEY_HEADER: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// The logs.
pub(super) struct Logs([Log; 2]);

struct Log {
    key: EcdsaKeyPair,
    /// SHA-256 of the public key.
    id: [u8; 32],
}

impl Logs {
    /// Logs with fresh keys.
    pub(super) fn new() -> Result<Self, EstateError> {
        Ok(Self([Log::new()?, Log::new()?]))
    }

    /// The logs as a log list of version 3, for `--ct-logs`.
    pub(super) fn list(&self) -> String {
        let operators: Vec<Value> = self
            .0
            .iter()
            .zip(["Example Logs", "Example Second Logs"])
            .map(|(log, name)| {
                json!({
                    "name": name,
                    "logs": [{
                        "description": format!("{name} 2026"),
                        "log_id": STANDARD.encode(log.id),
                        "key": STANDARD.encode(log.public_key()),
                        "url": "https://log.example/",
                        "state": { "usable": { "timestamp": "2020-01-01T00:00:00Z" } },
                    }],
                })
            })
            .collect();
        json!({ "version": "1", "operators": operators }).to_string()
    }

    /// The content of the extension for a certificate that is given without
    /// it, under an issuer given by the public key's DER form.
    pub(super) fn promises(
        &self,
        certificate: &[u8],
        issuer_key: &[u8],
        at: SystemTime,
    ) -> Result<Vec<u8>, EstateError> {
        let (_, parsed) = X509Certificate::from_der(certificate)
            .map_err(|e| EstateError::new("read its own certificate", e))?;
        let body = parsed.tbs_certificate.as_ref();
        let mut list = Vec::new();
        for log in &self.0 {
            list.extend(prefixed::<2>(&log.promise(body, issuer_key, at)?)?);
        }
        let list = prefixed::<2>(&list)?;
        let length = u8::try_from(list.len()).map_err(too_long)?;
        // An octet string of 128 to 255 bytes, within the extension's own.
        Ok([&[0x04, 0x81, length][..], &list].concat())
    }
}

impl Log {
    fn new() -> Result<Self, EstateError> {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)
            .map_err(|e| EstateError::new("make a key", e))?;
        let mut log = Self { key, id: [0; 32] };
        log.id = Sha256::digest(log.public_key()).into();
        Ok(log)
    }

    /// SubjectPublicKeyInfo.
    fn public_key(&self) -> Vec<u8> {
        [&P256_KEY_HEADER[..], self.key.public_key().as_ref()].concat()
    }

    /// A signed certificate timestamp over a certificate without this extension.
    fn promise(
        &self,
        body: &[u8],
        issuer_key: &[u8],
        at: SystemTime,
    ) -> Result<Vec<u8>, EstateError> {
        let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        let time = u64::try_from(since.as_millis()).map_err(too_long)?;
        let time = time.to_be_bytes();
        // Version 1, certificate_timestamp; then precert_entry.
        let signed = [
            &[0, 0][..],
            &time,
            &[0, 1],
            &Sha256::digest(issuer_key),
            &prefixed::<3>(body)?,
            &[0, 0],
        ]
        .concat();
        let signature = self
            .key
            .sign(&SystemRandom::new(), &signed)
            .map_err(|e| EstateError::new("sign a timestamp", e))?;
        // SHA-256 with ECDSA (RFC 5246 section 7.4.1.4.1).
        let signature = [&[4, 3][..], &prefixed::<2>(signature.as_ref())?].concat();
        Ok([&[0][..], &self.id, &time, &[0, 0], &signature].concat())
    }
}

/// Bytes behind their length in `N` bytes.
fn prefixed<const N: usize>(bytes: &[u8]) -> Result<Vec<u8>, EstateError> {
    let length = u64::try_from(bytes.len()).map_err(too_long)?.to_be_bytes();
    let (high, low) = length.split_at(length.len().saturating_sub(N));
    if high.iter().any(|byte| *byte != 0) {
        return Err(too_long("a length"));
    }
    Ok([low, bytes].concat())
}

fn too_long(what: impl std::fmt::Display) -> EstateError {
    EstateError::new("write a timestamp", what)
}
