//! `profiles diff A B`: where two profiles differ, and where no configuration satisfies both.

use clap::{Args, ValueEnum};
use jiff::civil::Date;

use super::{
    console::Console,
    content::ContentArgs,
    exit::{Exit, Trouble},
};
use crate::judge::difference;
use crate::report::{self, TableOptions};

#[derive(Args)]
#[command(after_help = "Example:\n  \
scrutineer profiles diff de-bsi-tr-03116-4 nl-ncsc-tls-2025-05")]
pub struct DiffArgs {
    /// Id of the one profile
    one: String,
    /// Id of the other profile
    other: String,
    /// Compare only what applies on this day. Default: everything, with its dates
    #[arg(long, value_name = "YYYY-MM-DD")]
    at: Option<Date>,
    /// How to show the result
    #[arg(long, value_enum, default_value_t = DiffFormat::Table)]
    format: DiffFormat,
    #[command(flatten)]
    content: ContentArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DiffFormat {
    /// For a person at a terminal.
    Table,
    /// The difference document, for programs.
    Json,
}

/// Runs the command.
///
/// # Errors
/// Profiles that cannot be loaded or resolved, and ids that do not exist.
pub fn run(args: &DiffArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let content = args.content.load(console)?;
    let resolve = |id: &str, console: &Console| {
        content
            .resolve(id)
            .map_err(|faults| console.faults(&faults))
    };
    let (one, other) = (resolve(&args.one, console)?, resolve(&args.other, console)?);
    let points = content
        .points(&[&one, &other], args.at)
        .map_err(|faults| console.faults(&faults))?;
    let difference = difference(&one, &other, &content.crosswalk(), args.at, points);
    let options = TableOptions {
        width: console.width,
        colour: console.colour,
        ascii: console.ascii,
    };
    let mut bytes = Vec::new();
    match args.format {
        DiffFormat::Table => report::difference::write(&difference, options, &mut bytes),
        DiffFormat::Json => report::json::write(&difference, &mut bytes),
    }
    .map_err(|error| format!("cannot write the result: {error}"))?;
    console.print(&String::from_utf8_lossy(&bytes))?;
    Ok(Exit::Done)
}
