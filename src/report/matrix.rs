//! Several profiles side by side, for a person at a terminal.
//!
//! Every cell says in words how binding the demand is and how it stands, so
//! that nothing depends on colour. Where the profiles do not fit beside each
//! other, the controls are repeated for the next ones.

use serde_json::Value;
use std::io::{self, Write};

use super::page::{Page, Style, words};
use super::points;
use super::table::TableOptions;
use crate::model::{
    control::{Relation, control_area},
    finding::Effect,
    matrix::{AskedBy, CellDemand, CommonDemand, Matrix, MatrixProfile, Stand},
    profile::Obligation,
};

/// Columns of a cell, and of the space beside it.
const CELL: u16 = 16;
const SPACE: u16 = 2;
/// Fewest and most columns of the controls, which stand first.
const CONTROLS: (u16, u16) = (22, 50);

/// Writes the matrix as text.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(matrix: &Matrix, options: TableOptions, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(options, out);
    let title = format!(
        "{}{} side by side, as of {}",
        matrix
            .organisation
            .as_ref()
            .map(|name| format!("{name}: "))
            .unwrap_or_default(),
        words(count(matrix.profiles.len()), "profile", "profiles"),
        matrix.dates.as_of
    );
    page.text(Style::Strong, &title)?;
    let targets = matrix
        .profiles
        .first()
        .map_or(0, |profile| profile.by_target.len());
    page.text(
        Style::Faint,
        &format!(
            "{}, {}",
            matrix.tlp,
            words(count(targets), "target", "targets")
        ),
    )?;
    cells(matrix, &mut page)?;
    legend(&mut page)?;
    target_counts(matrix, &mut page)?;
    points::write(&matrix.points, &mut page)?;
    together(matrix, &mut page)?;
    gates(matrix, &mut page)
}

fn cells(matrix: &Matrix, page: &mut Page<'_>) -> io::Result<()> {
    let width = page.columns();
    let one = CELL + SPACE;
    let fitting = usize::from((width.saturating_sub(1 + CONTROLS.0) / one).max(1));
    let total = matrix.profiles.len();
    let mut first = 1;
    for block in matrix.profiles.chunks(fitting) {
        let last = first + block.len() - 1;
        page.heading(&match total > fitting {
            true => format!("Controls, profiles {first} to {last} of {total}"),
            false => "Controls".to_owned(),
        })?;
        first = last + 1;
        let others = u16::try_from(block.len()).unwrap_or(1).saturating_mul(one);
        let left = width
            .saturating_sub(1 + others)
            .clamp(CONTROLS.0, CONTROLS.1);
        let mut widths = vec![left];
        widths.resize(block.len(), CELL);
        page.list(&widths, &block_rows(matrix, block))?;
    }
    Ok(())
}

fn block_rows(matrix: &Matrix, block: &[MatrixProfile]) -> Vec<Vec<(Style, String)>> {
    let blank = || (Style::Plain, String::new());
    let mut header = vec![blank()];
    header.extend(
        block
            .iter()
            .map(|profile| (Style::Strong, broken(&profile.profile.id))),
    );
    let mut rows = vec![header];
    let mut area = "";
    for control in &matrix.controls {
        let (_, of) = control_area(&control.id);
        if of != area {
            area = of;
            let mut row = vec![(Style::Strong, area.to_owned())];
            row.extend(block.iter().map(|_| blank()));
            rows.push(row);
        }
        let mut row = vec![(Style::Plain, format!("{} {}", control.id, control.title))];
        row.extend(block.iter().map(|profile| {
            let cell = profile
                .controls
                .binary_search_by(|cell| cell.id.cmp(&control.id))
                .ok()
                .and_then(|at| profile.controls.get(at));
            match cell {
                Some(cell) => drawn(&cell.demands),
                None => (Style::Faint, "-".to_owned()),
            }
        }));
        rows.push(row);
    }
    rows
}

/// An id in lines that fit a cell, broken behind hyphens.
fn broken(id: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for piece in id.split_inclusive('-') {
        match lines.last_mut() {
            Some(line) if line.len() + piece.len() <= usize::from(CELL) => line.push_str(piece),
            _ => lines.push(piece.to_owned()),
        }
    }
    lines.join("\n")
}

/// What a profile demands of a control, one line each, in the style of the worst.
fn drawn(demands: &[CellDemand]) -> (Style, String) {
    let style = demands.iter().map(style).max_by_key(|style| match style {
        Style::High => 3,
        Style::Medium => 2,
        Style::Good => 1,
        _ => 0,
    });
    let lines: Vec<String> = demands.iter().map(cell_words).collect();
    (style.unwrap_or(Style::Faint), lines.join("\n"))
}

fn style(demand: &CellDemand) -> Style {
    match (demand.standing, demand.obligation) {
        (Stand::NotMet, Obligation::Must) => Style::High,
        (Stand::NotMet, Obligation::Should) => Style::Medium,
        (Stand::Met, Obligation::Must | Obligation::Should) => Style::Good,
        _ => Style::Faint,
    }
}

fn cell_words(demand: &CellDemand) -> String {
    let relation = match demand.relation {
        None | Some(Relation::Equal) => "",
        Some(Relation::Stricter) => " (stricter)",
        Some(Relation::Looser) => " (looser)",
        Some(Relation::Partial) => " (part)",
        Some(Relation::Conflict) => " (opposite)",
    };
    let standing = standing(demand.standing, demand.obligation);
    format!("{} {standing}{relation}", demand.obligation)
}

