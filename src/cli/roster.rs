//! `scrutineer roster`: who takes part in an exchange, and what was accepted.

use clap::{Args, Subcommand};

use super::{
    console::Console,
    exit::{Exit, Trouble},
    roster_edit::{self, AcceptArgs, AddArgs, InitArgs, RevokeArgs, WithdrawArgs},
    roster_recipients::{self, RecipientsArgs},
    roster_show::{self, ShowArgs},
    roster_sign::{self, SignArgs},
    roster_trust::{self, TrustArgs},
};

/// Who takes part in an exchange and which documents count: one file, signed by 2 of 3 root keys
#[derive(Args)]
#[command(
    after_help = "A version is drafted by one steward, signed by two, and then handed out:\n  \
scrutineer roster init --exchange exchange.yaml --root a.pub='Office A' \\\n      --root b.pub='Office B' --root c.pub='Office C'\n  \
scrutineer roster add roster-1.dsse.json \\\n      --participant office-a --name 'Office A' --key office-a.pub\n  \
scrutineer roster sign roster-1.dsse.json --key a.key    # so does b\n  \
scrutineer roster show roster-1.dsse.json                # what is missing\n  \
scrutineer roster trust roster-1.dsse.json --fingerprint ...     # once\n  \
scrutineer roster accept roster-1.dsse.json office-a.2026H2.dsse.json\n\n\
`show` prints the root fingerprint, which every reader is told. `accept` drafts roster-2.dsse.json."
)]
pub struct RosterArgs {
    #[command(subcommand)]
    command: RosterCommand,
}

#[derive(Subcommand)]
enum RosterCommand {
    Init(InitArgs),
    Trust(TrustArgs),
    Add(AddArgs),
    Revoke(RevokeArgs),
    Accept(AcceptArgs),
    Withdraw(WithdrawArgs),
    Sign(SignArgs),
    Show(ShowArgs),
    Recipients(RecipientsArgs),
}

/// Runs the command.
///
/// # Errors
/// When arguments or files are wrong; one clear sentence.
pub fn run(args: &RosterArgs, console: &mut Console) -> Result<Exit, Trouble> {
    match &args.command {
        RosterCommand::Init(args) => roster_edit::init(args, console),
        RosterCommand::Trust(args) => roster_trust::run(args, console),
        RosterCommand::Add(args) => roster_edit::add(args, console),
        RosterCommand::Revoke(args) => roster_edit::revoke(args, console),
        RosterCommand::Accept(args) => roster_edit::accept(args, console),
        RosterCommand::Withdraw(args) => roster_edit::withdraw(args, console),
        RosterCommand::Sign(args) => roster_sign::run(args, console),
        RosterCommand::Show(args) => roster_show::run(args, console),
        RosterCommand::Recipients(args) => roster_recipients::run(args, console),
    }
}
