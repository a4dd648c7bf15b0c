//! `scrutineer pack`: checks and profiles in one document.

use clap::{Args, Subcommand};
use std::path::PathBuf;

use super::{
    console::Console,
    content,
    exit::{Exit, Trouble},
    pack_build::{self, BuildArgs},
    pack_diff::{self, DiffArgs},
    pack_sign::{self, SignArgs},
    pack_verify::{self, VerifyArgs},
    prose,
};
use crate::content::pack::Opened;

/// Checks, controls, lists and profiles in one document, which an exchange signs and pins
#[derive(Args)]
#[command(
    after_help = "A steward builds a version and looks at what it changes; two sign it; the exchange pins it:\n  \
scrutineer pack build --name north-sea --version 2026.2 \\\n      --exchange exchange.yaml --previous north-sea-2026.1.pack.dsse.json\n  \
scrutineer pack diff north-sea-2026.1.pack.dsse.json \\\n      north-sea-2026.2.pack.json\n  \
scrutineer pack sign north-sea-2026.2.pack.json \\\n      --key a.key   # and so does b, on the .dsse.json\n  \
scrutineer baseline pins --pack north-sea-2026.2.pack.dsse.json\n\n\
Every participant:\n  \
scrutineer pack verify north-sea-2026.2.pack.dsse.json \\\n      --roster roster-5.dsse.json --period 2026H2\n  \
scrutineer scan -i inventory.yaml --pack north-sea-2026.2.pack.dsse.json \\\n      --save run.jsonl"
)]
pub struct PackArgs {
    #[command(subcommand)]
    command: PackCommand,
}

#[derive(Subcommand)]
enum PackCommand {
    Build(Box<BuildArgs>),
    Sign(SignArgs),
    Verify(VerifyArgs),
    Diff(DiffArgs),
    Show(ShowArgs),
}

/// Show what a pack says of itself: names, digests, and what each version changed
#[derive(Args)]
#[command(after_help = "Example:\n  \
scrutineer pack show north-sea-2026.2.pack.dsse.json")]
struct ShowArgs {
    /// The pack, signed or not.
    #[arg(value_name = "PACK")]
    pack: PathBuf,
    /// Print the document itself, as `ssh-keygen -Y sign` takes it.
    #[arg(long)]
    payload: bool,
}

/// Runs the command.
///
/// # Errors
/// When arguments or files are wrong; one clear sentence.
pub fn run(args: &PackArgs, console: &mut Console) -> Result<Exit, Trouble> {
    match &args.command {
        PackCommand::Build(args) => pack_build::run(args, console),
        PackCommand::Sign(args) => pack_sign::run(args, console),
        PackCommand::Verify(args) => pack_verify::run(args, console),
        PackCommand::Diff(args) => pack_diff::run(args, console),
        PackCommand::Show(args) => show(args, console),
    }
}

fn show(args: &ShowArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let opened = content::open_pack(&args.pack, console)?;
    if args.payload {
        let payload = opened
            .pack
            .payload()
            .map_err(|refusal| refusal.to_string())?;
        console.print(&String::from_utf8_lossy(&payload))?;
        return Ok(Exit::Done);
    }
    let content = opened.content().map_err(|faults| console.faults(&faults))?;
    let differs = opened
        .differs(&content)
        .map_err(|faults| console.faults(&faults))?;
    console.print(&about(&opened, console.width.into()))?;
    match differs {
        None => Ok(Exit::Done),
        Some(why) => {
            console.note(why);
            Ok(Exit::GateFailed)
        }
    }
}

fn about(opened: &Opened, width: usize) -> String {
    let pack = &opened.pack;
    let mut out = String::new();
    let mut line = |text: &str| prose::verbatim(&mut out, 0, text);
    line(&format!("{} {}", pack.name, pack.version));
    line(&format!("Content digest   {}", pack.digest));
    line(&format!("File digest      {}", opened.file));
    line(&format!(
        "Exchange         {}{}",
        pack.exchange
            .as_deref()
            .unwrap_or("none: a pack of one's own"),
        if pack.simulated { " (simulated)" } else { "" }
    ));
    line(&format!(
        "Built            {} by {}",
        pack.created, pack.tool
    ));
    for (table, edition) in &pack.tables {
        line(&format!("Table            {table}: {edition}"));
    }
    if let Some(previous) = &pack.previous {
        line(&format!(
            "Version before   {}, file digest {}",
            previous.version, previous.file
        ));
    }
    let files: usize = pack.layers.iter().map(Vec::len).sum();
    line(&format!(
        "Holds            {}, {}, in {}",
        prose::count(pack.checks.len(), "check"),
        prose::count(pack.profiles.len(), "profile"),
        prose::count(files, "file")
    ));
    prose::heading(&mut out, "Profiles");
    for (id, digest) in &pack.profiles {
        prose::verbatim(&mut out, 2, &format!("{digest}  {id}"));
    }
    for release in &pack.log {
        prose::heading(&mut out, &format!("Changes in {}", release.version));
        if release.changes.is_empty() {
            prose::paragraph(&mut out, 2, "none are told", width);
        }
        for change in &release.changes {
            prose::paragraph(&mut out, 2, change, width);
        }
    }
    out
}
