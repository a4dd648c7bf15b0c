//! Which of several sets of parameters is the strictest, told by judging.
//!
//! Nothing here knows what a parameter means. The observations of the check's
//! own examples are judged under each set, and again with each number and each
//! word in them replaced by those that the parameters name, and by their
//! neighbours: at the bounds of the parameters, two sets part. One set is
//! stricter than another if whatever passes it passes the other, and something
//! that passes the other fails it. Where that cannot be told, nothing is claimed.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

use crate::judge::ResolvedCheck;
use crate::model::verdict::Verdict;
use crate::rules::{Context, Document};

/// Most observations that are judged.
const MOST_SAMPLES: usize = 3000;
/// Most numbers and words of parameters that are put into observations.
const MOST_VALUES: usize = 60;
/// Deepest fact that is replaced.
const DEEPEST: usize = 24;

/// The number of the set that all others are met by, if there is one. The sets
/// are uses of one check; `samples` are observations that it can judge.
pub(super) fn strictest(sets: &[&ResolvedCheck], samples: &[Value]) -> Option<usize> {
    let varied = vary(sets, samples);
    let passes: Vec<Vec<Option<bool>>> = sets
        .iter()
        .map(|set| varied.iter().map(|sample| passes(set, sample)).collect())
        .collect();
    let all = |number: usize| {
        (0..sets.len())
            .filter(move |other| *other != number)
            .collect::<Vec<_>>()
    };
    (0..sets.len()).find(|number| {
        all(*number).into_iter().all(|other| {
            passes
                .get(*number)
                .zip(passes.get(other))
                .is_some_and(|(one, other)| is_stricter(one, other))
        })
    })
}

/// Whether something passes both checks. Where nothing does that judging could
/// find, mending the one may break the other.
pub(super) fn agree(one: &ResolvedCheck, other: &ResolvedCheck, samples: &[Value]) -> bool {
    let varied = vary(&[one, other], samples);
    let both =
        |sample: &Value| passes(one, sample) == Some(true) && passes(other, sample) == Some(true);
    varied.iter().any(both)
}

/// Whether whatever passes the one passes the other, and not the other way round.
fn is_stricter(one: &[Option<bool>], other: &[Option<bool>]) -> bool {
    let mut parted = false;
    let mut met = false;
    for pair in one.iter().zip(other) {
        match pair {
            (Some(true), Some(false)) => return false,
            (Some(false), Some(true)) => parted = true,
            (Some(true), Some(true)) => met = true,
            _ => {}
        }
    }
    parted && met
}

/// Whether a sample passes; `None` where it has nothing to judge or stays open.
fn passes(set: &ResolvedCheck, sample: &Value) -> Option<bool> {
    let now = sample
        .get("observed_at")
        .and_then(Value::as_str)
        .and_then(|text| text.parse::<Timestamp>().ok())
        .unwrap_or_default();
    let as_of: Date = now.to_zoned(TimeZone::UTC).date();
    let outcomes = set
        .program
        .judge(&Context {
            document: &Document::new(sample),
            params: &set.params,
            now,
            as_of,
        })
        .ok()?;
    match Verdict::roll_up(outcomes.iter().map(|outcome| outcome.verdict)) {
        Verdict::Pass => Some(true),
        Verdict::Fail => Some(false),
        Verdict::Inconclusive | Verdict::NotApplicable => None,
    }
}

/// The samples, and each with one of its facts replaced.
fn vary(sets: &[&ResolvedCheck], samples: &[Value]) -> Vec<Value> {
    let mut numbers = BTreeSet::new();
    let mut words = BTreeSet::new();
    for value in sets.iter().flat_map(|set| set.params.values()) {
        collect(value, &mut numbers, &mut words);
    }
    let near = numbers.iter().flat_map(|number: &i64| {
        [number.saturating_sub(1), *number, number.saturating_add(1)].map(Value::from)
    });
    let numbers: Vec<Value> = near.take(MOST_VALUES).collect();
    let words: Vec<Value> = words
        .into_iter()
        .map(Value::from)
        .take(MOST_VALUES)
        .collect();
    let mut varied = samples.to_vec();
    for sample in samples {
        let mut places = Vec::new();
        let areas = sample.as_object().into_iter().flatten();
        for (area, facts) in areas.filter(|(key, _)| !is_frame(key)) {
            leaves(facts, &format!("/{}", escape(area)), 0, &mut places);
        }
        for (place, kind) in places {
            let values = match kind {
                Leaf::Number => &numbers,
                Leaf::Word => &words,
            };
            for value in values {
                if varied.len() >= MOST_SAMPLES {
                    return varied;
                }
                let mut other = sample.clone();
                if let Some(leaf) = other.pointer_mut(&place) {
                    *leaf = value.clone();
                    varied.push(other);
                }
            }
        }
    }
    varied
}

/// Keys of an observation that are no facts.
fn is_frame(key: &str) -> bool {
    matches!(key, "target" | "gaps" | "observed_at")
}

#[derive(Clone, Copy)]
enum Leaf {
    Number,
    Word,
}

/// Pointers to the numbers and words below a value. Keys of list elements stay
/// as they are: they tell elements apart.
fn leaves(value: &Value, at: &str, depth: usize, found: &mut Vec<(String, Leaf)>) {
    if depth > DEEPEST {
        return;
    }
    match value {
        Value::Number(number) if number.is_i64() || number.is_u64() => {
            found.push((at.to_owned(), Leaf::Number));
        }
        Value::String(_) => found.push((at.to_owned(), Leaf::Word)),
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                leaves(item, &format!("{at}/{number}"), depth + 1, found);
            }
        }
        Value::Object(fields) => {
            for (key, field) in fields.iter().filter(|(key, _)| *key != "key") {
                leaves(field, &format!("{at}/{}", escape(key)), depth + 1, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A key as a part of a JSON Pointer (RFC 6901 section 3).
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn collect(value: &Value, numbers: &mut BTreeSet<i64>, words: &mut BTreeSet<String>) {
    match value {
        Value::Number(number) => numbers.extend(number.as_i64()),
        Value::String(word) => {
            words.insert(word.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, numbers, words)),
        Value::Object(fields) => fields
            .values()
            .for_each(|item| collect(item, numbers, words)),
        Value::Null | Value::Bool(_) => {}
    }
}

/// The parameters of each set that differ from the check's defaults, or between the sets.
pub(super) fn told(set: &ResolvedCheck, sets: &[&ResolvedCheck]) -> Map<String, Value> {
    let differs = |name: &str, value: &Value| {
        let default = set.check.params.get(name).map(|decl| &decl.default);
        default != Some(value)
            || sets
                .iter()
                .any(|other| other.params.get(name) != Some(value))
    };
    set.params
        .iter()
        .filter(|(name, value)| differs(name, value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
