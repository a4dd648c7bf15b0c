//! Whether a server with an order of its own yields to clients that put ChaCha20 first.

use std::collections::BTreeMap;

use super::choice::{choice, learn};
use super::parameters::leave_out_schemes;
use super::{Ask, Enumeration, Outcome, Prober, Purpose, VersionFacts, full};
use crate::net::NetError;
use crate::probes::tls::facts::PreferenceBy;
use crate::probes::tls::features::is_signed;
use crate::wire::tls::{Version, client_hello::ClientHello, suites};

/// Whether a suite encrypts with ChaCha20.
pub fn is_chacha(id: u16) -> bool {
    suites::by_id(id).is_some_and(|suite| suite.cipher == "CHACHA20")
}

/// What to offer to a server with its own order, in which ChaCha20 is not the first, to
/// see whether it yields to a client that puts it first; in TLS 1.2 where possible.
/// `None` where there is nothing to yield.
pub fn chacha_first(versions: &BTreeMap<Version, VersionFacts>) -> Option<(Version, Vec<u16>)> {
    [Version::Tls12, Version::Tls13]
        .into_iter()
        .find_map(|version| {
            let facts = versions.get(&version)?;
            let mut suites: Vec<u16> = facts.suites.iter().map(|suite| suite.id).collect();
            let first = suites.first().is_some_and(|id| is_chacha(*id));
            let yields = suites.iter().any(|id| is_chacha(*id)) && !first;
            suites.sort_by_key(|id| !is_chacha(*id));
            let own_order = facts.preference == Some(PreferenceBy::Server);
            (own_order && yields).then_some((version, suites))
        })
}

/// The same asked in TLS 1.3, by a hello of its own.
pub async fn chacha_tls13<A: Ask>(
    prober: &Prober<'_, A>,
    found: &Enumeration,
) -> Option<Result<bool, NetError>> {
    let (version, suites) = chacha_first(&found.versions)?;
    if version != Version::Tls13 {
        return None;
    }
    let hello = ClientHello {
        suites,
        ..full(prober, version, &found.groups)
    };
    Some(yields(ask(prober, hello, &mut Some(true)).await))
}

/// The same asked in TLS 1.2. Only signature schemes that no answer has shown are offered
/// where there are any, so that the answer shows one more, or that there is none.
pub(super) async fn chacha_tls12<A: Ask>(prober: &Prober<'_, A>, found: &mut Enumeration) {
    let Some((Version::Tls12, suites)) = chacha_first(&found.versions) else {
        return;
    };
    let hello = ClientHello {
        suites,
        ..full(prober, Version::Tls12, &[])
    };
    let mut narrowed = hello.clone();
    let mut through = false;
    if leave_out_schemes(&mut narrowed, found) {
        narrowed.grease = found.tolerates_unknown.is_none();
        match prober.ask(&narrowed, Purpose::Enumeration).await {
            Outcome::Accepted(flight) => {
                if narrowed.grease {
                    found.tolerates_unknown = Some(true);
                }
                let before = found.schemes.len();
                let chosen = choice(&flight, &narrowed, Version::Tls12);
                if let Some(suite) = chosen {
                    learn(&flight, &narrowed, suite, Version::Tls12, found);
                }
                if chosen.is_some_and(is_chacha) {
                    found.chacha_priority = Some(Ok(true));
                    return;
                }
                let suite = chosen.and_then(suites::by_id);
                let like = |id: &u16| {
                    let other = suites::by_id(*id).filter(|_| is_chacha(*id));
                    let key = other.map(|other| other.authentication);
                    key.is_some() && key == suite.map(|suite| suite.authentication)
                };
                // A scheme that it could have taken with ChaCha20 as well.
                if found.schemes.len() > before && hello.suites.iter().any(like) {
                    found.chacha_priority = Some(Ok(false));
                    return;
                }
                through = suite.is_some_and(|suite| !is_signed(suite));
            }
            Outcome::Refused(_) => through = true,
            Outcome::Unclear(_) => {}
        }
    }
    let mut unknown = found.tolerates_unknown;
    let outcome = ask(prober, hello, &mut unknown).await;
    found.tolerates_unknown = unknown;
    // A refusal of both, or of values that nobody registered, says nothing of schemes.
    let accepts = matches!(outcome, Outcome::Accepted(_)) && unknown != Some(false);
    found.schemes_through = through && accepts;
    found.chacha_priority = Some(yields(outcome));
}

/// Asks with ChaCha20 in front; where that is open, with a value that nobody registered too.
async fn ask<A: Ask>(
    prober: &Prober<'_, A>,
    mut hello: ClientHello,
    unknown: &mut Option<bool>,
) -> Outcome {
    hello.grease = unknown.is_none();
    let mut outcome = prober.ask(&hello, Purpose::Enumeration).await;
    if hello.grease {
        *unknown = match outcome {
            Outcome::Accepted(_) => Some(true),
            Outcome::Refused(_) => Some(false),
            Outcome::Unclear(_) => None,
        };
        if !matches!(outcome, Outcome::Accepted(_)) {
            hello.grease = false;
            outcome = prober.ask(&hello, Purpose::Enumeration).await;
        }
    }
    outcome
}

/// Whether it takes ChaCha20.
fn yields(outcome: Outcome) -> Result<bool, NetError> {
    match outcome {
        Outcome::Accepted(flight) => {
            let chosen = flight.hello.as_ref().map(|hello| hello.suite);
            Ok(chosen.is_some_and(is_chacha))
        }
        Outcome::Refused(_) => Ok(false),
        Outcome::Unclear(error) => Err(error),
    }
}
