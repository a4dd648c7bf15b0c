//! A page in GitHub-flavoured Markdown, for the summary of a CI step or a ticket.
//!
//! The summary of a GitHub step takes at most 1 MiB and shows nothing of one
//! that is larger. The gravest findings come first, and what no longer fits is
//! left out, with a sentence that says how many.

use std::collections::HashSet;
use std::io::{self, Write};

use super::marks::{against, waiver_notes};
use super::spoofing;
use super::wording::{check, effort, gravity, line, lines, marks, message, standing, word};
use crate::model::{
    finding::{Effect, Finding, Findings},
    verdict::Verdict,
};

/// Most bytes that are written; GitHub's limit of 1,048,576 leaves a little for
/// what else the step writes.
pub const MAX_BYTES: usize = 1_000_000;
/// Bytes kept for the end of the page.
const END: usize = 2_000;
/// Bytes that the lists of findings leave for the advice.
const ADVICE: usize = 150_000;
/// Notes about waivers that are written.
const MAX_NOTES: usize = 50;

/// Writes the page.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(document: &Findings, out: &mut dyn Write) -> io::Result<()> {
    let mut page = String::new();
    head(document, &mut page);
    targets(document, &mut page);
    let mut findings: Vec<&Finding> = document.findings.iter().collect();
    findings.sort_by_key(|finding| gravity(finding));
    let listed = list(document, &findings, &mut page);
    controls(document, &mut page);
    let shown = findings.get(..listed).unwrap_or_default();
    let advised = advice(shown, &mut page);
    let cut = [
        (findings.len().saturating_sub(listed), "findings"),
        (advised, "explanations"),
    ];
    for (count, what) in cut {
        if count > 0 {
            page.push_str(&format!(
                "\n**Cut:** {count} {what} are left out, because the page may hold {MAX_BYTES} bytes. \
                 `--format html` and `--format json` show all.\n"
            ));
        }
    }
    page.push_str(&format!("\n{}\n", escape(&document.tlp)));
    out.write_all(page.as_bytes())
}

fn head(document: &Findings, page: &mut String) {
    let whose = match &document.organisation {
        Some(organisation) => format!("{organisation}: "),
        None => String::new(),
    };
    let gate = &document.gate;
    let outcome = match gate.exit {
        0 => "passed",
        1 => "failed",
        _ => "cannot say: not enough could be observed",
    };
    page.push_str(&format!(
        "# {}{}\n\n{}\n\n**Gate {outcome}** (exit {}, as of {}): {}\n",
        escape(&whose),
        escape(&document.profile.title),
        escape(&document.tlp),
        gate.exit,
        document.dates.as_of,
        escape(&gate.why.join("; ")),
    ));
    if let Some(earlier) = &document.against {
        let apart = earlier.not_compared.len();
        page.push_str(&format!(
            "\nCompared {}; {apart} places could not be compared\n",
            escape(&against(earlier))
        ));
    }
    let notes = waiver_notes(document);
    for note in notes.iter().take(MAX_NOTES) {
        page.push_str(&format!("\n{}\n", escape(note)));
    }
    if let more @ 1.. = notes.len().saturating_sub(MAX_NOTES) {
        page.push_str(&format!("\nand {more} more notes about waivers\n"));
    }
}

