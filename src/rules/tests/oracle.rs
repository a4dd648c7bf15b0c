//! Random checks over random observations: where everything is known, the cel
//! crate's own evaluator agrees; where something is taken away, no verdict turns.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};

use super::sketch;
use crate::model::{check::Logic, verdict::Verdict};
use crate::rules::{
    Context, Defect, Document, FactSchema, ParamType, Program, SubjectOutcome, erosion,
};

/// Lists in scope: none, `@e` of the endpoints, and `@s` of its suites.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Scope {
    Nothing,
    Endpoint,
    Suite,
}

fn one_of(texts: &[&str]) -> BoxedStrategy<String> {
    let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    proptest::sample::select(texts).boxed()
}

fn text(scope: Scope) -> BoxedStrategy<String> {
    let mut known = vec!["\"A\"", "\"B\"", "\"\"", "target.name"];
    if scope >= Scope::Endpoint {
        known.extend(["@e.host", "@e.key"]);
    }
    if scope >= Scope::Suite {
        known.extend(["@s.name", "@s.name"]);
    }
    one_of(&known)
}

fn number(scope: Scope, depth: u32) -> BoxedStrategy<String> {
    let mut known = vec!["0", "1", "2", "-1", "params.days", "size(params.names)"];
    if scope >= Scope::Suite {
        known.extend(["@s.kex_bits", "@s.kex_bits", "@s.kex_bits"]);
    }
    let leaf = one_of(&known);
    if depth == 0 {
        return leaf;
    }
    let inner = || number(scope, depth - 1);
    prop_oneof![
        3 => leaf,
        2 => (inner(), one_of(&["+", "-", "*", "/", "%"]), inner())
            .prop_map(|(l, operator, r)| format!("({l} {operator} {r})")),
        1 => inner().prop_map(|inner| format!("-({inner})")),
        1 => (condition(scope, depth - 1), inner(), inner())
            .prop_map(|(test, yes, no)| format!("({test} ? {yes} : {no})")),
        1 => text(scope).prop_map(|text| format!("size({text})")),
    ]
    .boxed()
}

fn condition(scope: Scope, depth: u32) -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        one_of(&["target.dns.dnssec.signed", "target.mail.sends", "true"]),
        one_of(&[
            "has(target.mail.spf)",
            "!has(target.dns.caa)",
            "target.mail.spf == null"
        ]),
        (text(scope), one_of(&["==", "!="]), text(scope))
            .prop_map(|(l, operator, r)| format!("{l} {operator} {r}")),
        text(scope).prop_map(|text| format!("{text} in params.names")),
        (
            text(scope),
            one_of(&["contains", "startsWith", "endsWith"]),
            text(scope)
        )
            .prop_map(|(l, function, r)| format!("{l}.{function}({r})")),
        text(scope).prop_map(|text| format!("target.mail.mx.exists(m, m.name == {text})")),
        text(scope).prop_map(|text| format!("params.names.exists_one(n, n == {text})")),
        text(scope).prop_map(|text| format!("params.names.filter(n, n != {text}) == [\"A\"]")),
    ]
    .boxed();
    if depth == 0 {
        return leaf;
    }
    let inner = || condition(scope, depth - 1);
    let numbers = || number(scope, depth - 1);
    let mut all: Vec<(u32, BoxedStrategy<String>)> = vec![
        (2, leaf),
        (
            3,
            (inner(), one_of(&["&&", "||"]), inner())
                .prop_map(|(l, operator, r)| format!("({l} {operator} {r})"))
                .boxed(),
        ),
        (1, inner().prop_map(|inner| format!("!({inner})")).boxed()),
        (
            1,
            (inner(), inner(), inner())
                .prop_map(|(test, yes, no)| format!("({test} ? {yes} : {no})"))
                .boxed(),
        ),
        (
            2,
            (numbers(), one_of(&["==", "!=", "<", "<=", ">", ">="]), numbers())
                .prop_map(|(l, operator, r)| format!("{l} {operator} {r}"))
                .boxed(),
        ),
        (
            1,
            (text(scope), inner())
                .prop_map(|(text, inner)| {
                    format!("(has(target.mail.spf) && target.mail.spf.lookups.exists(l, l.void && (l.name == {text} || {inner})))")
                })
                .boxed(),
        ),
        (
            1,
            inner()
                .prop_map(|inner| format!("(!has(target.dns.caa) || target.dns.caa.issuers.all(i, i.domain == \"A\" || {inner}))"))
                .boxed(),
        ),
    ];
    let over = match scope {
        Scope::Nothing => Some((Scope::Endpoint, "target.tls.endpoints", "e")),
        Scope::Endpoint => Some((Scope::Suite, "@e.suites", "s")),
        Scope::Suite => None,
    };
    if let Some((below, list, name)) = over {
        let strategy = (one_of(&["all", "exists"]), condition(below, depth - 1))
            .prop_map(move |(how, body)| format!("{list}.{how}({name}, {body})"));
        all.push((4, strategy.boxed()));
    }
    proptest::strategy::Union::new_weighted(all).boxed()
}

