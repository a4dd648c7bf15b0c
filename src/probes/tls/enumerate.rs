//! Enumeration by elimination: offer everything, take out what the server
//! chose, repeat until it refuses.
//!
//! * Up to TLS 1.2 the order of removal is the server's order of preference,
//!   or ours mirrored; offers alternate in direction, so that the two rarely
//!   look the same, and one more hello decides when they do.
//! * For TLS 1.3 an empty `key_share` makes the server name suite and group
//!   in a HelloRetryRequest: both lists shrink side by side, and no key is
//!   ever made.
//! * A server that answers "protocol version" to TLS 1.1 after choosing a
//!   newer one has refused TLS 1.0 too: it would have chosen it otherwise
//!   (RFC 5246 appendix E.1).

use std::collections::{BTreeMap, BTreeSet};

use super::exchange::Ask;
use super::facts::PreferenceBy;
use super::features::{self, Features};
use super::prober::{Outcome, Prober};
use crate::model::gap::GapReason;
use crate::net::NetError;
use crate::wire::tls::{Version, client_hello::ClientHello, groups, suites};

mod choice;
mod exchanges;
mod older;
mod parameters;
mod tls13;

use choice::offer;
use exchanges::Exchanges;

/// What a server accepts.
#[derive(Debug, Default)]
pub struct Enumeration {
    /// By version; a version that was not asked is missing.
    pub versions: BTreeMap<Version, VersionFacts>,
    /// Groups, in the order in which they were found.
    pub groups: Vec<u16>,
    /// Why there may be more groups.
    pub groups_open: Option<NetError>,
    /// Certificates that came in the clear.
    pub chains: Vec<RawChain>,
    /// What else answers up to TLS 1.2 told.
    pub features: Features,
    /// What key exchanges up to TLS 1.2 showed.
    pub exchanges: Exchanges,
    /// Schemes that sign the key exchange of TLS 1.2.
    pub schemes: BTreeSet<u16>,
    /// Whether an answer up to TLS 1.2 without a ticket gave the session an id.
    pub gives_session_id: Option<bool>,
    /// Signed certificate timestamps in an answer up to TLS 1.2.
    pub timestamps: Option<Vec<u8>>,
    /// Whether it passes over values that nobody registered; `None` when that
    /// could not be told.
    pub tolerates_unknown: Option<bool>,
    /// Whether it yields to clients that put ChaCha20 first; `None` where there
    /// is nothing to yield.
    pub chacha_priority: Option<Result<bool, NetError>>,
    /// How many authorities it named when it asked for a client's certificate.
    pub client_authorities: Option<u32>,
}

/// What a server accepts in one version.
#[derive(Debug)]
pub struct VersionFacts {
    /// Whether it accepts the version at all.
    pub accepted: Result<bool, NetError>,
    /// Suites, in the order in which they were chosen.
    pub suites: Vec<SuiteFacts>,
    /// Why there may be more suites.
    pub open: Option<NetError>,
    /// Who decides which suite is taken, where it was found out.
    pub preference: Option<PreferenceBy>,
    /// First bytes of the first answer.
    pub head: Vec<u8>,
    /// First bytes of the answer that chose each suite, up to TLS 1.2.
    pub heads: BTreeMap<u16, Vec<u8>>,
}

/// A suite that a server accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuiteFacts {
    /// Code point.
    pub id: u16,
    /// Size of the finite field or of a temporary RSA key in bits, where one was seen.
    pub kex_bits: Option<u32>,
}

/// A chain that came in the clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawChain {
    /// Certificates in DER, the leaf first.
    pub certificates: Vec<Vec<u8>>,
    /// Number of certificates sent.
    pub sent: usize,
    /// Stapled OCSP response.
    pub staple: Option<Vec<u8>>,
}

impl Default for VersionFacts {
    fn default() -> Self {
        Self {
            accepted: Ok(false),
            suites: Vec::new(),
            open: None,
            preference: None,
            head: Vec::new(),
            heads: BTreeMap::new(),
        }
    }
}

impl Enumeration {
    /// Whether the server accepted anything at all.
    pub fn accepted_any(&self) -> bool {
        self.versions
            .values()
            .any(|facts| facts.accepted == Ok(true))
    }

    /// Whether the server accepted a version.
    pub fn accepts(&self, version: Version) -> bool {
        let facts = self.versions.get(&version);
        facts.is_some_and(|facts| facts.accepted == Ok(true))
    }

    /// Why more may be accepted than was found.
    pub fn doubt(&self) -> Option<NetError> {
        if !self.accepted_any() {
            let detail = "every offer was refused";
            return Some(NetError::new(GapReason::Refused, detail));
        }
        let open =
            |facts: &VersionFacts| facts.accepted.clone().err().or_else(|| facts.open.clone());
        self.versions.values().find_map(open)
    }

    fn add_group(&mut self, group: u16) {
        if !self.groups.contains(&group) {
            self.groups.push(group);
        }
    }

