//! One more handshake in a connection of TLS 1.2 that stands (RFC 5246 section
//! 7.4.1.2, RFC 5746 section 3.5), by hand: rustls makes none.

use std::io::ErrorKind;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::{ByHand, KeyShare};
use crate::model::gap::GapReason;
use crate::net::NetError;
use crate::wire::tls::{
    client_hello::ClientHello,
    content_type::{ALERT, CHANGE_CIPHER_SPEC, HANDSHAKE},
    tls12_client::{Handshake, Step},
};

/// A warning that the name is not known, with which some servers begin (RFC 6066
/// section 3).
const UNKNOWN_NAME: [u8; 2] = [1, 112];

/// How a server reacts to a client that asks for a renegotiation.
#[derive(Debug)]
pub struct Reaction {
    /// The record with which it reacted; empty where it hung up.
    pub record: Vec<u8>,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a renegotiation.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A handshake, whole.
    Completed,
    /// None was begun.
    Refused(Stop),
    /// One was begun, and the server broke it off.
    BrokenOff(Stop),
    /// One was begun, and it is not known what became of it.
    Unclear(NetError),
}

/// How a server stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// With an alert.
    Alert,
    /// It hangs up.
    HangUp,
}

/// What comes next of a server.
#[derive(Debug)]
pub enum Next {
    /// A record, all of it.
    Record(Vec<u8>),
    /// The end of the connection, orderly or not.
    End,
    /// Nothing in time.
    Nothing,
}

impl<S: AsyncRead + AsyncWrite + Unpin> ByHand<S> {
    /// What comes next until then.
    ///
    /// # Errors
    /// When the connection fails otherwise than by its end.
    pub async fn next(&mut self, until: Instant) -> Result<Next, NetError> {
        let stream = &mut self.stream;
        let read = async {
            let mut record = vec![0; 5];
            stream.read_exact(&mut record).await?;
            let length = record.get(3..5).map_or(0, |length| {
                length
                    .iter()
                    .fold(0, |sum, byte| sum << 8 | usize::from(*byte))
            });
            record.resize(5 + length, 0);
            stream
                .read_exact(record.get_mut(5..).unwrap_or_default())
                .await?;
            Ok(record)
        };
        let read: Result<Result<Vec<u8>, std::io::Error>, _> = timeout_at(until, read).await;
        match read {
            Ok(Ok(record)) => Ok(Next::Record(record)),
            Ok(Err(error)) if error.kind() == ErrorKind::UnexpectedEof => Ok(Next::End),
            Ok(Err(error)) => match failed(&error) {
                error if error.reason == GapReason::Reset => Ok(Next::End),
                error => Err(error),
            },
            Err(_) => Ok(Next::Nothing),
        }
    }

    /// Asks for a renegotiation, and completes it. The suites of the hello must be those of
    /// [`crate::wire::tls::tls12_keys::suite`], and its groups those of [`KeyShare`].
    ///
    /// # Errors
    /// When there is no reaction until then, or the connection fails.
    pub async fn renegotiate(
        &mut self,
        mut hello: ClientHello,
        until: Instant,
    ) -> Result<Reaction, NetError> {
        hello.client_verify_data.clone_from(&self.verify_data);
        let message = hello.encode().split_off(5);
        let record = self.sealed(HANDSHAKE, &message)?;
        if !self.say(&record, until).await? {
            return Ok(Reaction {
                record: Vec::new(),
                outcome: Outcome::Refused(Stop::HangUp),
            });
        }
        let record = loop {
            let (stop, record) = match self.next(until).await? {
                Next::Record(record) => match record.first() {
                    Some(&HANDSHAKE) => break record,
                    Some(&ALERT) if !self.is_warning(&record) => (Stop::Alert, record),
                    // Something else was under way.
                    Some(&ALERT) => continue,
                    _ => {
                        self.receive.open(&record);
                        continue;
                    }
                },
                Next::End => (Stop::HangUp, Vec::new()),
                Next::Nothing => {
                    let detail = "no reaction to a renegotiation";
                    return Err(NetError::new(GapReason::Timeout, detail));
                }
            };
            let outcome = Outcome::Refused(stop);
            return Ok(Reaction { record, outcome });
        };
        let handshake = Handshake::new(&hello, &message);
        let outcome = self.complete(handshake, record.clone(), until).await;
        let outcome = outcome.unwrap_or_else(Outcome::Unclear);
        Ok(Reaction { record, outcome })
    }

