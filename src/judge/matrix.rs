//! Puts the standing of one run under several profiles side by side.

use std::collections::{BTreeMap, BTreeSet};

use super::digest::digest;
use super::profile::{ResolvedCheck, ResolvedProfile};
use super::tally::{Part, Tally, TargetStands, of_control, over, roll_up};
use crate::model::{
    control::{Relation, control_area},
    disagreement::Point,
    finding::{Effect, Finding, Findings},
    gap::GapReason,
    matrix::{
        AskedBy, CellDemand, CommonDemand, ControlCell, ControlTitle, MATRIX_SCHEMA, Matrix,
        MatrixProfile, RequirementCell, Stand, TargetCells, TargetCounts,
    },
    profile::{Obligation, Scope},
    run::RunHeader,
    shared::Shared,
    verdict::Verdict,
};

/// Puts profiles side by side, each with its findings over the same run. Nothing
/// where there is no profile.
pub fn matrix(
    header: &RunHeader,
    profiles: Vec<(Tally<'_>, &Findings)>,
    points: Vec<Point>,
) -> Option<Matrix> {
    let (first, findings) = profiles.first()?;
    let titles = &first.profile.controls;
    let controls: BTreeSet<&str> = profiles
        .iter()
        .flat_map(|(tally, _)| tally.parts.iter().map(|part| part.control.as_str()))
        .collect();
    let mut controls: Vec<ControlTitle> = controls
        .into_iter()
        .map(|id| ControlTitle {
            id: id.to_owned(),
            title: titles.get(id).cloned().unwrap_or_else(|| id.to_owned()),
        })
        .collect();
    controls.sort_by(|one, other| {
        let key = |control: &ControlTitle| {
            let (at, name) = control_area(&control.id);
            (at, name.to_owned(), control.id.clone())
        };
        key(one).cmp(&key(other))
    });
    let exits: BTreeSet<u8> = profiles
        .iter()
        .map(|(_, findings)| findings.gate.exit)
        .collect();
    let together = together(&profiles, &points);
    Some(Matrix {
        schema: MATRIX_SCHEMA.to_owned(),
        tool: findings.tool.clone(),
        tlp: findings.tlp.clone(),
        organisation: findings.organisation.clone(),
        pack: findings.pack.clone(),
        tables: findings.tables.clone(),
        dates: findings.dates.clone(),
        exit: match exits.contains(&1) {
            true => 1,
            false => exits.last().copied().unwrap_or(3),
        },
        controls,
        together,
        points,
        profiles: profiles
            .into_iter()
            .map(|(tally, findings)| profile(header, tally, findings))
            .collect(),
    })
}

fn profile(header: &RunHeader, mut tally: Tally<'_>, findings: &Findings) -> MatrixProfile {
    let targets: Vec<(Shared<String>, TargetStands)> = header
        .targets
        .iter()
        .map(|target| (Shared::new(target.key()), tally.take(target)))
        .collect();
    let scope = |entry: usize| tally.profile.entries.get(entry).map(|entry| entry.over);
    let over_targets = |entry: usize, of: &dyn Fn(&TargetStands) -> Option<Stand>| {
        let stands = targets.iter().filter_map(|(_, stands)| of(stands));
        over(scope(entry).unwrap_or_default(), stands)
    };
    let entries: Vec<Stand> = (0..tally.profile.entries.len())
        .map(|entry| over_targets(entry, &|stands| stands.entries.get(entry).copied()))
        .collect();
    let parts: Vec<Stand> = tally
        .parts
        .iter()
        .enumerate()
        .map(|(number, part)| over_targets(part.entry, &|stands| stands.parts.get(number).copied()))
        .collect();
    let mut counts = TargetCounts::default();
    let by_target = by_target(&tally, targets, &entries, &parts, &mut counts);
    MatrixProfile {
        profile: findings.profile.clone(),
        gate: findings.gate.clone(),
        targets: counts,
        controls: controls(&tally, &parts),
        requirements: requirements(&tally, &entries),
        by_target,
    }
}

fn controls(tally: &Tally<'_>, stands: &[Stand]) -> Vec<ControlCell> {
    type Cell<'a> = BTreeMap<std::cmp::Reverse<Obligation>, Vec<(&'a Part, Stand)>>;
    let mut cells: BTreeMap<&str, Cell<'_>> = BTreeMap::new();
    for (part, stand) in tally.parts.iter().zip(stands) {
        if let Some(entry) = tally.profile.entries.get(part.entry) {
            let cell = cells.entry(&part.control).or_default();
            let demand = cell.entry(std::cmp::Reverse(entry.level)).or_default();
            demand.push((part, *stand));
        }
    }
    cells
        .into_iter()
        .map(|(id, cell)| ControlCell {
            id: id.to_owned(),
            demands: cell
                .into_iter()
                .map(|(level, parts)| demand(tally, level.0, &parts))
                .collect(),
        })
        .collect()
}

