//! `scrutineer baseline verify`: holds received documents against the roster.

use clap::Args;
use std::{collections::BTreeSet, path::PathBuf};

use super::{
    baseline_relabel,
    console::Console,
    exit::{Exit, Trouble},
    signed::{self, NowArgs, Refused},
    state::StateArgs,
};
use crate::baseline::{
    document::Predicate,
    kind::DocumentKind,
    verify::{self, Reader, Verified},
};

/// Verify received documents: who signed, for whom, and whether the roster lists them
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
scrutineer baseline verify office-b.2026H2.dsse.json \\\n      --roster roster-5.dsse.json --as office-a\n  \
scrutineer baseline verify x.json --ssh-signature x.json.sig \\\n      --roster roster-5.dsse.json --as office-a\n\n\
Exit 1 means that a document is refused, or not listed yet. The roster must be trusted first:\n\
`scrutineer roster trust`. Nothing is remembered unless every document is accepted.")]
pub struct VerifyArgs {
    /// The envelopes.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// The roster. May be repeated: versions that were not seen here yet, in order.
    #[arg(long, value_name = "FILE", required = true)]
    pub roster: Vec<PathBuf>,
    /// Who reads: your id, as audiences name it. Default: what `roster trust --as` remembered.
    #[arg(long = "as", value_name = "ID")]
    pub reader: Option<String>,
    /// The documents are aggregates, not baselines.
    #[arg(long)]
    pub aggregate: bool,
    /// What a document with a label below TLP:AMBER takes the place of: hold their cells
    /// against each other. May be repeated.
    #[arg(long, value_name = "FILE", conflicts_with = "aggregate")]
    pub replaced: Vec<PathBuf>,
    /// FILE is a bare document, and this its signature by `ssh-keygen -Y sign`.
    #[arg(long, value_name = "FILE")]
    pub ssh_signature: Option<PathBuf>,
    #[command(flatten)]
    pub now: NowArgs,
    #[command(flatten)]
    pub state: StateArgs,
}

/// Runs the command.
///
/// # Errors
/// When files or the state cannot be read or written.
pub fn run(args: &VerifyArgs, console: &mut Console) -> Result<Exit, Trouble> {
    if args.ssh_signature.is_some() && args.files.len() > 1 {
        return Err("--ssh-signature goes with one FILE".into());
    }
    let now = args.now.now();
    let state = args.state.open()?;
    let old = state.trust()?;
    let trust = match signed::follow(&old, &args.roster, now)? {
        Ok(trust) => trust,
        Err(refused) => return Ok(refused.tell(console)),
    };
    let exchange = &trust.roster().exchange.id;
    let seen = old.seen(exchange);
    let reader = Reader {
        id: args.reader.as_deref().or(old.reader(exchange)),
        now,
        seen: &seen,
    };
    let kind = match args.aggregate {
        true => DocumentKind::Aggregate,
        false => DocumentKind::Baseline,
    };
    let mut accepted = BTreeSet::new();
    let mut exit = Exit::Done;
    for path in &args.files {
        let envelope = signed::envelope(path, args.ssh_signature.as_deref(), kind)?;
        let roster = trust.roster();
        let told = match args.aggregate {
            true => envelope
                .and_then(|envelope| verify::aggregate(&envelope, roster, reader))
                .map(|one| summary(&one)),
            false => {
                match envelope.and_then(|envelope| verify::baseline(&envelope, roster, reader)) {
                    Ok(one) if !args.replaced.is_empty() => {
                        let proven = baseline_relabel::proven(&one.statement, &args.replaced)?;
                        proven.map(|()| summary(&one))
                    }
                    other => other.map(|one| summary(&one)),
                }
            }
        };
        match told {
            Ok((digest, words)) => {
                accepted.insert(digest);
                console.note(format!("{}: accepted: {words}", path.display()));
            }
            Err(refusal) => exit = Refused::new(path, refusal).tell(console),
        }
    }
    if exit == Exit::Done {
        let mut new = old.clone();
        new.remember(&trust, None, accepted);
        signed::keep(&state, &old, &new)?;
    }
    Ok(exit)
}

/// The digest, and what a person wants to know.
fn summary<P: Predicate>(verified: &Verified<P>) -> (String, String) {
    let head = verified.statement.predicate.head();
    let mut words = format!(
        "{} of {}, {}, made {}, key {}",
        head.period,
        verified.signer.as_deref().unwrap_or("the stewards"),
        head.label,
        head.created,
        verified.key
    );
    let marks = [
        (verified.key_ended, "its key has ended since"),
        (verified.recovered, "its key is marked `recovered`"),
        (
            verified.stale,
            "STALE: the roster has expired, and later withdrawals may be missing",
        ),
    ];
    for (_, mark) in marks.into_iter().filter(|(holds, _)| *holds) {
        words.push_str("; ");
        words.push_str(mark);
    }
    (verified.digest.clone(), words)
}
