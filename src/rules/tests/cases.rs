//! The hard cases of `tests/data/rules/cases.yaml`.

use jiff::{Timestamp, civil::Date};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

use super::sketch;
use crate::model::{
    check::{Logic, ParamDecl},
    verdict::Verdict,
};
use crate::rules::{Context, Document, FactSchema, ParamType, Program, SubjectOutcome, erosion};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub id: String,
    #[serde(rename = "for")]
    subjects: String,
    when: Option<String>,
    #[serde(rename = "let", default)]
    lets: BTreeMap<String, String>,
    each: Option<String>,
    #[serde(rename = "where")]
    filter: Option<String>,
    require: Option<String>,
    at_most: Option<u64>,
    at_least: Option<u64>,
    #[serde(default)]
    params: BTreeMap<String, ParamDecl>,
    message: String,
    facts: Option<Vec<String>>,
    pub cases: Vec<Example>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    pub name: String,
    pub given: Value,
    as_of: Option<String>,
    pub expect: Verdict,
    verdicts: Option<Vec<Verdict>>,
    #[serde(default)]
    fails: Vec<String>,
    #[serde(default)]
    open: Vec<usize>,
    #[serde(default)]
    unasked: Vec<String>,
}

pub fn all() -> Vec<Case> {
    serde_saphyr::from_str(include_str!("../../../tests/data/rules/cases.yaml")).unwrap()
}

impl Case {
    pub fn program(&self) -> Program {
        let logic = Logic {
            subjects: self.subjects.clone(),
            when: self.when.clone(),
            lets: self.lets.clone(),
            each: self.each.clone(),
            filter: self.filter.clone(),
            require: self.require.clone(),
            at_most: self.at_most,
            at_least: self.at_least,
        };
        let schema = FactSchema::new(&sketch::schema());
        let mut params = BTreeMap::new();
        for (name, declared) in &self.params {
            let kind = ParamType::parse(&declared.kind).unwrap();
            kind.check(&declared.default, &schema).unwrap();
            params.insert(name.clone(), kind);
        }
        Program::compile(&logic, &params, &self.message, &schema)
            .unwrap_or_else(|errors| panic!("{}: {errors:#?}", self.id))
    }

    pub fn judge(
        &self,
        program: &Program,
        example: &Example,
        given: &Value,
    ) -> Vec<SubjectOutcome> {
        let params: Map<String, Value> = self
            .params
            .iter()
            .map(|(name, declared)| (name.clone(), declared.default.clone()))
            .collect();
        let now = given.get("observed_at").and_then(Value::as_str);
        let now: Timestamp = now.unwrap_or("2026-06-01T00:00:00Z").parse().unwrap();
        let as_of: Date = example
            .as_of
            .as_deref()
            .unwrap_or("2026-06-01")
            .parse()
            .unwrap();
        let document = Document::new(given);
        let context = Context {
            document: &document,
            params: &params,
            now,
            as_of,
        };
        program
            .judge(&context)
            .unwrap_or_else(|defect| panic!("{}, {}: {defect}", self.id, example.name))
    }
}

fn roll_up(outcomes: &[SubjectOutcome]) -> Verdict {
    Verdict::roll_up(outcomes.iter().map(|outcome| outcome.verdict))
}

#[test]
fn the_hard_cases_come_out_as_told() {
    for case in all() {
        let program = case.program();
        if let Some(facts) = &case.facts {
            let read: Vec<String> = program
                .facts()
                .iter()
                .map(|fact| format!("{} {}", fact.path, fact.level))
                .collect();
            for fact in facts {
                assert!(
                    read.contains(fact),
                    "{}: {fact} not among {read:?}",
                    case.id
                );
            }
        }
        for example in &case.cases {
            let outcomes = case.judge(&program, example, &example.given);
            let told = format!("{}, {}: {outcomes:#?}", case.id, example.name);
            assert_eq!(roll_up(&outcomes), example.expect, "{told}");
            let fails: Vec<&str> = outcomes
                .iter()
                .flat_map(|outcome| outcome.items.iter().map(|item| item.message.as_str()))
                .collect();
            assert_eq!(fails, example.fails, "{told}");
            let open: Vec<usize> = outcomes.iter().flat_map(|o| o.gaps.clone()).collect();
            assert_eq!(open, example.open, "{told}");
            let unasked: Vec<String> = outcomes.iter().flat_map(|o| o.unasked.clone()).collect();
            assert_eq!(unasked, example.unasked, "{told}");
            if let Some(verdicts) = &example.verdicts {
                let each: Vec<Verdict> = outcomes.iter().map(|o| o.verdict).collect();
                assert_eq!(&each, verdicts, "{told}");
            }
        }
    }
}

#[test]
fn a_fact_taken_away_never_turns_a_verdict() {
    let mut tried = 0;
    for case in all() {
        let program = case.program();
        for example in &case.cases {
            let whole = roll_up(&case.judge(&program, example, &example.given));
            for (what, eroded) in erosion(&example.given) {
                let verdict = roll_up(&case.judge(&program, example, &eroded));
                assert!(
                    verdict == whole || verdict == Verdict::Inconclusive,
                    "{}, {}, {what}: {whole} became {verdict}",
                    case.id,
                    example.name
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 800, "only {tried} variants were tried");
}

#[test]
fn subjects_and_items_are_named_by_place_and_keys() {
    let cases = all();
    let find = |id: &str| cases.iter().find(|case| case.id == id).unwrap();
    let judged = |id: &str, name: &str| {
        let case = find(id);
        let example = case.cases.iter().find(|example| example.name == name);
        let example = example.unwrap();
        case.judge(&case.program(), example, &example.given)
    };

    let chain = judged("cert.chain.trusted", "good, good, expired, timeout");
    assert_eq!(chain[2].pointer, "/tls/endpoints/2");
    assert_eq!(chain[2].keys, ["c"]);
    assert_eq!(
        chain[2].items[0].pointer,
        "/tls/endpoints/2/certificates/0/chain/problems/0"
    );
    assert_eq!(chain[2].items[0].keys, ["rsa", "expired"]);
    assert_eq!(
        (chain[3].pointer.as_str(), &chain[3].keys[..]),
        ("/tls/endpoints/3", &["d".to_owned()][..])
    );

    let form = judged("portal.form.sensitive-stays-home", "away");
    assert_eq!(form[0].keys, ["/r", "f"]);
    assert_eq!(form[0].items[0].keys, ["dob"]);

    // For `at_least`, and without `each`, the subject itself proves it.
    let none = judged("tls.suites.one-of", "none");
    assert_eq!(none[0].items[0].pointer, "/tls/endpoints/0");
    assert!(none[0].items[0].keys.is_empty());

    let pages = judged("web.csp.no-inline-script", "more pages");
    assert_eq!(pages[1].pointer, "/web/pages/-");
    let unseen = judged("tls.suites.allowed", "endpoints not seen");
    assert_eq!(unseen[0].pointer, "/tls");
    let pinned = judged("dns.ns.as-pinned", "one foreign");
    assert_eq!(pinned[0].pointer, "");
}
