//! `scrutineer roster recipients`: keys to encrypt a document to.

use clap::Args;
use std::{collections::BTreeSet, path::PathBuf};

use super::{
    console::Console,
    exit::{Exit, Trouble},
    signed::{self, NowArgs, Refused},
    state::StateArgs,
};
use crate::baseline::{
    envelope::{Envelope, MOST_BYTES},
    recipients,
};

/// List the SSH public keys of a document's audience, for `age -R`
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  \
scrutineer roster recipients roster-5.dsse.json \\\n      --for office-a.2026H2.dsse.json > audience.txt\n  \
age -R audience.txt -o office-a.2026H2.dsse.json.age \\\n      office-a.2026H2.dsse.json\n\n\
Keys that ended and keys on security keys are left out: age cannot use the latter.\n\
A document labelled TLP:RED or TLP:AMBER+STRICT has no recipients.")]
pub struct RecipientsArgs {
    /// The roster. May be repeated: versions that were not seen here yet, in order.
    #[arg(value_name = "ROSTER", required = true)]
    pub rosters: Vec<PathBuf>,
    /// The document, signed or not. Its audience and label decide.
    #[arg(long = "for", value_name = "FILE", required = true)]
    pub document: PathBuf,
    #[command(flatten)]
    pub now: NowArgs,
    #[command(flatten)]
    pub state: StateArgs,
}

/// Runs the command.
///
/// # Errors
/// When files or the state cannot be read.
pub fn run(args: &RecipientsArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let now = args.now.now();
    let state = args.state.open()?;
    let old = state.trust()?;
    let trust = match signed::follow(&old, &args.rosters, now)? {
        Ok(trust) => trust,
        Err(refused) => return Ok(refused.tell(console)),
    };
    let bytes = signed::read(&args.document, MOST_BYTES)?;
    let payload = Envelope::read(&bytes).map_or(bytes, |envelope| envelope.payload);
    let found = match recipients::of(&payload, trust.roster(), now) {
        Ok(found) => found,
        Err(refusal) => return Ok(Refused::new(&args.document, refusal).tell(console)),
    };
    for id in &found.without {
        console.note(format!("{id}: has no key that age can encrypt to"));
    }
    let lines: BTreeSet<String> = found.keys.into_iter().collect();
    let text: String = lines.into_iter().map(|line| line + "\n").collect();
    console.print(&text)?;
    let mut new = old.clone();
    new.remember(&trust, None, []);
    signed::keep(&state, &old, &new)?;
    Ok(Exit::Done)
}
