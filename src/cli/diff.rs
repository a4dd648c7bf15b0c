//! `scrutineer diff`: what changed between two saved results, with no network.

use clap::{Args, ValueEnum};
use jiff::civil::Date;
use std::path::PathBuf;

use super::{
    console::Console,
    content::ContentArgs,
    exit::{Exit, Trouble},
    saved::{self, Saved},
};
use crate::judge::diff::diff;
use crate::report::{TableOptions, diff as report};

/// Show what changed between two saved results: runs or findings documents, in any mix.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
scrutineer diff october.jsonl november.jsonl\n  \
scrutineer diff findings.json run.jsonl --format markdown\n\n\
Fixed is only what the same check passes now. What vanished because it could not be seen is not.\n\
Exit codes: 0 compared, whatever changed; 2 nothing could be compared. `scrutineer gate\n\
--against` decides.")]
pub struct DiffArgs {
    /// The earlier result.
    #[arg(value_name = "OLD")]
    pub old: PathBuf,
    /// The newer result.
    #[arg(value_name = "NEW")]
    pub new: PathBuf,
    /// Judge runs by this profile. Findings were judged already.
    #[arg(long, value_name = "ID", default_value = "common-baseline")]
    pub profile: String,
    /// The policy date for runs. Default: that of NEW.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub at: Option<Date>,
    /// How to show it.
    #[arg(long, value_enum, default_value_t = DiffFormat::Table)]
    pub format: DiffFormat,
    #[command(flatten)]
    pub content: ContentArgs,
}

/// Output formats of a diff.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    /// For a person at a terminal.
    Table,
    /// The diff document, for programs.
    Json,
    /// For the summary of a CI step, or a ticket.
    Markdown,
}

/// Runs the command.
///
/// # Errors
/// When arguments or files are wrong, or nothing can be compared.
pub fn run(args: &DiffArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let (old, new): (Saved, Saved) = (saved::open(&args.old)?, saved::open(&args.new)?);
    let profile = [args.content.resolve_one(&args.profile, console)?];
    let mut new = new.judged(&profile, args.at, console)?;
    let new = new.pop().ok_or("nothing was judged")?;
    let as_of = args.at.unwrap_or(new.document.dates.as_of);
    let mut old = old.judged(&profile, Some(as_of), console)?;
    let old = old.pop().ok_or("nothing was judged")?;
    let diff = diff(crate::TOOL, &old, &new)?;
    let mut text = Vec::new();
    let options = TableOptions {
        width: console.width,
        colour: console.colour,
        ascii: console.ascii,
    };
    match args.format {
        DiffFormat::Table => report::table(&diff, options, &mut text),
        DiffFormat::Json => report::json(&diff, &mut text),
        DiffFormat::Markdown => report::markdown(&diff, &mut text),
    }
    .map_err(|error| format!("cannot show the result: {error}"))?;
    console.print(&String::from_utf8_lossy(&text))?;
    Ok(Exit::Done)
}
