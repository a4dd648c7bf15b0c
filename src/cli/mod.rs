//! The command line: one file a subcommand, no logic of its own.

mod accepted;
mod baseline;
mod baseline_aggregate;
mod baseline_compare;
mod baseline_create;
mod baseline_panel;
mod baseline_pins;
mod baseline_relabel;
mod baseline_sign;
mod baseline_verify;
mod checks;
pub mod console;
mod content;
mod coverage;
mod demo;
mod demo_exchange;
mod demo_script;
mod diff;
mod dns;
mod dns_view;
mod doctor;
pub mod exit;
mod explain;
mod gate;
mod gating;
mod generate;
mod import;
mod judge;
mod keys;
mod mail;
mod mail_text;
mod network;
mod pack;
mod pack_build;
mod pack_diff;
mod pack_sign;
mod pack_verify;
mod plan;
mod profile_diff;
mod profiles;
mod progress;
mod prose;
mod report;
mod report_period;
mod report_stix;
mod result;
mod roster;
mod roster_edit;
mod roster_recipients;
mod roster_show;
mod roster_sign;
mod roster_trust;
mod run_header;
mod saved;
mod scan;
pub mod schema;
mod secrets;
mod signed;
mod signing;
mod single;
mod state;
mod tls;
mod tls_clients;
mod tls_table;
mod web;
mod web_pin;
mod web_text;

use clap::{Parser, Subcommand};
use std::{ffi::OsString, process::ExitCode};

use console::Console;
use exit::{Exit, Trouble};

/// Scans election websites, registration portals, DNS, TLS and mail, and says
/// what is wrong, how sure it is, and what to type to mend it.
#[derive(Parser)]
#[command(name = "scrutineer", version, about, long_about = None, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 gate passed, 1 gate failed, 2 wrong usage or input, 3 not enough could be observed.\n\
Begin with `scrutineer demo`, which needs no network. Scan only what you answer for."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Scan(Box<scan::ScanArgs>),
    Tls(Box<tls::TlsArgs>),
    Dns(Box<dns::DnsArgs>),
    Mail(Box<mail::MailArgs>),
    Web(Box<web::WebArgs>),
    Import(import::ImportArgs),
    Judge(Box<judge::JudgeArgs>),
    Gate(Box<gate::GateCommand>),
    Plan(Box<plan::PlanArgs>),
    Diff(diff::DiffArgs),
    Checks(checks::ChecksArgs),
    Profiles(profiles::ProfilesArgs),
    Baseline(baseline::BaselineArgs),
    Roster(roster::RosterArgs),
    Keys(keys::KeysArgs),
    Pack(pack::PackArgs),
    Report(report::ReportArgs),
    Explain(explain::ExplainArgs),
    Schema(schema::SchemaArgs),
    Doctor(doctor::DoctorArgs),
    Demo(demo::DemoArgs),
    #[command(hide = true)]
    Generate(generate::GenerateArgs),
}

/// Runs the program and returns its exit code.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let wrong = error.use_stderr();
            // A broken pipe leaves nobody to tell.
            let _ = error.print();
            return if wrong { Exit::Wrong } else { Exit::Done }.into();
        }
    };
    let mut console = Console::of_process();
    let outcome = run(cli.command, &mut console);
    let exit = outcome.unwrap_or_else(|trouble| console.trouble(trouble));
    console.finish(exit).into()
}

fn run(command: Command, console: &mut Console) -> Result<Exit, Trouble> {
    match command {
        Command::Scan(args) => scan::run(&args, console),
        Command::Tls(args) => tls::run(&args, console),
        Command::Dns(args) => dns::run(&args, console),
        Command::Mail(args) => mail::run(&args, console),
        Command::Web(args) => web::run(&args, console),
        Command::Import(args) => import::run(&args, console),
        Command::Judge(args) => judge::run(&args, console),
        Command::Gate(args) => gate::run(&args, console),
        Command::Plan(args) => plan::run(&args, console),
        Command::Diff(args) => diff::run(&args, console),
        Command::Checks(args) => checks::run(&args, console),
        Command::Profiles(args) => profiles::run(&args, console),
        Command::Baseline(args) => baseline::run(&args, console),
        Command::Roster(args) => roster::run(&args, console),
        Command::Keys(args) => keys::run(&args, console),
        Command::Pack(args) => pack::run(&args, console),
        Command::Report(args) => report::run(&args, console),
        Command::Explain(args) => explain::run(&args, console),
        Command::Schema(args) => schema::run(&args, console),
        Command::Doctor(args) => doctor::run(&args, console),
        Command::Generate(args) => generate::run(&args, console),
        Command::Demo(args) => demo::run(&args, console),
    }
}

/// Runs a command as if it had been typed, and returns what it printed.
///
/// # Errors
/// What it said, unless it ends with 0.
fn typed(words: &[OsString]) -> Result<String, Trouble> {
    let program = OsString::from("scrutineer");
    let cli = Cli::try_parse_from([&program].into_iter().chain(words))
        .map_err(|error| error.to_string())?;
    let (mut console, captured) = Console::captured();
    match run(cli.command, &mut console)? {
        Exit::Done => Ok(captured.out()),
        _ => Err(Trouble::Plain(captured.err())),
    }
}
