//! `baseline create`, as a participant calls it.

use crate::office::{DATA, Name, Place, Stands, files, names, run};
use serde_json::{Value, json};
use std::fs;

const IN_WINDOW: &str = "2026-09-10T08:00:00Z";
const DOCUMENT: &str = "office-a.2026H2.baseline.json";

fn place_with(lines: &[Value]) -> Place {
    let place = Place::new();
    place.save("run.jsonl", lines);
    place
}

#[test]
fn cells_are_banded_labelled_and_name_nobody() {
    let mut all = names("zone", "dns-zone", 9, 1, 0);
    all.extend(names("post", "mail-domain", 12, 8, 1));
    let place = place_with(&run(Some("Adams County"), &all, IN_WINDOW));
    let (code, out, err) = place.create(&["run.jsonl"], &["--complete", "dns"]);
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    assert_eq!(
        place.cells(DOCUMENT),
        [
            "control#DNS-01 dns 10-19 95-100 90-100",
            "control#DNS-01 mail 20-49 95-100 50-74",
            "control#MAIL-01 mail 20-49 95-100 50-74",
        ]
    );
    let text = fs::read_to_string(place.path(DOCUMENT)).unwrap();
    for name in &all {
        assert!(!text.contains(&name.name), "{text}");
    }
    assert!(!text.contains("Adams"), "{text}");
    assert!(!text.contains(DATA), "no path of the machine: {text}");
    let document: Value = serde_json::from_str(&text).unwrap();
    let predicate = &document["predicate"];
    assert_eq!(predicate["label"], "TLP:AMBER");
    assert_eq!(
        predicate["panel"],
        json!({ "dns": "complete", "mail": "chosen" })
    );
    assert_eq!(predicate["audience"], json!(["office-a", "office-b"]));
    assert_eq!(predicate["replaces"], Value::Null);
    assert_eq!(document["predicateType"], "urn:scrutineer:baseline:1");
    // The manifest stays at home, and the document names its digest.
    let manifests: Vec<_> = files(&place.path("state/scrutineer/manifests"));
    assert_eq!(manifests.len(), 1);
    let manifest = fs::read(&manifests[0]).unwrap();
    let manifest: scrutineer::baseline::manifest::Manifest =
        serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest.lines.len(), all.len());
    assert_eq!(
        document["subject"][0]["digest"]["sha256"],
        json!(manifest.digest())
    );
}

#[test]
fn a_name_counts_in_one_kind_of_an_entry() {
    // Ten names are websites, mail domains and zones at once: were they counted in three
    // cells, what the cells have in common would tell about the rest.
    let mut all = names("all", "dns-zone", 10, 0, 0);
    for name in &mut all {
        name.roles = vec!["website", "mail-domain", "dns-zone"];
    }
    let place = place_with(&run(None, &all, IN_WINDOW));
    assert_eq!(place.create(&["run.jsonl"], &[]).0, 0);
    assert_eq!(
        place.cells(DOCUMENT),
        [
            "control#DNS-01 dns 10-19 95-100 90-100",
            "control#MAIL-01 mail 10-19 95-100 90-100",
        ]
    );
}

