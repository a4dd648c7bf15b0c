//! Gathers what of an exchange may be handed on, from accepted documents and a profile.

use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

use super::{
    document::{Aggregate, Baseline},
    exchange::Exchange,
    measure::Refused,
    period::remedy,
    verify::Verified,
};
use crate::judge::ResolvedProfile;
use crate::model::{
    cell::Panel,
    comparison::Shown,
    period::{OfExchange, ReachCount},
    shareable::{Shareable, SharedCell, SharedControl, SharedDocument, Standing, Whose},
    tlp::Tlp,
};

/// What is gathered.
pub struct Gathered<'a> {
    /// The profile whose controls are told.
    pub profile: &'a ResolvedProfile,
    /// Whether all of its checks are part of the program, and so for everybody.
    pub public: bool,
    /// The exchange of the documents; `None` where there are none.
    pub exchange: Option<&'a Exchange>,
    /// Baselines of participants.
    pub baselines: &'a [Verified<Baseline>],
    /// Aggregates.
    pub aggregates: &'a [Verified<Aggregate>],
    /// Names of participants, by id.
    pub names: &'a dyn Fn(&str) -> Option<String>,
    /// Whether the roster withdrew an entry.
    pub withdrawn: &'a dyn Fn(&str) -> bool,
    /// When controls are gathered without a document.
    pub now: Timestamp,
}

/// Gathers it. Controls that are part of the program are TLP:CLEAR; others
/// take the strictest label of the documents, TLP:AMBER+STRICT without one.
///
/// # Errors
/// When a document is TLP:RED, which never leaves.
pub fn share(gathered: &Gathered<'_>) -> Result<Shareable, Refused> {
    let mut documents: Vec<SharedDocument> = Vec::new();
    for one in gathered.aggregates {
        documents.push(aggregate(gathered, one));
    }
    for one in gathered.baselines {
        documents.push(baseline(gathered, one));
    }
    documents
        .sort_by(|one, other| (&one.period, &one.payload).cmp(&(&other.period, &other.payload)));
    documents.dedup_by(|one, other| one.payload == other.payload);
    let strictest = Tlp::strictest(documents.iter().map(|document| document.label));
    if strictest == Some(Tlp::Red) {
        return Err(Refused("TLP:RED never leaves".to_owned()));
    }
    let newest = documents.iter().map(|document| document.created).max();
    let at = newest.unwrap_or(gathered.now);
    Ok(Shareable {
        exchange: gathered.exchange.map(|exchange| OfExchange {
            id: exchange.id.clone(),
            title: exchange.title.clone(),
            simulated: exchange.simulated,
        }),
        at: Timestamp::from_second(at.as_second()).unwrap_or(at),
        documents,
        controls: controls(gathered.profile),
        controls_label: match gathered.public {
            true => Tlp::Clear,
            false => strictest.unwrap_or(Tlp::AmberStrict),
        },
    })
}

fn aggregate(gathered: &Gathered<'_>, one: &Verified<Aggregate>) -> SharedDocument {
    let aggregate = &one.statement.predicate;
    let mut cautions = cautions(one.stale, one.recovered);
    for (holds, caution) in [
        (
            aggregate.tools.len() > 1,
            "Participants used different versions of the program.",
        ),
        (
            aggregate.conditions.len() > 1,
            "Participants looked in different ways.",
        ),
        (
            !aggregate.chosen.is_empty(),
            "Some participants measured a choice of their names.",
        ),
        (
            aggregate.pools > 0,
            "Some participants are pools of several small offices.",
        ),
    ] {
        cautions.extend(holds.then(|| caution.to_owned()));
    }
    let cells = aggregate.cells.iter();
    SharedDocument {
        payload: one.digest.clone(),
        label: aggregate.label,
        created: aggregate.created,
        period: aggregate.period.clone(),
        whose: Whose::Exchange,
        cautions,
        cells: cells
            .filter(|cell| !(gathered.withdrawn)(&cell.entry))
            .map(|cell| SharedCell {
                entry: cell.entry.clone(),
                kind: cell.kind,
                rows: cell.rows.clone(),
                controls: cell.controls.clone(),
                standing: Standing::Reach(ReachCount {
                    reach: cell.reach,
                    participants: cell.participants,
                }),
            })
            .collect(),
    }
}

fn baseline(gathered: &Gathered<'_>, one: &Verified<Baseline>) -> SharedDocument {
    let baseline = &one.statement.predicate;
    let id = &baseline.participant;
    let named = baseline.consents.named.then(|| {
        let name = (gathered.names)(id).unwrap_or_else(|| id.clone());
        (id.clone(), name)
    });
    let mut cautions = cautions(one.stale, one.recovered);
    let chosen = baseline.panel.values().any(|panel| *panel == Panel::Chosen);
    for (holds, caution) in [
        (chosen, "It measured a choice of its names."),
        (baseline.pool, "It is a pool of several small offices."),
    ] {
        cautions.extend(holds.then(|| caution.to_owned()));
    }
    let cells = baseline.cells.iter();
    SharedDocument {
        payload: one.digest.clone(),
        label: baseline.label,
        created: baseline.created,
        period: baseline.period.clone(),
        whose: Whose::Participant(named),
        cautions,
        cells: cells
            .filter(|cell| !(gathered.withdrawn)(&cell.entry))
            .map(|cell| SharedCell {
                entry: cell.entry.clone(),
                kind: cell.kind,
                rows: cell.rows.clone(),
                controls: cell.controls.clone(),
                standing: Standing::Bands(Shown {
                    judged: cell.judged,
                    coverage: cell.coverage,
                    passing: cell.passing,
                }),
            })
            .collect(),
    }
}

fn cautions(stale: bool, recovered: bool) -> Vec<String> {
    let all = [
        (
            stale,
            "The roster has expired: later withdrawals may be missing.",
        ),
        (
            recovered,
            "The key that signed it took the place of a lost one.",
        ),
    ];
    let holding = all.into_iter().filter(|(holds, _)| *holds);
    holding.map(|(_, caution)| caution.to_owned()).collect()
}

/// The controls of a profile, with the remedies of the checks that serve them.
fn controls(profile: &ResolvedProfile) -> Vec<SharedControl> {
    let mut controls: BTreeMap<&str, SharedControl> = BTreeMap::new();
    let mut checks: Vec<_> = profile.checks().iter().map(|one| &one.check).collect();
    checks.sort_by(|one, other| one.id.cmp(&other.id));
    checks.dedup_by(|one, other| one.id == other.id);
    for check in checks {
        let id = check.control.as_str();
        let control = controls.entry(id).or_insert_with(|| SharedControl {
            id: id.to_owned(),
            title: profile
                .controls
                .get(id)
                .cloned()
                .unwrap_or_else(|| id.to_owned()),
            why: check.rationale.trim().to_owned(),
            remedies: Vec::new(),
            references: BTreeSet::new(),
        });
        control.remedies.extend(remedy(check));
        control.references.extend(check.references.iter().cloned());
    }
    controls.into_values().collect()
}
