//! Primes of finite fields that many servers share.
//!
//! Whoever breaks such a field once reads the traffic of all of them (LOGJAM,
//! <https://weakdh.org>). The groups of RFC 7919 are shared on purpose, and
//! large enough.

use sha2::{Digest, Sha256};
use std::{collections::HashMap, sync::LazyLock};

static KNOWN: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    include_str!("primes.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '))
        .collect()
});

/// SHA-256 of a prime (big-endian, without leading zeros), in lower-case hexadecimal.
pub fn digest(prime: &[u8]) -> String {
    let digest = Sha256::digest(prime);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where a shared prime comes from: `ffdhe3072`, `RFC3526 group 14`, `Apache`.
/// `None` for one that is not known to be shared.
pub fn origin(digest: &str) -> Option<&'static str> {
    KNOWN.get(digest).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_primes_are_known() {
        // Second Oakley group (RFC 2409 section 6.2).
        let prime = "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74\
                     020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437\
                     4fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed\
                     ee386bfb5a899fa5ae9f24117c4b1fe649286651ece65381ffffffffffffffff";
        let bytes: Vec<u8> = (0..prime.len() / 2)
            .map(|at| u8::from_str_radix(&prime[2 * at..2 * at + 2], 16).expect("digits"))
            .collect();
        assert_eq!(origin(&digest(&bytes)), Some("RFC2409 group 2"));
        assert_eq!(origin(&digest(&[1])), None);
        assert!(KNOWN.len() > 90);
        assert!(KNOWN.values().any(|name| *name == "ffdhe8192"));
    }
}
