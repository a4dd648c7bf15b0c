//! Servers that limit connections: whoever is turned away waits until all
//! other connections to the endpoint have ended, and tries again alone.

use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::ech::Ech;
use super::jobs::EndpointAnswers;
use crate::model::gap::GapReason;
use crate::net::NetError;

/// One may be bad luck on a poor line.
const LIMIT: usize = 2;

/// Lets the connections of one endpoint through, together or one alone.
#[derive(Debug, Default)]
pub struct Gate {
    line: RwLock<()>,
    turned_away: AtomicUsize,
}

impl Gate {
    /// Side by side with others, for as long as the guard lives.
    pub async fn together(&self) -> RwLockReadGuard<'_, ()> {
        self.line.read().await
    }

    /// Waits until nobody else is connected, and keeps others out for as long
    /// as the guard lives.
    pub async fn alone(&self) -> RwLockWriteGuard<'_, ()> {
        self.line.write().await
    }

    /// Counts a connection that was turned away.
    pub fn note(&self) {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether connections were turned away.
    pub fn met_limits(&self) -> bool {
        self.turned_away.load(Ordering::Relaxed) >= LIMIT
    }
}

/// Whether an error may say that the server wants no more connections now.
pub fn may_be_limit(error: &NetError) -> bool {
    matches!(error.reason, GapReason::Reset | GapReason::Refused) && !error.is_refused()
}

/// Names the limit as the reason for what stayed open at a server that turned us away.
pub fn blame_limits(answers: &mut EndpointAnswers) {
    let mut open: Vec<&mut NetError> = Vec::new();
    open.extend(&mut answers.certificates_open);
    open.extend(answers.ssl2.iter_mut().flat_map(|seen| seen.as_mut().err()));
    if let Some(seen) = &mut answers.handshakes {
        open.extend(seen.without_name.as_mut().err());
        open.extend(seen.wrong_name.as_mut().err());
        open.extend(seen.tls13.iter_mut().flat_map(|seen| seen.as_mut().err()));
    }
    if let Some(seen) = &mut answers.protected {
        open.extend(seen.flight.as_mut().err());
    }
    if let Some(Ok(Ech::Offered(offered))) = &mut answers.ech {
        open.extend(offered.answer.as_mut().err());
        open.extend(offered.outer.as_mut().err());
        open.extend(
            offered
                .retried
                .iter_mut()
                .flat_map(|seen| seen.as_mut().err()),
        );
    }
    let later = &mut answers.later;
    open.extend(
        later
            .tls12_id
            .iter_mut()
            .flat_map(|seen| seen.as_mut().err()),
    );
    open.extend(
        later
            .plain_alpn
            .iter_mut()
            .flat_map(|seen| seen.as_mut().err()),
    );
    if let Some(found) = &mut answers.enumeration {
        open.extend(&mut found.groups_open);
        for facts in found.versions.values_mut() {
            open.extend(facts.accepted.as_mut().err());
            open.extend(&mut facts.open);
        }
    }
    for error in open {
        if may_be_limit(error) || error.reason == GapReason::Timeout {
            error.reason = GapReason::Throttled;
        }
    }
}
