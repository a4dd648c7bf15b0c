//! `scrutineer report stix`: what may be shared, for threat intelligence platforms.

use clap::Args;
use std::path::PathBuf;

use super::{
    accepted::{AcceptedArgs, Received},
    console::Console,
    content::ContentArgs,
    exit::{Exit, Trouble},
    signed::NowArgs,
    state::StateArgs,
};
use crate::baseline::share::{self, Gathered};
use crate::report::stix;
use crate::store::{atomic, atomic::Mode};

/// Write what may be shared as a STIX 2.1 bundle: controls with remedies, and standing in bands
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
scrutineer report stix -o controls.json\n  \
scrutineer report stix --aggregate sums.2026H2.dsse.json \\\n      --roster roster-5.dsse.json -o bundle.json\n\n\
Own runs never enter: the bundle holds what accepted documents publish, each object with its marking.")]
pub struct StixArgs {
    /// Signed baselines whose bands may be told.
    #[arg(value_name = "FILE", requires = "roster")]
    pub files: Vec<PathBuf>,
    /// Signed aggregates: how many participants reach 90 %.
    #[arg(long, value_name = "FILE", num_args = 1.., requires = "roster")]
    pub aggregate: Vec<PathBuf>,
    /// The profile whose controls are told. With a roster, it is that of the exchange.
    #[arg(long, value_name = "ID", conflicts_with = "roster")]
    pub profile: Option<String>,
    /// Write it to this file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The roster. May be repeated: versions that were not seen here yet, in order.
    #[arg(long, value_name = "FILE")]
    pub roster: Vec<PathBuf>,
    /// Who reads: your id, as audiences name it. Default: what `roster trust --as` remembered.
    #[arg(long = "as", value_name = "ID", requires = "roster")]
    pub reader: Option<String>,
    #[command(flatten)]
    pub now: NowArgs,
    #[command(flatten)]
    pub state: StateArgs,
    #[command(flatten)]
    pub content: ContentArgs,
}

/// Runs the command.
///
/// # Errors
/// When files or arguments are wrong.
pub fn run(args: &StixArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let accepted = AcceptedArgs {
        roster: args.roster.clone(),
        reader: args.reader.clone(),
        now: args.now,
        state: args.state.clone(),
    };
    let received = match accepted.receive_any(&args.files, &args.aggregate, console)? {
        Ok(received) => received,
        Err(exit) => return Ok(exit),
    };
    let roster = received.as_ref().map(|received| received.trust.roster());
    let id = match (roster, &args.profile) {
        (Some(roster), _) => &roster.exchange.profile,
        (None, Some(profile)) => profile,
        (None, None) => "common-baseline",
    };
    let profile = args.content.resolve_one(id, console)?;
    let gathered = Gathered {
        profile: &profile,
        public: args.content.checks.is_empty()
            && args.content.profiles.is_empty()
            && args.content.pack.is_none(),
        exchange: roster.map(|roster| &roster.exchange),
        baselines: received
            .as_ref()
            .map_or(&[], |one: &Received| &one.baselines),
        aggregates: received
            .as_ref()
            .map_or(&[], |one: &Received| &one.aggregates),
        names: &|id| roster.and_then(|roster| roster.name_of(id)),
        withdrawn: &|entry| roster.is_some_and(|roster| roster.is_entry_withdrawn(entry)),
        now: args.now.now(),
    };
    let shareable = share::share(&gathered).map_err(said)?;
    let mut bytes = Vec::new();
    stix::write(&shareable, &mut bytes)
        .map_err(|error| format!("cannot write the bundle: {error}"))?;
    match &args.output {
        Some(path) => {
            atomic::replace(path, &bytes, Mode::Usual).map_err(said)?;
            console.note(format!("{}: {}", path.display(), stix::label(&shareable)));
        }
        None => console.print(&String::from_utf8_lossy(&bytes))?,
    }
    Ok(Exit::Done)
}

fn said(error: impl std::fmt::Display) -> Trouble {
    error.to_string().into()
}
