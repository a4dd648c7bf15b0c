//! Turns the answers to hellos into fingerprints, and holds those of the addresses of
//! one name against each other.

use super::facts::{Differing, TlsEndpoint};
use super::fingerprint::{Lines, READ, differences, digest, lines};
use super::fold::Fold;
use crate::model::{
    gap::{Gap, GapReason},
    seen::Seen,
};
use crate::net::NetError;

impl Fold<'_> {
    /// The fingerprint, and the lines that make it; none where an answer is missing.
    pub(super) fn fingerprint(&mut self, facts: &mut TlsEndpoint) -> Option<Lines> {
        let answers = self.answers;
        let Some(found) = &answers.enumeration else {
            let detail = "handshakes are enumerated from level standard on";
            self.gap("/fingerprint", &NetError::new(GapReason::NotAsked, detail));
            return None;
        };
        let missing = self.gaps.iter().find(|gap| {
            let below = gap.at.strip_prefix(&self.at).unwrap_or_default();
            READ.contains(&below.strip_suffix("/-").unwrap_or(below))
        });
        let missing = missing.map(|gap| gap.reason);
        if let Some(reason) = missing.or(found.features.lost.then_some(GapReason::Timeout)) {
            let detail = "an answer is missing, without which it would be another";
            let reason = match reason {
                GapReason::Timeout if answers.throttles => GapReason::Throttled,
                reason => reason,
            };
            self.gap("/fingerprint", &NetError::new(reason, detail));
            return None;
        }
        let lines = lines(facts, found);
        facts.fingerprint = Seen::Known(Some(digest(&lines)));
        Some(lines)
    }
}

/// Holds each endpoint against the first of the same name, port and purpose. `lines`
/// are those of the endpoints, in their order.
pub fn compare(endpoints: &mut [TlsEndpoint], lines: &[Option<Lines>]) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let service = |one: &TlsEndpoint| (one.host.clone(), one.port, one.purpose);
    let services: Vec<_> = endpoints.iter().map(service).collect();
    for (at, endpoint) in endpoints.iter_mut().enumerate() {
        let of_service = || {
            let all = services.iter().enumerate();
            all.filter(|(_, service)| Some(*service) == services.get(at))
                .map(|(at, _)| at)
        };
        let own = lines.get(at).and_then(Option::as_ref);
        let first = of_service().find_map(|at| lines.get(at)?.as_ref());
        let parts = match (own, first) {
            (Some(own), Some(first)) => differences(first, own),
            // One that is alone differs from nothing; one that speaks no TLS has none.
            _ if of_service().count() == 1 || endpoint.speaks_tls.known() == Some(&false) => {
                Vec::new()
            }
            // The gap above says why.
            _ if endpoint.speaks_tls.is_unseen() => continue,
            _ => {
                let detail = "there is no fingerprint to compare with another";
                let reason = match endpoint.throttles.known() {
                    None => GapReason::NotAsked,
                    Some(true) => GapReason::Throttled,
                    Some(false) => GapReason::TlsFailed,
                };
                let at = format!("/tls/endpoints/{at}/differs");
                gaps.push(NetError::new(reason, detail).gap(at));
                continue;
            }
        };
        let parts = parts.into_iter().map(|name| Differing { name });
        endpoint.differs = Seen::Known(parts.collect());
    }
    gaps
}
