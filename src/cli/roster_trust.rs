//! `scrutineer roster trust`: begins to trust an exchange, and goes on to newer versions.

use clap::Args;
use std::path::PathBuf;

use super::{
    console::Console,
    exit::{Exit, Trouble},
    signed::{self, NowArgs, Refused},
    state::StateArgs,
};
use crate::baseline::{kind::DocumentKind, names, refusal::Refusal, trust::Trust};

/// Trust an exchange by the root fingerprint that you were told, or go on to newer versions
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
scrutineer roster trust roster-1.dsse.json \\\n      --fingerprint 0f1e2d3c-... --as office-a\n  \
scrutineer roster trust roster-2.dsse.json roster-3.dsse.json\n\n\
The fingerprint must reach you by another way than the roster: on paper, by telephone, in person.\n\
`roster show` prints it. It is never trusted on first use.")]
pub struct TrustArgs {
    /// The roster; versions that were not seen here yet, in order.
    #[arg(value_name = "ROSTER", required = true)]
    pub rosters: Vec<PathBuf>,
    /// The root fingerprint, as you were told. Needed the first time.
    #[arg(long, value_name = "HEX")]
    pub fingerprint: Option<String>,
    /// Remember who reads here: your id, as audiences name it.
    #[arg(long = "as", value_name = "ID")]
    pub reader: Option<String>,
    #[command(flatten)]
    pub now: NowArgs,
    #[command(flatten)]
    pub state: StateArgs,
}

/// Runs the command.
///
/// # Errors
/// When files or the state cannot be read or written.
pub fn run(args: &TrustArgs, console: &mut Console) -> Result<Exit, Trouble> {
    if let Some(id) = args.reader.as_ref().filter(|id| !names::is_id(id)) {
        return Err(format!("--as {id:?} is not an id").into());
    }
    let now = args.now.now();
    let state = args.state.open()?;
    let old = state.trust()?;
    let followed = match &args.fingerprint {
        None => signed::follow(&old, &args.rosters, now)?,
        Some(told) => first(&args.rosters, told, now, &old)?,
    };
    let trust = match followed {
        Ok(trust) if trust.roster().is_expired(now) => {
            let refusal = Refusal::RosterExpired(trust.roster().expires);
            let last = args.rosters.last().map(PathBuf::as_path);
            return Ok(Refused::new(last.unwrap_or(&PathBuf::new()), refusal).tell(console));
        }
        Ok(trust) => trust,
        Err(refused) => return Ok(refused.tell(console)),
    };
    let mut new = old.clone();
    new.remember(&trust, args.reader.as_deref(), []);
    signed::keep(&state, &old, &new)?;
    let roster = trust.roster();
    console.note(format!(
        "exchange {}: version {} is trusted, until {}; root fingerprint {}",
        roster.exchange.id,
        roster.version,
        roster.expires,
        roster.root_fingerprint()
    ));
    Ok(Exit::Done)
}

/// Begins with the first file, and goes on from there. Where the exchange is
/// known, the fingerprint is compared and nothing begins anew.
fn first(
    rosters: &[PathBuf],
    told: &str,
    now: jiff::Timestamp,
    store: &crate::baseline::trust_store::TrustStore,
) -> Result<Result<Trust, Refused>, Trouble> {
    let Some((path, rest)) = rosters.split_first() else {
        return Err("give a roster".into());
    };
    let envelope = match signed::envelope(path, None, DocumentKind::Roster)? {
        Ok(envelope) => envelope,
        Err(refusal) => return Ok(Err(Refused::new(path, refusal))),
    };
    let mut trust = match Trust::first(&envelope, told, now) {
        Ok(trust) => trust,
        Err(refusal) => return Ok(Err(Refused::new(path, refusal))),
    };
    if store.exchanges.contains_key(&trust.roster().exchange.id) {
        return signed::follow(store, rosters, now);
    }
    for path in rest {
        let next = match signed::envelope(path, None, DocumentKind::Roster)? {
            Ok(envelope) => trust.advance(&envelope, now),
            Err(refusal) => Err(refusal),
        };
        trust = match next {
            Ok(trust) => trust,
            Err(refusal) => return Ok(Err(Refused::new(path, refusal))),
        };
    }
    Ok(Ok(trust))
}
