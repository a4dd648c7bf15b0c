//! Whether the plain port of a website upgrades HTTP to TLS when asked (RFC 2817). Beside
//! HTTPS this lets somebody on the network shift answers by one (Opossum, CVE-2025-49812).
//!
//! One request that names no resource, on one connection to port 80 of the same address, where
//! every browser goes for `http://` too. When the server switches, the connection is closed.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::exchange::Endpoint;
use super::jobs::FIRST_CONTACT;
use crate::model::gap::GapReason;
use crate::net::NetError;
use crate::wire::http_upgrade::{Answer, MAX_BYTES, answer, question};

/// The port of plain HTTP.
const PORT: u16 = 80;

/// What the plain port said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upgrade {
    /// The answer.
    pub answer: Answer,
    /// Its bytes.
    pub head: Vec<u8>,
}

/// Asks the plain port; `None` where it is closed.
///
/// # Errors
/// When it did not answer, or answered something else than HTTP.
pub async fn http_upgrade(endpoint: &Endpoint<'_>) -> Result<Option<Upgrade>, NetError> {
    let what = format!("{}: plain HTTP, asked to upgrade", endpoint.ip);
    match timeout(FIRST_CONTACT, ask(endpoint, &what)).await {
        Ok(Ok(upgrade)) => Ok(Some(upgrade)),
        Ok(Err(error)) if error.is_refused() => Ok(None),
        Ok(Err(error)) => Err(error),
        Err(_) => {
            let seconds = FIRST_CONTACT.as_secs();
            let detail = format!("{what}: no whole answer within {seconds} s");
            Err(NetError::new(GapReason::Timeout, detail))
        }
    }
}

async fn ask(endpoint: &Endpoint<'_>, what: &str) -> Result<Upgrade, NetError> {
    let session = endpoint.session;
    let connection = session.connect(&endpoint.host, endpoint.ip, PORT);
    let mut connection = connection.await?;
    let host = match endpoint.host.parse() {
        Ok(std::net::IpAddr::V6(ip)) => format!("[{ip}]"),
        _ => endpoint.host.clone(),
    };
    let failed = |error| NetError::from_io(&error, what);
    let bytes = question(&host, session.user_agent());
    connection.write_all(&bytes).await.map_err(failed)?;
    let mut received = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        let count = connection.read(&mut buffer).await.map_err(failed)?;
        let piece = buffer.get(..count).unwrap_or_default();
        received.extend_from_slice(piece);
        match answer(&received) {
            Ok(Some(answer)) => {
                received.truncate(answer.length);
                return Ok(Upgrade {
                    answer,
                    head: received,
                });
            }
            Ok(None) if piece.is_empty() => {
                let detail = format!("{what}: it hung up without an answer");
                return Err(NetError::new(GapReason::Reset, detail));
            }
            Ok(None) if received.len() > MAX_BYTES => {
                let detail = format!("{what}: a huge answer");
                return Err(NetError::new(GapReason::TooLarge, detail));
            }
            Ok(None) => {}
            Err(_) => {
                let detail = format!("{what}: the answer is no HTTP");
                return Err(NetError::new(GapReason::Malformed, detail));
            }
        }
    }
}
