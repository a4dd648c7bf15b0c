//! Observes one target: runs its probes side by side and puts the answers together.

use futures_util::{FutureExt, future::join_all};
use jiff::{Timestamp, Unit};
use std::{
    collections::{BTreeMap, BTreeSet},
    panic::AssertUnwindSafe,
    time::Duration,
};

use super::{plan, progress::Progress};
use crate::derive::{self, clients::Client};
use crate::model::{
    gap::{Gap, GapReason},
    level::Area,
    observation::{Conditions, Cost, OBSERVATION_SCHEMA, Observation},
    target::Target,
};
use crate::net::Session;
use crate::probes::registry::{AreaReport, Probe, ProbeContext, REGISTRY};

/// How long after the deadline a probe may take to hand over what it has.
const GRACE: Duration = Duration::from_secs(3);

/// Looks at one target in the areas of `conditions`, and derives what `clients` end up
/// with there. Never fails: what could not be seen is a gap.
pub async fn observe(
    target: &Target,
    conditions: &Conditions,
    clients: &[Client],
    session: &Session,
    progress: &dyn Progress,
) -> Observation {
    let key = target.key();
    let only: BTreeSet<Area> = conditions.areas.iter().copied().collect();
    let areas = plan::areas(target, &only);
    progress.target_begins(&key, &areas.iter().copied().collect::<Vec<_>>());
    let observed_at = now();
    let context = ProbeContext {
        target,
        level: conditions.level,
        page_cap: conditions.page_cap,
        session,
    };
    let reports = join_all(
        REGISTRY
            .iter()
            .filter(|probe| areas.contains(&probe.area))
            .map(async |probe| {
                let report = run(probe, context).await;
                progress.area_done(&key, probe.area);
                (probe, report)
            }),
    )
    .await;

    let mut facts = BTreeMap::new();
    let mut fact_versions = BTreeMap::new();
    let mut gaps = not_asked(&areas);
    let mut evidence = Vec::new();
    for (probe, report) in reports {
        if let Some(seen) = report.facts {
            facts.insert(probe.area, seen);
            fact_versions.insert(probe.area, probe.fact_version);
        } else if report.gaps.is_empty() {
            gaps.push(area_gap(
                probe.area,
                GapReason::Internal,
                "the probe saw nothing",
            ));
        }
        gaps.extend(report.gaps);
        evidence.extend(report.evidence);
    }
    let mut observation = Observation {
        schema: OBSERVATION_SCHEMA.to_owned(),
        target: target.clone(),
        observed_at,
        conditions: conditions.clone(),
        fact_versions,
        gaps,
        evidence,
        cost: session.cost(),
        facts,
    };
    derive::apply(&mut observation, clients);
    observation.gaps.sort();
    observation.gaps.dedup();
    observation.evidence.sort();
    observation.evidence.dedup();
    observation
}

/// Runs one probe. A probe that panics or outlives the deadline costs its own
/// area, not the others.
async fn run(probe: &Probe, context: ProbeContext<'_>) -> AreaReport {
    let deadline = context.session.deadline() + GRACE;
    let work = AssertUnwindSafe((probe.observe)(context)).catch_unwind();
    let (reason, detail) = match tokio::time::timeout_at(deadline, work).await {
        Ok(Ok(report)) => return report,
        Ok(Err(_)) => (GapReason::Internal, "the probe ended abnormally"),
        Err(_) => (GapReason::BudgetSpent, "the probe did not end in time"),
    };
    AreaReport {
        gaps: vec![area_gap(probe.area, reason, detail)],
        ..AreaReport::default()
    }
}

fn not_asked(areas: &BTreeSet<Area>) -> Vec<Gap> {
    Area::ALL
        .into_iter()
        .filter(|area| !areas.contains(area))
        .map(|area| {
            area_gap(
                area,
                GapReason::NotAsked,
                "left out by the roles of the target or by --only",
            )
        })
        .collect()
}

fn area_gap(area: Area, reason: GapReason, detail: &str) -> Gap {
    Gap {
        at: format!("/{area}"),
        reason,
        detail: Some(detail.to_owned()),
    }
}

/// The time to the second: finer times would only make documents differ.
fn now() -> Timestamp {
    let now = Timestamp::now();
    now.round(Unit::Second).unwrap_or(now)
}

/// What a run cost so far: everything adds up, but time, which is that of the wall.
pub fn add_cost(total: &mut Cost, one: Cost) {
    let milliseconds = total.milliseconds;
    *total += one;
    total.milliseconds = milliseconds;
}
