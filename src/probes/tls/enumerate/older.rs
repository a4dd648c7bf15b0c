//! Versions and suites up to TLS 1.2.

use super::beside::{Beside, in_doubt};
use super::choice::{
    Step, candidates, choice, is_older, learn, malformed, offer, preference, rotate,
};
use super::parameters::parameters;
use super::{Ask, Enumeration, Known, Outcome, Prober, SuiteFacts, VersionFacts};
use crate::probes::tls::facts::PreferenceBy;
use crate::wire::tls::{
    Version,
    client_hello::{ALL_SUITES, ClientHello, MAX_SUITES, VERSION_TO_COME},
    flight::{Alert, Flight},
    suites,
};

/// TLS 1.2, with the curves seen on the way; and whether all older versions are
/// refused with it.
pub(super) async fn tls12<A: Ask>(prober: &Prober<'_, A>, known: Known) -> (Enumeration, bool) {
    let mut found = Enumeration::default();
    let refusal = older(prober, Version::Tls12, known, &mut found).await;
    let all_refused = known.negotiates && refusal == Some(Alert::PROTOCOL_VERSION);
    (found, all_refused)
}

/// What TLS 1.2 left open, and the versions below it. Where TLS 1.2 is accepted,
/// all goes side by side.
pub(super) async fn below_tls12<A: Ask>(
    prober: &Prober<'_, A>,
    known: Known,
    all_refused: bool,
    found: &mut Enumeration,
) {
    if !found.accepts(Version::Tls12) {
        old_versions(prober, known, all_refused, found).await;
        older(prober, Version::Ssl3, known, found).await;
        shared_secrets(prober, found).await;
        parameters(prober, found).await;
        return;
    }
    let (mut old, mut oldest, mut shared) = (found.branch(), found.branch(), found.branch());
    tokio::join!(
        old_versions(prober, known, all_refused, &mut old),
        older(prober, Version::Ssl3, known, &mut oldest),
        shared_secrets(prober, &mut shared),
        parameters(prober, found),
    );
    let more = shared.versions.get(&Version::Tls12).map(|f| f.suites.len())
        > found.versions.get(&Version::Tls12).map(|f| f.suites.len());
    for branch in [old, oldest, shared] {
        found.join(branch);
    }
    if more {
        shared_secrets_below(prober, found).await;
    }
}

/// TLS 1.1 and 1.0. Whoever refuses one as a version refuses the older one too.
async fn old_versions<A: Ask>(
    prober: &Prober<'_, A>,
    known: Known,
    mut all_refused: bool,
    found: &mut Enumeration,
) {
    for version in [Version::Tls11, Version::Tls10] {
        if all_refused {
            found.versions.insert(version, VersionFacts::default());
            continue;
        }
        let refusal = older(prober, version, known, found).await;
        all_refused |= known.negotiates && refusal == Some(Alert::PROTOCOL_VERSION);
    }
}

/// One version up to TLS 1.2. Gives the alert with which the version itself
/// was refused.
async fn older<A: Ask>(
    prober: &Prober<'_, A>,
    version: Version,
    known: Known,
    found: &mut Enumeration,
) -> Option<u8> {
    let mut facts = VersionFacts::default();
    let mut search = Search::new(version);
    search.wide = known.takes_large;
    search.expects_client =
        found.versions.values().next().and_then(|f| f.preference) == Some(PreferenceBy::Client);
    let left = candidates(version, false);
    let end = search.eliminate(prober, left, &mut facts, found).await;
    if facts.suites.is_empty() && !found.accepted_any() {
        // What a hello offers beside the suites was not the reason.
        found.features.shy = false;
    }
    if facts.open.is_none() && !facts.suites.is_empty() {
        let sure =
            !in_doubt(&search.steps, found) || search.order_anew(prober, &mut facts, found).await;
        if sure {
            let template = offer(prober, version, &found.features);
            let Search { steps, told, .. } = &search;
            let unknown = &mut found.tolerates_unknown;
            facts.preference = preference(prober, template, version, steps, *told, unknown).await;
            if facts.preference == Some(PreferenceBy::Server) && !side_by_side(&search.steps) {
                facts.preference = None;
            }
        }
    }
    found.versions.insert(version, facts);
    end
}

/// Suites that need a secret known beforehand (PSK, Kerberos, SRP). They are
/// offered apart, because some servers choose them without having a secret,
/// and only in the newest of the older versions that has not refused the
/// version itself.
async fn shared_secrets<A: Ask>(prober: &Prober<'_, A>, found: &mut Enumeration) {
    if with_secret(prober, Version::Tls12, found).await != Some(false) {
        shared_secrets_below(prober, found).await;
    }
}

