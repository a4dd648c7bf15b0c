//! Primes of finite fields that many servers share.
//!
//! Whoever breaks such a field once reads the traffic of all of them (LOGJAM,
//! <https://weakdh.org>). The groups of RFC 7919 are shared on purpose, and
//! large enough.

use num_bigint::BigUint;
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

/// Largest number that is looked into, in bytes.
const MAX_LENGTH: usize = 512;

/// Rounds of the test for primes: a composite number passes one with a chance
/// below one in four.
const ROUNDS: u8 = 16;

/// Whether a number is a prime, and half of it too (RFC 7919 calls it a safe
/// prime). `None` for numbers above 4096 bits, which take too long.
pub fn is_safe(prime: &[u8]) -> Option<bool> {
    let known = origin(&digest(prime));
    // Those who made them prove it.
    let safe = ["ffdhe", "RFC2409", "RFC3526"];
    if known.is_some_and(|name| safe.iter().any(|family| name.starts_with(family))) {
        return Some(true);
    }
    if prime.len() > MAX_LENGTH {
        return None;
    }
    let number = BigUint::from_bytes_be(prime);
    // One round rules out nearly all others, before the long way is taken.
    let half = &number >> 1_u8;
    let both = |rounds| probably_prime(&number, rounds) && probably_prime(&half, rounds);
    Some(both(1) && both(ROUNDS))
}

/// The test of Miller and Rabin, with bases drawn from the number itself.
fn probably_prime(number: &BigUint, rounds: u8) -> bool {
    let one = BigUint::from(1_u8);
    let two = BigUint::from(2_u8);
    if *number <= one {
        return false;
    }
    for small in [2_u8, 3, 5, 7, 11, 13] {
        let small = BigUint::from(small);
        if (number % &small) == BigUint::ZERO {
            return *number == small;
        }
    }
    let less = number - &one;
    let zeros = less.trailing_zeros().unwrap_or_default();
    let odd = &less >> zeros;
    (0..rounds).all(|round| {
        let mut seed = number.to_bytes_be();
        seed.push(round);
        // Bases of 256 bits are as good as longer ones.
        let base = BigUint::from_bytes_be(&Sha256::digest(&seed)) % (&less - &one) + &two;
        let mut power = base.modpow(&odd, number);
        if power == one || power == less {
            return true;
        }
        (1..zeros).any(|_| {
            power = power.modpow(&two, number);
            power == less
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn safe_primes_are_told_from_others() {
        for (number, safe) in [
            (23_u64, true),
            (5, true),
            // Halves 15 and 8; a composite with the half of a prime.
            (31, false),
            (17, false),
            (15, false),
            (0, false),
            (1, false),
            // Twice the largest prime below 2^32, and one.
            (8_589_934_583, true),
            // A strong pseudoprime to the bases 2, 3, 5 and 7.
            (3_215_031_751, false),
            // The largest safe prime below 2^64.
            (18_446_744_073_709_550_147, true),
        ] {
            assert_eq!(is_safe(&number.to_be_bytes()), Some(safe), "{number}");
        }
        assert_eq!(is_safe(&[0xff; 513]), None);
    }

    proptest! {
        #[test]
        fn small_numbers_agree_with_trial_division(number in 0_u32..200_000) {
            let prime = |n: u32| n > 1 && (2..).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d));
            let expected = prime(number) && prime(number / 2);
            prop_assert_eq!(is_safe(&number.to_be_bytes()), Some(expected));
        }
    }

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
