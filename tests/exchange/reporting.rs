//! `report period` and `report stix`, from an exchange of six offices over two periods.

use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, sync::OnceLock};

use crate::office::{DATA, Name, Place, Stands, run};

/// After the windows of both periods, and before the roster ends.
const NOW: &str = "2026-11-10T00:00:00Z";
const STATE: [&str; 2] = ["--state", "state/scrutineer"];
/// Names that must break out of no format.
const HOSTILE: &str = "<script>alert(1)</script> | [x](javascript:1) \"; } @page { content: none";

/// Six offices: passing names of twelve, in H1 and in H2. The first two consent to be named.
const OFFICES: [[usize; 2]; 6] = [[12, 12], [12, 11], [11, 6], [6, 12], [5, 12], [0, 5]];

/// The exchange, with an aggregate for each period.
fn place() -> &'static Place {
    static PLACE: OnceLock<Place> = OnceLock::new();
    PLACE.get_or_init(|| {
        let place = Place::new();
        let path = place.path("exchange/exchange.yaml");
        let text = fs::read_to_string(&path).unwrap();
        let ids: Vec<String> = (1..=6).map(|number| format!("office-{number}")).collect();
        let audience = format!("audience: [{}]", ids.join(", "));
        fs::write(
            &path,
            text.replace("audience: [office-a, office-b]", &audience),
        )
        .unwrap();
        for key in ["a", "b", "c", "1", "2", "3", "4", "5", "6"] {
            good(&place, &["keys", "new", key, "--no-passphrase"]);
        }
        let roots = [
            "--root", "a.pub=A", "--root", "b.pub=B", "--root", "c.pub=C",
        ];
        let init = [
            "roster",
            "init",
            "--exchange",
            "exchange/exchange.yaml",
            "--at",
            "2026-06-01T00:00:00Z",
        ];
        good(&place, &[&init[..], &roots].concat());
        for (number, id) in (1..).zip(&ids) {
            let key = format!("{number}.pub");
            let name = match number {
                1 => HOSTILE.to_owned(),
                _ => format!("The office number {number}"),
            };
            let add = [
                "roster",
                "add",
                "roster-1.dsse.json",
                "--participant",
                id,
                "--name",
                &name,
                "--key",
                &key,
            ];
            good(&place, &add);
        }
        trust(&place, 1);
        for (period, at) in [
            ("2026H1", "2026-03-05T00:00:00Z"),
            ("2026H2", "2026-09-05T00:00:00Z"),
        ] {
            for (number, passing) in (1..).zip(OFFICES) {
                document(&place, number, period, at, passing);
            }
        }
        let documents: Vec<String> = ["2026H1", "2026H2"]
            .iter()
            .flat_map(|period| (1..=6).map(move |n| format!("office-{n}.{period}.dsse.json")))
            .collect();
        let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
        accept(&place, 1, &documents, &[]);
        for (period, files) in [("2026H1", &documents[..6]), ("2026H2", &documents[6..])] {
            let sum = format!("sum.{period}.json");
            let ends = [
                "--roster",
                "roster-2.dsse.json",
                "--as",
                "office-1",
                "--at",
                NOW,
                "-o",
                &sum,
            ];
            good(
                &place,
                &[&["baseline", "aggregate"], files, &ends, &STATE].concat(),
            );
            good(&place, &["baseline", "sign", &sum, "--key", "a"]);
        }
        accept(
            &place,
            2,
            &["sum.2026H1.dsse.json", "sum.2026H2.dsse.json"],
            &["--aggregate"],
        );
        place
    })
}

fn good(place: &Place, arguments: &[&str]) -> String {
    let (code, out, err) = place.call(arguments);
    assert_eq!(code, 0, "{arguments:?}\n{out}{err}");
    out
}

/// Signs a version of the roster with two root keys, and trusts it.
fn trust(place: &Place, version: u32) {
    let roster = format!("roster-{version}.dsse.json");
    for key in ["a", "b"] {
        good(place, &["roster", "sign", &roster, "--key", key]);
    }
    let mut arguments = vec!["roster", "trust", &roster, "--at", NOW];
    arguments.extend(STATE);
    let shown = good(place, &["roster", "show", &roster]);
    let line = shown.lines().find(|line| line.starts_with("Fingerprint"));
    let fingerprint = line.unwrap().split_whitespace().nth(1).unwrap();
    if version == 1 {
        arguments.extend(["--fingerprint", fingerprint, "--as", "office-1"]);
    }
    good(place, &arguments);
}

