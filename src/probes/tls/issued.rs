//! Who issued a leaf, and whether a chain is trusted.

use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use rustls::server::ParsedCertificate;
use std::time::Duration;

use crate::net::{RootStore, tls::provider};
use crate::wire::der;
use crate::wire::text::clean;
use crate::wire::x509::{Certificate, IssuerKey, Key, SignedBy};

/// Most characters of an error.
const DETAIL_CHARS: usize = 300;

/// A leaf, and the key that issued it.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The leaf.
    pub leaf: Certificate,
    /// The key: of a certificate that was sent, or of a root.
    pub issuer: IssuerKey,
}

/// The leaf of a chain with the key that signed it; absent when the leaf cannot
/// be read, or nothing that was sent or is trusted signed it.
pub fn issued(chain: &[Vec<u8>], roots: &RootStore) -> Option<Issued> {
    let leaf = Certificate::read(chain.first()?).ok()?;
    let sent = chain.iter().find_map(|der| {
        let candidate = Certificate::read(der).ok()?;
        let signed =
            candidate.subject_der == leaf.issuer_der && leaf.signed_by(&candidate) == SignedBy::Yes;
        signed.then(|| candidate.issuer_key(der)).flatten()
    });
    let issuer = sent.or_else(|| {
        let signed = |root: &&TrustAnchor<'_>| is_signed_by_root(&leaf, root);
        let root = roots.roots.iter().find(signed)?;
        let spki = der::write(der::SEQUENCE, root.subject_public_key_info.as_ref());
        Some(IssuerKey {
            subject_der: leaf.issuer_der.clone(),
            key: Key::from_spki(&spki)?,
            spki,
            signs_lists: None,
        })
    })?;
    Some(Issued { leaf, issuer })
}

/// The authorities from the issuer of the leaf up to the one that a root signed,
/// each with its own issuer; empty where the way to a root is not whole.
pub fn authorities(chain: &[Vec<u8>], roots: &RootStore) -> Vec<(Vec<u8>, Issued)> {
    let mut found: Vec<(Vec<u8>, Issued)> = Vec::new();
    let Some(mut below) = chain.first().and_then(|der| Certificate::read(der).ok()) else {
        return found;
    };
    let by_root = |certificate: &Certificate| {
        let mut roots = roots.roots.iter();
        roots.any(|root| is_signed_by_root(certificate, root))
    };
    while !by_root(&below) {
        let next = chain.iter().skip(1).find_map(|der| {
            let authority = Certificate::read(der).ok()?;
            let signed = authority.subject_der == below.issuer_der
                && below.signed_by(&authority) == SignedBy::Yes;
            (signed && found.iter().all(|(known, _)| known != der)).then_some((der, authority))
        });
        let Some((der, authority)) = next else {
            return Vec::new();
        };
        let others = chain.iter().filter(|other| *other != der).cloned();
        let own: Vec<Vec<u8>> = std::iter::once(der.clone()).chain(others).collect();
        let Some(issued) = issued(&own, roots) else {
            return Vec::new();
        };
        found.push((der.clone(), issued));
        below = authority;
    }
    found
}

/// Whether a chain leads to a root at `now` (seconds since 1970), names left aside.
pub fn is_trusted(chain: &[Vec<u8>], roots: &RootStore, now: i64) -> bool {
    verify(chain, roots, now).is_ok()
}

/// Asks rustls-webpki whether the chain leads to a root at a time, names left
/// aside. The error is in its words.
pub fn verify(chain: &[Vec<u8>], roots: &RootStore, at: i64) -> Result<(), String> {
    let Some((leaf, rest)) = chain.split_first() else {
        return Err("no certificate".to_owned());
    };
    let leaf = CertificateDer::from(leaf.as_slice());
    let rest: Vec<CertificateDer<'_>> = rest
        .iter()
        .map(|der| CertificateDer::from(der.as_slice()))
        .collect();
    let seconds = u64::try_from(at).unwrap_or_default();
    let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let algorithms = provider().signature_verification_algorithms.all;
    let parsed = ParsedCertificate::try_from(&leaf).map_err(|error| words(&error))?;
    rustls::client::verify_server_cert_signed_by_trust_anchor(
        &parsed, roots, &rest, time, algorithms,
    )
    .map_err(|error| words(&error))
}

fn words(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(error) => clean(&format!("{error:?}"), DETAIL_CHARS),
        other => clean(&other.to_string(), DETAIL_CHARS),
    }
}

/// Whether a root signed a certificate.
pub fn is_signed_by_root(certificate: &Certificate, root: &TrustAnchor<'_>) -> bool {
    certificate.issuer_content() == root.subject.as_ref()
        && certificate.signed_by_anchor(root.subject_public_key_info.as_ref()) == SignedBy::Yes
}
