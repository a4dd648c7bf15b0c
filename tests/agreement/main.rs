//! A small Internet in a network namespace: a root, a top-level domain and an office's zone
//! for each case, signed by BIND or by Knot and served by both, with a resolver. One scan
//! looks at all of it, from the root down, and must find each fault and nothing else. And
//! mail domains with one fault in their records each. And TLS servers, as another scanner sees
//! them. `docs/dns-agreement.md`, `docs/mail-agreement.md` and `docs/tls-agreement.md` say what
//! other tools find there.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    reason = "these are tests"
)]

use std::{fs, io::Write, os::unix::fs::MetadataExt, path::Path, process::Command};

/// What a script exits with when a program is missing.
const LEFT_OUT: i32 = 77;
/// What a script exits with when the lab broke, or servers answered so late on a busy machine
/// that something could not be seen. A wrong word is never worth another look.
const AGAIN: i32 = 75;

fn leave_out(test: &str, why: &str) {
    let line = format!("\nLEFT OUT: {test}: {}\n", why.trim());
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

/// Runs a script of this folder in a network of its own.
fn in_a_network(test: &str, script: &str, arguments: &[&str]) {
    // As root a network alone is enough, and servers can still change to their own users.
    let alone: &[&str] = match fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0) {
        true => &["--net", "--"],
        false => &["--user", "--map-root-user", "--net", "--"],
    };
    let usable = Command::new("unshare").args(alone).arg("true").status();
    if !usable.is_ok_and(|status| status.success()) {
        return leave_out(test, "no network namespace can be made here");
    }
    // Installed by tests/run; without it the comparison is left out.
    let scanner =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("target/validators/scanner/bin/sslyze");
    let scanner = match scanner.exists() {
        true => scanner,
        false => Default::default(),
    };
    let look = || {
        let folder = tempfile::tempdir().unwrap();
        Command::new("unshare")
            .args(alone)
            .args(["python3", "-B", script, env!("CARGO_BIN_EXE_scrutineer")])
            .arg(folder.path().join("lab"))
            .arg(folder.path().join("said.json"))
            .args(arguments)
            .env("SSLYZE", &scanner)
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/agreement"))
            .output()
            .unwrap()
    };
    let mut output = look();
    if output.status.code() == Some(AGAIN) {
        std::io::stderr().write_all(&output.stdout).unwrap();
        std::io::stderr().write_all(&output.stderr).unwrap();
        output = look();
    }
    let story = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(0) => assert!(story.contains(" compared"), "{story}{errors}"),
        Some(LEFT_OUT) => leave_out(test, &errors),
        code => panic!("{script} {arguments:?} ended with {code:?}:\n{story}{errors}"),
    }
}

#[test]
fn zones_signed_by_bind_and_by_knot() {
    in_a_network("DNSSEC of 69 zones", "lab.py", &["dnssec", "ours"]);
}

#[test]
fn delegations_and_servers() {
    in_a_network("24 delegations", "lab.py", &["delegation", "ours"]);
}

#[test]
fn records_of_mail_domains() {
    in_a_network("records of 73 mail domains", "mail_lab.py", &["ours"]);
}

#[test]
fn exchangers_and_policies() {
    in_a_network("Postfix, TLSA and MTA-STS", "transport_lab.py", &[]);
}

/// What explains a difference must explain one, and stand on the page.
#[test]
fn explanations_are_held_to_account() {
    let output = Command::new("python3")
        .args(["-B", "-m", "unittest", "tls_explained_test"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/agreement"))
        .output();
    let Ok(output) = output else {
        return leave_out("explanations of TLS scanners", "python3 is missing");
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert!(!errors.contains("Ran 0 tests"), "{errors}");
}

#[test]
fn tls_servers_as_sslyze_sees_them() {
    in_a_network("TLS servers of several makers", "tls_lab.py", &[]);
}
