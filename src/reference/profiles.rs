//! The page of profiles: what each demands, by which checks.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    MARK,
    checks::shortened,
    markdown::{cell, code, table},
};
use crate::content::{Content, diagnostic::Diagnostics};
use crate::model::profile::{CheckUse, ProfileEntry, Scope};

pub(super) fn page(content: &Content) -> Result<String, Diagnostics> {
    let mut out = format!(
        "{MARK}\n\n# Profiles\n\nWhat each guideline demands, as far as checks judge it. `scrutineer profiles show ID --coverage` also shows what \
         is left out, and why.\n"
    );
    for (id, loaded) in &content.profiles {
        let profile = &loaded.profile;
        let merged = content.merged(id)?;
        out += &format!("\n## {id}\n\n{}.", cell(&profile.title));
        if let Some(source) = &profile.source {
            out += &format!(" {}.", cell(&source.to_string()));
        }
        if let Some(extends) = &profile.extends {
            out += &format!(" Extends {}.", code(extends));
        }
        out += "\n\n";
        let mut rows = Vec::new();
        for merged in &merged.entries {
            let entry = merged.entry;
            let row = content.guidance.row(&entry.row).map_err(Clone::clone)?;
            let control = entry.row.strip_prefix("control#");
            let text = match (row, control.and_then(|id| content.control(id))) {
                (Some(row), _) => row.text.as_str(),
                (None, Some(loaded)) => loaded.control.title.as_str(),
                (None, None) => "",
            };
            rows.push(vec![
                entry.level.to_string(),
                name_of(entry),
                cell(text),
                checks(entry),
                conditions(entry),
            ]);
        }
        out += &table(
            &["level", "requirement", "in our words", "checks", "applies"],
            &rows,
        );
    }
    Ok(out)
}

fn name_of(entry: &ProfileEntry) -> String {
    match &entry.variant {
        Some(variant) => format!("{} as {}", code(&entry.row), cell(variant)),
        None => code(&entry.row),
    }
}

fn checks(entry: &ProfileEntry) -> String {
    let all = |uses: &[CheckUse]| uses.iter().map(one).collect::<Vec<_>>().join(" and ");
    let mut ways: Vec<String> = entry.any_of.iter().map(|uses| all(uses)).collect();
    if !entry.checks.is_empty() {
        ways.insert(0, all(&entry.checks));
    }
    ways.join(", or ")
}

fn one(used: &CheckUse) -> String {
    match used.params.is_empty() {
        true => code(&used.id),
        false => format!("{} with {}", code(&used.id), params(&used.params)),
    }
}

fn params(params: &BTreeMap<String, Value>) -> String {
    let each = params
        .iter()
        .map(|(name, value)| code(&shortened(&format!("{name} = {value}"))));
    each.collect::<Vec<_>>().join(", ")
}

fn conditions(entry: &ProfileEntry) -> String {
    let mut words = Vec::new();
    if !entry.roles.is_empty() {
        let roles: Vec<&str> = entry.roles.iter().map(|role| role.key()).collect();
        words.push(format!("to {}", roles.join(", ")));
    }
    match entry.over {
        Scope::Target => {}
        Scope::Organisation => words.push("when every target meets it".to_owned()),
        Scope::AnyTarget => words.push("when one target meets it".to_owned()),
    }
    words.extend(entry.from.as_ref().map(|from| format!("from {from}")));
    words.extend(entry.until.as_ref().map(|until| format!("until {until}")));
    if entry.not_judged.is_some() {
        words.push("in part".to_owned());
    }
    words.join("; ")
}
