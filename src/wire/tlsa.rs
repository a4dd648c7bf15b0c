//! TLSA records (RFC 6698 section 2.1) as mail servers use them (RFC 7672).

use sha2::{Digest, Sha256, Sha512};

use super::x509::public_key_info;

/// Usage 2: the record names an authority of the chain (DANE-TA).
pub const DANE_TA: u8 = 2;
/// Usage 3: the record names the server's own certificate or key (DANE-EE).
pub const DANE_EE: u8 = 3;

/// The fields of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Association<'a> {
    /// Certificate usage.
    pub usage: u8,
    /// Selector: 0 the whole certificate, 1 its SubjectPublicKeyInfo.
    pub selector: u8,
    /// Matching type: 0 the thing itself, 1 its SHA-256, 2 its SHA-512.
    pub matching: u8,
    /// Certificate association data.
    pub data: &'a [u8],
}

impl Association<'_> {
    /// Why senders of mail cannot use the record, as a stable name (RFC 7672
    /// section 3.1); absent when they can.
    pub fn fault(&self) -> Option<&'static str> {
        match self.usage {
            0 | 1 => return Some("pkix_usage"),
            DANE_TA | DANE_EE => {}
            _ => return Some("unknown_usage"),
        }
        if self.selector > 1 {
            return Some("unknown_selector");
        }
        let fits = match self.matching {
            0 => !self.data.is_empty(),
            1 => self.data.len() == 32,
            2 => self.data.len() == 64,
            _ => return Some("unknown_matching_type"),
        };
        (!fits).then_some("wrong_length")
    }

    /// Whether the data is that of a certificate in DER form; absent when the
    /// certificate or the kind of the record cannot be read.
    pub fn fits(&self, der: &[u8]) -> Option<bool> {
        let key;
        let selected = match self.selector {
            0 => der,
            1 => {
                key = public_key_info(der)?;
                &key
            }
            _ => return None,
        };
        match self.matching {
            0 => Some(selected == self.data),
            1 => Some(Sha256::digest(selected)[..] == *self.data),
            2 => Some(Sha512::digest(selected)[..] == *self.data),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Usage, selector, matching type and data of a record, and the fault expected.
    type Case<'a> = (u8, u8, u8, &'a [u8], Option<&'a str>);

    #[test]
    fn what_senders_cannot_use_is_named() {
        let (short, long) = ([0u8; 32], [0u8; 64]);
        let cases: &[Case<'_>] = &[
            (3, 1, 1, &short, None),
            (3, 0, 2, &long, None),
            (2, 0, 1, &short, None),
            (2, 1, 0, b"x", None),
            (0, 0, 1, &short, Some("pkix_usage")),
            (1, 1, 1, &short, Some("pkix_usage")),
            (4, 1, 1, &short, Some("unknown_usage")),
            (3, 2, 1, &short, Some("unknown_selector")),
            (3, 1, 3, &short, Some("unknown_matching_type")),
            (3, 1, 1, &long, Some("wrong_length")),
            (3, 1, 2, &short, Some("wrong_length")),
            (3, 1, 0, b"", Some("wrong_length")),
        ];
        for (usage, selector, matching, data, fault) in cases {
            let record = Association {
                usage: *usage,
                selector: *selector,
                matching: *matching,
                data,
            };
            assert_eq!(record.fault(), *fault, "{record:?}");
        }
    }

    #[test]
    fn data_is_compared_with_certificate_and_key() {
        let made = rcgen::generate_simple_self_signed(["mx.example".to_owned()]).unwrap();
        let der = made.cert.der();
        let key = public_key_info(der).unwrap();
        let fits = |selector, matching, data: &[u8]| {
            let record = Association {
                usage: DANE_EE,
                selector,
                matching,
                data,
            };
            record.fits(der)
        };
        assert_eq!(fits(0, 0, der), Some(true));
        assert_eq!(fits(1, 0, &key), Some(true));
        assert_eq!(fits(0, 1, &Sha256::digest(der)), Some(true));
        assert_eq!(fits(1, 1, &Sha256::digest(&key)), Some(true));
        assert_eq!(fits(0, 2, &Sha512::digest(der)), Some(true));
        assert_eq!(fits(1, 2, &Sha512::digest(&key)), Some(true));
        assert_eq!(fits(0, 1, &Sha256::digest(&key)), Some(false));
        assert_eq!(fits(1, 0, b""), Some(false));
        assert_eq!(fits(2, 1, &Sha256::digest(&key)), None);
        assert_eq!(fits(1, 3, &Sha256::digest(&key)), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_compared(
            usage: u8, selector in 0u8..3, matching in 0u8..4,
            data in proptest::collection::vec(any::<u8>(), 0..70),
            der in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let record = Association { usage, selector, matching, data: &data };
            record.fault();
            prop_assert!(selector == 0 || record.fits(&der) != Some(true));
        }
    }
}