/// The same below TLS 1.2.
async fn shared_secrets_below<A: Ask>(prober: &Prober<'_, A>, found: &mut Enumeration) {
    for version in [Version::Tls11, Version::Tls10] {
        if with_secret(prober, version, found).await == Some(false) {
            return;
        }
    }
}

/// The same in one version: whether there are any; `None` where that was not asked.
async fn with_secret<A: Ask>(
    prober: &Prober<'_, A>,
    version: Version,
    found: &mut Enumeration,
) -> Option<bool> {
    let mut facts = found.versions.remove(&version)?;
    let accepted = facts.accepted == Ok(true) && facts.open.is_none();
    let before = facts.suites.len();
    if accepted {
        let wanted = candidates(version, true);
        let mut search = Search::new(version);
        search.eliminate(prober, wanted, &mut facts, found).await;
    }
    let any = facts.suites.len() > before;
    found.versions.insert(version, facts);
    accepted.then_some(any)
}

/// Whether a refusal may mean that the server broke over one of the suites:
/// OpenSSL without parameters for DHE does so over every offer in which DHE
/// comes first, and would take others.
fn is_breakdown(alert: Option<u8>) -> bool {
    matches!(alert, None | Some(Alert::INTERNAL_ERROR))
}

/// Suites by key exchange, those that break least last; nothing where there is
/// but one kind.
fn by_exchange(suites: &[u16]) -> Vec<Vec<u16>> {
    let mut kinds = [Vec::new(), Vec::new(), Vec::new()];
    for id in suites {
        let [others, dhe, ecdhe] = &mut kinds;
        match suites::by_id(*id).map(|suite| suite.key_exchange) {
            Some("ECDHE") => ecdhe.push(*id),
            Some("DHE") => dhe.push(*id),
            _ => others.push(*id),
        }
    }
    let kinds: Vec<Vec<u16>> = kinds.into_iter().filter(|kind| !kind.is_empty()).collect();
    if kinds.len() > 1 { kinds } else { Vec::new() }
}

/// Whether all suites that were chosen were offered together. Otherwise their
/// order is that of the offers.
fn side_by_side(steps: &[Step]) -> bool {
    steps.iter().enumerate().all(|(at, step)| {
        let mut later = steps.iter().skip(at);
        later.all(|later| step.offered.contains(&later.chosen))
    })
}

/// The elimination of one list of suites.
struct Search {
    version: Version,
    steps: Vec<Step>,
    /// How curves and schemes are offered beside the suites.
    beside: Beside,
    /// Offers all suites at once, where larger hellos are taken.
    wide: bool,
    /// The client's order decided in a newer version.
    expects_client: bool,
    /// Who decides, where a step told it.
    told: Option<PreferenceBy>,
}

impl Search {
    fn new(version: Version) -> Self {
        Self {
            version,
            steps: Vec::new(),
            beside: Beside::default(),
            wide: false,
            expects_client: false,
            told: None,
        }
    }

