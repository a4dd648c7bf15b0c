//! A page of checks for each area, and one that lists them all.

use std::collections::BTreeMap;

use super::{
    MARK,
    markdown::{cell, code, fence, table},
};
use crate::content::{Content, check_file::LoadedCheck};
use crate::model::{
    check::Effort,
    profile::{Obligation, ProfileEntry},
};

/// `checks.md`, and `checks-AREA.md` for the first word of the ids.
pub(super) fn pages(content: &Content) -> BTreeMap<String, String> {
    let mut by_area: BTreeMap<&str, Vec<&LoadedCheck>> = BTreeMap::new();
    for (id, check) in &content.checks {
        let area = id.split('.').next().unwrap_or_default();
        by_area.entry(area).or_default().push(check);
    }
    let askers = askers(content);
    let mut pages = BTreeMap::new();
    let mut index = format!(
        "{MARK}\n\n# Checks\n\nEvery check that is part of the program. `scrutineer explain CHECK` tells the same at a terminal.\n"
    );
    for (area, checks) in by_area {
        let file = format!("checks-{area}.md");
        let rows: Vec<Vec<String>> = checks
            .iter()
            .map(|loaded| {
                let check = &loaded.check;
                vec![
                    format!("[{}]({file}#{})", code(&check.id), anchor(&check.id)),
                    check.control.clone(),
                    check.severity.to_string(),
                    loaded.level().to_string(),
                    cell(&check.title),
                ]
            })
            .collect();
        index += &format!("\n## {area}\n\n");
        index += &table(
            &["check", "control", "severity", "level", "what it demands"],
            &rows,
        );
        let mut page = format!("{MARK}\n\n# Checks of the area `{area}`\n");
        for loaded in checks {
            page += &section(loaded, askers.get(loaded.check.id.as_str()));
        }
        pages.insert(file, page);
    }
    pages.insert("checks.md".to_owned(), index);
    pages
}

/// Who asks for a check: the profiles with the most binding level of each.
type Askers<'c> = BTreeMap<&'c str, BTreeMap<&'c str, Obligation>>;

fn askers(content: &Content) -> Askers<'_> {
    let mut askers: Askers<'_> = BTreeMap::new();
    for id in content.profiles.keys() {
        let Ok(merged) = content.merged(id) else {
            continue;
        };
        for entry in merged.entries {
            for used in uses(entry.entry) {
                let level = entry.entry.level;
                askers
                    .entry(used)
                    .or_default()
                    .entry(id)
                    .and_modify(|known| *known = (*known).max(level))
                    .or_insert(level);
            }
        }
    }
    askers
}

fn uses(entry: &ProfileEntry) -> impl Iterator<Item = &str> {
    let all = entry.checks.iter().chain(entry.any_of.iter().flatten());
    all.map(|used| used.id.as_str())
}

fn section(loaded: &LoadedCheck, askers: Option<&BTreeMap<&str, Obligation>>) -> String {
    let check = &loaded.check;
    let effort = match check.effort {
        Effort::Low => "a line of configuration",
        Effort::Medium => "a change with tests and a maintenance window",
        Effort::High => "a project",
    };
    let mut out = format!("\n## {}\n\n**{}.**\n\n", check.id, cell(&check.title));
    out += &format!(
        "Severity {}, control [{}](controls.md#{}), level {}; mending it takes {effort}.\n\n{}\n",
        check.severity,
        check.control,
        anchor(&check.control),
        loaded.level(),
        cell(&check.rationale),
    );
    if let Some(breaks) = &check.breaks {
        out += &format!("\nWhat mending it breaks: {}\n", cell(breaks));
    }
    out += "\n### How to mend it\n";
    if let Some(text) = check.remediation.get("text") {
        out += &format!("\n{}\n", cell(text));
    }
    for (product, text) in check.remediation.iter().filter(|(key, _)| *key != "text") {
        out += &format!("\n{product}:\n\n{}", fence("text", text));
    }
    let rows: Vec<Vec<String>> = check
        .params
        .iter()
        .map(|(name, decl)| {
            let default = match &decl.default {
                serde_json::Value::Null => "set by the profile".to_owned(),
                value => code(&shortened(&value.to_string())),
            };
            vec![code(name), cell(&decl.kind), default]
        })
        .collect();
    if !rows.is_empty() {
        out += "\n### What a profile may set\n\n";
        out += &table(&["parameter", "type", "default"], &rows);
    }
    out += "\n### Facts it reads\n\n";
    let mut facts: Vec<&str> = loaded
        .program
        .facts()
        .iter()
        .map(|fact| fact.path.as_str())
        .collect();
    facts.sort_unstable();
    facts.dedup();
    let facts: Vec<String> = facts.into_iter().map(code).collect();
    out += &format!("{}\n", facts.join(", "));
    if let Some(askers) = askers {
        let askers: Vec<String> = askers
            .iter()
            .map(|(id, level)| format!("{id} ({level})"))
            .collect();
        out += &format!("\n### Profiles that ask for it\n\n{}\n", askers.join(", "));
    }
    let references: Vec<String> = check.references.iter().map(|text| cell(text)).collect();
    out += &format!("\n### Where to read more\n\n{}\n", references.join("; "));
    out
}

/// The anchor of a heading, as mdBook makes it.
pub(super) fn anchor(heading: &str) -> String {
    heading
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c.to_ascii_lowercase()),
            _ => None,
        })
        .collect()
}

/// A value, cut where it is a long list.
pub(super) fn shortened(text: &str) -> String {
    const MOST: usize = 160;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    format!("{}...", text.chars().take(MOST).collect::<String>())
}