fn demand(tally: &Tally<'_>, obligation: Obligation, parts: &[(&Part, Stand)]) -> CellDemand {
    let in_season = |part: &Part| tally.out_of_season(part.entry).is_none();
    let some = parts.iter().any(|(part, _)| in_season(part));
    let counted = parts.iter().filter(|(part, _)| in_season(part) || !some);
    let rank = |relation: &Relation| match relation {
        Relation::Looser => 0,
        Relation::Partial => 1,
        Relation::Equal => 2,
        Relation::Stricter => 3,
        Relation::Conflict => 4,
    };
    let entries = parts
        .iter()
        .filter_map(|(part, _)| tally.profile.entries.get(part.entry));
    let digests: BTreeSet<&str> = entries.clone().map(|entry| entry.digest.as_str()).collect();
    let rows: BTreeSet<&str> = entries.map(|entry| entry.row.as_str()).collect();
    CellDemand {
        obligation,
        standing: of_control(parts.iter().map(|(_, stand)| *stand)),
        relation: counted
            .filter_map(|(part, _)| part.relation)
            .max_by_key(rank),
        requirements: rows.into_iter().map(str::to_owned).collect(),
        digest: digest(&digests).expect("a list of strings has a canonical form"),
    }
}

fn requirements(tally: &Tally<'_>, stands: &[Stand]) -> Vec<RequirementCell> {
    let entries = tally.profile.entries.iter().zip(stands).enumerate();
    entries
        .map(|(number, (entry, standing))| RequirementCell {
            row: entry.row.clone(),
            variant: entry.variant.clone(),
            printed: entry.printed.clone(),
            obligation: entry.level,
            over: entry.over,
            standing: *standing,
            reason: tally.out_of_season(number),
            controls: tally
                .parts
                .iter()
                .filter(|part| part.entry == number)
                .map(|part| part.control.clone())
                .collect(),
            digest: entry.digest.clone(),
        })
        .collect()
}

/// How each target stands. Where one target is enough, the run decides.
fn by_target(
    tally: &Tally<'_>,
    targets: Vec<(Shared<String>, TargetStands)>,
    entries: &[Stand],
    parts: &[Stand],
    counts: &mut TargetCounts,
) -> Vec<TargetCells> {
    let names: BTreeMap<&str, Shared<String>> = tally
        .parts
        .iter()
        .map(|part| (part.control.as_str(), part.control.as_str().into()))
        .collect();
    let own = |entry: usize, own: Stand, run: &[Stand], number: usize| {
        let known = tally.profile.entries.get(entry);
        match known.map(|entry| entry.over) {
            Some(Scope::AnyTarget) if own != Stand::NotApplicable => {
                run.get(number).copied().unwrap_or(own)
            }
            _ => own,
        }
    };
    targets
        .into_iter()
        .map(|(target, stands)| {
            let level = |level: Obligation| {
                let of_level = tally
                    .profile
                    .entries
                    .iter()
                    .zip(&stands.entries)
                    .enumerate();
                roll_up(
                    of_level
                        .filter(|(_, (entry, _))| entry.level == level)
                        .map(|(number, (_, stand))| own(number, *stand, entries, number)),
                )
            };
            let standing = level(Obligation::Must);
            count(counts, standing, level(Obligation::Should));
            let mut cells = TargetCells {
                target,
                standing,
                must: BTreeMap::new(),
                should: BTreeMap::new(),
            };
            for (number, (part, stand)) in tally.parts.iter().zip(&stands.parts).enumerate() {
                let stand = own(part.entry, *stand, parts, number);
                let level = tally
                    .profile
                    .entries
                    .get(part.entry)
                    .map(|entry| entry.level);
                let map = match level {
                    Some(Obligation::Must) => &mut cells.must,
                    Some(Obligation::Should) => &mut cells.should,
                    Some(Obligation::May) | None => continue,
                };
                if let Some(name) = names.get(part.control.as_str()) {
                    let known = map.entry(name.clone()).or_insert(stand);
                    *known = of_control([*known, stand]);
                }
            }
            cells
        })
        .collect()
}

fn count(counts: &mut TargetCounts, must: Stand, should: Stand) {
    let slot = match must {
        Stand::NotApplicable | Stand::Untold => &mut counts.not_applicable,
        Stand::Met => &mut counts.met,
        Stand::NotAsked | Stand::Open => &mut counts.open,
        Stand::NotMet => &mut counts.not_met,
    };
    *slot = slot.saturating_add(1);
    if should == Stand::NotMet && matches!(must, Stand::Met | Stand::NotApplicable) {
        counts.advised = counts.advised.saturating_add(1);
    }
}

