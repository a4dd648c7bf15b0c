//! `scrutineer report`: for those who read and do not scan.

use clap::{Args, Subcommand};

use super::{
    console::Console,
    exit::{Exit, Trouble},
    report_period::{self, PeriodArgs},
    report_stix::{self, StixArgs},
};

/// Reports for legislatures, grant givers and threat intelligence platforms
#[derive(Args)]
pub struct ReportArgs {
    #[command(subcommand)]
    command: ReportCommand,
}

#[derive(Subcommand)]
enum ReportCommand {
    Period(Box<PeriodArgs>),
    Stix(Box<StixArgs>),
}

/// Runs the command.
///
/// # Errors
/// When arguments or files are wrong; one clear sentence.
pub fn run(args: &ReportArgs, console: &mut Console) -> Result<Exit, Trouble> {
    match &args.command {
        ReportCommand::Period(args) => report_period::run(args, console),
        ReportCommand::Stix(args) => report_stix::run(args, console),
    }
}
