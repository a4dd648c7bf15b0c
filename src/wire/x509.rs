//! What a certificate says (RFC 5280), read from its DER form.
//!
//! Nothing is judged here and no path is built; [`Certificate::signed_by`]
//! answers whether one key signed one certificate, also for keys and hashes
//! that nobody should use any more.

use sha2::{Digest, Sha256};
use x509_parser::prelude::{
    DistributionPointName, FromDer, GeneralName, ParsedExtension, X509Certificate,
};
use x509_parser::public_key::PublicKey;

use super::der;
use super::text::clean;

mod algorithms;
mod names;

pub use algorithms::{IssuerKey, Key, SignedBy, rsa_key_bits};
use algorithms::{Signed, signature_of};
use names::{name_of, rfc4514, text_of, usages};

/// Most subject alternative names that are kept.
pub const MAX_NAMES: usize = 100;
/// Most addresses of responders and lists that are kept.
const MAX_URLS: usize = 10;
/// Most characters of a name.
const NAME_CHARS: usize = 1_000;

/// A certificate, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Subject (RFC 4514), cleaned.
    pub subject: String,
    /// Issuer (RFC 4514), cleaned.
    pub issuer: String,
    /// Organisation of the issuer, cleaned.
    pub issuer_organisation: Option<String>,
    /// Subject as encoded, header included.
    pub subject_der: Vec<u8>,
    /// Issuer as encoded, header included.
    pub issuer_der: Vec<u8>,
    /// Serial number in lower-case hexadecimal.
    pub serial: String,
    /// Serial number as encoded, without header.
    pub serial_der: Vec<u8>,
    /// SHA-256 of the DER form in lower-case hexadecimal.
    pub sha256: String,
    /// Start of validity, seconds since 1970.
    pub not_before: i64,
    /// End of validity, seconds since 1970.
    pub not_after: i64,
    /// Subject alternative names; at most [`MAX_NAMES`].
    pub names: Vec<Name>,
    /// Number of subject alternative names, those that were not kept included.
    pub name_count: usize,
    /// The public key.
    pub key: Key,
    /// The signature algorithm, by the name of its registry (`sha256WithRSAEncryption`).
    pub signature_algorithm: String,
    /// Hash of the signature (`SHA-256`); `none` for schemes without a separate one.
    pub signature_hash: &'static str,
    /// Whether the extended key usage allows TLS servers; absent without the extension.
    pub server_auth: Option<bool>,
    /// Basic constraints: whether it is an authority; absent without the extension.
    pub authority: Option<bool>,
    /// Basic constraints: most authorities below it.
    pub path_length: Option<u32>,
    /// Version as written, one above the encoded one.
    pub version: u32,
    /// Key usage, with whether it is critical; absent without the extension.
    pub key_usage: Option<(bool, Vec<&'static str>)>,
    /// Whether it names the key of its issuer (RFC 5280 section 4.2.1.1).
    pub authority_key_id: bool,
    /// Key usage: whether it may sign certificates; absent without the extension.
    pub key_cert_sign: Option<bool>,
    /// Key usage: whether it may sign lists of revoked certificates; absent without the extension.
    pub crl_sign: Option<bool>,
    /// Whether the extended key usage is for signing answers by OCSP (RFC 6960 section 4.2.2.2).
    pub ocsp_signing: bool,
    /// OCSP responders.
    pub ocsp: Vec<String>,
    /// Places of the issuer's certificate.
    pub issuer_urls: Vec<String>,
    /// CRL distribution points.
    pub crl: Vec<String>,
    /// Number of embedded signed certificate timestamps.
    pub sct_count: u32,
    /// Whether it demands a stapled response (RFC 7633).
    pub must_staple: bool,
    signed: Signed,
}

/// A subject alternative name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// A domain name, cleaned.
    Dns(String),
    /// An address.
    Ip(String),
    /// A name of another kind, cleaned.
    Other(String),
}

