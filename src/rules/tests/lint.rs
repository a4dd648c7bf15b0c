//! What the lint refuses, where it points, and what it suggests.

use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write;

use super::sketch;
use crate::model::check::Logic;
use crate::rules::{FactSchema, ParamType, Part, Program, RuleError};

fn logic(subjects: &str, require: &str) -> Logic {
    Logic {
        subjects: subjects.to_owned(),
        require: Some(require.to_owned()),
        ..Logic::default()
    }
}

fn compile(logic: &Logic, message: &str) -> Result<Program, Vec<RuleError>> {
    let params = [
        ("days", "int"),
        ("legacy", "list of TLS version"),
        ("names", "list of string"),
        ("allow", "suite policy"),
        ("until", "date"),
        ("purposes", "list of endpoint purpose"),
    ];
    let params: BTreeMap<String, ParamType> = params
        .iter()
        .map(|(name, kind)| ((*name).to_owned(), ParamType::parse(kind).unwrap()))
        .collect();
    Program::compile(logic, &params, message, &FactSchema::new(&sketch::schema()))
}

/// Each error: the part, what it points at, what it says and what helps.
fn show(logic: &Logic, message: &str, errors: &[RuleError]) -> String {
    let mut shown = String::new();
    for error in errors {
        let text = match &error.part {
            Part::Subjects => Some(logic.subjects.as_str()),
            Part::When => logic.when.as_deref(),
            Part::Let(name) => logic.lets.get(name).map(String::as_str),
            Part::Each => logic.each.as_deref(),
            Part::Filter => logic.filter.as_deref(),
            Part::Require => Some(logic.require.as_deref().unwrap_or_default()),
            Part::AtMost | Part::AtLeast => Some(""),
            Part::Message => Some(message),
        };
        let at = text.and_then(|text| text.get(error.span.clone()));
        let at = at.expect("the span lies within the part");
        let help = error.help.as_deref().unwrap_or("-");
        let _ = writeln!(
            shown,
            "  {} [{at}] {}\n    {help}",
            error.part, error.message
        );
    }
    shown
}