/// What fails or stays open under any profile, each check once.
fn together(profiles: &[(Tally<'_>, &Findings)], points: &[Point]) -> Vec<CommonDemand> {
    let mut demands: BTreeMap<(&str, &str), (CommonDemand, BTreeSet<&str>)> = BTreeMap::new();
    for (tally, document) in profiles {
        let mut asked: BTreeMap<(&str, &str, &str), (AskedBy, BTreeSet<&str>)> = BTreeMap::new();
        for finding in &document.findings {
            if finding.effect == Effect::Note {
                continue;
            }
            let key = (finding.control.as_str(), finding.check.as_str());
            let (demand, targets) = demands.entry(key).or_insert_with(|| blank(finding));
            targets.insert(&finding.target);
            demand.effect = demand.effect.min(finding.effect);
            contradicted(demand, tally.profile, finding, points);
            let key = (key.0, key.1, finding.digest.as_str());
            let (by, targets) = asked
                .entry(key)
                .or_insert_with(|| asked_by(tally.profile, finding));
            by.obligation = by.obligation.max(finding.obligation);
            by.standing = by.standing.max(stand(finding, document));
            if targets.insert(&finding.target) {
                by.targets = by.targets.saturating_add(1);
                by.waived = by
                    .waived
                    .saturating_add(u64::from(finding.waived.is_some()));
            }
        }
        for ((control, check, _), (by, _)) in asked {
            if let Some((demand, _)) = demands.get_mut(&(control, check)) {
                demand.asked_by.push(by);
            }
        }
    }
    let mut together: Vec<CommonDemand> = demands
        .into_values()
        .map(|(demand, targets)| CommonDemand {
            targets: u64::try_from(targets.len()).unwrap_or(u64::MAX),
            ..demand
        })
        .collect();
    // Stable: what is equal stays in the order of control and check.
    together.sort_by_key(|demand| {
        (
            demand.effect,
            std::cmp::Reverse(demand.severity),
            demand.effort,
        )
    });
    together
}

fn blank<'f>(finding: &Finding) -> (CommonDemand, BTreeSet<&'f str>) {
    let demand = CommonDemand {
        control: finding.control.clone(),
        check: finding.check.clone(),
        title: finding.title.clone(),
        effect: finding.effect,
        severity: finding.severity,
        effort: finding.effort,
        targets: 0,
        asked_by: Vec::new(),
        contradicted: Vec::new(),
    };
    (demand, BTreeSet::new())
}

fn asked_by<'f>(profile: &ResolvedProfile, finding: &Finding) -> (AskedBy, BTreeSet<&'f str>) {
    let check = profile
        .checks
        .iter()
        .find(|check| check.digest == *finding.digest && check.check.id == *finding.check);
    let by = AskedBy {
        profile: profile.id.clone(),
        obligation: finding.obligation,
        standing: Stand::NotApplicable,
        targets: 0,
        waived: 0,
        params: check
            .map(|check| check.changed_params())
            .unwrap_or_default(),
    };
    (by, BTreeSet::new())
}

/// Notes the points in which the requirements behind a finding exclude others.
fn contradicted(
    demand: &mut CommonDemand,
    profile: &ResolvedProfile,
    finding: &Finding,
    points: &[Point],
) {
    for point in points {
        let clashes = point.exclusions.iter().any(|exclusion| {
            [&exclusion.one, &exclusion.other].into_iter().any(|side| {
                let mut rows = finding.requirements.iter();
                side.profile == profile.id && rows.any(|asked| *asked.row == side.row)
            })
        });
        let name = point.id.as_ref().unwrap_or(&point.topic);
        if clashes && !demand.contradicted.contains(name) {
            demand.contradicted.push(name.clone());
        }
    }
}

fn stand(finding: &Finding, document: &Findings) -> Stand {
    if finding.verdict == Verdict::Fail {
        return Stand::NotMet;
    }
    let mut gaps = finding.gaps.iter().filter_map(|number| {
        let number = usize::try_from(*number).ok()?;
        document.gaps.get(number)
    });
    match !finding.gaps.is_empty() && gaps.all(|gap| gap.reason == GapReason::NotAsked) {
        true => Stand::NotAsked,
        false => Stand::Open,
    }
}

impl ResolvedCheck {
    /// Parameters that differ from the check's defaults.
    pub fn changed_params(&self) -> BTreeMap<String, serde_json::Value> {
        self.params
            .iter()
            .filter(|(name, value)| {
                let default = self.check.params.get(*name).map(|decl| &decl.default);
                default != Some(*value)
            })
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}
