//! Checks, profiles and runs made by hand.

use scrutineer::judge::{Dates, ResolvedCheck, ResolvedEntry, ResolvedProfile, Standing, judge};
use scrutineer::model::{
    check::{Check, Effort, Logic, Severity},
    finding::{Finding, Findings, PackRef},
    observation::Observation,
    profile::{Obligation, Scope},
    run::{RUN_SCHEMA, RunHeader},
};
use scrutineer::probes::registry::observation_schema;
use scrutineer::rules::{FactSchema, Program};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

fn schema() -> &'static FactSchema {
    static SCHEMA: OnceLock<FactSchema> = OnceLock::new();
    SCHEMA.get_or_init(|| FactSchema::new(&observation_schema()))
}

/// A check by what it judges: `(id, control, severity, logic, message)`.
pub fn check(
    id: &str,
    control: &str,
    severity: Severity,
    logic: Value,
    message: &str,
) -> Arc<ResolvedCheck> {
    let logic: Logic = serde_json::from_value(logic).unwrap();
    let program = Program::compile(&logic, &BTreeMap::new(), message, schema())
        .unwrap_or_else(|faults| panic!("{id}: {faults:?}"));
    let digest = scrutineer::judge::digest(program.canonical()).unwrap();
    let check = Check {
        id: id.to_owned(),
        control: control.to_owned(),
        title: format!("The state that {id} demands"),
        severity,
        effort: Effort::Low,
        change: None,
        after: Vec::new(),
        breaks: None,
        logic,
        params: BTreeMap::new(),
        message: message.to_owned(),
        rationale: "It matters to an election office.".to_owned(),
        remediation: BTreeMap::from([
            ("nginx".to_owned(), "one line for nginx".to_owned()),
            ("text".to_owned(), "one line for all".to_owned()),
        ]),
        references: vec!["RFC 8996".to_owned()],
        examples: Vec::new(),
    };
    Arc::new(ResolvedCheck::new(
        Arc::new(check),
        Map::new(),
        program,
        digest,
    ))
}

/// Old protocol versions; fails on both addresses of the office.
pub fn versions() -> Arc<ResolvedCheck> {
    check(
        "tls.protocol.no-legacy",
        "TLS-01",
        Severity::High,
        json!({
            "for": "tls.endpoints[]", "each": "subject.versions",
            "where": "item.name in ['TLS1.0', 'TLS1.1']", "at_most": 0,
        }),
        "{{ item.name }} is accepted on {{ subject.key }}",
    )
}

/// Forward secrecy; open at one address of the office.
pub fn suites() -> Arc<ResolvedCheck> {
    check(
        "tls.suites.forward-secret",
        "TLS-09",
        Severity::High,
        json!({
            "for": "tls.endpoints[]", "each": "subject.suites",
            "where": "!item.forward_secret", "at_most": 0,
        }),
        "{{ item.name }} has no forward secrecy on {{ subject.key }}",
    )
}

/// CAA; fails for the office.
pub fn caa() -> Arc<ResolvedCheck> {
    check(
        "dns.caa.present",
        "DNS-05",
        Severity::Medium,
        json!({ "for": "dns", "require": "has(subject.caa)" }),
        "{{ subject.name }} has no CAA record",
    )
}

/// Name servers; passes for the office.
pub fn ns() -> Arc<ResolvedCheck> {
    check(
        "dns.ns.present",
        "DNS-01",
        Severity::Low,
        json!({ "for": "dns", "each": "subject.ns", "at_least": 1 }),
        "{{ subject.name }} has no name server",
    )
}

/// Content sniffing; fails on one page of the office.
pub fn nosniff() -> Arc<ResolvedCheck> {
    check(
        "web.headers.nosniff",
        "WEB-07",
        Severity::Low,
        json!({ "for": "web.pages[]", "require": "subject.nosniff" }),
        "{{ subject.key }} lets browsers guess the media type",
    )
}

/// SPF; the office is no mail domain.
pub fn spf() -> Arc<ResolvedCheck> {
    check(
        "mail.spf.present",
        "MAIL-01",
        Severity::High,
        json!({ "for": "mail", "require": "has(subject.spf)" }),
        "{{ subject.domain }} has no SPF record",
    )
}

/// An entry that demands all of these checks of each target.
pub fn must(row: &str, checks: &[Arc<ResolvedCheck>]) -> ResolvedEntry {
    ResolvedEntry {
        row: row.to_owned(),
        variant: None,
        printed: None,
        text: format!("what {row} asks for"),
        level: Obligation::Must,
        roles: BTreeSet::new(),
        over: Scope::Target,
        from: None,
        until: None,
        groups: vec![checks.to_vec()],
        because: None,
        digest: scrutineer::judge::digest(&row).unwrap(),
    }
}

/// The same, as advice.
pub fn should(row: &str, checks: &[Arc<ResolvedCheck>]) -> ResolvedEntry {
    ResolvedEntry {
        level: Obligation::Should,
        ..must(row, checks)
    }
}

pub fn profile(entries: Vec<ResolvedEntry>) -> ResolvedProfile {
    ResolvedProfile::new(
        "test".to_owned(),
        "Test profile".to_owned(),
        PackRef::default(),
        BTreeMap::from([("TLS-01".to_owned(), "No old protocol versions".to_owned())]),
        entries,
    )
}

/// The observation of `tests/data/judge/office.json`.
pub fn office() -> Value {
    serde_json::from_str(include_str!("../data/judge/office.json")).unwrap()
}

pub fn dates() -> Dates {
    Dates {
        as_of: "2026-11-03".parse().unwrap(),
    }
}

/// Judges observations as one run that names these targets and `missing` ones.
pub fn run(
    profile: &ResolvedProfile,
    observations: &[Value],
    missing: &[Value],
    fail_on: Severity,
) -> Findings {
    let observations: Vec<Observation> = observations
        .iter()
        .map(|value| serde_json::from_value(value.clone()).unwrap())
        .collect();
    let mut targets: Vec<_> = observations
        .iter()
        .map(|observation| observation.target.clone())
        .collect();
    for value in missing {
        targets.push(serde_json::from_value(value["target"].clone()).unwrap());
    }
    targets.sort_by_key(|target| target.key());
    let conditions = serde_json::from_value(office()["conditions"].clone()).unwrap();
    let header = RunHeader {
        schema: RUN_SCHEMA.to_owned(),
        tool: "scrutineer test".to_owned(),
        started_at: "2026-11-03T07:59:00Z".parse().unwrap(),
        organisation: Some("Example County Elections".to_owned()),
        conditions,
        targets,
        tables: BTreeMap::from([("roots".to_owned(), "test".to_owned())]),
        pack: None,
        tlp: "TLP:AMBER+STRICT".to_owned(),
    };
    let mut standing = Standing::new(profile, &header, dates().as_of);
    for observation in &observations {
        standing.add(judge(observation, profile, &dates()).unwrap());
    }
    standing.finish(fail_on)
}

/// The findings of one check.
pub fn findings<'a>(document: &'a Findings, check: &str) -> Vec<&'a Finding> {
    document
        .findings
        .iter()
        .filter(|finding| finding.check.as_str() == check)
        .collect()
}

/// The document as it is written.
pub fn json(document: &Findings) -> String {
    let mut bytes = Vec::new();
    scrutineer::report::json::write(document, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}
