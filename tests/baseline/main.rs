//! Keeps the common baseline true to the rules that derive it from national
//! guidance, and the controls true to the crosswalk.
//!
//! `SCRUTINEER_BLESS=1 cargo test --test baseline` writes the profile anew.

// A test that cannot go on should stop at once.
#![allow(clippy::unwrap_used, clippy::panic)]

mod choices;
mod derive;

use scrutineer::content::Content;
use std::path::Path;

use derive::{Crosswalk, Served};

const PROFILE: &str = "profiles/common-baseline.yaml";

#[test]
fn the_profile_follows_from_the_guidance() -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guidance = root.join("profiles/guidance");
    let content = load()?;
    let crosswalk: Crosswalk = derive::read(&guidance.join("crosswalk.yaml"))?;
    let own: Vec<(String, String)> = content
        .controls
        .iter()
        .filter_map(|loaded| {
            let control = &loaded.control;
            Some((control.id.clone(), control.source.clone()?))
        })
        .collect();
    let checks: Vec<Served> = content
        .checks
        .values()
        .map(|loaded| Served {
            id: loaded.check.id.clone(),
            control: loaded.check.control.clone(),
        })
        .collect();
    let derived = derive::profile(&crosswalk, &derive::rows(&guidance)?, &own, &checks)?;
    let path = root.join(PROFILE);
    if std::env::var_os("SCRUTINEER_BLESS").is_some() {
        return std::fs::write(&path, derived).map_err(|error| error.to_string());
    }
    let stored = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
    let differs = stored
        .lines()
        .zip(derived.lines())
        .position(|(stored, derived)| stored != derived)
        .unwrap_or(stored.lines().count().min(derived.lines().count()));
    assert!(
        stored == derived,
        "{PROFILE} differs from what the guidance gives, first in line {}:\n  stored:  {:?}\n  derived: {:?}\n\
         SCRUTINEER_BLESS=1 cargo test --test baseline writes it anew",
        differs + 1,
        stored.lines().nth(differs),
        derived.lines().nth(differs),
    );
    Ok(())
}

#[test]
fn the_profile_resolves() -> Result<(), String> {
    let content = load()?;
    let profile = content
        .resolve("common-baseline")
        .map_err(|faults| faults.render(false, 120))?;
    assert!(profile.entries.len() >= 40, "{}", profile.entries.len());
    assert!(
        profile
            .entries
            .iter()
            .all(|entry| entry.because.as_ref().is_some_and(|text| !text.is_empty())),
        "every entry says because of what it stands here"
    );
    Ok(())
}

#[test]
fn controls_agree_with_the_crosswalk() -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let crosswalk: Crosswalk = derive::read(&root.join("profiles/guidance/crosswalk.yaml"))?;
    let content = load()?;
    for wanted in &crosswalk.controls {
        let loaded = content
            .control(&wanted.id)
            .ok_or_else(|| format!("checks/controls.yaml lacks {}", wanted.id))?;
        assert_eq!(loaded.control.title, wanted.title, "{}", wanted.id);
        let ours: Vec<(String, String)> = loaded
            .control
            .maps_to
            .iter()
            .map(|mapping| {
                let relation = serde_json::to_value(mapping.relation).unwrap_or_default();
                let relation = relation.as_str().unwrap_or_default().to_owned();
                (mapping.requirement.clone(), relation)
            })
            .collect();
        let theirs: Vec<(String, String)> = wanted
            .maps_to
            .iter()
            .map(|mapped| (mapped.requirement.clone(), mapped.relation.clone()))
            .collect();
        assert_eq!(ours, theirs, "{}", wanted.id);
    }
    let own = content
        .controls
        .iter()
        .filter(|loaded| loaded.control.maps_to.is_empty());
    for loaded in own {
        assert!(
            loaded.control.source.is_some(),
            "{} has neither rows nor a source",
            loaded.control.id
        );
    }
    Ok(())
}

fn load() -> Result<Content, String> {
    Content::load(&[], &[]).map_err(|faults| faults.render(false, 120))
}
