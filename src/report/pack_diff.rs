//! What differs between two packs: for a person, as Markdown, and as JSON.

use std::io::{self, Write};

use super::markdown::escape;
use super::page::{Page, Style, line, words};
use super::table::TableOptions;
use crate::model::{
    finding::PackRef,
    pack_diff::{ChangedCheck, ChangedProfile, PackDiff, ProfileChange},
};

/// Writes the difference for a terminal.
///
/// # Errors
/// When `out` cannot be written.
pub fn table(diff: &PackDiff, options: TableOptions, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(options, out);
    page.text(Style::Strong, &title(diff))?;
    for (what, pack) in [("old", &diff.old), ("new", &diff.new)] {
        page.text(Style::Faint, &format!("{what} {}", digests(pack)))?;
    }
    page.text(Style::Plain, &counts(diff))?;
    for (heading, lines) in sections(diff) {
        page.heading(&heading)?;
        for text in lines {
            page.text(Style::Plain, &line(&text))?;
        }
    }
    Ok(())
}

/// Writes the difference as Markdown.
///
/// # Errors
/// When `out` cannot be written.
pub fn markdown(diff: &PackDiff, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# {}\n", escape(&title(diff)))?;
    for (what, pack) in [("old", &diff.old), ("new", &diff.new)] {
        writeln!(out, "- {what} {}", escape(&digests(pack)))?;
    }
    writeln!(out, "\n{}", escape(&counts(diff)))?;
    for (heading, lines) in sections(diff) {
        writeln!(out, "\n## {}\n", escape(&heading))?;
        for text in lines {
            writeln!(out, "- {}", escape(&line(&text)))?;
        }
    }
    Ok(())
}

/// Writes the document itself, indented, with a newline at its end.
///
/// # Errors
/// When `out` cannot be written.
pub fn json(diff: &PackDiff, out: &mut dyn Write) -> io::Result<()> {
    super::json::write(diff, out)
}

fn title(diff: &PackDiff) -> String {
    format!("{} and {}", diff.old, diff.new)
}

fn digests(pack: &PackRef) -> String {
    let file = pack
        .file
        .as_deref()
        .map(|file| format!(", file digest {file}"));
    format!("content digest {}{}", pack.digest, file.unwrap_or_default())
}

fn counts(diff: &PackDiff) -> String {
    let number = |list: usize| u64::try_from(list).unwrap_or(u64::MAX);
    let anew = diff.profiles.iter().map(|profile| profile.anew.len()).sum();
    match diff.lines().is_empty() {
        true => "They judge and say the same.".to_owned(),
        false => format!(
            "{}, {} removed; {} otherwise, {} in words only; {} of a baseline would start anew.",
            words(number(diff.added.len()), "check added", "checks added"),
            diff.removed.len(),
            words(number(diff.judged.len()), "judges", "judge"),
            words(number(diff.words.len()), "changed", "changed"),
            words(number(anew), "line", "lines")
        ),
    }
}

/// What is told, each under its heading.
fn sections(diff: &PackDiff) -> Vec<(String, Vec<String>)> {
    let with_parts = |checks: &[ChangedCheck]| -> Vec<String> {
        let told = checks.iter();
        told.map(|check| format!("{}: {}", check.id, check.parts.join(", ")))
            .collect()
    };
    let tables = diff.tables.iter().map(|table| {
        let edition = |edition: &Option<String>| edition.clone().unwrap_or("none".to_owned());
        let (old, new) = (edition(&table.old), edition(&table.new));
        format!("{}: {old}, now {new}", table.name)
    });
    let mut sections = vec![
        (
            "Judge otherwise: results from before and after are not compared".to_owned(),
            with_parts(&diff.judged),
        ),
        ("Changed in words only".to_owned(), with_parts(&diff.words)),
        ("Checks added".to_owned(), diff.added.clone()),
        ("Checks removed".to_owned(), diff.removed.clone()),
    ];
    sections.extend(diff.profiles.iter().map(profile));
    sections.push(("Editions of tables".to_owned(), tables.collect()));
    sections.push(("Other files".to_owned(), diff.files.clone()));
    sections.retain(|(_, lines)| !lines.is_empty());
    sections
}

fn profile(profile: &ChangedProfile) -> (String, Vec<String>) {
    let mut lines = Vec::new();
    match profile.change {
        ProfileChange::Added => lines.push("is new".to_owned()),
        ProfileChange::Removed => lines.push("is gone".to_owned()),
        ProfileChange::Words => lines.push("judges the same".to_owned()),
        ProfileChange::Judged => {}
    }
    for entry in &profile.anew {
        let because: Vec<&str> = entry.because.iter().map(String::as_str).collect();
        lines.push(match because.is_empty() {
            true => format!("{} starts anew: its roles, dates or scope", entry.name),
            false => format!("{} starts anew: {}", entry.name, because.join(", ")),
        });
    }
    let names = profile.added.iter();
    lines.extend(names.map(|name| format!("{name} is added")));
    let names = profile.removed.iter();
    lines.extend(names.map(|name| format!("{name} is removed: its line ends")));
    for level in &profile.levels {
        lines.push(format!(
            "{} is {}, was {}: its line goes on",
            level.name, level.new, level.old
        ));
    }
    (format!("Profile {}", profile.id), lines)
}
