//! A header and then one finding a line, as JSON Lines: for programs that read
//! as it comes, and for `jq` and `grep`.

use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

use super::json_text::Escaping;
use crate::model::{
    finding::{
        ControlResult, Findings, Gate, JudgedDates, OpenGap, PackRef, ProfileRef,
        RequirementResult, Summary, TargetSummary,
    },
    marks::{Against, WaiverStanding},
    observation::Cost,
};

/// Version of the first line. It is not that of the findings document, so that
/// nobody takes the line for a document without findings.
pub const LINES_SCHEMA: &str = "scrutineer.findings-lines/1";

/// The first line: the findings document without its `findings`, which follow,
/// and without its `verdicts`, which only `--format json` has.
#[derive(Serialize, JsonSchema)]
pub struct LinesHeader<'a> {
    /// Always [`LINES_SCHEMA`].
    pub schema: &'a str,
    /// How many lines follow.
    pub findings: u64,
    /// Name and version of the program that judged.
    pub tool: &'a str,
    /// Traffic light label, that of the run.
    pub tlp: &'a str,
    /// The organisation that the inventory names; `null` when it names none.
    pub organisation: Option<&'a str>,
    /// The profile that was judged under.
    pub profile: &'a ProfileRef,
    /// The checks, controls and profiles that were used.
    pub pack: &'a PackRef,
    /// Editions of moving tables, from the run.
    pub tables: &'a BTreeMap<String, String>,
    /// The dates that were used.
    pub dates: &'a JudgedDates,
    /// Whether the gate passed.
    pub gate: &'a Gate,
    /// Numbers for the first glance.
    pub summary: &'a Summary,
    /// What looking cost, over all targets.
    pub cost: &'a Cost,
    /// Each control of the profile, by id.
    pub controls: &'a [ControlResult],
    /// Each entry of the profile, in its order.
    pub requirements: &'a [RequirementResult],
    /// Each target, in the order of the run's header.
    pub targets: &'a [TargetSummary],
    /// What could not be seen; the `gaps` of findings are indices into this list.
    pub gaps: &'a [OpenGap],
    /// The waivers of the user's file, in its order.
    pub waivers: &'a [WaiverStanding],
    /// The previous result that the findings were compared with.
    pub against: Option<&'a Against>,
}

/// Writes the header line and a line for each finding, in the document's order.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(document: &Findings, out: &mut dyn Write) -> io::Result<()> {
    let header = LinesHeader {
        schema: LINES_SCHEMA,
        findings: u64::try_from(document.findings.len()).unwrap_or(u64::MAX),
        tool: &document.tool,
        tlp: &document.tlp,
        organisation: document.organisation.as_deref(),
        profile: &document.profile,
        pack: &document.pack,
        tables: &document.tables,
        dates: &document.dates,
        gate: &document.gate,
        summary: &document.summary,
        cost: &document.cost,
        controls: &document.controls,
        requirements: &document.requirements,
        targets: &document.targets,
        gaps: &document.gaps,
        waivers: &document.waivers,
        against: document.against.as_ref(),
    };
    serde_json::to_writer(Escaping::new(out), &header)?;
    out.write_all(b"\n")?;
    for finding in &document.findings {
        serde_json::to_writer(Escaping::new(out), finding)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
