//! The facts that this program can read from a saved run.

use std::sync::{Arc, LazyLock};

use crate::probes::registry::{REGISTRY, area_schema};
use crate::store::{FactReader, KnownFacts};

/// Version and types of the facts of every probe.
pub fn known() -> KnownFacts {
    KNOWN.clone()
}

static KNOWN: LazyLock<KnownFacts> = LazyLock::new(|| {
    let reader = |probe: &&crate::probes::registry::Probe| FactReader {
        version: probe.fact_version,
        check: probe.check,
        schema: Arc::new(area_schema(probe)),
    };
    REGISTRY
        .iter()
        .map(|probe| (probe.area, reader(probe)))
        .collect()
});
