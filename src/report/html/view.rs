//! What the templates show, in words and numbers.

use serde::Serialize;
use std::collections::{BTreeMap, HashMap, HashSet};

use crate::model::{
    check::Severity,
    finding::{BySeverity, Effect, Finding, Findings, TargetSummary},
    gap::GapReason,
    verdict::Verdict,
};
use crate::report::marks::{against, not_compared as one_not_compared};
use crate::report::observatory;
use crate::report::spoofing;
use crate::report::table::cost;
use crate::report::tls_grade;
use crate::report::wording::{
    check, effect, effort, gap, gravity, line, lines, marks, message, standing, word,
};

/// Instances and places that a finding names.
const MAX_NAMED: usize = 12;
/// Pieces of evidence that a finding shows.
const MAX_EVIDENCE: usize = 4;
/// Places that could not be seen that are listed.
const MAX_GAPS: usize = 500;

/// Everything but the findings.
#[derive(Serialize)]
pub struct Page {
    tlp: Label,
    title: String,
    organisation: Option<String>,
    as_of: String,
    observed: String,
    tool: String,
    profile: Named,
    pack: String,
    tables: Vec<Named>,
    cost: String,
    gate: Gate,
    failures: Vec<Count>,
    warnings: u64,
    open: u64,
    passed: u64,
    controls_met: u64,
    controls_all: u64,
    targets: Vec<Target>,
    controls: Vec<Control>,
    findings: usize,
    gaps: Vec<Named>,
    more_gaps: usize,
    scores: Vec<observatory::Row>,
    scores_note: &'static str,
    grades: Vec<tls_grade::Row>,
    grades_note: &'static str,
    waivers: Vec<Waiver>,
    against: Option<String>,
    not_compared: Vec<String>,
    more_not_compared: usize,
}

#[derive(Serialize)]
struct Label {
    text: String,
    class: &'static str,
}

#[derive(Serialize)]
struct Named {
    name: String,
    text: String,
}

#[derive(Serialize)]
struct Count {
    word: String,
    count: u64,
}

#[derive(Serialize)]
struct Gate {
    class: &'static str,
    word: &'static str,
    exit: u8,
    why: Vec<String>,
    set_aside: Vec<String>,
}

#[derive(Serialize)]
struct Target {
    key: String,
    roles: String,
    class: &'static str,
    standing: String,
    failures: String,
    warnings: u64,
    open: u64,
    passed: u64,
    /// Whether somebody can send mail in its name, as one sentence.
    spoofing: Option<String>,
}

#[derive(Serialize)]
struct Control {
    id: String,
    title: String,
    class: &'static str,
    standing: &'static str,
    issue: Option<usize>,
}

#[derive(Serialize)]
struct Waiver {
    check: String,
    target: String,
    owner: String,
    reason: String,
    expires: String,
    state: String,
    findings: u64,
}

/// Findings of the same check, worst effect first.
pub struct Issue<'a> {
    number: usize,
    findings: Vec<&'a Finding>,
}

/// What is shown of an issue.
#[derive(Serialize)]
pub struct IssueView {
    number: usize,
    severity: String,
    title: String,
    control: String,
    check: String,
    requirements: Vec<String>,
    rationale: String,
    effort: &'static str,
    advice: Vec<Named>,
    references: Vec<String>,
    places: Vec<Place>,
}

#[derive(Serialize)]
struct Place {
    target: String,
    effect: String,
    state: &'static str,
    marks: Vec<String>,
    messages: Vec<String>,
    more: u64,
    evidence: Vec<Evidence>,
}

#[derive(Serialize)]
struct Evidence {
    reproduce: String,
    kind: String,
    data: String,
    cut: bool,
}

/// Puts findings of the same check together, the gravest first.
pub fn issues(document: &Findings) -> Vec<Issue<'_>> {
    let mut by_check: BTreeMap<(&str, Option<&str>), Vec<&Finding>> = BTreeMap::new();
    for finding in &document.findings {
        let variant = finding.variant.as_ref().map(|variant| variant.as_str());
        by_check
            .entry((&finding.check, variant))
            .or_default()
            .push(finding);
    }
    let mut groups: Vec<Vec<&Finding>> = by_check.into_values().collect();
    for group in &mut groups {
        group.sort_by_key(|finding| gravity(finding));
    }
    groups.sort_by_key(|group| group.first().map(|finding| gravity(finding)));
    groups
        .into_iter()
        .enumerate()
        .map(|(at, findings)| Issue {
            number: at.saturating_add(1),
            findings,
        })
        .collect()
}

