//! Results as test cases, in the XML that build servers read.
//!
//! There is no standard; this is the common ground of Jenkins, GitLab and
//! GitHub. A suite for each target, a case for each check on it, and a first
//! suite for the gate. Reading the file leads to the same end as the exit code:
//!
//! | here | what |
//! | --- | --- |
//! | `failure` | fails the gate |
//! | `error` | keeps the gate from passing: a `must` that stays open, a target or a whole area that could not be seen |
//! | `skipped`, with the reason | everything else that is not met: advice, what is below the severity asked for, waived, soft, unchanged, not asked; and what does not apply |
//! | nothing | met |
//!
//! No times are written: they would differ from one call to the next.

use std::collections::HashSet;
use std::io::{self, Write};

use super::table::by_target;
use super::wording::{Counted, check, counted, effect, gap, line, lines, marks, message, named};
use crate::model::{
    finding::{CheckVerdict, Finding, Findings, NotApplied, TargetSummary},
    verdict::Verdict,
};

/// Instances and places that a text names.
const MAX_NAMED: usize = 20;

/// Writes the document.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(document: &Findings, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    let name = format!("scrutineer: {}", document.profile.title);
    writeln!(out, r#"<testsuites name="{}">"#, attribute(&name))?;
    write_suite(document, "gate", vec![gate(document)], out)?;
    let findings = by_target(&document.findings, |f: &Finding| f.target.as_str());
    let verdicts = by_target(&document.verdicts, |v: &CheckVerdict| v.target.as_str());
    for target in &document.targets {
        let key = target.key.as_str();
        let (_, findings) = findings.get(key).copied().unwrap_or_default();
        let (_, verdicts) = verdicts.get(key).copied().unwrap_or_default();
        let mut cases = vec![observed(target)];
        let mut told = HashSet::new();
        for finding in findings {
            told.insert((finding.check.as_str(), finding.variant.as_deref()));
            cases.push(case(document, finding));
        }
        for verdict in verdicts {
            if !told.contains(&(verdict.check.as_str(), verdict.variant.as_deref())) {
                cases.push(without_finding(verdict));
            }
        }
        write_suite(document, key, cases, out)?;
    }
    writeln!(out, "</testsuites>")
}

struct Case {
    name: String,
    outcome: Outcome,
}

enum Outcome {
    Passed,
    Skipped(String),
    Failure(Told),
    Error(Told),
}

/// What stands in a failure or an error.
struct Told {
    kind: String,
    message: String,
    text: String,
}

fn gate(document: &Findings) -> Case {
    let gate = &document.gate;
    let message = line(&gate.why.join("; "));
    let told = |kind: &str| Told {
        kind: kind.to_owned(),
        message: message.clone(),
        text: String::new(),
    };
    Case {
        name: "gate".to_owned(),
        outcome: match gate.exit {
            0 => Outcome::Passed,
            1 => Outcome::Failure(told("gate failed")),
            _ => Outcome::Error(told("not enough could be observed")),
        },
    }
}

/// Whether the target could be seen at all: without that, nothing else counts.
fn observed(target: &TargetSummary) -> Case {
    let blind: Vec<&str> = target.blind.iter().map(|area| area.key()).collect();
    let message = match (target.observed_at, blind.is_empty()) {
        (None, _) => Some("the run has no observation of it".to_owned()),
        (Some(_), false) => Some(format!("nothing could be seen of {}", blind.join(", "))),
        (Some(_), true) => None,
    };
    Case {
        name: "observed".to_owned(),
        outcome: message.map_or(Outcome::Passed, |message| {
            Outcome::Error(Told {
                kind: "not observed".to_owned(),
                message,
                text: String::new(),
            })
        }),
    }
}

fn case(document: &Findings, finding: &Finding) -> Case {
    let told = |kind: String| Told {
        kind,
        message: message(document, finding),
        text: text(document, finding),
    };
    Case {
        name: check(finding),
        outcome: match counted(document, finding) {
            Counted::Failure => Outcome::Failure(told(finding.severity.to_string())),
            Counted::Open => Outcome::Error(told("open".to_owned())),
            Counted::No(why) => Outcome::Skipped(format!("{why}: {}", message(document, finding))),
        },
    }
}

