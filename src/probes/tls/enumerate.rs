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

use std::collections::BTreeMap;

use super::exchange::Ask;
use super::facts::PreferenceBy;
use super::features::{self, Features};
use super::prober::{Outcome, Prober};
use crate::model::gap::GapReason;
use crate::net::NetError;
use crate::wire::tls::{
    Version,
    client_hello::{ClientHello, MAX_SUITES},
    flight::{Alert, Flight},
    groups,
    key_exchange::KeyExchange,
    suites::{self, Authentication, Suite},
};

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
    let (newest, mut found) = tokio::join!(tls13(prober), up_to_tls12(prober, negotiates));
    let (facts, groups, groups_open) = newest;
    // Curves of older versions were found beside the suites.
    let older = std::mem::take(&mut found.groups);
    found.groups = groups;
    found.groups_open = groups_open;
    for group in older {
        found.add_group(group);
    }
    found.versions.insert(Version::Tls13, facts);
    curves(prober, &mut found).await;
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
    if let Some(suites) = accepted.get(&Version::Tls12) {
        let hello = template(Version::Tls12);
        features::broken_schemes(prober, hello, suites, &mut features).await;
    }
    features::fallback(prober, &accepted, template, &mut features).await;
    found.features = features;
}

/// What an elimination of TLS 1.3 shrinks in a step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seek {
    Both,
    Groups,
    Suites,
}

/// Suites and groups of TLS 1.3, and why there may be more groups.
async fn tls13<A: Ask>(prober: &Prober<'_, A>) -> (VersionFacts, Vec<u16>, Option<NetError>) {
    let mut facts = VersionFacts::default();
    let mut steps: Vec<Step> = Vec::new();
    let mut suites = candidates(Version::Tls13, false);
    let mut groups: Vec<u16> = groups::all()
        .iter()
        .filter(|group| group.in_tls13())
        .map(|group| group.id)
        .collect();
    let mut found_groups: Vec<u16> = Vec::new();
    let mut groups_open = None;
    let (mut more_suites, mut more_groups, mut together) = (true, true, true);
    // Whether it refused what was left of both lists at once.
    let mut both_refused = false;
    let mut told = None;
    loop {
        let found: Vec<u16> = facts.suites.iter().map(|suite| suite.id).collect();
        // Once the three usual suites are found, more are unlikely: they are
        // asked for once, at the end.
        together &= more_suites && more_groups && !USUAL.iter().all(|id| found.contains(id));
        let seek = match (together, more_groups, more_suites) {
            (true, ..) => Seek::Both,
            (false, true, _) => Seek::Groups,
            (false, false, true) => Seek::Suites,
            (false, false, false) => break,
        };
        let mut hello = prober.hello(Version::Tls13);
        if seek == Seek::Groups {
            // In this order, the answer tells who decides.
            hello.suites = found.iter().rev().copied().collect();
        } else {
            hello.suites.clone_from(&suites);
            if steps.len() % 2 == 1 {
                hello.suites.reverse();
            }
        }
        hello.groups = if seek == Seek::Suites {
            found_groups.clone()
        } else {
            groups.clone()
        };
        let answer = match prober.ask(&hello).await {
            Outcome::Accepted(flight) => flight,
            Outcome::Refused(_) if facts.suites.is_empty() => break,
            Outcome::Refused(_) => {
                match seek {
                    Seek::Both => (together, both_refused) = (false, true),
                    Seek::Groups => more_groups = false,
                    Seek::Suites => more_suites = false,
                }
                continue;
            }
            Outcome::Unclear(error) => {
                if facts.suites.is_empty() {
                    facts.accepted = Err(error.clone());
                }
                facts.open = more_suites.then(|| error.clone());
                groups_open = more_groups.then_some(error);
                break;
            }
        };
        let group = answer.hello.as_ref().and_then(|hello| hello.group);
        match (choice(&answer, &hello, Version::Tls13), group) {
            (Some(suite), Some(group)) if hello.groups.contains(&group) => {
                if facts.suites.is_empty() {
                    facts.accepted = Ok(true);
                    facts.head.clone_from(&answer.head);
                }
                if seek != Seek::Groups {
                    steps.push(Step {
                        chosen: suite,
                        offered: hello.suites,
                    });
                    suites.retain(|known| *known != suite);
                    facts.suites.push(SuiteFacts {
                        id: suite,
                        kex_bits: None,
                    });
                    more_suites = !suites.is_empty();
                }
                if seek == Seek::Groups {
                    told = told.or_else(|| decider(suite, &found));
                    // With a group that it accepts, it refused all other suites.
                    more_suites &= !both_refused;
                }
                if seek != Seek::Suites {
                    groups.retain(|known| *known != group);
                    found_groups.push(group);
                    more_groups = !groups.is_empty();
                }
            }
            // A retry that names no group says that none is shared.
            (Some(_), None) if !facts.suites.is_empty() => match seek {
                Seek::Both => (together, both_refused) = (false, true),
                Seek::Groups => more_groups = false,
                Seek::Suites => more_suites = false,
            },
            // An older version, although none was offered, or nothing in common.
            (None, _) | (Some(_), None) if facts.suites.is_empty() => break,
            _ => {
                let error = malformed();
                facts.open = more_suites.then(|| error.clone());
                groups_open = more_groups.then_some(error);
                break;
            }
        }
    }
    if facts.open.is_none() {
        let template = prober.hello(Version::Tls13);
        let template = ClientHello {
            groups: found_groups.clone(),
            ..template
        };
        facts.preference = preference(prober, template, Version::Tls13, &steps, told).await;
    }
    (facts, found_groups, groups_open)
}

