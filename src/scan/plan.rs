//! What a scan would do. Pure.

use std::collections::BTreeSet;

use crate::model::{
    level::{Area, Level},
    target::Target,
};
use crate::probes::registry::{PlannedExchange, REGISTRY};

/// The areas to look at for a target: those that its roles ask for and the user did not leave out.
pub fn areas(target: &Target, only: &BTreeSet<Area>) -> BTreeSet<Area> {
    target.areas().intersection(only).copied().collect()
}

/// What would be sent to a target, probe by probe.
pub fn exchanges(target: &Target, level: Level, only: &BTreeSet<Area>) -> Vec<PlannedExchange> {
    let areas = areas(target, only);
    REGISTRY
        .iter()
        .filter(|probe| areas.contains(&probe.area))
        .flat_map(|probe| (probe.plan)(target, level))
        .collect()
}
