//! What a certificate says (RFC 5280), read from its DER form.
//!
//! Nothing is judged here and no path is built; [`Certificate::signed_by`]
//! answers whether one key signed one certificate, also for keys and hashes
//! that nobody should use any more.

use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use sha2::{Digest, Sha256};
use x509_parser::prelude::{
    AlgorithmIdentifier, DistributionPointName, FromDer, GeneralName, ParsedExtension,
    SubjectPublicKeyInfo, X509Certificate, X509Name,
};
use x509_parser::public_key::PublicKey;
use x509_parser::signature_algorithm::RsaSsaPssParams;

use super::text::{clean, clean_bytes};

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
    /// Key usage: whether it may sign certificates; absent without the extension.
    pub key_cert_sign: Option<bool>,
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

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// `rsa`, `ecdsa`, `ed25519`, `ed448`, `dsa` or the object identifier.
    pub algorithm: String,
    /// Size in bits.
    pub bits: Option<u32>,
    /// Curve of an ECDSA key by its TLS name, or its object identifier.
    pub curve: Option<String>,
    /// The key itself as it stands in the certificate.
    bytes: Vec<u8>,
}

/// What a signature covers and is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Signed {
    message: Vec<u8>,
    signature: Vec<u8>,
    scheme: Scheme,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    RsaPkcs1,
    RsaPss,
    Ecdsa,
    Ed25519,
    Other,
}

/// Whether a key signed a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedBy {
    /// It did.
    Yes,
    /// It did not.
    No,
    /// We cannot verify this scheme.
    Unknown,
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
            key_cert_sign: None,
            ocsp: Vec::new(),
            issuer_urls: Vec::new(),
            crl: Vec::new(),
            sct_count: 0,
            must_staple: false,
            signed: Signed {
                message: parsed.tbs_certificate.as_ref().to_vec(),
                signature: parsed.signature_value.data.to_vec(),
                scheme,
            },
        };
        for extension in parsed.extensions() {
            if extension.oid.to_id_string() == "1.3.6.1.5.5.7.1.24" {
                certificate.must_staple = demands_staple(extension.value);
            }
            certificate.extension(extension.parsed_extension());
        }
        Ok(certificate)
    }

    /// Whether subject and issuer are the same and the key signs itself. A
    /// signature that cannot be verified counts as its own.
    pub fn self_signed(&self) -> bool {
        self.subject_der == self.issuer_der && self.signed_by_key(&self.key) != SignedBy::No
    }

    /// Whether the key of another certificate signed this one.
    pub fn signed_by(&self, issuer: &Self) -> SignedBy {
        self.signed_by_key(&issuer.key)
    }

    /// Whether the key of a trust anchor signed this certificate; `spki` is the
    /// content of its SubjectPublicKeyInfo without the outer header.
    pub fn signed_by_anchor(&self, spki: &[u8]) -> SignedBy {
        let Some(whole) = sequence(spki) else {
            return SignedBy::Unknown;
        };
        match SubjectPublicKeyInfo::from_der(&whole) {
            Ok((_, info)) => self.signed_by_key(&Key::read(&info)),
            Err(_) => SignedBy::Unknown,
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

    fn signed_by_key(&self, key: &Key) -> SignedBy {
        let algorithm = match self.signed.scheme {
            Scheme::RsaPkcs1 if key.algorithm == "rsa" => rsa_pkcs1(self.signature_hash, key.bits),
            Scheme::RsaPss if key.algorithm == "rsa" => rsa_pss(self.signature_hash, key.bits),
            Scheme::Ecdsa if key.algorithm == "ecdsa" => {
                ecdsa(key.curve.as_deref(), self.signature_hash)
            }
            Scheme::Ed25519 if key.algorithm == "ed25519" => {
                Some(&signature::ED25519 as &dyn VerificationAlgorithm)
            }
            Scheme::Other => None,
            _ => return SignedBy::No,
        };
        let Some(algorithm) = algorithm else {
            return SignedBy::Unknown;
        };
        let key = UnparsedPublicKey::new(algorithm, &key.bytes);
        match key.verify(&self.signed.message, &self.signed.signature) {
            Ok(()) => SignedBy::Yes,
            Err(_) => SignedBy::No,
        }
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
            }
            ParsedExtension::BasicConstraints(constraints) => {
                self.authority = Some(constraints.ca);
                self.path_length = constraints.path_len_constraint;
            }
            ParsedExtension::KeyUsage(usage) => {
                self.key_cert_sign = Some(usage.key_cert_sign());
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
            ParsedExtension::SCT(list) => {
                self.sct_count = u32::try_from(list.len()).unwrap_or(u32::MAX);
            }
            _ => {}
        }
    }
}

