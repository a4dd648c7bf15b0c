//! Schemes that sign the handshake of TLS 1.3.
//!
//! They travel encrypted, so each is offered alone, with a key share: a server
//! that answers with a ServerHello would sign with it. For keys on a curve the
//! version knows one scheme alone.

use std::collections::BTreeSet;

use super::certificates::is_rsa;
use super::enumerate::Enumeration;
use super::exchange::{Ask, Purpose, fill_random};
use super::handshakes::Handshakes;
use super::prober::{Outcome, Prober};
use crate::model::gap::GapReason;
use crate::net::{NetError, tls::Attempt};
use crate::wire::tls::{Version, groups};

/// Schemes for RSA keys in TLS 1.3 (RFC 8446 section 4.2.3).
const RSA: [u16; 3] = [0x0804, 0x0805, 0x0806];

/// Schemes that a handshake of TLS 1.3 by an RSA key did not show.
pub fn left(first: &Attempt) -> Vec<u16> {
    let agreed = first.result.as_ref().ok();
    let tls13 = agreed.is_some_and(|agreed| agreed.version == Version::Tls13.code());
    let mut left = RSA.to_vec();
    left.retain(|scheme| tls13 && is_rsa(first) && Some(*scheme) != first.scheme);
    left
}

/// What was found.
#[derive(Debug, Default)]
pub struct Signatures {
    /// The schemes.
    pub found: BTreeSet<u16>,
    /// Why there may be more.
    pub open: Option<NetError>,
}

/// Asks for the schemes that go with the keys that signed handshakes of TLS 1.3.
pub async fn tls13<A: Ask>(
    prober: &Prober<'_, A>,
    attempts: &[&Attempt],
    more: Option<&Handshakes>,
    enumeration: &Enumeration,
) -> Signatures {
    let mut signatures = Signatures::default();
    let mut rsa = false;
    for attempt in attempts {
        let agreed = attempt.result.as_ref().ok();
        let tls13 = agreed.is_some_and(|agreed| agreed.version == Version::Tls13.code());
        // Refused only after the server had signed, for want of a client's certificate.
        if !tls13 && agreed.is_some() {
            continue;
        }
        signatures.found.extend(attempt.scheme);
        rsa |= is_rsa(attempt);
    }
    signatures
        .found
        .extend(more.into_iter().flat_map(|more| &more.schemes));
    let suites: Vec<u16> = match enumeration.versions.get(&Version::Tls13) {
        Some(facts) => facts.suites.iter().map(|suite| suite.id).collect(),
        None => Vec::new(),
    };
    if !rsa || suites.is_empty() {
        return signatures;
    }
    let Some(share) = share(&enumeration.groups) else {
        let detail = "none of its groups is one that we make key shares of";
        signatures.open = Some(NetError::new(GapReason::NotAsked, detail));
        return signatures;
    };
    for scheme in RSA {
        if signatures.found.contains(&scheme) {
            continue;
        }
        let mut hello = prober.hello(Version::Tls13);
        hello.suites.clone_from(&suites);
        hello.groups = vec![share.0];
        hello.key_shares = vec![share.clone()];
        hello.certificate_schemes = std::mem::replace(&mut hello.signature_schemes, vec![scheme]);
        match prober.ask(&hello, Purpose::Other).await {
            Outcome::Accepted(flight) => {
                let answer = flight.hello.as_ref();
                if answer.is_some_and(|hello| !hello.retry) {
                    signatures.found.insert(scheme);
                }
            }
            Outcome::Refused(_) => {}
            Outcome::Unclear(error) => {
                signatures.open = Some(error);
                return signatures;
            }
        }
    }
    signatures
}

/// A key share of a group that the server accepts. Nobody knows its secret, and
/// nobody needs to: the answer to it ends the exchange.
fn share(accepted: &[u16]) -> Option<(u16, Vec<u8>)> {
    let id = |name| groups::by_name(name).map(|group| group.id);
    let (x25519, p256) = (id("x25519")?, id("secp256r1")?);
    if accepted.contains(&x25519) {
        let mut value = vec![0; 32];
        fill_random(&mut value);
        return Some((x25519, value));
    }
    accepted
        .contains(&p256)
        .then(|| (p256, [&[4][..], &BASE_POINT_X, &BASE_POINT_Y].concat()))
}

/// The base point of P-256 (NIST SP 800-186 section 3.2.1.3).
const BASE_POINT_X: [u8; 32] = [
    0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2,
    0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96,
];
const BASE_POINT_Y: [u8; 32] = [
    0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16,
    0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5,
];
