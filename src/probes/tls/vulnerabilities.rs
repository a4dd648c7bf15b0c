//! Vulnerabilities of TLS libraries: Heartbleed, early ChangeCipherSpec, ROBOT,
//! Ticketbleed, and renegotiation that a client may start. Level `intrusive`.
//!
//! Each is told by the reaction to a message out of place, and none harms: the
//! heartbeat asks for no more than the padding that we sent ourselves, the
//! session id for one byte, and no more renegotiations are asked for than it takes to
//! tell a limit of ten.

use super::enumerate::Enumeration;
use super::exchange::{Ask, Endpoint, Reaction};
use super::facts::{Renegotiations, VulnerabilityName as Name};
use super::prober::Prober;
use crate::model::gap::GapReason;
use crate::net::NetError;
use crate::wire::tls::{
    Version,
    client_hello::{ClientHello, MAX_SUITES},
    groups,
};
use std::time::Duration;

mod renegotiation;
mod robot;
mod ticketbleed;

/// Time for a server's flight.
const PATIENCE: Duration = Duration::from_secs(4);

/// What was looked for.
#[derive(Debug)]
pub struct Vulnerabilities {
    /// Each vulnerability.
    pub list: Vec<Looked>,
    /// Whether a client may start a renegotiation; `Ok(None)` where no version
    /// knows it.
    pub renegotiation: Result<Option<Renegotiation>, NetError>,
}

/// How a server reacted to a client that starts renegotiations.
#[derive(Debug)]
pub struct Renegotiation {
    /// Whether it goes on.
    pub allowed: bool,
    /// The record with which it reacted; empty where it hung up.
    pub reaction: Vec<u8>,
    /// How many it completed.
    pub count: Result<Renegotiations, NetError>,
}

/// A vulnerability that was looked for.
#[derive(Debug)]
pub struct Looked {
    /// Which.
    pub name: Name,
    /// Whether it is there, and the server's bytes that prove it.
    pub seen: Result<Option<Vec<u8>>, NetError>,
}

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
            None => Ok(None),
        };
        let names = [
            Name::Heartbleed,
            Name::EarlyChangeCipherSpec,
            Name::Robot,
            Name::Ticketbleed,
        ];
        return Vulnerabilities {
            list: names
                .map(|name| Looked {
                    name,
                    seen: absent.clone(),
                })
                .into(),
            renegotiation: absent.map(|_| None),
        };
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
    let seen = [
        (Name::Heartbleed, heartbleed(endpoint, hello.clone()).await),
        (
            Name::EarlyChangeCipherSpec,
            early_change(endpoint, &hello).await,
        ),
        (Name::Robot, robot::robot(endpoint, hello.clone()).await),
        (
            Name::Ticketbleed,
            ticketbleed::ticketbleed(endpoint, prober, version, hello.clone()).await,
        ),
    ];
    Vulnerabilities {
        list: seen.map(|(name, seen)| Looked { name, seen }).into(),
        renegotiation: renegotiation::renegotiation(endpoint, version, hello)
            .await
            .map(Some),
    }
}

/// A heartbeat that claims a payload of 16 bytes and has none (RFC 6520 section
/// 4): it must be dropped. A vulnerable server sends back our own padding.
async fn heartbleed(
    endpoint: &Endpoint<'_>,
    mut hello: ClientHello,
) -> Result<Option<Vec<u8>>, NetError> {
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
    Ok(match reaction {
        Some((Reaction::Record(24), proof)) => Some(proof),
        _ => None,
    })
}

/// A ChangeCipherSpec before any key was exchanged, and a record in the clear
/// behind it. A vulnerable server tries to decrypt that record and complains of
/// its MAC; a sound one complains of the first.
async fn early_change(
    endpoint: &Endpoint<'_>,
    hello: &ClientHello,
) -> Result<Option<Vec<u8>>, NetError> {
    const BAD_RECORD_MAC: u8 = 20;
    const DECRYPTION_FAILED: u8 = 21;
    let minor = low_byte(hello.legacy_version);
    let reaction = endpoint
        .react(&hello.encode(), PATIENCE, |_| {
            Some(vec![20, 3, minor, 0, 1, 1, 21, 3, minor, 0, 2, 1, 0])
        })
        .await?;
    match reaction {
        Some((Reaction::Alert(BAD_RECORD_MAC | DECRYPTION_FAILED), proof)) => Ok(Some(proof)),
        Some((Reaction::Silence, _)) | None => {
            Err(unclear("no reaction to an early ChangeCipherSpec"))
        }
        Some(_) => Ok(None),
    }
}

fn low_byte(version: Version) -> u8 {
    version.code().to_be_bytes()[1]
}

fn unclear(detail: &str) -> NetError {
    NetError::new(GapReason::Malformed, detail)
}
