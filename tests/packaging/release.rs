//! What a release carries beside the binary: the bill of materials, notices, the change log.

use serde_json::Value;
use std::{collections::BTreeSet, fs, process::Command};

use crate::support::{program, repository, succeeds, validator};

fn made(script: &str) -> Option<String> {
    program("python3", "python3", script)?;
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let folder = std::path::Path::new(&cargo)
        .parent()
        .map(|folder| folder.display().to_string());
    let path = format!(
        "{}:{}",
        folder.unwrap_or_default(),
        std::env::var("PATH").unwrap_or_default()
    );
    Some(succeeds(Command::new(repository(script)).env("PATH", path)))
}

#[test]
fn the_bill_of_materials_is_valid_whole_and_repeatable() {
    let Some(text) = made("packaging/sbom") else {
        return;
    };
    assert_eq!(
        Some(&text),
        made("packaging/sbom").as_ref(),
        "the same commit gives the same bytes"
    );
    let bom: Value = serde_json::from_str(&text).unwrap();
    let locked = fs::read_to_string(repository("Cargo.lock")).unwrap();
    let components = bom["components"].as_array().unwrap();
    let has = |name: &str, scope: &str| {
        components
            .iter()
            .any(|one| one["name"] == name && one["scope"] == scope)
    };
    assert!(has("rustls", "required") && has("aws-lc-sys", "required"));
    assert!(
        has("serde_derive", "excluded"),
        "a macro is not in the binary"
    );
    assert!(
        !has("insta", "required") && !has("insta", "excluded"),
        "nor is a library of the tests"
    );
    for one in components {
        let (name, version) = (
            one["name"].as_str().unwrap(),
            one["version"].as_str().unwrap(),
        );
        let line = format!("name = \"{name}\"\nversion = \"{version}\"\n");
        assert!(
            locked.contains(&line),
            "{name} {version} is not in Cargo.lock"
        );
        let digest = one["hashes"][0]["content"].as_str().unwrap();
        assert!(locked.contains(digest), "{name}: {digest}");
    }
    // Every reference leads to a component.
    let refs: BTreeSet<&str> = components
        .iter()
        .chain([&bom["metadata"]["component"]])
        .map(|one| one["bom-ref"].as_str().unwrap())
        .collect();
    for dependency in bom["dependencies"].as_array().unwrap() {
        assert!(
            refs.contains(dependency["ref"].as_str().unwrap()),
            "{dependency}"
        );
        for needed in dependency["dependsOn"].as_array().unwrap() {
            assert!(refs.contains(needed.as_str().unwrap()), "{needed}");
        }
    }
    let Some(python) = validator("python", "the schema of the bill of materials") else {
        return;
    };
    let judge = |text: &str| {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        let code = "import sys\n\
                    from cyclonedx.schema import SchemaVersion\n\
                    from cyclonedx.validation.json import JsonStrictValidator\n\
                    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read())\n\
                    sys.exit(str(fault)[:2000] if fault else 0)";
        let mut command = Command::new(&python);
        command
            .args(["-c", code])
            .arg(file.path())
            .output()
            .unwrap()
    };
    let output = judge(&text);
    assert!(
        output.status.success(),
        "{}",
        crate::support::story(&output)
    );
    assert!(
        !judge(&text.replace("\"library\"", "\"book\""))
            .status
            .success()
    );
}

#[test]
fn notices_name_every_library_and_carry_its_licence() {
    let Some(notices) = made("packaging/notices") else {
        return;
    };
    let bom: Value = serde_json::from_str(&made("packaging/sbom").unwrap()).unwrap();
    for one in bom["components"].as_array().unwrap() {
        let line = format!(
            "\n{} {}: ",
            one["name"].as_str().unwrap(),
            one["version"].as_str().unwrap()
        );
        assert_eq!(
            one["scope"] == "required",
            notices.contains(&line),
            "{line}"
        );
    }
    for text in [
        "Apache License",
        "Permission is hereby granted",
        "Permission to use, copy, modify, and/or distribute",
    ] {
        assert!(notices.contains(text), "{text}");
    }
}

#[test]
fn the_change_log_has_the_version_and_its_headings() {
    let text = fs::read_to_string(repository("CHANGELOG.md")).unwrap();
    let mut releases = text.split("\n## ").skip(1);
    let first = releases.next().unwrap();
    assert!(
        first.starts_with("Unreleased"),
        "what comes next stands first"
    );
    for release in text.split("\n## ").skip(1) {
        let headings: Vec<&str> = release
            .lines()
            .filter_map(|line| line.strip_prefix("### "))
            .collect();
        let expected = [
            "Breaking changes",
            "New",
            "Improvements",
            "Bug fixes",
            "Other changes",
        ];
        assert_eq!(headings, expected, "{}", release.lines().next().unwrap());
        let title = release.lines().next().unwrap();
        let dated = title.split_once(" (").is_some_and(|(version, date)| {
            version.split('.').count() == 3 && date.len() == "2026-01-01)".len()
        });
        assert!(
            title == "Unreleased" || dated,
            "`## {title}`: a release is written `## 1.2.3 (2026-01-31)`"
        );
    }
}
