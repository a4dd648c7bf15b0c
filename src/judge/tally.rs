//! How a run stands under one profile, by requirement and by control: takes the
//! results of targets one by one. [`super::matrix`] puts several side by side.
//!
//! A requirement touches a control when one of its checks serves it, or when the
//! crosswalk maps it there. Of a requirement whose checks serve several controls
//! each control gets its own checks; where alternatives would do, and where only
//! the crosswalk names the control, it gets what the whole requirement tells of it.

use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::profile::ResolvedProfile;
use super::target::{TargetResult, UseOutcome, unreached};
use crate::model::{
    control::Relation, finding::NotApplied, matrix::Stand, profile::Scope, target::Target,
    verdict::Verdict,
};

/// The controls that requirements map to, by the key of the row.
pub type Crosswalk = BTreeMap<String, BTreeMap<String, Relation>>;

/// What a requirement asks of one control.
pub(super) struct Part {
    /// Index into the profile's entries.
    pub entry: usize,
    /// Id of the control.
    pub control: String,
    /// How the requirement relates to the control, where that is known.
    pub relation: Option<Relation>,
    /// Indices into the profile's uses of checks; empty: the whole requirement.
    uses: Vec<usize>,
    /// Whether one of its checks serves the control.
    served: bool,
}

impl Part {
    /// What the standing of the whole requirement tells of the control's part.
    /// Who meets the stricter demand meets the control's, and who fails it may
    /// fail what it asks for beyond that.
    fn told(&self, whole: Stand) -> Stand {
        let beyond = matches!(self.relation, Some(Relation::Stricter | Relation::Partial));
        match whole {
            Stand::NotMet | Stand::Open | Stand::NotAsked if beyond && !self.served => {
                Stand::Untold
            }
            whole => whole,
        }
    }
}

/// How one target stands.
#[derive(Clone, Debug)]
pub(super) struct TargetStands {
    /// For each entry of the profile.
    pub entries: Vec<Stand>,
    /// For each part.
    pub parts: Vec<Stand>,
}

/// The standing of a run under one profile, while its targets come in.
pub struct Tally<'a> {
    pub(super) profile: &'a ResolvedProfile,
    pub(super) as_of: Date,
    pub(super) parts: Vec<Part>,
    /// For each entry, the indices of the uses of its checks.
    uses: Vec<Vec<usize>>,
    targets: HashMap<String, TargetStands>,
}

impl<'a> Tally<'a> {
    /// Begins with no target.
    pub fn new(profile: &'a ResolvedProfile, crosswalk: &Crosswalk, as_of: Date) -> Self {
        let mut uses = vec![Vec::new(); profile.entries.len()];
        for (number, in_use) in profile.uses.iter().enumerate() {
            for entry in &in_use.entries {
                if let Some(of_entry) = uses.get_mut(*entry) {
                    of_entry.push(number);
                }
            }
        }
        Self {
            profile,
            as_of,
            parts: parts(profile, crosswalk, &uses),
            uses,
            targets: HashMap::new(),
        }
    }

    /// Takes in the result of a target, judged under the same profile.
    pub fn add(&mut self, result: &TargetResult) {
        let entries = result.entries.iter().map(|outcome| outcome.verdict);
        let stands = self.stands(entries, &result.uses);
        self.targets.insert(result.key.to_string(), stands);
    }

    /// How a target of the run's header stands; it is open where nothing was observed.
    pub(super) fn take(&mut self, target: &Target) -> TargetStands {
        if let Some(stands) = self.targets.remove(&target.key()) {
            return stands;
        }
        let outcomes = unreached(self.profile, target, self.as_of);
        let entries = outcomes.entries.iter().map(|outcome| outcome.verdict);
        self.stands(entries, &outcomes.uses)
    }

