//! The part of a table that is about one target.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;

use super::marks;
use super::page::{Page, Style, line, words};
use super::spoofing;
use crate::model::{
    check::{Effort, Severity},
    finding::{BySeverity, Effect, Finding, Instance, OpenGap, TargetSummary},
    gap::GapReason,
    level::Area,
    verdict::Verdict,
};

/// Instances of a finding that are shown.
const MAX_INSTANCES: usize = 5;
/// Addresses of an instance, and places of a gap, that are named.
const MAX_NAMED: usize = 3;
/// Findings that decide nothing, and gaps, that are shown of a target.
const MAX_LINES: usize = 12;
/// Kinds of advice that are shown when the product is not known.
const MAX_ADVICE: usize = 3;
/// Widths of the columns before the text of a finding.
const COLUMNS: [u16; 2] = [8, 6];
/// Where the text of a finding begins, without its label.
const INDENT: usize = 11;

/// What is shown of a target.
pub struct View<'a> {
    pub summary: &'a TargetSummary,
    pub findings: &'a [Finding],
    pub gaps: &'a [OpenGap],
    /// Number of the first of these gaps in the document.
    pub first_gap: usize,
}

/// Checks whose reasons and advice were shown before.
pub type Shown = HashSet<(String, String)>;

/// Writes the part about one target. What `shown` holds is not explained again.
pub fn write(view: &View<'_>, shown: &mut Shown, page: &mut Page<'_>) -> io::Result<()> {
    let summary = view.summary;
    let roles: Vec<&str> = summary.roles.iter().map(|role| role.key()).collect();
    let mut title = line(&summary.key);
    if !roles.is_empty() {
        title.push_str(&format!(" ({})", roles.join(", ")));
    }
    page.heading(&title)?;
    page.text(Style::Plain, &counts(summary))?;
    if let Some(spoofing) = &summary.spoofing {
        page.text(Style::Plain, &spoofing::answer(&summary.key, spoofing))?;
    }
    for (effect, title) in [
        (Effect::Failure, "Must be mended"),
        (Effect::Warning, "Should be mended"),
    ] {
        let mut first = true;
        let counts = |f: &&Finding| f.effect == effect && marks::excuse(f).is_none();
        for finding in view.findings.iter().filter(counts) {
            page.gap()?;
            if std::mem::take(&mut first) {
                page.text(Style::Strong, title)?;
            }
            write_finding(finding, summary, shown, page)?;
        }
    }
    excused(view.findings, page)?;
    notes(view.findings, page)?;
    not_observed(view, page)
}

fn counts(summary: &TargetSummary) -> String {
    let mut parts: Vec<String> = by_severity(&summary.failures);
    if parts.is_empty() && summary.observed_at.is_some() {
        parts.push("nothing fails".to_owned());
    }
    if summary.warnings.total() > 0 {
        parts.push(format!("{} advised", summary.warnings.total()));
    }
    if summary.passed > 0 {
        parts.push(format!("{} met", summary.passed));
    }
    if summary.open > 0 {
        parts.push(format!("{} not observed", summary.open));
    }
    if summary.not_asked > 0 {
        parts.push(format!("{} not asked", summary.not_asked));
    }
    parts.join(", ")
}

fn by_severity(counts: &BySeverity) -> Vec<String> {
    counts
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| format!("{count} {severity}"))
        .collect()
}

fn write_finding(
    finding: &Finding,
    summary: &TargetSummary,
    shown: &mut Shown,
    page: &mut Page<'_>,
) -> io::Result<()> {
    let severity = (
        severity_style(finding.severity),
        finding.severity.to_string().to_uppercase(),
    );
    let mut rows = vec![vec![
        severity,
        (Style::Faint, "Wanted".to_owned()),
        (Style::Strong, line(&finding.title)),
    ]];
    let mut row = |label: &str, text: String| {
        rows.push(vec![
            (Style::Plain, String::new()),
            (Style::Faint, label.to_owned()),
            (Style::Plain, text),
        ]);
    };
    row("Found", found(finding));
    let first_time = shown.insert((finding.check.to_string(), finding.digest.to_string()));
    if first_time {
        row("Why", line(&finding.rationale));
        let mut label = "Mend";
        for advice in advice(finding, &summary.products) {
            row(label, advice);
            label = "";
        }
    } else {
        row("Mend", "as explained above for the same check".to_owned());
    }
    row("About", about(finding));
    page.list(&COLUMNS, &rows)?;
    if let Some(evidence) = finding.evidence.first() {
        page.command(INDENT, "Check", &evidence.reproduce)?;
    }
    Ok(())
}

