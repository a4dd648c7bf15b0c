//! Waivers: which findings they cover, and whether they still hold.
//!
//! A waiver marks a finding and never changes its verdict. Of several that cover the
//! same finding, the one that ends first decides, also when it has ended: a later one
//! does not prolong it in silence.

use jiff::civil::Date;
use std::collections::HashMap;

use crate::model::{
    finding::{Finding, Findings},
    marks::{WaivedBy, WaiverStanding, WaiverState},
    shared::Shared,
};

/// Days before its end from which a waiver is said to expire soon.
pub const SOON_DAYS: i32 = 14;

/// Waivers, to be looked up by check and target.
pub(super) struct Waivers<'a> {
    all: &'a [WaiverStanding],
    /// Indices of waivers that name a target, by check and target.
    exact: HashMap<(&'a str, &'a str), Vec<usize>>,
    /// Indices of waivers with a pattern, by check.
    patterns: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Waivers<'a> {
    pub fn new(all: &'a [WaiverStanding]) -> Self {
        let mut waivers = Self {
            all,
            exact: HashMap::new(),
            patterns: HashMap::new(),
        };
        for (index, waiver) in all.iter().enumerate() {
            let (check, target) = (waiver.check.as_str(), waiver.target.as_str());
            match is_pattern(target) {
                true => waivers.patterns.entry(check).or_default().push(index),
                false => waivers
                    .exact
                    .entry((check, target))
                    .or_default()
                    .push(index),
            }
        }
        waivers
    }

    /// Indices of the waivers that cover a finding, held or not.
    fn covering(&self, finding: &Finding) -> Vec<usize> {
        let (check, target) = (finding.check.as_str(), finding.target.as_str());
        let exact = self.exact.get(&(check, target)).into_iter().flatten();
        let patterns = self.patterns.get(check).into_iter().flatten();
        let fits = |index: &&usize| {
            self.all
                .get(**index)
                .is_some_and(|waiver| covers(&waiver.target, target))
        };
        exact.chain(patterns.filter(fits)).copied().collect()
    }

    /// The one that decides for a finding: the one that ends first.
    fn deciding(&self, covering: &[usize]) -> Option<usize> {
        let expires = |index: &usize| self.all.get(*index).map(|w| (w.expires, *index));
        covering.iter().copied().min_by_key(expires)
    }

    /// Whether the waiver that decides for a finding has ended before a day.
    pub fn expired(&self, finding: &Finding, day: Date) -> bool {
        self.deciding(&self.covering(finding))
            .and_then(|index| self.all.get(index))
            .is_some_and(|waiver| waiver.expires < day)
    }
}

/// Marks what the waivers cover at a date, and says what became of each of them.
pub fn apply(document: &mut Findings, mut all: Vec<WaiverStanding>, day: Date) {
    let mut decides = vec![false; all.len()];
    let mut covers = vec![0u64; all.len()];
    let marks: Vec<WaivedBy> = all
        .iter()
        .map(|waiver| WaivedBy {
            owner: Shared::new(waiver.owner.clone()),
            reason: Shared::new(waiver.reason.clone()),
            expires: waiver.expires,
        })
        .collect();
    let waivers = Waivers::new(&all);
    for finding in &mut document.findings {
        let covering = waivers.covering(finding);
        for index in &covering {
            if let Some(count) = covers.get_mut(*index) {
                *count += 1;
            }
        }
        let deciding = waivers.deciding(&covering);
        if let Some(decides) = deciding.and_then(|index| decides.get_mut(index)) {
            *decides = true;
        }
        finding.waived = deciding
            .and_then(|index| marks.get(index))
            .filter(|mark| day <= mark.expires)
            .cloned();
    }
    for ((waiver, findings), decides) in all.iter_mut().zip(covers).zip(decides) {
        waiver.findings = findings;
        waiver.state = state(waiver, decides, day);
    }
    document.dates.gate = Some(day);
    document.waivers = all;
}

fn state(waiver: &WaiverStanding, decides: bool, day: Date) -> WaiverState {
    let left = (waiver.expires - day).get_days();
    match (waiver.findings, decides) {
        _ if waiver.expires < day => WaiverState::Expired,
        (0, _) => WaiverState::Unused,
        (_, false) => WaiverState::Overlapped,
        _ if left <= SOON_DAYS => WaiverState::Expiring,
        _ => WaiverState::Applied,
    }
}

/// Whether the target of a waiver is a pattern.
pub fn is_pattern(target: &str) -> bool {
    target.contains('*')
}

/// Whether the target of a waiver, exact or a pattern, covers a target's key.
///
/// `*` as the whole first label stands for one or more labels; within it, for any
/// characters but a dot. A pattern without a port covers the usual one alone.
fn covers(pattern: &str, key: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('.').filter(|_| is_pattern(pattern)) else {
        return pattern == key;
    };
    let above = key
        .strip_suffix(rest)
        .and_then(|above| above.strip_suffix('.'));
    let Some(above) = above.filter(|above| !above.is_empty()) else {
        return false;
    };
    match first.split_once('*') {
        Some(("", "")) => true,
        Some((start, end)) => {
            !above.contains('.')
                && above.len() >= start.len() + end.len()
                && above.starts_with(start)
                && above.ends_with(end)
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_cover_names_below_a_domain() {
        for (pattern, key, expected) in [
            ("vote.example.gov", "vote.example.gov", true),
            ("vote.example.gov", "vote.example.gov:8443", false),
            ("vote.example.gov:8443", "vote.example.gov:8443", true),
            ("*.example.gov", "vote.example.gov", true),
            ("*.example.gov", "a.b.example.gov", true),
            ("*.example.gov", "example.gov", false),
            ("*.example.gov", "voteexample.gov", false),
            ("*.example.gov", "vote.example.gov:8443", false),
            ("*.example.gov:8443", "vote.example.gov:8443", true),
            ("*.example.gov", "vote.example.gov.evil.test", false),
            ("staging-*.example.gov", "staging-1.example.gov", true),
            ("staging-*.example.gov", "staging-.example.gov", true),
            ("staging-*.example.gov", "staging-1.a.example.gov", false),
            ("a*a.example.gov", "a.example.gov", false),
            ("a*a.example.gov", "aa.example.gov", true),
            ("a*a.example.gov", "aba.example.gov", true),
        ] {
            assert_eq!(covers(pattern, key), expected, "{pattern} on {key}");
        }
    }
}
