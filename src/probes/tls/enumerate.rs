//! Enumeration by elimination: offer everything, take out what the server
//! chose, repeat until it refuses.
//!
//! * Up to TLS 1.2 the order of removal is the server's order of preference,
//!   or ours mirrored; offers alternate in direction, so that the two rarely
//!   look the same, and one more hello decides when they do.
//! * For TLS 1.3 an empty `key_share` makes the server name suite and group
//!   in a HelloRetryRequest: both lists shrink side by side, and no key is
//!   ever made. What a handshake agreed on before is not asked for again.
//! * A server that answers "protocol version" to TLS 1.1 after choosing a
//!   newer one has refused TLS 1.0 and SSL 3.0 too: it would have chosen it otherwise
//!   (RFC 5246 appendix E.1).

use std::collections::{BTreeMap, BTreeSet};

use super::exchange::{Ask, Purpose};
use super::features::{self, Features};
use super::prober::{Outcome, Prober};
use crate::model::gap::GapReason;
use crate::net::NetError;
use crate::wire::tls::{
    Version,
    client_hello::{ClientHello, VERSION_TO_COME},
    groups, suites,
};

mod beside;
mod chacha;
mod choice;
mod curve_question;
mod exchanges;
mod group_order;
mod known;
mod older;
mod order;
mod parameters;
mod search;
mod tls13;
mod version_facts;

pub use chacha::{chacha_first, chacha_tls13, is_chacha};
use choice::offer;
use exchanges::Exchanges;
pub use group_order::Groups;
pub use known::{Agreed, Known};
pub use parameters::ask_left_scheme;
pub use version_facts::{SuiteFacts, VersionFacts};

/// What a server accepts.
#[derive(Debug, Default)]
pub struct Enumeration {
    /// By version; a version that was not asked is missing.
    pub versions: BTreeMap<Version, VersionFacts>,
    /// Groups, in the order in which they were found.
    pub groups: Vec<u16>,
    /// Why there may be more groups.
    pub groups_open: Option<NetError>,
    /// Whether an answer of TLS 1.2 ruled out all curves that no answer showed.
    curves_through: bool,
    /// Groups of TLS 1.3, and who decides which of them is taken.
    pub groups_tls13: Groups,
    /// Those of the versions before.
    pub groups_older: Groups,
    /// Certificates that came in the clear.
    pub chains: Vec<RawChain>,
    /// What else answers up to TLS 1.2 told.
    pub features: Features,
    /// What key exchanges up to TLS 1.2 showed.
    pub exchanges: Exchanges,
    /// Schemes that sign the key exchange of TLS 1.2.
    pub schemes: BTreeSet<u16>,
    /// Whether a hello of TLS 1.2 showed that there are no others.
    schemes_through: bool,
    /// One that was not asked for, as a handshake of TLS 1.2 that is made anyway shows it.
    pub left_scheme: Option<u16>,
    /// Whether an answer up to TLS 1.2 without a ticket gave the session an id.
    pub gives_session_id: Option<bool>,
    /// Signed certificate timestamps in an answer up to TLS 1.2.
    pub timestamps: Option<Vec<u8>>,
    /// Whether it passes over values that nobody registered; `None` when that
    /// could not be told.
    pub tolerates_unknown: Option<bool>,
    /// Whether it answers a hello up to TLS 1.2 that claims a version to come with
    /// one that it has; `None` when that could not be told.
    pub tolerates_newer: Option<bool>,
    /// Whether it yields to clients that put ChaCha20 first; `None` where there
    /// is nothing to yield.
    pub chacha_priority: Option<Result<bool, NetError>>,
    /// Whether suites with a shared secret were offered in TLS 1.2 behind all others.
    pub secrets_asked: bool,
    /// How many authorities it named when it asked for a client's certificate.
    pub client_authorities: Option<u32>,
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

    /// A copy for what is asked side by side, without what is compared or counted
    /// over all answers.
    fn branch(&self) -> Self {
        Self {
            versions: self.versions.clone(),
            groups: self.groups.clone(),
            schemes: self.schemes.clone(),
            chains: self.chains.clone(),
            features: Features {
                shy: self.features.shy,
                ..Features::default()
            },
            tolerates_unknown: self.tolerates_unknown,
            tolerates_newer: self.tolerates_newer,
            secrets_asked: self.secrets_asked,
            ..Self::default()
        }
    }