impl Certificate {
    /// Reads a certificate. The error says what is wrong with it, for a person.
    pub fn read(der: &[u8]) -> Result<Self, String> {
        let (rest, parsed) = X509Certificate::from_der(der)
            .map_err(|error| clean(&format!("not a certificate: {error}"), 200))?;
        if !rest.is_empty() {
            return Err(format!("{} bytes follow the certificate", rest.len()));
        }
        let (signature_algorithm, signature_hash, scheme) =
            signature_of(&parsed.signature_algorithm);
        let mut certificate = Self {
            subject: rfc4514(parsed.subject()),
            issuer: rfc4514(parsed.issuer()),
            issuer_organisation: parsed
                .issuer()
                .iter_organization()
                .next()
                .map(|value| text_of(value.as_slice())),
            subject_der: parsed.subject().as_raw().to_vec(),
            issuer_der: parsed.issuer().as_raw().to_vec(),
            serial: hex(parsed.raw_serial().iter().take(64)),
            serial_der: parsed.raw_serial().to_vec(),
            sha256: hex(Sha256::digest(der).iter()),
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
            names: Vec::new(),
            name_count: 0,
            key: Key::read(parsed.public_key()),
            signature_algorithm,
            signature_hash,
            server_auth: None,
            authority: None,
            path_length: None,
            version: parsed.version().0.saturating_add(1),
            key_usage: None,
            authority_key_id: false,
            key_cert_sign: None,
            crl_sign: None,
            ocsp_signing: false,
            ocsp: Vec::new(),
            issuer_urls: Vec::new(),
            crl: Vec::new(),
            sct_count: 0,
            must_staple: false,
            signed: Signed {
                message: parsed.tbs_certificate.as_ref().to_vec(),
                signature: parsed.signature_value.data.to_vec(),
                scheme,
                hash: signature_hash,
            },
        };
        for extension in parsed.extensions() {
            if extension.oid.to_id_string() == "1.3.6.1.5.5.7.1.24" {
                certificate.must_staple = demands_staple(extension.value);
            }
            certificate.extension(extension.parsed_extension());
            if let Some((critical, _)) = &mut certificate.key_usage
                && extension.oid.to_id_string() == "2.5.29.15"
            {
                *critical = extension.critical;
            }
        }
        Ok(certificate)
    }

    /// Whether subject and issuer are the same and the key signs itself. A
    /// signature that cannot be verified counts as its own.
    pub fn self_signed(&self) -> bool {
        self.subject_der == self.issuer_der && self.signed.by(&self.key) != SignedBy::No
    }

    /// Whether the key of another certificate signed this one.
    pub fn signed_by(&self, issuer: &Self) -> SignedBy {
        self.signed.by(&issuer.key)
    }

    /// Whether a key signed this certificate.
    pub fn signed_by_key(&self, key: &Key) -> SignedBy {
        self.signed.by(key)
    }

    /// The key of this certificate, as that of an issuer; `der` is the
    /// certificate that was read.
    pub fn issuer_key(&self, der: &[u8]) -> Option<IssuerKey> {
        Some(IssuerKey {
            subject_der: self.subject_der.clone(),
            spki: public_key_info(der)?,
            key: self.key.clone(),
            signs_lists: self.crl_sign,
        })
    }

    /// Whether the key of a trust anchor signed this certificate; `spki` is the
    /// content of its SubjectPublicKeyInfo without the outer header.
    pub fn signed_by_anchor(&self, spki: &[u8]) -> SignedBy {
        match Key::from_spki(&der::write(der::SEQUENCE, spki)) {
            Some(key) => self.signed.by(&key),
            None => SignedBy::Unknown,
        }
    }

    /// The issuer without the outer header, as trust anchors have their subjects.
    pub fn issuer_content(&self) -> &[u8] {
        content(&self.issuer_der).unwrap_or_default()
    }

    /// Seconds of validity, the last one included, in whole days, rounded up.
    pub fn lifetime_days(&self) -> u32 {
        let seconds = self.not_after.saturating_sub(self.not_before).max(0);
        let days = seconds.saturating_add(1).saturating_add(86_399) / 86_400;
        u32::try_from(days).unwrap_or(u32::MAX)
    }

