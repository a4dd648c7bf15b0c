//! Picks the evidence that goes with a finding.

use std::collections::HashMap;

use super::profile::ResolvedCheck;
use crate::model::{observation::Evidence, shared::Shared, verdict::Verdict};
use crate::rules::SubjectOutcome;

/// Most pieces of evidence with one finding.
const MAX_PIECES: usize = 4;
/// Most places of a finding for which evidence is looked for.
const MAX_PLACES: usize = 8;
/// Most characters of a piece; the whole stands in the run.
const MAX_DATA: usize = 1000;

/// Picks from the evidence of one observation, cutting each piece once.
pub struct EvidencePicker<'a> {
    all: &'a [Evidence],
    /// Name of the target: what speaks of it comes before what speaks of others.
    name: &'a str,
    cut: HashMap<usize, Shared<Evidence>>,
}

impl<'a> EvidencePicker<'a> {
    /// Picks from the evidence about a target of this name.
    pub fn new(all: &'a [Evidence], name: &'a str) -> Self {
        Self {
            all,
            name,
            cut: HashMap::new(),
        }
    }

    /// The pieces nearest to what fails: those whose place covers it or lies
    /// below it. What is open has none; its gaps say what happened.
    pub fn pick(
        &mut self,
        check: &ResolvedCheck,
        outcomes: &[SubjectOutcome],
    ) -> Vec<Shared<Evidence>> {
        let failed = outcomes
            .iter()
            .filter(|outcome| outcome.verdict == Verdict::Fail)
            .flat_map(|outcome| {
                let subject = outcome.pointer.as_str();
                let items = outcome.items.iter().map(|item| item.pointer.as_str());
                let alone = outcome.items.is_empty().then_some(subject);
                items.chain(alone).take(MAX_PLACES)
            });
        let mut facts: Vec<_> = check.program.facts().iter().collect();
        facts.retain(|fact| fact.area.is_some());
        // What the demand reads comes before what a condition reads.
        facts.sort_by_key(|fact| !fact.decides);
        let facts: Vec<String> = facts.iter().map(|fact| stem(&fact.path)).collect();
        let mut picked: Vec<usize> = Vec::new();
        for place in failed.take(MAX_PLACES) {
            let place = place.trim_end_matches("/-");
            // The target itself and whole areas cover too much: there the
            // facts that the check reads say which evidence belongs to it.
            if place.matches('/').count() < 2 {
                for fact in facts.iter().filter(|fact| related(place, fact)) {
                    self.nearest(fact, &mut picked);
                }
            } else {
                self.nearest(place, &mut picked);
            }
            if picked.len() >= MAX_PIECES {
                break;
            }
        }
        picked.truncate(MAX_PIECES);
        picked
            .into_iter()
            .filter_map(|index| self.piece(index))
            .collect()
    }

    /// Adds the two pieces nearest to a place.
    fn nearest(&self, place: &str, picked: &mut Vec<usize>) {
        let depth = place.matches('/').count();
        let mut near: Vec<(usize, bool, usize)> = self
            .all
            .iter()
            .enumerate()
            .filter(|(_, evidence)| related(&evidence.at, place))
            .map(|(index, evidence)| {
                let distance = evidence.at.matches('/').count().abs_diff(depth);
                (distance, !evidence.reproduce.contains(self.name), index)
            })
            .collect();
        near.sort_unstable();
        for (_, _, index) in near.into_iter().take(2) {
            if !picked.contains(&index) {
                picked.push(index);
            }
        }
    }

    fn piece(&mut self, index: usize) -> Option<Shared<Evidence>> {
        if let Some(known) = self.cut.get(&index) {
            return Some(known.clone());
        }
        let mut piece = self.all.get(index)?.clone();
        if let Some((end, _)) = piece.data.char_indices().nth(MAX_DATA) {
            piece.data.truncate(end);
            piece.cut = true;
        }
        let piece = Shared::new(piece);
        self.cut.insert(index, piece.clone());
        Some(piece)
    }
}

/// The pointer of a fact path, up to its first list.
fn stem(path: &str) -> String {
    let plain = path.split("[]").next().unwrap_or(path);
    plain.split('.').flat_map(|name| ["/", name]).collect()
}

/// Whether one pointer covers the other.
fn related(one: &str, other: &str) -> bool {
    covers(one, other) || covers(other, one)
}

fn covers(above: &str, below: &str) -> bool {
    below
        .strip_prefix(above)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_related_along_segments() {
        let cases = [
            ("/tls/endpoints/1", "/tls/endpoints/1/versions/0", true),
            ("/tls/endpoints/1/versions/0", "/tls/endpoints/1", true),
            ("/tls/endpoints/1", "/tls/endpoints/10", false),
            ("/tls", "/web", false),
            ("", "/web", true),
        ];
        for (one, other, expected) in cases {
            assert_eq!(related(one, other), expected, "{one} {other}");
        }
        assert_eq!(stem("tls.endpoints[].suites"), "/tls/endpoints");
        assert_eq!(stem("dns.caa"), "/dns/caa");
    }
}
