//! Options about checks and profiles that several commands share.

use clap::Args;
use std::path::{Path, PathBuf};

use super::{console::Console, exit::Trouble, signed};
use crate::baseline::envelope::MOST_BYTES;
use crate::content::{
    Content,
    pack::{self, Opened},
};
use crate::judge::ResolvedProfile;

/// Where checks and profiles come from, besides those in the program.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Checks and profiles")]
pub struct ContentArgs {
    /// Add the checks in this folder, in place of embedded ones with the same id. May be repeated.
    #[arg(long, value_name = "DIR")]
    pub checks: Vec<PathBuf>,
    /// Add the profiles in this folder, in place of embedded ones with the same id. May be repeated.
    #[arg(long, value_name = "DIR")]
    pub profiles: Vec<PathBuf>,
    /// Take all checks and profiles from this pack, and none of those in the program.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["checks", "profiles"])]
    pub pack: Option<PathBuf>,
}

impl ContentArgs {
    /// Loads all checks and profiles, and says what took the place of what.
    ///
    /// # Errors
    /// Everything that is wrong with them, each with its place.
    pub fn load(&self, console: &mut Console) -> Result<Content, Trouble> {
        let content = match &self.pack {
            Some(path) => open_pack(path, console)?
                .exact()
                .map_err(|faults| console.faults(&faults))?,
            None => Content::load(&self.checks, &self.profiles)
                .map_err(|faults| console.faults(&faults))?,
        };
        for note in content.notes.iter() {
            console.note(note);
        }
        Ok(content)
    }

    /// Loads everything and resolves one profile.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its place.
    pub fn resolve_one(&self, id: &str, console: &mut Console) -> Result<ResolvedProfile, Trouble> {
        self.load(console)?
            .resolve(id)
            .map_err(|faults| console.faults(&faults))
    }
}

/// Reads the document of a pack, signed or not. Signatures are not looked at.
///
/// # Errors
/// When the file cannot be read, or is no pack.
pub fn open_pack(path: &Path, console: &Console) -> Result<Opened, Trouble> {
    let bytes = signed::read(path, MOST_BYTES)?;
    pack::open(path, &bytes).map_err(|faults| console.faults(&faults))
}

/// Resolves the profiles that were named, each once.
///
/// # Errors
/// Everything that is wrong with them, and one that is named twice.
pub fn resolve_all(
    content: &Content,
    ids: &[String],
    console: &Console,
) -> Result<Vec<ResolvedProfile>, Trouble> {
    let mut profiles: Vec<ResolvedProfile> = Vec::with_capacity(ids.len());
    for id in ids {
        if profiles.iter().any(|known| known.id == *id) {
            return Err(format!("--profile {id} is given twice").into());
        }
        profiles.push(
            content
                .resolve(id)
                .map_err(|faults| console.faults(&faults))?,
        );
    }
    Ok(profiles)
}
