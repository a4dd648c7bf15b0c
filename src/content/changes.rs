//! `changes.yaml`: what an administrator does at once, and in which order.
//!
//! A check may say with which others it is mended (`change`), what must be met
//! before (`after`), and what mending it breaks (`breaks`). None of that
//! decides a verdict, so none of it is in the digest of the check.

use std::collections::BTreeMap;

use super::check_file::{self, LoadedCheck};
use super::diagnostic::{Diagnostic, Diagnostics, did_you_mean};
use super::files::FoundFile;
use super::reader::{Fields, Reader, Text};
use super::source::Place;
use super::yaml::{self, Kind, Limits, Node};
use crate::model::check::ChangeGroup;

/// A change and where it is defined.
#[derive(Clone, Debug)]
pub struct LoadedChange {
    /// The change.
    pub change: ChangeGroup,
    /// Its id in the file.
    pub place: Place,
}

/// What a check says of being mended.
pub(super) struct Mending {
    pub change: Option<String>,
    pub after: Vec<String>,
    pub breaks: Option<String>,
}

/// Reads a file of changes, in its order.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(file: &FoundFile) -> Result<Vec<LoadedChange>, Diagnostics> {
    let root = yaml::parse(&file.source, Limits::CONTENT)?;
    let mut reader = Reader::new(&file.source);
    let mut changes: Vec<LoadedChange> = Vec::new();
    let items = reader
        .fields(&root, "a file of changes", &["changes"], &["changes"])
        .and_then(|fields| fields.get("changes"))
        .and_then(|node| reader.list(node, "changes"))
        .unwrap_or_default();
    for item in items {
        let Some((id, change)) = change(&mut reader, item) else {
            continue;
        };
        let place = reader.place(&id.span);
        if let Some(first) = changes.iter().find(|known| known.change.id == id.value) {
            reader.problems.push(
                Diagnostic::error(place, format!("the change `{}` is defined twice", id.value))
                    .also(first.place.clone(), "it is defined here first"),
            );
            continue;
        }
        changes.push(LoadedChange { change, place });
    }
    if reader.problems.has_errors() {
        Err(reader.problems)
    } else {
        Ok(changes)
    }
}

fn change(reader: &mut Reader, node: &Node) -> Option<(Text, ChangeGroup)> {
    let known = ["id", "title", "remediation"];
    let fields = reader.fields(node, "a change", &known, &["id", "title"])?;
    let id = reader.text_at(&fields, "id");
    let title = reader.text_at(&fields, "title");
    let remediation = check_file::remediation(reader, &fields).unwrap_or_default();
    let id = id?;
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    // A dot would make it look like the id of a check, which is a change of its own.
    if !id.value.chars().all(fits) || id.value.len() > 60 {
        reader.error_help(
            &id.span,
            format!("`{}` is not the id of a change", id.value),
            Some("write lower-case letters, digits and hyphens, as tls-versions".to_owned()),
        );
    }
    let change = ChangeGroup {
        id: id.value.clone(),
        title: title?.value,
        remediation,
    };
    Some((id, change))
}

/// Reads `change`, `after` and `breaks` of a check.
pub(super) fn mending(reader: &mut Reader, fields: &Fields<'_>, changes: &[&str]) -> Mending {
    let change = reader.text_at(fields, "change");
    if let Some(change) = &change
        && !changes.contains(&change.value.as_str())
    {
        reader.error_help(
            &change.span,
            format!("there is no change `{}`", change.value),
            did_you_mean(&change.value, changes.iter().copied())
                .or_else(|| Some("changes stand in checks/changes.yaml".to_owned())),
        );
    }
    let after = fields
        .get("after")
        .map(|node| reader.texts(node, "after"))
        .unwrap_or_default();
    Mending {
        change: change.map(|text| text.value),
        after: after.into_iter().map(|text| text.value).collect(),
        breaks: reader.text_at(fields, "breaks").map(|text| text.value),
    }
}

