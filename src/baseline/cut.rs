//! Cuts a baseline from counts: which cells are shown, and in which bands.

use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

use super::band::{Bands, FEWEST_ORGANISATIONS, Hidden};
use super::count::Counted;
use super::document::{Baseline, Consents, NamedDigest};
use super::exchange::{Exchange, Period};
use super::measure::{Counts, Refused};
use crate::judge::{ResolvedEntry, ResolvedProfile};
use crate::model::{
    cell::{Cell, Kind, Panel, RowName},
    tlp::Tlp,
};

/// What the participant says of its baseline.
#[derive(Clone, Debug)]
pub struct Declared {
    /// Id of the participant.
    pub participant: String,
    /// When the document is made.
    pub created: Timestamp,
    /// Name and version of the program that judged.
    pub tool: String,
    /// Kinds of which every name was measured.
    pub complete: BTreeSet<Kind>,
    /// What may be done with the document.
    pub consents: Consents,
    /// The payload that this one takes the place of, and why.
    pub replaces: Option<(String, String)>,
}

/// A cell with its exact counts, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The counts.
    pub counted: Counted,
    /// The bands, or why it is hidden.
    pub shown: Result<Bands, Hidden>,
}

/// Decides on every cell.
pub fn decide(counts: &Counts, pool: bool) -> Vec<Decided> {
    let decided = |counted: &Counted| Decided {
        shown: bands(counted, pool),
        counted: counted.clone(),
    };
    counts.cells.iter().map(decided).collect()
}

/// The bands of a cell. A pool's cells need several organisations, none of
/// them with more than half of what was judged: else the cell is about one.
fn bands(counted: &Counted, pool: bool) -> Result<Bands, Hidden> {
    let bands = counted.tally.bands()?;
    if pool {
        let judged = counted.organisations.values().copied();
        if (judged.clone().filter(|judged| *judged > 0).count() as u64) < FEWEST_ORGANISATIONS {
            return Err(Hidden::FewOrganisations);
        }
        let largest = judged.max().unwrap_or(0);
        if largest.saturating_mul(2) > counted.tally.judged() {
            return Err(Hidden::OneOrganisation);
        }
    }
    Ok(bands)
}

/// Cuts the document, labelled TLP:AMBER.
///
/// # Errors
/// When the window has not closed, or the panel claims a kind without names.
pub fn cut(
    exchange: &Exchange,
    period: &Period,
    profile: &ResolvedProfile,
    counts: &Counts,
    pool: bool,
    declared: Declared,
) -> Result<Baseline, Refused> {
    if !period.is_closed(declared.created) {
        return Err(Refused(format!(
            "the window of {} is open until {}: the newest observation in it counts, so cut the baseline then",
            period.id,
            period.closes_at()
        )));
    }
    if let Some(kind) = declared.complete.difference(&counts.kinds).next() {
        return Err(Refused(format!(
            "no run has a name of kind {kind}, so that it cannot be complete"
        )));
    }
    let panel = |kind: &Kind| match declared.complete.contains(kind) {
        true => (*kind, Panel::Complete),
        false => (*kind, Panel::Chosen),
    };
    let (replaces, reason) = declared.replaces.unzip();
    Ok(Baseline {
        exchange: exchange.id.clone(),
        simulated: exchange.simulated,
        participant: declared.participant,
        pool,
        period: period.id.clone(),
        created: whole_seconds(declared.created),
        profile: NamedDigest {
            id: profile.id.clone(),
            digest: profile.digest.clone(),
        },
        pack: profile.pack.digest.clone(),
        tables: period.pins.tables.clone(),
        tool: declared.tool,
        conditions: counts.looked.clone(),
        audience: exchange.audience.clone(),
        label: Tlp::Amber,
        consents: declared.consents,
        replaces,
        reason,
        panel: counts.kinds.iter().map(panel).collect(),
        cells: cells(profile, &decide(counts, pool)),
    })
}

/// The cells that are shown, in order of entry and kind.
fn cells(profile: &ResolvedProfile, decided: &[Decided]) -> Vec<Cell> {
    let mut cells = BTreeMap::new();
    for one in decided {
        let (Ok(bands), Some(entry)) = (&one.shown, profile.entries.get(one.counted.entry)) else {
            continue;
        };
        let kind = one.counted.kind;
        let cell = Cell {
            entry: entry.digest.clone(),
            kind,
            rows: rows(profile, &entry.digest),
            controls: entry.controls().into_iter().map(str::to_owned).collect(),
            judged: bands.judged,
            coverage: bands.coverage,
            passing: bands.passing,
        };
        cells.insert((entry.digest.clone(), kind), cell);
    }
    cells.into_values().collect()
}

/// Everything that a profile calls an entry: rows that ask for the same have one cell.
pub fn rows(profile: &ResolvedProfile, digest: &str) -> Vec<RowName> {
    let same = |entry: &&ResolvedEntry| entry.digest == digest;
    let rows: BTreeSet<RowName> = profile
        .entries
        .iter()
        .filter(same)
        .map(|entry| RowName {
            row: entry.row.clone(),
            variant: entry.variant.clone(),
        })
        .collect();
    rows.into_iter().collect()
}

fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
