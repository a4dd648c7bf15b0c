//! The findings document: what judging a run under a profile says.
//!
//! It holds no wall clock, no floats and no integers above 2^53-1, and is
//! sorted throughout: the same run, pack, tables and dates give the same bytes.

use jiff::{Timestamp, civil::Date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{
    check::{Effort, Severity},
    gap::GapReason,
    level::{Area, Level},
    marks::{Against, Change, WaivedBy, WaiverStanding},
    observation::{Conditions, Cost, Evidence},
    observatory::ObservatoryScore,
    profile::{Obligation, Scope},
    shared::Shared,
    spoofing::Spoofing,
    target::{Role, SourceLine},
    tls_grade::EndpointGrade,
    verdict::Verdict,
};

/// Version of the findings document.
pub const FINDINGS_SCHEMA: &str = "scrutineer.findings/1";

/// What judging a run under a profile says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Findings {
    /// Always [`FINDINGS_SCHEMA`].
    pub schema: String,
    /// Name and version of the program that judged.
    pub tool: String,
    /// Traffic light label, that of the run.
    pub tlp: String,
    /// The organisation that the inventory names; `null` when it names none.
    pub organisation: Option<String>,
    /// The profile that was judged under.
    pub profile: ProfileRef,
    /// The checks, controls and profiles that were used.
    pub pack: PackRef,
    /// The pack that the scan judged by; absent where it is the same, or not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_pack: Option<PackRef>,
    /// Editions of moving tables (trusted roots, public suffixes), from the run.
    pub tables: BTreeMap<String, String>,
    /// The dates that were used.
    pub dates: JudgedDates,
    /// Whether the gate passed.
    pub gate: Gate,
    /// Numbers for the first glance.
    pub summary: Summary,
    /// What looking cost, over all targets. The time is the sum over targets.
    pub cost: Cost,
    /// Each control of the profile, by id.
    pub controls: Vec<ControlResult>,
    /// Each entry of the profile, in its order.
    pub requirements: Vec<RequirementResult>,
    /// Each target, in the order of the run's header.
    pub targets: Vec<TargetSummary>,
    /// What is wrong, what should be better, and what stays open: by target,
    /// then effect, severity, effort, check and `as`.
    pub findings: Vec<Finding>,
    /// Each check on each target with all its subjects, passes included: by
    /// target, check and `as`.
    pub verdicts: Vec<CheckVerdict>,
    /// What could not be seen: by target and place.
    pub gaps: Vec<OpenGap>,
    /// The waivers of the user's file, in its order.
    #[serde(default)]
    pub waivers: Vec<WaiverStanding>,
    /// The previous result that the findings were compared with; `null` without one.
    pub against: Option<Against>,
}

/// A profile, named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileRef {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// SHA-256 over its entry digests, in lower-case hexadecimal.
    pub digest: String,
}

/// A pack, named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PackRef {
    /// Its name; absent for what is part of the program, and for folders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its version, or where it was loaded from.
    pub version: String,
    /// SHA-256 over the sorted digests of its checks, in lower-case hexadecimal: the same
    /// for two packs that judge the same.
    pub digest: String,
    /// SHA-256 of the pack's document, in lower-case hexadecimal, which covers its words
    /// as well; absent where there is no such document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

impl fmt::Display for PackRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} {}", self.version),
            None => write!(f, "scrutineer {}", self.version),
        }
    }
}

/// The dates that judging used. None of them is the time of judging.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JudgedDates {
    /// When the run began.
    pub run_started: Timestamp,
    /// The policy date: entries and suite policies apply as of this day.
    pub as_of: Date,
    /// Time of the oldest observation; `null` when there is none.
    pub observed_first: Option<Timestamp>,
    /// Time of the newest observation; `null` when there is none.
    pub observed_last: Option<Timestamp>,
    /// The date of the gate, by which waivers hold or not; `null` when none were given.
    pub gate: Option<Date>,
}

