//! How findings are put into words and counted, the same in every format.

use serde::Serialize;
use serde_json::Value;

use crate::model::{
    bearing::Bearing,
    check::{Effort, Severity},
    finding::{Effect, Finding, Findings, OpenGap},
    marks::WaivedBy,
    profile::Obligation,
    verdict::Verdict,
};
use crate::wire::text::{clean, clean_lines};

/// Longest line of text from elsewhere, in characters.
const LONGEST_LINE: usize = 1000;
/// Longest text of several lines, in characters: evidence and advice fit whole.
const LONGEST_TEXT: usize = 8000;

/// One line of text from elsewhere, safe to show.
pub fn line(text: &str) -> String {
    clean(text, LONGEST_LINE)
}

/// Text of several lines from elsewhere, safe to show.
pub fn lines(text: &str) -> String {
    clean_lines(text.trim_end(), LONGEST_TEXT)
}

/// The word that the findings document has for a value of a closed set.
pub fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

/// The check, with the `as` of its use where it has one: `cert.key.size/phase-out`.
pub fn check(finding: &Finding) -> String {
    named(&finding.check, finding.variant.as_ref().map(|v| v.as_str()))
}

/// A check and the `as` of its use, as one name.
pub fn named(check: &str, variant: Option<&str>) -> String {
    match variant {
        Some(variant) => line(&format!("{check}/{variant}")),
        None => line(check),
    }
}

/// What a finding does to the standing of the target, in words.
pub fn effect(finding: &Finding) -> &'static str {
    match (finding.effect, finding.verdict) {
        (Effect::Failure, _) => "must be mended",
        (Effect::Warning, _) => "should be mended",
        (Effect::Open, Verdict::Fail) => "not met, another way may do",
        (Effect::Open, _) => "open: could not be seen",
        (Effect::Note, Verdict::Fail) => "noted, decides nothing",
        (Effect::Note, _) => "open, decides nothing",
    }
}

/// What mending costs, in words.
pub fn effort(effort: Effort) -> &'static str {
    match effort {
        Effort::Low => "a line of configuration",
        Effort::Medium => "a change with tests and a window",
        Effort::High => "a project",
    }
}

/// How a control, an entry or a target stands, in words.
pub fn standing(verdict: Verdict, obligation: Obligation) -> &'static str {
    match (verdict, obligation) {
        (Verdict::Pass, _) => "met",
        (Verdict::Fail, Obligation::Must) => "not met",
        (Verdict::Fail, _) => "advised",
        (Verdict::Inconclusive, _) => "open",
        (Verdict::NotApplicable, _) => "does not apply",
    }
}

/// Until when, by whom and why a finding is waived.
pub fn waiver(waived: &WaivedBy) -> String {
    format!(
        "waived until {} by {}: {}",
        waived.expires,
        line(&waived.owner),
        line(&waived.reason)
    )
}

/// Waived, soft, and how it stands against the previous result: one text each.
pub fn marks(finding: &Finding) -> Vec<String> {
    let mut marks = Vec::new();
    if let Some(waived) = &finding.waived {
        marks.push(waiver(waived));
    }
    if finding.soft {
        marks.push("soft: the gate overlooks this check".to_owned());
    }
    marks.extend(finding.change.map(|change| change.to_string()));
    marks
}

/// How the gate takes a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counted {
    /// It fails the gate.
    Failure,
    /// It keeps the gate from passing: a `must` stays open.
    Open,
    /// It does not count, and why.
    No(String),
}

/// How the gate takes a finding: [`Findings::bearing`] and its marks, in words.
pub fn counted(document: &Findings, finding: &Finding) -> Counted {
    if finding.excuse().is_some() {
        return Counted::No(marks(finding).join("; "));
    }
    let fail_on = document.gate.fail_on;
    match document.bearing(finding, fail_on) {
        Some(Bearing::Fails) => Counted::Failure,
        Some(Bearing::Open) => Counted::Open,
        None => Counted::No(match finding.effect {
            Effect::Note => effect(finding).to_owned(),
            Effect::Warning => "advised: what should be met fails no gate".to_owned(),
            Effect::Open if finding.obligation != Obligation::Must => {
                "open: could not be seen; what should be met keeps no gate".to_owned()
            }
            Effect::Open if document.only_not_asked(finding) => "not asked in this scan".to_owned(),
            Effect::Failure | Effect::Open if finding.severity < fail_on => format!(
                "{}: the gate looks at severity {fail_on} and above",
                effect(finding),
            ),
            Effect::Failure | Effect::Open => effect(finding).to_owned(),
        }),
    }
}

/// A place that could not be seen, and why: `tls 192.0.2.1:443: no answer in time`.
pub fn gap(gap: &OpenGap) -> String {
    let place = match gap.place.as_slice() {
        [] => "the target".to_owned(),
        [list @ .., last] if last == "more" => {
            format!("{} (there may be more)", list.join(" "))
        }
        parts => parts.join(" "),
    };
    let detail = match &gap.detail {
        Some(detail) => format!("; {detail}"),
        None => String::new(),
    };
    line(&format!("{place}: {}{detail}", gap.reason.words()))
}

/// Why a finding is open, in one line: its first places, and how many more there are.
pub fn open_because(document: &Findings, finding: &Finding, most: usize) -> String {
    let mut told: Vec<String> = document.open_gaps(finding).take(most).map(gap).collect();
    if let more @ 1.. = finding.gaps.len().saturating_sub(most) {
        told.push(format!("and {more} more"));
    }
    told.join("; ")
}

/// What is wrong, or why it is open, in one line that is never empty.
pub fn message(document: &Findings, finding: &Finding) -> String {
    if finding.verdict == Verdict::Inconclusive {
        let because = open_because(document, finding, 3);
        let because = match because.as_str() {
            "" => "what was seen does not decide",
            because => because,
        };
        return format!("Open, not met: {} ({because})", line(&finding.title));
    }
    match finding.message.trim() {
        "" => format!("Not so: {}", line(&finding.title)),
        message => line(message),
    }
}

/// Where findings stand among each other, the gravest first.
pub fn gravity(finding: &Finding) -> (Effect, std::cmp::Reverse<Severity>) {
    (finding.effect, std::cmp::Reverse(finding.severity))
}
