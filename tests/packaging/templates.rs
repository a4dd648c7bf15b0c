//! Templates for CI services and clusters: judged by their schemas, and their steps run against the demo's servers.

use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    process::{Command, Output},
};

use crate::support::{SCRUTINEER, Stand, program, repository, story, succeeds, validator};

fn template(path: &str) -> String {
    fs::read_to_string(repository(path)).unwrap()
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

#[test]
fn templates_follow_their_schemas() {
    let Some(check) = validator("check-jsonschema", "schemas of CI templates") else {
        return;
    };
    for (schema, path) in [
        ("vendor.github-actions", "packaging/github/action.yml"),
        ("vendor.github-workflows", "packaging/github/example.yml"),
        (
            "vendor.gitlab-ci",
            "packaging/gitlab/scrutineer.gitlab-ci.yml",
        ),
    ] {
        let mut command = Command::new(&check);
        command.args(["--builtin-schema", schema]);
        succeeds(command.arg(repository(path)));
    }
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("action.yml");
    let text = template("packaging/github/action.yml");
    fs::write(&broken, text.replace("using: composite", "using: nothing")).unwrap();
    let output = Command::new(&check)
        .args(["--builtin-schema", "vendor.github-actions"])
        .arg(&broken)
        .output()
        .unwrap();
    assert!(
        !output.status.success(),
        "a broken action must not get through"
    );

    let kubernetes = validator("kubernetes-validate", "the schema of the CronJob").unwrap();
    for version in ["1.28", "1.34"] {
        let mut command = Command::new(&kubernetes);
        command.args(["--strict", "-k", version]);
        succeeds(command.arg(repository("packaging/kubernetes/cronjob.yaml")));
    }
}

#[test]
fn the_cronjob_asks_for_no_more_than_it_needs() {
    let text = template("packaging/kubernetes/cronjob.yaml");
    let job = yaml(text.split("\n---\n").last().unwrap());
    let pod = job.pointer("/spec/jobTemplate/spec/template/spec").unwrap();
    let container = &pod["containers"][0];
    assert_eq!(pod["automountServiceAccountToken"], false);
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
    assert_eq!(
        container["securityContext"]["allowPrivilegeEscalation"],
        false
    );
    assert_eq!(
        container["securityContext"]["capabilities"]["drop"][0],
        "ALL"
    );
    // Its arguments are such that the program takes, and only the volume for runs is written to.
    let arguments: Vec<&str> = container["args"]
        .as_array()
        .unwrap()
        .iter()
        .map(|argument| argument.as_str().unwrap())
        .collect();
    assert!(
        arguments.contains(&"--save=/runs/$(POD_NAME).jsonl"),
        "{arguments:?}"
    );
    let folder = tempfile::tempdir().unwrap();
    let map = yaml(text.split("\n---\n").next().unwrap());
    let inventory = folder.path().join("inventory.yaml");
    fs::write(&inventory, map["data"]["inventory.yaml"].as_str().unwrap()).unwrap();
    let here = |argument: &&str| {
        argument
            .replace(
                "/etc/scrutineer/inventory.yaml",
                inventory.to_str().unwrap(),
            )
            .replace("/runs/", &format!("{}/", folder.path().display()))
    };
    let mut dry = Command::new(SCRUTINEER);
    dry.args(arguments.iter().map(here))
        .args(["--dry-run", "--resolver", "127.0.0.1:1"]);
    assert!(succeeds(&mut dry).contains("Nothing was sent."));
}

/// A composite action as GitHub runs it: expressions put in, each step in a bash of its own.
struct Action<'s> {
    stand: &'s Stand,
    action: Value,
    values: BTreeMap<String, String>,
}

impl<'s> Action<'s> {
    fn new(stand: &'s Stand, given: &[(&str, &str)]) -> Self {
        let action = yaml(&template("packaging/github/action.yml"));
        let mut values = BTreeMap::new();
        for (name, input) in action["inputs"].as_object().unwrap() {
            let default = input["default"].as_str().unwrap().to_owned();
            values.insert(format!("inputs.{name}"), default);
        }
        values.insert("inputs.binary".to_owned(), SCRUTINEER.to_owned());
        values.insert(
            "github.action_path".to_owned(),
            repository("packaging/github").display().to_string(),
        );
        for (name, value) in given {
            let known = values.insert(format!("inputs.{name}"), (*value).to_owned());
            assert!(known.is_some(), "the action has no input {name}");
        }
        Self {
            stand,
            action,
            values,
        }
    }

