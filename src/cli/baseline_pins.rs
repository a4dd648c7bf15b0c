//! `scrutineer baseline pins`: what the file of an exchange pins for a period.

use clap::Args;

use super::{
    console::Console,
    content::ContentArgs,
    exit::{Exit, Trouble},
};
use crate::baseline::names;

/// Print what an exchange pins for a period: this program with these checks and this profile
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  \
scrutineer baseline pins --profile common-baseline")]
pub struct PinsArgs {
    /// The profile of the exchange.
    #[arg(long, value_name = "ID", default_value = "common-baseline")]
    pub profile: String,
    #[command(flatten)]
    pub content: ContentArgs,
}

/// Runs the command.
///
/// # Errors
/// When checks or the profile are wrong.
pub fn run(args: &PinsArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let profile = args.content.resolve_one(&args.profile, console)?;
    let (major, minor, patch) = names::version(crate::TOOL).ok_or("this is no released version")?;
    let tables: String = crate::TABLES
        .iter()
        .map(|(name, edition)| format!("        {name}: \"{edition}\"\n"))
        .collect();
    console.print(&format!(
        "    pins:\n      pack: \"{}\"\n      profile: \"{}\"\n      tables:\n{tables}      least_tool: {major}.{minor}.{patch}\n",
        profile.pack.digest, profile.digest
    ))?;
    Ok(Exit::Done)
}
