//! `scrutineer report period`: the half-yearly and the two-yearly report.

use clap::{Args, ValueEnum};
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{
    accepted::{AcceptedArgs, Received},
    console::Console,
    content::ContentArgs,
    exit::{Exit, Trouble},
    signed::NowArgs,
    state::StateArgs,
};
use crate::baseline::{
    exchange::Exchange,
    names,
    own::{OwnRuns, Span},
    period::{self, AcceptedAggregate, Given, Ground, Known, MOST_PERIODS},
};
use crate::judge::{Observed, ResolvedProfile};
use crate::model::{period::PeriodReport, tlp::Tlp};
use crate::report::{json, period as page};
use crate::scan::facts;
use crate::store::{RunEnd, RunReader, atomic, atomic::Mode};

/// Write the report of one or several periods, for a legislature or a grant giver
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
scrutineer report period --own run.jsonl --period 2026H2 \\\n      --format html -o report.html\n  \
scrutineer report period --aggregate sums.2026H2.dsse.json \\\n      --roster roster-5.dsse.json --period 2026H2\n  \
scrutineer report period --own h1.jsonl h2.jsonl \\\n      --aggregate 2026H*.dsse.json --roster roster-5.dsse.json \\\n      --from 2026H1 --to 2026H2 --format html -o report.html\n\n\
Own figures are exact and TLP:AMBER+STRICT unless you give them a label; others are told through aggregates alone.")]
pub struct PeriodArgs {
    /// Runs of your own, as `scan --save` wrote them. Each counts in the period in which it began.
    #[arg(long, value_name = "RUN.jsonl", num_args = 1.., required_unless_present = "aggregate")]
    pub own: Vec<PathBuf>,
    /// The label of your own figures. Default: that of the runs, TLP:AMBER+STRICT.
    #[arg(long, value_name = "LABEL", value_parser = label, requires = "own", requires = "reason")]
    pub own_label: Option<Tlp>,
    /// Why you give your own figures that label; it stands in the report.
    #[arg(long, value_name = "TEXT", requires = "own_label")]
    pub reason: Option<String>,
    /// Signed aggregates, one for each period: how many participants reach 90 %.
    #[arg(long, value_name = "FILE", num_args = 1.., requires = "roster")]
    pub aggregate: Vec<PathBuf>,
    /// The period, such as 2026H2.
    #[arg(long, value_name = "PERIOD", required_unless_present = "from", conflicts_with_all = ["from", "to"])]
    pub period: Option<String>,
    /// The first of several periods.
    #[arg(long, value_name = "PERIOD", requires = "to")]
    pub from: Option<String>,
    /// The last of several periods.
    #[arg(long, value_name = "PERIOD", requires = "from")]
    pub to: Option<String>,
    /// The profile that your own runs are judged under. With a roster, it is that of the exchange.
    #[arg(long, value_name = "ID", conflicts_with = "roster")]
    pub profile: Option<String>,
    /// How to write it.
    #[arg(long, value_enum, default_value_t = Format::Markdown)]
    pub format: Format,
    /// Write it to this file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The roster. May be repeated: versions that were not seen here yet, in order.
    #[arg(long, value_name = "FILE")]
    pub roster: Vec<PathBuf>,
    /// Who reads: your id, as audiences name it. Default: what `roster trust --as` remembered.
    #[arg(long = "as", value_name = "ID", requires = "roster")]
    pub reader: Option<String>,
    #[command(flatten)]
    pub now: NowArgs,
    #[command(flatten)]
    pub state: StateArgs,
    #[command(flatten)]
    pub content: ContentArgs,
}

/// Formats of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// GitHub-flavoured Markdown.
    Markdown,
    /// A page that prints to a clean PDF, with its label on every sheet.
    Html,
    /// The whole report, for programs.
    Json,
}

/// Reads a label that may be given to own figures.
fn label(text: &str) -> Result<Tlp, String> {
    match Tlp::parse(text) {
        Some(Tlp::Red) => Err("TLP:RED never leaves: make no report of it".to_owned()),
        Some(label) => Ok(label),
        None => Err("is none of TLP:CLEAR, TLP:GREEN, TLP:AMBER and TLP:AMBER+STRICT".to_owned()),
    }
}

/// Runs the command.
///
/// # Errors
/// When files or arguments are wrong.
pub fn run(args: &PeriodArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let accepted = AcceptedArgs {
        roster: args.roster.clone(),
        reader: args.reader.clone(),
        now: args.now,
        state: args.state.clone(),
    };
    let received = match accepted.receive_any(&[], &args.aggregate, console)? {
        Ok(received) => received,
        Err(exit) => return Ok(exit),
    };
    let roster = received.as_ref().map(|received| received.trust.roster());
    let exchange = roster.map(|roster| &roster.exchange);
    let spans = spans(args, exchange)?;
    let id = match (exchange, &args.profile) {
        (Some(exchange), _) => &exchange.profile,
        (None, Some(profile)) => profile,
        (None, None) => "common-baseline",
    };
    let profile = args.content.resolve_one(id, console)?;
    let mut own: Vec<OwnRuns<'_>> = spans
        .iter()
        .map(|span| OwnRuns::new(&profile, span))
        .collect();
    for path in &args.own {
        count(path, &profile, &spans, &mut own, console)?;
    }
    let mut known: Vec<Known<'_>> = spans
        .iter()
        .zip(own)
        .map(|(span, own)| Known {
            span: span.clone(),
            own: own.finish(),
            aggregate: None,
        })
        .collect();
    place(received.as_ref(), &mut known, console)?;
    let ground = Ground {
        profile: &profile,
        exchange,
        names: &|id| roster.and_then(|roster| roster.name_of(id)),
        withdrawn: &|entry| roster.is_some_and(|roster| roster.is_entry_withdrawn(entry)),
        given: args.own_label.zip(args.reason.clone()).map(given),
        tool: crate::TOOL,
    };
    let report = period::report(&ground, &known).map_err(said)?;
    show(args, &report, console)
}