/// Whether the gate passed, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// Failures of this severity and above fail the gate.
    pub fail_on: Severity,
    /// 0: passed; 1: failed; 3: not enough was observed to say.
    pub exit: u8,
    /// Why, one sentence each, for a person.
    pub why: Vec<String>,
    /// Findings that would have counted, were they not waived.
    #[serde(default)]
    pub waived: u64,
    /// Findings that would have counted, were their check not soft.
    #[serde(default)]
    pub soft: u64,
    /// Findings that would have counted, were they not in the previous result.
    #[serde(default)]
    pub unchanged: u64,
}

/// Numbers for the first glance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Targets that the run names.
    pub targets: u64,
    /// Targets that the run names and has no observation of.
    pub targets_not_observed: u64,
    /// Findings that fail a `must`, by severity.
    pub failures: BySeverity,
    /// Findings that fail a `should`, by severity.
    pub warnings: BySeverity,
    /// Checks on targets that passed.
    pub passed: u64,
    /// Checks on targets that stay open because something could not be seen.
    pub open: u64,
    /// Checks on targets that stay open because the scan was not to ask.
    pub not_asked: u64,
    /// The profile's controls, by standing.
    pub controls: Standings,
    /// The profile's entries, by standing.
    pub requirements: Standings,
}

/// Counts by severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct BySeverity {
    pub critical: u64,
    pub high: u64,
    pub medium: u64,
    pub low: u64,
    pub info: u64,
}

impl BySeverity {
    /// Counts one more of a severity.
    pub fn count(&mut self, severity: Severity) {
        let slot = match severity {
            Severity::Critical => &mut self.critical,
            Severity::High => &mut self.high,
            Severity::Medium => &mut self.medium,
            Severity::Low => &mut self.low,
            Severity::Info => &mut self.info,
        };
        *slot = slot.saturating_add(1);
    }

    /// The counts with their severities, worst first.
    pub fn iter(&self) -> impl Iterator<Item = (Severity, u64)> {
        [
            (Severity::Critical, self.critical),
            (Severity::High, self.high),
            (Severity::Medium, self.medium),
            (Severity::Low, self.low),
            (Severity::Info, self.info),
        ]
        .into_iter()
    }

    /// All of them together.
    pub fn total(&self) -> u64 {
        self.iter().map(|(_, count)| count).sum()
    }
}

/// How many controls or entries are met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Standings {
    /// Met by every target that they apply to.
    pub met: u64,
    /// Failed by a target.
    pub not_met: u64,
    /// Neither: something could not be seen or was not asked.
    pub open: u64,
    /// They apply to no target of the run.
    pub not_applicable: u64,
}

impl Standings {
    /// Counts one more.
    pub fn count(&mut self, verdict: Verdict) {
        let slot = match verdict {
            Verdict::Pass => &mut self.met,
            Verdict::Fail => &mut self.not_met,
            Verdict::Inconclusive => &mut self.open,
            Verdict::NotApplicable => &mut self.not_applicable,
        };
        *slot = slot.saturating_add(1);
    }
}

/// How a control stands over the whole run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ControlResult {
    /// Id of the control.
    pub id: String,
    /// What it demands; its id where the pack does not say.
    pub title: String,
    /// The most binding entry that it stands under.
    pub obligation: Obligation,
    /// The roll-up over its `must` and `should` entries.
    pub verdict: Verdict,
}

/// How an entry of the profile stands over the whole run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequirementResult {
    /// Key of the requirement.
    pub row: String,
    /// Tells entries of the same row apart; `null` for the plain one.
    #[serde(rename = "as")]
    pub variant: Option<String>,
    /// The id that the guideline prints; `null` where it has none.
    pub printed: Option<String>,
    /// What is demanded.
    pub text: String,
    /// How binding it is.
    pub obligation: Obligation,
    /// Over what it is rolled up.
    pub over: Scope,
    /// The roll-up over all targets.
    pub verdict: Verdict,
    /// Why it applies to no target, where that does not come from the targets.
    pub reason: Option<NotApplied>,
    /// How many targets have which verdict.
    pub targets: Standings,
    /// Because of what it stands in the profile; `null` when that is not said.
    pub because: Option<String>,
    /// Digest of the entry: only entries with equal ones are compared.
    pub digest: String,
}