fn found(finding: &Finding) -> String {
    // The same hop on the ways from both ports reads the same, and is told once.
    let mut told: BTreeSet<String> = BTreeSet::new();
    let failing: Vec<String> = finding
        .instances
        .iter()
        .filter(|instance| instance.verdict == Verdict::Fail)
        .map(|instance| format!("{}{}", line(&instance.message), other_addresses(instance)))
        .filter(|text| told.insert(text.clone()))
        .collect();
    let more = failing
        .len()
        .saturating_sub(MAX_INSTANCES)
        .saturating_add(usize::try_from(finding.more_instances).unwrap_or(usize::MAX));
    let mut lines: Vec<String> = failing.into_iter().take(MAX_INSTANCES).collect();
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines.join("\n")
}

/// The addresses of an instance that its message does not name.
fn other_addresses(instance: &Instance) -> String {
    let others: Vec<&str> = instance
        .addresses
        .iter()
        .map(|address| address.as_str())
        .filter(|address| !instance.message.contains(address))
        .collect();
    match (instance.addresses.len(), others.len()) {
        (0 | 1, _) | (_, 0) => String::new(),
        (all, rest) if all == rest => format!(" (at {})", named(&others)),
        _ => format!(" (also at {})", named(&others)),
    }
}

fn named(names: &[impl AsRef<str>]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(MAX_NAMED)
        .map(|name| line(name.as_ref()))
        .collect();
    match names.len().saturating_sub(MAX_NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// How to mend it: for the products that the target is known to use, and in
/// general; for all products when none is known.
fn advice(finding: &Finding, products: &[String]) -> Vec<String> {
    let remediation = &finding.remediation;
    let mut chosen: Vec<(&str, &str)> = products
        .iter()
        .filter_map(|product| Some((product.as_str(), remediation.get(product)?.as_str())))
        .collect();
    if let Some(text) = remediation.get("text") {
        chosen.push(("text", text));
    }
    if chosen.is_empty() {
        chosen = remediation
            .iter()
            .map(|(product, text)| (product.as_str(), text.as_str()))
            .take(MAX_ADVICE)
            .collect();
    }
    let alone = chosen.len() == 1;
    chosen
        .into_iter()
        .map(|(product, text)| match product {
            "text" if alone => text.trim_end().to_owned(),
            "text" => format!("In general: {}", text.trim_end()),
            // Lines of configuration keep their indentation below the name.
            product if text.trim_end().contains('\n') => {
                format!("{product}:\n{}", text.trim_end())
            }
            product => format!("{product}: {}", text.trim_end()),
        })
        .collect()
}

fn about(finding: &Finding) -> String {
    let mut about = format!(
        "{}, check {}",
        finding.control.as_str(),
        finding.check.as_str()
    );
    if let Some(variant) = &finding.variant {
        about.push_str(&format!(" as {}", variant.as_str()));
    }
    let printed: Vec<&str> = finding
        .requirements
        .iter()
        .filter_map(|requirement| requirement.printed.as_deref().map(String::as_str))
        .filter(|printed| *printed != finding.control.as_str())
        .collect();
    if !printed.is_empty() {
        about.push_str(&format!(", requirement {}", named(&printed)));
    }
    about.push_str(&format!(", effort {}", effort_word(finding.effort)));
    line(&about)
}

/// An effort in a word.
pub(super) fn effort_word(effort: Effort) -> &'static str {
    match effort {
        Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
    }
}

/// How a severity is drawn.
pub(super) fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Critical => Style::Critical,
        Severity::High => Style::High,
        Severity::Medium => Style::Medium,
        Severity::Low => Style::Low,
        Severity::Info => Style::Faint,
    }
}

/// What fails and does not count at the gate: waived, soft, or known from before.
fn excused(findings: &[Finding], page: &mut Page<'_>) -> io::Result<()> {
    let excused: Vec<(&Finding, String)> = findings
        .iter()
        .filter(|f| matches!(f.effect, Effect::Failure | Effect::Warning) || f.waived.is_some())
        .filter_map(|finding| Some((finding, marks::excuse(finding)?)))
        .collect();
    if excused.is_empty() {
        return Ok(());
    }
    page.gap()?;
    page.text(Style::Strong, "Found, and does not count at the gate")?;
    let mut rows: Vec<Vec<(Style, String)>> = excused
        .iter()
        .take(MAX_LINES)
        .map(|(finding, why)| {
            let about = match finding.message.is_empty() {
                true => finding.title.as_str(),
                false => &finding.message,
            };
            let check = finding.check.as_str();
            vec![
                (Style::Faint, finding.severity.to_string().to_uppercase()),
                (Style::Plain, line(&format!("{about} ({check}); {why}"))),
            ]
        })
        .collect();
    and_more(excused.len(), &mut rows);
    page.list(&[8], &rows)
}

/// What fails and decides nothing, a line each.
fn notes(findings: &[Finding], page: &mut Page<'_>) -> io::Result<()> {
    let notes: Vec<&Finding> = findings
        .iter()
        .filter(|finding| {
            finding.verdict == Verdict::Fail
                && matches!(finding.effect, Effect::Note | Effect::Open)
                && finding.waived.is_none()
        })
        .collect();
    if notes.is_empty() {
        return Ok(());
    }
    page.gap()?;
    page.text(Style::Strong, "Also found; decides nothing by itself")?;
    let mut rows: Vec<Vec<(Style, String)>> = notes
        .iter()
        .take(MAX_LINES)
        .map(|finding| {
            vec![
                (Style::Faint, finding.severity.to_string().to_uppercase()),
                (
                    Style::Plain,
                    format!("{} ({})", line(&finding.message), finding.check.as_str()),
                ),
            ]
        })
        .collect();
    and_more(notes.len(), &mut rows);
    page.list(&[8], &rows)
}

