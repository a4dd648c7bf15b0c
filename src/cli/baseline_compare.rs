//! `scrutineer baseline compare`: accepted baselines beside each other.

use clap::{Args, ValueEnum};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
    path::PathBuf,
};

use super::{
    accepted::AcceptedArgs,
    baseline_create::measure,
    console::Console,
    content::ContentArgs,
    exit::{Exit, Trouble},
};
use crate::baseline::{
    compare::{Comparer, Own},
    exchange::Exchange,
    measure::{Measurement, Program},
};
use crate::model::{
    cell::{Kind, Passing},
    comparison::{Comparison, Mark},
};
use crate::report::{comparison, table::TableOptions};
use crate::store::atomic::{self, Mode};

/// Put accepted baselines beside each other: entries by participant and kind
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
scrutineer baseline compare 2026H2/*.dsse.json \\\n      --roster roster-5.dsse.json --me office-a\n  \
scrutineer baseline compare 2026H1/*.dsse.json 2026H2/*.dsse.json \\\n      --roster roster-5.dsse.json --format html -o page.html\n  \
scrutineer baseline compare --aggregate 2026H2.dsse.json --own run.jsonl \\\n      --roster roster-5.dsse.json\n\n\
Only entries that judge the same are compared; the rest is listed. Nothing leaves this machine.")]
pub struct CompareArgs {
    /// Signed baselines, of one or several periods.
    #[arg(value_name = "FILE", required_unless_present = "aggregate")]
    pub files: Vec<PathBuf>,
    /// Signed aggregates: how many reach 90 %.
    #[arg(long, value_name = "FILE")]
    pub aggregate: Vec<PathBuf>,
    /// Show where this participant stands among the others.
    #[arg(long, value_name = "ID", conflicts_with = "own")]
    pub me: Option<String>,
    /// Show where a run of your own stands. The page is TLP:AMBER+STRICT then.
    #[arg(long, value_name = "RUN.jsonl")]
    pub own: Option<PathBuf>,
    /// How to show it.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Write it to this file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub accepted: AcceptedArgs,
    #[command(flatten)]
    pub content: ContentArgs,
}

/// Formats of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a person at a terminal; the newest period.
    Table,
    /// The whole comparison, for programs.
    Json,
    /// A row for each cell, for spreadsheets.
    Csv,
    /// GitHub-flavoured Markdown; the newest period.
    Markdown,
    /// A page with a heat map, which prints; the newest period.
    Html,
}

/// Runs the command.
///
/// # Errors
/// When files or arguments are wrong.
pub fn run(args: &CompareArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let received = args
        .accepted
        .receive(&args.files, &args.aggregate, console)?;
    let received = match received {
        Ok(received) => received,
        Err(exit) => return Ok(exit),
    };
    let roster = received.trust.roster();
    let mut comparer = Comparer::default();
    for one in &received.baselines {
        let marks: BTreeSet<Mark> = [(one.stale, Mark::Stale), (one.recovered, Mark::Recovered)]
            .into_iter()
            .filter_map(|(holds, mark)| holds.then_some(mark))
            .collect();
        let baseline = &one.statement.predicate;
        comparer.add(&one.digest, baseline, marks).map_err(said)?;
    }
    for one in &received.aggregates {
        let aggregate = &one.statement.predicate;
        comparer.add_aggregate(aggregate).map_err(said)?;
    }
    let own = match (&args.own, &args.me) {
        (Some(_), _) => {
            let baselines = received.baselines.iter();
            let periods = baselines.map(|one| one.statement.predicate.period.as_str());
            let aggregates = received.aggregates.iter();
            let periods =
                periods.chain(aggregates.map(|one| one.statement.predicate.period.as_str()));
            let period = periods.max().ok_or("there is nothing to compare with")?;
            Some(Own::Run(own_bands(
                args,
                &roster.exchange,
                period,
                console,
            )?))
        }
        (None, Some(me)) => Some(Own::Participant(me.clone())),
        (None, None) => None,
    };
    let withdrawn = |entry: &str| roster.is_entry_withdrawn(entry);
    let comparison = comparer.finish(withdrawn, own.as_ref()).map_err(said)?;
    show(args, &comparison, console)
}

/// Bands of an own run, from exact counts.
fn own_bands(
    args: &CompareArgs,
    exchange: &Exchange,
    period: &str,
    console: &mut Console,
) -> Result<BTreeMap<(String, Kind), Passing>, Trouble> {
    let Some(run) = &args.own else {
        return Ok(BTreeMap::new());
    };
    let period = exchange
        .calendar
        .period(period)
        .ok_or("the period is not in the calendar")?;
    let profile = args.content.resolve_one(&exchange.profile, console)?;
    let program = Program {
        tool: crate::TOOL,
        tables: &crate::TABLES,
    };
    let mut measurement = Measurement::new(exchange, period, &profile, program, None)
        .map_err(said)?
        .at_any_time();
    measure(run, &profile, &mut measurement, console)?;
    let counts = measurement.finish().map_err(said)?;
    let band = |cell: &crate::baseline::count::Counted| {
        let entry = profile.entries.get(cell.entry)?;
        (cell.tally.judged() > 0).then(|| ((entry.digest.clone(), cell.kind), cell.tally.passing()))
    };
    Ok(counts.cells.iter().filter_map(band).collect())
}

fn show(
    args: &CompareArgs,
    comparison: &Comparison,
    console: &mut Console,
) -> Result<Exit, Trouble> {
    let options = TableOptions {
        width: console.width,
        colour: console.colour && args.output.is_none(),
        ascii: console.ascii,
    };
    let mut bytes = Vec::new();
    write(args.format, comparison, options, &mut bytes)
        .map_err(|error| format!("cannot write the result: {error}"))?;
    match &args.output {
        Some(path) => {
            atomic::replace(path, &bytes, Mode::Usual).map_err(said)?;
            console.note(format!("{}: {}", path.display(), comparison.tlp));
        }
        None => console.print(&String::from_utf8_lossy(&bytes))?,
    }
    Ok(Exit::Done)
}

fn write(
    format: Format,
    document: &Comparison,
    options: TableOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Table => comparison::table::write(document, options, out),
        Format::Csv => comparison::csv::write(document, out),
        Format::Markdown => comparison::markdown::write(document, out),
        Format::Html => comparison::html::write(document, out),
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, document)?;
            out.write_all(b"\n")
        }
    }
}

fn said(error: impl std::fmt::Display) -> Trouble {
    error.to_string().into()
}