fn given((label, reason): (Tlp, String)) -> Given {
    Given { label, reason }
}

/// The periods of the report: of the calendar of the exchange, or half-years,
/// quarters or years by their names.
fn spans(args: &PeriodArgs, exchange: Option<&Exchange>) -> Result<Vec<Span>, Trouble> {
    let first = args.period.as_ref().or(args.from.as_ref());
    let last = args.period.as_ref().or(args.to.as_ref());
    let (Some(first), Some(last)) = (first, last) else {
        return Err("give --period, or --from and --to".into());
    };
    let ids = match exchange {
        Some(exchange) => {
            let periods = &exchange.calendar.periods;
            let at = |id: &String| {
                let found = periods.iter().position(|period| period.id == *id);
                found.ok_or_else(|| {
                    let known: Vec<&str> = periods.iter().map(|one| one.id.as_str()).collect();
                    format!(
                        "{id:?} is not in the calendar of {}, which has: {}",
                        exchange.id,
                        known.join(", ")
                    )
                })
            };
            let (from, to) = (at(first)?, at(last)?);
            let chosen = periods.iter().take(to + 1).skip(from);
            chosen.map(Span::window).collect()
        }
        None => named(first, last)?,
    };
    match ids.len() {
        0 => Err(format!("{last} is before {first}").into()),
        1..=MOST_PERIODS => Ok(ids),
        _ => Err(format!("a report holds at most {MOST_PERIODS} periods").into()),
    }
}

/// Periods of the same length, one after the other.
fn named(first: &str, last: &str) -> Result<Vec<Span>, Trouble> {
    for id in [first, last] {
        if Span::named(id).is_none() {
            return Err(format!("{id:?} is not a period such as 2026H2").into());
        }
    }
    if first.len() != last.len() || first.as_bytes().get(4) != last.as_bytes().get(4) {
        return Err(format!("{first} and {last} are not of the same length").into());
    }
    let mut spans = Vec::new();
    let mut next = Some(first.to_owned());
    while let Some(id) = next.take() {
        if id.as_str() > last || spans.len() > MOST_PERIODS {
            break;
        }
        next = names::next_period(&id);
        spans.extend(Span::named(&id));
    }
    Ok(spans)
}

/// Counts a run in the period in which it began.
fn count(
    path: &Path,
    profile: &ResolvedProfile,
    spans: &[Span],
    own: &mut [OwnRuns<'_>],
    console: &mut Console,
) -> Result<(), Trouble> {
    let of_run = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let mut reader = RunReader::open(path, &facts::known()).map_err(said)?;
    let header = reader.header().clone();
    let began = header.started_at;
    let number = spans.iter().position(|span| span.holds(began));
    let Some(runs) = number.and_then(|number| own.get_mut(number)) else {
        console.note(format!(
            "{}: left out: it began on {}, in none of these periods",
            path.display(),
            began.strftime("%Y-%m-%d")
        ));
        return Ok(());
    };
    runs.run(&header).map_err(|error| of_run(&error))?;
    let dates = runs.dates();
    while let Some(observation) = reader.next_observation().map_err(said)? {
        if runs.wants(&header, &observation) {
            let result = Observed::from(observation).judge(profile, &dates);
            runs.take(&header, &result.map_err(|error| of_run(&error))?);
        }
    }
    if let Some(RunEnd::Torn { line }) = reader.end() {
        console.note(format!(
            "{}:{line}: is cut off, as when a scan is killed; its target counts as not seen",
            path.display()
        ));
    }
    Ok(())
}

/// Puts each aggregate to its period. One that is of none is told and left out.
fn place<'a>(
    received: Option<&'a Received>,
    known: &mut [Known<'a>],
    console: &mut Console,
) -> Result<(), Trouble> {
    for one in received.iter().flat_map(|received| &received.aggregates) {
        let aggregate = &one.statement.predicate;
        let Some(of_period) = known
            .iter_mut()
            .find(|known| known.span.id == aggregate.period)
        else {
            console.note(format!(
                "the aggregate of {} is left out: it is of none of these periods",
                aggregate.period
            ));
            continue;
        };
        if of_period.aggregate.is_some() {
            return Err(format!("{} has two aggregates: give one", aggregate.period).into());
        }
        of_period.aggregate = Some(AcceptedAggregate {
            payload: &one.digest,
            aggregate,
            stale: one.stale,
            recovered: one.recovered,
        });
    }
    Ok(())
}

fn show(args: &PeriodArgs, report: &PeriodReport, console: &mut Console) -> Result<Exit, Trouble> {
    let mut bytes = Vec::new();
    write(args.format, report, &mut bytes)
        .map_err(|error| format!("cannot write the report: {error}"))?;
    match &args.output {
        Some(path) => {
            atomic::replace(path, &bytes, Mode::Usual).map_err(said)?;
            console.note(format!("{}: {}", path.display(), report.tlp));
        }
        None => console.print(&String::from_utf8_lossy(&bytes))?,
    }
    Ok(Exit::Done)
}

fn write(format: Format, report: &PeriodReport, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Markdown => page::markdown::write(report, out),
        Format::Html => page::html::write(report, out),
        Format::Json => json::write(report, out),
    }
}

fn said(error: impl std::fmt::Display) -> Trouble {
    error.to_string().into()
}
