//! Keys and signatures of certificates, those included that nobody should use
//! any more.

use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use x509_parser::prelude::{AlgorithmIdentifier, FromDer, SubjectPublicKeyInfo};
use x509_parser::public_key::PublicKey;
use x509_parser::signature_algorithm::RsaSsaPssParams;

use super::content;
use crate::wire::text::clean;

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

/// The key that issued a certificate, and what its holder is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerKey {
    /// Name of the holder as encoded, header included.
    pub subject_der: Vec<u8>,
    /// The key as SubjectPublicKeyInfo in DER.
    pub spki: Vec<u8>,
    /// The key, read.
    pub key: Key,
    /// Whether it may sign lists of revoked certificates; absent where nothing says so.
    pub signs_lists: Option<bool>,
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

/// What a signature covers and is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Signed {
    pub(super) message: Vec<u8>,
    pub(super) signature: Vec<u8>,
    pub(super) scheme: Scheme,
    pub(super) hash: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    RsaPkcs1,
    RsaPss,
    Ecdsa,
    Ed25519,
    Other,
}

impl Signed {
    /// Whether this key made the signature.
    pub(super) fn by(&self, key: &Key) -> SignedBy {
        let algorithm = match self.scheme {
            Scheme::RsaPkcs1 if key.algorithm == "rsa" => rsa_pkcs1(self.hash, key.bits),
            Scheme::RsaPss if key.algorithm == "rsa" => rsa_pss(self.hash, key.bits),
            Scheme::Ecdsa if key.algorithm == "ecdsa" => ecdsa(key.curve.as_deref(), self.hash),
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
        match key.verify(&self.message, &self.signature) {
            Ok(()) => SignedBy::Yes,
            Err(_) => SignedBy::No,
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

    /// The key in a SubjectPublicKeyInfo; absent when it cannot be read.
    pub fn from_spki(der: &[u8]) -> Option<Self> {
        let (rest, info) = SubjectPublicKeyInfo::from_der(der).ok()?;
        rest.is_empty().then(|| Self::read(&info))
    }

    /// The content of the BIT STRING that holds the key.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether this key made a signature, given with its AlgorithmIdentifier in DER.
    pub fn signed(&self, algorithm: &[u8], message: &[u8], signature: &[u8]) -> SignedBy {
        let Ok((_, algorithm)) = AlgorithmIdentifier::from_der(algorithm) else {
            return SignedBy::Unknown;
        };
        let (_, hash, scheme) = signature_of(&algorithm);
        let signed = Signed {
            message: message.to_vec(),
            signature: signature.to_vec(),
            scheme,
            hash,
        };
        signed.by(self)
    }

    /// Whether this key made a signature over SHA-256: ECDSA, or RSA in the padding of PKCS #1.
    pub fn signed_sha256(&self, message: &[u8], signature: &[u8]) -> bool {
        let signed = Signed {
            message: message.to_vec(),
            signature: signature.to_vec(),
            scheme: match self.algorithm.as_str() {
                "rsa" => Scheme::RsaPkcs1,
                _ => Scheme::Ecdsa,
            },
            hash: "SHA-256",
        };
        signed.by(self) == SignedBy::Yes
    }

    pub(super) fn read(info: &SubjectPublicKeyInfo<'_>) -> Self {
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
pub(super) fn signature_of(algorithm: &AlgorithmIdentifier<'_>) -> (String, &'static str, Scheme) {
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

/// Bits of the first integer of a sequence, as of the prime of a DSA key.
pub(super) fn first_integer_bits(data: &[u8]) -> Option<u32> {
    match data {
        [2, ..] => bit_length(content(data)?),
        _ => None,
    }
}

/// Size in bits of the RSA key in a SubjectPublicKeyInfo (RFC 5280) or an
/// RSAPublicKey (RFC 8017 appendix A.1.1); absent when it is neither.
pub fn rsa_key_bits(der: &[u8]) -> Option<u32> {
    if let Ok((rest, info)) = SubjectPublicKeyInfo::from_der(der) {
        let key = Key::read(&info);
        return key
            .bits
            .filter(|_| rest.is_empty() && key.algorithm == "rsa");
    }
    // The first of its two integers is the modulus.
    match der {
        [0x30, ..] => first_integer_bits(content(der)?),
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
