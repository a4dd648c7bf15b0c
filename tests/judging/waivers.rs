//! Waivers at the gate, with the built program.

use std::fs;

use crate::saved::*;

const TLS: &str = "tls.protocol.no-legacy";
const CRITICAL: &str = "portal.form.https-action";

fn waiver(check: &str, target: &str, expires: &str) -> String {
    format!(
        "  - check: {check}\n    target: {target}\n    reason: kiosks until winter\n    owner: ada\n    expires: {expires}\n"
    )
}

fn sniffing() -> String {
    waiver("web.sniffing.off", "vote.example.gov", "2026-12-31")
}

/// Every date of the rules, on the 3rd of November: exit code and what is said.
#[test]
fn dates_quoted_and_not_past_today_and_too_far() {
    let folder = folder();
    write_run(&folder.path().join("run.jsonl"), &[seen()], &[]);
    let table = [
        (TLS, "2026-12-31", 0, "gate passed"),
        (TLS, "\"2026-12-31\"", 0, "not counted: 2 waived"),
        (TLS, "2026-11-03", 0, "ends soon, on 2026-11-03"),
        (TLS, "2026-11-17", 0, "ends soon, on 2026-11-17"),
        (TLS, "2026-11-18", 0, "gate passed"),
        (
            TLS,
            "2026-11-02",
            1,
            "has expired on 2026-11-02 and waives nothing",
        ),
        (TLS, "2027-05-02", 0, "gate passed"),
        (TLS, "2027-05-03", 2, "waivers.yaml:6:14"),
        (TLS, "2027-02-29", 2, "there is no such day"),
        (TLS, "2027-02", 2, "is not a day"),
        (TLS, "soon", 2, "waivers.yaml:6:14"),
        (TLS, "", 2, "waivers.yaml:6:12"),
        (CRITICAL, "2027-02-01", 1, "covers no finding"),
        (CRITICAL, "2027-02-02", 2, "at most 90 days"),
    ];
    for (check, expires, exit, expected) in table {
        let text = format!(
            "waivers:\n{}{}",
            waiver(check, "vote.example.gov", expires),
            sniffing()
        );
        fs::write(folder.path().join("waivers.yaml"), text).unwrap();
        let (code, out, err) = program(
            folder.path(),
            &[
                "gate",
                "run.jsonl",
                "--waivers",
                "waivers.yaml",
                "--gate-date",
                "2026-11-03",
            ],
        );
        assert_eq!(code, exit, "{check} {expires}: {out}{err}");
        assert!(
            format!("{out}{err}").contains(expected),
            "{expires}: {out}{err}"
        );
    }
    // The day itself ends at midnight UTC, and the next is over.
    let text = format!(
        "waivers:\n{}{}",
        waiver(TLS, "vote.example.gov", "2026-11-03"),
        sniffing()
    );
    fs::write(folder.path().join("waivers.yaml"), text).unwrap();
    for (day, exit) in [("2026-11-03", 0), ("2026-11-04", 1)] {
        let (code, ..) = program(
            folder.path(),
            &[
                "gate",
                "run.jsonl",
                "--waivers",
                "waivers.yaml",
                "--gate-date",
                day,
            ],
        );
        assert_eq!(code, exit, "{day}");
    }
}

#[test]
fn overlapping_unused_and_expired_ones_are_told() {
    let folder = folder();
    write_run(&folder.path().join("run.jsonl"), &[seen()], &[]);
    let run = |waivers: &[String]| {
        let text = format!("waivers:\n{}", waivers.concat());
        fs::write(folder.path().join("w.yaml"), text).unwrap();
        document(
            folder.path(),
            &[
                "run.jsonl",
                "--waivers",
                "w.yaml",
                "--gate-date",
                "2026-11-03",
            ],
        )
    };
    let vote = "vote.example.gov";
    // The earliest of those that cover a finding decides.
    let document = run(&[
        waiver(TLS, "\"*.example.gov\"", "2027-03-01"),
        waiver(TLS, vote, "2026-12-01"),
        waiver(TLS, "results.example.gov", "2026-12-01"),
        sniffing(),
    ]);
    let states: Vec<&str> = document["waivers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|waiver| waiver["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["overlapped", "applied", "unused", "applied"]);
    assert_eq!(document["waivers"][0]["findings"], 1);
    assert_eq!(document["waivers"][1]["source"]["line"], 7);
    assert_eq!(document["dates"]["gate"], "2026-11-03");
    assert_eq!(document["gate"]["exit"], 0);
    assert_eq!(document["gate"]["waived"], 2);
    let finding = &document["findings"][0];
    assert_eq!(finding["waived"]["expires"], "2026-12-01");
    assert_eq!(finding["waived"]["owner"], "ada");
    // The verdict stays, and so does how the target stands.
    assert_eq!(finding["verdict"], "fail");
    assert_eq!(document["summary"]["failures"]["high"], 1);
    assert_eq!(document["requirements"][0]["verdict"], "fail");
    // A later waiver does not prolong an expired one in silence.
    let document = run(&[
        waiver(TLS, "\"*.example.gov\"", "2027-03-01"),
        waiver(TLS, vote, "2026-11-02"),
        sniffing(),
    ]);
    assert_eq!(document["gate"]["exit"], 1);
    assert_eq!(document["waivers"][1]["state"], "expired");
    assert_eq!(document["findings"][0]["waived"], serde_json::Value::Null);
}

