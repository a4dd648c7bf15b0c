//! `scrutineer roster sign`: adds a signature to a draft.

use clap::Args;
use std::path::PathBuf;

use super::{
    console::Console,
    exit::{Exit, Trouble},
    roster_show,
    signed::{self, Refused},
    signing::SignerArgs,
    state::StateArgs,
};
use crate::baseline::{exchange::DEMO, kind::DocumentKind, refusal::Refusal, roster::Roster};
use crate::store::atomic::{self, Mode};

/// Add a signature to a draft. Read `roster show` first: you answer for what it says
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
scrutineer roster sign roster-2.dsse.json --key root-a.key\n\n\
With a security key:\n  \
scrutineer roster show roster-2.dsse.json --payload > roster-2.json\n  \
ssh-keygen -Y sign -n scrutineer-roster@v1 -f id_ed25519_sk roster-2.json\n  \
scrutineer roster sign roster-2.dsse.json --ssh-signature roster-2.json.sig")]
pub struct SignArgs {
    /// The roster.
    #[arg(value_name = "ROSTER")]
    pub roster: PathBuf,
    #[command(flatten)]
    pub signer: SignerArgs,
    #[command(flatten)]
    pub state: StateArgs,
}

/// Runs the command.
///
/// # Errors
/// When files or keys cannot be used.
pub fn run(args: &SignArgs, console: &mut Console) -> Result<Exit, Trouble> {
    match sign(args, console)? {
        Ok(()) => Ok(Exit::Done),
        Err(refusal) => Ok(Refused::new(&args.roster, refusal).tell(console)),
    }
}

fn sign(args: &SignArgs, console: &mut Console) -> Result<Result<(), Refusal>, Trouble> {
    let envelope = signed::envelope(&args.roster, None, DocumentKind::Roster)?;
    let read = envelope.and_then(|envelope| {
        let roster = Roster::read(&envelope.payload)?;
        Ok((envelope, roster))
    });
    let (mut envelope, roster) = match read {
        Ok(read) => read,
        Err(refusal) => return Ok(Err(refusal)),
    };
    // A steward never signs two rosters with one version, nor an older one.
    let before = args
        .state
        .open()?
        .trust()?
        .trusted(&roster.exchange.id)
        .ok();
    if let Some(before) = &before
        && before.payload() != envelope.payload
    {
        let (seen, found) = (before.roster().version, roster.version);
        if found < seen {
            return Ok(Err(Refusal::Rollback { seen, found }));
        }
        if found == seen {
            return Ok(Err(Refusal::Fork(found)));
        }
    }
    let rehearsal = roster.exchange.id == DEMO;
    let signed = args
        .signer
        .add(&mut envelope, DocumentKind::Roster, rehearsal)?;
    if let Err(refusal) = signed {
        return Ok(Err(refusal));
    }
    let bytes = envelope.write().map_err(|refusal| refusal.to_string())?;
    atomic::replace(&args.roster, &bytes, Mode::Usual).map_err(|error| error.to_string())?;
    for line in roster_show::signatures(&envelope, &roster, before.as_ref()) {
        console.note(line);
    }
    Ok(Ok(()))
}
