//! Plans for several profiles at once, and for runs of which little is known.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use serde_json::Value;

use crate::support::{plan, scrutineer};
use scrutineer::model::plan::{Plan, PlannedChange};

/// The run of the demo, scanned once.
fn demo() -> &'static str {
    static RUN: OnceLock<String> = OnceLock::new();
    RUN.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let (exit, _, said) = scrutineer(folder.path(), &["demo", "--quiet", "--out=out"]);
        assert_eq!(exit, 0, "{said}");
        fs::read_to_string(folder.path().join("out/run.jsonl")).unwrap()
    })
}

/// A folder with the targets of a run whose names end so, and with profiles.
struct Case(tempfile::TempDir);

impl Case {
    fn new(names: &str, profiles: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut lines = demo().lines();
        let mut header: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
        let ours = |target: &Value| target["name"].as_str().unwrap().ends_with(names);
        header["targets"].as_array_mut().unwrap().retain(ours);
        let mut run = format!("{header}\n");
        for line in lines {
            let observation: Value = serde_json::from_str(line).unwrap();
            if ours(&observation["target"]) {
                run.push_str(&format!("{line}\n"));
            }
        }
        fs::write(folder.path().join("run.jsonl"), run).unwrap();
        fs::create_dir(folder.path().join("profiles")).unwrap();
        // A folder of profiles must hold one.
        let spare = "id: spare\ntitle: Spare\nextends: common-baseline\nentries: []\n";
        fs::write(folder.path().join("profiles/spare.yaml"), spare).unwrap();
        for (id, entries) in profiles {
            let text = format!("id: {id}\ntitle: The profile {id}\nentries:\n{entries}");
            fs::write(folder.path().join(format!("profiles/{id}.yaml")), text).unwrap();
        }
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn run(&self) -> PathBuf {
        self.path().join("run.jsonl")
    }

    fn plan(&self, profiles: &[&str]) -> Plan {
        plan(self.path(), &arguments(profiles))
    }

    /// The plan as it is shown in a format.
    fn shown(&self, format: &str, profiles: &[&str]) -> String {
        let mut all = vec!["plan", "run.jsonl", "--format", format];
        all.extend(arguments(profiles));
        let (exit, shown, said) = scrutineer(self.path(), &all);
        assert_eq!(exit, 0, "{said}");
        shown
    }
}

fn arguments<'a>(profiles: &[&'a str]) -> Vec<&'a str> {
    let named = profiles.iter().flat_map(|id| ["--profile", id]);
    let own = ["--profiles", "profiles"];
    named.chain(own).collect()
}

fn change<'p>(plan: &'p Plan, id: &str) -> &'p PlannedChange {
    let mut found = plan.changes.iter().filter(|change| change.id == id);
    found.next().unwrap_or_else(|| panic!("no change {id}"))
}

/// An entry with a check and its parameters.
fn entry(row: &str, level: &str, check: &str, params: &str) -> String {
    format!(
        "  - {{ row: control#{row}, level: {level}, checks: [{{ id: {check}, params: {params} }}] }}\n"
    )
}

#[test]
fn the_strictest_set_of_parameters_is_shown_when_judging_tells_it() {
    let year = entry(
        "WEB-03",
        "must",
        "web.hsts.one-year",
        "{ min_seconds: 31536000 }",
    );
    let two = entry(
        "WEB-03",
        "should",
        "web.hsts.one-year",
        "{ min_seconds: 63072000 }",
    );
    let case = Case::new(
        "register.neglected.example",
        &[("one", &year), ("two", &two)],
    );
    // In whichever order the profiles are named.
    for profiles in [["one", "two"], ["two", "one"]] {
        let plan = case.plan(&profiles);
        assert_eq!(plan.changes.len(), 1, "{:#?}", plan.changes);
        let change = change(&plan, "hsts");
        let demand = &change.demands[0];
        assert!(demand.settled);
        assert_eq!(demand.sets.len(), 2);
        assert_eq!(demand.sets[0].profiles, ["two"]);
        assert_eq!(demand.sets[0].parameters["min_seconds"], 63_072_000);
        assert_eq!(change.products, ["apache"]);
        let lines = &change.how[0];
        assert_eq!(lines.product, "apache");
        assert!(lines.text.contains("max-age=63072000"), "{}", lines.text);
        assert!(!lines.text.contains("31536000"), "{}", lines.text);
        let of: Vec<&str> = change
            .requirements
            .iter()
            .map(|r| r.profile.as_str())
            .collect();
        assert_eq!(of, ["one", "two"]);
        assert_eq!((plan.summary.failures, plan.summary.warnings), (1, 0));
    }
    let shown = case.shown("table", &["one", "two"]);
    assert!(
        shown.contains("min_seconds = 63072000 (two), the strictest"),
        "{shown}"
    );
}

