//! Expressions and data that are built to break the program. All of it runs on
//! the 2 MiB stack that a thread of a test, or of tokio, has.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::sketch;
use crate::model::check::Logic;
use crate::rules::{Context, Document, FactSchema, ParamType, Program, RuleError, SubjectOutcome};

fn small_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(2 << 20)
            .spawn_scoped(scope, work)
            .unwrap()
            .join()
            .unwrap()
    })
}

fn compile(logic: &Logic) -> Result<Program, Vec<RuleError>> {
    let params = BTreeMap::from([(
        "names".to_owned(),
        ParamType::parse("list of string").unwrap(),
    )]);
    Program::compile(logic, &params, "m", &FactSchema::new(&sketch::schema()))
}

fn demand(require: String) -> Logic {
    Logic {
        subjects: "tls.endpoints[]".to_owned(),
        require: Some(require),
        ..Logic::default()
    }
}

fn judge(program: &Program, given: &Value, names: Value) -> Result<Vec<SubjectOutcome>, String> {
    let params = Map::from_iter([("names".to_owned(), names)]);
    let document = Document::new(given);
    let context = Context {
        document: &document,
        params: &params,
        now: "2026-06-01T00:00:00Z".parse().unwrap(),
        as_of: "2026-06-01".parse().unwrap(),
    };
    program.judge(&context).map_err(|defect| defect.to_string())
}

#[test]
fn expressions_that_are_too_much_are_refused() {
    let nested = |open: &str, inside: &str, close: &str, times: usize| {
        format!("{}{inside}{}", open.repeat(times), close.repeat(times))
    };
    let expressions = [
        nested("(", "true", ")", 10_000),
        nested("(", "true", ")", 90),
        nested("[", "", "]", 10_000),
        nested("[", "", "]", 60),
        nested("{1:", "1", "}", 90),
        nested("has(", "a.b", ")", 90),
        "(".repeat(4_000),
        "[".repeat(90),
        "!".repeat(4_000) + "true",
        vec!["1"; 50_000].join("+") + " == 1",
        vec!["1"; 500].join("+") + " == 1",
        vec!["1"; 500].join("-") + " == 1",
        vec!["true"; 10_000].join("&&"),
        "true ? ".repeat(500) + "true" + &": false".repeat(500),
        "true ? true : ".repeat(250) + "true",
        "subject".to_owned() + &".a".repeat(550),
        "subject".to_owned() + &"[0]".repeat(90),
        "subject".to_owned() + &".size()".repeat(90),
        "1 in ".repeat(500) + "[1]",
        "1 == ".repeat(250) + "1",
        "\"".to_owned() + &"a".repeat(1_000_000) + "\" == \"\"",
        "a".repeat(5_000),
        "\u{0}\u{1b}[31m".to_owned(),
        "\"\\".to_owned(),
        "é".repeat(2_000),
        "[1].all(a, ".repeat(40) + "true" + &")".repeat(40),
        "[1].map(a, ".repeat(90) + "1" + &")".repeat(90),
    ];
    for expression in expressions {
        let began = Instant::now();
        let shown: String = expression.chars().take(30).collect();
        let compiled = small_stack(|| compile(&demand(expression.clone())).map(drop));
        let errors = compiled.expect_err(&shown);
        for error in &errors {
            let text = if error.part.key() == "for" {
                ""
            } else {
                &expression
            };
            assert!(text.get(error.span.clone()).is_some(), "{shown}: {error:?}");
        }
        let took = began.elapsed();
        assert!(took < Duration::from_secs(60), "{shown} took {took:?}");
    }
}

#[test]
fn what_the_bounds_allow_is_compiled_and_judged() {
    let given = json!({ "tls": { "endpoints": [{ "key": "a" }] } });
    for expression in [
        vec!["true"; 200].join(" && "),
        vec!["1"; 40].join("+") + " == 40",
        "(".repeat(30) + "true" + &")".repeat(30),
        "!".repeat(40) + "true",
        "-".repeat(90) + "1 == 1",
    ] {
        let outcomes = small_stack(|| {
            let program = compile(&demand(expression.clone())).map_err(|e| format!("{e:?}"))?;
            judge(&program, &given, json!([]))
        });
        assert_eq!(outcomes.unwrap().len(), 1, "{expression}");
    }
}

#[test]
fn lets_that_double_each_other_are_refused() {
    let mut lets = BTreeMap::from([("a0".to_owned(), "true".to_owned())]);
    for level in 1..40 {
        let before = level - 1;
        lets.insert(format!("a{level}"), format!("a{before} && a{before}"));
    }
    let logic = Logic {
        lets,
        ..demand("a39".to_owned())
    };
    let errors = small_stack(|| compile(&logic).map(drop)).unwrap_err();
    assert!(
        errors
            .iter()
            .any(|error| error.message.contains("too large")),
        "{errors:?}"
    );
}