/// What is shown besides the findings.
pub fn page(document: &Findings, issues: &[Issue<'_>]) -> Page {
    let summary = &document.summary;
    let dates = &document.dates;
    let controls = summary.controls;
    let not_compared = match &document.against {
        Some(against) => against.not_compared.as_slice(),
        None => &[],
    };
    let open_gaps = || {
        document
            .gaps
            .iter()
            .filter(|gap| gap.opens > 0 && gap.reason != GapReason::NotAsked)
    };
    Page {
        tlp: label(&document.tlp),
        title: line(&document.profile.title),
        organisation: document.organisation.as_deref().map(line),
        as_of: dates.as_of.to_string(),
        observed: match (dates.observed_first, dates.observed_last) {
            (Some(first), Some(last)) if first != last => format!("{first} to {last}"),
            (Some(first), _) => first.to_string(),
            _ => "nothing was observed".to_owned(),
        },
        tool: line(&document.tool),
        profile: Named {
            name: line(&document.profile.id),
            text: line(&document.profile.digest),
        },
        pack: line(&document.pack.digest),
        tables: document
            .tables
            .iter()
            .map(|(name, edition)| Named {
                name: line(name),
                text: line(edition),
            })
            .collect(),
        cost: cost(&document.cost),
        gate: gate(document),
        failures: counts(&summary.failures),
        warnings: summary.warnings.total(),
        open: summary.open.saturating_add(summary.not_asked),
        passed: summary.passed,
        controls_met: controls.met,
        controls_all: controls
            .met
            .saturating_add(controls.not_met)
            .saturating_add(controls.open),
        targets: document.targets.iter().map(target).collect(),
        controls: self::controls(document, issues),
        findings: document.findings.len(),
        gaps: open_gaps()
            .take(MAX_GAPS)
            .map(|place| Named {
                name: line(&place.target),
                text: format!("{} (checks left open: {})", gap(place), place.opens),
            })
            .collect(),
        more_gaps: open_gaps().count().saturating_sub(MAX_GAPS),
        scores: observatory::rows(document),
        scores_note: observatory::NOTE,
        grades: tls_grade::rows(document),
        grades_note: tls_grade::NOTE,
        waivers: document
            .waivers
            .iter()
            .map(|waiver| Waiver {
                check: line(&waiver.check),
                target: line(&waiver.target),
                owner: line(&waiver.owner),
                reason: line(&waiver.reason),
                expires: waiver.expires.to_string(),
                state: waiver.state.to_string(),
                findings: waiver.findings,
            })
            .collect(),
        against: document.against.as_ref().map(against),
        not_compared: not_compared
            .iter()
            .take(MAX_GAPS)
            .map(one_not_compared)
            .collect(),
        more_not_compared: not_compared.len().saturating_sub(MAX_GAPS),
    }
}

/// The label with the colours of TLP 2.0.
fn label(tlp: &str) -> Label {
    let text = line(tlp);
    let class = match text.strip_prefix("TLP:").unwrap_or(&text) {
        "RED" => "red",
        "GREEN" => "green",
        "CLEAR" => "clear",
        // The stricter of what is known, for what is not.
        _ => "amber",
    };
    Label { text, class }
}

fn gate(document: &Findings) -> Gate {
    let gate = &document.gate;
    let (class, word) = match gate.exit {
        0 => ("good", "passed"),
        1 => ("bad", "failed"),
        _ => ("open", "cannot say"),
    };
    let set_aside = [
        (gate.waived, "waived"),
        (gate.soft, "soft"),
        (gate.unchanged, "unchanged"),
    ];
    Gate {
        class,
        word,
        exit: gate.exit,
        why: gate.why.iter().map(|why| line(why)).collect(),
        set_aside: set_aside
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect(),
    }
}

fn counts(counts: &BySeverity) -> Vec<Count> {
    counts
        .iter()
        .filter(|(severity, count)| *count > 0 || *severity != Severity::Info)
        .map(|(severity, count)| Count {
            word: severity.to_string(),
            count,
        })
        .collect()
}

fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "good",
        Verdict::Fail => "bad",
        Verdict::Inconclusive => "open",
        Verdict::NotApplicable => "none",
    }
}

fn target(target: &TargetSummary) -> Target {
    let failures: Vec<String> = target
        .failures
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| format!("{count} {severity}"))
        .collect();
    let blind: Vec<&str> = target.blind.iter().map(|area| area.key()).collect();
    let (class, standing) = match (target.observed_at, blind.is_empty(), target.verdict) {
        (None, ..) => ("open", "not observed".to_owned()),
        (_, false, _) => ("open", format!("nothing seen of {}", blind.join(", "))),
        (_, _, Verdict::Fail) if target.failures.total() == 0 => ("none", "advised".to_owned()),
        (.., Verdict::Fail) => ("bad", "not met".to_owned()),
        (.., Verdict::Inconclusive) => ("open", "open".to_owned()),
        (.., verdict) => (class(verdict), "met".to_owned()),
    };
    let roles: Vec<&str> = target.roles.iter().map(|role| role.key()).collect();
    Target {
        key: line(&target.key),
        roles: roles.join(", "),
        class,
        standing,
        failures: match failures.is_empty() {
            true => "none".to_owned(),
            false => failures.join(", "),
        },
        spoofing: target
            .spoofing
            .as_ref()
            .map(|known| spoofing::answer(&target.key, known)),
        warnings: target.warnings.total(),
        open: target.open.saturating_add(target.not_asked),
        passed: target.passed,
    }
}

