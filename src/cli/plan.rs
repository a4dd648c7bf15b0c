//! `scrutineer plan`: what to change, in which order.

use clap::{Args, ValueEnum};
use jiff::civil::Date;
use std::{io::Write, path::PathBuf};

use super::{
    console::Console,
    content::{ContentArgs, resolve_all},
    exit::{Exit, Trouble},
    gating::GateArgs,
    result::{self, SeverityArg},
    saved,
};
use crate::content::{Content, examples};
use crate::judge::ResolvedProfile;
use crate::model::{finding::Findings, plan::Plan};
use crate::plan::{Catalogue, Judged, Sources};
use crate::report::{self, table::TableOptions};
use crate::scan::facts;
use crate::store::RunReader;

/// Say what to change, in which order, to meet one or several profiles. Nothing is sent.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
scrutineer plan run.jsonl\n  \
scrutineer plan run.jsonl --profile de-bsi-tr-03116-4 \\\n      --profile nl-ncsc-tls-2025-05\n  \
scrutineer plan run.jsonl --format markdown -o plan.md\n\n\
Scan again after each change: what could not be judged before may turn up then.\n\
Exit codes: 0 the plan was written, whatever it says; 2 wrong usage or input.")]
pub struct PlanArgs {
    /// The run, as `scan --save` wrote it.
    #[arg(value_name = "RUN.jsonl")]
    pub run: PathBuf,
    /// Meet this profile. May be repeated: one plan that meets all of them.
    #[arg(long = "profile", value_name = "ID", default_value = "common-baseline")]
    pub profile: Vec<String>,
    /// The policy date: which requirements apply. Default: the day of the scan.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub at: Option<Date>,
    /// How to show the plan.
    #[arg(long, value_enum, default_value_t = PlanFormat::Table)]
    pub format: PlanFormat,
    /// Write the plan to this file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Waivers: findings that somebody accepts until a day. They are listed apart, not planned.
    #[arg(long, value_name = "FILE")]
    pub waivers: Option<PathBuf>,
    /// The day on which waivers hold or not. Default: today, in UTC.
    #[arg(long, value_name = "YYYY-MM-DD", requires = "waivers")]
    pub gate_date: Option<Date>,
    #[command(flatten)]
    pub content: ContentArgs,
}

/// Output formats of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// For a person at a terminal.
    Table,
    /// The plan document, for programs.
    Json,
    /// A page for a ticket or the summary of a CI step.
    Markdown,
}

/// Runs the command.
///
/// # Errors
/// When arguments, checks, profiles or the run are wrong, or a check has a defect.
pub fn run(args: &PlanArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let content = args.content.load(console)?;
    let profiles = resolve_all(&content, &args.profile, console)?;
    let documents = judge(args, &content, &profiles, console)?;
    let judged: Vec<Judged<'_>> = profiles
        .iter()
        .zip(&documents)
        .map(|(profile, findings)| Judged { profile, findings })
        .collect();
    let catalogue = Catalogue::new(
        content.checks.values().map(|loaded| loaded.check.clone()),
        content.changes.iter().map(|loaded| loaded.change.clone()),
    );
    let as_of = documents.first().map(|findings| findings.dates.as_of);
    let points = content
        .points(&Vec::from_iter(&profiles), as_of)
        .map_err(|faults| console.faults(&faults))?;
    let sources = Sources {
        catalogue: &catalogue,
        points: &points,
        samples: &|check| {
            let examples = check.examples.iter();
            examples
                .map(|example| examples::observation(&example.given))
                .collect()
        },
    };
    let plan = crate::plan::plan(&judged, sources).ok_or("a plan needs a --profile")?;
    write(args, &plan, console)
}

fn judge(
    args: &PlanArgs,
    content: &Content,
    profiles: &[ResolvedProfile],
    console: &mut Console,
) -> Result<Vec<Findings>, Trouble> {
    // The gate of a plan overlooks nothing but what is waived.
    let gate = GateArgs {
        fail_on: SeverityArg::Info,
        against: None,
        soft: Vec::new(),
        waivers: args.waivers.clone(),
        gate_date: args.gate_date,
    };
    let rules = gate.rules(content, None, console)?;
    let reader = RunReader::open(&args.run, &facts::known()).map_err(|error| error.to_string())?;
    let as_of = args.at.unwrap_or_else(|| result::day_of(reader.header()));
    let watch = &mut |_: usize, _: &_| {};
    let mut documents = saved::judge_run(&args.run, reader, profiles, as_of, watch, console)?;
    for document in &mut documents {
        rules.apply(document, None)?;
    }
    Ok(documents)
}

fn write(args: &PlanArgs, plan: &Plan, console: &mut Console) -> Result<Exit, Trouble> {
    let options = TableOptions {
        width: console.width,
        colour: console.colour && args.output.is_none(),
        ascii: console.ascii,
    };
    let to = |out: &mut dyn Write| {
        match args.format {
            PlanFormat::Table => report::plan_table::write(plan, options, out)?,
            PlanFormat::Json => report::json::write(plan, out)?,
            PlanFormat::Markdown => report::plan_markdown::write(plan, out)?,
        }
        out.flush()
    };
    match &args.output {
        Some(path) => result::replace(path, to)
            .map_err(|error| format!("{}: cannot write the plan: {error}", path.display()))?,
        None => match to(&mut console.out) {
            // Nobody reads on.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
            outcome => outcome.map_err(|error| format!("cannot write the plan: {error}"))?,
        },
    }
    Ok(Exit::Done)
}