#[test]
fn an_expression_that_multiplies_its_work_is_stopped() {
    let names: Vec<String> = (0..400).map(|n| n.to_string()).collect();
    let given = json!({ "tls": { "endpoints": [{ "key": "a" }] } });
    let program = compile(&demand(
        "params.names.all(a, params.names.all(b, params.names.all(c, a + 0 == a)))"
            .replace("a + 0 == a", "a == a && b == b && c == c"),
    ));
    let defect = small_stack(|| judge(&program.unwrap(), &given, json!(names))).unwrap_err();
    assert!(defect.contains("more than 1000000 steps"), "{defect}");
}

#[test]
fn facts_of_another_type_are_a_defect_and_no_verdict() {
    for (require, given, told) in [
        (
            "subject.host == \"a\"",
            json!({ "host": 3 }),
            "does not take int and string",
        ),
        (
            "subject.host == \"a\"",
            json!({ "host": { "a": 1 } }),
            "does not take object and string",
        ),
        (
            "subject.host.startsWith(\"a\")",
            json!({ "host": null }),
            "does not take null",
        ),
        (
            "subject.versions.all(v, v.name == \"SSL3\")",
            json!({ "versions": {} }),
            "does not take object",
        ),
        (
            "subject.versions.all(v, v.name == \"SSL3\")",
            json!({ "versions": [null] }),
            "`name` of null",
        ),
        (
            "subject.suites.all(s, s.kex_bits > 1)",
            json!({ "suites": [{ "kex_bits": 1.5 }] }),
            "not a whole number",
        ),
        (
            "subject.suites.all(s, s.kex_bits > 1)",
            json!({ "suites": [{ "kex_bits": u64::MAX }] }),
            "not a whole number",
        ),
        (
            "subject.suites.all(s, s.kex_bits * 2 > 1)",
            json!({ "suites": [{ "kex_bits": i64::MAX }] }),
            "out of range",
        ),
        (
            "subject.suites.all(s, 1 / s.kex_bits > 1)",
            json!({ "suites": [{ "kex_bits": 0 }] }),
            "division by zero",
        ),
        (
            "subject.suites.all(s, 1 % s.kex_bits > 1)",
            json!({ "suites": [{ "kex_bits": 0 }] }),
            "division by zero",
        ),
        (
            "subject.suites.all(s, now - days(s.kex_bits) < now)",
            json!({ "suites": [{ "kex_bits": i64::MAX }] }),
            "out of range",
        ),
        (
            "subject.certificates.all(c, c.not_after > now)",
            json!({ "certificates": [{ "not_after": "soon" }] }),
            "is not a time",
        ),
    ] {
        let program = compile(&demand(require.to_owned())).unwrap();
        let given = json!({ "tls": { "endpoints": [given] } });
        let defect = judge(&program, &given, json!([])).unwrap_err();
        assert!(
            defect.starts_with("require at /tls/endpoints/0:"),
            "{defect}"
        );
        assert!(defect.contains(told), "{require}: {defect}");
    }
    let program = compile(&demand("true".to_owned())).unwrap();
    for given in [
        json!({ "tls": [] }),
        json!({ "tls": { "endpoints": "x" } }),
        json!({ "tls": 1 }),
    ] {
        let defect = judge(&program, &given, json!([])).unwrap_err();
        assert!(defect.contains("expected"), "{defect}");
    }
}

#[test]
fn a_guard_keeps_an_error_away_and_so_does_what_decides() {
    let given = json!({ "tls": { "endpoints": [{ "suites": [{ "kex_bits": 0 }] }] } });
    for (require, verdict) in [
        (
            "subject.suites.all(s, s.kex_bits != 0 && 1 / s.kex_bits > 1)",
            "fail",
        ),
        (
            "subject.suites.all(s, 1 / s.kex_bits > 1 && s.kex_bits != 0)",
            "fail",
        ),
        (
            "subject.suites.all(s, s.kex_bits == 0 || 1 / s.kex_bits > 1)",
            "pass",
        ),
        // The host was not observed: it may be what keeps the error away.
        (
            "subject.host == \"a\" && subject.suites.all(s, 1 / s.kex_bits > 1)",
            "inconclusive",
        ),
    ] {
        let program = compile(&demand(require.to_owned())).unwrap();
        let outcomes = judge(&program, &given, json!([])).unwrap();
        assert_eq!(outcomes[0].verdict.to_string(), verdict, "{require}");
    }
}

#[test]
fn documents_and_schemas_of_any_shape_are_read() {
    let program = compile(&demand("subject.host == \"a\"".to_owned())).unwrap();
    for given in [
        json!(null),
        json!([]),
        json!({ "gaps": 3 }),
        json!({ "gaps": [null, {}, { "at": 7 }, { "at": "/".repeat(10_000) }] }),
        json!({ "tls": null }),
    ] {
        // Nothing was observed, or it was observed that there is nothing.
        for outcome in judge(&program, &given, json!([])).unwrap() {
            assert_eq!(outcome.verdict.to_string(), "inconclusive", "{given}");
        }
    }
    let recursive = json!({
        "properties": { "tls": { "$ref": "#/$defs/A" } },
        "$defs": { "A": { "type": "object", "properties": { "a": { "$ref": "#/$defs/A" } } } }
    });
    for schema in [json!(null), json!({ "properties": 3 }), recursive] {
        small_stack(|| drop(FactSchema::new(&schema)));
    }
}
