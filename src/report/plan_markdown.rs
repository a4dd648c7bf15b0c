//! A plan as a page in GitHub-flavoured Markdown, for a ticket or a CI step.

use std::io::{self, Write};

use super::markdown::{MAX_BYTES, code, escape, fenced};
use super::page::words;
use super::plan_words::{
    first_of, headline, open_question, parameters, requirements, targets, title, told_to_do,
};
use super::wording::{effort, word};
use crate::model::plan::{Plan, PlannedChange, PlannedContradiction};

/// Bytes kept for what follows the changes.
const END: usize = 200_000;
/// Commands that are shown of a change.
const MOST_COMMANDS: usize = 8;
/// Checks that are named of those that come after a change.
const MOST_NAMED: usize = 6;

/// Writes the page.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let mut page = format!("# {}\n", escape(&headline(plan)));
    for sentence in told_to_do(plan) {
        page.push_str(&format!("\n{}\n", escape(&sentence)));
    }
    contradictions(&plan.contradictions, &mut page);
    let mut left_out = 0usize;
    for planned in &plan.changes {
        let text = change(planned, plan.profiles.len() > 1);
        match left_out > 0 || page.len() + text.len() > MAX_BYTES - END {
            true => left_out += 1,
            false => page.push_str(&text),
        }
    }
    if left_out > 0 {
        page.push_str(&format!(
            "\n**Cut:** the last {left_out} changes are left out, because the page may hold {MAX_BYTES} bytes. \
             `--format json` shows all.\n"
        ));
    }
    open(plan, &mut page);
    accepted(plan, &mut page);
    page.push_str(&format!("\n{}\n", escape(&plan.tlp)));
    out.write_all(page.as_bytes())
}

fn change(change: &PlannedChange, several: bool) -> String {
    let mut text = format!("\n## {}. {}\n\n", change.step, escape(&title(change)));
    let mut item = |label: &str, words: String| {
        if !words.is_empty() {
            text.push_str(&format!("- **{label}**: {words}\n"));
        }
    };
    item(
        "Severity",
        format!(
            "{}, {}; it takes {}",
            change.severity,
            change.obligation,
            effort(change.effort)
        ),
    );
    item("On", escape(&targets(&change.targets)));
    for demand in &change.demands {
        let mut words = format!("{} ({})", escape(&demand.title), code(&demand.check));
        for parameters in parameters(demand) {
            words.push_str(&format!("; {}", escape(&parameters)));
        }
        item("Wanted", words);
    }
    for line in requirements(change, several).lines() {
        item("Closes", escape(line));
    }
    for breaks in &change.breaks {
        item("Breaks", escape(breaks));
    }
    let steps: Vec<String> = change.after.iter().map(u64::to_string).collect();
    item("After step", steps.join(", "));
    item("Or", escape(&first_of(&change.instead, MOST_NAMED)));
    if !change.next.is_empty() {
        let named = escape(&first_of(&change.next, MOST_NAMED));
        item("Then scan again, to judge", named);
    }
    for how in &change.how {
        match how.product.as_str() {
            "text" => text.push_str(&format!("\n{}\n", escape(&how.text))),
            product => {
                text.push_str(&format!("\n{}:\n\n{}", escape(product), fenced(&how.text)));
            }
        }
    }
    let commands: Vec<&str> = change
        .verify
        .iter()
        .take(MOST_COMMANDS)
        .map(|verification| verification.command.as_str())
        .collect();
    if !commands.is_empty() {
        text.push_str(&format!("\nCheck it:\n\n{}", fenced(&commands.join("\n"))));
    }
    text
}

fn contradictions(contradictions: &[PlannedContradiction], page: &mut String) {
    if contradictions.is_empty() {
        return;
    }
    page.push_str("\n## The profiles contradict each other: decide which one to follow\n");
    for contradiction in contradictions {
        page.push_str(&format!(
            "\n**{}** (on {}). {}\n\n",
            escape(&contradiction.topic),
            escape(&targets(&contradiction.targets)),
            escape(&contradiction.why)
        ));
        for side in &contradiction.sides {
            let standing = match side.failing.is_empty() {
                true => "met now",
                false => "not met now",
            };
            page.push_str(&format!(
                "- {} {} ({}, {standing}): {}\n",
                escape(&side.profile),
                code(side.printed.as_deref().unwrap_or(&side.row)),
                side.obligation,
                escape(&side.text)
            ));
        }
    }
}

fn open(plan: &Plan, page: &mut String) {
    if plan.open.is_empty() {
        return;
    }
    page.push_str("\n## Look again: open, neither met nor to be changed yet\n\n");
    for (number, question) in plan.open.iter().enumerate() {
        if page.len() > MAX_BYTES - END / 2 {
            let more = u64::try_from(plan.open.len() - number).unwrap_or(u64::MAX);
            page.push_str(&format!(
                "\n**Cut:** {}.\n",
                words(more, "more place", "more places")
            ));
            return;
        }
        page.push_str(&format!("- {}\n", escape(&open_question(question))));
    }
}

fn accepted(plan: &Plan, page: &mut String) {
    if plan.accepted.is_empty() {
        return;
    }
    page.push_str("\n## Accepted until a date; fails, and is not planned\n\n");
    for (number, accepted) in plan.accepted.iter().enumerate() {
        if page.len() > MAX_BYTES - END / 4 {
            let more = u64::try_from(plan.accepted.len() - number).unwrap_or(u64::MAX);
            page.push_str(&format!(
                "\n**Cut:** {}.\n",
                words(more, "more failure", "more failures")
            ));
            return;
        }
        page.push_str(&format!(
            "- {}, {}: {} ({}), until {}, {}: {}\n",
            word(accepted.severity),
            escape(&accepted.target),
            escape(&accepted.title),
            code(&accepted.check),
            accepted.expires,
            escape(&accepted.owner),
            escape(&accepted.reason)
        ));
    }
}
