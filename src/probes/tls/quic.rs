//! Whether QUIC answers on the port of a website: one datagram of a version that
//! nobody has, which servers answer with the versions that they have (RFC 9000
//! section 6.1).

use std::time::Duration;

use super::exchange::{Endpoint, fill_random};
use crate::net::NetError;
use crate::wire::quic::{Ids, question, versions};

/// Time for the answer.
const TIME: Duration = Duration::from_secs(1);

/// The versions that the endpoint names; `None` where nobody listens.
///
/// # Errors
/// When nothing came, or nothing could be asked.
pub async fn quic(endpoint: &Endpoint<'_>) -> Result<Option<Vec<u32>>, NetError> {
    let mut random = [0; 16];
    fill_random(&mut random);
    let mut ids = Ids {
        to: [1; 8],
        from: [2; 8],
    };
    for (byte, random) in ids.to.iter_mut().chain(&mut ids.from).zip(random) {
        *byte ^= random;
    }
    let read = |bytes: &[u8]| versions(bytes, &ids);
    let place = (endpoint.ip, endpoint.port);
    let session = endpoint.session;
    session
        .datagram(&endpoint.host, place, &question(&ids), TIME, read)
        .await
}
