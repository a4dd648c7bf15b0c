//! DS and DNSKEY records as facts (RFC 4034), and whether they fit together.

use hickory_proto::{
    dnssec::{
        DigestType, PublicKey,
        rdata::{DNSKEY, DNSSECRData, DS},
    },
    rr::RData,
};

use super::facts::{Dnskey, Ds};
use crate::net::{Answer, parse_name};

/// The DS records of an answer.
pub(super) fn ds(answer: &Answer) -> Vec<Ds> {
    ds_of(answer).map(ds_fact).collect()
}

/// A DS record as a fact.
pub(super) fn ds_fact(ds: &DS) -> Ds {
    let (algorithm, digest) = (u8::from(ds.algorithm()), u8::from(ds.digest_type()));
    Ds {
        key: format!("{}/{algorithm}/{digest}", ds.key_tag()),
        key_tag: ds.key_tag(),
        algorithm: algorithm_name(algorithm),
        digest_type: digest_name(digest),
    }
}

/// The DNSKEY records of an answer.
pub(super) fn dnskey(answer: &Answer) -> Vec<Dnskey> {
    dnskey_of(answer)
        .map(|key| {
            let algorithm = u8::from(key.public_key().algorithm());
            let key_tag = key.calculate_key_tag().unwrap_or_default();
            Dnskey {
                key: format!("{key_tag}/{algorithm}"),
                key_tag,
                algorithm: algorithm_name(algorithm),
                sep: key.secure_entry_point(),
                revoked: key.revoke(),
                rsa_bits: matches!(algorithm, 1 | 5 | 7 | 8 | 10)
                    .then(|| rsa_bits(key.public_key().public_bytes()))
                    .flatten(),
            }
        })
        .collect()
}

/// Whether a DS record names a key of the zone by tag, algorithm and digest.
/// `None` when only digests of a type that cannot be computed might.
pub(super) fn matches(zone: &str, ds: &Answer, dnskey: &Answer) -> Option<bool> {
    let zone = parse_name(zone).ok()?;
    let mut unsure = false;
    for ds in ds_of(ds) {
        let named = dnskey_of(dnskey).filter(|key| {
            key.zone_key()
                && !key.revoke()
                && key.public_key().algorithm() == ds.algorithm()
                && key.calculate_key_tag().ok() == Some(ds.key_tag())
        });
        for key in named {
            match ds.digest_type() {
                DigestType::SHA1 | DigestType::SHA256 | DigestType::SHA384 => {
                    if ds.covers(&zone, key).unwrap_or(false) {
                        return Some(true);
                    }
                }
                _ => unsure = true,
            }
        }
    }
    (!unsure).then_some(false)
}

fn ds_of(answer: &Answer) -> impl Iterator<Item = &DS> {
    answer.data().filter_map(|data| match data {
        RData::DNSSEC(DNSSECRData::DS(ds)) => Some(ds),
        _ => None,
    })
}

fn dnskey_of(answer: &Answer) -> impl Iterator<Item = &DNSKEY> {
    answer.data().filter_map(|data| match data {
        RData::DNSSEC(DNSSECRData::DNSKEY(key)) => Some(key),
        _ => None,
    })
}

/// Size of the modulus of an RSA key (RFC 3110 section 2).
fn rsa_bits(key: &[u8]) -> Option<u32> {
    let (exponent, rest) = match key {
        [0, high, low, rest @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), rest),
        [0, ..] | [] => return None,
        [length, rest @ ..] => (usize::from(*length), rest),
    };
    let modulus = rest.get(exponent..)?;
    let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    let modulus = modulus.get(zeros..)?;
    let first = modulus.first()?;
    let bits = modulus.len().checked_mul(8)?;
    u32::try_from(bits).ok()?.checked_sub(first.leading_zeros())
}

/// Mnemonic of a DNSSEC algorithm (IANA), or its number.
pub(super) fn algorithm_name(number: u8) -> String {
    let name = match number {
        1 => "RSAMD5",
        3 => "DSA",
        5 => "RSASHA1",
        6 => "DSA-NSEC3-SHA1",
        7 => "RSASHA1-NSEC3-SHA1",
        8 => "RSASHA256",
        10 => "RSASHA512",
        12 => "ECC-GOST",
        13 => "ECDSAP256SHA256",
        14 => "ECDSAP384SHA384",
        15 => "ED25519",
        16 => "ED448",
        17 => "SM2SM3",
        23 => "ECC-GOST12",
        _ => return number.to_string(),
    };
    name.to_owned()
}

/// Mnemonic of a DS digest type (IANA), or its number.
pub(super) fn digest_name(number: u8) -> String {
    let name = match number {
        1 => "SHA-1",
        2 => "SHA-256",
        3 => "GOST R 34.11-94",
        4 => "SHA-384",
        5 => "GOST R 34.11-2012",
        6 => "SM3",
        _ => return number.to_string(),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rsa_sizes() {
        let with = |prefix: &[u8], modulus: &[u8]| [prefix, modulus].concat();
        let modulus = [&[0x80][..], &[0; 255]].concat();
        assert_eq!(rsa_bits(&with(&[3, 1, 0, 1], &modulus)), Some(2048));
        assert_eq!(rsa_bits(&with(&[0, 0, 3, 1, 0, 1], &modulus)), Some(2048));
        assert_eq!(rsa_bits(&with(&[1, 3], &[0, 0, 0x01, 0xff])), Some(9));
        for key in [&[][..], &[0], &[0, 1], &[5, 1], &[1, 3], &[1, 3, 0, 0]] {
            assert_eq!(rsa_bits(key), None, "{key:?}");
        }
    }

    proptest! {
        #[test]
        fn any_key_is_read(key in proptest::collection::vec(any::<u8>(), 0..300)) {
            rsa_bits(&key);
        }
    }
}
