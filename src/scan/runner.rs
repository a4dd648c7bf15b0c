//! Runs a scan over many targets: so many at once, each observation handed on as it is finished.

use std::{sync::Arc, time::Duration};
use tokio::task::JoinSet;

use super::{observe::observe, progress::Progress};
use crate::derive::clients::Client;
use crate::model::{
    observation::{Conditions, Observation},
    target::Target,
};
use crate::net::{Net, Scope, StopSignal};

/// How a scan is run.
#[derive(Clone)]
pub struct ScanOptions {
    /// How targets are looked at.
    pub conditions: Conditions,
    /// What belongs to the scan besides each target itself.
    pub scope: Scope,
    /// Time that one target may take.
    pub deadline: Duration,
    /// Clients for which is derived what they end up with at TLS endpoints.
    pub clients: Arc<[Client]>,
    /// Targets looked at side by side.
    pub concurrency: usize,
}

/// Looks at every target and hands each observation to `save` as it is
/// finished, in the order in which they finish. Stops early when `stop` is
/// given: targets at work hand over what they have, the others are not begun.
///
/// # Errors
/// The first error of `save`; the targets at work are then abandoned.
pub async fn run<E>(
    net: &Net,
    targets: Vec<Target>,
    options: &ScanOptions,
    progress: &Arc<dyn Progress>,
    stop: &StopSignal,
    mut save: impl FnMut(Observation) -> Result<(), E>,
) -> Result<(), E> {
    let mut waiting = targets.into_iter();
    let mut at_work = JoinSet::new();
    loop {
        while at_work.len() < options.concurrency.max(1) && !stop.is_stopped() {
            let Some(target) = waiting.next() else { break };
            let net = net.clone();
            let progress = Arc::clone(progress);
            let options = options.clone();
            let stop = stop.clone();
            at_work.spawn(async move {
                let session = net.session(&target, options.scope.clone(), options.deadline, stop);
                observe(
                    &target,
                    &options.conditions,
                    &options.clients,
                    &session,
                    &*progress,
                )
                .await
            });
        }
        let Some(ended) = at_work.join_next().await else {
            return Ok(());
        };
        // A task that was torn down leaves no observation; its target shows as not reached.
        if let Ok(observation) = ended {
            let key = observation.target.key();
            save(observation)?;
            progress.target_done(&key);
        }
    }
}
