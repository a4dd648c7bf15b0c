//! Offices made by hand: their runs, the exchange they take part in, and the
//! program that they call.

use serde_json::{Value, json};
use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use tempfile::TempDir;

/// The checks and the profile of the toy exchange.
pub const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/exchange");

/// A folder with an exchange in it.
pub struct Place {
    pub folder: TempDir,
}

/// How a name stands to a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    Pass,
    Fail,
    Open,
}

/// A name of an office.
#[derive(Clone, Debug)]
pub struct Name {
    pub name: String,
    pub roles: Vec<&'static str>,
    pub dns: Stands,
    pub mail: Stands,
}

/// So many names with a role, of which the first pass and the next fail; the rest stay open.
pub fn names(prefix: &str, role: &'static str, pass: usize, fail: usize, open: usize) -> Vec<Name> {
    let stands = |index| match index {
        _ if index < pass => Stands::Pass,
        _ if index < pass + fail => Stands::Fail,
        _ => Stands::Open,
    };
    (0..pass + fail + open)
        .map(|index| Name {
            name: format!("{prefix}{index}.example"),
            roles: vec![role],
            dns: stands(index),
            mail: stands(index),
        })
        .collect()
}

/// A run of an organisation over names, all seen at one moment.
pub fn run(organisation: Option<&str>, names: &[Name], at: &str) -> Vec<Value> {
    let conditions = json!({
        "level": "standard", "areas": ["dns", "mail"], "page_cap": 10,
        "resolver": "192.0.2.53:53", "staged": false,
    });
    let target = |name: &Name| json!({ "name": name.name, "roles": name.roles });
    let mut header = json!({
        "schema": "scrutineer.run/1",
        "tool": scrutineer::TOOL,
        "started_at": at,
        "conditions": conditions,
        "targets": names.iter().map(target).collect::<Vec<_>>(),
        "tables": scrutineer::TABLES.iter().map(|(name, edition)| ((*name).to_owned(), json!(edition)))
            .collect::<serde_json::Map<_, _>>(),
        "tlp": "TLP:AMBER+STRICT",
    });
    if let Some(organisation) = organisation {
        header["organisation"] = json!(organisation);
    }
    let mut lines = vec![header];
    for name in names {
        let mut gaps = vec![json!({ "at": "/tls", "reason": "not_asked" })];
        gaps.push(json!({ "at": "/web", "reason": "not_asked" }));
        let mut dns = json!({ "name": name.name });
        let mut mail = json!({ "domain": name.name });
        for (stands, facts, key, at) in [
            (name.dns, &mut dns, "exists", "/dns/exists"),
            (name.mail, &mut mail, "receives", "/mail/receives"),
        ] {
            match stands {
                Stands::Open => gaps.push(json!({ "at": at, "reason": "timeout" })),
                _ => facts[key] = json!(stands == Stands::Pass),
            }
        }
        lines.push(json!({
            "schema": "scrutineer.observation/1",
            "target": target(name),
            "observed_at": at,
            "conditions": conditions,
            "fact_versions": { "dns": 1, "mail": scrutineer::probes::mail::facts::FACT_VERSION },
            "gaps": gaps,
            "evidence": [],
            "cost": { "connections": 0, "queries": 1, "bytes_sent": 1, "bytes_received": 1, "milliseconds": 1 },
            "dns": dns,
            "mail": mail,
        }));
    }
    lines
}

impl Place {
    /// An exchange whose period 2026H1 had its window in March, and 2026H2 in September.
    pub fn new() -> Self {
        Self::with(&format!("{DATA}/checks"), &format!("{DATA}/profiles"))
    }

    /// The same with other checks and profiles.
    pub fn with(checks: &str, profiles: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Self { folder };
        let arguments = ["baseline", "pins", "--profile", "toy", "--checks", checks];
        let (code, pins, err) = place.call(&[&arguments[..], &["--profiles", profiles]].concat());
        assert_eq!(code, 0, "{err}");
        fs::create_dir(place.path("exchange")).unwrap();
        let text = format!(
            "id: toys\ntitle: Toys\nprofile: toy\naudience: [office-a, office-b]\nperiods:\n  - id: 2026H1\n    opens: 2026-03-01\n{pins}  - id: 2026H2\n    opens: 2026-09-01\n{pins}"
        );
        fs::write(place.path("exchange/exchange.yaml"), text).unwrap();
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn save(&self, name: &str, lines: &[Value]) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(self.path(name), text).unwrap();
    }

