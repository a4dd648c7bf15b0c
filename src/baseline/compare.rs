//! Puts baselines beside each other. Only entries with equal digests are
//! compared; a band is higher only where it does not overlap the other.

mod steps;

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Aggregate, Baseline};
use super::measure::Refused;
use crate::model::{
    cell::{Kind, Panel, Passing, RowName},
    comparison::{
        Bands, COMPARISON_SCHEMA, Column, Comparison, Mark, MarkedAggregate, NEIGHBOURS,
        NotCompared, Place, Reach, Row, SELF_DECLARED, Shown, WhyNot,
    },
    tlp::Tlp,
};

/// Most documents that are compared.
pub const MOST_COLUMNS: usize = 20_000;

/// Takes in documents that were verified and accepted, one by one, and keeps
/// of each what is compared.
#[derive(Default)]
pub struct Comparer {
    exchange: Option<(String, bool)>,
    label: Option<Tlp>,
    /// Participant and period of each document.
    known: BTreeSet<(String, String)>,
    documents: Vec<Document>,
    entries: BTreeMap<(String, Kind), Entry>,
    reach: BTreeMap<(String, Kind), Vec<Reach>>,
    aggregates: BTreeSet<MarkedAggregate>,
}

struct Document {
    column: Column,
    /// What most documents of a period have in common.
    ways: Ways,
    cells: Vec<(u32, Shown)>,
}

/// Tables, conditions, tool, and pack with profile; each as one text.
type Ways = [String; 4];

/// What is said of a document whose way is another.
const MARKS: [Mark; 4] = [
    Mark::OtherTables,
    Mark::OtherConditions,
    Mark::OtherTool,
    Mark::OtherPack,
];

struct Entry {
    number: u32,
    rows: BTreeSet<RowName>,
    controls: BTreeSet<String>,
}

/// The reader's own standing, entry by entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Own {
    /// It is this participant.
    Participant(String),
    /// It holds a run of its own: bands from exact counts, however few. They never leave.
    Run(BTreeMap<(String, Kind), Passing>),
}

impl Comparer {
    /// Takes in a baseline with what its verification says of it.
    ///
    /// # Errors
    /// When it is of another exchange, or a second document of a participant for a period.
    pub fn add(
        &mut self,
        payload: &str,
        baseline: &Baseline,
        mut marks: BTreeSet<Mark>,
    ) -> Result<(), Refused> {
        self.of_exchange(&baseline.exchange, baseline.simulated, baseline.label)?;
        let key = (baseline.participant.clone(), baseline.period.clone());
        if !self.known.insert(key) {
            return Err(Refused(format!(
                "{} has two documents for {}: give the accepted one",
                baseline.participant, baseline.period
            )));
        }
        if self.documents.len() >= MOST_COLUMNS {
            return Err(Refused(format!(
                "at most {MOST_COLUMNS} documents are compared at once"
            )));
        }
        if baseline.panel.values().any(|panel| *panel == Panel::Chosen) {
            marks.insert(Mark::ChosenPanel);
        }
        if baseline.pool {
            marks.insert(Mark::Pool);
        }
        let cells = baseline
            .cells
            .iter()
            .map(|cell| {
                let shown = Shown {
                    judged: cell.judged,
                    coverage: cell.coverage,
                    passing: cell.passing,
                };
                let key = (cell.entry.clone(), cell.kind);
                (self.number(key, &cell.rows, &cell.controls), shown)
            })
            .collect();
        self.documents.push(Document {
            column: Column {
                participant: baseline.participant.clone(),
                period: baseline.period.clone(),
                payload: payload.to_owned(),
                label: baseline.label,
                panel: baseline.panel.clone(),
                marks,
            },
            ways: [
                format!("{:?}", baseline.tables),
                format!("{:?}", baseline.conditions),
                baseline.tool.clone(),
                format!("{} {}", baseline.pack, baseline.profile.digest),
            ],
            cells,
        });
        Ok(())
    }

