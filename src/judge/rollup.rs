//! Rolls verdicts up: checks to an entry, targets to an organisation.

use crate::model::{finding::NotApplied, profile::Scope, verdict::Verdict};

/// How an entry stands for a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryOutcome {
    /// The verdict.
    pub verdict: Verdict,
    /// Why it was not applied, where the verdict is not applicable.
    pub reason: Option<NotApplied>,
}

/// Rolls up the groups of an entry, each of them a list of verdicts. An entry
/// with `checks` has one group.
pub fn entry<G>(groups: impl IntoIterator<Item = G>) -> Verdict
where
    G: IntoIterator<Item = Verdict>,
{
    any(groups.into_iter().map(Verdict::roll_up))
}

/// The best of several alternatives in three values. One that is met decides;
/// else one that may still be met keeps it open; else it fails. An alternative
/// that does not apply offers no way to meet the demand, so it neither passes
/// nor keeps others from failing; only when none applies, nothing is demanded.
pub fn any(alternatives: impl IntoIterator<Item = Verdict>) -> Verdict {
    let rank = |verdict: &Verdict| match verdict {
        Verdict::NotApplicable => 0,
        Verdict::Fail => 1,
        Verdict::Inconclusive => 2,
        Verdict::Pass => 3,
    };
    alternatives
        .into_iter()
        .max_by_key(rank)
        .unwrap_or(Verdict::NotApplicable)
}

/// Rolls an entry up over all targets of a run.
pub fn run(over: Scope, targets: impl IntoIterator<Item = Verdict>) -> Verdict {
    match over {
        Scope::Target | Scope::Organisation => Verdict::roll_up(targets),
        Scope::AnyTarget => any(targets),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Fail as F, Inconclusive as I, NotApplicable as N, Pass as P};

    #[test]
    fn a_group_is_as_bad_as_its_worst_check() {
        let table = [
            (vec![], N),
            (vec![N], N),
            (vec![N, P], P),
            (vec![P, I], I),
            (vec![N, I], I),
            (vec![I, F], F),
            (vec![P, I, F, N], F),
        ];
        for (checks, expected) in table {
            assert_eq!(entry([checks.clone()]), expected, "{checks:?}");
        }
    }

    #[test]
    fn alternatives_in_three_values() {
        // Every pair of alternatives, both ways round.
        let table = [
            (P, P, P),
            (P, I, P),
            (P, F, P),
            (P, N, P),
            (I, I, I),
            (I, F, I),
            (I, N, I),
            (F, F, F),
            (F, N, F),
            (N, N, N),
        ];
        for (one, other, expected) in table {
            assert_eq!(entry([[one], [other]]), expected, "{one:?} or {other:?}");
            assert_eq!(entry([[other], [one]]), expected, "{other:?} or {one:?}");
        }
    }

    #[test]
    fn alternatives_of_several_checks() {
        let table = [
            // DANE present but wrong, MTA-STS enforced.
            (vec![vec![P, F], vec![P]], P),
            // DANE present and its match open, MTA-STS missing.
            (vec![vec![P, I], vec![F]], I),
            // A failed check rules an alternative out, whatever is open beside it.
            (vec![vec![I, F], vec![F]], F),
            (vec![vec![N, N], vec![N, F]], F),
            (vec![vec![P, N], vec![F]], P),
        ];
        for (groups, expected) in table {
            assert_eq!(entry(groups.clone()), expected, "{groups:?}");
        }
    }

    #[test]
    fn over_an_organisation_every_target_counts_and_over_any_target_one_does() {
        let table = [
            (vec![], N, N),
            (vec![P, P, N], P, P),
            (vec![P, F, I], F, P),
            (vec![P, I], I, P),
            (vec![F, I], F, I),
            (vec![F, N], F, F),
        ];
        for (targets, every, one) in table {
            assert_eq!(
                run(Scope::Organisation, targets.clone()),
                every,
                "{targets:?}"
            );
            assert_eq!(run(Scope::Target, targets.clone()), every, "{targets:?}");
            assert_eq!(run(Scope::AnyTarget, targets.clone()), one, "{targets:?}");
        }
    }
}
