//! Points for versions, keys and ciphers, and the letter that they give.

use super::Letter;
use super::sight::{Sight, items};
use crate::probes::tls::facts::{PublicKey, TlsEndpoint, VersionName as V};

/// Points of the three categories, each 0 to 100.
pub(super) struct Points {
    pub(super) protocol: u32,
    pub(super) key_exchange: u32,
    pub(super) cipher: u32,
    /// The key that decides, in words.
    weakest: String,
    /// Why there may be fewer points.
    pub(super) open: Option<String>,
}

impl Points {
    pub(super) fn of(endpoint: &TlsEndpoint, sight: &Sight<'_>) -> Self {
        let mut open = None;
        let versions = items(&endpoint.versions).iter();
        let protocol = middle(versions.map(|version| of_version(version.name)));

        let mut keys: Vec<(u32, String)> = Vec::new();
        // What the scale does not know may have all points, or fewer.
        for certificate in items(&endpoint.certificates) {
            let what = format!("the key of {}", certificate.key);
            let points = of_key(&certificate.public_key);
            if points.is_none() {
                open = Some(format!("{what} is of no known kind"));
            }
            keys.push((points.unwrap_or(100), what));
        }
        for field in items(&endpoint.finite_fields) {
            let what = format!("a finite field of {} bits", field.bits);
            keys.push((of_factoring(field.bits), what));
        }
        keys.sort();
        // No certificate, as with suites that authenticate nobody: no points.
        let (key_exchange, weakest) = keys.into_iter().next().unwrap_or_default();

        let mut bits = Vec::new();
        for suite in items(&endpoint.suites) {
            let number = bits_of(&suite.cipher);
            if number.is_none() {
                open = Some(format!("{} has no known strength", suite.name));
            }
            bits.push(number.map_or(100, of_cipher));
        }
        let cipher = middle(bits.into_iter());
        for list in ["/versions", "/suites", "/certificates", "/finite_fields"] {
            open = open.or_else(|| {
                let why = sight.more(list)?;
                Some(format!("more {}: {why}", list[1..].replace('_', " ")))
            });
        }
        Self {
            protocol,
            key_exchange,
            cipher,
            weakest,
            open,
        }
    }

    /// All points; none where a category has none.
    pub(super) fn total(&self) -> u32 {
        let parts = [
            (self.protocol, 30),
            (self.key_exchange, 30),
            (self.cipher, 40),
        ];
        if parts.iter().any(|(points, _)| *points == 0) {
            return 0;
        }
        parts.iter().map(|(points, part)| points * part / 100).sum()
    }

    /// The letter of all points.
    pub(super) fn letter(&self) -> Letter {
        match self.total() {
            80.. => Letter::APlus,
            65.. => Letter::B,
            50.. => Letter::C,
            35.. => Letter::D,
            20.. => Letter::E,
            _ => Letter::F,
        }
    }

    /// What a weak key leaves.
    pub(super) fn limits(&self) -> Option<(Letter, String)> {
        let limit = match self.key_exchange {
            0..=40 => Letter::F,
            41..=80 => Letter::B,
            _ => return None,
        };
        let what = match self.weakest.as_str() {
            "" => "no key of the server was seen",
            key => key,
        };
        Some((limit, what.to_owned()))
    }
}

/// The middle of the best and the worst.
fn middle(points: impl Iterator<Item = u32> + Clone) -> u32 {
    match (points.clone().max(), points.min()) {
        (Some(best), Some(worst)) => (best + worst) / 2,
        _ => 0,
    }
}

fn of_version(version: V) -> u32 {
    match version {
        V::Ssl2 => 0,
        V::Ssl3 => 80,
        V::Tls10 => 90,
        V::Tls11 => 95,
        V::Tls12 | V::Tls13 => 100,
    }
}

/// Points of a public key; `None` for kinds that the scale does not tell.
fn of_key(key: &PublicKey) -> Option<u32> {
    match key.algorithm.as_str() {
        "ed25519" | "ed448" => Some(100),
        "ecdsa" => Some(match key.bits? {
            0..110 => 20,
            110..123 => 40,
            123..163 => 80,
            163..225 => 90,
            _ => 100,
        }),
        "rsa" | "dsa" => Some(of_factoring(key.bits?)),
        _ => None,
    }
}

/// Points of an RSA or DSA key or of a finite field, by its bits.
fn of_factoring(bits: u32) -> u32 {
    match bits {
        0..512 => 20,
        512..1024 => 40,
        1024..2048 => 80,
        2048..4096 => 90,
        _ => 100,
    }
}

fn of_cipher(bits: u32) -> u32 {
    match bits {
        0 => 0,
        1..128 => 20,
        128..256 => 80,
        _ => 100,
    }
}

/// Bits of a cipher's key, as its name says: 168 for 3DES, as testssl.sh counts it.
pub(super) fn bits_of(cipher: &str) -> Option<u32> {
    Some(match cipher {
        "NULL" => 0,
        "DES_40" | "RC2_40" | "RC4_40" => 40,
        "DES" | "RC2_56" | "RC4_56" => 56,
        "AEGIS_128L" | "AES_128" | "ARIA_128" | "CAMELLIA_128" | "IDEA" | "RC4_128" | "SEED"
        | "SM4" => 128,
        "3DES_EDE" => 168,
        "28147" | "AEGIS_256" | "AES_256" | "ARIA_256" | "CAMELLIA_256" | "CHACHA20"
        | "KUZNYECHIK" | "MAGMA" => 256,
        _ => return None,
    })
}