    fn filled(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${{") {
            let (name, after) = after.split_once("}}").unwrap();
            out += before;
            out += self
                .values
                .get(name.trim())
                .unwrap_or_else(|| panic!("nothing sets {name}"));
            rest = after;
        }
        out + rest
    }

    /// Runs the steps until one fails, and returns the exit code of the last.
    fn run(&mut self) -> (i32, String) {
        let folder = self.stand.folder.path();
        let mut told = String::new();
        for step in self.action["runs"]["steps"].as_array().unwrap().clone() {
            let Some(script) = step["run"].as_str() else {
                assert!(
                    step["uses"]
                        .as_str()
                        .unwrap()
                        .starts_with("github/codeql-action/upload-sarif@")
                );
                continue;
            };
            let outputs = folder.join("outputs");
            fs::write(&outputs, "").unwrap();
            // As the runner starts `shell: bash`.
            let mut bash = Command::new("bash");
            bash.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]);
            bash.current_dir(folder).env("GITHUB_OUTPUT", &outputs);
            bash.env("GITHUB_STEP_SUMMARY", folder.join("summary"))
                .env("RUNNER_TEMP", folder);
            for (name, value) in step["env"].as_object().unwrap() {
                bash.env(name, self.filled(value.as_str().unwrap()));
            }
            let output = bash.output().unwrap();
            told += &story(&output);
            if !output.status.success() {
                return (output.status.code().unwrap(), told);
            }
            let id = step["id"].as_str().unwrap_or_default();
            for line in fs::read_to_string(&outputs).unwrap().lines() {
                let (name, value) = line.split_once('=').unwrap();
                self.values
                    .insert(format!("steps.{id}.outputs.{name}"), value.to_owned());
            }
        }
        (0, told)
    }
}

#[test]
fn the_action_scans_reports_and_gates() {
    let stand = Stand::new();
    let folder = stand.folder.path();
    let mut action = Action::new(
        &stand,
        &[("inventory", "inventory.yaml"), ("args", &stand.options)],
    );
    let (code, told) = action.run();
    assert_eq!(code, 1, "the neglected office fails the gate: {told}");
    assert!(
        told.contains("::error title=scrutineer::The gate failed"),
        "{told}"
    );
    let summary = fs::read_to_string(folder.join("summary")).unwrap();
    assert!(summary.contains("neglected.example"), "{summary}");
    let sarif = fs::read_to_string(folder.join("scrutineer-out/findings.sarif")).unwrap();
    let sarif: Value = serde_json::from_str(&sarif).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    assert!(!sarif["runs"][0]["results"].as_array().unwrap().is_empty());
    assert!(
        fs::metadata(folder.join("scrutineer-out/findings.xml"))
            .unwrap()
            .len()
            > 0
    );

    // Against the run of before nothing is new or worse: the gate passes.
    let earlier = "earlier.jsonl";
    fs::rename(
        folder.join("scrutineer-out/run.jsonl"),
        folder.join(earlier),
    )
    .unwrap();
    let given = [
        ("inventory", "inventory.yaml"),
        ("args", &stand.options),
        ("against", earlier),
        ("folder", "second"),
    ];
    let mut action = Action::new(&stand, &given);
    let (code, told) = action.run();
    assert_eq!(
        code, 3,
        "one office is not reached, and an area of which nothing is seen counts: {told}"
    );
    let findings = fs::read_to_string(folder.join("second/findings.json")).unwrap();
    assert!(
        findings.contains("\"known\"") || findings.contains("against"),
        "the earlier result was taken in"
    );

    let mut action = Action::new(
        &stand,
        &[("inventory", "missing.yaml"), ("folder", "third")],
    );
    let (code, told) = action.run();
    assert_eq!(code, 2, "{told}");
    assert!(
        !folder.join("third/summary.md").exists(),
        "there is nothing to report on"
    );
}

