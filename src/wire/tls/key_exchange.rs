//! Parameters in a ServerKeyExchange up to TLS 1.2 (RFC 5246 section 7.4.3,
//! RFC 8422 section 5.4).

use super::Reader;

/// What the server would exchange keys with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyExchange {
    /// A named curve, by its code point.
    Curve(u16),
    /// A curve spelled out, which nobody should take part in.
    ExplicitCurve,
    /// A finite field.
    FiniteField {
        /// The prime, without leading zeros.
        prime: Vec<u8>,
        /// Its size in bits.
        bits: u32,
    },
    /// RSA with a temporary key, of the time of export control; the size of the modulus in bits.
    TemporaryRsa(u32),
}

/// Largest prime that is kept, in bytes (16,384 bits).
const MAX_PRIME: usize = 2_048;

impl KeyExchange {
    /// Reads the parameters for a suite with the key exchange `exchange`
    /// (`ECDHE`, `DHE`, `RSA`). `psk` when an identity hint stands before them.
    pub fn parse(body: &[u8], exchange: &str, psk: bool) -> Option<Self> {
        let mut reader = Reader::new(body);
        if psk {
            reader.vec16()?;
        }
        match exchange {
            "ECDHE" => match reader.u8()? {
                3 => reader.u16().map(Self::Curve),
                1 | 2 => Some(Self::ExplicitCurve),
                _ => None,
            },
            "DHE" => {
                let prime = reader.vec16()?;
                reader.vec16()?;
                let zeros = prime.iter().take_while(|byte| **byte == 0).count();
                let prime = prime.get(zeros..)?;
                let first = prime.first()?;
                if prime.len() > MAX_PRIME {
                    return None;
                }
                let bits = bits(prime.len(), *first)?;
                Some(Self::FiniteField {
                    prime: prime.to_vec(),
                    bits,
                })
            }
            "RSA" if !psk => {
                let modulus = reader.vec16()?;
                bits(modulus.len(), *modulus.first()?).map(Self::TemporaryRsa)
            }
            _ => None,
        }
    }

    /// The group of RFC 7919 that a prime belongs to, by its name. All of its
    /// primes begin with 64 one bits and the digits of e, which no other
    /// prime in use does.
    pub fn ffdhe_name(&self) -> Option<&'static str> {
        const BEGIN: [u8; 16] = [
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xad, 0xf8, 0x54, 0x58, 0xa2, 0xbb,
            0x4a, 0x9a,
        ];
        let Self::FiniteField { prime, bits } = self else {
            return None;
        };
        if !prime.starts_with(&BEGIN) {
            return None;
        }
        match bits {
            2048 => Some("ffdhe2048"),
            3072 => Some("ffdhe3072"),
            4096 => Some("ffdhe4096"),
            6144 => Some("ffdhe6144"),
            8192 => Some("ffdhe8192"),
            _ => None,
        }
    }
}

/// The public value of the server in an exchange with a named curve or a finite
/// field. It should be another one each time.
pub fn public_value<'a>(body: &'a [u8], exchange: &str, psk: bool) -> Option<&'a [u8]> {
    let mut reader = Reader::new(body);
    if psk {
        reader.vec16()?;
    }
    match exchange {
        "ECDHE" if reader.u8()? == 3 => {
            reader.u16()?;
            reader.vec8()
        }
        "DHE" => {
            reader.vec16()?;
            reader.vec16()?;
            reader.vec16()
        }
        _ => None,
    }
}

/// The scheme that signs the parameters in TLS 1.2 (RFC 5246 section 7.4.3,
/// RFC 8422 section 5.4), for a suite with the key exchange `exchange` that is
/// authenticated by a certificate.
pub fn signature_scheme(body: &[u8], exchange: &str) -> Option<u16> {
    let mut reader = Reader::new(body);
    match exchange {
        "ECDHE" if reader.u8()? == 3 => {
            reader.u16()?;
            reader.vec8()?;
        }
        "DHE" => {
            for _ in 0..3 {
                reader.vec16()?;
            }
        }
        _ => return None,
    }
    let scheme = reader.u16()?;
    reader.vec16()?;
    reader.is_empty().then_some(scheme)
}

fn bits(length: usize, first: u8) -> Option<u32> {
    let whole = u32::try_from(length).ok()?.checked_mul(8)?;
    whole.checked_sub(first.leading_zeros())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parameters_are_read() {
        let mut field = vec![0, 129, 0, 0x80];
        field.extend_from_slice(&[1; 127]);
        field.extend_from_slice(&[0, 1, 2, 0, 1, 9]);
        let cases: Vec<(&[u8], &str, bool, Option<KeyExchange>)> = vec![
            (&[3, 0, 29, 0], "ECDHE", false, Some(KeyExchange::Curve(29))),
            (
                &[0, 1, b'h', 3, 0, 23],
                "ECDHE",
                true,
                Some(KeyExchange::Curve(23)),
            ),
            (&[1, 0, 0], "ECDHE", false, Some(KeyExchange::ExplicitCurve)),
            (&[9], "ECDHE", false, None),
            (&[0, 0, 0, 0], "DHE", false, None),
            (
                &[0, 2, 0x7f, 1],
                "RSA",
                false,
                Some(KeyExchange::TemporaryRsa(15)),
            ),
        ];
        for (body, exchange, psk, expected) in cases {
            assert_eq!(
                KeyExchange::parse(body, exchange, psk),
                expected,
                "{body:?}"
            );
        }
        assert_eq!(public_value(&field, "DHE", false), Some(&[9][..]));
        assert_eq!(
            public_value(&[3, 0, 29, 2, 7, 8], "ECDHE", false),
            Some(&[7, 8][..])
        );
        assert_eq!(public_value(&[3, 0, 29, 2, 7], "ECDHE", false), None);
        let Some(KeyExchange::FiniteField { bits, .. }) = KeyExchange::parse(&field, "DHE", false)
        else {
            panic!("a field");
        };
        assert_eq!(bits, 1024);
    }

    #[test]
    fn the_scheme_of_the_signature_is_read() {
        let curve = [3, 0, 29, 2, 7, 7, 8, 4, 0, 1, 9];
        let field = [0, 1, 7, 0, 1, 2, 0, 1, 3, 2, 1, 0, 2, 9, 9];
        let cases: &[(&[u8], &str, Option<u16>)] = &[
            (&curve, "ECDHE", Some(0x0804)),
            (&curve[..10], "ECDHE", None),
            (&curve[..6], "ECDHE", None),
            (&field, "DHE", Some(0x0201)),
            (&field, "ECDHE", None),
            (&field, "RSA", None),
            (&[1, 0, 0], "ECDHE", None),
            (&[], "DHE", None),
        ];
        for (body, exchange, expected) in cases {
            assert_eq!(signature_scheme(body, exchange), *expected, "{body:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..64), psk in any::<bool>()) {
            for exchange in ["ECDHE", "DHE", "RSA", "PSK", ""] {
                let _ = (signature_scheme(&bytes, exchange), public_value(&bytes, exchange, psk));
                if let Some(found) = KeyExchange::parse(&bytes, exchange, psk) {
                    let _ = found.ffdhe_name();
                }
            }
        }
    }
}
