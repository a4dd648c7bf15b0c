//! The page of controls: what each is served by, and who asks for it.

use std::collections::BTreeMap;

use super::{
    MARK,
    checks::anchor,
    markdown::{cell, code, table},
};
use crate::content::{Content, diagnostic::Diagnostics};
use crate::model::control::{CONTROL_AREAS, Control, Relation, control_area};

pub(super) fn page(content: &Content) -> Result<String, Diagnostics> {
    let mut by_area: BTreeMap<usize, Vec<&Control>> = BTreeMap::new();
    for loaded in &content.controls {
        let (at, _) = control_area(&loaded.control.id);
        by_area.entry(at).or_default().push(&loaded.control);
    }
    let mut out = format!(
        "{MARK}\n\n# Controls\n\nThe lines of the common baseline. Several checks may serve one control, and requirements of national \
         guidelines map to it. A requirement marked *unverified* was not read in its source yet and decides nothing.\n"
    );
    for (at, controls) in by_area {
        let title = CONTROL_AREAS.get(at).map_or("Others", |(_, title)| title);
        out += &format!("\n# {title}\n");
        for control in controls {
            out += &section(content, control)?;
        }
    }
    Ok(out)
}

fn section(content: &Content, control: &Control) -> Result<String, Diagnostics> {
    let mut out = format!("\n## {}\n\n**{}.**\n\n", control.id, cell(&control.title));
    let checks: Vec<String> = content
        .checks
        .values()
        .filter(|loaded| loaded.check.control == control.id)
        .map(|loaded| {
            let id = &loaded.check.id;
            let area = id.split('.').next().unwrap_or_default();
            format!("[{}](checks-{area}.md#{})", code(id), anchor(id))
        })
        .collect();
    out += &match checks.is_empty() {
        true => "No check judges it yet.\n".to_owned(),
        false => format!("Judged by {}.\n", checks.join(", ")),
    };
    if let Some(source) = &control.source {
        out += &format!("\nSource: {}\n", cell(source));
    }
    let mut rows = Vec::new();
    for mapping in &control.maps_to {
        let row = content.guidance.row(&mapping.requirement);
        let Some(row) = row.map_err(Clone::clone)? else {
            continue;
        };
        let mark = if row.memory { " (*unverified*)" } else { "" };
        rows.push(vec![
            row.guideline.country.clone(),
            format!("{}{mark}", code(&row.key)),
            row.level.to_string(),
            relation(mapping.relation).to_owned(),
            cell(&row.text),
        ]);
    }
    rows.sort();
    if !rows.is_empty() {
        out.push('\n');
        out += &table(
            &["who", "requirement", "level", "asks for", "in our words"],
            &rows,
        );
    }
    Ok(out)
}

fn relation(relation: Relation) -> &'static str {
    match relation {
        Relation::Equal => "the same",
        Relation::Stricter => "more",
        Relation::Looser => "less",
        Relation::Partial => "a part",
        Relation::Conflict => "the opposite",
    }
}