fn observation() -> impl Strategy<Value = Value> {
    let word = || proptest::sample::select(vec!["A", "B", "AB", ""]);
    let suite = (word(), 0..3_u32)
        .prop_map(|(name, bits)| json!({ "name": name, "version": "TLS1.2", "kex_bits": bits }));
    let suites = proptest::collection::vec(suite, 0..3);
    let endpoint = (word(), word(), suites)
        .prop_map(|(key, host, suites)| json!({ "key": key, "host": host, "suites": suites }));
    let lookup =
        (word(), any::<bool>()).prop_map(|(name, void)| json!({ "name": name, "void": void }));
    let spf = proptest::option::of(proptest::collection::vec(lookup, 0..3));
    let caa = proptest::option::of(proptest::collection::vec(word(), 0..3));
    (
        proptest::collection::vec(endpoint, 0..3),
        spf,
        caa,
        proptest::collection::vec(word(), 0..3),
        any::<(bool, bool)>(),
    )
        .prop_map(|(endpoints, spf, caa, mx, (signed, sends))| {
            let issuers = |caa: Vec<&str>| -> Vec<Value> {
                caa.into_iter().map(|domain| json!({ "domain": domain })).collect()
            };
            json!({
                "target": { "name": "A", "roles": [] },
                "tls": { "endpoints": endpoints },
                "dns": { "caa": caa.map(|caa| json!({ "issuers": issuers(caa) })), "dnssec": { "signed": signed } },
                "mail": {
                    "sends": sends,
                    "mx": mx.into_iter().map(|name| json!({ "name": name })).collect::<Vec<_>>(),
                    "spf": spf.map(|lookups| json!({ "lookups": lookups })),
                },
            })
        })
}

fn params() -> Map<String, Value> {
    Map::from_iter([
        ("days".to_owned(), json!(2)),
        ("names".to_owned(), json!(["A", "B", "B"])),
    ])
}

fn compile(logic: &Logic) -> Option<Program> {
    let kinds = [("days", "int"), ("names", "list of string")];
    let kinds: BTreeMap<String, ParamType> = kinds
        .iter()
        .map(|(name, kind)| ((*name).to_owned(), ParamType::parse(kind).unwrap()))
        .collect();
    match Program::compile(logic, &kinds, "m", &FactSchema::new(&sketch::schema())) {
        Ok(program) => Some(program),
        Err(errors) => {
            // The generator knows the names and types; what it cannot see is
            // nesting, and that a body came out as `false`.
            let nested = ["nest at most", "too deeply", "all(x, false)"];
            for error in &errors {
                assert!(
                    nested.iter().any(|told| error.message.contains(told)),
                    "{error} in {logic:?}"
                );
            }
            None
        }
    }
}

fn judge(program: &Program, given: &Value) -> Result<Vec<SubjectOutcome>, Defect> {
    let document = Document::new(given);
    program.judge(&Context {
        document: &document,
        params: &params(),
        now: "2026-06-01T00:00:00Z".parse().unwrap(),
        as_of: "2026-06-01".parse().unwrap(),
    })
}