    /// Goes on from the server's first record.
    async fn complete(
        &mut self,
        mut handshake: Handshake,
        first: Vec<u8>,
        until: Instant,
    ) -> Result<Outcome, NetError> {
        let (mut record, mut answered) = (first, None);
        loop {
            let plain = match record.first() {
                Some(&ALERT) if !self.is_warning(&record) => {
                    return Ok(Outcome::BrokenOff(Stop::Alert));
                }
                Some(&ALERT) => None,
                _ => Some(self.receive.open(&record).ok_or_else(sealed_otherwise)?),
            };
            match (record.first(), plain) {
                (Some(&HANDSHAKE), Some(plain)) => match handshake.push(&plain).map_err(unclear)? {
                    Step::More => {}
                    Step::Answer { group, value } => {
                        let share = KeyShare::for_one_of(&[group])
                            .ok_or_else(|| unclear("a group that was not offered"))?;
                        let public = share.public().to_vec();
                        let answer = share
                            .agree(group, &value)
                            .and_then(|shared| handshake.answer(&public, &shared))
                            .ok_or_else(|| unclear("a key exchange that fails"))?;
                        let mut records = self.sealed(HANDSHAKE, &answer.before)?;
                        records.extend(self.sealed(CHANGE_CIPHER_SPEC, &[1])?);
                        self.send = answer.send;
                        records.extend(self.sealed(HANDSHAKE, &answer.finished)?);
                        if !self.say(&records, until).await? {
                            return Ok(Outcome::BrokenOff(Stop::HangUp));
                        }
                        answered = Some((answer.verify_data, answer.receive));
                    }
                    Step::Completed => return Ok(Outcome::Completed),
                },
                (Some(&CHANGE_CIPHER_SPEC), _) => {
                    let (verify_data, receive) = answered
                        .take()
                        .ok_or_else(|| unclear("a ChangeCipherSpec out of place"))?;
                    self.receive = receive;
                    self.verify_data = verify_data;
                }
                // Something else was under way.
                _ => {}
            }
            record = match self.next(until).await? {
                Next::Record(record) => record,
                Next::End => return Ok(Outcome::BrokenOff(Stop::HangUp)),
                Next::Nothing => {
                    let detail = "a renegotiation was begun, and nothing more came";
                    return Err(NetError::new(GapReason::Timeout, detail));
                }
            };
        }
    }

    /// Whether an alert leaves the handshake as it is.
    fn is_warning(&mut self, record: &[u8]) -> bool {
        self.receive.open(record).as_deref() == Some(&UNKNOWN_NAME[..])
    }

    fn sealed(&mut self, kind: u8, payload: &[u8]) -> Result<Vec<u8>, NetError> {
        let record = self.send.seal(kind, payload);
        record.ok_or_else(|| NetError::new(GapReason::Internal, "no record"))
    }

    /// Sends records; `false` where the connection has ended.
    async fn say(&mut self, records: &[u8], until: Instant) -> Result<bool, NetError> {
        match timeout_at(until, self.stream.write_all(records)).await {
            Ok(Ok(())) => Ok(true),
            Ok(Err(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
            Ok(Err(error)) => match failed(&error) {
                error if error.reason == GapReason::Reset => Ok(false),
                error => Err(error),
            },
            Err(_) => {
                let detail = "nothing more can be sent";
                Err(NetError::new(GapReason::Timeout, detail))
            }
        }
    }
}

fn failed(error: &std::io::Error) -> NetError {
    NetError::from_io(error, "renegotiation")
}

fn unclear(word: &'static str) -> NetError {
    NetError::new(GapReason::Malformed, format!("renegotiation: {word}"))
}

fn sealed_otherwise() -> NetError {
    unclear("a record that its keys do not open")
}
