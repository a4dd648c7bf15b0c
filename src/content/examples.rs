//! Runs the examples of checks, whole and eroded.
//!
//! Each example must give its verdict. Then each of its facts is taken away
//! once and each of its lists opened once: the verdict must stay or become
//! inconclusive, for what is not seen must never turn a verdict.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde_json::{Map, Value, json};

use super::check_file::{LoadedCheck, effective_params};
use super::diagnostic::{Diagnostic, Diagnostics};
use super::yaml::Kind;
use crate::model::check::Example;
use crate::model::verdict::Verdict;
use crate::rules::{Context, Defect, Document, SubjectOutcome, erosion};

/// When the observation of an example was made, if it does not say.
const OBSERVED_AT: &str = "2026-01-15T12:00:00Z";
/// Most failures told of one example.
const MOST_TOLD: usize = 5;

/// What running examples came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Checks whose examples were run.
    pub checks: usize,
    /// Examples.
    pub examples: usize,
    /// Judgements with one fact taken away or one list opened.
    pub erosions: usize,
    /// What failed, each with its place.
    pub failures: Diagnostics,
}

/// Runs all examples of a check.
pub fn run(loaded: &LoadedCheck, tally: &mut Tally) {
    tally.checks += 1;
    for (index, example) in loaded.check.examples.iter().enumerate() {
        tally.examples += 1;
        run_one(loaded, index, example, tally);
    }
}

fn run_one(loaded: &LoadedCheck, index: usize, example: &Example, tally: &mut Tally) {
    let params = match effective_params(&loaded.check, &example.params) {
        Ok(params) => params,
        Err(missing) => {
            let message = format!(
                "the example `{}` must set `{}`, which has no default",
                example.name,
                missing.join("`, `")
            );
            tally.failures.push(at(loaded, index, "name", message));
            return;
        }
    };
    let whole = observation(&example.given);
    let expected = example.expect;
    match judge(loaded, &whole, &params, example) {
        Err(defect) => {
            let message = format!("the check cannot judge `{}`: {defect}", example.name);
            tally.failures.push(at(loaded, index, "name", message));
            return;
        }
        Ok(outcomes) => {
            let verdict = Verdict::roll_up(outcomes.iter().map(|outcome| outcome.verdict));
            if verdict != expected {
                let message = format!("the example `{}` gives: {verdict}", example.name);
                tally.failures.push(
                    at(loaded, index, "expect", message)
                        .label(format!("expected: {expected}"))
                        .help(reasons(&outcomes)),
                );
                return;
            }
        }
    }
    let mut told = 0;
    for (what, eroded) in erosion(&whole) {
        tally.erosions += 1;
        let message = match judge(loaded, &eroded, &params, example) {
            Err(defect) => format!("`{}` with {what}: {defect}", example.name),
            Ok(outcomes) => {
                let verdict = Verdict::roll_up(outcomes.iter().map(|outcome| outcome.verdict));
                if verdict == expected || verdict == Verdict::Inconclusive {
                    continue;
                }
                format!(
                    "`{}` turns from {expected} to {verdict} with {what}",
                    example.name
                )
            }
        };
        told += 1;
        if told <= MOST_TOLD {
            tally.failures.push(
                at(loaded, index, "given", message)
                    .help("what is not observed must leave the verdict as it is, or inconclusive"),
            );
        }
    }
}

fn judge(
    loaded: &LoadedCheck,
    observation: &Value,
    params: &Map<String, Value>,
    example: &Example,
) -> Result<Vec<SubjectOutcome>, Defect> {
    let now = observation
        .get("observed_at")
        .and_then(Value::as_str)
        .and_then(|text| text.parse::<Timestamp>().ok())
        .unwrap_or_default();
    let as_of = example
        .as_of
        .as_deref()
        .and_then(|day| day.parse::<Date>().ok())
        .unwrap_or_else(|| now.to_zoned(TimeZone::UTC).date());
    let document = Document::new(observation);
    loaded.program.judge(&Context {
        document: &document,
        params,
        now,
        as_of,
    })
}

/// The partial observation of an example with what every observation has.
pub fn observation(given: &Value) -> Value {
    let mut whole = json!({
        "target": {
            "name": "vote.example.gov",
            "roles": ["website"],
            "pins": { "ns": null, "a": null, "aaaa": null, "mx": null, "spf": null, "pages": null },
        },
        "observed_at": OBSERVED_AT,
        "gaps": [],
    });
    if let (Some(whole), Some(given)) = (whole.as_object_mut(), given.as_object()) {
        for (key, value) in given {
            if key == "target"
                && let Some(target) = whole.get_mut(key).and_then(Value::as_object_mut)
                && let Some(value) = value.as_object()
            {
                merge(target, value);
            } else {
                whole.insert(key.clone(), value.clone());
            }
        }
    }
    whole
}

fn merge(target: &mut Map<String, Value>, given: &Map<String, Value>) {
    for (key, value) in given {
        match (
            target.get_mut(key).and_then(Value::as_object_mut),
            value.as_object(),
        ) {
            (Some(known), Some(more)) => known.extend(more.clone()),
            _ => {
                target.insert(key.clone(), value.clone());
            }
        }
    }
}

/// Each subject's verdict with what proves it or leaves it open.
fn reasons(outcomes: &[SubjectOutcome]) -> String {
    if outcomes.is_empty() {
        return "there is no subject".to_owned();
    }
    let lines: Vec<String> = outcomes
        .iter()
        .take(6)
        .map(|outcome| {
            let subject = if outcome.pointer.is_empty() {
                "the target"
            } else {
                &outcome.pointer
            };
            let mut line = format!("{subject}: {}", outcome.verdict);
            for item in outcome.items.iter().take(3) {
                line.push_str(&format!("; {}", item.message));
            }
            if !outcome.unasked.is_empty() {
                line.push_str(&format!("; not given: {}", outcome.unasked.join(", ")));
            }
            if !outcome.gaps.is_empty() {
                line.push_str("; open because of a gap");
            }
            line
        })
        .collect();
    lines.join("\n")
}

/// A failure at a key of an example.
fn at(loaded: &LoadedCheck, index: usize, key: &str, message: String) -> Diagnostic {
    let example = match loaded.root.get("examples").map(|node| &node.kind) {
        Some(Kind::List(items)) => items.get(index),
        _ => None,
    };
    let span = match example.map(|node| (&node.kind, node)) {
        Some((Kind::Map(entries), node)) => entries
            .iter()
            .find(|(known, _)| known.text == key)
            .map_or_else(
                || node.span.clone(),
                |(known, value)| match value.kind {
                    Kind::Text(_) => value.span.clone(),
                    _ => known.span.clone(),
                },
            ),
        _ => 0..0,
    };
    Diagnostic::error(loaded.source.place(span), message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Content;

    #[test]
    fn every_example_of_the_program_gives_its_verdict_whole_and_eroded() {
        let content =
            Content::load(&[], &[]).unwrap_or_else(|p| panic!("{}", p.render(false, 120)));
        let mut tally = Tally::default();
        for check in content.checks.values() {
            run(check, &mut tally);
        }
        assert!(
            tally.failures.is_empty(),
            "{}",
            tally.failures.render(false, 120)
        );
        assert_eq!(tally.checks, content.checks.len());
        assert!(tally.examples >= 2 * tally.checks);
        assert!(tally.erosions >= tally.examples);
    }
}
