use super::*;
use crate::content::{files::FoundFile, profile_file, source::Source};
use std::collections::HashSet;

fn content() -> Content {
    Content::load(&[], &[]).unwrap_or_else(|problems| panic!("{}", problems.render(false, 120)))
}

fn add(content: &mut Content, text: &str) {
    let file = FoundFile {
        path: "x.yaml".to_owned(),
        source: Source::new("x.yaml", text),
        embedded: false,
    };
    let profile = profile_file::read(&file).unwrap_or_else(|p| panic!("{}", p.render(false, 100)));
    content.profiles.insert(profile.profile.id.clone(), profile);
}

#[test]
fn every_profile_of_the_program_resolves() {
    let content = content();
    for id in content.profiles.keys() {
        let resolved = content
            .resolve(id)
            .unwrap_or_else(|problems| panic!("{}", problems.render(false, 120)));
        assert!(!resolved.entries.is_empty(), "{id}");
        let digests: HashSet<&str> = resolved.entries.iter().map(|e| e.digest.as_str()).collect();
        assert!(!digests.is_empty());
    }
}

#[test]
fn an_extending_profile_replaces_by_row_and_as() {
    let mut content = content();
    add(
        &mut content,
        r#"
id: base
title: Base
entries:
  - { row: "control#TLS-01", level: should, checks: [{ id: tls.protocol.no-legacy }] }
  - { row: "nl-ncsc-tls-2025-05#versions", level: must, from: 2026, until: "2026-06", checks: [{ id: tls.protocol.no-legacy, params: { legacy: [SSL3] } }] }
"#,
    );
    add(
        &mut content,
        r#"
id: derived
title: Derived
extends: base
entries:
  - { row: "control#TLS-01", level: must, checks: [{ id: tls.protocol.no-legacy }] }
  - { row: "control#TLS-01", as: soon, level: may, any_of: [[{ id: tls.protocol.no-legacy }], [{ id: tls.protocol.tls13-offered }]], roles: [website], over: organisation }
"#,
    );
    let base = content.resolve("base").unwrap();
    let derived = content.resolve("derived").unwrap();
    let levels: Vec<_> = derived
        .entries
        .iter()
        .map(|e| (e.level, e.groups.len()))
        .collect();
    assert_eq!(
        levels,
        [
            (Obligation::Must, 1),
            (Obligation::Must, 1),
            (Obligation::May, 2)
        ]
    );
    let dutch = &derived.entries[1];
    assert_eq!(dutch.printed.as_deref(), Some("3.3.1"));
    assert_eq!(dutch.from.unwrap().to_string(), "2026-01-01");
    assert_eq!(dutch.until.unwrap().to_string(), "2026-06-30");
    assert_eq!(dutch.groups[0][0].params["legacy"], json!(["SSL3"]));
    assert_eq!(
        base.entries[0].digest, derived.entries[0].digest,
        "the level alone is no other demand"
    );
    assert_ne!(derived.entries[0].digest, derived.entries[2].digest);
    assert_eq!(
        content.merged("derived").unwrap().changes,
        [
            "derived changes control#TLS-01 of base: should becomes must",
            "derived adds control#TLS-01 as soon",
        ]
    );
}

#[test]
fn a_row_from_memory_decides_nothing() {
    let mut content = content();
    add(
        &mut content,
        r#"
id: memory
title: Memory
entries:
  - { row: "us-nist-ir-8310#pr-ds-2", level: must, checks: [{ id: tls.protocol.no-legacy }] }
"#,
    );
    let resolved = content.resolve("memory").unwrap();
    assert_eq!(resolved.entries[0].level, Obligation::May);
    assert!(
        resolved.entries[0]
            .because
            .as_ref()
            .unwrap()
            .contains("not yet verified")
    );
}

#[test]
fn a_digest_covers_what_decides_and_nothing_else() {
    let content = content();
    let text = &content.checks["web.hsts.one-year"].source.text;
    let digest_of = |old: &str, new: &str| {
        assert!(text.contains(old), "{old}");
        let file = FoundFile {
            path: "x.yaml".to_owned(),
            source: Source::new("x.yaml", text.replacen(old, new, 1)),
            embedded: false,
        };
        let (check, _) = content
            .read_check(&file)
            .unwrap_or_else(|p| panic!("{}", p.render(false, 100)));
        let params = effective_params(&check.check, &BTreeMap::new()).unwrap();
        check_digest(&check.program, &params)
    };
    let digest = digest_of("id:", "id:");
    assert_eq!(digest.len(), 64);
    for (old, new) in [
        ("severity: medium", "severity: high"),
        ("title: ", "title: Other "),
        ("rationale: >-", "rationale: >-\n  Other."),
        (
            "subject.hsts.max_age >= params",
            "subject.hsts.max_age   >=\n    params",
        ),
        ("message: \"{{", "message: \"Look: {{"),
    ] {
        assert_eq!(digest_of(old, new), digest, "{new}");
    }
    for (old, new) in [
        (">= params", "> params"),
        ("default: 31536000", "default: 31536001"),
        ("subject.scheme ==", "subject.scheme !="),
        ("when: ", "where: \"true\"\nwhen: "),
    ] {
        assert_ne!(digest_of(old, new), digest, "{new}");
    }
}

#[test]
fn the_pack_is_named_by_its_checks() {
    let mut content = content();
    let before = content.pack();
    assert_eq!(before, content.pack());
    content.checks.remove("web.hsts.one-year");
    assert_ne!(before.digest, content.pack().digest);
}