/// Versions up to TLS 1.2, the newest first, with the curves seen on the way.
async fn up_to_tls12<A: Ask>(prober: &Prober<'_, A>, negotiates: bool) -> Enumeration {
    let mut found = Enumeration::default();
    let mut all_refused = false;
    for version in [
        Version::Tls12,
        Version::Tls11,
        Version::Tls10,
        Version::Ssl3,
    ] {
        // SSL 3.0 is asked for itself: its hello has another form.
        if all_refused && version != Version::Ssl3 {
            found.versions.insert(version, VersionFacts::default());
            continue;
        }
        let refusal = older(prober, version, &mut found).await;
        all_refused |= negotiates && refusal == Some(Alert::PROTOCOL_VERSION);
    }
    shared_secrets(prober, &mut found).await;
    found
}

/// One version up to TLS 1.2. Gives the alert with which the version itself
/// was refused.
async fn older<A: Ask>(
    prober: &Prober<'_, A>,
    version: Version,
    found: &mut Enumeration,
) -> Option<u8> {
    let mut facts = VersionFacts::default();
    let mut steps = Vec::new();
    let end = eliminate(
        prober,
        version,
        candidates(version, false),
        &mut facts,
        &mut steps,
        found,
    )
    .await;
    if facts.suites.is_empty() && !found.accepted_any() {
        // What a hello offers beside the suites was not the reason.
        found.features.shy = false;
    }
    if facts.open.is_none() && !facts.suites.is_empty() {
        let template = offer(prober, version, &found.features);
        facts.preference = preference(prober, template, version, &steps, None).await;
    }
    found.versions.insert(version, facts);
    end
}

/// Suites that need a secret known beforehand (PSK, Kerberos, SRP). They are
/// offered apart, because some servers choose them without having a secret,
/// and only in the newest of the older versions that has not refused the
/// version itself.
async fn shared_secrets<A: Ask>(prober: &Prober<'_, A>, found: &mut Enumeration) {
    for version in [Version::Tls12, Version::Tls11, Version::Tls10] {
        let Some(mut facts) = found.versions.remove(&version) else {
            continue;
        };
        let accepted = facts.accepted == Ok(true) && facts.open.is_none();
        if accepted {
            let wanted = candidates(version, true);
            let before = facts.suites.len();
            eliminate(prober, version, wanted, &mut facts, &mut Vec::new(), found).await;
            let none = facts.suites.len() == before;
            found.versions.insert(version, facts);
            if none {
                return;
            }
        } else {
            found.versions.insert(version, facts);
        }
    }
}

