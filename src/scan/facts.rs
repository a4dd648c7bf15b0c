//! The facts that this program can read from a saved run.

use crate::probes::registry::REGISTRY;
use crate::store::{FactReader, KnownFacts};

/// Version and types of the facts of every probe.
pub fn known() -> KnownFacts {
    let reader = |probe: &&crate::probes::registry::Probe| FactReader {
        version: probe.fact_version,
        check: probe.check,
    };
    REGISTRY
        .iter()
        .map(|probe| (probe.area, reader(probe)))
        .collect()
}