fn accept(place: &Place, version: u32, documents: &[&str], more: &[&str]) {
    let roster = format!("roster-{version}.dsse.json");
    let ends = ["--as", "office-1", "--at", NOW];
    good(
        place,
        &[&["roster", "accept", &roster], documents, &ends, more].concat(),
    );
    trust(place, version + 1);
}

/// Names of an office: all are zones, and all but those of office 6 in H1 mail domains.
fn names(number: usize, period: &str, pass: usize) -> Vec<Name> {
    (0..12)
        .map(|index| {
            let stands = match index < pass {
                true => Stands::Pass,
                false => Stands::Fail,
            };
            Name {
                name: format!("n{index}.office{number}.example"),
                roles: match (number, period) {
                    (6, "2026H1") => vec!["dns-zone"],
                    _ => vec!["dns-zone", "mail-domain"],
                },
                dns: stands,
                mail: Stands::Pass,
            }
        })
        .collect()
}

fn document(place: &Place, number: usize, period: &str, at: &str, passing: [usize; 2]) {
    let pass = passing[usize::from(period == "2026H2")];
    let saved = format!("run.{number}.{period}.jsonl");
    place.save(
        &saved,
        &run(Some("Own office"), &names(number, period, pass), at),
    );
    let id = format!("office-{number}");
    let json = format!("{id}.{period}.json");
    let mut more = vec![
        "--participant",
        &id,
        "--period",
        period,
        "--created",
        "2026-10-05T00:00:00Z",
    ];
    more.extend(["--complete", "dns", "-o", &json]);
    if number <= 2 {
        more.extend(["--consent", "named"]);
    }
    let (code, _, err) = place.create(&[&saved], &more);
    assert_eq!(code, 0, "{err}");
    let key = number.to_string();
    good(place, &["baseline", "sign", &json, "--key", &key]);
}

/// Calls `report` with the toy checks.
fn report(arguments: &[&str]) -> (i32, String, String) {
    let checks = format!("{DATA}/checks");
    let profiles = format!("{DATA}/profiles");
    let content = ["--checks", &checks, "--profiles", &profiles];
    place().call(&[&["report"], arguments, &content].concat())
}

fn reported(arguments: &[&str]) -> String {
    let (code, out, err) = report(arguments);
    assert_eq!(code, 0, "{arguments:?}\n{err}");
    out
}

const ROSTER: [&str; 6] = [
    "--roster",
    "roster-3.dsse.json",
    "--at",
    NOW,
    STATE[0],
    STATE[1],
];
const SUMS: [&str; 3] = [
    "--aggregate",
    "sum.2026H1.dsse.json",
    "sum.2026H2.dsse.json",
];
const OWN: [&str; 3] = ["--own", "run.1.2026H1.jsonl", "run.1.2026H2.jsonl"];
const BOTH: [&str; 4] = ["--from", "2026H1", "--to", "2026H2"];

#[test]
fn two_periods_of_an_exchange_with_own_figures_read_as_they_should() {
    let page = reported(&[&["period"], &OWN[..], &SUMS, &BOTH, &ROSTER].concat());
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/period.md");
    // Digests and versions change with every release.
    let stable: String = page
        .lines()
        .take_while(|line| !line.starts_with("## Sources"))
        .map(|line| format!("{line}\n"))
        .collect();
    if std::env::var_os("SCRUTINEER_BLESS").is_some() {
        fs::write(golden, &stable).unwrap();
    }
    let expected = fs::read_to_string(golden).unwrap();
    assert!(
        stable == expected,
        "the page changed; SCRUTINEER_BLESS=1 takes the new one:\n{stable}"
    );
    assert!(page.starts_with("**TLP:AMBER+STRICT**\n") && page.ends_with("**TLP:AMBER+STRICT**\n"));
    // Names of targets stand in no report, and of participants only those that consented.
    assert!(!page.contains("office1"), "{page}");
    assert!(page.contains("The office number 2") && !page.contains("number 3"));
    assert_eq!(
        page,
        reported(&[&["period"], &OWN[..], &SUMS, &BOTH, &ROSTER].concat())
    );
}

