//! `scrutineer baseline`: what allies exchange.

use clap::{Args, Subcommand};

use super::{
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
    Sign(Box<SignArgs>),
    Verify(VerifyArgs),
}

/// Runs the command.
///
/// # Errors
/// When arguments or files are wrong; one clear sentence.
pub fn run(args: &BaselineArgs, console: &mut Console) -> Result<Exit, Trouble> {
    match &args.command {
        BaselineCommand::Sign(args) => baseline_sign::run(args, console),
        BaselineCommand::Verify(args) => baseline_verify::run(args, console),
    }
}
