//! OSCAL assessment results 1.2 (NIST), for systems of governance and compliance.
//!
//! | ours | there |
//! | --- | --- |
//! | target | an inventory item |
//! | finding | an observation about that item, with its evidence |
//! | control | a finding, related to the observations of its checks |
//! | waived finding | a risk with status `deviation-approved` and a deadline |
//!
//! OSCAL knows two states. A control that is met is `satisfied`. One that fails
//! or stays open is `not-satisfied`, with reason `fail` or `other`: what could
//! not be seen is not met. Controls that apply to no target are left out.
//!
//! All identifiers are UUIDs of version 5 (RFC 9562 section 5.5) over what they
//! identify, so that the same result gives the same document, and the same
//! finding has the same identifier in the next one.

mod document;
mod identifier;

use jiff::Timestamp;
use std::collections::HashMap;
use std::io::{self, Write};

use self::document::*;
use self::identifier::token;
use super::json_text::Escaping;
use super::uuid::uuid;
use super::wording::{check, gap, line, lines, marks, message, standing, word};
use crate::model::{
    finding::{ControlResult, Finding, Findings},
    verdict::Verdict,
};

/// Instances, places and pieces of evidence that an observation names.
const MAX_NAMED: usize = 20;

/// Writes the document, with a newline at its end.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(document: &Findings, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(Escaping::new(out), &file(document))?;
    out.write_all(b"\n")
}

/// Makes identifiers that belong to one judged run.
struct Scope(String);

impl Scope {
    fn new(document: &Findings) -> Self {
        let dates = &document.dates;
        Self(uuid(&[
            "result",
            &document.profile.digest,
            &document.pack.digest,
            document.organisation.as_deref().unwrap_or_default(),
            &dates.run_started.to_string(),
            &dates.as_of.to_string(),
        ]))
    }

    fn uuid(&self, kind: &str, name: &str) -> String {
        uuid(&[&self.0, kind, name])
    }
}

/// The profile's title; its name where it has none, as OSCAL wants one.
fn title(document: &Findings) -> String {
    let profile = &document.profile;
    let named = [&profile.title, &profile.id].map(|text| line(text));
    let named = named.into_iter().find(|text| !text.is_empty());
    named.unwrap_or_else(|| "untitled".to_owned())
}

fn file(document: &Findings) -> File {
    let scope = Scope::new(document);
    let dates = &document.dates;
    let plan = scope.uuid("plan", &document.profile.id);
    let title = title(document);
    File {
        assessment_results: AssessmentResults {
            uuid: scope.uuid("assessment-results", ""),
            metadata: Metadata {
                title: match &document.organisation {
                    Some(organisation) => format!("{}: {title}", line(organisation)),
                    None => title.clone(),
                },
                last_modified: dates.observed_last.unwrap_or(dates.run_started).to_string(),
                version: "1".to_owned(),
                oscal_version: "1.2.0",
                props: properties(&[
                    ("marking", document.tlp.clone()),
                    ("tool", document.tool.clone()),
                ]),
            },
            // There is no assessment plan; what was assessed stands in the profile.
            import_ap: ImportAp {
                href: format!("#{plan}"),
            },
            results: [result(document, &scope)],
            back_matter: BackMatter {
                resources: [Resource {
                    uuid: plan,
                    title: title.clone(),
                    description: format!(
                        "Stands for an assessment plan: the scrutineer profile {} with digest {}, and the pack of checks with digest {}.",
                        line(&document.profile.id),
                        line(&document.profile.digest),
                        line(&document.pack.digest)
                    ),
                }],
            },
        },
    }
}

fn result(document: &Findings, scope: &Scope) -> ResultPart {
    let dates = &document.dates;
    let gate = &document.gate;
    let mut by_control: HashMap<&str, Vec<String>> = HashMap::new();
    let mut waived: HashMap<&str, Vec<String>> = HashMap::new();
    let mut observations = Vec::with_capacity(document.findings.len());
    let mut risks = Vec::new();
    let observed: HashMap<&str, Option<Timestamp>> = document
        .targets
        .iter()
        .map(|target| (target.key.as_str(), target.observed_at))
        .collect();
    for finding in &document.findings {
        let time = observed.get(finding.target.as_str()).copied().flatten();
        let observation = observation(document, finding, time, scope);
        let control = finding.control.as_str();
        let uuid = observation.uuid.clone();
        by_control.entry(control).or_default().push(uuid.clone());
        if let Some(risk) = risk(finding, &uuid, scope) {
            waived.entry(control).or_default().push(risk.uuid.clone());
            risks.push(risk);
        }
        observations.push(observation);
    }
    let applicable: Vec<&ControlResult> = document
        .controls
        .iter()
        .filter(|control| control.verdict != Verdict::NotApplicable)
        .collect();
    let left_out = document.controls.len().saturating_sub(applicable.len());
    ResultPart {
        uuid: scope.0.clone(),
        title: title(document),
        description: format!(
            "What {} saw from outside. Gate exit {}: {}.",
            line(&document.tool),
            gate.exit,
            line(&gate.why.join("; "))
        ),
        start: dates
            .observed_first
            .unwrap_or(dates.run_started)
            .to_string(),
        end: dates.observed_last.map(|time| time.to_string()),
        props: properties(&[
            ("profile", document.profile.id.clone()),
            ("profile-digest", document.profile.digest.clone()),
            ("pack-digest", document.pack.digest.clone()),
            ("as-of", dates.as_of.to_string()),
            ("gate-exit", gate.exit.to_string()),
        ]),
        local_definitions: (!document.targets.is_empty()).then(|| LocalDefinitions {
            inventory_items: document
                .targets
                .iter()
                .map(|target| InventoryItem {
                    uuid: scope.uuid("target", &target.key),
                    description: match target.observed_at {
                        Some(time) => format!("{}, observed at {time}", line(&target.key)),
                        None => format!("{}, not observed", line(&target.key)),
                    },
                    props: properties(&[
                        ("name", target.key.clone()),
                        ("verdict", word(target.verdict)),
                    ]),
                })
                .collect(),
        }),
        reviewed_controls: ReviewedControls {
            control_selections: [ControlSelection {
                include_controls: applicable
                    .iter()
                    .map(|control| SelectControl {
                        control_id: token(&control.id),
                    })
                    .collect(),
                include_all: applicable.is_empty().then_some(IncludeAll {}),
            }],
        },
        findings: applicable
            .iter()
            .map(|control| {
                let id = control.id.as_str();
                let related = |all: &HashMap<&str, Vec<String>>| all.get(id).cloned();
                self::finding(control, related(&by_control), related(&waived), scope)
            })
            .collect(),
        observations,
        risks,
        remarks: format!(
            "{left_out} controls apply to no target and are left out. What could not be seen is not satisfied."
        ),
    }
}