#[test]
fn the_explanation_tells_exact_counts_to_its_owner_alone() {
    let mut all = names("zone", "dns-zone", 9, 1, 0);
    all.extend(names("post", "mail-domain", 5, 4, 9));
    let place = place_with(&run(None, &all, IN_WINDOW));
    let (code, out, err) = place.create(&["run.jsonl"], &["--explain"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.starts_with("TLP:AMBER+STRICT\n"), "{out}");
    assert!(out.ends_with("\nTLP:AMBER+STRICT\n"), "{out}");
    assert!(
        out.contains("exact   9 pass, 1 fail, 0 inconclusive; 10 judged of 10"),
        "{out}"
    );
    assert!(
        out.contains("shown   passing 90-100 %, judged 10-19, coverage 95-100 %"),
        "{out}"
    );
    assert!(out.contains("hidden  fewer than 10 were judged"), "{out}");
    assert!(out.contains("1 of 3 cells are shown"), "{out}");
    assert!(!place.path(DOCUMENT).exists(), "it writes nothing");
    assert!(!place.path("state").exists(), "and remembers nothing");
}

#[test]
fn a_period_is_cut_once() {
    let place = place_with(&run(None, &names("z", "dns-zone", 10, 0, 0), IN_WINDOW));
    assert_eq!(place.create(&["run.jsonl"], &[]).0, 0);
    // The ledger knows it.
    let (code, _, err) = place.create(&["run.jsonl"], &["-o", "second.json"]);
    assert_eq!(code, 2);
    assert!(err.contains("already has a document for 2026H2"), "{err}");
    assert!(err.contains("the ledger"), "{err}");
    assert!(!place.path("second.json").exists());
    // Without the ledger, the folder of the exchange does: plain, or in an envelope.
    fs::remove_dir_all(place.path("state")).unwrap();
    let bytes = fs::read(place.path(DOCUMENT)).unwrap();
    fs::create_dir(place.path("exchange/2026H2")).unwrap();
    let envelope = json!({
        "payloadType": "application/vnd.in-toto+json",
        "payload": base64(&bytes),
        "signatures": [],
    });
    for text in [bytes.clone(), envelope.to_string().into_bytes()] {
        fs::write(place.path("exchange/2026H2/a.json"), text).unwrap();
        let (code, _, err) = place.create(&["run.jsonl"], &["-o", "second.json"]);
        assert_eq!(code, 2);
        assert!(err.contains("a.json"), "{err}");
    }
    // Another period, or another participant, is another document.
    let more = ["--participant", "office-b", "-o", "b.json"];
    assert_eq!(place.create(&["run.jsonl"], &more).0, 0);
    // A correction names what it replaces, and why.
    let digest = err.split("--replaces ").nth(1).unwrap();
    let digest = digest.split(' ').next().unwrap();
    let (code, _, err) = place.create(&["run.jsonl"], &["-o", "c.json", "--replaces", digest]);
    assert_eq!(code, 2, "{err}");
    let more = [
        "-o",
        "c.json",
        "--reason",
        "a run was left out",
        "--replaces",
    ];
    let wrong = "0".repeat(64);
    assert_eq!(
        place
            .create(&["run.jsonl"], &[&more[..], &[wrong.as_str()]].concat())
            .0,
        2
    );
    let (code, _, err) = place.create(&["run.jsonl"], &[&more[..], &[digest]].concat());
    assert_eq!(code, 0, "{err}");
    // The one that was replaced cannot be replaced again.
    let more = [
        "-o",
        "d.json",
        "--reason",
        "once more",
        "--replaces",
        digest,
    ];
    assert_eq!(place.create(&["run.jsonl"], &more).0, 2);
}

fn base64(bytes: &[u8]) -> String {
    use ::base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.encode(bytes)
}

#[test]
fn what_an_outsider_could_not_see_is_refused() {
    let lines = run(None, &names("z", "dns-zone", 10, 0, 0), IN_WINDOW);
    for (key, value, words) in [
        ("staged", json!(true), "--connect-to"),
        ("allow_private", json!(true), "--allow-private"),
        ("extra_roots", json!(true), "--ca-file"),
        ("given_resolver", json!(true), "--resolver"),
        ("given_anchor", json!(true), "--trust-anchor"),
        ("level", json!("intrusive"), "--level intrusive"),
    ] {
        let mut lines = lines.clone();
        for line in &mut lines {
            line["conditions"][key] = value.clone();
        }
        let place = place_with(&lines);
        let (code, _, err) = place.create(&["run.jsonl"], &[]);
        assert_eq!(code, 2, "{key}");
        assert!(err.contains(words) && err.contains("run.jsonl"), "{err}");
        assert!(!place.path(DOCUMENT).exists());
    }
    // An observation that says otherwise than its header.
    let mut lines = lines;
    lines[3]["conditions"]["staged"] = json!(true);
    let (code, _, err) = place_with(&lines).create(&["run.jsonl"], &[]);
    assert_eq!(code, 2);
    assert!(err.contains("other conditions"), "{err}");
}

#[test]
fn pins_and_windows_are_kept() {
    let all = names("z", "dns-zone", 10, 0, 0);
    let lines = run(None, &all, IN_WINDOW);
    let mut old = lines.clone();
    old[0]["tool"] = json!("scrutineer 0.0.9");
    let mut tables = lines.clone();
    tables[0]["tables"]["trusted_roots"] = json!("webpki-roots 0.1");
    let early = run(None, &all, "2026-08-31T23:59:59Z");
    let late = run(None, &all, "2026-10-01T00:00:00Z");
    let cases: [(&[Value], &[&str], &str); 7] = [
        (&old, &[], "0.1.0 or newer"),
        (&tables, &[], "table trusted_roots"),
        (&early, &[], "no observation is of the window"),
        (&late, &[], "no observation is of the window"),
        (
            &lines,
            &["--created", "2026-09-30T23:59:59Z"],
            "is open until",
        ),
        (&lines, &["--period", "2027H1"], "not in the calendar"),
        (
            &lines,
            &["--complete", "web"],
            "needs a panel that was pinned",
        ),
    ];
    for (lines, more, words) in cases {
        let (code, _, err) = place_with(lines).create(&["run.jsonl"], more);
        assert_eq!(code, 2, "{words}");
        assert!(err.contains(words), "{err}");
    }
    // Other checks than the pinned ones.
    let place = place_with(&lines);
    let exchange = fs::read_to_string(place.path("exchange/exchange.yaml")).unwrap();
    let pack = exchange
        .split("pack: \"")
        .nth(1)
        .unwrap()
        .get(..64)
        .unwrap();
    let other = exchange.replace(pack, &"0".repeat(64));
    fs::write(place.path("exchange/exchange.yaml"), other).unwrap();
    let (code, _, err) = place.create(&["run.jsonl"], &[]);
    assert_eq!(code, 2);
    assert!(err.contains("pins checks with the digest"), "{err}");
}

#[test]
fn the_newest_observation_of_the_window_counts_and_what_was_not_seen_stays_open() {
    let place = Place::new();
    let good = names("z", "dns-zone", 10, 0, 0);
    let bad = names("z", "dns-zone", 0, 10, 0);
    place.save("old.jsonl", &run(None, &bad, "2026-09-02T00:00:00Z"));
    place.save("new.jsonl", &run(None, &good, "2026-09-20T00:00:00Z"));
    place.save("late.jsonl", &run(None, &bad, "2026-10-02T00:00:00Z"));
    // Whatever the order of the files.
    for (index, runs) in [
        ["old.jsonl", "new.jsonl", "late.jsonl"],
        ["late.jsonl", "new.jsonl", "old.jsonl"],
    ]
    .into_iter()
    .enumerate()
    {
        fs::remove_dir_all(place.path("state")).ok();
        let output = format!("{index}.json");
        let (code, _, err) = place.create(&runs, &["-o", &output]);
        assert_eq!(code, 0, "{err}");
        assert_eq!(
            place.cells(&output),
            ["control#DNS-01 dns 10-19 95-100 90-100"]
        );
    }
    // Three names of the header have no observation: 10 of 13 are too few.
    let mut lines = run(None, &names("z", "dns-zone", 13, 0, 0), IN_WINDOW);
    lines.truncate(11);
    let place = place_with(&lines);
    assert_eq!(place.create(&["run.jsonl"], &[]).0, 0);
    assert_eq!(place.cells(DOCUMENT), [""; 0]);
    // The same name at the same moment, seen in two ways.
    let place = Place::new();
    place.save("one.jsonl", &run(None, &good, IN_WINDOW));
    place.save("two.jsonl", &run(None, &bad, IN_WINDOW));
    let (code, _, err) = place.create(&["one.jsonl", "two.jsonl"], &[]);
    assert_eq!(code, 2);
    assert!(err.contains("observed twice"), "{err}");
}

#[test]
fn a_pool_counts_members_that_consented_and_hides_what_is_about_one() {
    let place = Place::new();
    let member = |index: usize, size: usize| {
        let all = names(&format!("m{index}-"), "dns-zone", size, 0, 0);
        run(Some(&format!("Member {index}")), &all, IN_WINDOW)
    };
    let mut pool = "members:\n".to_owned();
    for index in 0..6 {
        place.save(&format!("{index}.jsonl"), &member(index, 3));
        if index < 5 {
            pool += &format!(
                "  - {{ organisation: Member {index}, consent: by letter, since: 2026-05 }}\n"
            );
        }
    }
    place.save("big.jsonl", &member(0, 13));
    fs::write(place.path("pool.yaml"), pool).unwrap();
    let cells = |runs: &[&str], name: &str| {
        fs::remove_dir_all(place.path("state")).ok();
        let (code, _, err) = place.create(runs, &["--pool", "pool.yaml", "-o", name]);
        assert_eq!(code, 0, "{err}");
        place.cells(name).len()
    };
    let five = ["0.jsonl", "1.jsonl", "2.jsonl", "3.jsonl", "4.jsonl"];
    assert_eq!(cells(&five, "five.json"), 1);
    assert_eq!(
        cells(&five[..4], "four.json"),
        0,
        "12 names, but of 4 organisations"
    );
    let big = ["big.jsonl", "1.jsonl", "2.jsonl", "3.jsonl", "4.jsonl"];
    assert_eq!(cells(&big, "big.json"), 0, "13 of 25 are of one");
    let document: Value =
        serde_json::from_slice(&fs::read(place.path("five.json")).unwrap()).unwrap();
    assert_eq!(document["predicate"]["pool"], json!(true));
    assert!(!document.to_string().contains("Member"));
    // Who did not consent is not counted, and without a pool nobody counts for two.
    let (code, _, err) = place.create(&["0.jsonl", "5.jsonl"], &["--pool", "pool.yaml"]);
    assert_eq!(code, 2);
    assert!(err.contains("no member of the pool"), "{err}");
    let (code, _, err) = place.create(&["0.jsonl", "1.jsonl"], &[]);
    assert_eq!(code, 2);
    assert!(err.contains("--pool"), "{err}");
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let all: Vec<Name> = (0..12)
        .map(|index| Name {
            name: format!("n{index}.example"),
            roles: vec!["dns-zone"],
            dns: if index % 3 == 0 {
                Stands::Fail
            } else {
                Stands::Pass
            },
            mail: Stands::Open,
        })
        .collect();
    let lines = run(None, &all, IN_WINDOW);
    let mut turned = lines.clone();
    turned[1..].reverse();
    let document = |lines: &[Value]| {
        let place = place_with(lines);
        assert_eq!(place.create(&["run.jsonl"], &[]).0, 0);
        let text = fs::read(place.path(DOCUMENT)).unwrap();
        let mut document: Value = serde_json::from_slice(&text).unwrap();
        // The manifest is salted; everything else is the same.
        document["subject"] = Value::Null;
        document.to_string()
    };
    assert_eq!(document(&lines), document(&lines));
    assert_eq!(document(&lines), document(&turned));
}
