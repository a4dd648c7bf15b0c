//! Which practices are most often missing, and how they are mended.

use std::cmp::Reverse;

use super::{Entries, title};
use crate::judge::{ResolvedEntry, ResolvedProfile};
use crate::model::{
    check::{Check, Severity},
    period::{Among, EntryPart, Missing, Remedy},
    profile::Obligation,
};

/// Most practices that are told for participants, and for own names.
const MOST: usize = 5;

/// The practices most often missing in the newest period with figures: first
/// among participants, then among own names. What merely may be done is left out.
pub fn missing(profile: &ResolvedProfile, entries: &Entries) -> Vec<Missing> {
    let mut all = Vec::new();
    for among in [Among::Participants, Among::Own] {
        let figures = entries.values().map(|(entry, _)| entry);
        let newest = figures
            .clone()
            .filter_map(|entry| newest(entry, among))
            .max();
        let Some(newest) = newest else {
            continue;
        };
        let mut found: Vec<Missing> = figures
            .filter_map(|entry| one(profile, entry, among, newest))
            .collect();
        found.sort_by(order);
        found.truncate(MOST);
        all.extend(found);
    }
    all
}

/// The number of the last period that has a figure.
fn newest(entry: &EntryPart, among: Among) -> Option<usize> {
    match among {
        Among::Participants => entry.reach.iter().rposition(Option::is_some),
        Among::Own => entry.own.iter().rposition(Option::is_some),
    }
}

fn one(
    profile: &ResolvedProfile,
    part: &EntryPart,
    among: Among,
    period: usize,
) -> Option<Missing> {
    let (missing, of) = match among {
        Among::Participants => {
            let figure = part.reach.get(period).copied().flatten()?;
            let missing = figure.participants.saturating_sub(figure.reach);
            (missing, figure.participants)
        }
        Among::Own => {
            let figure = part.own.get(period).copied().flatten()?;
            (figure.fail, figure.judged())
        }
    };
    let entry = profile
        .entries
        .iter()
        .filter(|entry| entry.digest == part.entry)
        .max_by_key(|entry| entry.level)?;
    if missing == 0 || entry.level == Obligation::May {
        return None;
    }
    let control = entry.controls().into_iter().next()?.to_owned();
    Some(Missing {
        among,
        period: u32::try_from(period).unwrap_or(u32::MAX),
        title: title(profile, &control),
        why: why(profile, &control),
        control,
        entry: part.entry.clone(),
        kind: part.kind,
        missing,
        of,
        severity: severity(entry),
        remedies: remedies(entry),
    })
}

/// What is missing most often first; of equally many the larger share, compared
/// exactly; then how bad it is, and by name.
fn order(one: &Missing, other: &Missing) -> std::cmp::Ordering {
    let share = u128::from(one.missing) * u128::from(other.of);
    let others = u128::from(other.missing) * u128::from(one.of);
    let by_name =
        |missing: &Missing| (missing.control.clone(), missing.kind, missing.entry.clone());
    let bad = |missing: &Missing| Reverse(missing.severity);
    let most = other.missing.cmp(&one.missing);
    most.then_with(|| others.cmp(&share))
        .then_with(|| bad(one).cmp(&bad(other)))
        .then_with(|| by_name(one).cmp(&by_name(other)))
}

fn severity(entry: &ResolvedEntry) -> Severity {
    let checks = entry.groups.iter().flatten();
    checks
        .map(|check| check.check.severity)
        .max()
        .unwrap_or(Severity::Info)
}

/// What mends an entry, the same advice once.
fn remedies(entry: &ResolvedEntry) -> Vec<Remedy> {
    // Of ways that do as well as each other, the first is advised.
    let checks = entry.groups.iter().take(1).flatten();
    let mut remedies: Vec<Remedy> = Vec::new();
    for found in checks.filter_map(|check| remedy(&check.check)) {
        if !remedies.iter().any(|known| known.advice == found.advice) {
            remedies.push(found);
        }
    }
    remedies
}

/// The advice in words, or for the first product where there are none.
pub fn remedy(check: &Check) -> Option<Remedy> {
    let (product, advice) = match check.remediation.get_key_value("text") {
        Some((_, words)) => (None, words),
        None => {
            let (product, text) = check.remediation.iter().next()?;
            (Some(product), text)
        }
    };
    Some(Remedy {
        check: check.id.clone(),
        title: check.title.clone(),
        effort: check.effort,
        product: product.cloned(),
        advice: advice.clone(),
    })
}

/// Why a control matters: the first sentence of what its first check says.
pub fn why(profile: &ResolvedProfile, control: &str) -> Option<String> {
    let mut checks = profile.checks().iter();
    let check = checks.find(|check| check.check.control == control)?;
    Some(first_sentence(&check.check.rationale).to_owned())
}

/// Up to the first full stop that ends a sentence: what follows begins with a capital.
pub fn first_sentence(text: &str) -> &str {
    let text = text.trim();
    let end = text.match_indices(['.', '!', '?']).find(|(at, _)| {
        let rest = text.get(at + 1..).unwrap_or_default();
        let next = rest.trim_start();
        rest.len() > next.len() && next.starts_with(|c: char| c.is_uppercase() || c == '"')
    });
    match end {
        Some((at, _)) => text.get(..=at).unwrap_or(text),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::first_sentence;

    #[test]
    fn a_sentence_ends_where_the_next_begins() {
        for (text, first) in [
            ("One. Two.", "One."),
            ("Only one", "Only one"),
            (
                "By RFC 8996 sec. 2 it is off. Then more.",
                "By RFC 8996 sec. 2 it is off.",
            ),
            ("TLS 1.0 is old.\nVery.", "TLS 1.0 is old."),
            ("", ""),
        ] {
            assert_eq!(first_sentence(text), first);
        }
    }
}
