//! Versions and suites up to TLS 1.2.

use super::chacha::chacha_tls12;
use super::choice::{Step, candidates, is_shared};
use super::parameters::parameters;
use super::search::Search;
use super::{Ask, Enumeration, Known, Prober, VersionFacts};
use crate::probes::tls::facts::PreferenceBy;
use crate::wire::tls::{Version, flight::Alert};

/// TLS 1.2, with the curves seen on the way; and the alert with which the version
/// itself was refused.
pub(super) async fn tls12<A: Ask>(
    prober: &Prober<'_, A>,
    known: &Known,
) -> (Enumeration, Option<u8>) {
    let mut found = Enumeration::default();
    let refusal = older(prober, Version::Tls12, known, &mut found).await;
    (found, refusal)
}

/// What TLS 1.2 left open, and the versions below it. Where TLS 1.2 is accepted,
/// all goes side by side.
pub(super) async fn below_tls12<A: Ask>(
    prober: &Prober<'_, A>,
    known: &Known,
    refusal: Option<u8>,
    found: &mut Enumeration,
) {
    if !found.accepts(Version::Tls12) {
        old_versions(prober, known, refusal, found).await;
        shared_secrets(prober, found).await;
        parameters(prober, found).await;
        return;
    }
    let (mut old, mut shared) = (found.branch(), found.branch());
    tokio::join!(
        old_versions(prober, known, refusal, &mut old),
        shared_secrets(prober, &mut shared),
        async {
            chacha_tls12(prober, found).await;
            parameters(prober, found).await;
        },
    );
    for branch in [old, shared] {
        found.join(branch);
    }
    let tls12 = found.versions.get(&Version::Tls12);
    if tls12.is_some_and(|facts| facts.suites.iter().any(|suite| is_shared(suite.id))) {
        shared_secrets_below(prober, found).await;
    }
}

/// TLS 1.1, TLS 1.0 and SSL 3.0, after the answer to TLS 1.2. Whoever refuses one as
/// a version refuses the older ones too (RFC 5246 appendix E.1).
async fn old_versions<A: Ask>(
    prober: &Prober<'_, A>,
    known: &Known,
    refusal: Option<u8>,
    found: &mut Enumeration,
) {
    let of_version = |alert| known.negotiates && alert == Some(Alert::PROTOCOL_VERSION);
    let mut all_refused = of_version(refusal);
    for version in [Version::Tls11, Version::Tls10, Version::Ssl3] {
        if all_refused {
            found.versions.insert(version, VersionFacts::default());
            continue;
        }
        let refusal = older(prober, version, known, found).await;
        all_refused |= of_version(refusal);
    }
}

/// One version up to TLS 1.2. Gives the alert with which the version itself
/// was refused.
async fn older<A: Ask>(
    prober: &Prober<'_, A>,
    version: Version,
    known: &Known,
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
    if search.with_secrets {
        found.secrets_asked = facts.open.is_none();
        // They were offered from the second hello on, so that they have no place in
        // the order.
        search.steps.retain(|step| !is_shared(step.chosen));
        facts.suites.sort_by_key(|suite| is_shared(suite.id));
    }
    if facts.open.is_none() && !facts.suites.is_empty() {
        search.settle_order(prober, &mut facts, found).await;
        if facts.preference == Some(PreferenceBy::Server) && !side_by_side(&search.steps) {
            facts.preference = None;
        }
    }
    found.versions.insert(version, facts);
    end
}

/// Suites that need a secret known beforehand (PSK, Kerberos, SRP). They are
/// offered apart where they were not offered behind all others, because some
/// servers choose them without having a secret, and only in the newest of the older versions that has not refused the
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
    if version == Version::Tls12 && found.secrets_asked {
        return Some(
            found
                .versions
                .get(&version)
                .is_some_and(|facts| facts.suites.iter().any(|suite| is_shared(suite.id))),
        );
    }
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

/// Whether all suites that were chosen were offered together. Otherwise their
/// order is that of the offers.
fn side_by_side(steps: &[Step]) -> bool {
    steps.iter().enumerate().all(|(at, step)| {
        let mut later = steps.iter().skip(at);
        later.all(|later| step.offered.contains(&later.chosen))
    })
}
