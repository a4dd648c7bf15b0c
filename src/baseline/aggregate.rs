//! Counts how many participants reach 90 %, from accepted baselines alone.
//!
//! Only published cells are read, and no exact count, so that whoever holds
//! the same baselines computes the same aggregate.

use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

use super::document::{
    Aggregate, AggregateCell, Baseline, FEWEST_PARTICIPANTS, PAYLOAD, Statement, Subject,
};
use super::measure::Refused;
use crate::model::{
    cell::{Kind, Panel, Passing, RowName},
    tlp::Tlp,
};

/// A baseline that was verified and accepted, with the digest of its payload.
pub type Accepted = (String, Baseline);

/// Makes an aggregate. `withdrawn` says which entries the roster withdrew.
/// The label is TLP:GREEN; it is TLP:CLEAR when `clear` is asked for and every
/// payload allows it.
///
/// # Errors
/// When the baselines are of several exchanges, periods, packs or table
/// editions, when one participant has two, or one does not allow TLP:CLEAR.
pub fn aggregate(
    baselines: &[Accepted],
    withdrawn: impl Fn(&str) -> bool,
    created: Timestamp,
    clear: bool,
) -> Result<Statement<Aggregate>, Refused> {
    let Some((_, first)) = baselines.first() else {
        return Err(Refused("there is no baseline to aggregate".to_owned()));
    };
    let mut participants = BTreeSet::new();
    for (_, one) in baselines {
        alike(first, one)?;
        if !participants.insert(one.participant.as_str()) {
            return Err(Refused(format!(
                "{} has two documents: one of them counts",
                one.participant
            )));
        }
        if clear && !one.consents.clear_aggregate {
            return Err(Refused(format!(
                "{} does not allow aggregates to be TLP:CLEAR: make it TLP:GREEN",
                one.participant
            )));
        }
    }
    let payloads: BTreeSet<String> = baselines.iter().map(|(digest, _)| digest.clone()).collect();
    let named = baselines.iter().map(|(_, baseline)| baseline);
    let aggregate = Aggregate {
        exchange: first.exchange.clone(),
        simulated: first.simulated,
        period: first.period.clone(),
        created: Timestamp::from_second(created.as_second()).unwrap_or(created),
        profile: first.profile.clone(),
        pack: first.pack.clone(),
        tables: first.tables.clone(),
        audience: first.audience.clone(),
        label: match clear {
            true => Tlp::Clear,
            false => Tlp::Green,
        },
        replaces: None,
        tools: named
            .clone()
            .map(|baseline| baseline.tool.clone())
            .collect(),
        conditions: named
            .clone()
            .map(|baseline| baseline.conditions.clone())
            .collect(),
        chosen: chosen(baselines),
        pools: baselines.iter().map(|(_, one)| u64::from(one.pool)).sum(),
        named: named
            .filter(|baseline| baseline.consents.named)
            .map(|baseline| baseline.participant.clone())
            .collect(),
        cells: cells(baselines, withdrawn),
        payloads,
    };
    let subjects = aggregate.payloads.iter();
    let subjects = subjects
        .map(|digest| Subject::new(PAYLOAD, digest))
        .collect();
    Ok(Statement::new(subjects, aggregate))
}

/// Checks an aggregate against the baselines that it lists.
///
/// # Errors
/// Says what is missing or differs.
pub fn check(
    aggregate: &Aggregate,
    baselines: &[Accepted],
    withdrawn: impl Fn(&str) -> bool,
) -> Result<(), Refused> {
    let held: BTreeSet<&String> = baselines.iter().map(|(digest, _)| digest).collect();
    if let Some(missing) = aggregate
        .payloads
        .iter()
        .find(|digest| !held.contains(digest))
    {
        return Err(Refused(format!(
            "the aggregate is made from {missing}, which is not among the files"
        )));
    }
    if held.len() != aggregate.payloads.len() {
        return Err(Refused(
            "the files hold baselines that the aggregate is not made from".to_owned(),
        ));
    }
    let clear = aggregate.label == Tlp::Clear;
    let mut again = super::aggregate::aggregate(baselines, withdrawn, aggregate.created, clear)?;
    again.predicate.replaces.clone_from(&aggregate.replaces);
    match again.predicate == *aggregate {
        true => Ok(()),
        false => Err(Refused(
            "computing the aggregate again gives another one".to_owned(),
        )),
    }
}

fn alike(first: &Baseline, one: &Baseline) -> Result<(), Refused> {
    let differ = [
        (first.exchange != one.exchange, "exchanges"),
        (first.simulated != one.simulated, "exchanges"),
        (first.period != one.period, "periods"),
        (first.profile != one.profile, "profiles"),
        (first.pack != one.pack, "packs"),
        (first.tables != one.tables, "table editions"),
        (first.audience != one.audience, "audiences"),
    ];
    match differ.into_iter().find(|(differs, _)| *differs) {
        Some((_, what)) => Err(Refused(format!(
            "{} and {} are of different {what}: they are not aggregated",
            first.participant, one.participant
        ))),
        None => Ok(()),
    }
}

/// How many participants measured a choice of their names, kind by kind.
fn chosen(baselines: &[Accepted]) -> BTreeMap<Kind, u64> {
    let mut counts = BTreeMap::new();
    let panels = baselines.iter().flat_map(|(_, baseline)| &baseline.panel);
    for (kind, _) in panels.filter(|(_, panel)| **panel == Panel::Chosen) {
        *counts.entry(*kind).or_default() += 1;
    }
    counts
}

fn cells(baselines: &[Accepted], withdrawn: impl Fn(&str) -> bool) -> Vec<AggregateCell> {
    let mut counts: BTreeMap<(&str, Kind), AggregateCell> = BTreeMap::new();
    for cell in baselines.iter().flat_map(|(_, baseline)| &baseline.cells) {
        let count = counts
            .entry((cell.entry.as_str(), cell.kind))
            .or_insert_with(|| AggregateCell {
                entry: cell.entry.clone(),
                kind: cell.kind,
                rows: Vec::new(),
                controls: BTreeSet::new(),
                participants: 0,
                reach: 0,
            });
        count.participants += 1;
        count.reach += u64::from(cell.passing == Passing::From90);
        count.rows.extend(cell.rows.iter().cloned());
        count.controls.extend(cell.controls.iter().cloned());
    }
    counts
        .into_values()
        .filter(|cell| cell.participants >= FEWEST_PARTICIPANTS && !withdrawn(&cell.entry))
        .map(|mut cell| {
            let rows: BTreeSet<RowName> = cell.rows.drain(..).collect();
            cell.rows.extend(rows);
            cell
        })
        .collect()
}
