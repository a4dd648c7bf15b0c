//! Baselines that were received: verified against the roster, and accepted by it.

use clap::Args;
use std::{collections::BTreeSet, path::PathBuf};

use super::{
    console::Console,
    exit::{Exit, Trouble},
    signed::{self, NowArgs, Refused},
    state::StateArgs,
};
use crate::baseline::{
    document::{Aggregate, Baseline},
    envelope::Envelope,
    envelope::MOST_BYTES,
    refusal::Refusal,
    trust::Trust,
    verify::{self, Reader, Verified},
};

/// The roster, and who reads.
#[derive(Args, Clone, Debug)]
pub struct AcceptedArgs {
    /// The roster. May be repeated: versions that were not seen here yet, in order.
    #[arg(long, value_name = "FILE", required = true)]
    pub roster: Vec<PathBuf>,
    /// Who reads: your id, as audiences name it. Default: what `roster trust --as` remembered.
    #[arg(long = "as", value_name = "ID")]
    pub reader: Option<String>,
    #[command(flatten)]
    pub now: NowArgs,
    #[command(flatten)]
    pub state: StateArgs,
}

/// What was accepted, and the roster that says so.
pub struct Received {
    /// The roster.
    pub trust: Trust,
    /// The baselines, in the order of the files.
    pub baselines: Vec<Verified<Baseline>>,
    /// The aggregates.
    pub aggregates: Vec<Verified<Aggregate>>,
}

impl AcceptedArgs {
    /// Verifies files where there is a roster; `None` without one.
    ///
    /// # Errors
    /// As [`Self::receive`].
    pub fn receive_any(
        &self,
        baselines: &[PathBuf],
        aggregates: &[PathBuf],
        console: &mut Console,
    ) -> Result<Result<Option<Received>, Exit>, Trouble> {
        if self.roster.is_empty() {
            return Ok(Ok(None));
        }
        let received = self.receive(baselines, aggregates, console)?;
        Ok(received.map(Some))
    }

    /// Verifies files. One that is not listed yet is told and left out; any
    /// other that breaks a rule ends it: the inner result says with which exit.
    ///
    /// # Errors
    /// When files or the state cannot be read or written.
    pub fn receive(
        &self,
        baselines: &[PathBuf],
        aggregates: &[PathBuf],
        console: &mut Console,
    ) -> Result<Result<Received, Exit>, Trouble> {
        let now = self.now.now();
        let state = self.state.open()?;
        let old = state.trust()?;
        let trust = match signed::follow(&old, &self.roster, now)? {
            Ok(trust) => trust,
            Err(refused) => return Ok(Err(refused.tell(console))),
        };
        let roster = trust.roster();
        let exchange = &roster.exchange.id;
        let seen = old.seen(exchange);
        let reader = Reader {
            id: self.reader.as_deref().or(old.reader(exchange)),
            now,
            seen: &seen,
        };
        let mut received = Received {
            trust: trust.clone(),
            baselines: Vec::with_capacity(baselines.len()),
            aggregates: Vec::with_capacity(aggregates.len()),
        };
        let files = baselines.iter().map(|path| (path, false));
        for (path, aggregate) in files.chain(aggregates.iter().map(|path| (path, true))) {
            let envelope = Envelope::read(&signed::read(path, MOST_BYTES)?);
            let outcome = envelope.and_then(|envelope| match aggregate {
                true => verify::aggregate(&envelope, roster, reader)
                    .map(|one| received.aggregates.push(one)),
                false => verify::baseline(&envelope, roster, reader)
                    .map(|one| received.baselines.push(one)),
            });
            match outcome {
                Ok(()) => {}
                Err(refusal @ Refusal::Unlisted) => {
                    Refused::new(path, refusal).tell(console);
                    console.note("it is pending, and left out");
                }
                Err(refusal) => return Ok(Err(Refused::new(path, refusal).tell(console))),
            }
        }
        let digests = received.baselines.iter().map(|one| one.digest.clone());
        let digests = digests.chain(received.aggregates.iter().map(|one| one.digest.clone()));
        let accepted: BTreeSet<String> = digests.collect();
        let mut new = old.clone();
        new.remember(&trust, None, accepted);
        signed::keep(&state, &old, &new)?;
        Ok(Ok(received))
    }
}
