//! What changed between two results: for a person, as Markdown, and as JSON.

use std::io::{self, Write};

use super::markdown::escape;
use super::marks::not_compared;
use super::page::{Page, Style, line, words};
use super::table::TableOptions;
use crate::model::diff::{Diff, DiffEntry, DiffKind, InstanceChange};

/// Items of a change that are shown.
const MAX_INSTANCES: usize = 3;
/// Changes of a kind, and things that could not be compared, that are shown.
const MAX_LINES: usize = 200;

/// The kinds in the order in which they are told.
const KINDS: [(DiffKind, &str); 4] = [
    (DiffKind::New, "New"),
    (
        DiffKind::NoLongerObservable,
        "No longer observable: not known to be mended",
    ),
    (DiffKind::Fixed, "Fixed"),
    (DiffKind::Unchanged, "Unchanged"),
];

/// Writes the diff for a terminal.
///
/// # Errors
/// When `out` cannot be written.
pub fn table(diff: &Diff, options: TableOptions, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(options, out);
    page.text(Style::Strong, &title(diff))?;
    page.text(Style::Faint, &line(&diff.tlp))?;
    page.text(Style::Plain, &counts(diff))?;
    if let Some(mind) = mind(diff) {
        page.text(Style::Medium, &mind)?;
    }
    for (kind, heading) in KINDS {
        let entries: Vec<&DiffEntry> = of_kind(diff, kind).collect();
        if entries.is_empty() {
            continue;
        }
        page.heading(heading)?;
        let mut rows: Vec<Vec<(Style, String)>> = entries
            .iter()
            .take(MAX_LINES)
            .map(|entry| {
                let severity = entry.severity.map(|severity| severity.to_string());
                let mut text = vec![about(entry)];
                text.extend(instances(entry));
                vec![
                    (Style::Faint, severity.unwrap_or_default().to_uppercase()),
                    (Style::Plain, text.join("\n")),
                ]
            })
            .collect();
        if let more @ 1.. = entries.len().saturating_sub(MAX_LINES) {
            rows.push(vec![
                (Style::Plain, String::new()),
                (Style::Faint, format!("and {more} more")),
            ]);
        }
        page.list(&[8], &rows)?;
    }
    if !diff.not_compared.is_empty() {
        page.heading("Not comparable")?;
        for text in apart(diff) {
            page.text(Style::Plain, &text)?;
        }
    }
    Ok(())
}

/// Writes the diff as Markdown, for the summary of a CI step or a ticket.
///
/// # Errors
/// When `out` cannot be written.
pub fn markdown(diff: &Diff, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# {}\n", escape(&title(diff)))?;
    writeln!(out, "{}\n\n{}", escape(&diff.tlp), escape(&counts(diff)))?;
    if let Some(mind) = mind(diff) {
        writeln!(out, "\n{}", escape(&mind))?;
    }
    for (kind, heading) in KINDS {
        let entries: Vec<&DiffEntry> = of_kind(diff, kind).collect();
        if entries.is_empty() {
            continue;
        }
        writeln!(out, "\n## {heading}\n")?;
        for entry in entries.iter().take(MAX_LINES) {
            let severity = entry.severity.map(|severity| format!("**{severity}** "));
            let severity = severity.unwrap_or_default();
            writeln!(out, "- {severity}{}", escape(&about(entry)))?;
            for text in instances(entry) {
                writeln!(out, "  - {}", escape(&text))?;
            }
        }
        if let more @ 1.. = entries.len().saturating_sub(MAX_LINES) {
            writeln!(out, "- and {more} more")?;
        }
    }
    if !diff.not_compared.is_empty() {
        writeln!(out, "\n## Not comparable\n")?;
        for text in apart(diff) {
            writeln!(out, "- {}", escape(&text))?;
        }
    }
    Ok(())
}

/// Writes the document itself, indented, with a newline at its end.
///
/// # Errors
/// When `out` cannot be written.
pub fn json(diff: &Diff, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, diff)?;
    out.write_all(b"\n")
}

fn title(diff: &Diff) -> String {
    let of = match &diff.organisation {
        Some(organisation) => format!("{organisation}: "),
        None => String::new(),
    };
    line(&format!(
        "{of}{} ({}) and since: {} ({})",
        diff.old.source, diff.old.run_started, diff.new.source, diff.new.run_started
    ))
}

fn counts(diff: &Diff) -> String {
    let counts = diff.counts;
    format!(
        "{} new, {} fixed, {} unchanged, {} no longer observable, {} still met, {} not comparable",
        counts.new,
        counts.fixed,
        counts.unchanged,
        counts.no_longer_observable,
        counts.still_pass,
        counts.not_compared
    )
}

fn mind(diff: &Diff) -> Option<String> {
    let words: Vec<&str> = diff.differences.iter().map(|d| d.words()).collect();
    (!words.is_empty()).then(|| format!("Mind: {}", words.join(", ")))
}

fn of_kind(diff: &Diff, kind: DiffKind) -> impl Iterator<Item = &DiffEntry> {
    diff.changes.iter().filter(move |entry| entry.kind == kind)
}

fn about(entry: &DiffEntry) -> String {
    let check = match &entry.variant {
        None => entry.check.to_string(),
        Some(variant) => format!("{} as {}", entry.check.as_str(), variant.as_str()),
    };
    let now = match entry.now {
        Some(now) => now.to_string(),
        None => "target not observed".to_owned(),
    };
    line(&format!(
        "{}: {} ({check}; {}, now {now})",
        entry.target.as_str(),
        entry.title.as_str(),
        entry.before
    ))
}

fn instances(entry: &DiffEntry) -> Vec<String> {
    let mut told: Vec<String> = entry
        .instances
        .iter()
        .filter(|i| !i.message.is_empty() || i.addresses_before.is_some())
        .map(|instance| {
            let change = match instance.change {
                InstanceChange::New => "new",
                InstanceChange::Unchanged => "as before",
                InstanceChange::Gone => "gone",
            };
            let list = |addresses: &[crate::model::shared::Shared<String>]| {
                let all: Vec<&str> = addresses.iter().map(|a| a.as_str()).collect();
                all.join(" ")
            };
            let moved = instance.addresses_before.as_deref().map(|before| {
                format!(
                    "; at {}, before at {}",
                    list(&instance.addresses),
                    list(before)
                )
            });
            line(&format!(
                "{change}: {}{}",
                instance.message,
                moved.unwrap_or_default()
            ))
        })
        .collect();
    let more = told.len().saturating_sub(MAX_INSTANCES);
    told.truncate(MAX_INSTANCES);
    if more > 0 {
        told.push(format!("and {more} more"));
    }
    if entry.more_instances {
        told.push("not all of them are listed".to_owned());
    }
    told
}

fn apart(diff: &Diff) -> Vec<String> {
    let shown = diff.not_compared.iter().take(MAX_LINES);
    let mut lines: Vec<String> = shown.map(not_compared).collect();
    let more = diff.not_compared.len().saturating_sub(MAX_LINES);
    if more > 0 {
        let more = u64::try_from(more).unwrap_or(u64::MAX);
        lines.push(format!("and {}", words(more, "more", "more")));
    }
    lines
}
