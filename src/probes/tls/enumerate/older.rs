//! Versions and suites up to TLS 1.2.

use super::choice::{
    Step, candidates, choice, is_older, learn, malformed, offer, preference, rotate,
};
use super::{Ask, Enumeration, Outcome, PreferenceBy, Prober, SuiteFacts, VersionFacts};
use crate::wire::tls::{Version, client_hello::MAX_SUITES, flight::Alert, suites};

/// Versions up to TLS 1.2, the newest first, with the curves seen on the way.
pub(super) async fn up_to_tls12<A: Ask>(prober: &Prober<'_, A>, negotiates: bool) -> Enumeration {
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
        let unknown = &mut found.tolerates_unknown;
        facts.preference = preference(prober, template, version, &steps, None, unknown).await;
        if facts.preference == Some(PreferenceBy::Server) && !side_by_side(&steps) {
            facts.preference = None;
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
    let mut apart: Vec<Vec<u16>> = Vec::new();
    let mut broken = false;
    let tolerant = found.accepted_any() || !facts.suites.is_empty() || version == Version::Ssl3;
    while !left.is_empty() || !apart.is_empty() {
        if left.is_empty() {
            left = apart.pop().unwrap_or_default();
        }
        let mut hello = offer(prober, version, &found.features);
        hello.suites = left.iter().copied().take(MAX_SUITES).collect();
        let window = hello.suites.clone();
        // Until something was accepted, a refusal may be for what a hello
        // offers beside the suites.
        let doubtful = !tolerant && !found.features.shy && facts.suites.is_empty();
        if steps.len() % 2 == 1 {
            hello.suites.reverse();
        }
        rotate(&mut hello, found);
        // With a ticket promised, servers give the session no id: both are of interest.
        hello.session_ticket = steps.is_empty() && !found.features.shy && version > Version::Ssl3;
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
                let kex_bits = learn(&flight, suite, version, found);
                if !hello.session_ticket {
                    let id = flight
                        .hello
                        .as_ref()
                        .is_some_and(|h| !h.session_id.is_empty());
                    found.gives_session_id = Some(found.gives_session_id == Some(true) || id);
                }
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
                if !broken && !steps.is_empty() && is_breakdown(alert) {
                    broken = true;
                    apart = by_exchange(&window);
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