    fn add_chain(&mut self, chain: RawChain) {
        let leaf = chain.certificates.first();
        if leaf.is_some()
            && !self
                .chains
                .iter()
                .any(|known| known.certificates.first() == leaf)
        {
            self.chains.push(chain);
        }
    }
}

/// Finds out everything. `negotiates` says that the server has agreed on TLS
/// 1.2 or 1.3 with a client that offered both, so that its word on versions is
/// meant as the protocol has it.
pub async fn enumerate<A: Ask>(prober: &Prober<'_, A>, negotiates: bool) -> Enumeration {
    let (newest, mut found) =
        tokio::join!(tls13::tls13(prober), older::up_to_tls12(prober, negotiates));
    let tls13::Tls13 {
        facts,
        groups,
        groups_open,
        tolerates_unknown,
    } = newest;
    found.tolerates_unknown = tolerates_unknown.or(found.tolerates_unknown);
    // Curves of older versions were found beside the suites.
    let older = std::mem::take(&mut found.groups);
    found.groups = groups;
    found.groups_open = groups_open;
    for group in older {
        found.add_group(group);
    }
    found.versions.insert(Version::Tls13, facts);
    parameters::parameters(prober, &mut found).await;
    own_hellos(prober, &mut found).await;
    found
}

/// Features that need a hello of their own.
async fn own_hellos<A: Ask>(prober: &Prober<'_, A>, found: &mut Enumeration) {
    let accepted: BTreeMap<Version, Vec<u16>> = found
        .versions
        .iter()
        .filter(|(_, facts)| facts.accepted == Ok(true))
        .map(|(version, facts)| {
            (
                *version,
                facts.suites.iter().map(|suite| suite.id).collect(),
            )
        })
        .collect();
    let mut features = std::mem::take(&mut found.features);
    let template = |version| {
        offer(
            prober,
            version,
            &Features {
                shy: true,
                ..Features::default()
            },
        )
    };
    let groups = &found.groups;
    let template13 = ClientHello {
        groups: groups.iter().copied().filter(|id| in_tls13(*id)).collect(),
        ..prober.hello(Version::Tls13)
    };
    let full = |version| match version {
        Version::Tls13 => template13.clone(),
        older => template(older),
    };
    let unknown = &mut found.tolerates_unknown;
    found.chacha_priority = chacha(prober, &found.versions, &full, unknown).await;
    if found.tolerates_unknown.is_none()
        && let Some((version, suites)) = accepted.iter().next_back()
        && *version > Version::Ssl3
    {
        let hello = ClientHello {
            suites: suites.clone(),
            grease: true,
            ..full(*version)
        };
        found.tolerates_unknown = match prober.ask(&hello).await {
            Outcome::Accepted(_) => Some(true),
            Outcome::Refused(_) => Some(false),
            Outcome::Unclear(_) => None,
        };
    }
    features::fallback(prober, &accepted, template, &mut features).await;
    found.features = features;
}

fn in_tls13(group: u16) -> bool {
    groups::by_id(group).is_some_and(groups::Group::in_tls13)
}

/// Whether a server with its own order, in which ChaCha20 is not the first,
/// yields to a client that puts it first.
async fn chacha<A: Ask>(
    prober: &Prober<'_, A>,
    versions: &BTreeMap<Version, VersionFacts>,
    template: impl Fn(Version) -> ClientHello,
    unknown: &mut Option<bool>,
) -> Option<Result<bool, NetError>> {
    let is_chacha = |id: &u16| suites::by_id(*id).is_some_and(|s| s.cipher == "CHACHA20");
    for version in [Version::Tls12, Version::Tls13] {
        let Some(facts) = versions.get(&version) else {
            continue;
        };
        let mut suites: Vec<u16> = facts.suites.iter().map(|suite| suite.id).collect();
        let yields = suites.iter().any(is_chacha) && !suites.first().is_some_and(is_chacha);
        if facts.preference != Some(PreferenceBy::Server) || !yields {
            continue;
        }
        suites.sort_by_key(|id| !is_chacha(id));
        let mut hello = ClientHello {
            suites,
            grease: unknown.is_none(),
            ..template(version)
        };
        let mut outcome = prober.ask(&hello).await;
        if hello.grease {
            *unknown = match outcome {
                Outcome::Accepted(_) => Some(true),
                Outcome::Refused(_) => Some(false),
                Outcome::Unclear(_) => None,
            };
            if !matches!(outcome, Outcome::Accepted(_)) {
                hello.grease = false;
                outcome = prober.ask(&hello).await;
            }
        }
        return Some(match outcome {
            Outcome::Accepted(flight) => {
                let chosen = flight.hello.as_ref().map(|hello| hello.suite);
                Ok(chosen.is_some_and(|suite| is_chacha(&suite)))
            }
            Outcome::Refused(_) => Ok(false),
            Outcome::Unclear(error) => Err(error),
        });
    }
    None
}
