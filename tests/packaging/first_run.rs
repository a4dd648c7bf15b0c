//! The first minutes: `doctor`, help, and what is said to somebody who mistypes.

use std::{
    net::UdpSocket,
    process::{Command, Stdio},
};

use crate::support::SCRUTINEER;

struct Told {
    code: i32,
    out: String,
    err: String,
}

fn run(arguments: &[&str]) -> Told {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(SCRUTINEER);
    command
        .args(arguments)
        .env("HOME", home.path())
        .env("COLUMNS", "100");
    command.env_remove("NO_COLOR").env_remove("XDG_STATE_HOME");
    let output = command
        .stdin(Stdio::null())
        .current_dir(home.path())
        .output()
        .unwrap();
    Told {
        code: output.status.code().unwrap(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn the_doctor_says_what_to_do_about_a_resolver_that_is_not_there() {
    // One that refuses at once, and one that never answers: the command ends with both.
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let silent = silent.local_addr().unwrap().to_string();
    for resolver in ["127.0.0.1:1", &silent] {
        let told = run(&["doctor", "--resolver", resolver]);
        assert_eq!(told.code, 3, "{}{}", told.out, told.err);
        let line = told
            .out
            .lines()
            .find(|line| line.starts_with("BROKEN   resolver"))
            .unwrap();
        assert!(
            line.contains(resolver) && line.contains("does not answer"),
            "{line}"
        );
        assert!(told.out.contains("To do: "), "{}", told.out);
        assert!(told.out.contains("Not ready"), "{}", told.out);
    }
}

#[test]
fn the_doctor_is_content_with_the_demos_resolver() {
    let stand = crate::support::Stand::new();
    let words: Vec<&str> = stand.options.split(' ').collect();
    let at = words.iter().position(|word| *word == "--resolver").unwrap();
    let told = run(&["doctor", "--resolver", words[at + 1]]);
    assert_eq!(told.code, 0, "{}{}", told.out, told.err);
    for line in [
        "ok       resolver",
        "ok       dnssec",
        "ok       clock",
        "ok       state",
        "ok       terminal",
    ] {
        assert!(
            told.out.lines().any(|found| found.starts_with(line)),
            "{line}: {}",
            told.out
        );
    }
    assert!(
        told.out.contains("within the signatures of the DNS root"),
        "{}",
        told.out
    );
    assert!(
        told.out.contains("Ready: a scan can begin."),
        "{}",
        told.out
    );
}

#[test]
fn who_mistypes_is_told_what_was_meant() {
    for (arguments, meant) in [
        (&["scna", "vote.example.gov"][..], "'scan'"),
        (&["roster", "shwo", "x"], "'show'"),
        (
            &["scan", "--profil", "x", "vote.example.gov"],
            "'--profile'",
        ),
        (
            &["scan", "vote.example.gov", "--level", "standart"],
            "'standard'",
        ),
        (
            &["scan", "vote.example.gov", "--profile", "comon-baseline"],
            "`common-baseline`",
        ),
        (
            &["profiles", "show", "de-bsi-tr-02102"],
            "`de-bsi-tr-02102-2`",
        ),
        (
            &["profiles", "diff", "common-baseline", "nl-ncsc-tls-2025"],
            "`nl-ncsc-tls-2025-05`",
        ),
        (
            &["explain", "tls.protocol.no-legcy"],
            "`tls.protocol.no-legacy`",
        ),
        (&["explain", "TLS-011"], "`TLS-01"),
        (
            &["checks", "show", "tls.protocl.no-legacy"],
            "`tls.protocol.no-legacy`",
        ),
        (
            &[
                "scan",
                "vote.example.gov",
                "--soft",
                "tls.protocol.no-legac",
            ],
            "`tls.protocol.no-legacy`",
        ),
        (&["schema", "observaton"], "'observation'"),
    ] {
        let told = run(arguments);
        assert_eq!(told.code, 2, "{arguments:?}: {}", told.err);
        assert!(told.err.contains(meant), "{arguments:?}: {}", told.err);
        assert!(told.out.is_empty(), "{arguments:?}: {}", told.out);
    }
}

#[test]
fn without_arguments_the_program_says_what_it_can_do() {
    let told = run(&[]);
    assert_eq!(told.code, 2);
    for word in [
        "Usage: scrutineer",
        "scan",
        "demo",
        "doctor",
        "Exit codes: 0 gate passed",
    ] {
        assert!(told.err.contains(word), "{word}: {}", told.err);
    }
    assert!(
        !told.err.contains("generate"),
        "what packages need is no use to people"
    );
}