/// Why an entry or a check was not applied.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum NotApplied {
    /// The entry begins to apply after the policy date.
    NotYet,
    /// The entry ceased to apply before the policy date.
    Ended,
    /// The target has none of the roles that this is about.
    Role,
    /// The check found nothing to judge.
    NoSubject,
}

/// A target and how it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetSummary {
    /// The target's key: its name, and its port where it is unusual.
    pub key: String,
    /// Its roles; empty when it was not observed.
    pub roles: BTreeSet<Role>,
    /// Where the inventory names it; `null` when it came from the command line.
    pub source: Option<SourceLine>,
    /// When it was observed; `null` when the run has no observation of it.
    pub observed_at: Option<Timestamp>,
    /// How it was looked at; `null` when the run has no observation of it.
    pub conditions: Option<Conditions>,
    /// The roll-up over its `must` and `should` entries.
    pub verdict: Verdict,
    /// Findings that fail a `must`, by severity.
    pub failures: BySeverity,
    /// Findings that fail a `should`, by severity.
    pub warnings: BySeverity,
    /// Checks that passed.
    pub passed: u64,
    /// Checks that stay open because something could not be seen.
    pub open: u64,
    /// Checks that stay open because the scan was not to ask.
    pub not_asked: u64,
    /// Whether somebody else can send mail in its name; `null` when its mail was not looked at.
    #[serde(default)]
    pub spoofing: Option<Spoofing>,
    /// How its front page scores by the algorithm of the MDN HTTP Observatory, which decides
    /// nothing; `null` when its website was not looked at.
    #[serde(default)]
    pub observatory: Option<ObservatoryScore>,
    /// How its TLS endpoints stand on the scale of SSL Labs, which decides nothing.
    #[serde(default)]
    #[schemars(extend("x-key" = "endpoint"))]
    pub tls_grades: Vec<EndpointGrade>,
    /// Areas that were to be looked at, and of which nothing could be judged.
    pub blind: BTreeSet<Area>,
    /// Products recognised from the facts (`nginx`, `iis`), by which advice is chosen.
    pub products: Vec<String>,
    /// What looking at it cost.
    pub cost: Cost,
}

/// What a finding does to the standing of the target.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// A `must` is not met.
    Failure,
    /// A `should` is not met.
    Warning,
    /// Whether a `must` or `should` is met stays open.
    Open,
    /// It decides nothing: a `may`, or another alternative is met.
    Note,
}

/// A check that fails or stays open for a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Key of the target.
    pub target: Shared<String>,
    /// Id of the check.
    pub check: Shared<String>,
    /// Tells uses of the check with different parameters apart; `null` for the plain one.
    #[serde(rename = "as")]
    pub variant: Option<Shared<String>>,
    /// Digest of the check with its parameters: only equal ones are compared.
    pub digest: Shared<String>,
    /// The control that the check serves.
    pub control: Shared<String>,
    /// `fail` or `inconclusive`.
    pub verdict: Verdict,
    /// What that does to the standing of the target.
    pub effect: Effect,
    /// The most binding requirement that asks for the check here.
    pub obligation: Obligation,
    /// How bad a failure is.
    pub severity: Severity,
    /// What mending it costs.
    pub effort: Effort,
    /// How far a scan must go to see what the check needs.
    pub level: Level,
    /// The state that the check demands.
    pub title: Shared<String>,
    /// What is wrong at the first instance.
    pub message: String,
    /// Why it matters.
    pub rationale: Shared<String>,
    /// How to mend it, by product or as `text`.
    pub remediation: Shared<BTreeMap<String, String>>,
    /// RFC sections, guidelines, reports.
    pub references: Shared<Vec<String>>,
    /// Entries of the profile that ask for it here.
    pub requirements: Vec<RequirementRef>,
    /// What proves it: failures first, then what stays open.
    pub instances: Vec<Instance>,
    /// Instances left out of the list because there are too many.
    pub more_instances: u64,
    /// Places that keep it open, as indices into the document's `gaps`.
    pub gaps: Vec<u64>,
    /// From which another person can verify it.
    pub evidence: Vec<Shared<Evidence>>,
    /// The waiver that covers it at the date of the gate; `null` when none does.
    pub waived: Option<WaivedBy>,
    /// Whether the user has the gate overlook its check (`--soft`).
    #[serde(default)]
    pub soft: bool,
    /// How it stands against the previous result; `null` without one.
    pub change: Option<Change>,
}

