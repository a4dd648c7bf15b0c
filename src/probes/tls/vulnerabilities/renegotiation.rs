//! Whether a client may start a renegotiation (RFC 5246 section 7.4.1.2), and how
//! often in one connection: a handshake costs the server far more than the client, and
//! one connection could ask for thousands of them (CVE-2011-1473). As many are asked for
//! as it takes to tell a limit of ten, and no more.

use std::time::Duration;
use tokio::time::Instant;

use super::super::exchange::{Endpoint, REACTION_TIME, fill_random};
use super::super::facts::{RenegotiationEnd, Renegotiations};
use super::{PATIENCE, Renegotiation, unclear};
use crate::model::gap::GapReason;
use crate::net::NetError;
use crate::net::tls::{ByHand, HandshakeError, Next, Offer, Outcome, Stop, Versions};
use crate::probes::tls::limited::Limited;
use crate::wire::tls::{Version, client_hello::ClientHello, tls12_keys};

/// How long a server that goes on by itself is given.
const SETTLED: Duration = Duration::from_millis(300);

/// Most renegotiations that are asked for: one more than the ten that NCSC-NL's
/// guideline and internet.nl take as a limit.
const CAP: u32 = 11;
/// Time for all of them.
const COUNT_TIME: Duration = Duration::from_secs(15);

/// Groups with which our client renegotiates.
const GROUPS: [u16; 3] = [29, 23, 24];

pub(super) async fn renegotiation(
    endpoint: &Endpoint<'_>,
    version: Version,
    mut hello: ClientHello,
) -> Result<Renegotiation, NetError> {
    if version != Version::Tls12 {
        return Err(unclear("our client renegotiates in TLS 1.2 alone"));
    }
    let offer = Offer {
        versions: Versions::Tls12WithIds,
        ..Offer::default()
    };
    let done = endpoint.by_hand(&offer, PATIENCE).await;
    let mut done = done.map_err(|error| match &error {
        HandshakeError::Net(error) => error.clone(),
        error => unclear(&format!("no handshake to renegotiate: {error}")),
    })?;
    // One that hangs up by itself would look like one that refuses.
    match done.next(Instant::now() + SETTLED).await? {
        Next::Nothing => {}
        Next::Record(_) | Next::End => {
            return Err(unclear("the connection is not left open after a handshake"));
        }
    }
    hello.suites.retain(|id| tls12_keys::suite(*id).is_some());
    hello.groups.retain(|id| GROUPS.contains(id));
    hello.encrypt_then_mac = false;
    done.stream.allow(COUNT_TIME);
    count(&mut done, hello, CAP).await
}

/// Asks for renegotiations until the server stops or the cap is reached.
async fn count(
    done: &mut ByHand<Limited>,
    mut hello: ClientHello,
    cap: u32,
) -> Result<Renegotiation, NetError> {
    let begun = Instant::now();
    let mut first = None;
    let mut granted = 0;
    let count = loop {
        if granted == cap {
            break Ok(ended(granted, RenegotiationEnd::Cap));
        }
        fill_random(&mut hello.random);
        let until = Instant::now() + REACTION_TIME;
        let reaction = match done.renegotiate(hello.clone(), until).await {
            Ok(reaction) => reaction,
            // The first is what tells whether any is granted.
            Err(error) if first.is_none() => return Err(error),
            Err(error) => break Err(open(granted, &error)),
        };
        let refused = matches!(reaction.outcome, Outcome::Refused(_));
        first.get_or_insert((!refused, reaction.record));
        match reaction.outcome {
            Outcome::Completed => granted += 1,
            Outcome::Refused(stop) => break Ok(ended(granted, stop.into())),
            // A limit that is looked at late: handshakes with this server can be completed.
            Outcome::BrokenOff(stop) if granted > 0 => break Ok(ended(granted, stop.into())),
            Outcome::BrokenOff(_) => {
                break Err(unclear("a renegotiation was begun, and broken off"));
            }
            Outcome::Unclear(error) => break Err(open(granted, &error)),
        }
        if granted < cap && begun.elapsed() >= COUNT_TIME {
            let detail = "renegotiations take too long to count them";
            let error = NetError::new(GapReason::Timeout, detail);
            break Err(open(granted, &error));
        }
    };
    let (allowed, reaction) = first.unwrap_or_default();
    Ok(Renegotiation {
        allowed,
        reaction,
        count,
    })
}

fn ended(granted: u32, by: RenegotiationEnd) -> Renegotiations {
    Renegotiations { granted, ended: by }
}

/// Why the number is not known.
fn open(granted: u32, error: &NetError) -> NetError {
    let detail = format!("{} (after {granted} that were granted)", error.detail);
    NetError::new(error.reason, detail)
}

impl From<Stop> for RenegotiationEnd {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Alert => Self::Refused,
            Stop::HangUp => Self::Closed,
        }
    }
}