    /// Takes in an aggregate: how many reach 90 %, cell by cell.
    ///
    /// # Errors
    /// When it is of another exchange.
    pub fn add_aggregate(&mut self, aggregate: &Aggregate) -> Result<(), Refused> {
        self.of_exchange(&aggregate.exchange, aggregate.simulated, aggregate.label)?;
        let marks: BTreeSet<Mark> = [
            (aggregate.conditions.len() > 1, Mark::OtherConditions),
            (aggregate.tools.len() > 1, Mark::OtherTool),
            (!aggregate.chosen.is_empty(), Mark::ChosenPanel),
            (aggregate.pools > 0, Mark::Pool),
        ]
        .into_iter()
        .filter_map(|(holds, mark)| holds.then_some(mark))
        .collect();
        if !marks.is_empty() {
            self.aggregates.insert(MarkedAggregate {
                period: aggregate.period.clone(),
                marks,
            });
        }
        for cell in &aggregate.cells {
            let key = (cell.entry.clone(), cell.kind);
            self.number(key.clone(), &cell.rows, &cell.controls);
            self.reach.entry(key).or_default().push(Reach {
                period: aggregate.period.clone(),
                reach: cell.reach,
                participants: cell.participants,
                from_aggregate: true,
            });
        }
        Ok(())
    }

    /// Ends in the comparison. `withdrawn` says which entries the roster withdrew.
    ///
    /// # Errors
    /// When there is nothing to compare.
    pub fn finish(
        mut self,
        withdrawn: impl Fn(&str) -> bool,
        own: Option<&Own>,
    ) -> Result<Comparison, Refused> {
        let Some((exchange, simulated)) = self.exchange.take() else {
            return Err(Refused("there is nothing to compare".to_owned()));
        };
        self.documents.sort_by(|one, other| {
            let key = |document: &Document| {
                let column = &document.column;
                (column.period.clone(), column.participant.clone())
            };
            key(one).cmp(&key(other))
        });
        self.mark();
        // Cells by entry: which column shows what.
        let mut shown: Vec<Vec<(u32, Shown)>> = vec![Vec::new(); self.entries.len()];
        for (column, document) in (0u32..).zip(&self.documents) {
            for (entry, cell) in &document.cells {
                if let Some(list) = shown.get_mut(*entry as usize) {
                    list.push((column, *cell));
                }
            }
        }
        let steps = steps::steps(&self.documents);
        let marked = steps::marked_steps(&self.documents, &steps);
        let columns: Vec<Column> = self.documents.drain(..).map(|d| d.column).collect();
        let mut names: BTreeMap<(RowName, Kind), BTreeSet<String>> = BTreeMap::new();
        for ((digest, kind), entry) in &self.entries {
            for row in &entry.rows {
                let known = names.entry((row.clone(), *kind)).or_default();
                known.insert(digest.clone());
            }
        }
        let mut rows = Vec::new();
        let mut not_compared = Vec::new();
        for ((digest, kind), entry) in std::mem::take(&mut self.entries) {
            let cells = shown
                .get_mut(entry.number as usize)
                .map(std::mem::take)
                .unwrap_or_default();
            let key = (digest, kind);
            let reach = self.reach.remove(&key).unwrap_or_default();
            let own_run = match own {
                Some(Own::Run(bands)) => bands.get(&key).copied(),
                _ => None,
            };
            let comparable = cells.len() + reach.len() + usize::from(own_run.is_some());
            let reason = if withdrawn(&key.0) {
                Some(WhyNot::Withdrawn)
            } else if comparable >= 2 {
                None
            } else if entry.rows.iter().any(|row| {
                let same = names.get(&(row.clone(), kind));
                same.is_some_and(|digests| digests.len() > 1)
            }) {
                Some(WhyNot::JudgedDifferently)
            } else {
                Some(WhyNot::OneAlone)
            };
            match reason {
                Some(reason) => not_compared.push(NotCompared {
                    entry: key.0,
                    kind,
                    rows: entry.rows,
                    reason,
                    columns: cells.iter().map(|(column, _)| *column).collect(),
                }),
                None => {
                    let mut row = Row {
                        entry: key.0,
                        kind,
                        rows: entry.rows,
                        controls: entry.controls,
                        cells: vec![None; columns.len()],
                        reach,
                        own: None,
                    };
                    for (column, cell) in cells {
                        if let Some(slot) = row.cells.get_mut(column as usize) {
                            *slot = Some(cell);
                        }
                    }
                    count_reach(&mut row, &columns);
                    row.own = place(&row, &columns, own, own_run);
                    rows.push(row);
                }
            }
        }
        rows.sort_by(|one, other| (&one.rows, one.kind).cmp(&(&other.rows, other.kind)));
        not_compared.sort_by(|one, other| (&one.rows, one.kind).cmp(&(&other.rows, other.kind)));
        let strictest = match own {
            Some(Own::Run(_)) => Some(Tlp::AmberStrict),
            _ => self.label,
        };
        Ok(Comparison {
            schema: COMPARISON_SCHEMA.to_owned(),
            tlp: strictest.unwrap_or(Tlp::AmberStrict),
            notes: vec![SELF_DECLARED.to_owned(), NEIGHBOURS.to_owned()],
            exchange,
            simulated,
            trends: steps::trends(&rows, &steps),
            steps: marked,
            aggregates: self.aggregates.into_iter().collect(),
            columns,
            rows,
            not_compared,
        })
    }

