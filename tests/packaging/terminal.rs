//! Colour, width and letters, as a terminal sees them: through a pseudo-terminal of `script`.

use std::{path::Path, process::Command, sync::OnceLock};

use crate::support::{SCRUTINEER, Stand, program, succeeds};

/// What a command shows in a terminal of so many columns.
fn shown(
    script: &Path,
    folder: &Path,
    command: &str,
    columns: u16,
    variables: &[(&str, &str)],
) -> String {
    let line = format!("stty cols {columns} rows 50; {SCRUTINEER} {command}");
    let mut terminal = Command::new(script);
    terminal
        .args(["--quiet", "--command", &line, "/dev/null"])
        .current_dir(folder);
    for name in ["NO_COLOR", "COLUMNS", "LC_ALL", "LC_CTYPE", "LANG"] {
        terminal.env_remove(name);
    }
    terminal.env("TERM", "xterm-256color").env("HOME", folder);
    let output = terminal.envs(variables.iter().copied()).output().unwrap();
    String::from_utf8_lossy(&output.stdout).replace('\r', "")
}

/// Without what sets colours.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out += before;
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    out + rest
}

/// A run of the demo's offices to be judged, made once.
fn saved() -> &'static Stand {
    static STAND: OnceLock<Stand> = OnceLock::new();
    STAND.get_or_init(scanned)
}

fn scanned() -> Stand {
    let stand = Stand::new();
    let mut scan = Command::new(SCRUTINEER);
    scan.args([
        "scan",
        "--inventory",
        "inventory.yaml",
        "--save",
        "run.jsonl",
        "--quiet",
    ]);
    scan.args(stand.options.split(' '))
        .current_dir(stand.folder.path());
    assert_eq!(scan.output().unwrap().status.code(), Some(1));
    stand
}

#[test]
fn a_terminal_gets_colour_and_a_pipe_does_not() {
    let Some(script) = program("script", "bsdutils", "colour in a terminal") else {
        return;
    };
    let stand = saved();
    let folder = stand.folder.path();
    let utf8 = ("LC_ALL", "C.UTF-8");
    let judge = "judge run.jsonl";
    assert!(shown(&script, folder, judge, 100, &[utf8]).contains("\u{1b}["));
    for off in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let text = shown(&script, folder, judge, 100, &[utf8, off]);
        assert!(
            text.contains("PORTAL-02") && !text.contains('\u{1b}'),
            "{off:?}"
        );
    }
    let help = |variables: &[(&str, &str)]| shown(&script, folder, "scan --help", 100, variables);
    assert!(help(&[utf8]).contains("\u{1b}["));
    assert!(!help(&[utf8, ("NO_COLOR", "1")]).contains('\u{1b}'));
    for arguments in [
        &["judge", "run.jsonl"][..],
        &["scan", "--help"],
        &["checks", "list"],
    ] {
        let mut piped = Command::new(SCRUTINEER);
        piped
            .args(arguments)
            .current_dir(folder)
            .env("TERM", "xterm-256color");
        let output = piped.env_remove("NO_COLOR").output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            !text.is_empty() && !text.contains('\u{1b}'),
            "{arguments:?}"
        );
    }
}

#[test]
fn lines_fit_from_40_to_200_columns() {
    let Some(script) = program("script", "bsdutils", "widths of a terminal") else {
        return;
    };
    let stand = saved();
    for columns in [40, 80, 200] {
        for command in [
            "judge run.jsonl",
            "checks list",
            "profiles list",
            "doctor --resolver 127.0.0.1:1",
            "--help",
        ] {
            let text = plain(&shown(
                &script,
                stand.folder.path(),
                command,
                columns,
                &[("LC_ALL", "C.UTF-8")],
            ));
            assert!(text.lines().count() > 5, "{command}: {text}");
            let long: Vec<&str> = text
                .lines()
                .filter(|line| line.chars().count() > usize::from(columns))
                // A word that cannot be broken: an id, a URL, a digest, a path.
                .filter(|line| {
                    let words: Vec<&str> = line.trim_end_matches('\\').split_whitespace().collect();
                    let longest = words.iter().map(|word| word.chars().count()).max();
                    words.len() > 1 && longest.unwrap_or(0) <= usize::from(columns) / 2
                })
                .collect();
            assert!(
                long.is_empty(),
                "{command} at {columns} columns:\n{}",
                long.join("\n")
            );
        }
    }
}

#[test]
fn a_terminal_without_utf8_gets_ascii() {
    let Some(script) = program("script", "bsdutils", "letters of a terminal") else {
        return;
    };
    let stand = saved();
    for command in [
        "judge run.jsonl",
        "judge run.jsonl --profile common-baseline --profile nl-internet-nl-1.11",
        "plan run.jsonl",
        "checks list",
        "profiles list",
        "profiles show us-cisa-bod-18-01",
        "explain tls.protocol.no-legacy",
        "doctor --resolver 127.0.0.1:1",
    ] {
        let text = shown(
            &script,
            stand.folder.path(),
            command,
            100,
            &[("LC_ALL", "C")],
        );
        assert!(text.lines().count() > 5, "{command}: {text}");
        let foreign: Vec<&str> = text.lines().filter(|line| !line.is_ascii()).collect();
        assert!(foreign.is_empty(), "{command}:\n{}", foreign.join("\n"));
    }
    let text = shown(
        &script,
        stand.folder.path(),
        "judge run.jsonl",
        100,
        &[("LC_ALL", "C.UTF-8")],
    );
    assert!(!text.is_ascii(), "lines are drawn where they can be shown");
    // Files are for programs and stay UTF-8.
    let listed = succeeds(
        Command::new(SCRUTINEER)
            .args(["schema", "observation"])
            .env("LC_ALL", "C"),
    );
    assert!(listed.contains("\"$schema\""));
}