#[test]
fn figures_are_those_of_the_documents_and_of_the_runs() {
    let page = reported(
        &[
            &["period"],
            &OWN[..],
            &SUMS,
            &BOTH,
            &ROSTER,
            &["--format", "json"],
        ]
        .concat(),
    );
    let report: Value = serde_json::from_str(&page).unwrap();
    assert_eq!(report["tlp"], "TLP:AMBER+STRICT");
    let controls = report["controls"].as_array().unwrap();
    assert_eq!(controls.len(), 2, "DNS-01 and MAIL-01");
    let [dns, mail] = ["DNS-01", "MAIL-01"].map(|id| {
        let control = controls.iter().find(|control| control["id"] == id).unwrap();
        control["entries"][0].clone()
    });
    let count = |pass: u64, fail: u64| json!({ "pass": pass, "fail": fail, "open": 0 });
    assert_eq!(dns["own"], json!([count(12, 0), count(12, 0)]));
    assert_eq!(dns["own_trend"]["direction"], "same");
    // 11 of 12 is above 90 %; of six offices three reached it, then four.
    let reach = |reach: u64, all: u64| json!({ "reach": reach, "participants": all });
    assert_eq!(dns["reach"], json!([reach(3, 6), reach(4, 6)]));
    assert_eq!(dns["reach_trend"]["direction"], "better");
    assert_eq!(mail["reach"], json!([reach(5, 5), reach(6, 6)]));
    assert_eq!(mail["reach_trend"]["direction"], "other_participants");
    let missing = report["missing"].as_array().unwrap();
    assert_eq!(missing.len(), 1);
    assert_eq!(
        (&missing[0]["missing"], &missing[0]["of"]),
        (&json!(2), &json!(6))
    );
    assert_eq!(missing[0]["remedies"][0]["advice"], "Publish the name.");
    let last = &report["periods"][1];
    assert_eq!(last["own"]["hidden"], 0);
    assert_eq!(last["aggregate"]["hidden"], 0);
    assert_eq!(last["aggregate"]["chosen"]["mail"], 6);
    let named = last["aggregate"]["named"].as_object().unwrap();
    assert_eq!(named.keys().collect::<Vec<_>>(), ["office-1", "office-2"]);
    let schema: Value = serde_json::from_str(&good(place(), &["schema", "period-report"])).unwrap();
    jsonschema::validate(&schema, &report).unwrap();
}

#[test]
fn an_office_by_itself_and_an_exchange_by_itself_have_reports() {
    let own = [
        "--own",
        "run.5.2026H1.jsonl",
        "run.5.2026H2.jsonl",
        "--profile",
        "toy",
    ];
    // Markdown escapes what it shows.
    let reported = |arguments: &[&str]| reported(arguments).replace('\\', "");
    let page = reported(&[&["period"], &own[..], &BOTH].concat());
    assert!(page.contains("Own: 5 of 12 names meet it"), "{page}");
    assert!(page.contains("better than in 2026H1"), "{page}");
    assert!(
        page.contains("| 2026H1 | 2026-01-01 to 2026-06-30 |"),
        "{page}"
    );
    assert!(!page.contains("Figures of the exchange"), "{page}");
    let page = reported(&[&["period"], &SUMS[..], &BOTH, &ROSTER].concat());
    assert!(page.starts_with("**TLP:GREEN**"), "{page}");
    assert!(
        !page.contains("Own:") && !page.contains("Own figures"),
        "{page}"
    );
    // A run of another period is left out, and said so.
    let (code, page, err) = report(&[&["period"], &own[..], &["--period", "2026H2"]].concat());
    assert_eq!(code, 0, "{err}");
    assert!(
        err.contains("run.5.2026H1.jsonl: left out: it began on 2026-03-05"),
        "{err}"
    );
    assert!(!page.contains("Trend"), "{page}");
}

#[test]
fn the_owner_gives_the_label_and_the_strictest_counts() {
    let given =
        |label: &'static str| ["--own-label", label, "--reason", "the council asked for it"];
    let own = [
        "--own",
        "run.1.2026H2.jsonl",
        "--profile",
        "toy",
        "--period",
        "2026H2",
    ];
    let page = reported(&[&["period"], &own[..], &given("TLP:CLEAR")].concat());
    assert!(page.starts_with("**TLP:CLEAR**"), "{page}");
    assert!(page.contains("the council asked for it"), "{page}");
    let both = [
        &["period"],
        &OWN[..],
        &SUMS,
        &BOTH,
        &ROSTER,
        &given("TLP:CLEAR"),
    ]
    .concat();
    assert!(reported(&both).starts_with("**TLP:GREEN**"));
    for (wrong, said) in [("TLP:RED", "never leaves"), ("AMBER", "is none of")] {
        let (code, _, err) = report(&[&["period"], &own[..], &given(wrong)].concat());
        assert_eq!(code, 2);
        assert!(err.contains(said), "{err}");
    }
    let (code, _, err) = report(&[&["period"], &own[..], &["--own-label", "TLP:CLEAR"]].concat());
    assert_eq!(code, 2);
    assert!(err.contains("--reason"), "{err}");
}

