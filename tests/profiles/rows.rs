//! Compares every profile with the guidance files, read anew and not through
//! the program: printed ids, levels, editions, and what is passed over.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

use crate::content;

#[derive(Deserialize)]
struct Guideline {
    publisher: String,
    version: String,
    date: Option<String>,
    status: String,
    requirements: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    key: String,
    id: Option<String>,
    level: String,
    evidence: String,
}

fn guideline(id: &str) -> Guideline {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles/guidance");
    let text = std::fs::read_to_string(root.join(format!("{id}.yaml"))).unwrap();
    serde_saphyr::from_str(&text).unwrap_or_else(|fault| panic!("{id}: {fault}"))
}

/// `may`, `should`, `must`, in that order.
fn weight(level: &str) -> usize {
    ["may", "should", "must"]
        .iter()
        .position(|known| *known == level)
        .unwrap_or_else(|| panic!("{level} is no level"))
}

#[test]
fn profiles_say_what_their_guidelines_say() {
    let content = content();
    let mut profiles = 0;
    for (id, loaded) in &content.profiles {
        let profile = &loaded.profile;
        if profile.covers.is_empty() {
            let own = ["common-baseline", "registration-portal"];
            assert!(own.contains(&id.as_str()), "{id} covers no guideline");
            continue;
        }
        profiles += 1;
        let resolved = content.resolve(id).unwrap();
        let mut of_guidelines: BTreeMap<&str, Guideline> = BTreeMap::new();
        for entry in &resolved.entries {
            let name = entry.row.split('#').next().unwrap();
            let guideline = of_guidelines.entry(name).or_insert_with(|| guideline(name));
            let row = guideline
                .requirements
                .iter()
                .find(|row| row.key == entry.row)
                .unwrap_or_else(|| panic!("{id}: {}", entry.row));
            assert_eq!(entry.printed, row.id, "{id}: {}", entry.row);
            let most = if row.evidence == "read" {
                weight(&row.level)
            } else {
                0
            };
            assert!(
                weight(&entry.level.to_string()) <= most,
                "{id}: {} is a {} of the guideline ({}), and a {} here",
                entry.row,
                row.level,
                row.evidence,
                entry.level
            );
        }
        let source = profile.source.as_ref().unwrap();
        let first = profile.covers[0].split('#').next().unwrap();
        let first = guideline(first);
        assert_eq!(source.publisher, first.publisher, "{id}");
        assert_eq!(source.edition, first.version, "{id}");
        assert_eq!(source.date, first.date, "{id}");
        let status = source.status.as_deref().unwrap_or("current");
        assert_eq!(status, first.status, "{id}");
        for covers in &profile.covers {
            let (name, part) = covers.split_once('#').unwrap_or((covers, "*"));
            let prefix = format!("{name}#{}", part.trim_end_matches('*'));
            let rows = guideline(name).requirements;
            for row in rows.iter().filter(|row| row.key.starts_with(&prefix)) {
                let entry = resolved.entries.iter().any(|entry| entry.row == row.key);
                let left_out = profile.left_out.iter().any(|line| line.row == row.key);
                let read = row.evidence == "read";
                assert!(
                    entry != left_out || (!read && !left_out),
                    "{id}: {} (judged: {entry}, left out: {left_out}, {})",
                    row.key,
                    row.evidence
                );
            }
        }
    }
    assert!(profiles > 0, "there is no profile of a guideline");
}