/// How something stands, in words; loud where a `must` is not met.
pub(super) fn standing(stand: Stand, obligation: Obligation) -> &'static str {
    match (stand, obligation) {
        (Stand::Met, _) => "met",
        (Stand::NotMet, Obligation::Must) => "NOT MET",
        (Stand::NotMet, _) => "not met",
        (Stand::Open, _) => "open",
        (Stand::NotAsked, _) => "not asked",
        (Stand::Untold, _) => "not told",
        (Stand::NotApplicable, _) => "n/a",
    }
}

fn legend(page: &mut Page<'_>) -> io::Result<()> {
    page.gap()?;
    page.text(
        Style::Faint,
        "A cell says how the profile's own requirement stands, over all targets, and not the control. \
         Open: it could not be seen. Not asked: the scan was not to look. n/a: it applies to no target. \
         -: the guideline does not ask. Not told: the requirement is not met or open, and that may lie outside \
         this control. In brackets, against the control, the requirement asks for less (looser), for more \
         (stricter), shares a part with it (part), or wants or allows what it rules out (opposite).",
    )
}

fn target_counts(matrix: &Matrix, page: &mut Page<'_>) -> io::Result<()> {
    page.heading("Targets that meet what is a must")?;
    let number = |number: u64| match number {
        0 => "-".to_owned(),
        number => number.to_string(),
    };
    let rows: Vec<_> = matrix
        .profiles
        .iter()
        .map(|profile| {
            let counts = profile.targets;
            vec![
                (Style::Plain, profile.profile.id.clone()),
                (Style::Good, number(counts.met)),
                (Style::High, number(counts.not_met)),
                (Style::Plain, number(counts.open)),
                (Style::Plain, number(counts.not_applicable)),
                (Style::Medium, number(counts.advised)),
            ]
        })
        .collect();
    page.grid(
        &["Profile", "met", "not met", "open", "n/a", "met, advised"],
        &rows,
    )
}

fn together(matrix: &Matrix, page: &mut Page<'_>) -> io::Result<()> {
    page.heading("What would satisfy all of them")?;
    if matrix.together.is_empty() {
        let nothing = "Nothing is left: no profile has a failure, advice or an open question.";
        return page.text(Style::Good, nothing);
    }
    let contradicted = matrix
        .together
        .iter()
        .any(|demand| !demand.contradicted.is_empty());
    if contradicted {
        page.text(
            Style::High,
            "Not all of it can be done at once: where a line refers to a point above, a requirement behind it \
             contradicts that of another profile.",
        )?;
    }
    let sections = [
        (Effect::Failure, "Must be mended for at least one profile"),
        (Effect::Open, "Is open: nobody could see whether it holds"),
        (Effect::Warning, "Is advised by at least one profile"),
    ];
    for (effect, title) in sections {
        let mut demands = matrix
            .together
            .iter()
            .filter(|d| d.effect == effect)
            .peekable();
        if demands.peek().is_none() {
            continue;
        }
        page.text(Style::Strong, title)?;
        let rows: Vec<_> = demands.map(demand_row).collect();
        page.list(&[9], &rows)?;
    }
    Ok(())
}

fn demand_row(demand: &CommonDemand) -> Vec<(Style, String)> {
    let style = match demand.effect {
        Effect::Failure => Style::High,
        Effect::Warning => Style::Medium,
        Effect::Open | Effect::Note => Style::Plain,
    };
    let mut text = format!(
        "{} ({}, {})",
        demand.title.as_str(),
        demand.check.as_str(),
        words(demand.targets, "target", "targets")
    );
    for by in &demand.asked_by {
        text.push_str(&format!("\n  {}", asked(by)));
    }
    if !demand.contradicted.is_empty() {
        text.push_str(&format!("\n  see {} above", demand.contradicted.join(", ")));
    }
    vec![(style, demand.control.to_string()), (Style::Plain, text)]
}

fn asked(by: &AskedBy) -> String {
    let mut text = format!(
        "{}: {} {}",
        by.profile,
        by.obligation,
        standing(by.standing, by.obligation)
    );
    for (name, value) in &by.params {
        text.push_str(&format!(", {name} = {}", short(value)));
    }
    if by.waived > 0 {
        text.push_str(&format!(
            ", waived for {}",
            words(by.waived, "target", "targets")
        ));
    }
    text
}

/// A parameter's value, cut where it is long.
pub(super) fn short(value: &Value) -> String {
    const LONGEST: usize = 120;
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(short).collect();
            items.join(" ")
        }
        other => other.to_string(),
    };
    match text.char_indices().nth(LONGEST) {
        None => text,
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

fn gates(matrix: &Matrix, page: &mut Page<'_>) -> io::Result<()> {
    page.heading("Gates")?;
    let mut rows = Vec::with_capacity(matrix.profiles.len() + 1);
    for profile in &matrix.profiles {
        let (style, outcome) = outcome(profile.gate.exit);
        rows.push(vec![
            (style, outcome.to_owned()),
            (
                Style::Plain,
                format!(
                    "{} (exit {}): {}",
                    profile.profile.id,
                    profile.gate.exit,
                    profile.gate.why.join("; ")
                ),
            ),
        ]);
    }
    let (style, word) = outcome(matrix.exit);
    rows.push(vec![
        (style, word.to_owned()),
        (Style::Strong, format!("all of them (exit {})", matrix.exit)),
    ]);
    page.list(&[10], &rows)
}

fn outcome(exit: u8) -> (Style, &'static str) {
    match exit {
        0 => (Style::Good, "passed"),
        1 => (Style::High, "failed"),
        _ => (Style::Medium, "cannot say"),
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
