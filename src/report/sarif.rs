//! SARIF 2.1.0 (OASIS), as code-scanning services read it.
//!
//! A result for each instance of a finding, so that one that goes away is
//! closed there; a finding without instances is one result. A result points at
//! the line of the inventory that names the target. What is open has kind
//! `open`, never `pass`. Waived findings carry a suppression, and stay.
//!
//! GitHub takes at most 25,000 results and shows 5,000 of them: the gravest go
//! first when there are more, and a notification says how many were left out.

mod document;
mod location;
mod rule;

use std::collections::HashMap;
use std::io::{self, Write};

use self::document::*;
use super::json_text::Escaping;
use super::wording::{check, gap, gravity, line, marks, message, open_because, word};
use crate::model::{
    check::Severity,
    finding::{Effect, Finding, Findings, Instance, TargetSummary},
    gap::GapReason,
    marks::Change,
    verdict::Verdict,
};

/// Most results of a run that GitHub takes.
pub const MAX_RESULTS: usize = 25_000;
/// Notifications about places that could not be seen.
const MAX_NOTIFICATIONS: usize = 1_000;
/// Places that a message names.
const MAX_NAMED: usize = 8;

/// Writes the log, with a newline at its end.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(document: &Findings, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(Escaping::new(out), &log(document))?;
    out.write_all(b"\n")
}

fn log(document: &Findings) -> Log<'_> {
    let (rules, numbers) = rule::rules(&document.findings);
    let places: HashMap<&str, &TargetSummary> = document
        .targets
        .iter()
        .map(|target| (target.key.as_str(), target))
        .collect();
    let (kept, left_out) = kept(&document.findings);
    let mut results = Vec::new();
    for finding in &document.findings {
        let number = numbers.get(&rule::identity(finding)).copied().unwrap_or(0);
        let target = places.get(finding.target.as_str()).copied();
        let instances = kept.get(&std::ptr::from_ref(finding)).copied().unwrap_or(0);
        if finding.instances.is_empty() && instances > 0 {
            results.push(result(document, finding, None, target, number));
        }
        for instance in finding.instances.iter().take(instances) {
            results.push(result(document, finding, Some(instance), target, number));
        }
    }
    Log {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: tool(document, rules),
            automation_details: AutomationDetails {
                // Results of another profile must not close those of this one.
                id: format!("scrutineer/{}/", line(&document.profile.id)),
            },
            invocations: [invocation(document, left_out)],
            results,
            column_kind: "unicodeCodePoints",
            properties: RunProperties {
                tlp: line(&document.tlp),
                profile: line(&document.profile.id),
                profile_digest: line(&document.profile.digest),
                pack_digest: line(&document.pack.digest),
                as_of: document.dates.as_of.to_string(),
                results_left_out: left_out,
            },
        }],
    }
}

/// How many results each finding may have, the gravest findings served first, and
/// how many are left out, those included that the document itself does not list.
fn kept(findings: &[Finding]) -> (HashMap<*const Finding, usize>, u64) {
    let mut order: Vec<&Finding> = findings.iter().collect();
    order.sort_by_key(|finding| gravity(finding));
    let mut room = MAX_RESULTS;
    let mut left_out = 0u64;
    let mut kept = HashMap::with_capacity(order.len());
    for finding in order {
        let wanted = finding.instances.len().max(1);
        let given = wanted.min(room);
        room -= given;
        kept.insert(std::ptr::from_ref(finding), given);
        left_out = left_out
            .saturating_add(u64::try_from(wanted - given).unwrap_or(u64::MAX))
            .saturating_add(finding.more_instances);
    }
    (kept, left_out)
}

fn tool(document: &Findings, rules: Vec<Rule>) -> Tool {
    let (name, version) = document
        .tool
        .split_once(' ')
        .unwrap_or((&document.tool, "0"));
    // A document of others may name no tool; the format demands one.
    let name = Some(line(name)).filter(|name| !name.trim().is_empty());
    Tool {
        driver: Driver {
            name: name.unwrap_or_else(|| env!("CARGO_PKG_NAME").to_owned()),
            semantic_version: line(version),
            rules,
        },
    }
}

