//! Judges the cases of `cases/*.yaml`.
//!
//! An office of `offices/*.yaml` is a whole observation. A case changes some of
//! its facts, and expects verdicts of rows. Facts must be such as a probe
//! writes: a word that no probe knows fails the test.

use scrutineer::content::dates::{self, Edge};
use scrutineer::judge::{Dates, ResolvedProfile, Standing, judge};
use scrutineer::model::{
    check::Severity,
    finding::RequirementResult,
    observation::Observation,
    profile::Obligation,
    run::{RUN_SCHEMA, RunHeader},
    verdict::Verdict,
};
use scrutineer::probes::registry::REGISTRY;
use scrutineer::wire::tls::suites;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::content;

/// When the offices are looked at; the policy date too, unless a case says `at`.
const OBSERVED_AT: &str = "2026-11-03T08:00:00Z";
/// Fewest cases that a profile of a guideline must have.
const LEAST: usize = 3;

/// The cases of one profile: `cases/PROFILE.yaml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    /// The office of the cases that name none.
    office: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What the case shows, as a sentence; with the number of `disagreements.yaml`, if it has one.
    it: String,
    office: Option<String>,
    /// Facts to put in place, by JSON Pointer.
    #[serde(default)]
    set: BTreeMap<String, Value>,
    /// Facts that were not seen, by JSON Pointer (`/list/-`: more items may be there).
    #[serde(default)]
    unseen: Vec<String>,
    /// Versions and suites that every TLS endpoint accepts; `NAME/BITS` for the group of a DHE suite.
    suites: Option<BTreeMap<String, Vec<String>>>,
    /// Key exchange groups that every TLS endpoint accepts.
    groups: Option<Vec<String>>,
    /// The policy date.
    at: Option<String>,
    /// Verdicts of entries: `slug` or `slug as variant` of the guideline, or a whole key.
    #[serde(default)]
    expect: BTreeMap<String, Verdict>,
    /// Every entry that fails as a `must` or `should`; no other does.
    fails: Option<BTreeSet<String>>,
}

/// `offices/NAME.yaml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Office {
    roles: Vec<String>,
    /// As in a case.
    suites: Option<BTreeMap<String, Vec<String>>>,
    groups: Option<Vec<String>>,
    /// Facts by area.
    facts: Map<String, Value>,
}