/// Shrinks a list of suites until the server refuses what is left. Gives the
/// alert of a refusal before anything was accepted.
async fn eliminate<A: Ask>(
    prober: &Prober<'_, A>,
    version: Version,
    mut left: Vec<u16>,
    facts: &mut VersionFacts,
    steps: &mut Vec<Step>,
    found: &mut Enumeration,
) -> Option<u8> {
    let tolerant = found.accepted_any() || !facts.suites.is_empty() || version == Version::Ssl3;
    while !left.is_empty() {
        let mut hello = offer(prober, version, &found.features);
        hello.suites = left.iter().copied().take(MAX_SUITES).collect();
        let window = hello.suites.clone();
        // Until something was accepted, a refusal may be for what a hello
        // offers beside the suites.
        let doubtful = !tolerant && !found.features.shy && facts.suites.is_empty();
        if steps.len() % 2 == 1 {
            hello.suites.reverse();
        }
        match prober.ask(&hello).await {
            Outcome::Accepted(flight) => {
                let Some(suite) = choice(&flight, &hello, version) else {
                    if facts.suites.is_empty() && is_older(&flight, version) {
                        // It chose an older version: this one is refused.
                        return None;
                    }
                    let error = malformed();
                    if facts.suites.is_empty() {
                        facts.accepted = Err(error.clone());
                    }
                    facts.open = Some(error);
                    return None;
                };
                if facts.suites.is_empty() {
                    facts.accepted = Ok(true);
                    facts.head.clone_from(&flight.head);
                }
                left.retain(|known| *known != suite);
                // A ServerHello fits into these bytes (RFC 5246 section 7.4.1.3).
                let head = flight.head.get(..96).unwrap_or(&flight.head);
                facts.heads.insert(suite, head.to_vec());
                let kex_bits = learn(&flight, suite, found);
                found.features.note(&hello, version, &flight, suite);
                steps.push(Step {
                    chosen: suite,
                    offered: hello.suites,
                });
                facts.suites.push(SuiteFacts {
                    id: suite,
                    kex_bits,
                });
            }
            Outcome::Refused(alert) => {
                if facts.suites.is_empty() && alert == Some(Alert::PROTOCOL_VERSION) {
                    return alert;
                }
                if doubtful {
                    found.features.shy = true;
                    continue;
                }
                left.retain(|suite| !window.contains(suite));
                if left.is_empty() && facts.suites.is_empty() {
                    return alert;
                }
            }
            Outcome::Unclear(_) if doubtful && !prober.is_throttled() => {
                found.features.shy = true;
            }
            Outcome::Unclear(error) => {
                if facts.suites.is_empty() {
                    facts.accepted = Err(error.clone());
                }
                facts.open = Some(error);
                return None;
            }
        }
    }
    None
}

/// Curves up to TLS 1.2 beyond those already found.
async fn curves<A: Ask>(prober: &Prober<'_, A>, found: &mut Enumeration) {
    let newest = [Version::Tls12, Version::Tls11, Version::Tls10]
        .into_iter()
        .find_map(|version| {
            let facts = found.versions.get(&version)?;
            (facts.accepted == Ok(true)).then_some((version, facts))
        });
    let Some((version, facts)) = newest else {
        return;
    };
    let with_curves: Vec<&Suite> = facts
        .suites
        .iter()
        .filter_map(|suite| suites::by_id(suite.id))
        .filter(|suite| suite.key_exchange == "ECDHE")
        .collect();
    let bound = |suite: &&&Suite| suite.authentication == Authentication::Ecdsa;
    // A certificate with an elliptic curve key can only be used when its own
    // curve is offered; suites without one leave us free.
    let free: Vec<u16> = with_curves
        .iter()
        .filter(|s| !bound(s))
        .map(|s| s.id)
        .collect();
    let held = free.is_empty();
    let wanted = if held {
        with_curves.iter().map(|s| s.id).collect()
    } else {
        free
    };
    if wanted.is_empty() {
        if facts.open.is_some() && found.groups_open.is_none() {
            found.groups_open.clone_from(&facts.open);
        }
        return;
    }
    let keep: Vec<u16> = if held { leaf_curves(found) } else { Vec::new() };
    loop {
        let mut hello = offer(prober, version, &found.features);
        hello.suites.clone_from(&wanted);
        hello.groups.retain(|group| !found.groups.contains(group));
        if hello.groups.is_empty() {
            return;
        }
        hello.groups.extend(&keep);
        match prober.ask(&hello).await {
            Outcome::Accepted(flight) => {
                let before = found.groups.len();
                if let Some(suite) = choice(&flight, &hello, version) {
                    learn(&flight, suite, found);
                }
                if found.groups.len() == before {
                    return;
                }
            }
            Outcome::Refused(_) => return,
            Outcome::Unclear(error) => {
                found.groups_open.get_or_insert(error);
                return;
            }
        }
    }
}

/// Curves of the keys of the certificates seen.
fn leaf_curves(found: &Enumeration) -> Vec<u16> {
    found
        .chains
        .iter()
        .filter_map(|chain| chain.certificates.first())
        .filter_map(|der| crate::wire::x509::Certificate::read(der).ok()?.key.curve)
        .filter_map(|curve| groups::by_name(&curve).map(|group| group.id))
        .collect()
}

/// An offer of everything but suites in a version up to TLS 1.2.
fn offer<A: Ask>(prober: &Prober<'_, A>, version: Version, features: &Features) -> ClientHello {
    let curves = groups::all()
        .iter()
        .filter(|group| group.curve_before_tls13());
    let mut hello = ClientHello {
        groups: curves.map(|group| group.id).collect(),
        status_request: true,
        ..prober.hello(version)
    };
    if version > Version::Ssl3 {
        features.tempt(&mut hello);
    }
    hello
}

