//! `scrutineer judge`: judges a saved run, with no network.

use clap::Args;
use std::path::PathBuf;

use super::{
    console::Console,
    content::ContentArgs,
    exit::{Exit, Trouble},
    result::ResultArgs,
};
use crate::judge::{Dates, Observed, ResolvedProfile, Standing};
use crate::scan::facts;
use crate::store::{RunEnd, RunReader};

/// Judge a saved run again: under other profiles, or as of another day. Nothing is sent.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
scrutineer judge run.jsonl\n  \
scrutineer judge run.jsonl --profile de-bsi-tr-03116-4 --profile nl-ncsc-tls-2025-05\n  \
scrutineer judge run.jsonl --at 2027-01-01 --format json -o findings.json\n\n\
The same run, checks and date give the same bytes.")]
pub struct JudgeArgs {
    /// The run, as `scan --save` wrote it.
    #[arg(value_name = "RUN.jsonl")]
    pub run: PathBuf,
    /// Judge by this profile. May be repeated: one section each, in that order.
    #[arg(long = "profile", value_name = "ID", default_value = "common-baseline")]
    pub profile: Vec<String>,
    #[command(flatten)]
    pub result: ResultArgs,
    #[command(flatten)]
    pub content: ContentArgs,
}

/// Runs the command.
///
/// # Errors
/// When arguments, checks, profiles or the run are wrong, or a check has a defect.
pub fn run(args: &JudgeArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let format = args.result.format;
    if args.profile.len() > 1 && !format.takes_several() {
        return Err(format!(
            "--format {} writes one document: give one --profile at a time",
            format.name()
        )
        .into());
    }
    let profiles = resolve(args, console)?;
    let mut reader = RunReader::open(&args.run, &facts::known()).map_err(said)?;
    let header = reader.header().clone();
    let dates = Dates {
        as_of: args.result.as_of(&header),
    };
    let mut standings: Vec<Standing<'_>> = profiles
        .iter()
        .map(|profile| Standing::new(profile, &header, dates.as_of))
        .collect();
    while let Some(observation) = reader.next_observation().map_err(said)? {
        let observed = Observed::from(observation);
        for (profile, standing) in profiles.iter().zip(&mut standings) {
            standing.add(observed.judge(profile, &dates).map_err(said)?);
        }
    }
    if let Some(RunEnd::Torn { line }) = reader.end() {
        console.note(format!(
            "{}:{line}: is cut off, as when a scan is killed; its target counts as not reached",
            args.run.display()
        ));
    }
    let fail_on = args.result.fail_on.into();
    let documents: Vec<_> = standings
        .into_iter()
        .map(|standing| standing.finish(fail_on))
        .collect();
    args.result.write(&documents, console)
}

fn resolve(args: &JudgeArgs, console: &mut Console) -> Result<Vec<ResolvedProfile>, Trouble> {
    let content = args.content.load(console)?;
    let mut profiles: Vec<ResolvedProfile> = Vec::with_capacity(args.profile.len());
    for id in &args.profile {
        if profiles.iter().any(|known| known.id == *id) {
            return Err(format!("--profile {id} is given twice").into());
        }
        profiles.push(
            content
                .resolve(id)
                .map_err(|faults| console.faults(&faults))?,
        );
    }
    Ok(profiles)
}

fn said(error: impl std::fmt::Display) -> Trouble {
    error.to_string().into()
}
