//! What a reader must know before comparing the figures of a period.

use std::collections::BTreeSet;

use super::{Ground, Known};
use crate::model::period::{AggregatePart, Caution, OwnPart, PeriodPart};

/// Marks each period, by itself and against the one before it that has figures of the same source.
pub fn mark(
    ground: &Ground<'_>,
    mut parts: Vec<PeriodPart>,
    periods: &[Known<'_>],
) -> Vec<PeriodPart> {
    let mut own_before: Option<OwnPart> = None;
    let mut before: Option<AggregatePart> = None;
    for (part, known) in parts.iter_mut().zip(periods) {
        let mut marks = BTreeSet::new();
        if let Some(own) = &part.own {
            own_marks(own, own_before.as_ref(), &mut marks);
            let staged = known.own.as_ref().is_some_and(|own| own.staged);
            add(&mut marks, staged, Caution::OwnStaged);
            own_before = Some(own.clone());
        }
        if let (Some(aggregate), Some(accepted)) = (&part.aggregate, known.aggregate) {
            aggregate_marks(aggregate, before.as_ref(), &mut marks);
            let own_pack = (&ground.profile.pack.digest, &ground.profile.digest);
            let other = (&aggregate.pack, &aggregate.profile) != own_pack;
            add(
                &mut marks,
                part.own.is_some() && other,
                Caution::PackIsNotOwn,
            );
            add(&mut marks, accepted.stale, Caution::Stale);
            add(&mut marks, accepted.recovered, Caution::Recovered);
            before = Some(aggregate.clone());
        }
        part.marks = marks;
    }
    parts
}

fn own_marks(own: &OwnPart, before: Option<&OwnPart>, marks: &mut BTreeSet<Caution>) {
    add(marks, own.ways.len() > 1, Caution::OwnWaysDiffer);
    add(marks, own.tools.len() > 1, Caution::OwnToolsDiffer);
    let names: BTreeSet<&str> = own.tables.iter().map(|table| name(table)).collect();
    add(
        marks,
        names.len() < own.tables.len(),
        Caution::OwnTablesDiffer,
    );
    if let Some(before) = before {
        add(marks, own.ways != before.ways, Caution::OwnWaysChanged);
        add(marks, own.tools != before.tools, Caution::OwnToolsChanged);
        add(
            marks,
            own.tables != before.tables,
            Caution::OwnTablesChanged,
        );
    }
}

fn aggregate_marks(
    aggregate: &AggregatePart,
    before: Option<&AggregatePart>,
    marks: &mut BTreeSet<Caution>,
) {
    add(marks, aggregate.ways.len() > 1, Caution::WaysDiffer);
    add(marks, aggregate.tools.len() > 1, Caution::ToolsDiffer);
    add(marks, !aggregate.chosen.is_empty(), Caution::ChosenPanels);
    add(marks, aggregate.pools > 0, Caution::Pools);
    if let Some(before) = before {
        let packs = (&aggregate.pack, &aggregate.profile) != (&before.pack, &before.profile);
        add(marks, aggregate.ways != before.ways, Caution::WaysChanged);
        add(
            marks,
            aggregate.tools != before.tools,
            Caution::ToolsChanged,
        );
        add(
            marks,
            aggregate.tables != before.tables,
            Caution::TablesChanged,
        );
        add(marks, packs, Caution::PackChanged);
    }
}

/// The name of a table, without its edition.
fn name(table: &str) -> &str {
    table.split_once(' ').map_or(table, |(name, _)| name)
}

fn add(marks: &mut BTreeSet<Caution>, holds: bool, mark: Caution) {
    if holds {
        marks.insert(mark);
    }
}
