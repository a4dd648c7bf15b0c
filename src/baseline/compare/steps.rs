//! From one document of a participant to its next.

use std::collections::{BTreeMap, BTreeSet};

use super::{Document, MARKS};
use crate::model::comparison::{Bands, Mark, Row, Step, Trend};

/// The documents of each participant for periods that follow each other, by number.
/// The documents are in order of their periods.
pub(super) fn steps(documents: &[Document]) -> Vec<(u32, u32)> {
    let mut last: BTreeMap<&str, u32> = BTreeMap::new();
    let mut steps = Vec::new();
    for (number, document) in (0u32..).zip(documents) {
        if let Some(before) = last.insert(&document.column.participant, number) {
            steps.push((before, number));
        }
    }
    steps.sort_unstable();
    steps
}

/// Steps between documents that were not made alike. Another pack is none: entries
/// with equal digests judge the same.
pub(super) fn marked_steps(documents: &[Document], steps: &[(u32, u32)]) -> Vec<Step> {
    let document = |number: u32| documents.get(number as usize);
    let mut marked = Vec::new();
    for (from, to) in steps {
        let (Some(before), Some(after)) = (document(*from), document(*to)) else {
            continue;
        };
        let ways = MARKS.into_iter().zip(before.ways.iter().zip(&after.ways));
        let mut marks: BTreeSet<Mark> = ways
            .filter(|(mark, (before, after))| *mark != Mark::OtherPack && before != after)
            .map(|(mark, _)| mark)
            .collect();
        let of_either = before.column.marks.union(&after.column.marks);
        marks.extend(of_either.filter(|mark| **mark == Mark::ChosenPanel));
        if !marks.is_empty() {
            marked.push(Step {
                from: *from,
                to: *to,
                marks,
            });
        }
    }
    marked
}

/// Where a participant's band rose or fell since its period before.
pub(super) fn trends(rows: &[Row], steps: &[(u32, u32)]) -> Vec<Trend> {
    let mut trends = Vec::new();
    for (number, row) in (0u32..).zip(rows) {
        let cell = |column: u32| row.cells.get(column as usize).copied().flatten();
        for (from, to) in steps {
            let (Some(before), Some(after)) = (cell(*from), cell(*to)) else {
                continue;
            };
            let (rose, neighbours) = match Bands::of(after.passing, before.passing) {
                Bands::Overlap => continue,
                Bands::Higher { neighbours } => (true, neighbours),
                Bands::Lower { neighbours } => (false, neighbours),
            };
            trends.push(Trend {
                row: number,
                from: *from,
                to: *to,
                rose,
                neighbours,
            });
        }
    }
    trends
}