fn targets(document: &Findings, page: &mut String) {
    page.push_str("\n## Targets\n\n");
    page.push_str("| Target | critical | high | medium | low | advised | open | met |\n");
    page.push_str("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    let mut left_out = 0u64;
    for target in &document.targets {
        if page.len() > MAX_BYTES / 4 {
            left_out += 1;
            continue;
        }
        let failures = target.failures;
        let blind: Vec<&str> = target.blind.iter().map(|area| area.key()).collect();
        let seen = match (target.observed_at, blind.is_empty()) {
            (None, _) => " **not observed**".to_owned(),
            (_, false) => format!(" **nothing seen of {}**", blind.join(", ")),
            _ => String::new(),
        };
        page.push_str(&format!(
            "| {}{seen} | {} | {} | {} | {} | {} | {} | {} |\n",
            code(&target.key),
            failures.critical,
            failures.high,
            failures.medium,
            failures.low.saturating_add(failures.info),
            target.warnings.total(),
            target.open.saturating_add(target.not_asked),
            target.passed,
        ));
    }
    if left_out > 0 {
        page.push_str(&format!("\n**Cut:** {left_out} targets are left out.\n"));
    }
    for target in &document.targets {
        let Some(known) = &target.spoofing else {
            continue;
        };
        if page.len() > MAX_BYTES / 4 {
            page.push_str("\n**Cut:** answers about mail of more targets are left out.\n");
            return;
        }
        page.push_str(&format!(
            "\n{}\n",
            escape(&spoofing::answer(&target.key, known))
        ));
    }
}

/// Lists findings by what they do, and returns how many of them fitted.
fn list(document: &Findings, findings: &[&Finding], page: &mut String) -> usize {
    let limit = MAX_BYTES - END - ADVICE;
    let mut listed = 0;
    for group in findings.chunk_by(|one, other| one.effect == other.effect) {
        let title = match group.first().map(|finding| finding.effect) {
            Some(Effect::Failure) => "Must be mended",
            Some(Effect::Warning) => "Should be mended",
            Some(Effect::Open) => "Open: could not be seen, and not met",
            _ => "Also found; decides nothing by itself",
        };
        page.push_str(&format!("\n## {title}\n\n"));
        page.push_str("| Severity | Target | What | Check | Marked |\n");
        page.push_str("| --- | --- | --- | --- | --- |\n");
        for finding in group {
            let row = row(document, finding);
            if page.len() + row.len() > limit {
                return listed;
            }
            page.push_str(&row);
            listed += 1;
        }
    }
    listed
}

fn row(document: &Findings, finding: &Finding) -> String {
    let others = u64::try_from(finding.instances.len().saturating_sub(1))
        .unwrap_or(u64::MAX)
        .saturating_add(finding.more_instances);
    let more = match others {
        0 => String::new(),
        others => format!(" *and {others} more*"),
    };
    format!(
        "| {} | {} | {}{more} | {} | {} |\n",
        word(finding.severity),
        code(&finding.target),
        escape(&message(document, finding)),
        code(&check(finding)),
        escape(&marks(finding).join("; ")),
    )
}

fn controls(document: &Findings, page: &mut String) {
    let mut rows: Vec<_> = document
        .controls
        .iter()
        .filter(|control| control.verdict != Verdict::NotApplicable)
        .collect();
    if rows.is_empty() {
        return;
    }
    rows.sort_by_key(|control| std::cmp::Reverse(control.verdict));
    page.push_str("\n## Controls\n\n| Standing | Control | |\n| --- | --- | --- |\n");
    for control in rows {
        page.push_str(&format!(
            "| {} | {} | {} |\n",
            standing(control.verdict, control.obligation),
            code(&control.id),
            escape(&control.title)
        ));
        if page.len() > MAX_BYTES - END - ADVICE / 2 {
            page.push_str("\n**Cut:** further controls are left out.\n");
            return;
        }
    }
}

/// Says of each check once how to mend it, and returns how many did not fit.
fn advice(findings: &[&Finding], page: &mut String) -> usize {
    let mut told = HashSet::new();
    let mut left_out = 0;
    for finding in findings {
        let wanted = finding.verdict == Verdict::Fail
            && matches!(finding.effect, Effect::Failure | Effect::Warning);
        if !wanted || !told.insert((finding.check.as_str(), finding.variant.as_deref())) {
            continue;
        }
        let mut text = match told.len() {
            1 => "\n## How to mend it\n".to_owned(),
            _ => String::new(),
        };
        text.push_str(&format!(
            "\n### {}\n\n{} ({}): {} It takes {}.\n",
            escape(&finding.title),
            code(&finding.control),
            code(&check(finding)),
            escape(&finding.rationale),
            effort(finding.effort)
        ));
        for (product, advice) in finding.remediation.iter() {
            match product.as_str() {
                "text" => text.push_str(&format!("\n{}\n", escape(advice))),
                product => {
                    text.push_str(&format!("\n{}:\n\n{}", escape(product), fenced(advice)));
                }
            }
        }
        if let Some(evidence) = finding.evidence.first() {
            text.push_str(&format!("\nCheck it:\n\n{}", fenced(&evidence.reproduce)));
        }
        if page.len() + text.len() > MAX_BYTES - END {
            left_out += 1;
        } else {
            page.push_str(&text);
        }
    }
    left_out
}

/// One line of text without any meaning to Markdown, to HTML or to services that
/// make links of names and numbers.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in line(text).chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            // A comment keeps the sign from what follows: no one is called, nothing linked.
            '@' => escaped.push_str("@<!-- -->"),
            ',' | ';' | '\'' | '"' | '/' | '%' | '?' => escaped.push(c),
            c if c.is_ascii_punctuation() => {
                escaped.push('\\');
                escaped.push(c);
            }
            c => escaped.push(c),
        }
    }
    escaped
}

/// One line as code, which takes nothing for markup. It may stand in a table.
pub(super) fn code(text: &str) -> String {
    let text = line(text);
    if text.trim().is_empty() {
        return String::new();
    }
    let ticks = "`".repeat(longest_run(&text) + 1);
    let pad = if ticks.len() > 1 { " " } else { "" };
    // Tables are cut at bars before code is looked for.
    format!("{ticks}{pad}{}{pad}{ticks}", text.replace('|', "\\|"))
}

/// Lines as a block of code.
pub(super) fn fenced(text: &str) -> String {
    let text = lines(text);
    let fence = "`".repeat(longest_run(&text).max(2) + 1);
    format!("{fence}\n{text}\n{fence}\n")
}

/// The longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_text() {
        let cases = [
            ("a|b", "a\\|b"),
            ("<img src=x>", "&lt;img src\\=x&gt;"),
            (
                "[x](https://evil.example)",
                "\\[x\\]\\(https\\://evil\\.example\\)",
            ),
            ("@all", "@<!-- -->all"),
            ("two\nlines", "two lines"),
        ];
        for (given, expected) in cases {
            assert_eq!(escape(given), expected);
        }
        assert_eq!(code("a`b|c"), "`` a`b\\|c ``");
        assert_eq!(code("vote.example"), "`vote.example`");
        assert_eq!(fenced("a\n```\nb"), "````\na\n```\nb\n````\n");
    }
}