/// For the crate, null is a member that is there; for a check it is not.
fn to_cel(value: &Value) -> cel::Value {
    match value {
        Value::Null => cel::Value::Null,
        Value::Bool(value) => cel::Value::Bool(*value),
        Value::Number(number) => cel::Value::Int(number.as_i64().unwrap()),
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.iter().map(to_cel).collect::<Vec<_>>().into(),
        Value::Object(members) => {
            let members = members.iter().filter(|(_, member)| !member.is_null());
            let members = members.map(|(name, member)| (name.clone(), to_cel(member)));
            members.collect::<HashMap<String, cel::Value>>().into()
        }
    }
}

/// The expression as the crate says, which knows no lifted target.
fn by_the_crate(expression: &str, given: &Value) -> Option<bool> {
    let mut target = given.clone();
    let lifted = given["target"].as_object().unwrap().clone();
    target.as_object_mut().unwrap().extend(lifted);
    let mut context = cel::Context::default();
    context.add_variable_from_value("target", to_cel(&target));
    context.add_variable_from_value("params", to_cel(&Value::Object(params())));
    // A member that is not there cannot be compared with null.
    let expression = expression.replace("target.mail.spf == null", "!has(target.mail.spf)");
    let program = cel::Program::compile(&expression).unwrap();
    match program.execute(&context) {
        Ok(cel::Value::Bool(value)) => Some(value),
        Ok(other) => panic!("{expression} gave {other:?}"),
        Err(_) => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_crate_agrees_where_everything_is_known(
        expression in condition(Scope::Nothing, 4),
        given in observation(),
    ) {
        let expression = expression.replace('@', "");
        let logic = Logic {
            subjects: "target".to_owned(),
            require: Some(expression.clone()),
            ..Logic::default()
        };
        let Some(program) = compile(&logic) else { return Ok(()) };
        let ours = judge(&program, &given).ok().map(|outcomes| outcomes[0].verdict == Verdict::Pass);
        prop_assert_eq!(ours, by_the_crate(&expression, &given), "{} over {}", expression, given);
    }

    #[test]
    fn what_is_taken_away_never_turns_a_verdict(
        filter in condition(Scope::Suite, 2),
        require in condition(Scope::Suite, 2),
        when in condition(Scope::Endpoint, 3),
        quantifier in 0..4_u64,
        given in observation(),
        picks in proptest::collection::vec(any::<proptest::sample::Index>(), 1..4),
    ) {
        let at_item = |text: &str| text.replace("@e", "subject").replace("@s", "item");
        let logic = Logic {
            subjects: "tls.endpoints[]".to_owned(),
            when: Some(when.replace("@e", "subject").replace('@', "")),
            each: Some("subject.suites".to_owned()),
            filter: Some(at_item(&filter)),
            require: (quantifier == 0).then(|| at_item(&require)),
            at_most: (quantifier == 1 || quantifier == 2).then(|| quantifier - 1),
            at_least: (quantifier == 3).then_some(1),
            ..Logic::default()
        };
        let Some(program) = compile(&logic) else { return Ok(()) };
        let Ok(whole) = judge(&program, &given) else { return Ok(()) };
        let rolled = Verdict::roll_up(whole.iter().map(|outcome| outcome.verdict));
        let mut taken = Vec::new();
        let mut eroded = given.clone();
        for pick in &picks {
            let variants: Vec<(String, Value)> = erosion(&eroded).collect();
            for (what, less) in &variants {
                let verdict = judge(&program, less)
                    .map(|outcomes| Verdict::roll_up(outcomes.iter().map(|outcome| outcome.verdict)));
                prop_assert!(
                    verdict == Ok(rolled) || verdict == Ok(Verdict::Inconclusive),
                    "{rolled} became {verdict:?} after {taken:?}, {what} of {given} by {logic:?}"
                );
            }
            let (what, less) = pick.get(&variants).clone();
            taken.push(what);
            eroded = less;
        }
    }
}
