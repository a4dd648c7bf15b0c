//! `scrutineer judge`: judges a saved run, with no network.

use clap::Args;
use std::path::PathBuf;

use super::{
    console::Console,
    content::{ContentArgs, resolve_all},
    exit::{Exit, Trouble},
    gating::GateArgs,
    result::{Format, ResultArgs},
    saved,
};
use crate::judge::{Tally, matrix};
use crate::scan::facts;
use crate::store::RunReader;

/// Judge a saved run again: under other profiles, or as of another day. Nothing is sent.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
scrutineer judge run.jsonl\n  \
scrutineer judge run.jsonl --profile de-bsi-tr-03116-4 \\\n      --profile nl-ncsc-tls-2025-05\n  \
scrutineer judge run.jsonl --at 2027-01-01 --format json -o findings.json\n\n\
The same run, checks and date give the same bytes.")]
pub struct JudgeArgs {
    /// The run, as `scan --save` wrote it.
    #[arg(value_name = "RUN.jsonl")]
    pub run: PathBuf,
    /// Judge by this profile. May be repeated: then all of them stand side by side, in that order.
    #[arg(long = "profile", value_name = "ID", default_value = "common-baseline")]
    pub profile: Vec<String>,
    /// With several profiles: print the findings of each below the matrix.
    #[arg(long)]
    pub details: bool,
    #[command(flatten)]
    pub result: ResultArgs,
    #[command(flatten)]
    pub gate: GateArgs,
    #[command(flatten)]
    pub content: ContentArgs,
}

/// Runs the command.
///
/// # Errors
/// When arguments, checks, profiles or the run are wrong, or a check has a defect.
pub fn run(args: &JudgeArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let format = args.result.format;
    let several = args.profile.len() > 1;
    if several && format != Format::Json && !format.takes_several() {
        return Err(format!(
            "--format {} writes one document: give one --profile at a time",
            format.name()
        )
        .into());
    }
    if args.details && format != Format::Table {
        return Err("--details adds to the table: leave it out, or leave out --format".into());
    }
    let content = args.content.load(console)?;
    let rules = args.gate.rules(&content, None, console)?;
    let profiles = resolve_all(&content, &args.profile, console)?;
    let reader = RunReader::open(&args.run, &facts::known()).map_err(said)?;
    let header = reader.header().clone();
    let as_of = args.result.as_of(&header);
    let crosswalk = content.crosswalk();
    let mut tallies: Vec<Tally<'_>> = profiles
        .iter()
        .map(|profile| Tally::new(profile, &crosswalk, as_of))
        .collect();
    let watch = &mut |number: usize, result: &_| {
        if let Some(tally) = tallies.get_mut(number) {
            tally.add(result);
        }
    };
    let mut documents = saved::judge_run(&args.run, reader, &profiles, as_of, watch, console)?;
    let earlier = args.gate.earlier(&profiles, as_of, console)?;
    for (number, document) in documents.iter_mut().enumerate() {
        rules.apply(document, earlier.get(number))?;
    }
    if !several || !matches!(format, Format::Table | Format::Json) {
        return args.result.write(&documents, console);
    }
    let points = content
        .points(&Vec::from_iter(&profiles), Some(as_of))
        .map_err(|faults| console.faults(&faults))?;
    let side_by_side = tallies.into_iter().zip(&documents).collect();
    let matrix = matrix(&header, side_by_side, points).ok_or("give a --profile")?;
    let details = args.details;
    args.result
        .write_matrix(&matrix, &documents, details, console)
}

fn said(error: impl std::fmt::Display) -> Trouble {
    error.to_string().into()
}