/// Takes what else a flight tells; gives the size of the key exchange.
fn learn(flight: &Flight, suite: u16, found: &mut Enumeration) -> Option<u32> {
    if let Some(certificates) = &flight.certificates {
        found.add_chain(RawChain {
            certificates: certificates.clone(),
            sent: flight.certificates_sent,
            staple: flight.staple.clone(),
        });
    }
    let suite = suites::by_id(suite)?;
    let shared = suite.authentication == Authentication::Shared;
    let body = flight.key_exchange.as_ref()?;
    let exchange = KeyExchange::parse(body, suite.key_exchange, shared)?;
    if let Some(group) = exchange.ffdhe_name().and_then(groups::by_name) {
        found.add_group(group.id);
    }
    match exchange {
        KeyExchange::Curve(group) => {
            found.add_group(group);
            None
        }
        KeyExchange::FiniteField { bits, .. } | KeyExchange::TemporaryRsa(bits) => Some(bits),
        KeyExchange::ExplicitCurve => None,
    }
}

/// One step of an elimination.
#[derive(Debug)]
struct Step {
    chosen: u16,
    offered: Vec<u16>,
}

/// Who decides which suite is taken. Asks once more where the steps allow
/// both readings.
async fn preference<A: Ask>(
    prober: &Prober<'_, A>,
    template: ClientHello,
    version: Version,
    steps: &[Step],
    told: Option<PreferenceBy>,
) -> Option<PreferenceBy> {
    match steps {
        [] => return None,
        [_] => return Some(PreferenceBy::Single),
        [_, _, ..] => {}
    }
    let accepted: Vec<u16> = steps.iter().map(|step| step.chosen).collect();
    let ours = steps.iter().all(|step| {
        let earliest = step.offered.iter().find(|suite| accepted.contains(suite));
        earliest == Some(&step.chosen)
    });
    if !ours {
        return Some(PreferenceBy::Server);
    }
    if told.is_some() {
        return told;
    }
    let mut hello = template;
    hello.suites = accepted.iter().rev().copied().collect();
    match prober.ask(&hello).await {
        Outcome::Accepted(flight) => decider(choice(&flight, &hello, version)?, &accepted),
        _ => None,
    }
}

/// Who chose a suite when all that are accepted were offered in the reverse of
/// the order in which they were found.
fn decider(chosen: u16, found: &[u16]) -> Option<PreferenceBy> {
    match found {
        [first, .., _] if chosen == *first => Some(PreferenceBy::Server),
        [_, .., last] if chosen == *last => Some(PreferenceBy::Client),
        _ => None,
    }
}

/// The suite that was chosen, if version and suite were offered.
fn choice(flight: &Flight, hello: &ClientHello, version: Version) -> Option<u16> {
    let chosen = flight.hello.as_ref()?;
    let offered = chosen.version() == Some(version) && hello.suites.contains(&chosen.suite);
    offered.then_some(chosen.suite)
}

fn is_older(flight: &Flight, version: Version) -> bool {
    let chosen = flight.hello.as_ref().and_then(|hello| hello.version());
    chosen.is_some_and(|chosen| chosen < version)
}

fn malformed() -> NetError {
    NetError::new(
        GapReason::Malformed,
        "the server chose what was not offered",
    )
}

/// The three suites of TLS 1.3 that nearly every server has.
const USUAL: [u16; 3] = [0x1301, 0x1302, 0x1303];

/// Suites to offer in a version, the likeliest first; with or without a
/// shared secret.
fn candidates(version: Version, shared: bool) -> Vec<u16> {
    let mut wanted: Vec<&Suite> = suites::all()
        .iter()
        .filter(|suite| suite.legal_in(version))
        .filter(|suite| (suite.authentication == Authentication::Shared) == shared)
        .collect();
    wanted.sort_by_key(|suite| {
        let exchange = match suite.key_exchange {
            "any" | "ECDHE" => 0,
            "DHE" => 1,
            "RSA" => 2,
            _ => 3,
        };
        let usual = ["AES_128", "AES_256", "CHACHA20", "3DES_EDE", "RC4_128"];
        let cipher = usual.iter().position(|cipher| *cipher == suite.cipher);
        let odd = suite.export || suite.anonymous() || cipher.is_none();
        (odd, exchange, cipher, suite.id)
    });
    wanted.iter().map(|suite| suite.id).collect()
}
