//! What enters a check's digest, and what a check reads.

use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::sketch;
use crate::model::{
    check::Logic,
    level::{Area, Level},
};
use crate::rules::{FactSchema, ParamType, Program};

fn program(when: Option<&str>, lets: &[(&str, &str)], require: &str) -> Program {
    let logic = Logic {
        subjects: "tls.endpoints[]".to_owned(),
        when: when.map(str::to_owned),
        lets: lets
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect(),
        each: Some("subject.certificates".to_owned()),
        require: Some(require.to_owned()),
        ..Logic::default()
    };
    let params = BTreeMap::from([("days".to_owned(), ParamType::Int)]);
    let schema = FactSchema::new(&sketch::schema());
    Program::compile(&logic, &params, "m", &schema).unwrap()
}

#[test]
fn only_meaning_shows_in_the_canonical_form() {
    let canonical = |lets: &[(&str, &str)], require: &str| -> Value {
        program(None, lets, require).canonical().clone()
    };
    let one = canonical(
        &[],
        "item.not_after-now>=days(params.days)&&(item.issuer.caa_ids.exists(d,d==\"x\")&&true)",
    );
    let same = canonical(
        &[
            ("left", "item.not_after - now"),
            ("named", "item.issuer.caa_ids.exists(v, v == 'x')"),
        ],
        "left >= days(params.days) // time left\n  && named && true",
    );
    assert_eq!(one, same);
    assert_eq!(
        one,
        json!({
            "for": "tls.endpoints[]",
            "each": "subject.certificates[]",
            "require": ["and",
                [">=", ["-", ["field", ["item"], "not_after"], ["now"]], ["call", "days", ["field", ["params"], "days"]]],
                ["exists", ["field", ["field", ["item"], "issuer"], "caa_ids"], ["==", ["bound", 0], ["text", "x"]]],
                true,
            ],
            "functions": { "days": 1 },
            "tables": [],
        })
    );
    for other in [
        "item.not_after - now > days(params.days)",
        "item.not_after - now >= days(14)",
        "item.issuer.caa_ids.all(d, d == \"x\")",
        "same_site(item.key, \"x\")",
    ] {
        assert_ne!(one, canonical(&[], other), "{other}");
    }
    let site = canonical(&[], "same_site(item.key, subject.host)");
    assert_eq!(site["tables"], json!(["public-suffix-list"]));
    assert_eq!(site["functions"], json!({ "same_site": 1 }));
}

#[test]
fn facts_carry_their_probe_and_the_highest_level_on_the_way() {
    let read = program(
        Some("subject.versions.exists(v, v.name == \"TLS1.3\") && has(target.dns.caa)"),
        &[],
        "item.chain.problems.all(p, p.name != \"expired\") && \"api\" in target.roles",
    );
    let facts: Vec<(&str, Option<Area>, Level)> = read
        .facts()
        .iter()
        .map(|fact| (fact.path.as_str(), fact.area, fact.level))
        .collect();
    assert_eq!(
        facts,
        [
            ("dns.caa", Some(Area::Dns), Level::Passive),
            ("roles", None, Level::Passive),
            (
                "tls.endpoints[].certificates[].chain.problems[].name",
                Some(Area::Tls),
                Level::Passive
            ),
            (
                "tls.endpoints[].versions[].name",
                Some(Area::Tls),
                Level::Standard
            ),
        ]
    );
    let decides: Vec<bool> = read.facts().iter().map(|fact| fact.decides).collect();
    assert_eq!(decides, [false, true, true, false]);
}