#[test]
fn expressions_are_refused_where_they_are_wrong() {
    let mut told = String::new();
    for (subjects, require) in [
        ("tls.endpoints[]", "subject.purpos == \"https\""),
        ("tls.endpoints[]", "sbject.purpose == \"https\""),
        ("tls.endpoints[]", "purpose == \"https\""),
        ("tls.endpoints[]", "tls.endpoints == null"),
        ("tls.endpoints[]", "subject.purpose == \"http\""),
        (
            "tls.endpoints[]",
            "\"é\" != subject.host && subject.purpose in [\"https\", \"stmp\"]",
        ),
        (
            "tls.endpoints[]",
            "subject.versions.all(v, v.name in params.purposes)",
        ),
        (
            "tls.endpoints[]",
            "subject.versions.all(v, v.name in params.names)",
        ),
        (
            "tls.endpoints[]",
            "subject.versions.all(v, v.name in params.legcy)",
        ),
        ("tls.endpoints[]", "size(subject.versions) > 1"),
        ("tls.endpoints[]", "subject.versions.size() > 1"),
        (
            "tls.endpoints[]",
            "subject.versions.filter(v, true).all(v, v.name == \"SSL3\")",
        ),
        (
            "tls.endpoints[]",
            "subject.versions.map(v, v.name).all(v, v == \"SSL3\")",
        ),
        ("tls.endpoints[]", "subject.versions.all(v, false)"),
        ("tls.endpoints[]", "subject.versions[0].name == \"SSL3\""),
        ("tls.endpoints[]", "subject.versions.any(v, true)"),
        ("tls.endpoints[]", "subject.host.matches(\"a.*\")"),
        ("tls.endpoints[]", "subject.host.startswith(\"a\")"),
        ("tls.endpoints[]", "startsWith(subject.host, \"a\")"),
        ("tls.endpoints[]", "subject.host"),
        ("tls.endpoints[]", "subject.host > \"a\""),
        ("tls.endpoints[]", "subject.host == 3"),
        ("tls.endpoints[]", "subject.host + \"x\" == \"ax\""),
        (
            "tls.endpoints[]",
            "subject.certificates.all(c, c.not_after > as_of)",
        ),
        (
            "tls.endpoints[]",
            "subject.certificates.all(c, c.not_after - now > params.days)",
        ),
        (
            "tls.endpoints[]",
            "subject.certificates.all(c, c.not_after - now > days(params.days))",
        ),
        (
            "tls.endpoints[]",
            "params.allow[subject.host].min_kex_bits > 3",
        ),
        (
            "tls.endpoints[]",
            "subject.host in params.allow && params.allow[subject.host].min_kex_bits > 3",
        ),
        (
            "tls.endpoints[]",
            "subject.host in params.allow && has(params.allow[subject.host].min_kex_bits)",
        ),
        ("tls.endpoints[]", "has(subject)"),
        ("tls.endpoints[]", "subject.host == \"a\" and true"),
        ("tls.endpoints[]", "subject.host = \"a\""),
        ("tls.endpoints[]", "subject.host == \"a\" &&"),
        ("tls.endpoints[]", "(subject.host == \"a\""),
        ("tls.endpoints[]", "subject.host == 1.5"),
        ("tls.endpoints[]", "{\"a\": 1}.a == 1"),
        ("tls.endpoints[]", ""),
        ("tls.endpoints[]", "!subject.key"),
        ("web.pages[]", "subject.csp.effective.inline_script_runs"),
        (
            "web.pages[]",
            "subject.forms.all(f, f.fields.all(x, x.name != subject.csp.policies))",
        ),
        (
            "web.pages[]",
            "has(subject.csp) || subject.csp.effective.inline_script_runs",
        ),
        (
            "web.pages[]",
            "!has(subject.csp) || subject.csp.effective.inline_script_runs",
        ),
        (
            "web.pages[]",
            "subject.csp != null && subject.csp.effective.inline_script_runs",
        ),
        (
            "web.pages[]",
            "has(subject.csp) ? subject.csp.effective.inline_script_runs : true",
        ),
        (
            "web.pages[]",
            "has(subject.csp) ? true : subject.csp.effective.inline_script_runs",
        ),
        ("mail", "has(subject.spf) && subject.spf.all != \"fail\""),
        ("mail", "has(subject.spf) && subject.spf.all == \"fial\""),
        (
            "mail",
            "has(target.mail.spf) && subject.spf.all == \"fail\"",
        ),
        ("tls.endpoints", "true"),
        ("tls.endpoint[]", "true"),
        ("tls.endpoints[].versions.name", "true"),
        ("tls.endpoints[].host", "true"),
        ("tls.endpoints.filter(x, true)", "true"),
        ("mail.spf[]", "true"),
        ("", "true"),
        ("tls.endpoints[]", "subject.versions.all(item, true)"),
        (
            "tls.endpoints[]",
            "subject.versions.all(a, subject.versions.all(b, subject.versions.all(c, subject.versions.all(d, true))))",
        ),
        ("tls.endpoints[]", "params.nope"),
        ("tls.endpoints[]", "params"),
        ("tls.endpoints[]", "now > params.until"),
        ("tls.endpoints[]", "as_of > params.until"),
        ("tls.endpoints[]", "\"webiste\" in target.roles"),
    ] {
        let logic = logic(subjects, require);
        let _ = writeln!(told, "{subjects} | {require}");
        match compile(&logic, "m") {
            Ok(_) => told.push_str("  ok\n"),
            Err(errors) => told.push_str(&show(&logic, "m", &errors)),
        }
    }
    insta::assert_snapshot!(told);
}