/// Tells each `after` that names no check, and changes that wait for each
/// other: no order could keep that.
pub(super) fn lint(checks: &BTreeMap<String, LoadedCheck>) -> Diagnostics {
    let mut problems = Diagnostics::default();
    // For each change, the changes that it waits for, each with where that is said.
    let mut waits: BTreeMap<&str, BTreeMap<&str, Place>> = BTreeMap::new();
    for loaded in checks.values() {
        let own = loaded.check.change_id();
        for (index, id) in loaded.check.after.iter().enumerate() {
            let place = after_place(loaded, index);
            match checks.get(id) {
                None => problems.push(
                    Diagnostic::error(place, format!("there is no check `{id}`"))
                        .maybe_help(did_you_mean(id, checks.keys().map(String::as_str))),
                ),
                Some(other) if other.check.change_id() == own => problems.push(
                    Diagnostic::error(
                        place,
                        format!(
                            "`{id}` is mended by the same change `{own}`, so it cannot come first"
                        ),
                    )
                    .help("leave it out of `after`, or give one of the two another `change`"),
                ),
                Some(other) => {
                    let waits = waits.entry(own).or_default();
                    waits.entry(other.check.change_id()).or_insert(place);
                }
            }
        }
    }
    if let Some(ring) = ring(&waits) {
        let words: Vec<String> = ring.iter().map(|id| format!("`{id}`")).collect();
        let place = ring
            .first()
            .zip(ring.get(1))
            .and_then(|(one, other)| waits.get(one)?.get(other));
        if let Some(place) = place {
            problems.push(
                Diagnostic::error(
                    place.clone(),
                    format!("changes wait for each other: {}", words.join(" after ")),
                )
                .help("take one of the `after` lines out"),
            );
        }
    }
    problems
}

fn after_place(loaded: &LoadedCheck, index: usize) -> Place {
    let item = match loaded.root.get("after").map(|node| &node.kind) {
        Some(Kind::List(items)) => items.get(index),
        _ => None,
    };
    loaded
        .source
        .place(item.map_or(0..0, |node| node.span.clone()))
}

/// Changes that wait for each other, the first again at the end.
fn ring<'a>(waits: &BTreeMap<&'a str, BTreeMap<&'a str, Place>>) -> Option<Vec<&'a str>> {
    let mut open: Vec<&str> = waits.keys().copied().collect();
    // Take away what waits for nothing that is left, until nothing changes: the rest is rings
    // and what waits for them.
    loop {
        let before = open.len();
        let left = open.clone();
        open.retain(|id| {
            let mut others = waits.get(id).into_iter().flat_map(BTreeMap::keys);
            others.any(|other| left.contains(other))
        });
        if open.len() == before {
            break;
        }
    }
    let mut way = vec![*open.first()?];
    loop {
        let last = *way.last()?;
        let next = *waits.get(last)?.keys().find(|other| open.contains(other))?;
        if let Some(start) = way.iter().position(|id| *id == next) {
            way.push(next);
            return way.get(start..).map(<[&str]>::to_vec);
        }
        way.push(next);
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use crate::content::Content;

    /// What loading says with `lines` put into the embedded check on old versions.
    fn faults(lines: &str) -> String {
        let own = Content::load(&[], &[]).unwrap();
        let text = &own.checks["tls.protocol.no-legacy"].source.text;
        let (_, logic) = text.split_once("\nfor: ").unwrap();
        let head =
            "id: tls.protocol.no-legacy\ncontrol: TLS-01\ntitle: T\nseverity: high\neffort: low";
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("protocol.no-legacy.yaml");
        std::fs::write(&path, format!("{head}\n{lines}\nfor: {logic}")).unwrap();
        match Content::load(&[PathBuf::from(dir.path())], &[]) {
            Ok(_) => String::new(),
            Err(faults) => faults.to_string(),
        }
    }

    #[test]
    fn what_a_check_says_of_being_mended_is_linted() {
        let cases = [
            ("change: tls-versions", ""),
            ("change: tls-version", "did you mean `tls-versions`?"),
            ("breaks: ''", "`breaks` is empty"),
            ("after: web.https.served", "must be a list"),
            (
                "after: [web.https.serve]",
                "did you mean `web.https.served`?",
            ),
            (
                "change: tls-versions\nafter: [tls.protocol.tls13-offered]",
                "is mended by the same change `tls-versions`",
            ),
            (
                "change: tls-versions\nafter: [tls.groups.post-quantum]",
                "changes wait for each other: ",
            ),
        ];
        for (lines, expected) in cases {
            let said = faults(lines);
            assert!(
                said.contains(expected) && said.is_empty() == expected.is_empty(),
                "{lines}: {said}"
            );
        }
    }

    #[test]
    fn every_change_mends_a_check() {
        let content = Content::load(&[], &[]).unwrap();
        for loaded in &content.changes {
            let id = &loaded.change.id;
            let of_it = content
                .checks
                .values()
                .filter(|check| check.check.change.as_ref() == Some(id));
            assert!(
                of_it.count() > 1,
                "`{id}` is a change of fewer than two checks"
            );
        }
    }
}
