//! Packs: built, signed by the stewards, pinned by a period, and used by participants.

use serde_json::{Value, json};
use std::fs;

use crate::office::{DATA, Place, names, run};
use crate::support::{Exchange, NOW};

const CREATED: &str = "2026-02-01T00:00:00Z";

/// The toy checks and profile in a folder, with one text of the check on names changed.
fn toys(place: &Place, name: &str, from: &str, to: &str) {
    for file in [
        "checks/dns/toy.exists.yaml",
        "checks/mail/toy.receives.yaml",
        "profiles/toy.yaml",
    ] {
        let mut text = fs::read_to_string(format!("{DATA}/{file}")).unwrap();
        if file.contains("exists") {
            assert!(from.is_empty() || text.contains(from), "{text}");
            text = text.replace(from, to);
        }
        let path = place.path(name).join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// Builds a version of the pack from a folder of toys; returns what was told.
fn build(place: &Place, folder: &str, version: &str, more: &[&str]) -> String {
    let (checks, profiles) = (format!("{folder}/checks"), format!("{folder}/profiles"));
    let mut arguments = vec![
        "pack",
        "build",
        "--name",
        "toys",
        "--version",
        version,
        "--checks",
        &checks,
        "--profiles",
        &profiles,
        "--created",
        CREATED,
    ];
    arguments.extend(more);
    let (code, out, err) = place.call(&arguments);
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    err
}

fn document(place: &Place, arguments: &[&str]) -> Value {
    let (code, out, err) = place.call(arguments);
    assert_eq!(code, 0, "{err}");
    serde_json::from_str(&out).unwrap()
}

fn ids(list: &Value) -> Vec<&str> {
    let ids = list.as_array().unwrap().iter();
    ids.map(|one| one["id"].as_str().unwrap()).collect()
}

#[test]
fn a_changed_operator_starts_lines_anew_and_a_changed_title_does_not() {
    let place = Place::new();
    toys(&place, "first", "", "");
    toys(&place, "title", "The name exists", "There is such a name");
    toys(
        &place,
        "operator",
        "require: subject.exists",
        "require: subject.exists == true",
    );
    for folder in ["first", "title", "operator"] {
        build(&place, folder, folder, &[]);
    }
    let diff = |new: &str| {
        let arguments = [
            "pack",
            "diff",
            "toys-first.pack.json",
            new,
            "--format",
            "json",
        ];
        document(&place, &arguments)
    };
    let words = diff("toys-title.pack.json");
    assert_eq!(words["judged"], json!([]));
    assert_eq!(
        words["words"],
        json!([{ "id": "dns.toy.exists", "parts": ["title"] }])
    );
    assert_eq!(words["profiles"], json!([]));
    assert_eq!(
        words["old"]["digest"], words["new"]["digest"],
        "judges the same"
    );
    assert_ne!(
        words["old"]["file"], words["new"]["file"],
        "and says something else"
    );
    let judged = diff("toys-operator.pack.json");
    assert_eq!(
        judged["judged"],
        json!([{ "id": "dns.toy.exists", "parts": ["require"] }])
    );
    assert_eq!(judged["words"], json!([]));
    // Of all profiles, those that ask for the check: the toy alone.
    assert_eq!(ids(&judged["profiles"]), ["toy"]);
    let toy = &judged["profiles"][0];
    assert_eq!((&toy["added"], &toy["removed"]), (&json!([]), &json!([])));
    assert_eq!(toy["anew"].as_array().unwrap().len(), 1, "{toy}");
    assert_eq!(toy["anew"][0]["row"], "control#DNS-01");
    assert_eq!(toy["anew"][0]["because"], json!(["dns.toy.exists"]));
    assert_ne!(judged["old"]["digest"], judged["new"]["digest"]);
    // For people.
    let arguments = [
        "pack",
        "diff",
        "toys-first.pack.json",
        "toys-operator.pack.json",
    ];
    let (_, table, _) = place.call(&arguments);
    assert!(table.contains("dns.toy.exists: require"), "{table}");
    assert!(
        table.contains("control#DNS-01 starts anew: dns.toy.exists"),
        "{table}"
    );
    let markdown = [&arguments[..], &["--format", "markdown"]].concat();
    let (_, markdown, _) = place.call(&markdown);
    assert!(
        markdown.starts_with("# toys first and toys operator\n"),
        "{markdown}"
    );
    let same = [
        "pack",
        "diff",
        "toys-first.pack.json",
        "toys-first.pack.json",
    ];
    let (_, same, _) = place.call(&same);
    assert!(same.contains("They judge and say the same."), "{same}");
}

#[test]
fn the_same_input_gives_the_same_bytes_and_the_log_goes_on() {
    let place = Place::new();
    toys(&place, "one", "", "");
    toys(&place, "two", "severity: low", "severity: high");
    build(&place, "one", "1", &["-o", "a.json"]);
    build(&place, "one", "1", &["-o", "b.json"]);
    let bytes = fs::read(place.path("a.json")).unwrap();
    assert_eq!(bytes, fs::read(place.path("b.json")).unwrap());
    let text = String::from_utf8(bytes).unwrap();
    assert!(
        !text.contains(DATA) && !text.contains("one/checks"),
        "no path of the machine"
    );
    build(&place, "two", "2", &["--previous", "a.json"]);
    fs::write(
        place.path("changes.md"),
        "# 3\n\n- Nothing much\n* and less\n",
    )
    .unwrap();
    let previous = ["--previous", "toys-2.pack.json", "--changes", "changes.md"];
    build(&place, "two", "3", &previous);
    let shown = fs::read(place.path("toys-3.pack.json")).unwrap();
    let shown: Value = serde_json::from_slice(&shown).unwrap();
    assert_eq!(
        shown["predicate"]["log"],
        json!([
            { "version": "3", "changes": ["Nothing much", "and less"] },
            { "version": "2", "changes": ["dns.toy.exists, words only: severity"] },
            { "version": "1", "changes": [] },
        ])
    );
    assert_eq!(shown["predicate"]["previous"]["version"], "2");
    // A version is built once, and another pack is no version of this one.
    for (arguments, words) in [
        (
            ["--name", "toys", "--version", "1"],
            "the version before is toys 1",
        ),
        (
            ["--name", "others", "--version", "2"],
            "the version before is toys 1",
        ),
    ] {
        let more = [
            "--previous",
            "a.json",
            "--checks",
            "one/checks",
            "-o",
            "x.json",
        ];
        let (code, _, err) = place.call(&[&["pack", "build"][..], &arguments, &more].concat());
        assert_eq!(code, 2, "{err}");
        assert!(err.contains(words), "{err}");
    }
}

#[test]
fn a_pack_alone_stands_for_everything_and_its_findings_name_it() {
    let place = Place::new();
    toys(&place, "toys", "", "");
    build(&place, "toys", "1", &[]);
    place.save(
        "run.jsonl",
        &run(
            None,
            &names("n", "dns-zone", 1, 1, 0),
            "2026-09-10T08:00:00Z",
        ),
    );
    let packed = ["--pack", "toys-1.pack.json"];
    let folders = ["--checks", "toys/checks", "--profiles", "toys/profiles"];
    let judge = ["judge", "run.jsonl", "--profile", "toy", "--format", "json"];
    let judged = |content: &[&str]| {
        let (code, out, err) = place.call(&[&judge[..], content].concat());
        assert_eq!(code, 1, "{err}");
        serde_json::from_str::<Value>(&out).unwrap()
    };
    let (one, other) = (judged(&packed), judged(&folders));
    assert_eq!(one["findings"], other["findings"]);
    assert_eq!(one["pack"]["digest"], other["pack"]["digest"]);
    assert_eq!(one["pack"]["name"], "toys");
    assert_eq!(one["pack"]["version"], "1");
    assert_eq!(one["pack"]["file"].as_str().unwrap().len(), 64);
    // Every command that takes checks and profiles takes a pack.
    let commands: [&[&str]; 9] = [
        &["plan", "run.jsonl", "--profile", "toy"],
        &["gate", "run.jsonl", "--profile", "toy"],
        &["diff", "run.jsonl", "run.jsonl", "--profile", "toy"],
        &["profiles", "show", "toy"],
        &["profiles", "diff", "toy", "common-baseline"],
        &["checks", "show", "dns.toy.exists"],
        &["checks", "lint"],
        &["explain", "dns.toy.exists"],
        &["baseline", "pins", "--profile", "toy"],
    ];
    for command in commands {
        let (code, out, err) = place.call(&[command, &packed].concat());
        assert!(code < 2 && !out.is_empty(), "{command:?}: {err}");
        let both = [command, &packed, &["--checks", "toys/checks"]].concat();
        let (code, _, err) = place.call(&both);
        assert_eq!(code, 2, "{command:?}");
        assert!(err.contains("cannot be used with"), "{err}");
    }
    // With --alone it holds what the folders hold, which must be complete.
    let alone = [
        "pack",
        "build",
        "--name",
        "x",
        "--version",
        "1",
        "--alone",
        "--checks",
        "toys/checks",
    ];
    let (code, _, err) = place.call(&alone);
    assert_eq!(code, 2);
    assert!(err.contains("DNS-01"), "{err}");
    fs::write(
        place.path("toys/checks/controls.yaml"),
        "controls:\n  - { id: DNS-01, title: Names exist, source: ours }\n  - { id: MAIL-01, title: Mail arrives, source: ours }\n",
    )
    .unwrap();
    let complete = [&alone[..], &["--profiles", "toys/profiles"]].concat();
    let (code, _, err) = place.call(&complete);
    assert_eq!(code, 0, "{err}");
    let listed = document(
        &place,
        &[
            "checks",
            "list",
            "--format",
            "json",
            "--pack",
            "x-1.pack.json",
        ],
    );
    assert_eq!(
        ids(&listed["checks"]),
        ["dns.toy.exists", "mail.toy.receives"]
    );
}

#[test]
fn a_run_names_the_pack_of_its_scan_and_another_one_is_told() {
    let place = Place::new();
    toys(&place, "one", "", "");
    toys(
        &place,
        "two",
        "require: subject.exists",
        "require: subject.exists == true",
    );
    build(&place, "one", "1", &[]);
    build(&place, "two", "2", &[]);
    let scan = [
        "scan",
        "host.invalid",
        "--resolver",
        "127.0.0.1:9",
        "--profile",
        "toy",
        "--only",
        "dns",
        "--pack",
        "toys-1.pack.json",
        "--save",
        "run.jsonl",
        "--quiet",
    ];
    let (code, _, err) = place.call(&scan);
    assert_eq!(code, 3, "{err}");
    let text = fs::read_to_string(place.path("run.jsonl")).unwrap();
    let header: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(header["pack"]["name"], "toys");
    assert_eq!(header["pack"]["version"], "1");
    let judge = |pack: &str| {
        let (_, out, err) = place.call(&[
            "judge",
            "run.jsonl",
            "--profile",
            "toy",
            "--format",
            "json",
            "--pack",
            pack,
        ]);
        (serde_json::from_str::<Value>(&out).unwrap(), err)
    };
    let (same, told) = judge("toys-1.pack.json");
    assert_eq!(told, "");
    assert_eq!(same["pack"], header["pack"]);
    assert_eq!(same.get("run_pack"), None);
    let (other, told) = judge("toys-2.pack.json");
    assert!(told.contains("was scanned with the pack toys 1"), "{told}");
    assert_eq!(other["run_pack"], header["pack"]);
}

#[test]
fn a_window_takes_the_pack_that_it_pins_and_no_other() {
    let place = Place::new();
    toys(&place, "one", "", "");
    toys(
        &place,
        "two",
        "require: subject.exists",
        "require: subject.exists == true",
    );
    toys(
        &place,
        "words",
        "title: The name exists",
        "title: It is there",
    );
    for (folder, version) in [("one", "1"), ("two", "2"), ("words", "3")] {
        build(&place, folder, version, &[]);
    }
    let (_, pins, _) = place.call(&[
        "baseline",
        "pins",
        "--profile",
        "toy",
        "--pack",
        "toys-1.pack.json",
    ]);
    let text = format!(
        "id: toys\ntitle: Toys\nprofile: toy\naudience: [office-a]\nperiods:\n  - id: 2026H2\n    opens: 2026-09-01\n{pins}"
    );
    fs::write(place.path("exchange/exchange.yaml"), text).unwrap();
    place.save(
        "run.jsonl",
        &run(
            None,
            &names("n", "dns-zone", 10, 0, 0),
            "2026-09-10T08:00:00Z",
        ),
    );
    let create = |pack: &str| {
        place.call(&[
            "baseline",
            "create",
            "run.jsonl",
            "--exchange",
            "exchange/exchange.yaml",
            "--participant",
            "office-a",
            "--period",
            "2026H2",
            "--pack",
            pack,
            "--state",
            pack.split('.').next().unwrap(),
            "-o",
            &format!("out-{pack}"),
        ])
    };
    assert_eq!(create("toys-1.pack.json").0, 0);
    let (code, _, err) = create("toys-2.pack.json");
    assert_eq!(code, 2);
    assert!(
        err.contains("2026H2 pins checks with the digest") && err.contains("--pack FILE"),
        "{err}"
    );
    // Words are not what is pinned.
    assert_eq!(create("toys-3.pack.json").0, 0);
}

#[test]
fn what_is_no_pack_is_refused_with_one_clear_error() {
    let place = Place::new();
    toys(&place, "one", "", "");
    build(&place, "one", "1", &[]);
    let text = fs::read_to_string(place.path("toys-1.pack.json")).unwrap();
    let digest = text.split("\"dns.toy.exists\":\"").nth(1).unwrap()[..64].to_owned();
    let cases = [
        (
            "not JSON",
            "id: x\n".to_owned(),
            "is no pack: it is not JSON",
        ),
        (
            "another kind",
            text.replace("pack:1", "roster:1"),
            "wrong predicate type",
        ),
        (
            "spaces",
            text.replacen(':', ": ", 1),
            "not in canonical form",
        ),
        (
            "a path",
            text.replacen("checks/cert/", "checks/../cert/", 1),
            "/path` is not checks/",
        ),
        (
            "an absolute path",
            text.replacen("\"checks/cert/", "\"/etc/cert/", 1),
            "/path` is not checks/",
        ),
        (
            "a changed check",
            text.replacen(
                "require: subject.exists",
                "require: subject.exists == true",
                1,
            ),
            "the check dns.toy.exists comes out with another digest",
        ),
        (
            "a changed digest",
            text.replacen(&digest, &"0".repeat(64), 1),
            "comes out with another digest",
        ),
        (
            "a broken check",
            text.replacen("require: subject.exists", "require: subject.exits", 1),
            "toys-1:checks/dns/toy.exists.yaml",
        ),
        (
            "an escape",
            text.replacen("\"tool\":\"scrutineer", "\"tool\":\"\\u001b[31m", 1),
            "`tool` must be one line",
        ),
        (
            "depth",
            format!("{}{}", "[".repeat(4000), "]".repeat(4000)),
            "nested deeper",
        ),
        (
            "a large one",
            format!("\"{}\"", "a".repeat(9 << 20)),
            "larger than",
        ),
    ];
    for (what, bytes, words) in cases {
        fs::write(place.path("bad.json"), bytes).unwrap();
        let (code, out, err) = place.call(&["profiles", "list", "--pack", "bad.json"]);
        assert_eq!((code, out.as_str()), (2, ""), "{what}: {err}");
        assert!(err.contains(words), "{what}: {err}");
        assert!(!err.contains('\u{1b}'), "{what}");
        assert_eq!(err.matches("error").count(), 1, "{what}: {err}");
    }
    let (code, _, err) = place.call(&["profiles", "list", "--pack", "none.json"]);
    assert_eq!(code, 2);
    assert!(err.contains("there is no such file"), "{err}");
}

/// An exchange with a pack of its own, not signed yet.
fn with_pack(more: &[&str]) -> Exchange {
    let exchange = Exchange::new();
    let build = [
        "pack",
        "build",
        "--name",
        "north-sea",
        "--version",
        "1",
        "--created",
        CREATED,
    ];
    exchange.good(&[&build[..], more].concat());
    exchange
}

#[test]
fn two_of_three_stewards_sign_a_pack() {
    let exchange = with_pack(&["--exchange", "exchange.json"]);
    let verify = [
        "pack",
        "verify",
        "north-sea-1.pack.dsse.json",
        "--roster",
        "roster-1.dsse.json",
        "--at",
        NOW,
    ];
    exchange.good(&["pack", "sign", "north-sea-1.pack.json", "--key", "a"]);
    exchange.refused(&verify, "too few signatures: 1 of its root keys signed");
    exchange.good(&["pack", "sign", "north-sea-1.pack.dsse.json", "--key", "b"]);
    let before = exchange.state();
    let told = exchange.run(&verify);
    assert_eq!(told.exit, 0, "{}", told.err);
    assert!(
        told.err.contains("accepted: pack north-sea 1"),
        "{}",
        told.err
    );
    assert!(told.err.contains("no period pins it"), "{}", told.err);
    assert_ne!(before, exchange.state());
    exchange.good(&verify);
    exchange.refused(
        &[&verify[..], &["--period", "2026H1"]].concat(),
        "not pinned: 2026H1 pins checks with the digest 0a0a",
    );
    exchange.refused(
        &[&verify[..], &["--period", "2029H1"]].concat(),
        "unknown period",
    );
    exchange.refused(
        &["pack", "sign", "north-sea-1.pack.dsse.json", "--key", "b"],
        "one key signed twice",
    );
    // It is read as it is, signed.
    exchange.good(&["profiles", "list", "--pack", "north-sea-1.pack.dsse.json"]);
    // The document that OpenSSH would sign.
    let payload = exchange.good(&["pack", "show", "north-sea-1.pack.dsse.json", "--payload"]);
    assert_eq!(payload.as_bytes(), exchange.read("north-sea-1.pack.json"));
}

#[test]
fn every_bad_signature_is_refused_for_its_own_reason() {
    let exchange = with_pack(&["--exchange", "exchange.json"]);
    let payload = exchange.read("north-sea-1.pack.json");
    let text = String::from_utf8(payload.clone()).unwrap();
    let verify = |file: &str, words: &str| {
        exchange.refused(
            &[
                "pack",
                "verify",
                file,
                "--roster",
                "roster-1.dsse.json",
                "--at",
                NOW,
            ],
            words,
        );
    };
    let both = |name: &str, payload: &[u8]| {
        exchange.enveloped(name, payload, "a");
        exchange.good(&["pack", "sign", name, "--key", "b"]);
    };
    exchange.enveloped("p.dsse.json", &payload, "p");
    verify("p.dsse.json", "not a steward's key: \"office-p\" signed");
    exchange.enveloped("x.dsse.json", &payload, "x");
    verify("x.dsse.json", "unknown key");
    let other = text.replace("\"exchange\":\"north-sea\"", "\"exchange\":\"black-sea\"");
    both("other.dsse.json", other.as_bytes());
    verify(
        "other.dsse.json",
        "other exchange: it belongs to \"black-sea\"",
    );
    let future = text.replace(CREATED, "2027-01-01T00:00:00Z");
    both("future.dsse.json", future.as_bytes());
    verify("future.dsse.json", "date in the future");
    let none = text.replace("\"exchange\":\"north-sea\"", "\"exchange\":null");
    exchange.enveloped("none.dsse.json", none.as_bytes(), "a");
    exchange.refused(
        &["pack", "sign", "none.dsse.json", "--key", "b"],
        "no exchange",
    );
    // A changed word breaks the signatures, before anything of it is read.
    both("good.dsse.json", &payload);
    let envelope = String::from_utf8(exchange.read("good.dsse.json")).unwrap();
    let mut envelope: Value = serde_json::from_str(&envelope).unwrap();
    use base64::{Engine, engine::general_purpose::STANDARD};
    envelope["payload"] =
        json!(STANDARD.encode(text.replacen("severity: high", "severity: info", 1)));
    exchange.write("changed.dsse.json", envelope.to_string().as_bytes());
    verify("changed.dsse.json", "bad signature");
    // A baseline is no pack, and the reverse.
    exchange.enveloped(
        "baseline.dsse.json",
        &crate::support::document().to_bytes(),
        "a",
    );
    let done = exchange.run(&["pack", "sign", "baseline.dsse.json", "--key", "b"]);
    assert_eq!(done.exit, 2);
    assert!(done.err.contains("wrong predicate type"), "{}", done.err);
    exchange.refused(
        &["baseline", "sign", "north-sea-1.pack.json", "--key", "p"],
        "it is a pack, which has its own command",
    );
    // Nothing new is accepted when the roster has expired.
    let late = [
        "pack",
        "verify",
        "good.dsse.json",
        "--roster",
        "roster-1.dsse.json",
        "--at",
        "2026-12-01T00:00:00Z",
    ];
    exchange.refused(&late, "roster expired");
    exchange.good(&[
        "pack",
        "verify",
        "good.dsse.json",
        "--roster",
        "roster-1.dsse.json",
        "--at",
        NOW,
    ]);
    let told = exchange.run(&late);
    assert!(told.exit == 0 && told.err.contains("STALE"), "{}", told.err);
}

/// Compares two offices over two windows: the first with the pack `first`, the second with
/// the pack that has another text in the check on names. All with the built program.
fn over_two_windows(from: &str, to: &str) -> Value {
    let place = Place::new();
    toys(&place, "first", "", "");
    toys(&place, "second", from, to);
    build(&place, "first", "1", &[]);
    build(&place, "second", "2", &[]);
    let state = ["--state", "state/scrutineer"];
    let good = |arguments: &[&str]| {
        let (code, out, err) = place.call(arguments);
        assert_eq!(code, 0, "{arguments:?}\n{err}");
        out
    };
    let pins = |version: &str| {
        let pack = format!("toys-{version}.pack.json");
        good(&["baseline", "pins", "--profile", "toy", "--pack", &pack])
    };
    let text = format!(
        "id: toys\ntitle: Toys\nprofile: toy\naudience: [office-a, office-b]\nperiods:\n  - id: 2026H1\n    opens: 2026-03-01\n{}  - id: 2026H2\n    opens: 2026-09-01\n{}",
        pins("1"),
        pins("2")
    );
    fs::write(place.path("exchange/exchange.yaml"), text).unwrap();
    for key in ["s1", "s2", "s3", "office-a", "office-b"] {
        good(&["keys", "new", key, "--no-passphrase"]);
    }
    good(&[
        "roster",
        "init",
        "--exchange",
        "exchange/exchange.yaml",
        "--at",
        "2026-10-05T00:00:00Z",
        "--root",
        "s1.pub=A",
        "--root",
        "s2.pub=B",
        "--root",
        "s3.pub=C",
    ]);
    let at = ["--at", "2026-10-06T00:00:00Z"];
    let mut signed = Vec::new();
    for office in ["office-a", "office-b"] {
        let public = format!("{office}.pub");
        good(&[
            "roster",
            "add",
            "roster-1.dsse.json",
            "--participant",
            office,
            "--name",
            office,
            "--key",
            &public,
        ]);
        for (period, version, seen, created, pass) in [
            (
                "2026H1",
                "1",
                "2026-03-05T00:00:00Z",
                "2026-04-02T00:00:00Z",
                4,
            ),
            (
                "2026H2",
                "2",
                "2026-09-05T00:00:00Z",
                "2026-10-02T00:00:00Z",
                10,
            ),
        ] {
            let all = names("n", "dns-zone", pass, 10 - pass, 0);
            place.save("run.jsonl", &run(None, &all, seen));
            let (pack, file) = (
                format!("toys-{version}.pack.json"),
                format!("{office}.{period}.json"),
            );
            good(&[
                "baseline",
                "create",
                "run.jsonl",
                "--exchange",
                "exchange/exchange.yaml",
                "--participant",
                office,
                "--period",
                period,
                "--created",
                created,
                "--pack",
                &pack,
                "-o",
                &file,
            ]);
            good(&["baseline", "sign", &file, "--key", office]);
            signed.push(format!("{office}.{period}.dsse.json"));
        }
    }
    let sign = |roster: &str| {
        for key in ["s1", "s2"] {
            good(&["roster", "sign", roster, "--key", key]);
        }
    };
    sign("roster-1.dsse.json");
    let shown = good(&["roster", "show", "roster-1.dsse.json"]);
    let line = shown
        .lines()
        .find(|line| line.starts_with("Fingerprint"))
        .unwrap();
    let fingerprint = line.split_whitespace().nth(1).unwrap();
    let trust = [
        "roster",
        "trust",
        "roster-1.dsse.json",
        "--fingerprint",
        fingerprint,
        "--as",
        "office-a",
    ];
    good(&[&trust[..], &at, &state].concat());
    let documents: Vec<&str> = signed.iter().map(String::as_str).collect();
    let accept = ["roster", "accept", "roster-1.dsse.json", "--as", "office-a"];
    good(&[&accept[..], &at, &documents].concat());
    sign("roster-2.dsse.json");
    let compare = [
        "baseline",
        "compare",
        "--roster",
        "roster-2.dsse.json",
        "--format",
        "json",
    ];
    let page = good(&[&compare[..], &at, &state, &documents].concat());
    serde_json::from_str(&page).unwrap()
}

#[test]
fn from_window_to_window_a_changed_operator_is_not_compared_and_a_changed_title_is() {
    let title = over_two_windows("The name exists", "There is such a name");
    assert_eq!(title["rows"].as_array().unwrap().len(), 1, "{title}");
    assert_eq!(title["not_compared"], json!([]));
    assert_eq!(
        title["trends"].as_array().unwrap().len(),
        2,
        "of both offices"
    );
    let operator = over_two_windows("require: subject.exists", "require: subject.exists == true");
    // Each window has a line of its own, and nothing leads from one to the other.
    let rows = operator["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2, "{operator}");
    for row in rows {
        let shown = row["cells"].as_array().unwrap().iter();
        assert_eq!(shown.filter(|cell| !cell.is_null()).count(), 2);
    }
    assert_ne!(rows[0]["entry"], rows[1]["entry"]);
    assert_eq!(operator["trends"], json!([]));
}
