//! Wrong usage and wrong files: one clear error each, exit code 2, nothing sent.

use std::fs;

use crate::support::{run, run_in};

#[test]
fn wrong_arguments_get_one_clear_error() {
    let long_label = format!("{}.example", "a".repeat(64));
    let long_name = format!("{}example", "label.".repeat(50));
    let cases: &[(&[&str], &str)] = &[
        (&[], "Usage"),
        (&["scann"], "scan"),
        (&["scan"], "nothing to look at"),
        (&["scan", "a..example"], "empty part"),
        (&["scan", &long_label], "63"),
        (&["scan", &long_name], "253"),
        (&["scan", "*.example.gov"], "wildcard"),
        (&["scan", "vote.example.gov:99999"], "port"),
        (&["scan", "ftp://vote.example.gov/"], "ftp"),
        (&["scan", "vote example"], "vote example"),
        (
            &["scan", "v.example", "--profile", "comon-baseline"],
            "common-baseline",
        ),
        (&["scan", "v.example", "--only", "dns,smtp"], "smtp"),
        (&["scan", "v.example", "--resolver", "nine.nine"], "9.9.9.9"),
        (
            &["scan", "v.example", "--connect-to", "v.example:443"],
            "connect-to",
        ),
        (
            &["scan", "v.example", "--ca-file", "no-such.pem"],
            "no-such.pem",
        ),
        (
            &["scan", "v.example", "--level", "intrusive"],
            "authorisation",
        ),
        (&["scan", "v.example", "--at", "2030-13-01"], "2030-13-01"),
        (
            &["scan", "v.example", "--checks", "no-such-folder"],
            "no-such-folder",
        ),
        (&["scan", "-i", "no-such.yaml"], "no-such.yaml"),
        (&["scan", "--resume", "no-such.jsonl"], "no-such.jsonl"),
        (&["judge", "no-such.jsonl"], "no-such.jsonl"),
        (
            &["explain", "tls.protocol.no-legaci"],
            "tls.protocol.no-legacy",
        ),
        (
            &["checks", "show", "nothing.like.this"],
            "nothing.like.this",
        ),
        (&["profiles", "show", "comon-baseline"], "common-baseline"),
        (&["schema", "everything"], "everything"),
    ];
    for (arguments, expected) in cases {
        let (code, out, err) = run(arguments);
        assert_eq!(code, 2, "{arguments:?}: {out}{err}");
        assert!(err.contains(expected), "{arguments:?}: {err}");
        assert!(out.is_empty(), "{arguments:?} printed a result: {out}");
        assert!(!err.contains("panicked"), "{arguments:?}: {err}");
    }
}

#[test]
fn wrong_inventories_are_shown_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (one, other) in "abcdefgh".chars().zip("bcdefghi".chars()) {
        bomb += &format!(
            "{other}: &{other} [*{one}, *{one}, *{one}, *{one}, *{one}, *{one}, *{one}]\n"
        );
    }
    let deep = format!("targets: {}x{}", "[".repeat(5000), "]".repeat(5000));
    let cases: &[(&str, &str, &str)] = &[
        ("empty", "", "inventory"),
        ("no targets", "targets: []\n", "inventory.yaml:1"),
        (
            "unknown key",
            "targets:\n  - name: v.example\n    role: [website]\n",
            "roles",
        ),
        (
            "unknown role",
            "targets:\n  - { name: v.example, roles: [websight] }\n",
            "website",
        ),
        (
            "twice",
            "targets:\n  - v.example\n  - V.example.\n",
            "inventory.yaml:3",
        ),
        ("wrong type", "targets: 5\n", "inventory.yaml:1"),
        (
            "a bare no",
            "organisation: { name: Valg, country: no }\ntargets: [v.example]\n",
            "country",
        ),
        ("bomb", &bomb, "inventory.yaml"),
        ("deep", &deep, "inventory.yaml"),
        ("not text", "targets: [\u{1}]\n", "inventory.yaml"),
        ("tab", "targets:\n\t- v.example\n", "inventory.yaml:2"),
    ];
    for (what, text, expected) in cases {
        fs::write(folder.path().join("inventory.yaml"), text).unwrap();
        let (code, out, err) = run_in(folder.path(), &["scan", "-i", "inventory.yaml"]);
        assert_eq!(code, 2, "{what}: {out}{err}");
        assert!(err.contains(expected), "{what}: {err}");
        assert!(!err.contains("panicked"), "{what}: {err}");
        assert!(
            !err.contains('\u{1}'),
            "{what}: a control character came through"
        );
    }
}