#[test]
fn the_rows_of_guidelines_decide() {
    let content = content();
    let mut wrong = Vec::new();
    for (id, profile) in &content.profiles {
        let Some(first) = profile.profile.covers.first() else {
            continue;
        };
        let guideline = first.split('#').next().unwrap();
        let path = folder().join(format!("cases/{id}.yaml"));
        assert!(path.is_file(), "{id} has no {}", path.display());
        let table: Table = read(&path);
        assert!(
            table.cases.len() >= LEAST,
            "{id} has fewer than {LEAST} cases"
        );
        let resolved = content.resolve(id).unwrap();
        for case in &table.cases {
            assert!(
                !case.expect.is_empty() || case.fails.is_some(),
                "{id}, {}: nothing is expected",
                case.it
            );
            let results = results(&resolved, case, &table.office);
            for fault in compare(case, guideline, &results) {
                wrong.push(format!("{id}, \"{}\": {fault}", case.it));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_table_is_of_a_profile() {
    let content = content();
    for file in std::fs::read_dir(folder().join("cases")).unwrap() {
        let path = file.unwrap().path();
        let id = path.file_stem().unwrap().to_str().unwrap();
        assert!(content.profiles.contains_key(id), "{}", path.display());
    }
}

fn compare(case: &Case, guideline: &str, results: &[RequirementResult]) -> Vec<String> {
    let name = |result: &RequirementResult| {
        let own = format!("{guideline}#");
        let row = result.row.strip_prefix(&own).unwrap_or(&result.row);
        match &result.variant {
            Some(variant) => format!("{row} as {variant}"),
            None => row.to_owned(),
        }
    };
    let verdicts: BTreeMap<String, Verdict> = results
        .iter()
        .map(|result| (name(result), result.verdict))
        .collect();
    let mut faults = Vec::new();
    for (row, expected) in &case.expect {
        match verdicts.get(row) {
            Some(verdict) if verdict == expected => {}
            Some(verdict) => faults.push(format!("{row} is {verdict}, expected {expected}")),
            None => faults.push(format!("the profile has no entry `{row}`")),
        }
    }
    if let Some(expected) = &case.fails {
        let failed: BTreeSet<String> = results
            .iter()
            .filter(|result| result.verdict == Verdict::Fail && result.obligation > Obligation::May)
            .map(name)
            .collect();
        if failed != *expected {
            faults.push(format!("fails: {failed:?}, expected {expected:?}"));
        }
    }
    faults
}

/// How each entry of the profile stands for the office of a case.
fn results(profile: &ResolvedProfile, case: &Case, office: &str) -> Vec<RequirementResult> {
    let office = case.office.as_deref().unwrap_or(office);
    let observation = observation(office, case);
    for (area, facts) in &observation.facts {
        let probe = REGISTRY.iter().find(|probe| probe.area == *area).unwrap();
        (probe.check)(facts).unwrap_or_else(|fault| panic!("\"{}\": {fault}", case.it));
    }
    let as_of = case.at.as_deref().unwrap_or("2026-11-03");
    let dates = Dates {
        as_of: dates::parse(as_of, Edge::First).unwrap(),
    };
    let header = RunHeader {
        schema: RUN_SCHEMA.to_owned(),
        tool: "scrutineer test".to_owned(),
        started_at: observation.observed_at,
        organisation: None,
        conditions: observation.conditions.clone(),
        targets: vec![observation.target.clone()],
        tables: BTreeMap::new(),
        pack: None,
        tlp: "TLP:AMBER+STRICT".to_owned(),
    };
    let mut standing = Standing::new(profile, &header, dates.as_of);
    standing.add(judge(&observation, profile, &dates).unwrap());
    standing.finish(Severity::Low).requirements
}

fn observation(office: &str, case: &Case) -> Observation {
    let office: Office = read(&folder().join(format!("offices/{office}.yaml")));
    let versions: Map<String, Value> = REGISTRY
        .iter()
        .filter(|probe| office.facts.contains_key(probe.area.key()))
        .map(|probe| (probe.area.key().to_owned(), probe.fact_version.into()))
        .collect();
    let mut whole = json!({
        "schema": "scrutineer.observation/1",
        "target": { "name": "vote.example.gov", "roles": office.roles },
        "observed_at": OBSERVED_AT,
        "conditions": {
            "level": "standard", "areas": office.facts.keys().collect::<Vec<_>>(),
            "page_cap": 10, "resolver": "192.0.2.53:53", "staged": false,
        },
        "fact_versions": versions,
        "gaps": [],
        "evidence": [],
        "cost": {
            "connections": 0, "queries": 0, "bytes_sent": 0, "bytes_received": 0, "milliseconds": 0,
        },
    });
    for (area, facts) in office.facts {
        whole[area] = facts;
    }
    for suites in [&office.suites, &case.suites].into_iter().flatten() {
        accept_suites(&mut whole, suites);
    }
    for groups in [&office.groups, &case.groups].into_iter().flatten() {
        accept_groups(&mut whole, groups);
    }
    for (pointer, value) in &case.set {
        put(&mut whole, pointer, Some(value.clone()));
    }
    for pointer in &case.unseen {
        if !pointer.ends_with("/-") {
            put(&mut whole, pointer, None);
        }
        let gaps = whole["gaps"].as_array_mut().unwrap();
        gaps.push(json!({ "at": pointer, "reason": "timeout" }));
    }
    serde_json::from_value(whole).unwrap_or_else(|fault| panic!("\"{}\": {fault}", case.it))
}

/// Puts a fact in place, or takes one away.
fn put(whole: &mut Value, pointer: &str, value: Option<Value>) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = whole
        .pointer_mut(parent)
        .unwrap_or_else(|| panic!("there is no {parent}"));
    match (parent, value) {
        (Value::Object(fields), Some(value)) => {
            fields.insert(key.to_owned(), value);
        }
        (Value::Object(fields), None) => {
            fields
                .remove(key)
                .unwrap_or_else(|| panic!("there is no {pointer}"));
        }
        (Value::Array(items), Some(value)) => {
            let index: usize = key.parse().unwrap();
            *items
                .get_mut(index)
                .unwrap_or_else(|| panic!("there is no {pointer}")) = value;
        }
        _ => panic!("{pointer} is no fact"),
    }
}

fn accept_suites(whole: &mut Value, accepted: &BTreeMap<String, Vec<String>>) {
    let versions: Vec<Value> = accepted
        .keys()
        .map(|name| json!({ "name": name }))
        .collect();
    let suites: Vec<Value> = accepted
        .iter()
        .flat_map(|(version, names)| names.iter().map(|name| suite(version, name)))
        .collect();
    for endpoint in whole["tls"]["endpoints"].as_array_mut().unwrap() {
        endpoint["versions"] = versions.clone().into();
        endpoint["suites"] = suites.clone().into();
    }
}

fn suite(version: &str, text: &str) -> Value {
    let (name, bits) = match text.split_once('/') {
        Some((name, bits)) => (name, Some(bits.parse::<u32>().unwrap())),
        None => (text, None),
    };
    let known = suites::by_name(name).unwrap_or_else(|| panic!("there is no suite {name}"));
    json!({
        "name": name,
        "version": version,
        "key_exchange": known.key_exchange,
        "cipher": known.cipher,
        "mode": known.mode,
        "anonymous": known.anonymous(),
        "export": known.export,
        "forward_secret": known.forward_secret(),
        "kex_bits": bits,
    })
}

fn accept_groups(whole: &mut Value, names: &[String]) {
    let groups: Vec<Value> = names
        .iter()
        .map(|name| json!({ "name": name, "post_quantum": name.contains("MLKEM") }))
        .collect();
    for endpoint in whole["tls"]["endpoints"].as_array_mut().unwrap() {
        endpoint["groups"] = groups.clone().into();
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/profiles")
}

fn read<T: DeserializeOwned>(path: &Path) -> T {
    let text =
        std::fs::read_to_string(path).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
    serde_saphyr::from_str(&text).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()))
}
