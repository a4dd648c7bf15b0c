//! A plan for a person at a terminal.

use std::io::{self, Write};

use super::page::{Page, Style, line, words};
use super::plan_words::{
    first_of, headline, instruction, open_question, parameters, requirements, targets, title,
    told_to_do,
};
use super::table::TableOptions;
use super::target::{effort_word, severity_style};
use crate::model::{
    plan::{Plan, PlannedChange, PlannedContradiction},
    profile::Obligation,
};

/// Widths of the columns before the text: step or severity, and label.
const COLUMNS: [u16; 2] = [8, 6];
/// Where the text begins, without its label.
const INDENT: usize = 11;
/// Commands, checks and questions that are shown of a change.
const MOST_SHOWN: usize = 4;

/// Writes the plan.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(plan: &Plan, options: TableOptions, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(options, out);
    page.text(Style::Strong, &headline(plan))?;
    page.text(Style::Faint, &plan.tlp)?;
    for sentence in told_to_do(plan) {
        page.text(Style::Plain, &sentence)?;
    }
    for change in &plan.changes {
        write_change(change, plan.profiles.len() > 1, &mut page)?;
    }
    contradictions(&plan.contradictions, &mut page)?;
    open(plan, &mut page)?;
    accepted(plan, &mut page)
}

fn write_change(change: &PlannedChange, several: bool, page: &mut Page<'_>) -> io::Result<()> {
    page.heading(&format!("{}. {}", change.step, title(change)))?;
    let advised = match change.obligation {
        Obligation::Must => "",
        Obligation::Should | Obligation::May => ", advised",
    };
    let mut rows = vec![vec![
        (
            severity_style(change.severity),
            change.severity.to_string().to_uppercase(),
        ),
        (Style::Faint, "On".to_owned()),
        (Style::Plain, targets(&change.targets)),
    ]];
    let mut row = |label: &str, text: String| {
        if !text.is_empty() {
            rows.push(vec![
                (Style::Plain, String::new()),
                (Style::Faint, label.to_owned()),
                (Style::Plain, text),
            ]);
        }
    };
    row(
        "Cost",
        format!("effort {}{advised}", effort_word(change.effort)),
    );
    let mut label = "Wanted";
    for demand in &change.demands {
        let mut text = format!("{} ({})", line(&demand.title), demand.control.as_str());
        for words in parameters(demand) {
            text.push('\n');
            text.push_str(&words);
        }
        row(label, text);
        label = "";
    }
    row("Closes", requirements(change, several));
    let mut label = "Do";
    for how in &change.how {
        row(label, instruction(how, change.how.len() == 1));
        label = "";
    }
    let mut label = "Breaks";
    for breaks in &change.breaks {
        row(label, line(breaks));
        label = "";
    }
    let steps: Vec<String> = change.after.iter().map(u64::to_string).collect();
    let after = match steps.as_slice() {
        [] => String::new(),
        [one] => format!("after step {one}"),
        several => format!("after steps {}", several.join(", ")),
    };
    row("When", after);
    if !change.instead.is_empty() {
        row(
            "Or",
            format!(
                "the same requirement is also met by {}",
                first_of(&change.instead, MOST_SHOWN)
            ),
        );
    }
    if !change.next.is_empty() {
        row(
            "Then",
            format!(
                "scan again: {} can only be judged after this ({})",
                words(count(change.next.len()), "check", "checks"),
                first_of(&change.next, MOST_SHOWN)
            ),
        );
    }
    page.list(&COLUMNS, &rows)?;
    let mut label = "Check";
    for verification in change.verify.iter().take(MOST_SHOWN) {
        page.command(INDENT, label, &line(&verification.command))?;
        label = "";
    }
    Ok(())
}

fn contradictions(contradictions: &[PlannedContradiction], page: &mut Page<'_>) -> io::Result<()> {
    if contradictions.is_empty() {
        return Ok(());
    }
    page.heading("The profiles contradict each other: decide which one to follow")?;
    for contradiction in contradictions {
        let mut rows = vec![vec![
            (
                Style::Medium,
                contradiction.id.as_deref().map(line).unwrap_or_default(),
            ),
            (Style::Faint, "About".to_owned()),
            (Style::Strong, line(&contradiction.topic)),
        ]];
        let mut row = |label: &str, text: String| {
            rows.push(vec![
                (Style::Plain, String::new()),
                (Style::Faint, label.to_owned()),
                (Style::Plain, text),
            ]);
        };
        row("Why", line(&contradiction.why));
        let mut label = "Sides";
        for side in &contradiction.sides {
            let standing = match side.failing.is_empty() {
                true => "met now".to_owned(),
                false => format!("not met now: {}", side.failing.join(", ")),
            };
            row(
                label,
                format!(
                    "{} {} ({}): {}; {standing}",
                    line(&side.profile),
                    line(side.printed.as_deref().unwrap_or(&side.row)),
                    side.obligation,
                    line(&side.text),
                ),
            );
            label = "";
        }
        row("On", targets(&contradiction.targets));
        page.list(&COLUMNS, &rows)?;
        page.gap()?;
    }
    Ok(())
}

fn open(plan: &Plan, page: &mut Page<'_>) -> io::Result<()> {
    if plan.open.is_empty() {
        return Ok(());
    }
    page.heading("Look again: open, neither met nor to be changed yet")?;
    let rows: Vec<_> = plan
        .open
        .iter()
        .map(|question| {
            let checks = words(count(question.checks.len()), "check", "checks");
            vec![
                (Style::Medium, checks),
                (Style::Plain, open_question(question)),
            ]
        })
        .collect();
    page.list(&[10], &rows)
}

fn accepted(plan: &Plan, page: &mut Page<'_>) -> io::Result<()> {
    if plan.accepted.is_empty() {
        return Ok(());
    }
    page.heading("Accepted until a date; fails, and is not planned")?;
    let rows: Vec<_> = plan
        .accepted
        .iter()
        .map(|accepted| {
            vec![
                (
                    severity_style(accepted.severity),
                    accepted.severity.to_string().to_uppercase(),
                ),
                (
                    Style::Plain,
                    format!(
                        "{}: {} ({}), until {}, {}: {}",
                        line(&accepted.target),
                        line(&accepted.title),
                        line(&accepted.check),
                        accepted.expires,
                        line(&accepted.owner),
                        line(&accepted.reason)
                    ),
                ),
            ]
        })
        .collect();
    page.list(&[8], &rows)
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
