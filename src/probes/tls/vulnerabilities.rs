//! Vulnerabilities of TLS libraries: Heartbleed, early ChangeCipherSpec and
//! ROBOT. Level `intrusive`.
//!
//! Each is told by the reaction to a message out of place, and none harms: the
//! heartbeat asks for no more than the padding that we sent ourselves, and the
//! other handshakes cannot be completed.

use super::enumerate::Enumeration;
use super::exchange::{Ask, Endpoint, Reaction, fill_random};
use super::facts::VulnerabilityName as Name;
use super::prober::Prober;
use crate::model::gap::GapReason;
use crate::net::NetError;
use crate::wire::tls::{
    Version,
    client_hello::{ClientHello, MAX_SUITES},
    groups,
    rsa_padding::{Padding, client_key_exchange},
    suites,
};
use std::time::Duration;

/// Time for a server's flight.
const PATIENCE: Duration = Duration::from_secs(4);

/// Each that was looked for, and whether it is there.
pub type Vulnerabilities = Vec<(Name, Result<bool, NetError>)>;

/// Looks for all of them in the newest version up to TLS 1.2.
pub async fn vulnerabilities<A: Ask>(
    endpoint: &Endpoint<'_>,
    prober: &Prober<'_, A>,
    enumeration: &Enumeration,
) -> Vulnerabilities {
    let newest = [Version::Tls12, Version::Tls11, Version::Tls10]
        .into_iter()
        .find(|version| enumeration.accepts(*version));
    let Some(version) = newest else {
        // TLS 1.3 knows none of the messages concerned.
        let absent = match enumeration.doubt() {
            Some(error) => Err(error),
            None => Ok(false),
        };
        return [Name::Heartbleed, Name::EarlyChangeCipherSpec, Name::Robot]
            .map(|name| (name, absent.clone()))
            .to_vec();
    };
    let facts = enumeration.versions.get(&version);
    let accepted = facts.into_iter().flat_map(|facts| &facts.suites);
    let mut hello = prober.hello(version);
    hello.suites = accepted.map(|suite| suite.id).take(MAX_SUITES).collect();
    hello.groups = groups::all()
        .iter()
        .filter(|group| group.curve_before_tls13())
        .map(|group| group.id)
        .collect();
    vec![
        (Name::Heartbleed, heartbleed(endpoint, hello.clone()).await),
        (
            Name::EarlyChangeCipherSpec,
            early_change(endpoint, &hello).await,
        ),
        (Name::Robot, robot(endpoint, hello).await),
    ]
}

/// A heartbeat that claims a payload of 16 bytes and has none (RFC 6520 section
/// 4): it must be dropped. A vulnerable server sends back our own padding.
async fn heartbleed(endpoint: &Endpoint<'_>, mut hello: ClientHello) -> Result<bool, NetError> {
    hello.heartbeat = true;
    let minor = low_byte(hello.legacy_version);
    let reaction = endpoint
        .react(&hello.encode(), PATIENCE, |flight| {
            let granted = flight.hello.as_ref()?.extensions.contains(&15);
            let mut record = vec![24, 3, minor, 0, 19, 1, 0, 16];
            record.extend_from_slice(&[0; 16]);
            granted.then_some(record)
        })
        .await?;
    Ok(reaction == Some(Reaction::Record(24)))
}

/// A ChangeCipherSpec before any key was exchanged, and a record in the clear
/// behind it. A vulnerable server tries to decrypt that record and complains of
/// its MAC; a sound one complains of the first.
async fn early_change(endpoint: &Endpoint<'_>, hello: &ClientHello) -> Result<bool, NetError> {
    const BAD_RECORD_MAC: u8 = 20;
    const DECRYPTION_FAILED: u8 = 21;
    let minor = low_byte(hello.legacy_version);
    let reaction = endpoint
        .react(&hello.encode(), PATIENCE, |_| {
            Some(vec![20, 3, minor, 0, 1, 1, 21, 3, minor, 0, 2, 1, 0])
        })
        .await?;
    match reaction {
        Some(Reaction::Alert(BAD_RECORD_MAC | DECRYPTION_FAILED)) => Ok(true),
        Some(Reaction::Silence) => Err(unclear("no reaction to an early ChangeCipherSpec")),
        Some(_) => Ok(false),
        None => Err(unclear("no whole flight to react to")),
    }
}

/// Key exchanges by RSA with right and wrong paddings (Böck, Somorovsky, Young:
/// Return of Bleichenbacher's Oracle Threat, 2018). All must meet the same
/// reaction, whether the handshake goes on behind them or not.
async fn robot(endpoint: &Endpoint<'_>, mut hello: ClientHello) -> Result<bool, NetError> {
    hello
        .suites
        .retain(|id| suites::by_id(*id).is_some_and(|suite| suite.key_exchange == "RSA"));
    if hello.suites.is_empty() {
        return Ok(false);
    }
    for goes_on in [true, false] {
        let first = reactions(endpoint, &hello, goes_on).await?;
        if all_equal(&first) {
            continue;
        }
        // Chance, or another server behind the same address, does not repeat itself.
        let second = reactions(endpoint, &hello, goes_on).await?;
        return match first == second {
            true => Ok(true),
            false if all_equal(&second) => Ok(false),
            false => Err(unclear("reactions to the same padding differ")),
        };
    }
    Ok(false)
}

fn all_equal(reactions: &[Reaction]) -> bool {
    reactions.windows(2).all(|pair| match pair {
        [one, other] => one == other,
        _ => true,
    })
}

/// The reaction to each padding.
async fn reactions(
    endpoint: &Endpoint<'_>,
    hello: &ClientHello,
    goes_on: bool,
) -> Result<Vec<Reaction>, NetError> {
    let minor = low_byte(hello.legacy_version);
    let mut seen = Vec::new();
    for padding in Padding::ALL {
        let mut random = [0; 48];
        fill_random(&mut random);
        let reaction = endpoint
            .react(&hello.encode(), PATIENCE, |flight| {
                let leaf = flight.certificates.as_ref()?.first()?;
                let (modulus, exponent) = crate::wire::x509::rsa_public_key(leaf)?;
                let message = client_key_exchange(padding, &modulus, &exponent, minor, random)?;
                let mut out = record(22, minor, &message);
                if goes_on {
                    out.extend(record(20, minor, &[1]));
                    // In the place of an encrypted Finished.
                    out.extend(record(22, minor, &[7; 64]));
                }
                Some(out)
            })
            .await?;
        seen.push(reaction.ok_or_else(|| unclear("no RSA certificate in the server's flight"))?);
    }
    Ok(seen)
}

fn record(kind: u8, minor: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap_or(u16::MAX);
    let mut out = vec![kind, 3, minor];
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(payload);
    out
}

fn low_byte(version: Version) -> u8 {
    version.code().to_be_bytes()[1]
}

fn unclear(detail: &str) -> NetError {
    NetError::new(GapReason::Malformed, detail)
}