    /// Whether a name is a wildcard.
    pub fn wildcard(&self) -> bool {
        let star = |name: &Name| matches!(name, Name::Dns(name) if name.starts_with("*."));
        self.names.iter().any(star)
    }

    fn extension(&mut self, extension: &ParsedExtension<'_>) {
        match extension {
            ParsedExtension::SubjectAlternativeName(names) => {
                self.name_count = names.general_names.len();
                let kept = names.general_names.iter().take(MAX_NAMES);
                self.names = kept.map(name_of).collect();
            }
            ParsedExtension::ExtendedKeyUsage(usage) => {
                self.server_auth = Some(usage.server_auth || usage.any);
                self.ocsp_signing = usage.ocsp_signing;
            }
            ParsedExtension::BasicConstraints(constraints) => {
                self.authority = Some(constraints.ca);
                self.path_length = constraints.path_len_constraint;
            }
            ParsedExtension::KeyUsage(usage) => {
                self.key_cert_sign = Some(usage.key_cert_sign());
                self.crl_sign = Some(usage.crl_sign());
                self.key_usage = Some((false, usages(usage)));
            }
            ParsedExtension::AuthorityInfoAccess(access) => {
                for description in &access.accessdescs {
                    let GeneralName::URI(uri) = &description.access_location else {
                        continue;
                    };
                    let list = match description.access_method.to_id_string().as_str() {
                        "1.3.6.1.5.5.7.48.1" => &mut self.ocsp,
                        "1.3.6.1.5.5.7.48.2" => &mut self.issuer_urls,
                        _ => continue,
                    };
                    if list.len() < MAX_URLS {
                        list.push(clean(uri, NAME_CHARS));
                    }
                }
            }
            ParsedExtension::CRLDistributionPoints(points) => {
                self.crl = points
                    .points
                    .iter()
                    .filter_map(|point| point.distribution_point.as_ref())
                    .filter_map(|name| match name {
                        DistributionPointName::FullName(names) => Some(names),
                        DistributionPointName::NameRelativeToCRLIssuer(_) => None,
                    })
                    .flatten()
                    .filter_map(|name| match name {
                        GeneralName::URI(uri) => Some(clean(uri, NAME_CHARS)),
                        _ => None,
                    })
                    .take(MAX_URLS)
                    .collect();
            }
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                self.authority_key_id = id.key_identifier.is_some();
            }
            ParsedExtension::SCT(list) => {
                self.sct_count = u32::try_from(list.len()).unwrap_or(u32::MAX);
            }
            _ => {}
        }
    }
}

/// TLS feature (RFC 7633): a sequence of integers; 5 is `status_request`.
fn demands_staple(value: &[u8]) -> bool {
    let Some(mut rest) = content(value) else {
        return false;
    };
    while let [2, length, tail @ ..] = rest {
        let Some((number, after)) = tail.split_at_checked(usize::from(*length)) else {
            return false;
        };
        if number == [5] {
            return true;
        }
        rest = after;
    }
    false
}

/// The SubjectPublicKeyInfo of a certificate as encoded, header included;
/// absent when the certificate cannot be read.
pub fn public_key_info(der: &[u8]) -> Option<Vec<u8>> {
    let (_, parsed) = X509Certificate::from_der(der).ok()?;
    Some(parsed.public_key().raw.to_vec())
}

/// Modulus and exponent of the RSA key of a certificate, big-endian; absent for
/// keys of other kinds.
pub fn rsa_public_key(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (_, parsed) = X509Certificate::from_der(der).ok()?;
    match parsed.public_key().parsed() {
        Ok(PublicKey::RSA(key)) => Some((key.modulus.to_vec(), key.exponent.to_vec())),
        _ => None,
    }
}

/// The content of a DER element without its header.
fn content(bytes: &[u8]) -> Option<&[u8]> {
    let element = der::Reader::new(bytes).element().ok()?;
    Some(element.content)
}

