//! The nightly scan: its unit by systemd's own judgement, and its script against the demo's servers.

use std::{fs, process::Command};

use crate::{
    debian,
    support::{Stand, program, repository, story, succeeds},
};

#[test]
fn the_units_are_valid() {
    let test = "systemd's view of the units";
    let Some(analyze) = program("systemd-analyze", "systemd", test) else {
        return;
    };
    let Some(root) = debian::unpacked(test) else {
        return;
    };
    // Only then does it look for the program of the unit in the package.
    let base = format!("--root={}", root.path().display());
    for unit in ["scrutineer.service", "scrutineer.timer"] {
        let output = Command::new(&analyze)
            .args(["verify", "--man=no", &base])
            .arg(format!("/usr/lib/systemd/system/{unit}"))
            .output()
            .unwrap();
        // Units of the system that are not in the package are no fault of ours.
        let ours: Vec<String> = String::from_utf8_lossy(&output.stderr)
            .lines()
            .filter(|line| line.contains("scrutineer") && !line.ends_with(".target not found."))
            .map(str::to_owned)
            .collect();
        assert!(ours.is_empty(), "{unit}: {ours:?}");
    }
    // An unknown directive must not get through, else the test above says nothing.
    let broken = root
        .path()
        .join("usr/lib/systemd/system/scrutineer.service");
    let text = fs::read_to_string(&broken).unwrap();
    fs::write(&broken, text.replace("ProtectHome=", "ProtectHouse=")).unwrap();
    let output = Command::new(&analyze)
        .args([
            "verify",
            "--man=no",
            &base,
            "/usr/lib/systemd/system/scrutineer.service",
        ])
        .output()
        .unwrap();
    assert!(
        story(&output).contains("ProtectHouse"),
        "{}",
        story(&output)
    );
}

#[test]
fn the_service_is_exposed_little() {
    let Some(analyze) = program("systemd-analyze", "systemd", "the exposure of the service") else {
        return;
    };
    // 1.5 of 10: what a service that may talk to the Internet can reach.
    let mut command = Command::new(analyze);
    command
        .args(["security", "--offline=true", "--threshold=15", "--no-pager"])
        .arg(repository("packaging/systemd/scrutineer.service"));
    let told = succeeds(&mut command);
    assert!(told.contains("Overall exposure level"), "{told}");
}

#[test]
fn a_night_leaves_a_run_findings_and_what_changed() {
    let stand = Stand::new();
    let state = stand.folder.path().join("state");
    fs::create_dir(&state).unwrap();
    let night = |more: &str| {
        Command::new("sh")
            .arg(repository("packaging/systemd/nightly"))
            .current_dir(stand.folder.path())
            .env("PATH", stand.path())
            .env("STATE_DIRECTORY", &state)
            .env("SCRUTINEER_INVENTORY", "inventory.yaml")
            .env("SCRUTINEER_ARGS", format!("{} {more}", stand.options))
            .output()
            .unwrap()
    };
    let first = night("");
    assert_eq!(
        first.status.code(),
        Some(1),
        "the neglected office fails: {}",
        story(&first)
    );
    for file in ["findings.json", "findings.html", "findings.prom"] {
        assert!(
            fs::metadata(state.join(file)).unwrap().len() > 1000,
            "{file}"
        );
    }
    assert!(
        !state.join("changes.md").exists(),
        "there was nothing before"
    );
    // Another name, as on the night after.
    let runs: Vec<_> = fs::read_dir(state.join("runs")).unwrap().collect();
    assert_eq!(runs.len(), 1);
    let run = runs[0].as_ref().unwrap().path();
    fs::rename(&run, run.with_file_name("2026-01-01T023000Z.jsonl")).unwrap();
    let second = night("");
    assert_eq!(second.status.code(), Some(1), "{}", story(&second));
    let changes = fs::read_to_string(state.join("changes.md")).unwrap();
    assert!(
        changes.contains("changed") || changes.contains("new"),
        "{changes}"
    );
    assert_eq!(fs::read_dir(state.join("runs")).unwrap().count(), 2);

    let wrong = night("--profile no-such-profile");
    assert_eq!(wrong.status.code(), Some(2), "{}", story(&wrong));
    assert_eq!(
        fs::read_dir(state.join("runs")).unwrap().count(),
        2,
        "nothing was looked at"
    );
}