fn and_more(all: usize, rows: &mut Vec<Vec<(Style, String)>>) {
    if let more @ 1.. = all.saturating_sub(MAX_LINES) {
        rows.push(vec![
            (Style::Plain, String::new()),
            (Style::Faint, format!("and {more} more")),
        ]);
    }
}

/// Gaps of the same kind, and the checks that they leave open.
#[derive(Default)]
struct Kind {
    places: Vec<String>,
    opens: u64,
    /// Number of the finding counted last, so that none is counted twice.
    counted: Option<usize>,
}

/// Each gap once, in words, with the number of checks that it leaves open.
fn not_observed(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    if view.summary.observed_at.is_none() {
        let detail = view.gaps.first().and_then(|gap| gap.detail.as_deref());
        page.gap()?;
        return page.text(
            Style::Medium,
            &format!(
                "Not observed: {}. {} left open, none of them met.",
                detail.unwrap_or("the run has no observation of it"),
                words(view.summary.open, "check is", "checks are"),
            ),
        );
    }
    let kind_of = |gap: &OpenGap| (gap.reason, area(gap), gap.detail.clone());
    let mut kinds: BTreeMap<(GapReason, String, Option<String>), Kind> = BTreeMap::new();
    let mut unneeded = 0u64;
    for gap in view.gaps {
        if gap.opens == 0 {
            // What was not asked was not needed either.
            unneeded = unneeded.saturating_add(u64::from(gap.reason != GapReason::NotAsked));
            continue;
        }
        let place = match gap.place.get(1..).unwrap_or_default() {
            [list @ .., last] if last == "more" => {
                format!("{} (there may be more)", list.join(" "))
            }
            parts => parts.join(" "),
        };
        let kind = kinds.entry(kind_of(gap)).or_default();
        if !place.is_empty() {
            kind.places.push(place);
        }
    }
    let open = view
        .findings
        .iter()
        .enumerate()
        .filter(|(_, finding)| finding.verdict == Verdict::Inconclusive);
    for (number, finding) in open {
        let gaps = finding
            .gaps
            .iter()
            .filter_map(|gap| usize::try_from(*gap).ok()?.checked_sub(view.first_gap))
            .filter_map(|index| view.gaps.get(index));
        for gap in gaps {
            if let Some(kind) = kinds.get_mut(&kind_of(gap))
                && kind.counted != Some(number)
            {
                kind.counted = Some(number);
                kind.opens = kind.opens.saturating_add(1);
            }
        }
    }
    if kinds.is_empty() {
        return Ok(());
    }
    page.gap()?;
    page.text(Style::Strong, "Not observed; open, neither met nor failed")?;
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    // What leaves most open comes first; what was not asked comes last.
    kinds.sort_by_key(|((reason, ..), kind)| {
        (
            *reason == GapReason::NotAsked,
            std::cmp::Reverse(kind.opens),
        )
    });
    let all = kinds.len();
    let mut rows: Vec<Vec<(Style, String)>> = kinds
        .into_iter()
        .take(MAX_LINES)
        .map(|((reason, area, detail), kind)| {
            let mut text = area;
            if !kind.places.is_empty() {
                text.push(' ');
                text.push_str(&named(&kind.places));
            }
            text.push_str(": ");
            text.push_str(reason.words());
            if let Some(detail) = detail {
                text.push_str(&format!("; {}", line(&detail)));
            }
            vec![
                (Style::Medium, words(kind.opens, "check", "checks")),
                (Style::Plain, text),
            ]
        })
        .collect();
    and_more(all, &mut rows);
    if unneeded > 0 {
        rows.push(vec![
            (Style::Plain, String::new()),
            (
                Style::Faint,
                format!(
                    "{} could not be seen and {} not needed by any check",
                    words(unneeded, "more place", "more places"),
                    if unneeded == 1 { "was" } else { "were" }
                ),
            ),
        ]);
    }
    page.list(&[10], &rows)
}

/// The area of a gap in words.
fn area(gap: &OpenGap) -> String {
    let first = gap.place.first().map(String::as_str).unwrap_or_default();
    match Area::ALL.into_iter().find(|area| area.key() == first) {
        Some(Area::Dns) => "DNS".to_owned(),
        Some(Area::Tls) => "TLS (encryption)".to_owned(),
        Some(Area::Web) => "website".to_owned(),
        Some(Area::Mail) => "mail".to_owned(),
        None if first.is_empty() => "everything".to_owned(),
        None => line(first),
    }
}
