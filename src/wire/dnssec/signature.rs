//! Checks the signatures over an RRset (RFC 4035 section 5.3).

use hickory_proto::{
    dnssec::{
        Verifier,
        rdata::{DNSKEY, RRSIG},
    },
    rr::Name,
};

use super::rrset::Rrset;

/// Most signatures of a set that are looked at.
const SIGNATURES_MAX: usize = 16;
/// Most keys with the same tag and algorithm that are tried; more is an attack on
/// validators (CVE-2023-50387).
const SAME_TAG_MAX: usize = 4;

/// Why a signature does not prove its set. In the order of how close it came:
/// of several signatures the last of these tells most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignatureFault {
    /// There is no signature over the set.
    Missing,
    /// The signer is not the zone that the set belongs to.
    WrongSigner,
    /// It claims more labels than the name has.
    TooManyLabels,
    /// The algorithm is one that this program cannot verify.
    UnsupportedAlgorithm,
    /// No DNSKEY has its tag and algorithm.
    NoKey,
    /// The key lacks the Zone Key flag.
    NotZoneKey,
    /// The key is revoked (RFC 5011).
    RevokedKey,
    /// The cryptography does not hold.
    Bad,
    /// Its time has not come yet.
    NotYetValid,
    /// Its time has passed, or it ends before it begins.
    Expired,
}

impl SignatureFault {
    /// The reason code as facts have it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "signature_missing",
            Self::WrongSigner => "signature_by_other_zone",
            Self::TooManyLabels => "signature_labels_wrong",
            Self::Expired => "signature_expired",
            Self::NotYetValid => "signature_not_yet_valid",
            Self::NoKey => "signature_key_missing",
            Self::NotZoneKey => "signature_key_not_for_zone",
            Self::RevokedKey => "signature_key_revoked",
            Self::UnsupportedAlgorithm => "signature_algorithm_unsupported",
            Self::Bad => "signature_wrong",
        }
    }
}

/// A signature that proves its set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Tag of the key.
    pub key_tag: u16,
    /// Number of the algorithm (IANA, DNS Security Algorithm Numbers).
    pub algorithm: u8,
    /// The wildcard from which the name was made, if it was.
    pub wildcard: Option<Name>,
    /// When it begins to be valid, in seconds since 1970, modulo 2^32.
    pub inception: u32,
    /// When it ceases to be valid, likewise.
    pub expiration: u32,
}

/// What a signature over a set is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Key tag that the signature names.
    pub key_tag: u16,
    /// Number of its algorithm.
    pub algorithm: u8,
    /// When it ceases to be valid, in seconds since 1970, modulo 2^32.
    pub expiration: u32,
    /// What came out.
    pub outcome: Result<Verified, SignatureFault>,
}

/// Checks every signature over a set against the keys of its zone, at `now`
/// (seconds since 1970, modulo 2^32). An empty result: there is no signature.
pub fn verify(set: &Rrset<'_>, zone: &Name, keys: &[&DNSKEY], now: u32) -> Vec<Checked> {
    set.signatures
        .iter()
        .take(SIGNATURES_MAX)
        .map(|signature| {
            let input = signature.input();
            Checked {
                key_tag: input.key_tag,
                algorithm: u8::from(input.algorithm),
                expiration: input.sig_expiration.get(),
                outcome: check(set, signature, zone, keys, now),
            }
        })
        .collect()
}

fn check(
    set: &Rrset<'_>,
    signature: &RRSIG,
    zone: &Name,
    keys: &[&DNSKEY],
    now: u32,
) -> Result<Verified, SignatureFault> {
    let input = signature.input();
    if input.signer_name != *zone {
        return Err(SignatureFault::WrongSigner);
    }
    let signed = set
        .signed_name(input.num_labels)
        .ok_or(SignatureFault::TooManyLabels)?;
    let (inception, expiration) = (input.sig_inception.get(), input.sig_expiration.get());
    if is_before(expiration, now) || is_before(expiration, inception) {
        return Err(SignatureFault::Expired);
    }
    if is_before(now, inception) {
        return Err(SignatureFault::NotYetValid);
    }
    let mut named = keys
        .iter()
        .filter(|key| {
            key.public_key_algorithm() == u8::from(input.algorithm)
                && key
                    .calculate_key_tag()
                    .is_ok_and(|tag| tag == input.key_tag)
        })
        .take(SAME_TAG_MAX)
        .peekable();
    if named.peek().is_none() {
        return Err(SignatureFault::NoKey);
    }
    if !input.algorithm.is_supported() {
        return Err(SignatureFault::UnsupportedAlgorithm);
    }
    let bytes = set.signed_bytes(signature).ok_or(SignatureFault::Bad)?;
    let mut fault = SignatureFault::Bad;
    for key in named {
        if !key.zone_key() {
            fault = SignatureFault::NotZoneKey;
        } else if key.verify(&bytes, signature.sig()).is_ok() {
            // A revoked key proves only its own revocation (RFC 5011 section 2.1).
            if key.revoke() {
                fault = SignatureFault::RevokedKey;
                continue;
            }
            return Ok(Verified {
                key_tag: input.key_tag,
                algorithm: u8::from(input.algorithm),
                wildcard: (signed != *set.name).then_some(signed),
                inception,
                expiration,
            });
        }
    }
    Err(fault)
}

/// Whether one time lies before another (RFC 1982, as RFC 4034 section 3.1.5 asks).
fn is_before(a: u32, b: u32) -> bool {
    b.wrapping_sub(a).cast_signed() > 0
}

/// The algorithm of a key as a number.
trait AlgorithmNumber {
    fn public_key_algorithm(&self) -> u8;
}

impl AlgorithmNumber for DNSKEY {
    fn public_key_algorithm(&self) -> u8 {
        use hickory_proto::dnssec::PublicKey;
        u8::from(self.public_key().algorithm())
    }
}
