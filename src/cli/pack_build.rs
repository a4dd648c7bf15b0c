//! `scrutineer pack build`: puts checks and profiles into one document.

use clap::Args;
use jiff::Timestamp;
use std::path::{Path, PathBuf};

use super::{
    console::Console,
    content,
    exit::{Exit, Trouble},
    signed,
};
use crate::baseline::{document::payload_digest, pack::MOST_BYTES};
use crate::content::{
    exchange_file,
    layers::Layers,
    pack::{self, Draft},
};
use crate::store::atomic::{self, Mode};

/// Put checks, controls, lists and profiles into one document
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
scrutineer pack build --name mine --version 1 --checks checks \\\n      --profiles profiles\n  \
scrutineer pack build --name mine --version 2 --checks checks \\\n      --profiles profiles --previous mine-1.pack.json\n\n\
Folders go over what is part of the program, as everywhere; with --alone they are all\nthere is. \
Run `checks lint` and `checks test` first: a pack is built from whatever loads.\n\
The same input and --created give the same bytes.")]
pub struct BuildArgs {
    /// Name of the pack, the same for all its versions.
    #[arg(long, value_name = "ID")]
    pub name: String,
    /// Version of the pack, such as 2026.2.
    #[arg(long, value_name = "VERSION")]
    pub version: String,
    /// Add the checks in this folder, in place of embedded ones with the same id. May be repeated.
    #[arg(long, value_name = "DIR")]
    pub checks: Vec<PathBuf>,
    /// Add the profiles in this folder, in place of embedded ones with the same id. May be repeated.
    #[arg(long, value_name = "DIR")]
    pub profiles: Vec<PathBuf>,
    /// Take nothing of what is part of the program.
    #[arg(long, requires = "checks")]
    pub alone: bool,
    /// The file of the exchange that hands it out. Without one it cannot be signed.
    #[arg(long, value_name = "FILE")]
    pub exchange: Option<PathBuf>,
    /// The version before. Its change log goes on, and what differs is told where --changes is not given.
    #[arg(long, value_name = "PACK")]
    pub previous: Option<PathBuf>,
    /// What changed, a line each; list marks and empty lines are left out.
    #[arg(long, value_name = "FILE")]
    pub changes: Option<PathBuf>,
    /// When it is said to be built. Default: now.
    #[arg(long, value_name = "TIME")]
    pub created: Option<Timestamp>,
    /// Write the document here. Default: NAME-VERSION.pack.json
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// When arguments, checks or profiles are wrong, or the file is there already.
pub fn run(args: &BuildArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let exchange = match &args.exchange {
        Some(path) => {
            let exchange = exchange_file::load(path).map_err(|faults| console.faults(&faults))?;
            Some((exchange.id, exchange.simulated))
        }
        None => None,
    };
    let previous = match &args.previous {
        Some(path) => {
            let opened = content::open_pack(path, console)?;
            let content = opened.content().map_err(|faults| console.faults(&faults))?;
            Some((opened, content))
        }
        None => None,
    };
    let layers = Layers::read(!args.alone, &args.checks, &args.profiles)
        .map_err(|faults| console.faults(&faults))?;
    let draft = Draft {
        name: args.name.clone(),
        version: args.version.clone(),
        exchange,
        created: args.created.unwrap_or_else(Timestamp::now),
        program: (crate::TOOL, &crate::TABLES),
        changes: args.changes.as_deref().map(changes).transpose()?,
        previous: previous.as_ref().map(|(opened, content)| (opened, content)),
    };
    let (pack, notes) = pack::build(layers, draft).map_err(|faults| console.faults(&faults))?;
    for note in notes.iter() {
        console.note(note);
    }
    let payload = pack.payload().map_err(|refusal| refusal.to_string())?;
    let path = args.output.clone().unwrap_or_else(|| {
        let name = format!("{}-{}.pack.json", pack.name, pack.version);
        PathBuf::from(name)
    });
    atomic::create(&path, &payload, Mode::Usual).map_err(|error| error.to_string())?;
    console.note(format!(
        "{}: {} checks, {} profiles; not signed",
        path.display(),
        pack.checks.len(),
        pack.profiles.len()
    ));
    console.note(format!("content digest {}", pack.digest));
    console.note(format!("file digest    {}", payload_digest(&payload)));
    Ok(Exit::Done)
}

/// The lines of a change log, without the marks of a Markdown list.
fn changes(path: &Path) -> Result<Vec<String>, Trouble> {
    let text = String::from_utf8(signed::read(path, MOST_BYTES)?)
        .map_err(|_| format!("{}: is not UTF-8", path.display()))?;
    let lines = text.lines().map(|line| {
        let line = line.trim();
        line.strip_prefix("- ")
            .or(line.strip_prefix("* "))
            .unwrap_or(line)
    });
    let lines: Vec<String> = lines
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect();
    match lines.is_empty() {
        true => Err(format!("{}: tells no change", path.display()).into()),
        false => Ok(lines),
    }
}