/// A check that passed, or does not apply. One that fails or is open without a
/// finding decides nothing, and yet is not met.
fn without_finding(verdict: &CheckVerdict) -> Case {
    let reason = match verdict.reason {
        Some(NotApplied::NotYet) => "it applies from a later date on",
        Some(NotApplied::Ended) => "it ceased to apply",
        Some(NotApplied::Role) => "the target has none of the roles that it is about",
        Some(NotApplied::NoSubject) => "there is nothing to judge",
        None => "no requirement asks for it here",
    };
    Case {
        name: named(
            &verdict.check,
            verdict.variant.as_ref().map(|variant| variant.as_str()),
        ),
        outcome: match verdict.verdict {
            Verdict::Pass => Outcome::Passed,
            Verdict::NotApplicable => Outcome::Skipped(format!("does not apply: {reason}")),
            Verdict::Fail => Outcome::Skipped(format!("not met: {reason}")),
            Verdict::Inconclusive => Outcome::Skipped(format!("open, not met: {reason}")),
        },
    }
}

fn text(document: &Findings, finding: &Finding) -> String {
    let mut text = format!("Wanted: {}\n", line(&finding.title));
    let failing = finding
        .instances
        .iter()
        .filter(|instance| !instance.message.is_empty());
    for instance in failing.clone().take(MAX_NAMED) {
        text.push_str(&format!("Found: {}\n", line(&instance.message)));
    }
    let more = failing.count().saturating_sub(MAX_NAMED);
    let more = u64::try_from(more)
        .unwrap_or(u64::MAX)
        .saturating_add(finding.more_instances);
    if more > 0 {
        text.push_str(&format!("and {more} more\n"));
    }
    for place in document.open_gaps(finding).take(MAX_NAMED) {
        text.push_str(&format!("Not observed: {}\n", gap(place)));
    }
    text.push_str(&format!(
        "Standing: {}, {}, severity {}, control {}\n",
        effect(finding),
        finding.obligation,
        finding.severity,
        line(&finding.control)
    ));
    for mark in marks(finding) {
        text.push_str(&format!("Marked: {mark}\n"));
    }
    text.push_str(&format!("Why: {}\n", line(&finding.rationale)));
    for (product, advice) in finding.remediation.iter() {
        text.push_str(&format!("Mend ({}):\n{}\n", line(product), lines(advice)));
    }
    if let Some(evidence) = finding.evidence.first() {
        text.push_str(&format!("Check: {}\n", line(&evidence.reproduce)));
    }
    text
}

fn write_suite(
    document: &Findings,
    name: &str,
    cases: Vec<Case>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let count = |is: fn(&Outcome) -> bool| cases.iter().filter(|case| is(&case.outcome)).count();
    let name = attribute(name);
    writeln!(
        out,
        r#"  <testsuite name="{name}" tests="{}" failures="{}" errors="{}" skipped="{}">"#,
        cases.len(),
        count(|outcome| matches!(outcome, Outcome::Failure(_))),
        count(|outcome| matches!(outcome, Outcome::Error(_))),
        count(|outcome| matches!(outcome, Outcome::Skipped(_))),
    )?;
    writeln!(out, "    <properties>")?;
    for (key, value) in [
        ("tlp", document.tlp.clone()),
        ("profile", document.profile.id.clone()),
        ("as_of", document.dates.as_of.to_string()),
        ("tool", document.tool.clone()),
    ] {
        let value = attribute(&value);
        writeln!(out, r#"      <property name="{key}" value="{value}"/>"#)?;
    }
    writeln!(out, "    </properties>")?;
    for case in cases {
        write!(
            out,
            r#"    <testcase classname="{name}" name="{}""#,
            attribute(&case.name)
        )?;
        match case.outcome {
            Outcome::Passed => writeln!(out, "/>")?,
            Outcome::Skipped(why) => writeln!(
                out,
                r#"><skipped message="{}"/></testcase>"#,
                attribute(&why)
            )?,
            Outcome::Failure(told) => write_told("failure", &told, out)?,
            Outcome::Error(told) => write_told("error", &told, out)?,
        }
    }
    writeln!(out, "  </testsuite>")
}

fn write_told(element: &str, told: &Told, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        r#"><{element} type="{}" message="{}">{}</{element}></testcase>"#,
        attribute(&told.kind),
        attribute(&told.message),
        escape(&told.text),
    )
}

/// The value of an attribute, in one line.
fn attribute(text: &str) -> String {
    escape(&line(text))
}

/// Text that is cleaned already, for XML 1.0: cleaning leaves no character that XML
/// does not know (section 2.2), and markup is escaped.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}
