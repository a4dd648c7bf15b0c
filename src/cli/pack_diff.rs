//! `scrutineer pack diff`: what a version of a pack changes.

use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

use super::{
    console::Console,
    content,
    exit::{Exit, Trouble},
};
use crate::content::{Content, pack::Opened, pack_diff::difference};
use crate::report::{TableOptions, pack_diff as report};

/// Show what differs between two packs: what is judged, what is only said, and which lines of a
/// baseline start anew
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  \
scrutineer pack diff mine-1.pack.json mine-2.pack.json --format markdown")]
pub struct DiffArgs {
    /// The earlier pack, signed or not.
    #[arg(value_name = "OLD")]
    pub old: PathBuf,
    /// The newer pack.
    #[arg(value_name = "NEW")]
    pub new: PathBuf,
    /// How to show it.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
}

/// Output formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a person at a terminal.
    Table,
    /// The document, for programs.
    Json,
    /// For a ticket or a letter to participants.
    Markdown,
}

/// Runs the command.
///
/// # Errors
/// When a file is no pack, or does not load.
pub fn run(args: &DiffArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let (old, before) = load(&args.old, console)?;
    let (new, now) = load(&args.new, console)?;
    let difference = difference((&old.pack, &before), (&new.pack, &now))
        .map_err(|faults| console.faults(&faults))?;
    let options = TableOptions {
        width: console.width,
        colour: console.colour,
        ascii: console.ascii,
    };
    let mut text = Vec::new();
    match args.format {
        Format::Table => report::table(&difference, options, &mut text),
        Format::Json => report::json(&difference, &mut text),
        Format::Markdown => report::markdown(&difference, &mut text),
    }
    .map_err(|error| format!("cannot show the result: {error}"))?;
    console.print(&String::from_utf8_lossy(&text))?;
    Ok(Exit::Done)
}

/// Digests are computed by this program, so that two packs of different releases compare.
fn load(path: &Path, console: &mut Console) -> Result<(Opened, Content), Trouble> {
    let opened = content::open_pack(path, console)?;
    let content = opened.content().map_err(|faults| console.faults(&faults))?;
    Ok((opened, content))
}
