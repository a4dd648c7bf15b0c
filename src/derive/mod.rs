//! Joins of areas by RFC rules, run before an observation is saved.
//!
//! What lies within one area is worked out by its probe. Here stands what needs
//! two: each join reads typed facts, fills the fields that the probes left
//! unseen, and adds a gap where one side was not observed. Here stands too what is
//! held against the catalogue of clients.

mod caa;
pub mod clients;
mod dane;
mod observatory;
mod spoofing;
pub mod tls_grade;

use self::clients::Client;
use serde::Deserialize;
use serde_json::Value;

use crate::model::{gap::GapReason, level::Area, observation::Observation};

/// Adds every fact that follows from several areas together, and what known clients
/// end up with at the TLS endpoints.
pub fn apply(observation: &mut Observation, clients: &[Client]) {
    caa::join(observation);
    dane::join(observation);
    spoofing::join(observation);
    observatory::join(observation);
    clients::join(observation, clients);
    tls_grade::join(observation);
}

/// Why a place was not observed: by its own gap, or by the nearest above it.
fn reason(observation: &Observation, place: &str) -> GapReason {
    let gap_at = |at: &str| observation.gaps.iter().find(|gap| gap.at == at);
    let mut at = place;
    loop {
        if let Some(gap) = gap_at(at) {
            return gap.reason;
        }
        match at.rsplit_once('/') {
            Some((above, _)) if !above.is_empty() => at = above,
            _ => return GapReason::NotAsked,
        }
    }
}

/// The facts of an area, if it was observed.
fn typed<T: for<'de> Deserialize<'de>>(observation: &Observation, area: Area) -> Option<T> {
    let value: &Value = observation.facts.get(&area)?;
    T::deserialize(value).ok()
}