#[test]
fn parts_are_refused_where_they_do_not_fit_together() {
    let base = Logic {
        subjects: "tls.endpoints[]".to_owned(),
        each: Some("subject.versions".to_owned()),
        at_most: Some(0),
        ..Logic::default()
    };
    let text = |text: &str| Some(text.to_owned());
    let lets = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter();
        pairs
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect()
    };
    let mail = Logic {
        subjects: "mail".to_owned(),
        each: text("subject.spf.lookups"),
        ..base.clone()
    };
    let cases: Vec<(&str, Logic, &str)> = vec![
        ("good", base.clone(), "{{ item.name }} on {{ subject.key }}"),
        (
            "two demands",
            Logic {
                at_least: Some(1),
                ..base.clone()
            },
            "m",
        ),
        (
            "no demand",
            Logic {
                at_most: None,
                ..base.clone()
            },
            "m",
        ),
        (
            "nothing demanded",
            Logic {
                at_most: None,
                at_least: Some(0),
                ..base.clone()
            },
            "m",
        ),
        (
            "each without root",
            Logic {
                each: text("versions"),
                ..base.clone()
            },
            "m",
        ),
        (
            "each of an expression",
            Logic {
                each: text("subject.versions.filter(v, true)"),
                ..base.clone()
            },
            "m",
        ),
        (
            "each of no list",
            Logic {
                each: text("subject.host"),
                ..base.clone()
            },
            "m",
        ),
        (
            "each through a list",
            Logic {
                each: text("subject.certificates.chain.problems"),
                ..base.clone()
            },
            "m",
        ),
        ("each through null", mail.clone(), "m"),
        (
            "each through null, guarded",
            Logic {
                when: text("has(subject.spf)"),
                ..mail.clone()
            },
            "m",
        ),
        (
            "each of text",
            Logic {
                each: text("target.web.pages[].csp.policies"),
                ..base.clone()
            },
            "{{ item }}",
        ),
        (
            "item too early",
            Logic {
                when: text("item.name == \"SSL3\""),
                ..base.clone()
            },
            "m",
        ),
        (
            "item of at_least",
            Logic {
                at_most: None,
                at_least: Some(1),
                ..base.clone()
            },
            "{{ item.name }}",
        ),
        (
            "message",
            base.clone(),
            "{{ item.nmae }} and {{ subject }} and {{ 1 + }}",
        ),
        (
            "message not closed",
            base.clone(),
            "all good until {{ item.name",
        ),
        (
            "guard in where",
            Logic {
                subjects: "web.chains[]".to_owned(),
                each: text("subject.hops"),
                filter: text("has(item.hsts)"),
                ..base.clone()
            },
            "{{ item.hsts.max_age }}",
        ),
        (
            "no guard in message",
            Logic {
                subjects: "web.chains[]".to_owned(),
                each: text("subject.hops"),
                ..base.clone()
            },
            "{{ item.hsts.max_age }}",
        ),
        (
            "let of itself",
            Logic {
                lets: lets(&[("a", "b"), ("b", "a")]),
                filter: text("a"),
                ..base.clone()
            },
            "m",
        ),
        (
            "let unused",
            Logic {
                lets: lets(&[("a", "true")]),
                ..base.clone()
            },
            "m",
        ),
        (
            "let with a bad name",
            Logic {
                lets: lets(&[("item", "true")]),
                ..base.clone()
            },
            "m",
        ),
        (
            "error in a let, once",
            Logic {
                lets: lets(&[("a", "item.nam == \"SSL3\"")]),
                filter: text("a || !a"),
                ..base.clone()
            },
            "m",
        ),
        (
            "let does not see variables",
            Logic {
                lets: lets(&[("a", "v.name == \"SSL3\"")]),
                filter: text("subject.versions.exists(v, a)"),
                ..base.clone()
            },
            "m",
        ),
    ];
    let mut told = String::new();
    for (name, logic, message) in cases {
        let _ = writeln!(told, "{name}");
        match compile(&logic, message) {
            Ok(_) => told.push_str("  ok\n"),
            Err(errors) => told.push_str(&show(&logic, message, &errors)),
        }
    }
    insta::assert_snapshot!(told);
}

#[test]
fn parameters_are_typed_from_a_closed_list() {
    let schema = FactSchema::new(&sketch::schema());
    for (kind, good, bad) in [
        ("bool", json!(true), json!("true")),
        ("int", json!(-3), json!(9_007_199_254_740_992_u64)),
        ("string", json!("x"), json!(null)),
        ("date", json!("2026-12-31"), json!("2026-12-31T00:00:00")),
        ("TLS version", json!("TLS1.2"), json!("TLS1.4")),
        (
            "list of TLS version",
            json!([]),
            json!(["TLS1.2", "tls1.2"]),
        ),
        ("list of role", json!(["api"]), json!("api")),
        (
            "suite policy",
            json!({ "A": {}, "B": { "until": "2026-01-01", "min_kex_bits": 1 } }),
            json!({ "A": { "until": 2026 } }),
        ),
    ] {
        let parsed = ParamType::parse(kind).unwrap();
        assert_eq!(parsed.to_string(), kind);
        assert_eq!(parsed.check(&good, &schema), Ok(()), "{kind}");
        assert!(parsed.check(&bad, &schema).is_err(), "{kind}");
    }
    for (kind, told) in [
        ("list of TLS versions", "did you mean `TLS version`?"),
        ("list of list of int", "a list cannot hold `list of int`"),
        ("regex", "there are bool, int"),
    ] {
        let error = ParamType::parse(kind).unwrap_err();
        assert!(error.contains(told), "{kind}: {error}");
    }
}
