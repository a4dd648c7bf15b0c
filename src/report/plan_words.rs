//! What the formats of a plan say in the same words.

use std::collections::BTreeMap;

use serde_json::Value;

use super::page::{line, words};
use crate::model::{
    gap::GapReason,
    plan::{Instruction, OpenQuestion, Plan, PlanDemand, PlannedChange},
    shared::Shared,
};

/// Targets that are named; more are counted.
const MOST_TARGETS: usize = 8;
/// Requirements of a profile that are named.
const MOST_REQUIREMENTS: usize = 12;
/// Longest value of a parameter, in characters.
const LONGEST_VALUE: usize = 160;

/// Whose plan it is, for which profiles, as of which day.
pub(super) fn headline(plan: &Plan) -> String {
    let whose = match &plan.organisation {
        Some(organisation) => format!("{}: plan", line(organisation)),
        None => "Plan".to_owned(),
    };
    let titles: Vec<String> = plan
        .profiles
        .iter()
        .map(|profile| line(&profile.title))
        .collect();
    format!(
        "{whose} for {}, as of {}",
        titles.join("; and for "),
        plan.dates.as_of
    )
}

/// What is to be done, in sentences. It is never said that nothing is to be done
/// while something stays open.
pub(super) fn told_to_do(plan: &Plan) -> Vec<String> {
    let summary = &plan.summary;
    if summary.met {
        return vec![format!(
            "There is nothing to do: {} as {} now.",
            match plan.profiles.len() {
                1 => "the profile is met",
                _ => "all profiles are met",
            },
            match summary.targets {
                1 => "the target stands",
                _ => "the targets stand",
            }
        )];
    }
    let mut said = vec![match summary.changes {
        0 => "No change is planned, but that does not mean that all is met.".to_owned(),
        changes => format!(
            "{} close {} of what must be met, and {} of what is advised.",
            words(changes, "change", "changes"),
            words(summary.failures, "failure", "failures"),
            words(summary.warnings, "failure", "failures"),
        ),
    }];
    let counted = |list: usize, one: &str, many: &str| {
        let count = u64::try_from(list).unwrap_or(u64::MAX);
        (list > 0).then(|| words(count, one, many))
    };
    said.extend(
        counted(
            plan.contradictions.len(),
            "contradiction between the profiles is",
            "contradictions between the profiles are",
        )
        .map(|count| format!("{count} for you to decide.")),
    );
    said.extend(counted(plan.open.len(), "place", "places").map(|count| {
        format!(
            "{count} could not be seen; what depends on it stays open until it is looked at again."
        )
    }));
    said.extend(
        counted(plan.accepted.len(), "failure is", "failures are")
            .map(|count| format!("{count} accepted until a date.")),
    );
    if summary.targets == 0 {
        said.push("The run names no target.".to_owned());
    }
    if plan.changes.is_empty() {
        let gates = plan.not_passed.iter();
        said.extend(gates.map(|why| format!("The gate does not pass: {}.", line(why))));
    }
    said
}

/// What a change is about, with the products that its lines are for.
pub(super) fn title(change: &PlannedChange) -> String {
    match change.products.is_empty() {
        true => line(&change.title),
        false => line(&format!(
            "{} ({})",
            change.title,
            change.products.join(", ")
        )),
    }
}

/// Targets, of which many are counted.
pub(super) fn targets(targets: &[Shared<String>]) -> String {
    let names: Vec<&str> = targets.iter().map(|target| target.as_str()).collect();
    first_of(&names, MOST_TARGETS)
}

/// The first of several names, and how many more there are.
pub(super) fn first_of(names: &[impl AsRef<str>], most: usize) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(most)
        .map(|name| line(name.as_ref()))
        .collect();
    match names.len().saturating_sub(most) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// The parameters that profiles set, one line a set. The strictest is said to be
/// enough for all; where none is known to be, all must be met together.
pub(super) fn parameters(demand: &PlanDemand) -> Vec<String> {
    let several = demand.sets.len() > 1;
    let told = |parameters: &BTreeMap<String, Value>| {
        let words: Vec<String> = parameters
            .iter()
            .map(|(name, value)| format!("{name} = {}", cut(&value_words(value))))
            .collect();
        words.join("; ")
    };
    let mut lines = Vec::new();
    for (number, set) in demand.sets.iter().enumerate() {
        if set.parameters.is_empty() {
            continue;
        }
        let mut words = told(&set.parameters);
        if several {
            words.push_str(&format!(" ({})", line(&set.profiles.join(", "))));
            if demand.settled && number == 0 {
                words.push_str(", the strictest: it meets all");
            }
        }
        lines.push(words);
    }
    if several && !demand.settled {
        lines.push("meet all of these together: which is the strictest cannot be told".to_owned());
    }
    lines
}

fn value_words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(value_words).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn cut(text: &str) -> String {
    let text = line(text);
    match text.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// The printed ids of the requirements, by profile where there are several.
pub(super) fn requirements(change: &PlannedChange, several: bool) -> String {
    let mut by_profile: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for requirement in &change.requirements {
        let name = requirement.printed.as_ref().unwrap_or(&requirement.row);
        let names = by_profile.entry(&requirement.profile).or_default();
        if !names.iter().any(|known| known == name.as_str()) {
            names.push(name.to_string());
        }
    }
    let parts = by_profile.into_iter().map(|(profile, names)| {
        let names = first_of(&names, MOST_REQUIREMENTS);
        match several {
            true => format!("{}: {names}", line(profile)),
            false => names,
        }
    });
    parts.collect::<Vec<_>>().join("\n")
}

/// How it is done, under the name of the product.
pub(super) fn instruction(how: &Instruction, alone: bool) -> String {
    let text = how.text.trim_end();
    match how.product.as_str() {
        "text" if alone => text.to_owned(),
        "text" => format!("In general: {text}"),
        // Lines of configuration keep their indentation below the name.
        product if text.contains('\n') => format!("{product}:\n{text}"),
        product => format!("{product}: {text}"),
    }
}

/// What could not be seen, where, why, and what to do about it.
pub(super) fn open_question(question: &OpenQuestion) -> String {
    let mut text = targets(&question.targets);
    let place = match question.place.as_slice() {
        [list @ .., last] if last == "more" => format!("{} (there may be more)", list.join(" ")),
        parts => parts.join(" "),
    };
    if !place.is_empty() {
        text.push_str(&format!(", {}", line(&place)));
    }
    text.push_str(&format!(": {}", question.reason.words()));
    if let Some(detail) = &question.detail {
        text.push_str(&format!("; {}", line(detail)));
    }
    text.push_str(match question.reason {
        GapReason::NotAsked => ". Say in the inventory or by the options of the scan what is to be looked at, and scan again",
        GapReason::Internal => ". This is a defect of this program; please report it",
        _ => ". Scan again",
    });
    if !question.checks.is_empty() {
        text.push_str(&format!(
            ". Open: {}",
            first_of(&question.checks, MOST_TARGETS)
        ));
    }
    text
}
