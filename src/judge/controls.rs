//! How the controls of a profile stand. A requirement may ask for the checks of
//! several controls: each control then gets the verdicts of its own checks.

use std::collections::BTreeMap;

use super::profile::ResolvedProfile;
use super::rollup::{self, EntryOutcome};
use super::target::UseOutcome;
use crate::model::{finding::ControlResult, profile::Obligation, verdict::Verdict};

/// The outcomes of one target: of each entry, and of each use of a check.
pub(super) type Outcomes<'a> = (&'a [EntryOutcome], &'a [UseOutcome]);

/// The standing of every control that checks of the profile serve, by id.
/// `entries` are the verdicts of the entries over all targets.
pub(super) fn controls(
    profile: &ResolvedProfile,
    entries: &[Verdict],
    targets: &[Outcomes<'_>],
) -> Vec<ControlResult> {
    let mut controls: BTreeMap<&str, (Obligation, Verdict)> = BTreeMap::new();
    for (index, (entry, whole)) in profile.entries.iter().zip(entries).enumerate() {
        for control in entry.controls() {
            let verdict = match entry.level {
                // What decides nothing does not make a control met or not met.
                Obligation::May => Verdict::NotApplicable,
                // Of alternatives one is enough, whichever control it serves.
                _ if entry.groups.len() > 1 => *whole,
                _ => {
                    let parts = targets
                        .iter()
                        .map(|one| part(profile, index, control, *one));
                    rollup::run(entry.over, parts)
                }
            };
            let known = controls
                .entry(control)
                .or_insert((entry.level, Verdict::NotApplicable));
            known.0 = known.0.max(entry.level);
            known.1 = known.1.max(verdict);
        }
    }
    let title = |id: &str| profile.controls.get(id).cloned();
    controls
        .into_iter()
        .map(|(id, (obligation, verdict))| ControlResult {
            title: title(id).unwrap_or_else(|| id.to_owned()),
            id: id.to_owned(),
            obligation,
            verdict,
        })
        .collect()
}

/// What an entry asks of one control, for one target.
fn part(
    profile: &ResolvedProfile,
    index: usize,
    control: &str,
    (entries, uses): Outcomes<'_>,
) -> Verdict {
    // Out of its dates, or for other roles, whatever its checks say.
    if entries
        .get(index)
        .is_none_or(|entry| entry.verdict == Verdict::NotApplicable)
    {
        return Verdict::NotApplicable;
    }
    let serves = |check: usize| {
        let check = profile.checks.get(check);
        check.is_some_and(|check| check.check.control == control)
    };
    let own = profile.uses.iter().zip(uses);
    Verdict::roll_up(
        own.filter(|(in_use, _)| in_use.entries.contains(&index) && serves(in_use.check))
            .map(|(_, outcome)| outcome.verdict),
    )
}