impl Key {
    /// Whether today's rules count the key as too small (NIST SP 800-57: less
    /// than 112 bits of strength).
    pub fn is_weak(&self) -> bool {
        match (self.algorithm.as_str(), self.bits) {
            ("rsa" | "dsa", Some(bits)) => bits < 2_048,
            ("ecdsa", Some(bits)) => bits < 224,
            _ => false,
        }
    }

    fn read(info: &SubjectPublicKeyInfo<'_>) -> Self {
        let oid = info.algorithm.algorithm.to_id_string();
        let bytes = info.subject_public_key.data.to_vec();
        let plain = |algorithm: &str, bits| Self {
            algorithm: algorithm.to_owned(),
            bits,
            curve: None,
            bytes: bytes.clone(),
        };
        match oid.as_str() {
            "1.2.840.113549.1.1.1" | "1.2.840.113549.1.1.10" => {
                let bits = match info.parsed() {
                    Ok(PublicKey::RSA(key)) => bit_length(key.modulus),
                    _ => None,
                };
                plain("rsa", bits)
            }
            "1.2.840.10045.2.1" => {
                let parameters = info.algorithm.parameters.as_ref();
                let curve = parameters.and_then(|any| any.as_oid().ok());
                let curve = curve.map(|oid| oid.to_id_string());
                let (curve, bits) = match curve {
                    Some(oid) => match CURVES.iter().find(|(known, ..)| *known == oid) {
                        Some((_, name, bits)) => (Some((*name).to_owned()), Some(*bits)),
                        None => (Some(clean(&oid, 100)), None),
                    },
                    None => (None, None),
                };
                Self {
                    curve,
                    ..plain("ecdsa", bits)
                }
            }
            "1.2.840.10040.4.1" => {
                let parameters = info.algorithm.parameters.as_ref();
                plain(
                    "dsa",
                    parameters.and_then(|any| first_integer_bits(any.data)),
                )
            }
            "1.3.101.112" => plain("ed25519", Some(255)),
            "1.3.101.113" => plain("ed448", Some(448)),
            other => plain(&clean(other, 100), None),
        }
    }
}

/// Curves: object identifier, TLS name, bits of the field.
const CURVES: &[(&str, &str, u32)] = &[
    ("1.2.840.10045.3.1.1", "secp192r1", 192),
    ("1.3.132.0.33", "secp224r1", 224),
    ("1.2.840.10045.3.1.7", "secp256r1", 256),
    ("1.3.132.0.34", "secp384r1", 384),
    ("1.3.132.0.35", "secp521r1", 521),
    ("1.3.132.0.10", "secp256k1", 256),
    ("1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1", 256),
    ("1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1", 384),
    ("1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1", 512),
    ("1.2.156.10197.1.301", "curveSM2", 256),
];

