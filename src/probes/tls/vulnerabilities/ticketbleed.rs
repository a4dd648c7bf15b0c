//! Ticketbleed (CVE-2016-9244): who takes up a session by its ticket sends a
//! session id of their choice, which the server has to send back as it is (RFC
//! 5077 section 3.4). A vulnerable one always sends 32 bytes, the rest of them
//! from its memory. The id here has 31 bytes, so that one byte could come, and
//! that one is not kept.

use super::super::exchange::{Ask, Endpoint, Purpose, fill_random};
use super::super::prober::{Outcome, Prober};
use super::{PATIENCE, unclear};
use crate::net::NetError;
use crate::net::tls::{HandshakeError, Offer, Versions};
use crate::wire::tls::{Version, client_hello::ClientHello, transcript};

/// Bytes of a session id that is answered in full.
const WHOLE: usize = 32;

pub(super) async fn ticketbleed<A: Ask>(
    endpoint: &Endpoint<'_>,
    prober: &Prober<'_, A>,
    version: Version,
    mut hello: ClientHello,
) -> Result<Option<Vec<u8>>, NetError> {
    hello.session_ticket = true;
    match prober.ask(&hello, Purpose::Other).await {
        Outcome::Accepted(flight) => {
            let promised = flight.hello.as_ref();
            if promised.is_some_and(|hello| !hello.extensions.contains(&35)) {
                return Ok(None);
            }
        }
        Outcome::Refused(_) => return Err(unclear("a hello with a ticket is refused")),
        Outcome::Unclear(error) => return Err(error),
    }
    if version != Version::Tls12 {
        return Err(unclear("our client gets no ticket below TLS 1.2"));
    }
    let offer = Offer {
        versions: Versions::Tls12WithTickets,
        ..Offer::default()
    };
    let done = endpoint.by_hand(&offer, PATIENCE).await;
    let done = done.map_err(|error| match &error {
        HandshakeError::Net(error) => error.clone(),
        error => unclear(&format!("no session to take up: {error}")),
    })?;
    let Some(ticket) = transcript::ticket(&done.server) else {
        return Err(unclear("a ticket was promised, and none came"));
    };
    drop(done.stream);
    let mut id = [0; WHOLE - 1];
    fill_random(&mut id);
    hello.session_id = id.to_vec();
    hello.ticket = ticket;
    let flight = match prober.ask(&hello, Purpose::Other).await {
        Outcome::Accepted(flight) => flight,
        Outcome::Refused(_) => return Ok(None),
        Outcome::Unclear(error) => return Err(error),
    };
    let answer = flight.hello.map(|hello| hello.session_id);
    let answer = answer.unwrap_or_default();
    let leaks = answer.len() > id.len() && answer.starts_with(&id);
    // Version, random part and our own id: not what came behind it.
    let kept = 5 + 4 + 2 + 32 + 1 + id.len();
    Ok(leaks.then(|| flight.head.get(..kept).unwrap_or(&flight.head).to_vec()))
}