    /// Takes in what a branch found.
    fn join(&mut self, branch: Self) {
        for (version, facts) in branch.versions {
            // What both know is longer in the branch that asked for more.
            let known = self.versions.entry(version).or_default();
            let more = facts.suites.len() > known.suites.len() || facts.open.is_some();
            if more || known.accepted != Ok(true) {
                *known = facts;
            }
        }
        for group in branch.groups {
            self.add_group(group);
        }
        for chain in branch.chains {
            self.add_chain(chain);
        }
        self.features.join(&branch.features);
        self.groups_older.join(branch.groups_older);
        self.exchanges.join(branch.exchanges);
        self.schemes.extend(branch.schemes);
        self.gives_session_id = match (self.gives_session_id, branch.gives_session_id) {
            (Some(one), Some(other)) => Some(one || other),
            (one, other) => one.or(other),
        };
        self.timestamps = self.timestamps.take().or(branch.timestamps);
        self.tolerates_unknown = self.tolerates_unknown.or(branch.tolerates_unknown);
        self.tolerates_newer = self.tolerates_newer.or(branch.tolerates_newer);
        self.client_authorities = self.client_authorities.or(branch.client_authorities);
    }

    fn add_group(&mut self, group: u16) {
        if !self.groups.contains(&group) {
            self.groups.push(group);
        }
    }