    fn stands(
        &self,
        entries: impl Iterator<Item = Verdict>,
        outcomes: &[UseOutcome],
    ) -> TargetStands {
        let of_uses = |uses: &[usize]| {
            let of_use = |number: &usize| outcomes.get(*number).map(of_use);
            roll_up(uses.iter().filter_map(of_use))
        };
        let entries: Vec<Stand> = entries
            .zip(&self.uses)
            .map(|(verdict, uses)| match verdict {
                Verdict::NotApplicable => Stand::NotApplicable,
                Verdict::Pass => Stand::Met,
                Verdict::Fail => Stand::NotMet,
                Verdict::Inconclusive => {
                    let open = uses.iter().filter_map(|number| outcomes.get(*number));
                    let mut open = open.filter(|use_| use_.verdict == Verdict::Inconclusive);
                    match open.all(|outcome| outcome.not_asked) {
                        true => Stand::NotAsked,
                        false => Stand::Open,
                    }
                }
            })
            .collect();
        let of_part = |part: &Part| {
            let whole = entries.get(part.entry).copied();
            match whole.unwrap_or(Stand::NotApplicable) {
                // Out of its dates, or for other roles, whatever its checks say.
                Stand::NotApplicable => Stand::NotApplicable,
                whole if part.uses.is_empty() => part.told(whole),
                _ => of_uses(&part.uses),
            }
        };
        let parts = self.parts.iter().map(of_part).collect();
        TargetStands { entries, parts }
    }

    /// Why an entry applies to no target, where its dates say so.
    pub(super) fn out_of_season(&self, entry: usize) -> Option<NotApplied> {
        let entry = self.profile.entries.get(entry)?;
        entry.out_of_season(self.as_of)
    }
}

fn parts(profile: &ResolvedProfile, crosswalk: &Crosswalk, uses: &[Vec<usize>]) -> Vec<Part> {
    let control_of = |number: &usize| {
        let check = profile.checks.get(profile.uses.get(*number)?.check)?;
        Some(check.check.control.as_str())
    };
    let mut parts = Vec::new();
    for (number, (entry, uses)) in profile.entries.iter().zip(uses).enumerate() {
        let served = entry.controls();
        let mapped = crosswalk.get(&entry.row);
        let named = mapped.into_iter().flat_map(|controls| controls.keys());
        let all: BTreeSet<&str> = served
            .iter()
            .copied()
            .chain(named.map(String::as_str))
            .collect();
        for control in all {
            let relation = match entry.row.strip_prefix("control#") {
                Some(own) => (own == control).then_some(Relation::Equal),
                None => mapped.and_then(|controls| controls.get(control)).copied(),
            };
            let own: Vec<usize> = uses
                .iter()
                .copied()
                .filter(|number| entry.groups.len() == 1 && control_of(number) == Some(control))
                .collect();
            parts.push(Part {
                entry: number,
                control: control.to_owned(),
                relation,
                uses: own,
                served: served.contains(control),
            });
        }
    }
    parts
}

fn of_use(outcome: &UseOutcome) -> Stand {
    match outcome.verdict {
        Verdict::NotApplicable => Stand::NotApplicable,
        Verdict::Pass => Stand::Met,
        Verdict::Fail => Stand::NotMet,
        Verdict::Inconclusive if outcome.not_asked => Stand::NotAsked,
        Verdict::Inconclusive => Stand::Open,
    }
}

/// The worst of several.
pub(super) fn roll_up(stands: impl IntoIterator<Item = Stand>) -> Stand {
    stands.into_iter().max().unwrap_or(Stand::NotApplicable)
}

/// How a control stands by several requirements. Those that do not tell count
/// only where no other tells.
pub(super) fn of_control(stands: impl IntoIterator<Item = Stand>) -> Stand {
    stands
        .into_iter()
        .reduce(|one, other| match (one, other) {
            (Stand::Untold, Stand::NotApplicable) => one,
            (Stand::Untold, told) => told,
            (told, Stand::Untold) if told != Stand::NotApplicable => told,
            _ => one.max(other),
        })
        .unwrap_or(Stand::NotApplicable)
}

/// Rolls up over the targets of a run, as [`super::rollup::run`] does with verdicts.
pub(super) fn over(scope: Scope, targets: impl IntoIterator<Item = Stand>) -> Stand {
    match scope {
        Scope::Target | Scope::Organisation => roll_up(targets),
        Scope::AnyTarget => {
            let rank = |stand: &Stand| match stand {
                Stand::NotApplicable => 0,
                Stand::Untold => 1,
                Stand::NotMet => 2,
                Stand::NotAsked => 3,
                Stand::Open => 4,
                Stand::Met => 5,
            };
            let best = targets.into_iter().max_by_key(rank);
            best.unwrap_or(Stand::NotApplicable)
        }
    }
}
