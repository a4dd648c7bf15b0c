//! A change with everything that a person needs to do it.

use std::collections::{BTreeMap, BTreeSet};

use super::Sources;
use super::catalogue::Catalogue;
use super::demand::demands;
use super::draft::Draft;
use super::index::Index;
use super::order::Step;
use crate::model::{
    plan::{ClosedFinding, Instruction, PlanDemand, PlanRequirement, PlannedChange, Verification},
    shared::Shared,
    verdict::Verdict,
};

/// Most commands with one change.
const MOST_COMMANDS: usize = 64;
/// Key of the advice that fits all products.
const GENERAL: &str = "text";
/// Smallest number of a parameter that is looked for in lines of configuration:
/// smaller ones stand there for other things too.
const SMALLEST_FILLED: u64 = 1000;

/// The change in its place, with everything that a person needs to do it.
pub(super) fn change(
    step: &Step<'_>,
    number: u64,
    indices: &[Index<'_>],
    sources: Sources<'_>,
) -> PlannedChange {
    let draft = &step.draft;
    let (obligation, severity) = draft.risk();
    let catalogue = sources.catalogue;
    let checks = draft.checks();
    let demands = demands(draft, indices, sources);
    let (verify, more_verify) = verify(draft);
    let first = draft.findings().next();
    PlannedChange {
        step: number,
        id: draft.id.to_owned(),
        title: catalogue.group(draft.id).map_or_else(
            || {
                first
                    .map(|finding| finding.title.to_string())
                    .unwrap_or_default()
            },
            |group| group.title.clone(),
        ),
        obligation,
        severity,
        effort: draft.effort(),
        products: draft
            .products
            .iter()
            .map(|product| (*product).to_owned())
            .collect(),
        targets: draft.targets().into_iter().map(Shared::from).collect(),
        how: how(draft, &demands, catalogue),
        demands,
        requirements: requirements(draft, indices),
        breaks: distinct(
            checks
                .iter()
                .filter_map(|check| catalogue.check(check)?.breaks.as_deref()),
        ),
        verify,
        more_verify,
        after: step.after.clone(),
        next: next(draft, indices, catalogue),
        instead: draft
            .items
            .iter()
            .flat_map(|(_, item)| &item.instead)
            .map(|check| (*check).to_owned())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect(),
        closes: closes(draft, indices),
    }
}

/// Lines for the products that were recognised, else for all, and what is said in general.
fn how(draft: &Draft<'_>, demands: &[PlanDemand], catalogue: &Catalogue) -> Vec<Instruction> {
    let group = catalogue.group(draft.id);
    let products: Vec<&str> = match draft.products.is_empty() {
        true => catalogue.products(draft.id).into_iter().collect(),
        false => draft.products.clone(),
    };
    let mut how = Vec::new();
    for product in products.into_iter().chain([GENERAL]) {
        let merged = group.and_then(|group| group.remediation.get(product));
        let texts = match merged {
            Some(text) => vec![text.trim_end().to_owned()],
            None => distinct(draft.findings().filter_map(|finding| {
                let text = finding.remediation.get(product)?;
                Some(text.trim_end())
            })),
        };
        if !texts.is_empty() {
            how.push(Instruction {
                product: product.to_owned(),
                text: filled(&texts.join("\n"), demands, catalogue),
            });
        }
    }
    how
}

/// Lines of configuration with the numbers that profiles demand: where a number
/// is the default of a parameter, what the strictest set says takes its place.
fn filled(text: &str, demands: &[PlanDemand], catalogue: &Catalogue) -> String {
    let mut text = text.to_owned();
    for demand in demands.iter().filter(|demand| demand.settled) {
        let Some((set, check)) = demand.sets.first().zip(catalogue.check(&demand.check)) else {
            continue;
        };
        for (name, value) in &set.parameters {
            let default = check
                .params
                .get(name)
                .and_then(|decl| decl.default.as_u64());
            if let (Some(old @ SMALLEST_FILLED..), Some(new)) = (default, value.as_u64()) {
                text = replace_number(&text, old, new);
            }
        }
    }
    text
}

fn replace_number(text: &str, old: u64, new: u64) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        let end = from
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(from.len());
        let (digits, after) = from.split_at(end);
        out.push_str(before);
        match digits.parse::<u64>() == Ok(old) {
            true => out.push_str(&new.to_string()),
            false => out.push_str(digits),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn requirements(draft: &Draft<'_>, indices: &[Index<'_>]) -> Vec<PlanRequirement> {
    let claims = draft.items.iter().flat_map(|(_, item)| &item.claims);
    let all: BTreeSet<PlanRequirement> = claims
        .filter_map(|claim| {
            Some(PlanRequirement {
                profile: indices.get(claim.profile)?.id().to_owned(),
                row: claim.requirement.row.clone(),
                printed: claim.requirement.printed.clone(),
                obligation: claim.requirement.obligation,
            })
        })
        .collect();
    all.into_iter().collect()
}

/// A command for each check first, then for further targets.
fn verify(draft: &Draft<'_>) -> (Vec<Verification>, u64) {
    let mut known = BTreeSet::new();
    let mut told = BTreeSet::new();
    let (mut first, mut more) = (Vec::new(), Vec::new());
    for finding in draft.findings() {
        for evidence in finding.evidence.iter().take(1) {
            if !known.insert(evidence.reproduce.as_str()) {
                continue;
            }
            let found = Verification {
                target: finding.target.clone(),
                check: finding.check.clone(),
                command: evidence.reproduce.clone(),
            };
            match told.insert(finding.check.as_str()) {
                true => first.push(found),
                false => more.push(found),
            }
        }
    }
    first.append(&mut more);
    let left_out = first.len().saturating_sub(MOST_COMMANDS);
    first.truncate(MOST_COMMANDS);
    (first, super::count(left_out))
}

/// Checks that have nothing to judge yet, or are open, and come after a check of this change.
fn next(draft: &Draft<'_>, indices: &[Index<'_>], catalogue: &Catalogue) -> Vec<String> {
    let mended = draft.checks();
    let followers: BTreeSet<&str> = catalogue
        .ids()
        .filter(|id| mended.iter().any(|one| catalogue.comes_before(one, id)))
        .collect();
    let mut waiting = BTreeSet::new();
    for index in indices {
        for target in draft.targets() {
            for row in index.verdicts_of(target) {
                let open = matches!(row.verdict, Verdict::Inconclusive | Verdict::NotApplicable);
                if open && followers.contains(row.check.as_str()) {
                    waiting.insert(row.check.as_str());
                }
            }
        }
    }
    waiting.into_iter().map(str::to_owned).collect()
}

