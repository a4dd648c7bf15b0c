//! Lines of the common baseline, which national requirements map to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Beginnings of the ids of controls, in the order in which people read them,
/// and what these controls are about.
pub const CONTROL_AREAS: [(&str, &str); 10] = [
    ("TLS", "TLS"),
    ("CERT", "Certificates"),
    ("PQC", "Post-quantum key exchange"),
    ("WEB", "Web"),
    ("DNS", "DNS"),
    ("MAIL", "Mail"),
    ("PORTAL", "Registration portals"),
    ("EXPO", "Exposure"),
    ("CONT", "Content"),
    ("AVAIL", "Availability"),
];

/// What a control is about and where that stands in [`CONTROL_AREAS`]; the
/// beginning of its id where that is not among them.
pub fn control_area(id: &str) -> (usize, &str) {
    let prefix = id.split('-').next().unwrap_or_default();
    CONTROL_AREAS
        .iter()
        .enumerate()
        .find(|(_, (known, _))| *known == prefix)
        .map_or((CONTROL_AREAS.len(), prefix), |(at, (_, name))| (at, *name))
}

/// A line of the common baseline (`TLS-01`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// Stable id.
    pub id: String,
    /// What is demanded, as one line.
    pub title: String,
    /// National requirements (keys of rows in `profiles/guidance`) and how they relate.
    #[serde(default)]
    pub maps_to: Vec<Mapping>,
    /// Where the demand comes from, for controls of our own that no row asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// How a national requirement relates to a control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Key of the row, as `guideline#slug`.
    pub requirement: String,
    /// What the requirement asks for, measured by the control.
    pub relation: Relation,
}

/// What a requirement asks for, measured by the control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The same.
    Equal,
    /// More: passing the control is not enough.
    Stricter,
    /// Less, or with less force.
    Looser,
    /// A part of the control, or the control a part of it.
    Partial,
    /// The opposite: a profile has to choose.
    Conflict,
}
