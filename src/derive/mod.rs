//! Joins of areas by RFC rules, run before an observation is saved.
//!
//! What lies within one area is worked out by its probe. Here stands what needs
//! two: each join reads typed facts, fills the fields that the probes left
//! unseen, and adds a gap where one side was not observed.

mod caa;

use crate::model::observation::Observation;

/// Adds every fact that follows from several areas together.
pub fn apply(observation: &mut Observation) {
    caa::join(observation);
}