    /// A group that was accepted before TLS 1.3.
    fn add_older_group(&mut self, group: u16) {
        self.add_group(group);
        if !self.groups_older.accepted.contains(&group) {
            self.groups_older.accepted.push(group);
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

/// What TLS 1.3 and TLS 1.2 accept, on the way to the rest.
pub struct Begun {
    known: Known,
    /// TLS 1.2, with the groups of both.
    found: Enumeration,
    tls13: VersionFacts,
    /// The alert with which TLS 1.2 was refused as a version.
    refusal: Option<u8>,
}

/// Finds out what TLS 1.3 and TLS 1.2 accept.
pub async fn begin<A: Ask>(prober: &Prober<'_, A>, known: Known) -> Begun {
    let (newest, (mut found, refusal)) = tokio::join!(
        tls13::tls13(prober, known.agreed.clone()),
        older::tls12(prober, &known)
    );
    let tls13::Tls13 {
        facts,
        groups,
        groups_open,
        order,
        tolerates_unknown,
    } = newest;
    found.tolerates_unknown = tolerates_unknown.or(found.tolerates_unknown);
    // Curves of TLS 1.2 were found beside the suites.
    let older = std::mem::take(&mut found.groups);
    found.groups = groups;
    found.groups_open = groups_open;
    found.groups_tls13 = order;
    for group in older {
        found.add_group(group);
    }
    // Who speaks TLS 1.3 means its word on versions as the protocol has it.
    let known = Known {
        negotiates: known.negotiates || facts.accepted == Ok(true),
        ..known
    };
    if known.negotiates {
        found.left_scheme = parameters::left_scheme(&found);
    }
    Begun {
        known,
        found,
        tls13: facts,
        refusal,
    }
}

impl Begun {
    /// What TLS 1.2 accepts, where it is accepted.
    pub fn tls12(&self) -> Option<&VersionFacts> {
        let facts = self.found.versions.get(&Version::Tls12);
        facts.filter(|facts| facts.accepted == Ok(true))
    }

    /// Whether an answer of TLS 1.2 without a ticket gave the session an id.
    pub fn gives_session_id(&self) -> Option<bool> {
        self.found.gives_session_id
    }

    /// A scheme that is not asked for, as a handshake of TLS 1.2 that is made anyway
    /// shows it.
    pub fn left_scheme(&self) -> Option<u16> {
        self.found.left_scheme
    }

    /// Finds out the rest.
    pub async fn rest<A: Ask>(self, prober: &Prober<'_, A>) -> Enumeration {
        let Self {
            known,
            mut found,
            tls13,
            refusal,
        } = self;
        older::below_tls12(prober, &known, refusal, &mut found).await;
        found.versions.insert(Version::Tls13, tls13);
        let groups = found.groups.iter().copied();
        let unasked =
            groups.filter(|id| before_tls13(*id) && !found.groups_older.accepted.contains(id));
        found.groups_older.unasked = unasked.collect();
        own_hellos(prober, &mut found).await;
        found
    }
}

/// A hello for a version, with nothing that a server might refuse.
fn full<A: Ask>(prober: &Prober<'_, A>, version: Version, groups: &[u16]) -> ClientHello {
    let shy = Features {
        shy: true,
        ..Features::default()
    };
    match version {
        Version::Tls13 => ClientHello {
            groups: groups.iter().copied().filter(|id| in_tls13(*id)).collect(),
            ..prober.hello(version)
        },
        older => offer(prober, older, &shy),
    }
}

/// What is accepted, by version.
fn accepted(found: &Enumeration) -> BTreeMap<Version, Vec<u16>> {
    let versions = found.versions.iter();
    let accepted = versions.filter(|(_, facts)| facts.accepted == Ok(true));
    let suites = |facts: &VersionFacts| facts.suites.iter().map(|suite| suite.id).collect();
    accepted
        .map(|(version, facts)| (*version, suites(facts)))
        .collect()
}

/// A hello of the newest version below TLS 1.3 with the suites that bring a certificate;
/// `None` where there is none of both, or no extension.
pub fn newest_older<A: Ask>(prober: &Prober<'_, A>, found: &Enumeration) -> Option<ClientHello> {
    let accepted = accepted(found);
    let (version, suites) = accepted.range(Version::Tls10..Version::Tls13).next_back()?;
    let mut suites = suites.clone();
    suites.retain(|id| suites::by_id(*id).is_some_and(suites::Suite::shows_certificate));
    (!suites.is_empty()).then(|| ClientHello {
        suites,
        ..full(prober, *version, &[])
    })
}

/// Features that need a hello of their own.
async fn own_hellos<A: Ask>(prober: &Prober<'_, A>, found: &mut Enumeration) {
    let accepted = accepted(found);
    let groups = &found.groups;
    let template = |version| full(prober, version, groups);
    let mut features = std::mem::take(&mut found.features);
    let known = found.tolerates_newer;
    let newer = async {
        match known {
            None => newer(prober, &accepted).await,
            known => known,
        }
    };
    let (newer, ()) = tokio::join!(
        newer,
        features::fallback(prober, &accepted, template, &mut features)
    );
    found.tolerates_newer = newer;
    found.features = features;
}

/// Whether it answers a client that claims a version to come with the newest up
/// to TLS 1.2 that it has (RFC 5246 appendix E.1).
async fn newer<A: Ask>(
    prober: &Prober<'_, A>,
    accepted: &BTreeMap<Version, Vec<u16>>,
) -> Option<bool> {
    let mut older = accepted.range(Version::Tls10..Version::Tls13);
    let (version, suites) = older.next_back()?;
    let hello = ClientHello {
        suites: suites.clone(),
        claimed_version: Some(VERSION_TO_COME),
        ..full(prober, *version, &[])
    };
    match prober.ask(&hello, Purpose::Other).await {
        Outcome::Accepted(flight) => Some(flight.hello?.version() == Some(*version)),
        Outcome::Refused(_) => Some(false),
        Outcome::Unclear(_) => None,
    }
}

/// Whether it passes over values that nobody registered (RFC 8701), asked in the
/// newest version by a hello of its own.
pub async fn unknown<A: Ask>(prober: &Prober<'_, A>, found: &Enumeration) -> Option<bool> {
    let (version, suites) = accepted(found).pop_last()?;
    if version == Version::Ssl3 {
        return None;
    }
    let hello = ClientHello {
        suites,
        grease: true,
        ..full(prober, version, &found.groups)
    };
    match prober.ask(&hello, Purpose::Other).await {
        Outcome::Accepted(_) => Some(true),
        Outcome::Refused(_) => Some(false),
        Outcome::Unclear(_) => None,
    }
}

fn before_tls13(group: u16) -> bool {
    groups::by_id(group).is_some_and(groups::Group::curve_before_tls13)
}

fn in_tls13(group: u16) -> bool {
    groups::by_id(group).is_some_and(groups::Group::in_tls13)
}
