//! Counts what a target costs, and stops at its budget.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::{config::Limits, error::NetError};
use crate::model::{gap::GapReason, observation::Cost};

/// Counts what a target costs.
#[derive(Debug)]
pub(super) struct Meter {
    limits: Limits,
    connections: AtomicU64,
    enumeration: AtomicU64,
    queries: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
}

impl Meter {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            connections: AtomicU64::new(0),
            enumeration: AtomicU64::new(0),
            queries: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
        }
    }

    /// Takes one connection from the budget.
    pub(super) fn connection(&self) -> Result<(), NetError> {
        take(
            &self.connections,
            self.limits.connections_per_target,
            "connections",
        )
    }

    /// Notes that a connection enumerates.
    pub(super) fn enumeration(&self) {
        self.enumeration.fetch_add(1, Relaxed);
    }

    /// Takes one query from the budget.
    pub(super) fn query(&self) -> Result<(), NetError> {
        take(&self.queries, self.limits.queries_per_target, "DNS queries")
    }

    pub(super) fn sent(&self, bytes: usize) {
        self.sent.fetch_add(as_u64(bytes), Relaxed);
    }

    pub(super) fn received(&self, bytes: usize) {
        self.received.fetch_add(as_u64(bytes), Relaxed);
    }

    /// The counts so far; the time is for the caller to add.
    pub(super) fn cost(&self) -> Cost {
        Cost {
            connections: self.connections.load(Relaxed),
            enumeration: Some(self.enumeration.load(Relaxed)).filter(|count| *count > 0),
            queries: self.queries.load(Relaxed),
            bytes_sent: self.sent.load(Relaxed),
            bytes_received: self.received.load(Relaxed),
            milliseconds: 0,
        }
    }
}

fn take(counter: &AtomicU64, limit: u64, what: &str) -> Result<(), NetError> {
    let taken = counter.fetch_update(Relaxed, Relaxed, |count| {
        (count < limit).then(|| count.saturating_add(1))
    });
    match taken {
        Ok(_) => Ok(()),
        Err(_) => Err(NetError::new(
            GapReason::BudgetSpent,
            format!("all {limit} {what} of the target were spent"),
        )),
    }
}

fn as_u64(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
