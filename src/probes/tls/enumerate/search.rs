//! The elimination of one list of suites up to TLS 1.2.

use super::beside::Beside;
use super::choice::{
    Step, candidates, choice, is_older, is_shared, learn, malformed, offer, rotate,
};
use super::{Ask, Enumeration, Outcome, Prober, Purpose, SuiteFacts, VersionFacts};
use crate::probes::tls::facts::PreferenceBy;
use crate::probes::tls::fingerprint::Shape;
use crate::wire::tls::{
    Version,
    client_hello::{ALL_SUITES, ClientHello, MAX_SUITES, VERSION_TO_COME},
    flight::{Alert, Flight},
    suites,
};

/// The elimination of one list of suites.
pub(super) struct Search {
    pub(super) version: Version,
    pub(super) steps: Vec<Step>,
    /// How curves and schemes are offered beside the suites.
    pub(super) beside: Beside,
    /// Offers all suites at once, where larger hellos are taken.
    pub(super) wide: bool,
    /// Offers suites with a shared secret too, behind all others.
    pub(super) with_secrets: bool,
    /// A hello with those was accepted.
    takes_all: bool,
    /// The client's order decided in a newer version.
    pub(super) expects_client: bool,
    /// Who decides, where a step told it.
    pub(super) told: Option<PreferenceBy>,
    /// Whether it was asked beside the suites if there are more curves.
    pub(super) curves_asked: bool,
}

impl Search {
    /// The elimination in one version.
    pub(super) fn new(version: Version) -> Self {
        Self {
            version,
            steps: Vec::new(),
            beside: Beside::default(),
            wide: false,
            with_secrets: false,
            takes_all: false,
            expects_client: false,
            told: None,
            curves_asked: false,
        }
    }