    fn of_exchange(&mut self, id: &str, simulated: bool, label: Tlp) -> Result<(), Refused> {
        let known = self
            .exchange
            .get_or_insert_with(|| (id.to_owned(), simulated));
        if *known != (id.to_owned(), simulated) {
            return Err(Refused(format!(
                "documents of {} and of {id} are not compared",
                known.0
            )));
        }
        self.label = self.label.max(Some(label));
        Ok(())
    }

    fn number(
        &mut self,
        key: (String, Kind),
        rows: &[RowName],
        controls: &BTreeSet<String>,
    ) -> u32 {
        let next = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        let entry = self.entries.entry(key).or_insert_with(|| Entry {
            number: next,
            rows: BTreeSet::new(),
            controls: BTreeSet::new(),
        });
        for row in rows {
            if !entry.rows.contains(row) {
                entry.rows.insert(row.clone());
            }
        }
        for control in controls {
            if !entry.controls.contains(control) {
                entry.controls.insert(control.clone());
            }
        }
        entry.number
    }

    /// Marks documents that were made in another way than most of their period.
    fn mark(&mut self) {
        for (index, mark) in MARKS.into_iter().enumerate() {
            let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
            for document in &self.documents {
                if let Some(way) = document.ways.get(index) {
                    *counts.entry((&document.column.period, way)).or_default() += 1;
                }
            }
            // The way of most; of equally many, the first in order.
            let mut usual: BTreeMap<String, (u64, String)> = BTreeMap::new();
            for ((period, way), count) in counts {
                let known = usual.entry(period.to_owned()).or_default();
                if count > known.0 {
                    *known = (count, way.to_owned());
                }
            }
            for document in &mut self.documents {
                let way = document.ways.get(index);
                let usual = usual.get(&document.column.period).map(|(_, way)| way);
                if way != usual {
                    document.column.marks.insert(mark);
                }
            }
        }
    }
}

/// Counts how many columns of each period reach 90 %, where no aggregate says it.
fn count_reach(row: &mut Row, columns: &[Column]) {
    let mut counts: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for (cell, column) in row.cells.iter().zip(columns) {
        if let Some(cell) = cell {
            let (reach, all) = counts.entry(&column.period).or_default();
            *reach += u64::from(cell.passing == Passing::From90);
            *all += 1;
        }
    }
    for (period, (reach, participants)) in counts {
        if !row.reach.iter().any(|known| known.period == period) {
            row.reach.push(Reach {
                period: period.to_owned(),
                reach,
                participants,
                from_aggregate: false,
            });
        }
    }
    row.reach
        .sort_by(|one, other| one.period.cmp(&other.period));
}

/// Where the reader stands among the others of the newest period.
fn place(
    row: &Row,
    columns: &[Column],
    own: Option<&Own>,
    own_run: Option<Passing>,
) -> Option<Place> {
    let newest = columns.last().map(|column| column.period.as_str());
    let of_newest = || {
        row.cells
            .iter()
            .zip(columns)
            .filter(move |(_, column)| Some(column.period.as_str()) == newest)
    };
    let me = match own? {
        Own::Participant(id) => Some(id.as_str()),
        Own::Run(_) => None,
    };
    let passing = match me {
        None => own_run?,
        Some(id) => {
            let mut mine = of_newest().filter(|(_, column)| column.participant == id);
            mine.next().and_then(|(cell, _)| *cell)?.passing
        }
    };
    let mut place = Place {
        passing,
        from_run: me.is_none(),
        above: 0,
        below: 0,
        next_to: 0,
        same: 0,
    };
    for (cell, column) in of_newest() {
        let (Some(cell), false) = (cell, me == Some(column.participant.as_str())) else {
            continue;
        };
        match Bands::of(cell.passing, passing) {
            Bands::Overlap => place.same += 1,
            Bands::Higher { neighbours } => {
                place.above += 1;
                place.next_to += u64::from(neighbours);
            }
            Bands::Lower { neighbours } => {
                place.below += 1;
                place.next_to += u64::from(neighbours);
            }
        }
    }
    Some(place)
}