/// Name, hash and scheme of a signature algorithm.
fn signature_of(algorithm: &AlgorithmIdentifier<'_>) -> (String, &'static str, Scheme) {
    let oid = algorithm.algorithm.to_id_string();
    let (name, hash, scheme) = match oid.as_str() {
        "1.2.840.113549.1.1.2" => ("md2WithRSAEncryption", "MD2", Scheme::RsaPkcs1),
        "1.2.840.113549.1.1.4" => ("md5WithRSAEncryption", "MD5", Scheme::RsaPkcs1),
        "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" => {
            ("sha1WithRSAEncryption", "SHA-1", Scheme::RsaPkcs1)
        }
        "1.2.840.113549.1.1.14" => ("sha224WithRSAEncryption", "SHA-224", Scheme::RsaPkcs1),
        "1.2.840.113549.1.1.11" => ("sha256WithRSAEncryption", "SHA-256", Scheme::RsaPkcs1),
        "1.2.840.113549.1.1.12" => ("sha384WithRSAEncryption", "SHA-384", Scheme::RsaPkcs1),
        "1.2.840.113549.1.1.13" => ("sha512WithRSAEncryption", "SHA-512", Scheme::RsaPkcs1),
        "1.2.840.113549.1.1.10" => ("id-RSASSA-PSS", pss_hash(algorithm), Scheme::RsaPss),
        "1.2.840.10045.4.1" => ("ecdsa-with-SHA1", "SHA-1", Scheme::Ecdsa),
        "1.2.840.10045.4.3.1" => ("ecdsa-with-SHA224", "SHA-224", Scheme::Ecdsa),
        "1.2.840.10045.4.3.2" => ("ecdsa-with-SHA256", "SHA-256", Scheme::Ecdsa),
        "1.2.840.10045.4.3.3" => ("ecdsa-with-SHA384", "SHA-384", Scheme::Ecdsa),
        "1.2.840.10045.4.3.4" => ("ecdsa-with-SHA512", "SHA-512", Scheme::Ecdsa),
        "1.2.840.10040.4.3" => ("dsa-with-sha1", "SHA-1", Scheme::Other),
        "2.16.840.1.101.3.4.3.2" => ("dsa-with-sha256", "SHA-256", Scheme::Other),
        "1.3.101.112" => ("Ed25519", "none", Scheme::Ed25519),
        "1.3.101.113" => ("Ed448", "none", Scheme::Other),
        other => return (clean(other, 100), "none", Scheme::Other),
    };
    (name.to_owned(), hash, scheme)
}

/// The hash in the parameters of RSASSA-PSS, which is SHA-1 when none is named (RFC 4055).
fn pss_hash(algorithm: &AlgorithmIdentifier<'_>) -> &'static str {
    let Some(parameters) = algorithm.parameters.as_ref() else {
        return "SHA-1";
    };
    let Ok(parameters) = RsaSsaPssParams::try_from(parameters) else {
        return "none";
    };
    match parameters.hash_algorithm_oid().to_id_string().as_str() {
        "1.3.14.3.2.26" => "SHA-1",
        "2.16.840.1.101.3.4.2.1" => "SHA-256",
        "2.16.840.1.101.3.4.2.2" => "SHA-384",
        "2.16.840.1.101.3.4.2.3" => "SHA-512",
        "2.16.840.1.101.3.4.2.4" => "SHA-224",
        _ => "none",
    }
}

fn rsa_pkcs1(hash: &str, bits: Option<u32>) -> Option<&'static dyn VerificationAlgorithm> {
    match (hash, bits?) {
        ("SHA-1", 1_024..=8_192) => Some(&signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY),
        ("SHA-256", 1_024..=8_192) => {
            Some(&signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY)
        }
        ("SHA-384", 2_048..=8_192) => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
        ("SHA-512", 1_024..=8_192) => {
            Some(&signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY)
        }
        _ => None,
    }
}

fn rsa_pss(hash: &str, bits: Option<u32>) -> Option<&'static dyn VerificationAlgorithm> {
    match (hash, bits?) {
        ("SHA-256", 2_048..=8_192) => Some(&signature::RSA_PSS_2048_8192_SHA256),
        ("SHA-384", 2_048..=8_192) => Some(&signature::RSA_PSS_2048_8192_SHA384),
        ("SHA-512", 2_048..=8_192) => Some(&signature::RSA_PSS_2048_8192_SHA512),
        _ => None,
    }
}

fn ecdsa(curve: Option<&str>, hash: &str) -> Option<&'static dyn VerificationAlgorithm> {
    match (curve?, hash) {
        ("secp256r1", "SHA-1") => Some(&signature::ECDSA_P256_SHA1_ASN1),
        ("secp256r1", "SHA-256") => Some(&signature::ECDSA_P256_SHA256_ASN1),
        ("secp256r1", "SHA-384") => Some(&signature::ECDSA_P256_SHA384_ASN1),
        ("secp256r1", "SHA-512") => Some(&signature::ECDSA_P256_SHA512_ASN1),
        ("secp384r1", "SHA-256") => Some(&signature::ECDSA_P384_SHA256_ASN1),
        ("secp384r1", "SHA-384") => Some(&signature::ECDSA_P384_SHA384_ASN1),
        ("secp384r1", "SHA-512") => Some(&signature::ECDSA_P384_SHA512_ASN1),
        ("secp521r1", "SHA-1") => Some(&signature::ECDSA_P521_SHA1_ASN1),
        ("secp521r1", "SHA-256") => Some(&signature::ECDSA_P521_SHA256_ASN1),
        ("secp521r1", "SHA-384") => Some(&signature::ECDSA_P521_SHA384_ASN1),
        ("secp521r1", "SHA-512") => Some(&signature::ECDSA_P521_SHA512_ASN1),
        _ => None,
    }
}