#[test]
fn what_does_not_fit_is_refused_with_one_sentence() {
    let place = place();
    let mut unlabelled = run(
        Some("Own office"),
        &names(1, "2026H2", 3),
        "2026-09-05T00:00:00Z",
    );
    unlabelled[0]["tlp"] = json!("");
    place.save("unlabelled.jsonl", &unlabelled);
    let mut red = unlabelled.clone();
    red[0]["tlp"] = json!("TLP:RED");
    place.save("red.jsonl", &red);
    let own = |run: &'static str| vec!["period", "--own", run, "--profile", "toy"];
    let with = |mut arguments: Vec<&'static str>, more: &[&'static str]| {
        arguments.extend(more);
        arguments
    };
    let sums = [
        "period",
        "--aggregate",
        "sum.2026H2.dsse.json",
        "--period",
        "2026H2",
    ];
    let twice = [
        "period",
        "--aggregate",
        "sum.2026H2.dsse.json",
        "sum.2026H2.dsse.json",
        "--period",
        "2026H2",
    ];
    for (arguments, code, said) in [
        (
            with(own("unlabelled.jsonl"), &["--period", "2026H2"]),
            2,
            "no label",
        ),
        (
            with(own("red.jsonl"), &["--period", "2026H2"]),
            2,
            "never leaves",
        ),
        (
            with(own("run.1.2026H2.jsonl"), &["--period", "2026H3"]),
            2,
            "is not a period",
        ),
        (
            with(own("run.1.2026H2.jsonl"), &["--period", "2025H1"]),
            2,
            "nothing to report",
        ),
        (
            with(
                own("run.1.2026H2.jsonl"),
                &["--from", "2026H2", "--to", "2026H1"],
            ),
            2,
            "is before",
        ),
        (
            with(
                own("run.1.2026H2.jsonl"),
                &["--from", "2020H1", "--to", "2026H1"],
            ),
            2,
            "at most 8",
        ),
        (
            with(
                own("run.1.2026H2.jsonl"),
                &["--from", "2026", "--to", "2026H1"],
            ),
            2,
            "same length",
        ),
        (sums.to_vec(), 2, "--roster"),
        (
            with(
                sums.to_vec(),
                &[
                    "--roster",
                    "roster-3.dsse.json",
                    "--at",
                    NOW,
                    "--state",
                    "none",
                ],
            ),
            1,
            "refused",
        ),
        (with(twice.to_vec(), &ROSTER), 2, "two aggregates"),
        (
            with(
                vec![
                    "period",
                    "--aggregate",
                    "office-1.2026H2.dsse.json",
                    "--period",
                    "2026H2",
                ],
                &ROSTER,
            ),
            1,
            "refused",
        ),
    ] {
        let (found, _, err) = report(&arguments);
        assert_eq!(found, code, "{arguments:?}: {err}");
        assert!(err.contains(said), "{arguments:?}: {err}");
    }
}

#[test]
fn hostile_names_stay_text() {
    let mut hostile = run(
        Some(HOSTILE),
        &names(1, "2026H2", 3),
        "2026-09-05T00:00:00Z",
    );
    hostile[0]["tool"] = json!(HOSTILE);
    hostile[0]["tables"] = json!({ HOSTILE: "\u{1b}[31m\u{202e}" });
    place().save("hostile.jsonl", &hostile);
    let arguments = [
        "period",
        "--own",
        "hostile.jsonl",
        "--period",
        "2026H2",
        "--own-label",
        "TLP:AMBER",
        "--reason",
        HOSTILE,
    ];
    for format in ["html", "markdown"] {
        let all = [&arguments[..], &SUMS, &ROSTER, &["--format", format]].concat();
        let page = reported(&all);
        assert!(!page.contains("<script>"), "{page}");
        let link = format == "markdown" && page.contains("](javascript");
        assert!(!link, "{page}");
        assert!(!page.contains(['\u{1b}', '\u{202e}']), "{page}");
        assert!(page.contains("alert"), "the name is there, as text");
        if format == "html" {
            // Whatever comes from elsewhere stays out of the style.
            let style = page.split("<style>").nth(1).unwrap();
            let style = style.split("</style>").next().unwrap();
            assert!(!style.contains("content: none"), "{style}");
            assert_eq!(
                page.matches("TLP:AMBER\"; font").count(),
                2,
                "header and footer"
            );
        }
    }
}