/// An entry of the profile, named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequirementRef {
    /// Key of the requirement.
    pub row: Shared<String>,
    /// The id that the guideline prints; `null` where it has none.
    pub printed: Option<Shared<String>>,
    /// How binding it is.
    pub obligation: Obligation,
    /// Whether another group of checks would do as well (`any_of`).
    pub alternative: bool,
    /// How the entry stands for this target.
    pub verdict: Verdict,
}

/// One item that proves a finding, on all addresses where it was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    /// `v1:` and the first 32 hexadecimal digits of the SHA-256 over the
    /// canonical JSON of check, `as`, target and item keys without addresses.
    pub fingerprint: String,
    /// `fail` or `inconclusive`.
    pub verdict: Verdict,
    /// Keys of the subject along its path, without addresses.
    pub subject: Vec<Shared<String>>,
    /// Keys of the item below the subject, without addresses; empty when the
    /// subject itself is the item.
    pub items: Vec<Shared<String>>,
    /// What is wrong there; of the first place.
    pub message: String,
    /// Where it was seen, as JSON Pointers into the observation; the first 64.
    pub places: Vec<Shared<String>>,
    /// Places left out of the list because there are too many.
    pub more_places: u64,
    /// Addresses at which it was seen, where its path goes through some.
    pub addresses: Vec<Shared<String>>,
    /// How it stands against the previous result; `null` without one.
    pub change: Option<Change>,
    /// Addresses at which it was seen before; `null` where they are the same.
    pub addresses_before: Option<Vec<Shared<String>>>,
}

/// What a check says of a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckVerdict {
    /// Key of the target.
    pub target: Shared<String>,
    /// Id of the check.
    pub check: Shared<String>,
    /// Tells uses of the check with different parameters apart; `null` for the plain one.
    #[serde(rename = "as")]
    pub variant: Option<Shared<String>>,
    /// Digest of the check with its parameters.
    pub digest: Shared<String>,
    /// The roll-up over the subjects.
    pub verdict: Verdict,
    /// Why it was not applied; `null` when it was.
    pub reason: Option<NotApplied>,
    /// Each subject.
    pub subjects: Shared<Vec<SubjectVerdict>>,
}

/// What a check says of a subject.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubjectVerdict {
    /// JSON Pointer to the subject in the observation; empty for the target itself.
    pub at: Shared<String>,
    /// The verdict.
    pub verdict: Verdict,
}

/// A place that could not be seen, and what that leaves open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenGap {
    /// Key of the target.
    pub target: Shared<String>,
    /// JSON Pointer into the observation; `/-` at its end: the list may have more items.
    pub at: String,
    /// The same for people: names along the way, with the keys of list elements.
    pub place: Vec<String>,
    /// Why it could not be seen.
    pub reason: GapReason,
    /// What exactly happened; `null` when nothing more is known.
    pub detail: Option<String>,
    /// How many checks it leaves open.
    pub opens: u64,
}