#[test]
fn what_cannot_be_ordered_is_demanded_together() {
    let one = entry(
        "WEB-09",
        "must",
        "web.referrer.limited",
        "{ accept: [no-referrer, same-origin] }",
    );
    let two = entry(
        "WEB-09",
        "must",
        "web.referrer.limited",
        "{ accept: [same-origin, strict-origin] }",
    );
    let case = Case::new(
        "register.neglected.example",
        &[("one", &one), ("two", &two)],
    );
    let plan = case.plan(&["one", "two"]);
    let demand = &change(&plan, "headers").demands[0];
    assert!(!demand.settled);
    assert_eq!(demand.sets.len(), 2);
    let shown = case.shown("table", &["one", "two"]);
    for part in [
        "accept = no-referrer, same-origin (one)",
        "accept = same-origin, strict-origin (two)",
        "meet all of these together",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[test]
fn contradictions_are_set_apart_with_both_sides() {
    let checks = "[{ id: tls.protocol.tls13-offered }, { id: tls.protocol.no-legacy, params: \
                  { legacy: [SSL2, SSL3, TLS1.0, TLS1.1, TLS1.2] } }]";
    let latest = format!("  - {{ row: \"au-ism#ism-1139\", level: must, checks: {checks} }}\n");
    let old = "  - { row: \"de-bsi-tr-03116-4#chk-2.3.1\", level: must, checks: \
               [{ id: tls.protocol.tls12-offered }] }\n";
    let profiles = [("latest", latest.as_str()), ("old", old)];

    // TLS 1.2 and 1.3: what the one forbids, the other requires and has.
    let case = Case::new("register.average.example", &profiles);
    let plan = case.plan(&["latest", "old"]);
    assert!(plan.changes.is_empty(), "{:#?}", plan.changes);
    assert!(!plan.summary.met);
    assert_eq!(plan.contradictions.len(), 1);
    let found = &plan.contradictions[0];
    assert_eq!(found.id.as_deref(), Some("D-01"));
    assert_eq!(found.targets[0].as_str(), "register.average.example");
    let mut sides: Vec<(&str, Option<&str>, usize)> = found
        .sides
        .iter()
        .map(|side| {
            (
                side.profile.as_str(),
                side.printed.as_deref(),
                side.failing.len(),
            )
        })
        .collect();
    sides.sort_unstable();
    assert_eq!(
        sides,
        [
            ("latest", Some("ISM-1139"), 1),
            ("old", Some("Checklist 2.3.1"), 0)
        ]
    );
    for format in ["table", "markdown"] {
        let shown = case.shown(format, &["latest", "old"]);
        assert!(
            shown.contains("The profiles contradict each other"),
            "{shown}"
        );
        assert!(
            shown.contains("ISM-1139") && shown.contains("Checklist 2"),
            "{shown}"
        );
        assert!(!shown.contains("nothing to do"), "{shown}");
    }
    // Each by itself says what to do, or that it is done.
    assert_eq!(case.plan(&["latest"]).changes.len(), 1);
    assert!(case.plan(&["old"]).changes.is_empty());

    // Without TLS 1.3: that both can have, and it stays planned.
    let case = Case::new("register.neglected.example", &profiles);
    let plan = case.plan(&["latest", "old"]);
    let closed: Vec<&str> = plan
        .changes
        .iter()
        .flat_map(|change| &change.closes)
        .map(|closed| closed.check.as_str())
        .collect();
    assert_eq!(closed, ["tls.protocol.tls13-offered"]);
    assert_eq!(plan.contradictions.len(), 1);
}

#[test]
fn what_is_waived_is_listed_apart() {
    let caa = entry("DNS-05", "must", "dns.caa.limits-issuance", "{}");
    let case = Case::new("neglected.example", &[("p", &caa)]);
    let waiver = "waivers:\n  - { check: dns.caa.limits-issuance, target: results.neglected.example, \
                  reason: The site moves, owner: A. Clerk, expires: 2026-12-31 }\n";
    fs::write(case.path().join("waivers.yaml"), waiver).unwrap();
    let mut all = arguments(&["p"]);
    all.extend(["--waivers=waivers.yaml", "--gate-date=2026-11-22"]);
    let plan = plan(case.path(), &all);
    assert_eq!(plan.accepted.len(), 1);
    let accepted = &plan.accepted[0];
    assert_eq!(accepted.target.as_str(), "results.neglected.example");
    assert_eq!(
        (accepted.owner.as_str(), accepted.reason.as_str()),
        ("A. Clerk", "The site moves")
    );
    assert_eq!(accepted.expires.to_string(), "2026-12-31");
    let targets: Vec<&str> = plan.changes[0].targets.iter().map(|t| t.as_str()).collect();
    assert_eq!(targets, ["neglected.example", "register.neglected.example"]);
    let mut shown = vec!["plan", "run.jsonl"];
    shown.extend(&all);
    let (_, table, _) = scrutineer(case.path(), &shown);
    assert!(table.contains("Accepted until a date"), "{table}");
}

#[test]
fn of_several_ways_the_one_with_least_effort_is_planned() {
    let either = "  - row: control#MAIL-15\n    level: must\n    any_of:\n      \
                  - [{ id: mail.tlsa.published }]\n      - [{ id: mail.mta-sts.enforced }]\n";
    let both = entry("MAIL-17", "must", "mail.tlsa.published", "{}");
    let case = Case::new("neglected.example", &[("either", either), ("both", &both)]);
    let plan = case.plan(&["either"]);
    let ids: Vec<&str> = plan
        .changes
        .iter()
        .map(|change| change.id.as_str())
        .collect();
    assert_eq!(ids, ["mta-sts"]);
    assert_eq!(plan.changes[0].instead, ["mail.tlsa.published"]);
    // What another profile asks for anyway is enough for both.
    let plan = case.plan(&["either", "both"]);
    let ids: Vec<&str> = plan
        .changes
        .iter()
        .map(|change| change.id.as_str())
        .collect();
    assert_eq!(ids, ["tlsa"]);
    assert_eq!(plan.changes[0].requirements.len(), 2);
}

#[test]
fn one_change_is_planned_for_many_targets_and_by_product() {
    let referrer = entry("WEB-09", "must", "web.referrer.limited", "{}");
    let caa = entry("DNS-05", "should", "dns.caa.limits-issuance", "{}");
    let case = Case::new(".example", &[("p", &format!("{referrer}{caa}"))]);
    let plan = case.plan(&["p"]);
    let told: Vec<(&str, Vec<&str>, usize)> = plan
        .changes
        .iter()
        .map(|change| {
            let products = change.products.iter().map(String::as_str).collect();
            (change.id.as_str(), products, change.targets.len())
        })
        .collect();
    assert_eq!(
        told,
        [
            ("headers", vec!["apache"], 2),
            ("headers", vec!["nginx"], 2),
            ("caa", vec![], 5),
        ]
    );
    for (at, product) in [(0, "apache"), (1, "nginx")] {
        let products: Vec<&str> = plan.changes[at]
            .how
            .iter()
            .map(|how| how.product.as_str())
            .collect();
        assert_eq!(products, [product]);
    }
    assert!(!plan.changes[2].verify.is_empty());
    let breaks = &plan.changes[2].breaks;
    assert!(
        breaks.iter().any(|text| text.contains("next renewal")),
        "{breaks:?}"
    );
}

#[test]
fn nothing_to_do_is_only_said_where_nothing_is_open() {
    let case = Case::new("exemplary.example", &[]);
    let done = case.plan(&["common-baseline"]);
    assert!(done.summary.met, "{:?}", (&done.open, &done.not_passed));
    for format in ["table", "markdown"] {
        let shown = case.shown(format, &["common-baseline"]);
        assert!(shown.contains("There is nothing to do"), "{shown}");
    }

    // The same run, cut off within its last observation.
    let run = fs::read_to_string(case.run()).unwrap();
    let observation: Value = serde_json::from_str(run.lines().next_back().unwrap()).unwrap();
    let last = observation["target"]["name"].as_str().unwrap();
    fs::write(case.run(), &run[..run.len() - 100]).unwrap();
    let torn = case.plan(&["common-baseline"]);
    assert!(torn.changes.is_empty() && !torn.summary.met);
    assert_eq!(torn.open.len(), 1);
    assert_eq!(torn.open[0].targets[0].as_str(), last);
    assert_eq!(torn.summary.targets_not_observed, 1);
    for format in ["table", "markdown"] {
        let shown = case.shown(format, &["common-baseline"]);
        assert!(!shown.contains("nothing to do"), "{shown}");
        assert!(shown.contains("Look again"), "{shown}");
        assert!(shown.contains("The gate does not pass"), "{shown}");
    }
}

#[test]
fn open_questions_are_no_changes() {
    let dkim = entry("MAIL-05", "must", "mail.dkim.published", "{}");
    let case = Case::new("average.example", &[("p", &dkim)]);
    let plan = case.plan(&["p"]);
    assert!(plan.changes.is_empty() && !plan.summary.met);
    assert_eq!(plan.open.len(), 1);
    assert_eq!(plan.open[0].checks, ["mail.dkim.published"]);
    let detail = plan.open[0].detail.as_deref().unwrap();
    assert!(detail.contains("dkim_selectors"), "{detail}");
}

#[test]
fn the_document_keeps_to_its_schema_and_its_bytes() {
    let case = Case::new("neglected.example", &[]);
    let (exit, schema, _) = scrutineer(case.path(), &["schema", "plan"]);
    assert_eq!(exit, 0);
    let schema: Value = serde_json::from_str(&schema).unwrap();
    assert_eq!(schema["$id"], "scrutineer.plan/1");
    let shown = case.shown("json", &["common-baseline"]);
    let document: Value = serde_json::from_str(&shown).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<String> = validator
        .iter_errors(&document)
        .map(|e| e.to_string())
        .collect();
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!(shown, case.shown("json", &["common-baseline"]));
    let steps = document["changes"].as_array().unwrap();
    for (number, step) in (1u64..).zip(steps) {
        assert_eq!(step["step"], number);
        for before in step["after"].as_array().unwrap() {
            assert!(before.as_u64().unwrap() < number, "{step}");
        }
    }
}

#[test]
fn bad_input_is_exit_2_with_one_clear_error() {
    let case = Case::new("exemplary.example", &[]);
    let cases: &[(&[&str], &str)] = &[
        (&["plan", "none.jsonl"], "none.jsonl"),
        (
            &["plan", "run.jsonl", "--profile", "common-base"],
            "common-baseline",
        ),
        (
            &[
                "plan",
                "run.jsonl",
                "--profile",
                "common-baseline",
                "--profile",
                "common-baseline",
            ],
            "is given twice",
        ),
        (&["plan", "run.jsonl", "--at", "soon"], "--at"),
        (
            &["plan", "run.jsonl", "-o", "none/plan.txt"],
            "cannot write the plan",
        ),
    ];
    for (arguments, expected) in cases {
        let (exit, shown, said) = scrutineer(case.path(), arguments);
        assert_eq!((exit, shown.as_str()), (2, ""), "{arguments:?}: {said}");
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}