#[test]
fn ways_that_differ_are_marked() {
    let place = place();
    let mut other = run(
        Some("Own office"),
        &names(1, "2026H2", 3),
        "2026-09-06T00:00:00Z",
    );
    for line in &mut other {
        line["conditions"]["page_cap"] = json!(3);
    }
    other[0]["tool"] = json!("scrutineer 0.0.9");
    place.save("other.jsonl", &other);
    let arguments = [
        "period",
        "--own",
        "run.1.2026H1.jsonl",
        "run.1.2026H2.jsonl",
        "other.jsonl",
        "--profile",
        "toy",
    ];
    let page = reported(&[&arguments[..], &BOTH, &["--format", "json"]].concat());
    let report: Value = serde_json::from_str(&page).unwrap();
    assert_eq!(report["periods"][0]["marks"], json!([]));
    let marks: BTreeSet<&str> = report["periods"][1]["marks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mark| mark.as_str().unwrap())
        .collect();
    let expected = [
        "own_ways_differ",
        "own_tools_differ",
        "own_ways_changed",
        "own_tools_changed",
    ];
    assert_eq!(marks, BTreeSet::from(expected));
    // Of each name the newest observation counts.
    assert_eq!(report["controls"][0]["entries"][0]["own"][1]["pass"], 3);
}

#[test]
fn a_bundle_holds_what_may_be_shared_and_no_name_of_a_target() {
    let documents = [
        "stix",
        "office-1.2026H2.dsse.json",
        "office-3.2026H2.dsse.json",
    ];
    let sums = ["--aggregate", "sum.2026H2.dsse.json"];
    let text = reported(&[&documents[..], &sums, &ROSTER].concat());
    assert_eq!(text, reported(&[&documents[..], &sums, &ROSTER].concat()));
    assert!(!text.contains("office1.example"));
    let bundle: Value = serde_json::from_str(&text).unwrap();
    let objects = bundle["objects"].as_array().unwrap();
    let ids: BTreeSet<&str> = objects
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), objects.len(), "each object once");
    let of = |kind: &str| {
        objects
            .iter()
            .filter(move |one| one["type"] == kind)
            .count()
    };
    assert_eq!(of("note"), 6, "two cells of each of three documents");
    assert_eq!(of("course-of-action"), 2);
    assert_eq!(of("identity"), 4, "program, exchange, and two participants");
    for object in objects {
        let name = object["name"].as_str().unwrap_or_default();
        assert!(!name.contains("number 3"), "it did not consent to be named");
        if object["type"] != "marking-definition" {
            let marking = object["object_marking_refs"][0].as_str().unwrap();
            assert!(ids.contains(marking), "{object}");
        }
        for reference in object["object_refs"].as_array().into_iter().flatten() {
            assert!(ids.contains(reference.as_str().unwrap()), "{object}");
        }
    }
    assert!(!text.contains("TLP:RED"));
    // The same control has the same id everywhere, and is for everybody where it is ours.
    let embedded = good(place(), &["report", "stix"]);
    let embedded: Value = serde_json::from_str(&embedded).unwrap();
    let mut courses = embedded["objects"].as_array().unwrap().iter();
    let ours = courses.find(|one| {
        one["name"]
            .as_str()
            .unwrap_or_default()
            .starts_with("DNS-01 ")
    });
    let ours = ours.unwrap();
    assert!(ids.contains(ours["id"].as_str().unwrap()));
    assert!(
        ours["description"]
            .as_str()
            .unwrap()
            .contains("How to meet it")
    );
    let labels = embedded["objects"].as_array().unwrap().iter();
    let labels: Vec<&Value> = labels
        .filter(|one| one["type"] == "marking-definition")
        .collect();
    assert_eq!((labels.len(), &labels[0]["name"]), (1, &json!("TLP:CLEAR")));
}