fn hex<'a>(bytes: impl Iterator<Item = &'a u8>) -> String {
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rcgen::{
        BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose,
        IsCa, Issuer, KeyPair, KeyUsagePurpose,
    };

    fn sample() -> (Vec<u8>, Vec<u8>) {
        let ca_key = KeyPair::generate().expect("key");
        let mut ca = CertificateParams::new(Vec::new()).expect("params");
        ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        ca.distinguished_name = rcgen::DistinguishedName::new();
        ca.distinguished_name.push(DnType::CountryName, "NZ");
        ca.distinguished_name
            .push(DnType::OrganizationName, "Trust, \"Inc\"\u{202e}");
        let ca_der = ca.self_signed(&ca_key).expect("signed").der().to_vec();
        let issuer = Issuer::new(ca, ca_key);
        let mut leaf = CertificateParams::new([
            "Vote.example".into(),
            "*.vote.example".into(),
            "192.0.2.1".into(),
        ])
        .expect("params");
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.custom_extensions = vec![CustomExtension::from_oid_content(
            &[1, 3, 6, 1, 5, 5, 7, 1, 24],
            vec![0x30, 3, 2, 1, 5],
        )];
        leaf.not_before = rcgen::date_time_ymd(2026, 1, 1);
        leaf.not_after = rcgen::date_time_ymd(2026, 1, 31);
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).expect("key");
        let der = leaf
            .signed_by(&key, &issuer)
            .expect("signed")
            .der()
            .to_vec();
        (der, ca_der)
    }

    #[test]
    fn a_certificate_is_read() {
        let (leaf, ca) = sample();
        let leaf = Certificate::read(&leaf).expect("readable");
        let ca = Certificate::read(&ca).expect("readable");
        assert_eq!(ca.subject, "O=Trust\\, \\\"Inc\\\"\u{FFFD},C=NZ");
        assert_eq!(leaf.issuer, ca.subject);
        assert_eq!(
            leaf.issuer_organisation.as_deref(),
            Some("Trust, \"Inc\"\u{FFFD}")
        );
        assert_eq!(
            leaf.names,
            [
                Name::Dns("vote.example".into()),
                Name::Dns("*.vote.example".into()),
                Name::Ip("192.0.2.1".into())
            ]
        );
        assert!(leaf.wildcard() && leaf.must_staple && !ca.must_staple);
        assert_eq!((leaf.server_auth, ca.server_auth), (Some(true), None));
        assert_eq!((ca.authority, ca.path_length), (Some(true), Some(1)));
        assert_eq!(ca.key_cert_sign, Some(true));
        assert_eq!(leaf.key.curve.as_deref(), Some("secp384r1"));
        assert_eq!((leaf.key.bits, leaf.key.is_weak()), (Some(384), false));
        assert_eq!(leaf.signature_algorithm, "ecdsa-with-SHA256");
        assert_eq!(leaf.signature_hash, "SHA-256");
        assert_eq!(leaf.lifetime_days(), 31, "the last second counts");
        assert_eq!(leaf.signed_by(&ca), SignedBy::Yes);
        assert_eq!(leaf.signed_by(&leaf), SignedBy::No);
        assert_eq!(ca.signed_by(&leaf), SignedBy::No);
        assert!(ca.self_signed() && !leaf.self_signed());
        assert_eq!(
            leaf.issuer_content(),
            content(&ca.subject_der).expect("content")
        );
    }

    #[test]
    fn other_bytes_are_refused() {
        let (mut leaf, _) = sample();
        leaf.push(0);
        assert!(Certificate::read(&leaf).is_err());
        assert!(Certificate::read(&[]).is_err());
        assert!(Certificate::read(b"<html>").is_err());
    }

    proptest! {
        #[test]
        fn damaged_certificates_are_taken(at in 0usize..600, value in any::<u8>(), cut in 0usize..700) {
            thread_local!(static SAMPLE: Vec<u8> = sample().0);
            let mut bytes = SAMPLE.with(Clone::clone);
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
            bytes.truncate(cut.max(1));
            if let Ok(read) = Certificate::read(&bytes) {
                let _ = (read.self_signed(), read.lifetime_days(), read.wildcard());
            }
        }

        #[test]
        fn der_helpers_take_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = (content(&bytes), demands_staple(&bytes), algorithms::first_integer_bits(&bytes));
        }
    }
}
