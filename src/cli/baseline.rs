//! `scrutineer baseline`: what allies exchange.

use clap::{Args, Subcommand};

use super::{
    baseline_aggregate::{self, AggregateArgs},
    baseline_compare::{self, CompareArgs},
    baseline_create::{self, CreateArgs},
    baseline_panel::{self, PanelArgs},
    baseline_pins::{self, PinsArgs},
    baseline_relabel::{self, RelabelArgs},
    baseline_sign::{self, SignArgs},
    baseline_verify::{self, VerifyArgs},
    console::Console,
    exit::{Exit, Trouble},
};

/// How participants of an exchange stand, without showing which target fails
#[derive(Args)]
pub struct BaselineArgs {
    #[command(subcommand)]
    command: BaselineCommand,
}

#[derive(Subcommand)]
enum BaselineCommand {
    Panel(PanelArgs),
    Create(Box<CreateArgs>),
    Relabel(RelabelArgs),
    Sign(Box<SignArgs>),
    Verify(VerifyArgs),
    Compare(Box<CompareArgs>),
    Aggregate(Box<AggregateArgs>),
    Pins(PinsArgs),
}

/// Runs the command.
///
/// # Errors
/// When arguments or files are wrong; one clear sentence.
pub fn run(args: &BaselineArgs, console: &mut Console) -> Result<Exit, Trouble> {
    match &args.command {
        BaselineCommand::Sign(args) => baseline_sign::run(args, console),
        BaselineCommand::Verify(args) => baseline_verify::run(args, console),
        BaselineCommand::Compare(args) => baseline_compare::run(args, console),
        BaselineCommand::Aggregate(args) => baseline_aggregate::run(args, console),
        BaselineCommand::Create(args) => baseline_create::run(args, console),
        BaselineCommand::Panel(args) => baseline_panel::run(args, console),
        BaselineCommand::Relabel(args) => baseline_relabel::run(args, console),
        BaselineCommand::Pins(args) => baseline_pins::run(args, console),
    }
}
