//! `scrutineer gate`: decides over a saved result, with no network.

use clap::Args;
use jiff::civil::Date;
use std::path::PathBuf;

use super::{
    console::Console,
    content::ContentArgs,
    exit::{Exit, Trouble},
    gating::GateArgs,
    result::exit_of,
    saved,
};
use crate::judge::gate::decisive;
use crate::report;

/// Decide over a saved result: a findings document or a run. Prints a line for each reason.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
scrutineer gate findings.json --fail-on high\n  \
scrutineer gate run.jsonl --against last-week.jsonl --waivers waivers.yaml\n\n\
Exit codes: 0 passed, 1 failed, 2 wrong usage or input, 3 not enough was observed.\n\
Waivers, soft checks and earlier results that an earlier command took in do not count:\n\
give them again.")]
pub struct GateCommand {
    /// A findings document (`--format json`) or a run (`scan --save`).
    #[arg(value_name = "FINDINGS.json|RUN.jsonl")]
    pub result: PathBuf,
    /// Judge a run by this profile. Findings were judged already.
    #[arg(long, value_name = "ID", default_value = "common-baseline")]
    pub profile: String,
    /// The policy date for a run. Default: the day of the scan.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub at: Option<Date>,
    #[command(flatten)]
    pub gate: GateArgs,
    #[command(flatten)]
    pub content: ContentArgs,
}

/// Runs the command.
///
/// # Errors
/// When arguments or any of the files are wrong.
pub fn run(args: &GateCommand, console: &mut Console) -> Result<Exit, Trouble> {
    let content = args.content.load(console)?;
    let profile = [content
        .resolve(&args.profile)
        .map_err(|faults| console.faults(&faults))?];
    let saved = saved::open(&args.result)?;
    let mut documents = saved.judged(&profile, args.at, console)?;
    let mut document = documents.pop().ok_or("nothing was judged")?.document;
    let rules = args.gate.rules(&content, Some(&document), console)?;
    let mut earlier = args.gate.earlier(&profile, document.dates.as_of, console)?;
    rules.apply(&mut document, earlier.pop().as_ref())?;
    let (fails, open) = decisive(&document);
    console.print(&report::gate::lines(&document, &fails, &open))?;
    Ok(exit_of(&document))
}