    /// Shrinks a list of suites until the server refuses what is left. Gives the
    /// alert of a refusal before anything was accepted.
    pub(super) async fn eliminate<A: Ask>(
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
            let mut window = hello.suites.clone();
            // Until something was accepted, a refusal may be for what a hello
            // offers beside the suites.
            let doubtful = !tolerant && !found.features.shy && facts.suites.is_empty();
            // With a ticket promised, servers give the session no id: both are of interest.
            hello.session_ticket =
                self.steps.is_empty() && !found.features.shy && version > Version::Ssl3;
            let again = self.known_behind(&mut hello);
            let claims = may_claim && self.steps.len() == 1 && found.tolerates_newer.is_none();
            let asks = !claims && again.is_none();
            let curves = match asks {
                true => self.curve_question(&mut hello, &mut window, found),
                false => None,
            };
            let narrow = match curves {
                Some(narrow) => narrow,
                None => self.beside.narrow(&mut hello, &self.steps, found),
            };
            if narrow.any() && self.with_secrets && curves.is_none() {
                // Nothing follows from a choice that was made for want of others.
                hello.suites.retain(|suite| !is_shared(*suite));
                window.clone_from(&hello.suites);
                if hello.suites.is_empty() {
                    self.beside.was_refused(narrow);
                    continue;
                }
            }
            // Its answer to the claim comes free where it accepts the offer.
            hello.claimed_version = claims.then_some(VERSION_TO_COME);
            match prober.ask(&hello, Purpose::Enumeration).await {
                // Perhaps for the claim.
                Outcome::Unclear(_) if claims && !prober.is_throttled() => {
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
                    let kex_bits = learn(&flight, &hello, suite, version, found);
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
                    let knows = self.steps.iter().any(|step| step.chosen == suite);
                    if curves.is_some() {
                        self.curve_answer(suite, found.groups.len() > seen.0, found);
                        if knows {
                            continue;
                        }
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
                    self.takes_all |= window.iter().any(|suite| is_shared(*suite));
                    self.steps.push(Step::new(suite, window, narrow, hello));
                    if curves.is_none() {
                        let ours = self.follows_client(found);
                        if let Some((_, before)) = self.steps.split_last() {
                            self.beside
                                .goes_on(narrow, suite, before, seen, ours, found);
                        }
                    }
                    if version == Version::Tls12 && self.wide && self.steps.len() == 1 {
                        self.with_secrets = true;
                        left.extend(candidates(version, true));
                    }
                }
                Outcome::Refused(alert) => {
                    facts.refusals.insert(alert);
                    if facts.suites.is_empty() && alert == Some(Alert::PROTOCOL_VERSION) {
                        return alert;
                    }
                    if curves.is_some() {
                        self.curve_refusal(alert, found);
                        continue;
                    }
                    let may_be_more = claims || self.unproven(&window);
                    if self.beside.was_refused(narrow) || (again.is_some() && !may_be_more) {
                        // Perhaps for what was left out.
                        self.expects_client = false;
                        continue;
                    }
                    if may_be_more {
                        // Perhaps for the claim, or for the number of suites.
                        may_claim = false;
                        if again.is_some() || !self.bears(prober, &hello).await {
                            self.with_secrets &= self.takes_all;
                            left.retain(|suite| self.with_secrets || !is_shared(*suite));
                            continue;
                        }
                        if claims {
                            found.tolerates_newer = Some(true);
                        }
                        self.takes_all |= self.unproven(&window);
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
                        apart = by_exchange(&window, &self.steps);
                    }
                }
                Outcome::Unclear(_) if doubtful && !prober.is_throttled() => {
                    found.features.shy = true;
                    found.features.lost = true;
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

    /// Whether suites with a shared secret were offered behind the others, though so many
    /// were never accepted.
    fn unproven(&self, window: &[u16]) -> bool {
        self.with_secrets && !self.takes_all && window.iter().any(|id| is_shared(*id))
    }

    /// Whether the server takes a hello that it refused once the first suite that was
    /// found stands behind all others.
    async fn bears<A: Ask>(&self, prober: &Prober<'_, A>, hello: &ClientHello) -> bool {
        let Some(first) = self.steps.first() else {
            return false;
        };
        let mut hello = hello.clone();
        hello.suites.push(first.chosen);
        match prober.ask(&hello, Purpose::Enumeration).await {
            Outcome::Accepted(flight) => {
                choice(&flight, &hello, self.version) == Some(first.chosen)
            }
            _ => false,
        }
    }

    /// An offer of what is left, in alternating direction.
    pub(super) fn hello<A: Ask>(
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
        hello.suites.sort_by_key(|suite| is_shared(*suite));
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
}

/// Keeps the proof of an answer.
fn note(flight: &Flight, suite: u16, facts: &mut VersionFacts) {
    if facts.suites.is_empty() {
        facts.accepted = Ok(true);
        facts.head.clone_from(&flight.head);
        facts.shape = Shape::of(flight);
    }
    // A ServerHello fits into these bytes (RFC 5246 section 7.4.1.3).
    let head = flight.head.get(..96).unwrap_or(&flight.head);
    facts.heads.insert(suite, head.to_vec());
}

/// Whether a refusal may mean that the server broke over one of the suites:
/// OpenSSL without parameters for DHE does so over every offer in which DHE
/// comes first, and would take others.
pub(super) fn is_breakdown(alert: Option<u8>) -> bool {
    matches!(alert, None | Some(Alert::INTERNAL_ERROR))
}

/// Suites by key exchange, those that break least last; nothing where there is
/// but one kind. An exchange that a step has shown to work does not break, and stays
/// with the others.
fn by_exchange(suites: &[u16], steps: &[Step]) -> Vec<Vec<u16>> {
    let exchange = |id: u16| suites::by_id(id).map(|suite| suite.key_exchange);
    let works = |name: &str| steps.iter().any(|step| exchange(step.chosen) == Some(name));
    let (ecdhe_works, dhe_works) = (works("ECDHE"), works("DHE"));
    let mut kinds = [Vec::new(), Vec::new(), Vec::new()];
    for id in suites {
        let [others, dhe, ecdhe] = &mut kinds;
        match exchange(*id) {
            Some("ECDHE") if !ecdhe_works => ecdhe.push(*id),
            Some("DHE") if !dhe_works => dhe.push(*id),
            _ => others.push(*id),
        }
    }
    let kinds: Vec<Vec<u16>> = kinds.into_iter().filter(|kind| !kind.is_empty()).collect();
    if kinds.len() > 1 { kinds } else { Vec::new() }
}
