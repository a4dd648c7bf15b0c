//! Findings for a person at a terminal, who need not know what TLS is.
//!
//! Per target: what must be mended, what should be, and what could not be
//! seen; then how controls and targets stand, what looking cost, and the gate.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};

use super::marks;
use super::observatory;
use super::page::{Page, Style, words};
use super::target;
use super::tls_grade;
use crate::model::{
    finding::{ControlResult, Finding, Findings, OpenGap, TargetSummary},
    observation::Cost,
    profile::Obligation,
    verdict::Verdict,
};

/// How the table is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableOptions {
    /// Columns that may be used; at least 40 and at most 120 are.
    pub width: u16,
    /// Whether to colour, by ANSI escape sequences.
    pub colour: bool,
    /// Whether to keep to ASCII: for terminals and logs that show nothing else.
    pub ascii: bool,
}

impl Default for TableOptions {
    fn default() -> Self {
        Self {
            width: 100,
            colour: false,
            ascii: false,
        }
    }
}

/// Writes the findings as text.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(document: &Findings, options: TableOptions, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(options, out);
    header(document, &mut page)?;
    let findings = by_target(&document.findings, |finding: &Finding| {
        finding.target.as_str()
    });
    let gaps = by_target(&document.gaps, |gap: &OpenGap| gap.target.as_str());
    let mut shown = HashSet::new();
    for summary in &document.targets {
        let key = summary.key.as_str();
        let (first_gap, gaps) = gaps.get(key).copied().unwrap_or_default();
        let (_, findings) = findings.get(key).copied().unwrap_or_default();
        let view = target::View {
            summary,
            findings,
            gaps,
            first_gap,
        };
        target::write(&view, &mut shown, &mut page)?;
    }
    if document.targets.len() > 1 {
        targets(&document.targets, &mut page)?;
    }
    controls(document, &mut page)?;
    observatory::write(document, &mut page)?;
    tls_grade::write(document, &mut page)?;
    marks::write(document, &mut page)?;
    footer(document, &mut page)
}

fn header(document: &Findings, page: &mut Page<'_>) -> io::Result<()> {
    let mut line = match &document.organisation {
        Some(organisation) => format!("{organisation}: {}", document.profile.title),
        None => document.profile.title.clone(),
    };
    line.push_str(&format!(", as of {}", document.dates.as_of));
    page.text(Style::Strong, &line)?;
    page.text(
        Style::Faint,
        &format!(
            "{}, {}",
            document.tlp,
            words(count(document.targets.len()), "target", "targets")
        ),
    )
}

/// Lists sorted by target, cut into one slice a target, with the number of its first element.
pub(super) fn by_target<T>(all: &[T], key: fn(&T) -> &str) -> HashMap<&str, (usize, &[T])> {
    let mut slices = HashMap::new();
    let mut start = 0usize;
    for slice in all.chunk_by(|one, other| key(one) == key(other)) {
        if let Some(first) = slice.first() {
            slices.insert(key(first), (start, slice));
        }
        start = start.saturating_add(slice.len());
    }
    slices
}

fn targets(summaries: &[TargetSummary], page: &mut Page<'_>) -> io::Result<()> {
    page.heading("All targets")?;
    let mut rows = Vec::with_capacity(summaries.len());
    for summary in summaries {
        let failures = summary.failures;
        let number = |number: u64| match number {
            0 => "-".to_owned(),
            number => number.to_string(),
        };
        rows.push(vec![
            (Style::Plain, summary.key.clone()),
            (Style::Critical, number(failures.critical)),
            (Style::High, number(failures.high)),
            (Style::Medium, number(failures.medium)),
            (
                Style::Plain,
                number(failures.low.saturating_add(failures.info)),
            ),
            (Style::Plain, number(summary.warnings.total())),
            (Style::Plain, number(summary.passed)),
            (Style::Plain, number(summary.open)),
        ]);
    }
    page.grid(
        &[
            "Target", "crit", "high", "med", "low", "advised", "met", "open",
        ],
        &rows,
    )
}

fn controls(document: &Findings, page: &mut Page<'_>) -> io::Result<()> {
    let mut controls: Vec<&ControlResult> = document
        .controls
        .iter()
        .filter(|control| control.verdict != Verdict::NotApplicable)
        .collect();
    if controls.is_empty() {
        return Ok(());
    }
    // Worst first; stable, so that ids stay in order.
    controls.sort_by_key(|control| std::cmp::Reverse(control.verdict));
    page.heading("Controls")?;
    let rows: Vec<_> = controls
        .into_iter()
        .map(|control| {
            let (style, standing) = match (control.verdict, control.obligation) {
                (Verdict::Pass, _) => (Style::Good, "met"),
                (Verdict::Fail, Obligation::Must) => (Style::High, "NOT MET"),
                (Verdict::Fail, _) => (Style::Medium, "advised"),
                (Verdict::Inconclusive, _) => (Style::Faint, "open"),
                (Verdict::NotApplicable, _) => (Style::Faint, "-"),
            };
            vec![
                (style, standing.to_owned()),
                (Style::Plain, control.id.clone()),
                (Style::Plain, control.title.clone()),
            ]
        })
        .collect();
    page.list(&[7, 10], &rows)
}

fn footer(document: &Findings, page: &mut Page<'_>) -> io::Result<()> {
    let standings = document.summary.controls;
    let applicable = standings
        .met
        .saturating_add(standings.not_met)
        .saturating_add(standings.open);
    page.heading("In short")?;
    let gate = &document.gate;
    let (style, outcome) = match gate.exit {
        0 => (Style::Good, "passed"),
        1 => (Style::High, "failed"),
        _ => (Style::Medium, "cannot say"),
    };
    page.list(
        &[8],
        &[
            vec![
                (Style::Faint, "Controls".to_owned()),
                (
                    Style::Plain,
                    format!(
                        "{} of {applicable} met, {} not met, {} open ({})",
                        standings.met, standings.not_met, standings.open, document.profile.title
                    ),
                ),
            ],
            vec![
                (Style::Faint, "Cost".to_owned()),
                (Style::Plain, cost(&document.cost)),
            ],
            vec![
                (style, "Gate".to_owned()),
                (
                    Style::Plain,
                    format!("{outcome} (exit {}): {}", gate.exit, gate.why.join("; ")),
                ),
            ],
        ],
    )
}

/// What looking cost, in words.
pub(super) fn cost(cost: &Cost) -> String {
    let bytes = cost.bytes_sent.saturating_add(cost.bytes_received);
    let bytes = match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} KB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    };
    format!(
        "{}, {}, {bytes}, {}.{} s",
        words(cost.connections, "connection", "connections"),
        words(cost.queries, "query", "queries"),
        cost.milliseconds / 1_000,
        cost.milliseconds % 1_000 / 100
    )
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