fn closes(draft: &Draft<'_>, indices: &[Index<'_>]) -> Vec<ClosedFinding> {
    let mut closed: BTreeMap<(&str, &str, Option<&str>), ClosedFinding> = BTreeMap::new();
    for claim in draft.items.iter().flat_map(|(_, item)| &item.claims) {
        let finding = claim.finding;
        let variant = finding.variant.as_ref().map(|variant| variant.as_str());
        let known = closed
            .entry((&finding.target, &finding.check, variant))
            .or_insert_with(|| ClosedFinding {
                target: finding.target.clone(),
                check: finding.check.clone(),
                variant: finding.variant.clone(),
                profiles: Vec::new(),
                obligation: claim.requirement.obligation,
                message: finding.message.clone(),
            });
        known.obligation = known.obligation.max(claim.requirement.obligation);
        if let Some(index) = indices.get(claim.profile)
            && !known.profiles.iter().any(|id| id == index.id())
        {
            known.profiles.push(index.id().to_owned());
        }
    }
    closed.into_values().collect()
}

/// Texts in their order, each once.
fn distinct<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<String> {
    let mut known = BTreeSet::new();
    texts
        .filter(|text| known.insert(*text))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_numbers_are_replaced() {
        let cases = [
            ("max-age=31536000; x", "max-age=63072000; x"),
            ("315360001 31536000", "315360001 63072000"),
            ("no number", "no number"),
        ];
        for (text, expected) in cases {
            assert_eq!(replace_number(text, 31_536_000, 63_072_000), expected);
        }
    }
}