fn result(
    document: &Findings,
    finding: &Finding,
    instance: Option<&Instance>,
    target: Option<&TargetSummary>,
    rule_index: usize,
) -> SarifResult {
    let verdict = instance.map_or(finding.verdict, |instance| instance.verdict);
    let text = match instance {
        Some(instance) if !instance.message.is_empty() => line(&instance.message),
        _ => message(document, finding),
    };
    let key = line(&finding.target);
    let identity = rule::fingerprint(finding);
    let fingerprint = match instance {
        Some(instance) => line(&instance.fingerprint),
        None => identity.clone(),
    };
    let change = instance
        .and_then(|instance| instance.change)
        .or(finding.change);
    SarifResult {
        rule_id: check(finding),
        rule_index,
        kind: kind(verdict),
        level: level(finding, verdict),
        message: Text {
            text: format!("{key}: {text}."),
        },
        locations: [location::of(&finding.target, target)],
        partial_fingerprints: Fingerprints {
            // The one that GitHub tells results apart by. It would take the line otherwise,
            // and all results of a target stand on the same one.
            primary_location_line_hash: fingerprint.clone(),
            instance: fingerprint,
            finding: identity,
        },
        suppressions: finding.waived.as_ref().map(|waived| {
            [Suppression {
                kind: "external",
                status: "accepted",
                justification: format!(
                    "Waived until {} by {}: {}",
                    waived.expires,
                    line(&waived.owner),
                    line(&waived.reason)
                ),
            }]
        }),
        baseline_state: document.against.as_ref().map(|_| match change {
            Some(Change::Unchanged) => "unchanged",
            // What cannot be compared counts as if there was nothing before.
            _ => "new",
        }),
        properties: ResultProperties {
            target: key,
            verdict: word(verdict),
            effect: word(finding.effect),
            obligation: word(finding.obligation),
            severity: word(finding.severity),
            control: line(&finding.control),
            addresses: instance
                .map(|instance| instance.addresses.iter().map(|a| line(a)).collect())
                .unwrap_or_default(),
            marks: marks(finding),
            not_asked: document.only_not_asked(finding),
            open_because: open_because(document, finding, MAX_NAMED),
            verify: finding.evidence.first().map(|e| line(&e.reproduce)),
        },
    }
}

/// Section 3.27.9: what stays open is `open`, for a later look to decide.
fn kind(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fail => "fail",
        _ => "open",
    }
}

/// Section 3.27.10: a result that is no failure has level `none`.
fn level(finding: &Finding, verdict: Verdict) -> &'static str {
    match (verdict, finding.effect, finding.severity) {
        (Verdict::Fail, Effect::Failure, Severity::Critical | Severity::High) => "error",
        (Verdict::Fail, Effect::Failure, Severity::Medium)
        | (
            Verdict::Fail,
            Effect::Warning,
            Severity::Critical | Severity::High | Severity::Medium,
        ) => "warning",
        (Verdict::Fail, ..) => "note",
        _ => "none",
    }
}

fn invocation(document: &Findings, left_out: u64) -> Invocation {
    let mut notes: Vec<Notification> = Vec::new();
    if left_out > 0 {
        notes.push(Notification::new(
            "warning",
            format!(
                "{left_out} results are left out: code-scanning services take {MAX_RESULTS} of a run, and of one finding 1000 instances are listed."
            ),
        ));
    }
    for target in &document.targets {
        if target.observed_at.is_none() {
            let key = line(&target.key);
            notes.push(Notification::new(
                "error",
                format!("{key} was not observed: nothing about it is met."),
            ));
        }
    }
    let gaps = document
        .gaps
        .iter()
        .filter(|gap| gap.opens > 0 && gap.reason != GapReason::NotAsked);
    for place in gaps.clone().take(MAX_NOTIFICATIONS) {
        let text = format!(
            "{} could not be seen at {}; checks left open: {}.",
            line(&place.target),
            gap(place),
            place.opens
        );
        notes.push(Notification::new("warning", text));
    }
    if let more @ 1.. = gaps.count().saturating_sub(MAX_NOTIFICATIONS) {
        notes.push(Notification::new(
            "warning",
            format!("{more} more places could not be seen."),
        ));
    }
    Invocation {
        execution_successful: true,
        exit_code: document.gate.exit,
        exit_code_description: line(&document.gate.why.join("; ")),
        tool_execution_notifications: notes,
    }
}
