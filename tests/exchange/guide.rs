//! The commands of docs/exchange.md, run word for word in one folder.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::Value;
use std::{fs, path::Path, process::Command};

use crate::{
    demo,
    support::{left_out, program},
};

/// The blocks of a language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let blocks = page.split(&fence).skip(1);
    blocks
        .map(|block| block.split("```").next().unwrap().to_owned())
        .collect()
}

/// A run as of a real scan: fourteen names, seen ten days after the window opened.
fn save_run(path: &Path, at: Timestamp) {
    let text = demo::run_of("exemplary");
    let mut lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let when = Value::from(at.to_string());
    for line in &mut lines {
        let conditions = line["conditions"].as_object_mut().unwrap();
        conditions.insert("staged".to_owned(), false.into());
        for key in [
            "extra_roots",
            "given_resolver",
            "given_anchor",
            "allow_private",
        ] {
            conditions.remove(key);
        }
        let key = if line.get("observed_at").is_some() {
            "observed_at"
        } else {
            "started_at"
        };
        line[key] = when.clone();
    }
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(path, text).unwrap();
}

struct Office {
    folder: tempfile::TempDir,
}

impl Office {
    /// Runs a command as a shell does, with the program on its path.
    fn shell(&self, command: &str) -> String {
        let binary = Path::new(env!("CARGO_BIN_EXE_scrutineer"));
        let path = std::env::var("PATH").unwrap();
        let output = Command::new("bash")
            .args(["-e", "-u", "-c", command])
            .current_dir(self.folder.path())
            .env(
                "PATH",
                format!("{}:{path}", binary.parent().unwrap().display()),
            )
            .env("XDG_STATE_HOME", self.folder.path().join("state"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command}\n{said}");
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Who has no terminal names the file of the passphrase.
fn with_passphrase(command: &str) -> String {
    let opens = command.split(' ').any(|word| word.ends_with(".key"));
    match opens {
        true => format!("{command} --passphrase-file pass"),
        false => command.to_owned(),
    }
}

#[test]
fn the_guide_does_not_lie() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/exchange.md");
    let page = fs::read_to_string(page).unwrap();
    let office = Office {
        folder: tempfile::tempdir().unwrap(),
    };
    let path = |name: &str| office.folder.path().join(name);
    // A window that closed some days ago, in the place of that of the page.
    let opened = Timestamp::now() - SignedDuration::from_hours(40 * 24);
    let opens = opened.to_zoned(TimeZone::UTC).date();
    let period = format!(
        "{}H{}",
        opens.year(),
        if opens.month() <= 6 { 1 } else { 2 }
    );
    let today = |text: &str| {
        let text = text.replace("2026-09-01", &opens.to_string());
        text.replace("2026H2", &period)
    };
    fs::create_dir_all(path(&format!("exchange/{period}"))).unwrap();
    let yaml = blocks(&page, "yaml");
    fs::write(path("exchange/exchange.yaml"), today(&yaml[0])).unwrap();
    fs::write(path("pass"), "correct horse battery\n").unwrap();
    save_run(
        &path("run.jsonl"),
        opened + SignedDuration::from_hours(10 * 24),
    );

    let blocks = blocks(&page, "sh");
    let commands: Vec<&str> = blocks.iter().flat_map(|block| block.lines()).collect();
    assert_eq!(commands.len(), 38, "every command of the page is run");
    let age = program("age", "age", "encrypting a baseline as the guide says");
    let mut shown = String::new();
    for command in commands {
        if command.starts_with("age ") && age.is_none() {
            left_out("the guide", "it encrypts with age");
            continue;
        }
        let mut command = today(command);
        if command.contains("FINGERPRINT") {
            let key = office.shell("scrutineer keys show office-b.key.pub");
            command = command.replace("KEY-FINGERPRINT", key.lines().next().unwrap());
            let root = office.shell("scrutineer roster show exchange/roster-1.dsse.json");
            let root = root
                .lines()
                .find(|line| line.starts_with("Fingerprint"))
                .unwrap();
            let root = root.split_whitespace().nth(1).unwrap();
            command = command.replace("FINGERPRINT", root);
        }
        shown.push_str(&office.shell(&with_passphrase(&command)));
    }
    assert!(
        shown.contains("cells are shown. Hidden ones are left out"),
        "{shown}"
    );
    assert!(shown.contains("Self-declared"), "{shown}");
    let page = fs::read_to_string(path("comparison.html")).unwrap();
    assert!(page.contains("TLP:AMBER"));
    let shown = office.shell("scrutineer roster show exchange/roster-4.dsse.json");
    assert!(
        shown.contains("recovered") && shown.contains("laptop stolen"),
        "{shown}"
    );
    if age.is_some() {
        let hidden = fs::read(path(&format!("exchange/{period}/office-a.dsse.json.age"))).unwrap();
        assert!(hidden.starts_with(b"age-encryption.org/v1"));
    }
    // The pool of the page is one.
    fs::write(path("pool.yaml"), &yaml[1]).unwrap();
    let pool = Command::new(env!("CARGO_BIN_EXE_scrutineer"))
        .current_dir(office.folder.path())
        .args([
            "baseline",
            "create",
            "run.jsonl",
            "--exchange",
            "exchange/exchange.yaml",
        ])
        .args([
            "--participant",
            "pool",
            "--period",
            &period,
            "--pool",
            "pool.yaml",
        ])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&pool.stderr).into_owned();
    assert!(
        said.contains("which is no member of the pool that consented"),
        "{said}"
    );
}
