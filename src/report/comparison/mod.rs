//! How participants stand beside each other, one file a format. Each page says
//! that its numbers are self-declared, and carries its label.

pub mod csv;
pub mod html;
pub mod markdown;
pub mod table;

use super::wording::{line, word};
use crate::model::{
    cell::{Panel, Passing, RowName},
    comparison::{Column, Comparison, Mark, Place, Reach, Row, Trend},
};
use std::collections::BTreeSet;

/// A cell in a few characters, so that no colour is needed to tell bands apart.
fn short(passing: Passing) -> &'static str {
    match passing {
        Passing::Below50 => "<50",
        Passing::From50To90 => "50-89",
        Passing::From50To75 => "50-74",
        Passing::From75To90 => "75-89",
        Passing::From90 => "90+",
    }
}

/// What stands where a column does not show a cell.
const NOT_SHOWN: &str = "-";
/// How cells are to be read.
const LEGEND: &str = "Percent of judged names that meet the entry; - is not shown. * chosen panel.";

/// The names of a row, with its kind.
fn name(row: &Row) -> String {
    format!("{}, {}", names(&row.rows), row.kind)
}

fn names(rows: &BTreeSet<RowName>) -> String {
    let rows: Vec<String> = rows.iter().map(ToString::to_string).collect();
    line(&rows.join(" / "))
}

/// A cell of a row in one column, with a mark for a chosen panel.
fn cell(row: &Row, number: usize, column: &Column) -> String {
    match row.cells.get(number).copied().flatten() {
        None => NOT_SHOWN.to_owned(),
        Some(shown) => match column.panel.get(&row.kind) {
            Some(Panel::Complete) => short(shown.passing).to_owned(),
            _ => format!("{}*", short(shown.passing)),
        },
    }
}

/// "3 of 7 reach 90 %", of the newest period.
fn reach(row: &Row) -> String {
    row.reach.last().map_or_else(String::new, reach_words)
}

fn reach_words(reach: &Reach) -> String {
    format!("{} of {} reach 90 %", reach.reach, reach.participants)
}

/// The reader's own place in words.
fn place(place: &Place) -> String {
    format!(
        "{} %: {} higher, {} lower, {} cannot be told apart; {} in a neighbouring band",
        short(place.passing),
        place.above,
        place.below,
        place.same,
        place.next_to
    )
}

/// A trend in words.
fn trend(comparison: &Comparison, trend: &Trend) -> Option<String> {
    let row = comparison.rows.get(trend.row as usize)?;
    let from = comparison.columns.get(trend.from as usize)?;
    let to = comparison.columns.get(trend.to as usize)?;
    let band = |column: u32| {
        let shown = row.cells.get(column as usize).copied().flatten()?;
        Some(short(shown.passing))
    };
    Some(
        format!(
            "{}: {} {} from {} % in {} to {} % in {}{}",
            line(&to.participant),
            name(row),
            if trend.rose { "rose" } else { "fell" },
            band(trend.from)?,
            line(&from.period),
            band(trend.to)?,
            line(&to.period),
            match trend.neighbours {
                true => " (perhaps by one target)",
                false => "",
            }
        ) + &step(comparison, trend),
    )
}

/// What must be known of the two documents of a trend.
fn step(comparison: &Comparison, trend: &Trend) -> String {
    let steps = &comparison.steps;
    let at = steps.binary_search_by(|step| (step.from, step.to).cmp(&(trend.from, trend.to)));
    match at.ok().and_then(|at| steps.get(at)) {
        Some(step) => format!("; mind: {}", mark_words(&step.marks)),
        None => String::new(),
    }
}

/// Marks in words.
fn mark_words(marks: &BTreeSet<Mark>) -> String {
    let marks: Vec<&str> = marks.iter().map(|mark| mark.words()).collect();
    marks.join(", ")
}

/// Numbers of the columns of the newest period.
fn newest(comparison: &Comparison) -> Vec<usize> {
    let period = comparison.columns.last().map(|column| &column.period);
    let columns = comparison.columns.iter().enumerate();
    columns
        .filter(|(_, column)| Some(&column.period) == period)
        .map(|(number, _)| number)
        .collect()
}

/// The name of a period and what it shows, for headings.
fn heading(comparison: &Comparison) -> String {
    let period = match (comparison.columns.last(), comparison.rows.first()) {
        (Some(column), _) => Some(&column.period),
        (None, Some(row)) => row.reach.last().map(|reach| &reach.period),
        (None, None) => None,
    };
    let simulated = match comparison.simulated {
        true => " (simulated)",
        false => "",
    };
    format!(
        "{}{simulated}, {}",
        line(&comparison.exchange),
        period.map_or_else(String::new, |period| line(period))
    )
}

/// Why an entry is not compared, in words.
fn not_compared(comparison: &Comparison) -> Vec<String> {
    comparison
        .not_compared
        .iter()
        .map(|one| {
            let who: BTreeSet<String> = one
                .columns
                .iter()
                .filter_map(|number| comparison.columns.get(*number as usize))
                .map(|column| line(&format!("{} {}", column.participant, column.period)))
                .collect();
            let who: Vec<String> = who.into_iter().collect();
            format!(
                "{}, {}, {}: {} ({})",
                names(&one.rows),
                one.kind,
                one.entry.get(..12).unwrap_or_default(),
                one.reason.words(),
                who.join(", ")
            )
        })
        .collect()
}

/// The band as the document writes it.
fn written(value: impl serde::Serialize) -> String {
    word(value)
}