fn controls(document: &Findings, issues: &[Issue<'_>]) -> Vec<Control> {
    let mut first: HashMap<&str, usize> = HashMap::new();
    for issue in issues {
        for finding in &issue.findings {
            first
                .entry(finding.control.as_str())
                .or_insert(issue.number);
        }
    }
    let mut shown: Vec<_> = document
        .controls
        .iter()
        .filter(|control| control.verdict != Verdict::NotApplicable)
        .collect();
    // Worst first; stable, so that ids stay in order.
    shown.sort_by_key(|control| std::cmp::Reverse((control.verdict, control.obligation)));
    shown
        .into_iter()
        .map(|control| {
            let standing = standing(control.verdict, control.obligation);
            Control {
                id: line(&control.id),
                title: line(&control.title),
                class: match standing {
                    "advised" => "none",
                    _ => class(control.verdict),
                },
                standing,
                issue: first.get(control.id.as_str()).copied(),
            }
        })
        .collect()
}

/// What is shown of an issue. Reasons and advice are those of its first finding:
/// they belong to the check.
pub fn issue(document: &Findings, issue: &Issue<'_>) -> Option<IssueView> {
    let first = issue.findings.first()?;
    let mut known = HashSet::new();
    let requirements = issue
        .findings
        .iter()
        .flat_map(|finding| &finding.requirements)
        .map(|requirement| requirement.printed.as_ref().unwrap_or(&requirement.row))
        .filter(|name| name.as_str() != first.control.as_str() && known.insert(name.as_str()))
        .take(MAX_NAMED)
        .map(|name| line(name))
        .collect();
    Some(IssueView {
        number: issue.number,
        severity: word(first.severity),
        title: line(&first.title),
        control: line(&first.control),
        check: check(first),
        requirements,
        rationale: line(&first.rationale),
        effort: effort(first.effort),
        advice: advice(first),
        references: first.references.iter().map(|r| line(r)).collect(),
        places: issue
            .findings
            .iter()
            .map(|finding| place(document, finding))
            .collect(),
    })
}

/// What to type for each product, and what to do in general at the end.
fn advice(finding: &Finding) -> Vec<Named> {
    let mut advice: Vec<Named> = finding
        .remediation
        .iter()
        .map(|(product, text)| Named {
            name: line(product),
            text: lines(text),
        })
        .collect();
    advice.sort_by_key(|advice| advice.name == "text");
    advice
}

fn place(document: &Findings, finding: &Finding) -> Place {
    let mut told = HashSet::new();
    let mut messages: Vec<String> = Vec::new();
    for instance in &finding.instances {
        let mut text = line(&instance.message);
        if let [_, _, ..] = instance.addresses.as_slice() {
            let shown = instance.addresses.iter().take(MAX_NAMED);
            let named: Vec<String> = shown.map(|address| line(address)).collect();
            text.push_str(&format!(" (at {})", named.join(", ")));
        }
        // What reads the same is told once.
        if !instance.message.is_empty() && told.insert(text.clone()) {
            messages.push(text);
        }
    }
    let mut more = messages.len().saturating_sub(MAX_NAMED);
    messages.truncate(MAX_NAMED);
    if finding.verdict == Verdict::Inconclusive {
        let open: Vec<String> = document.open_gaps(finding).map(gap).collect();
        more = more.saturating_add(open.len().saturating_sub(MAX_NAMED));
        messages.extend(open.into_iter().take(MAX_NAMED));
    }
    if messages.is_empty() {
        messages.push(message(document, finding));
    }
    Place {
        target: line(&finding.target),
        effect: match finding.verdict {
            // Whatever it decides, what could not be seen is looked for as open.
            Verdict::Inconclusive => word(Effect::Open),
            _ => word(finding.effect),
        },
        state: effect(finding),
        marks: marks(finding),
        messages,
        more: u64::try_from(more)
            .unwrap_or(u64::MAX)
            .saturating_add(finding.more_instances),
        evidence: finding
            .evidence
            .iter()
            .take(MAX_EVIDENCE)
            .map(|evidence| Evidence {
                reproduce: line(&evidence.reproduce),
                kind: word(evidence.kind).replace('_', " "),
                data: lines(&evidence.data),
                cut: evidence.cut,
            })
            .collect(),
    }
}