    /// Shrinks a list of suites until the server refuses what is left. Gives the
    /// alert of a refusal before anything was accepted.
    async fn eliminate<A: Ask>(
        &mut self,
        prober: &Prober<'_, A>,
        mut left: Vec<u16>,
        facts: &mut VersionFacts,
        found: &mut Enumeration,
    ) -> Option<u8> {
        let version = self.version;
        let tolerant = found.accepted_any() || !facts.suites.is_empty() || version == Version::Ssl3;
        let mut apart: Vec<Vec<u16>> = Vec::new();
        let mut broken = false;
        // Whether an offer may claim a version to come.
        let mut may_claim = version > Version::Ssl3;
        while !left.is_empty() || !apart.is_empty() {
            if left.is_empty() {
                left = apart.pop().unwrap_or_default();
            }
            let mut hello = self.hello(prober, &left, found);
            let window = hello.suites.clone();
            // Until something was accepted, a refusal may be for what a hello
            // offers beside the suites.
            let doubtful = !tolerant && !found.features.shy && facts.suites.is_empty();
            // With a ticket promised, servers give the session no id: both are of interest.
            hello.session_ticket =
                self.steps.is_empty() && !found.features.shy && version > Version::Ssl3;
            let again = self.known_behind(&mut hello);
            let narrow = self.beside.narrow(&mut hello, &self.steps, found);
            // Its answer to the claim comes free where it accepts the offer.
            let claims = may_claim && self.steps.len() == 1 && found.tolerates_newer.is_none();
            hello.claimed_version = claims.then_some(VERSION_TO_COME);
            match prober.ask(&hello).await {
                // Perhaps for the claim.
                Outcome::Refused(_) | Outcome::Unclear(_) if claims && !prober.is_throttled() => {
                    may_claim = false;
                }
                Outcome::Accepted(flight) => {
                    let Some(suite) = choice(&flight, &hello, version) else {
                        if claims {
                            may_claim = false;
                            continue;
                        }
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
                    if claims {
                        found.tolerates_newer = Some(true);
                    }
                    let seen = (found.groups.len(), found.schemes.len());
                    let kex_bits = learn(&flight, suite, version, found);
                    if again.is_some() {
                        let by_client = again != Some(suite);
                        self.told = Some(match by_client {
                            true => PreferenceBy::Client,
                            false => PreferenceBy::Server,
                        });
                        if !by_client {
                            continue;
                        }
                    }
                    if !self.beside.goes_on(narrow, suite, &self.steps, seen, found) {
                        // For want of curves or schemes it may have passed over a
                        // suite that it likes better.
                        continue;
                    }
                    note(&flight, suite, facts);
                    left.retain(|known| *known != suite);
                    if !hello.session_ticket {
                        let hello = flight.hello.as_ref();
                        let id = hello.is_some_and(|hello| !hello.session_id.is_empty());
                        found.gives_session_id = Some(found.gives_session_id == Some(true) || id);
                    }
                    found.features.note(&hello, version, &flight, suite);
                    facts.suites.push(SuiteFacts {
                        id: suite,
                        kex_bits,
                    });
                    self.steps.push(Step::new(suite, window, narrow, hello));
                }
                Outcome::Refused(alert) => {
                    if facts.suites.is_empty() && alert == Some(Alert::PROTOCOL_VERSION) {
                        return alert;
                    }
                    if self.beside.was_refused(narrow) || again.is_some() {
                        // Perhaps for what was left out.
                        self.expects_client = false;
                        continue;
                    }
                    let too_many = window.len() > MAX_SUITES;
                    if doubtful || (too_many && facts.suites.is_empty()) {
                        found.features.shy |= doubtful;
                        self.wide = false;
                        continue;
                    }
                    left.retain(|suite| !window.contains(suite));
                    if left.is_empty() && facts.suites.is_empty() {
                        return alert;
                    }
                    if !broken && !self.steps.is_empty() && is_breakdown(alert) {
                        broken = true;
                        apart = by_exchange(&window);
                    }
                }
                Outcome::Unclear(_) if doubtful && !prober.is_throttled() => {
                    found.features.shy = true;
                    self.wide = false;
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

    /// An offer of what is left, in alternating direction.
    fn hello<A: Ask>(
        &self,
        prober: &Prober<'_, A>,
        left: &[u16],
        found: &Enumeration,
    ) -> ClientHello {
        let width = if self.wide { ALL_SUITES } else { MAX_SUITES };
        let mut hello = offer(prober, self.version, &found.features);
        hello.suites = left.iter().copied().take(width).collect();
        if self.steps.len() % 2 == 1 {
            hello.suites.reverse();
        }
        rotate(&mut hello, found);
        hello
    }

    /// Where the client's order is expected to decide: puts the first suite that
    /// was found behind all others. A server that takes another one now, and took
    /// this one when it stood in front, follows the client.
    fn known_behind(&self, hello: &mut ClientHello) -> Option<u16> {
        let [only] = self.steps.as_slice() else {
            return None;
        };
        if !self.expects_client || self.told.is_some() || hello.suites.len() >= MAX_SUITES {
            return None;
        }
        hello.suites.push(only.chosen);
        Some(only.chosen)
    }

    /// Finds the order of the accepted suites again, with all curves and schemes
    /// offered. Tells whether that succeeded.
    async fn order_anew<A: Ask>(
        &mut self,
        prober: &Prober<'_, A>,
        facts: &mut VersionFacts,
        found: &Enumeration,
    ) -> bool {
        let mut left: Vec<u16> = facts.suites.iter().map(|suite| suite.id).collect();
        self.steps.clear();
        while !left.is_empty() {
            let hello = self.hello(prober, &left, found);
            let Outcome::Accepted(flight) = prober.ask(&hello).await else {
                return false;
            };
            let Some(suite) = choice(&flight, &hello, self.version) else {
                return false;
            };
            left.retain(|known| *known != suite);
            let offered = hello.suites.clone();
            self.steps
                .push(Step::new(suite, offered, Default::default(), hello));
        }
        let at = |id: u16| self.steps.iter().position(|step| step.chosen == id);
        facts.suites.sort_by_key(|suite| at(suite.id));
        true
    }
}

/// Keeps the proof of an answer.
fn note(flight: &Flight, suite: u16, facts: &mut VersionFacts) {
    if facts.suites.is_empty() {
        facts.accepted = Ok(true);
        facts.head.clone_from(&flight.head);
    }
    // A ServerHello fits into these bytes (RFC 5246 section 7.4.1.3).
    let head = flight.head.get(..96).unwrap_or(&flight.head);
    facts.heads.insert(suite, head.to_vec());
}
