//! `scrutineer pack verify`: holds a pack against the roster of its exchange.

use clap::Args;
use std::path::PathBuf;

use super::{
    console::Console,
    exit::{Exit, Trouble},
    signed::{self, NowArgs, Refused},
    state::StateArgs,
};
use crate::baseline::{kind::DocumentKind, pack, refusal::Refusal};
use crate::content::pack::Opened;

/// Verify a pack: 2 of the 3 root keys signed it, it holds what it says, and a period pins it
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
scrutineer pack verify north-sea-2026.2.pack.dsse.json \\\n      --roster roster-5.dsse.json\n  \
scrutineer pack verify north-sea-2026.2.pack.dsse.json \\\n      --roster roster-5.dsse.json --period 2026H2\n\n\
Exit 1 means that it is refused, or that the period pins another. The roster must be trusted first:\n\
`scrutineer roster trust`.")]
pub struct VerifyArgs {
    /// The signed pack.
    #[arg(value_name = "PACK")]
    pub pack: PathBuf,
    /// The roster. May be repeated: versions that were not seen here yet, in order.
    #[arg(long, value_name = "FILE", required = true)]
    pub roster: Vec<PathBuf>,
    /// Refuse it unless this period pins it.
    #[arg(long, value_name = "PERIOD")]
    pub period: Option<String>,
    #[command(flatten)]
    pub now: NowArgs,
    #[command(flatten)]
    pub state: StateArgs,
}

/// Runs the command.
///
/// # Errors
/// When files or the state cannot be read or written, or the pack does not hold what it says.
pub fn run(args: &VerifyArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let now = args.now.now();
    let state = args.state.open()?;
    let old = state.trust()?;
    let trust = match signed::follow(&old, &args.roster, now)? {
        Ok(trust) => trust,
        Err(refused) => return Ok(refused.tell(console)),
    };
    let roster = trust.roster();
    let seen = old.seen(&roster.exchange.id);
    let envelope = signed::envelope(&args.pack, None, DocumentKind::Pack)?;
    let verified = envelope.and_then(|envelope| {
        let signed = pack::verify(&envelope, roster, now, &seen)?;
        if let Some(id) = &args.period {
            let period = roster.exchange.calendar.period(id);
            let period = period.ok_or_else(|| Refusal::NoSuchPeriod(id.clone()))?;
            signed.pack.is_pinned(period, roster)?;
        }
        Ok(signed)
    });
    let signed = match verified {
        Ok(signed) => signed,
        Err(refusal) => return Ok(Refused::new(&args.pack, refusal).tell(console)),
    };
    // Nothing of the files is read before the stewards' signatures hold.
    let opened = Opened {
        pack: signed.pack.clone(),
        file: signed.file.clone(),
    };
    opened.exact().map_err(|faults| console.faults(&faults))?;
    let pinned: Vec<&str> = (signed.pack.pinned(roster))
        .map(|period| period.id.as_str())
        .collect();
    console.note(format!(
        "{}: accepted: pack {} {}, built {}, signed by {}; {}{}",
        args.pack.display(),
        signed.pack.name,
        signed.pack.version,
        signed.pack.created,
        signed.keys.join(" and "),
        match pinned.is_empty() {
            true => "no period pins it".to_owned(),
            false => format!("pinned by {}", pinned.join(", ")),
        },
        match signed.stale {
            true => "; STALE: the roster has expired",
            false => "",
        }
    ));
    let mut new = old.clone();
    new.remember(&trust, None, [signed.file]);
    signed::keep(&state, &old, &new)?;
    Ok(Exit::Done)
}
