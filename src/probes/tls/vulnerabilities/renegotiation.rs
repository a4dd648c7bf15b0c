//! Whether a client may start a renegotiation (RFC 5246 section 7.4.1.2): a
//! handshake costs the server far more than the client, and one connection could
//! ask for thousands of them (CVE-2011-1473). One is asked for, and left
//! unfinished.

use std::{io::ErrorKind, time::Duration};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::super::exchange::{Endpoint, REACTION_TIME};
use super::{PATIENCE, Renegotiation, unclear};
use crate::model::gap::GapReason;
use crate::net::NetError;
use crate::net::tls::{HandshakeError, Offer, Versions};
use crate::wire::tls::{Version, client_hello::ClientHello};

/// How long a server that goes on by itself is given.
const SETTLED: Duration = Duration::from_millis(300);

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;

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
    match next_record(&mut done.stream, Instant::now() + SETTLED).await {
        Next::Nothing => {}
        Next::Record(..) | Next::End => {
            return Err(unclear("the connection is not left open after a handshake"));
        }
        Next::Failed(error) => return Err(error),
    }
    hello.client_verify_data = std::mem::take(&mut done.verify_data);
    let bytes = hello.encode();
    let record = bytes
        .get(5..)
        .and_then(|message| done.seal(HANDSHAKE, message));
    let record = record.ok_or_else(|| NetError::new(GapReason::Internal, "no record"))?;
    let until = Instant::now() + REACTION_TIME;
    match timeout_at(until, done.stream.write_all(&record)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return Err(failed(&error)),
        Err(_) => return Err(unclear("nothing more can be sent")),
    }
    loop {
        match next_record(&mut done.stream, until).await {
            Next::Record(HANDSHAKE, reaction) => {
                let allowed = true;
                return Ok(Renegotiation { allowed, reaction });
            }
            // It says no, or hangs up on whoever asks.
            Next::Record(ALERT, reaction) => {
                let allowed = false;
                return Ok(Renegotiation { allowed, reaction });
            }
            Next::End => {
                let (allowed, reaction) = (false, Vec::new());
                return Ok(Renegotiation { allowed, reaction });
            }
            // Something else was under way.
            Next::Record(..) => {}
            Next::Nothing => return Err(unclear("no reaction to a renegotiation")),
            Next::Failed(error) => return Err(error),
        }
    }
}

/// What comes next.
enum Next {
    /// A record: its type, and all of it.
    Record(u8, Vec<u8>),
    /// The end of the connection, orderly or not.
    End,
    /// Nothing in time.
    Nothing,
    Failed(NetError),
}

async fn next_record(stream: &mut (impl AsyncRead + Unpin), until: Instant) -> Next {
    let mut head = [0; 5];
    let read = async {
        stream.read_exact(&mut head).await?;
        let [_, _, _, high, low] = head;
        let mut rest = vec![0; usize::from(u16::from_be_bytes([high, low]))];
        stream.read_exact(&mut rest).await?;
        Ok(rest)
    };
    let read: Result<Result<Vec<u8>, std::io::Error>, _> = timeout_at(until, read).await;
    match read {
        Ok(Ok(rest)) => Next::Record(head[0], [&head[..], &rest].concat()),
        Ok(Err(error)) if error.kind() == ErrorKind::UnexpectedEof => Next::End,
        Ok(Err(error)) => match failed(&error) {
            error if error.reason == GapReason::Reset => Next::End,
            error => Next::Failed(error),
        },
        Err(_) => Next::Nothing,
    }
}

fn failed(error: &std::io::Error) -> NetError {
    NetError::from_io(error, "renegotiation")
}