fn name_of(name: &GeneralName<'_>) -> Name {
    match name {
        GeneralName::DNSName(name) => Name::Dns(clean(name, 255).to_ascii_lowercase()),
        GeneralName::IPAddress(bytes) => {
            if let Ok(octets) = <[u8; 4]>::try_from(*bytes) {
                Name::Ip(std::net::Ipv4Addr::from(octets).to_string())
            } else if let Ok(octets) = <[u8; 16]>::try_from(*bytes) {
                Name::Ip(std::net::Ipv6Addr::from(octets).to_string())
            } else {
                Name::Other(hex(bytes.iter().take(32)))
            }
        }
        GeneralName::RFC822Name(text) | GeneralName::URI(text) => {
            Name::Other(clean(text, NAME_CHARS))
        }
        GeneralName::DirectoryName(name) => Name::Other(rfc4514(name)),
        other => Name::Other(clean(&other.to_string(), NAME_CHARS)),
    }
}

/// A distinguished name as RFC 4514 writes it: the last part first.
fn rfc4514(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> = name
        .iter_rdn()
        .take(64)
        .map(|rdn| {
            let pairs = rdn.iter().take(16).map(|pair| {
                let oid = pair.attr_type().to_id_string();
                let kind = match oid.as_str() {
                    "2.5.4.3" => "CN",
                    "2.5.4.5" => "serialNumber",
                    "2.5.4.6" => "C",
                    "2.5.4.7" => "L",
                    "2.5.4.8" => "ST",
                    "2.5.4.9" => "STREET",
                    "2.5.4.10" => "O",
                    "2.5.4.11" => "OU",
                    "0.9.2342.19200300.100.1.25" => "DC",
                    "0.9.2342.19200300.100.1.1" => "UID",
                    other => other,
                };
                format!("{kind}={}", escaped(&text_of(pair.as_slice())))
            });
            pairs.collect::<Vec<_>>().join("+")
        })
        .collect();
    parts.reverse();
    clean(&parts.join(","), NAME_CHARS)
}

fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for (at, character) in value.chars().enumerate() {
        let special = matches!(character, ',' | '+' | '"' | '\\' | '<' | '>' | ';');
        if special || (at == 0 && matches!(character, '#' | ' ')) {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

fn text_of(bytes: &[u8]) -> String {
    clean_bytes(bytes, 300)
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

/// Bits of the first integer of a sequence, as of the prime of a DSA key.
fn first_integer_bits(data: &[u8]) -> Option<u32> {
    match data {
        [2, ..] => bit_length(content(data)?),
        _ => None,
    }
}

fn bit_length(number: &[u8]) -> Option<u32> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let digits = number.get(zeros..)?;
    let first = digits.first()?;
    let bits = u32::try_from(digits.len()).ok()?.checked_mul(8)?;
    bits.checked_sub(first.leading_zeros())
}

/// The content of a DER element without its header.
fn content(der: &[u8]) -> Option<&[u8]> {
    let (_, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    if *first < 0x80 {
        return rest.get(..usize::from(*first));
    }
    let count = usize::from(*first & 0x7f);
    if count > 3 {
        return None;
    }
    let (digits, rest) = rest.split_at_checked(count)?;
    let length = digits
        .iter()
        .fold(0usize, |length, digit| length << 8 | usize::from(*digit));
    rest.get(..length)
}

/// A SEQUENCE around some content.
fn sequence(content: &[u8]) -> Option<Vec<u8>> {
    let mut out = vec![0x30];
    let length = u16::try_from(content.len()).ok()?;
    match length {
        0..=127 => out.push(u8::try_from(length).ok()?),
        _ => {
            out.push(0x82);
            out.extend_from_slice(&length.to_be_bytes());
        }
    }
    out.extend_from_slice(content);
    Some(out)
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
            let _ = (content(&bytes), demands_staple(&bytes), first_integer_bits(&bytes));
        }
    }
}