#[test]
fn wrong_waivers_are_refused_with_file_line_and_column() {
    let folder = folder();
    write_run(&folder.path().join("run.jsonl"), &[seen()], &[]);
    let good = waiver(TLS, "vote.example.gov", "2026-12-31");
    let table = [
        (
            good.replace("no-legacy", "no-legaci"),
            "w.yaml:2:12",
            "did you mean",
        ),
        (
            good.replace("    reason: kiosks until winter\n", ""),
            "w.yaml:2:5",
            "`reason`",
        ),
        (
            good.replace("    owner: ada\n", ""),
            "w.yaml:2:5",
            "`owner`",
        ),
        (
            good.replace("owner: ada", "owner: \"\""),
            "w.yaml:5:12",
            "empty",
        ),
        (
            good.replace("vote.example.gov", "\"*\""),
            "w.yaml:3:13",
            "more than a waiver may",
        ),
        (
            good.replace("vote.example.gov", "\"*.gov\""),
            "w.yaml:3:13",
            "many owners",
        ),
        (
            good.replace("    expires: 2026-12-31\n", ""),
            "w.yaml:2:5",
            "`expires`",
        ),
    ];
    for (text, place, expected) in table {
        fs::write(folder.path().join("w.yaml"), format!("waivers:\n{text}")).unwrap();
        for command in ["judge", "gate"] {
            let (code, out, err) = program(
                folder.path(),
                &[
                    command,
                    "run.jsonl",
                    "--waivers",
                    "w.yaml",
                    "--gate-date",
                    "2026-11-03",
                ],
            );
            assert_eq!(code, 2, "{text}: {err}");
            assert!(
                err.contains(place) && err.contains(expected),
                "{text}: {err}"
            );
            assert!(out.is_empty(), "{out}");
        }
    }
    for arguments in [
        &["judge", "run.jsonl", "--waivers", "none.yaml"][..],
        &["judge", "run.jsonl", "--gate-date", "2026-11-03"],
        &["judge", "run.jsonl", "--soft", "tls.protocol.no-legaci"],
        &["gate", "run.jsonl", "--soft", "tls"],
    ] {
        let (code, _, err) = program(folder.path(), arguments);
        assert_eq!(code, 2, "{arguments:?}: {err}");
    }
}

#[test]
fn soft_and_waived_findings_are_marked_and_shown() {
    let folder = folder();
    write_run(&folder.path().join("run.jsonl"), &[seen()], &[]);
    fs::write(
        folder.path().join("w.yaml"),
        format!("waivers:\n{}", sniffing()),
    )
    .unwrap();
    let options = [
        "run.jsonl",
        "--waivers",
        "w.yaml",
        "--gate-date",
        "2026-11-03",
        "--soft",
        TLS,
    ];
    let document = document(folder.path(), &options);
    assert_eq!(document["gate"]["exit"], 0, "{}", document["gate"]);
    assert_eq!(document["gate"]["soft"], 1);
    assert_eq!(document["gate"]["waived"], 1);
    assert_eq!(document["findings"][0]["soft"], true);
    let (code, out, _) = program(folder.path(), &[&["judge"], &options[..]].concat());
    assert_eq!(code, 0);
    let out = out.split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in [
        "Found, and does not count at the gate",
        "TLS1.0 is accepted",
        "soft",
        "waived until 2026-12-31 by ada: kiosks until winter",
        "2026-11-03, the date of the gate",
        "not counted: 1 waived, 1 soft",
    ] {
        assert!(out.contains(expected), "{expected} is not in {out}");
    }
}

#[test]
fn a_waived_open_check_is_shown_and_keeps_no_gate_but_blindness_does() {
    let folder = folder();
    let text = format!(
        "waivers:\n{}",
        waiver(TLS, "\"*.example.gov\"", "2026-12-31")
    );
    fs::write(folder.path().join("w.yaml"), text).unwrap();
    let mut blind = silent();
    lose_versions(&mut blind, 1);
    for (what, observation, missing, exit) in [
        ("one endpoint of two is silent", silent(), &[][..], 0),
        ("no endpoint answers", blind, &[], 3),
        ("a target is missing", mended(), &["results.example.gov"], 3),
    ] {
        write_run(&folder.path().join("run.jsonl"), &[observation], missing);
        let (code, out, err) = program(
            folder.path(),
            &[
                "gate",
                "run.jsonl",
                "--waivers",
                "w.yaml",
                "--gate-date",
                "2026-11-03",
            ],
        );
        assert_eq!(code, exit, "{what}: {out}{err}");
    }
}

#[test]
fn the_same_bytes_with_waivers_and_an_earlier_result() {
    let folder = folder();
    write_run(&folder.path().join("old.jsonl"), &[mended()], &[]);
    write_run(&folder.path().join("run.jsonl"), &[seen()], &[]);
    fs::write(
        folder.path().join("w.yaml"),
        format!("waivers:\n{}", sniffing()),
    )
    .unwrap();
    for format in ["json", "table"] {
        let run = || {
            program(
                folder.path(),
                &[
                    "judge",
                    "run.jsonl",
                    "--waivers",
                    "w.yaml",
                    "--gate-date",
                    "2026-11-03",
                    "--against",
                    "old.jsonl",
                    "--format",
                    format,
                ],
            )
        };
        let first = run();
        assert_eq!(first.0, 1, "{}", first.2);
        assert_eq!(first, run());
    }
}
