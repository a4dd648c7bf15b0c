//! `scrutineer baseline aggregate`: how many participants reach 90 %.

use clap::Args;
use std::path::{Path, PathBuf};

use super::{
    accepted::AcceptedArgs,
    console::Console,
    exit::{Exit, Trouble},
    signed,
};
use crate::baseline::{
    aggregate::{self, Accepted},
    document::{Aggregate, MOST_BYTES},
    envelope::Envelope,
    kind::DocumentKind,
    statement,
};
use crate::store::atomic::{self, Mode};

/// Count how many participants reach 90 %, from accepted baselines alone
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
scrutineer baseline aggregate 2026H2/*.dsse.json --roster roster-5.dsse.json\n  \
scrutineer baseline aggregate 2026H2/*.dsse.json \\\n      --roster roster-5.dsse.json --check sums.2026H2.dsse.json\n\n\
A cell needs 5 participants. The document is TLP:GREEN and not signed yet.")]
pub struct AggregateArgs {
    /// Signed baselines of one period.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Label it TLP:CLEAR, where every participant allows it.
    #[arg(long, conflicts_with = "check")]
    pub clear: bool,
    /// Compute this aggregate again from the files, and say whether it is the same.
    #[arg(long, value_name = "FILE", conflicts_with = "output")]
    pub check: Option<PathBuf>,
    /// Write the document here. Default: EXCHANGE.PERIOD.aggregate.json
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub accepted: AcceptedArgs,
}

/// Runs the command.
///
/// # Errors
/// When files or arguments are wrong.
pub fn run(args: &AggregateArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let received = match args.accepted.receive(&args.files, &[], console)? {
        Ok(received) => received,
        Err(exit) => return Ok(exit),
    };
    let roster = received.trust.roster();
    let baselines: Vec<Accepted> = received
        .baselines
        .into_iter()
        .map(|one| (one.digest, one.statement.predicate))
        .collect();
    let withdrawn = |entry: &str| roster.is_entry_withdrawn(entry);
    if let Some(path) = &args.check {
        let document = read(path)?;
        return match aggregate::check(&document, &baselines, withdrawn) {
            Ok(()) => {
                let cells = document.cells.len();
                console.note(format!("{}: the same, {cells} cells", path.display()));
                Ok(Exit::Done)
            }
            Err(refused) => {
                console.note(format!("{}: {refused}", path.display()));
                Ok(Exit::GateFailed)
            }
        };
    }
    let now = args.accepted.now.now();
    let statement = aggregate::aggregate(&baselines, withdrawn, now, args.clear).map_err(said)?;
    statement
        .check()
        .map_err(|wrong| format!("the document would not be valid: {wrong}"))?;
    let document = &statement.predicate;
    let path = args.output.clone().unwrap_or_else(|| {
        let name = format!("{}.{}.aggregate.json", document.exchange, document.period);
        PathBuf::from(name)
    });
    atomic::replace(&path, &statement.to_bytes(), Mode::Usual).map_err(said)?;
    console.note(format!(
        "{}: {} cells of {} participants, {}; not signed yet",
        path.display(),
        document.cells.len(),
        document.payloads.len(),
        document.label
    ));
    for (holds, what) in [
        (
            document.tools.len() > 1,
            "used different versions of the program",
        ),
        (document.conditions.len() > 1, "looked in different ways"),
    ] {
        if holds {
            console.note(format!("participants {what}: readers are told"));
        }
    }
    Ok(Exit::Done)
}

/// Reads an aggregate, in an envelope or bare. It is computed again, so that no signature is asked for.
fn read(path: &Path) -> Result<Aggregate, Trouble> {
    let bytes = signed::read(path, 2 * MOST_BYTES)?;
    let payload = Envelope::read(&bytes).map_or(bytes, |envelope| envelope.payload);
    let statement = statement::read::<Aggregate>(&payload, DocumentKind::Aggregate)
        .map_err(|refusal| format!("{}: {refusal}", path.display()))?;
    statement
        .check()
        .map_err(|wrong| format!("{}: {wrong}", path.display()))?;
    Ok(statement.predicate)
}

fn said(error: impl std::fmt::Display) -> Trouble {
    error.to_string().into()
}
