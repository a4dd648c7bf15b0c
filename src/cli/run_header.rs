//! The header of a run.

use jiff::{Timestamp, Unit};

use crate::model::{
    finding::PackRef,
    observation::Conditions,
    run::{RUN_SCHEMA, RunHeader},
    target::Target,
};

/// The header of a run that begins at a time: by which program, under which conditions, with
/// which tables. `pack`: the checks that judge it first.
pub fn header(
    started_at: Timestamp,
    organisation: Option<String>,
    conditions: Conditions,
    targets: Vec<Target>,
    pack: Option<PackRef>,
) -> RunHeader {
    RunHeader {
        schema: RUN_SCHEMA.to_owned(),
        tool: crate::TOOL.to_owned(),
        started_at: started_at.round(Unit::Second).unwrap_or(started_at),
        organisation,
        conditions,
        targets,
        tables: crate::TABLES
            .iter()
            .map(|(name, edition)| ((*name).to_owned(), (*edition).to_owned()))
            .collect(),
        pack,
        tlp: "TLP:AMBER+STRICT".to_owned(),
    }
}