#[test]
fn the_gitlab_job_scans_reports_and_gates() {
    let stand = Stand::new();
    let folder = stand.folder.path();
    let text = template("packaging/gitlab/scrutineer.gitlab-ci.yml");
    let job = yaml(&text)[".scrutineer"].clone();
    let script = job["script"][0].as_str().unwrap();
    let run = |more: &[(&str, &str)]| -> Output {
        let mut bash = Command::new("bash");
        // As the runner does: the lines of the script, stopping at the first that fails.
        bash.args(["-eo", "pipefail", "-c", script])
            .current_dir(folder);
        bash.env("PATH", stand.path());
        for (name, value) in job["variables"].as_object().unwrap() {
            bash.env(name, value.as_str().unwrap());
        }
        bash.envs(more.iter().copied()).output().unwrap()
    };
    let output = run(&[
        ("SCRUTINEER_INVENTORY", "inventory.yaml"),
        ("SCRUTINEER_ARGS", &stand.options),
    ]);
    assert_eq!(output.status.code(), Some(1), "{}", story(&output));
    let junit = job["artifacts"]["reports"]["junit"].as_str().unwrap();
    let junit = fs::read_to_string(folder.join(junit)).unwrap();
    assert!(junit.contains("<testsuite") && junit.contains("neglected.example"));
    for file in [
        "findings.json",
        "findings.sarif",
        "findings.html",
        "run.jsonl",
    ] {
        assert!(folder.join("scrutineer-out").join(file).exists(), "{file}");
    }
    let output = run(&[("SCRUTINEER_INVENTORY", "missing.yaml")]);
    assert_eq!(output.status.code(), Some(2), "{}", story(&output));
}

#[test]
fn scripts_are_clean() {
    let Some(shellcheck) = program("shellcheck", "shellcheck", "the linter of scripts") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut files: Vec<_> = [
        "packaging/debian/build",
        "packaging/debian/postinst",
        "packaging/debian/prerm",
        "packaging/debian/postrm",
        "packaging/systemd/nightly",
        "packaging/static-build",
        "packaging/fill",
        "tests/packaging/validators",
    ]
    .map(repository)
    .into();
    let action = yaml(&template("packaging/github/action.yml"));
    for (number, step) in action["runs"]["steps"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
    {
        if let Some(script) = step["run"].as_str() {
            assert!(
                !script.contains("${{"),
                "values of users come in as variables, never into the script"
            );
            let file = folder.path().join(format!("step-{number}"));
            fs::write(&file, format!("#!/usr/bin/env bash\n{script}")).unwrap();
            files.push(file);
        }
    }
    succeeds(Command::new(shellcheck).args(files));
}

#[test]
fn templates_of_formula_and_manifest_are_filled() {
    let fill = |path: &str| {
        let mut command = Command::new(repository("packaging/fill"));
        let digest = "0".repeat(64);
        command.args([
            "1.2.3",
            "https://example.org/",
            "https://example.org/scrutineer-1.2.3.zip",
            &digest,
        ]);
        let output = command
            .stdin(fs::File::open(repository(path)).unwrap())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", story(&output));
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(!text.contains('@'), "{path}: {text}");
        text
    };
    let mut types = Vec::new();
    for path in [
        "scrutineer",
        "scrutineer.installer",
        "scrutineer.locale.en-US",
    ] {
        let manifest = yaml(&fill(&format!("packaging/winget/{path}.yaml.in")));
        assert_eq!(manifest["PackageVersion"], "1.2.3");
        assert_eq!(manifest["ManifestVersion"], "1.6.0");
        types.push(manifest["ManifestType"].as_str().unwrap().to_owned());
    }
    assert_eq!(types, ["version", "installer", "defaultLocale"]);
    let formula = fill("packaging/homebrew/scrutineer.rb.in");
    if let Some(ruby) = program("ruby", "ruby", "the syntax of the Homebrew formula") {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), formula).unwrap();
        succeeds(Command::new(ruby).arg("-c").arg(file.path()));
    }
}