#[test]
fn norway_stays_a_country() {
    let folder = tempfile::tempdir().unwrap();
    let text = "organisation: { name: Valg, country: NO }\ntargets: [{ name: v.example, roles: [dns-zone] }]\n";
    fs::write(folder.path().join("inventory.yaml"), text).unwrap();
    let (code, out, err) = run_in(
        folder.path(),
        &["scan", "-i", "inventory.yaml", "--dry-run"],
    );
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("v.example") && out.contains("Nothing was sent"),
        "{out}"
    );
}

#[test]
fn wrong_runs_are_refused_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let header = r#"{"schema":"scrutineer.run/1","tool":"t","started_at":"2026-11-01T00:00:00Z","conditions":{"level":"standard","areas":["dns"],"page_cap":1,"resolver":"127.0.0.1:53","staged":false},"targets":[{"name":"v.example","roles":["dns-zone"],"pins":{}}],"tables":{},"tlp":"TLP:AMBER+STRICT"}"#;
    let observation = |schema: &str, name: &str, version: u32| {
        format!(
            r#"{{"schema":"{schema}","target":{{"name":"{name}","roles":["dns-zone"],"pins":{{}}}},"observed_at":"2026-11-01T00:00:00Z","conditions":{{"level":"standard","areas":["dns"],"page_cap":1,"resolver":"127.0.0.1:53","staged":false}},"fact_versions":{{"dns":{version}}},"gaps":[],"evidence":[],"cost":{{"connections":0,"queries":0,"bytes_sent":0,"bytes_received":0,"milliseconds":0}},"dns":{{"name":"v.example"}}}}"#
        )
    };
    let good = observation("scrutineer.observation/1", "v.example", 1);
    let cases: &[(&str, String, &str)] = &[
        ("empty", String::new(), "run.jsonl"),
        ("no JSON", "hello\n".to_owned(), "run.jsonl:1"),
        (
            "another document",
            "{\"schema\":\"scrutineer.findings/1\"}\n".to_owned(),
            "scrutineer.run/1",
        ),
        ("header torn", header[..40].to_owned(), "run.jsonl:1"),
        (
            "newer",
            format!("{}\n", header.replace("run/1", "run/2")),
            "run/2",
        ),
        (
            "newer facts",
            format!(
                "{header}\n{}\n",
                observation("scrutineer.observation/1", "v.example", 999)
            ),
            "newer scrutineer",
        ),
        (
            "another target",
            format!(
                "{header}\n{}\n",
                observation("scrutineer.observation/1", "w.example", 1)
            ),
            "w.example",
        ),
        (
            "twice",
            format!("{header}\n{good}\n{good}\n"),
            "run.jsonl:3",
        ),
        (
            "damaged",
            format!("{header}\n{{\"schema\":\n{good}\n"),
            "run.jsonl:2",
        ),
    ];
    for (what, text, expected) in cases {
        fs::write(folder.path().join("run.jsonl"), text).unwrap();
        let (code, out, err) = run_in(folder.path(), &["judge", "run.jsonl"]);
        assert_eq!(code, 2, "{what}: {out}{err}");
        assert!(err.contains(expected), "{what}: {err}");
    }
}

#[test]
fn a_run_file_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("run.jsonl"), "precious\n").unwrap();
    let (code, _, err) = run_in(folder.path(), &["scan", "v.example", "--save", "run.jsonl"]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("exists already"), "{err}");
    assert_eq!(
        fs::read_to_string(folder.path().join("run.jsonl")).unwrap(),
        "precious\n"
    );
}