fn finding(
    control: &ControlResult,
    observations: Option<Vec<String>>,
    risks: Option<Vec<String>>,
    scope: &Scope,
) -> OscalFinding {
    let (state, reason) = match control.verdict {
        Verdict::Pass => ("satisfied", "pass"),
        Verdict::Fail => ("not-satisfied", "fail"),
        Verdict::Inconclusive | Verdict::NotApplicable => ("not-satisfied", "other"),
    };
    let remarks = match control.verdict {
        Verdict::Inconclusive => {
            Some("Open: something that decides could not be seen, or was not asked for.".to_owned())
        }
        _ => None,
    };
    OscalFinding {
        uuid: scope.uuid("control", &control.id),
        title: line(&format!("{}: {}", control.id, control.title)),
        description: format!(
            "{}: {}.",
            line(&control.title),
            standing(control.verdict, control.obligation)
        ),
        props: properties(&[
            ("obligation", word(control.obligation)),
            ("verdict", word(control.verdict)),
        ]),
        target: FindingTarget {
            kind: "objective-id",
            target_id: token(&control.id),
            status: ObjectiveStatus {
                state,
                reason,
                remarks,
            },
        },
        related_observations: observations
            .unwrap_or_default()
            .into_iter()
            .map(|observation_uuid| RelatedObservation { observation_uuid })
            .collect(),
        related_risks: risks
            .unwrap_or_default()
            .into_iter()
            .map(|risk_uuid| RelatedRisk { risk_uuid })
            .collect(),
    }
}

/// What names a finding among those of a run.
fn name(finding: &Finding) -> String {
    format!("{} {}", finding.target.as_str(), check(finding))
}

fn observation(
    document: &Findings,
    finding: &Finding,
    time: Option<Timestamp>,
    scope: &Scope,
) -> Observation {
    let subject = scope.uuid("target", &finding.target);
    let mut props = vec![
        ("check", check(finding)),
        ("control", finding.control.to_string()),
        ("verdict", word(finding.verdict)),
        ("effect", word(finding.effect)),
        ("severity", word(finding.severity)),
        ("effort", word(finding.effort)),
    ];
    props.extend(marks(finding).into_iter().map(|mark| ("mark", mark)));
    let mut evidence: Vec<RelevantEvidence> = finding
        .instances
        .iter()
        .filter(|instance| !instance.message.is_empty())
        .take(MAX_NAMED)
        .map(|instance| RelevantEvidence {
            description: line(&instance.message),
            remarks: None,
        })
        .collect();
    evidence.extend(
        document
            .open_gaps(finding)
            .take(MAX_NAMED)
            .map(|place| RelevantEvidence {
                description: format!("Not observed: {}", gap(place)),
                remarks: None,
            }),
    );
    evidence.extend(
        finding
            .evidence
            .iter()
            .take(MAX_NAMED)
            .map(|piece| RelevantEvidence {
                description: format!("Seen again with: {}", line(&piece.reproduce)),
                remarks: Some(lines(&piece.data)).filter(|data| !data.trim().is_empty()),
            }),
    );
    Observation {
        uuid: scope.uuid("observation", &name(finding)),
        title: line(&format!("{}: {}", finding.target.as_str(), *finding.title)),
        description: message(document, finding),
        props: properties(&props),
        methods: ["TEST"],
        types: ["finding"],
        subjects: [Subject {
            subject_uuid: subject,
            kind: "inventory-item",
        }],
        relevant_evidence: evidence,
        collected: time.unwrap_or(document.dates.run_started).to_string(),
        remarks: line(&finding.rationale),
    }
}

fn risk(finding: &Finding, observation: &str, scope: &Scope) -> Option<Risk> {
    let waived = finding.waived.as_ref()?;
    let title = line(&format!("{}: {}", finding.target.as_str(), *finding.title));
    Some(Risk {
        uuid: scope.uuid("risk", &name(finding)),
        title,
        description: line(&finding.rationale),
        statement: format!(
            "Waived by {}: {}",
            line(&waived.owner),
            line(&waived.reason)
        ),
        status: "deviation-approved",
        deadline: format!("{}T23:59:59Z", waived.expires),
        related_observations: [RelatedObservation {
            observation_uuid: observation.to_owned(),
        }],
    })
}

/// Properties of our own. A value may not be empty nor begin or end with white space.
fn properties(all: &[(&str, String)]) -> Vec<Property> {
    all.iter()
        .map(|(name, value)| (name, line(value).trim().to_owned()))
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| Property {
            name: (*name).to_owned(),
            ns: "urn:scrutineer:oscal",
            value,
        })
        .collect()
}