    /// The program in the folder, with its state there.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scrutineer"));
        command
            .current_dir(self.folder.path())
            .env_remove("NO_COLOR")
            .env("COLUMNS", "100")
            .env("XDG_STATE_HOME", self.path("state"))
            .stdin(Stdio::null())
            .args(arguments);
        command
    }

    /// Calls the program in the folder.
    pub fn call<S: AsRef<OsStr>>(&self, arguments: &[S]) -> (i32, String, String) {
        let output = self.command(arguments).output().unwrap();
        (
            output.status.code().unwrap_or(-1),
            String::from_utf8_lossy(&output.stdout).into_owned(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    }

    /// Pins the names of runs as the panel of a period, before its window opens.
    pub fn pin(
        &self,
        runs: &[&str],
        participant: &str,
        period: &str,
        complete: &str,
    ) -> (i32, String, String) {
        let mut targets = std::collections::BTreeMap::new();
        for run in runs {
            let text = fs::read_to_string(self.path(run)).unwrap();
            let header: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
            for target in header["targets"].as_array().unwrap() {
                targets.insert(target["name"].to_string(), target.clone());
            }
        }
        let targets: Vec<Value> = targets.into_values().collect();
        let inventory = json!({ "targets": targets }).to_string();
        fs::write(self.path("panel.yaml"), inventory).unwrap();
        let at = match period {
            "2026H1" => "2026-02-01T00:00:00Z",
            _ => "2026-08-01T00:00:00Z",
        };
        self.call(&[
            "baseline",
            "panel",
            "-i",
            "panel.yaml",
            "--exchange",
            "exchange/exchange.yaml",
            "--participant",
            participant,
            "--period",
            period,
            "--complete",
            complete,
            "--at",
            at,
            "--state",
            "state/scrutineer",
        ])
    }

    /// Calls `baseline create` for office-a and 2026H2, with more arguments. What is said to
    /// be complete is pinned first.
    pub fn create(&self, runs: &[&str], more: &[&str]) -> (i32, String, String) {
        self.call(&self.creation(runs, more))
    }

    /// The arguments of that call.
    pub fn creation(&self, runs: &[&str], more: &[&str]) -> Vec<String> {
        let checks = format!("{DATA}/checks");
        let profiles = format!("{DATA}/profiles");
        let given = |option: &str| {
            let at = more.iter().position(|word| *word == option)?;
            more.get(at + 1).copied()
        };
        if let Some(complete) = given("--complete") {
            let participant = given("--participant").unwrap_or("office-a");
            let period = given("--period").unwrap_or("2026H2");
            self.pin(runs, participant, period, complete);
        }
        let mut arguments = vec!["baseline", "create"];
        arguments.extend(runs);
        arguments.extend(["--exchange", "exchange/exchange.yaml"]);
        if !more.contains(&"--participant") {
            arguments.extend(["--participant", "office-a"]);
        }
        if !more.contains(&"--period") {
            arguments.extend(["--period", "2026H2"]);
        }
        if !more.contains(&"--created") {
            arguments.extend(["--created", "2026-10-02T08:00:00Z"]);
        }
        arguments.extend(more);
        arguments.extend(["--checks", &checks, "--profiles", &profiles]);
        arguments.into_iter().map(str::to_owned).collect()
    }

    /// The cells of a document: row, kind, judged, coverage, passing.
    pub fn cells(&self, name: &str) -> Vec<String> {
        let text = fs::read(self.path(name)).unwrap();
        let document: Value = serde_json::from_slice(&text).unwrap();
        let word = |cell: &Value, key: &str| cell[key].as_str().unwrap().to_owned();
        let mut cells: Vec<String> = document["predicate"]["cells"]
            .as_array()
            .unwrap()
            .iter()
            .map(|cell| {
                let row = cell["rows"][0]["row"].as_str().unwrap();
                let words = ["kind", "judged", "coverage", "passing"].map(|key| word(cell, key));
                format!("{row} {}", words.join(" "))
            })
            .collect();
        cells.sort();
        cells
    }
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}
