//! One exchange on one connection: a hello out, the server's first flight in.

use rustls::pki_types::ServerName;
use std::{
    future::Future,
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::RwLockWriteGuard;
use tokio::time::{Instant, sleep, timeout_at};

use super::ahead::{Ahead, Way};
use super::gate::{Gate, may_be_limit};
use super::jobs::{PAUSE, is_final};
use super::limited::{Held, Limited};
use super::protected::Missing;
use super::starttls::Protocol;
use crate::model::gap::GapReason;
use crate::net::{
    Connection, NetError, Session,
    tls::{
        Attempt, ByHand, HandshakeError, KeyShare, Offer, by_hand, handshake, handshake_and_hold,
    },
};
use crate::wire::tls::{
    flight::{Alert, Flight, FlightError, FlightReader},
    protected_flight::{ProtectedFlight, ProtectedReader},
    ssl2,
};

/// What a server answered to a hello.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A ServerHello or HelloRetryRequest, with what followed.
    Flight(Box<Flight>),
    /// An alert.
    Alert(Alert),
    /// The connection was closed in an orderly way, without a word.
    Closed,
    /// Another protocol answered, or STARTTLS is not offered.
    NotTls,
    /// Nothing that tells anything.
    Failed(NetError),
}

/// Sends hellos, each on a connection of its own.
pub trait Ask: Sync {
    /// Sends a hello and waits for the answer, at most for `patience`.
    fn ask(
        &self,
        hello: &[u8],
        purpose: Purpose,
        patience: Duration,
    ) -> impl Future<Output = Reply> + Send;

    /// As [`Self::ask`], while nothing else of ours is connected to the server.
    fn ask_alone(
        &self,
        hello: &[u8],
        purpose: Purpose,
        patience: Duration,
    ) -> impl Future<Output = Reply> + Send {
        self.ask(hello, purpose, patience)
    }
}

/// What a connection is for; the cost tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Versions, suites, their order and groups.
    Enumeration,
    /// Anything else.
    Other,
}

/// How long to wait for a reaction.
pub(super) const REACTION_TIME: Duration = Duration::from_secs(2);

/// How a server reacts to something odd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reaction {
    /// With an alert, by its code.
    Alert(u8),
    /// With another record, by its type.
    Record(u8),
    /// It closes the connection.
    Closed,
    /// It resets the connection.
    Reset,
    /// Not at all.
    Silence,
}

impl Reaction {
    /// The reaction that a first whole record tells; `None` while it is not whole.
    fn read(bytes: &[u8]) -> Option<Self> {
        let [kind, _, _, high, low, rest @ ..] = bytes else {
            return None;
        };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        match (kind, rest.get(..length)?) {
            (21, [_, code]) => Some(Self::Alert(*code)),
            (kind, _) => Some(Self::Record(*kind)),
        }
    }
}

/// An endpoint of the target.
pub struct Endpoint<'a> {
    /// The way to the network.
    pub session: &'a Session,
    /// The host to connect to and to name in the server name indication.
    pub host: String,
    /// The address.
    pub ip: IpAddr,
    /// The port.
    pub port: u16,
    /// The protocol that is upgraded to TLS; implicit TLS without it.
    pub starttls: Option<Protocol>,
    /// Who may be connected to it at once.
    pub gate: Gate,
    /// Connections that wait for the next hello.
    pub ahead: Ahead,
}

/// Why a connection is not ready for TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// The network failed.
    Net(NetError),
    /// The server answered, and offers no TLS.
    NoTls,
}

impl Endpoint<'_> {
    /// Address and port, as in the facts.
    pub fn key(&self) -> String {
        SocketAddr::new(self.ip, self.port).to_string()
    }

    /// The name for the server name indication; none is sent for an address.
    pub fn server_name(&self) -> Option<String> {
        match self.host.parse::<IpAddr>() {
            Ok(_) => None,
            Err(_) => Some(self.host.clone()),
        }
    }

    /// Opens a connection, up to the point where TLS begins.
    pub async fn open(&self) -> Result<Connection, OpenError> {
        let opened = self.try_to_open().await;
        if let Err(OpenError::Net(error)) = &opened
            && may_be_limit(error)
        {
            self.gate.note();
        }
        opened
    }

    /// Counts a connection that enumerates.
    fn note<T>(&self, purpose: Purpose, opened: &Result<T, OpenError>) {
        let spent = matches!(opened, Err(OpenError::Net(error)) if is_final(error));
        if purpose == Purpose::Enumeration && !spent {
            self.session.note_enumeration();
        }
    }

    /// Takes a connection that waits, or opens one.
    async fn try_to_open(&self) -> Result<Connection, OpenError> {
        let opened = match self.ahead.take(&self.gate).await {
            Some(connection) => Ok(connection),
            None => self.ahead.open(&self.way()).await,
        };
        if opened.is_ok() {
            self.ahead.refill(|| self.way());
        }
        opened
    }

    /// Waits until nobody else is connected, and keeps others out for as long
    /// as the guard lives.
    async fn alone(&self) -> RwLockWriteGuard<'_, ()> {
        let alone = self.gate.alone().await;
        self.ahead.clear();
        alone
    }

    fn way(&self) -> Way {
        Way {
            session: self.session.clone(),
            host: self.host.clone(),
            ip: self.ip,
            port: self.port,
            starttls: self.starttls,
        }
    }

    /// Makes a handshake by rustls; once more, and alone, where the connection was cut.
    pub async fn handshake(
        &self,
        name: ServerName<'static>,
        offer: &Offer,
        patience: Duration,
    ) -> Result<Attempt, OpenError> {
        let attempt = async || {
            let limited = self.limited(patience).await?;
            let attempt = handshake(limited, name.clone(), offer).await;
            self.ahead.note_answer();
            Ok(attempt)
        };
        let first = {
            let _together = self.gate.together().await;
            attempt().await
        };
        let error = match &first {
            Ok(attempt) => match &attempt.result {
                Err(HandshakeError::Net(error)) => error,
                _ => return first,
            },
            Err(OpenError::Net(error)) => error,
            Err(OpenError::NoTls) => return first,
        };
        if !may_be_limit(error) {
            return first;
        }
        let _alone = self.alone().await;
        sleep(PAUSE).await;
        let again = attempt().await;
        if again.as_ref().is_ok_and(|attempt| attempt.result.is_ok()) {
            self.gate.note();
        }
        again
    }

    /// As [`Self::handshake`], and keeps the connection.
    pub async fn handshake_and_hold(
        &self,
        name: ServerName<'static>,
        offer: &Offer,
        patience: Duration,
    ) -> Result<(Attempt, Option<Held>), OpenError> {
        Ok(handshake_and_hold(self.limited(patience).await?, name, offer).await)
    }

    /// A handshake of TLS 1.2 that goes on by hand.
    pub async fn by_hand(
        &self,
        offer: &Offer,
        patience: Duration,
    ) -> Result<ByHand<Limited>, HandshakeError> {
        let name = ServerName::try_from(self.host.clone())
            .map_err(|_| HandshakeError::Incompatible("no name for a TLS server".to_owned()))?;
        let limited = self.limited(patience).await.map_err(|error| match error {
            OpenError::Net(error) => HandshakeError::Net(error),
            OpenError::NoTls => HandshakeError::Invalid("STARTTLS is not offered".to_owned()),
        })?;
        by_hand(limited, name, offer).await
    }

    async fn limited(&self, patience: Duration) -> Result<Limited, OpenError> {
        Ok(Limited::new(self.open().await?, patience))
    }

    /// Whether SSL 2.0 is granted.
    pub async fn ssl2(&self, patience: Duration) -> Result<bool, Reply> {
        let _together = self.gate.together().await;
        let mut challenge = [0; 16];
        fill_random(&mut challenge);
        let opened = self.open().await;
        self.note(Purpose::Enumeration, &opened);
        let mut connection = opened.map_err(Reply::from)?;
        let mut answer = Vec::new();
        let grants = self
            .talk(
                &mut connection,
                &ssl2::client_hello(challenge),
                patience,
                |bytes| {
                    answer.extend_from_slice(bytes);
                    Ok(ssl2::grants(&answer).is_some())
                },
            )
            .await;
        match (ssl2::grants(&answer), grants) {
            (Some(grants), _) => Ok(grants),
            // A close says no: whoever knows the version answers with a hello.
            (None, Ok(_)) => Err(Reply::Closed),
            (None, Err(error)) => Err(Reply::Failed(error)),
        }
    }

    /// Sends a hello, then what `answer` makes of the server's flight, and
    /// tells how the server reacts, with the bytes of a record that it sent.
    /// `None` when there is nothing to send; an error when the flight is not whole.
    pub async fn react(
        &self,
        hello: &[u8],
        patience: Duration,
        answer: impl FnOnce(&Flight) -> Option<Vec<u8>> + Send,
    ) -> Result<Option<(Reaction, Vec<u8>)>, NetError> {
        let mut connection = match self.open().await {
            Ok(connection) => connection,
            Err(OpenError::Net(error)) => return Err(error),
            Err(OpenError::NoTls) => {
                let detail = "STARTTLS is offered at times only";
                return Err(NetError::new(GapReason::Malformed, detail));
            }
        };
        let mut reader = FlightReader::default();
        self.talk(&mut connection, hello, patience, |bytes| reader.push(bytes))
            .await?;
        let flight = reader.into_flight();
        if !flight.complete {
            let detail = format!("{}: TLS: no whole flight to react to", self.key());
            return Err(NetError::new(GapReason::Malformed, detail));
        }
        let Some(bytes) = answer(&flight) else {
            return Ok(None);
        };
        let mut received = Vec::new();
        let ended = self
            .talk(&mut connection, &bytes, REACTION_TIME, |bytes| {
                received.extend_from_slice(bytes);
                Ok(Reaction::read(&received).is_some())
            })
            .await;
        match (Reaction::read(&received), ended) {
            (Some(reaction), _) => Ok(Some((reaction, received))),
            (None, Ok(_)) => Ok(Some((Reaction::Closed, Vec::new()))),
            (None, Err(error)) => match error.reason {
                GapReason::Reset => Ok(Some((Reaction::Reset, Vec::new()))),
                GapReason::Timeout => Ok(Some((Reaction::Silence, Vec::new()))),
                _ => Err(error),
            },
        }
    }

    /// Sends a hello of TLS 1.3 with a key share and reads the whole flight.
    pub async fn whole(
        &self,
        hello: &[u8],
        share: KeyShare,
        patience: Duration,
    ) -> Result<ProtectedFlight, Missing> {
        let _together = self.gate.together().await;
        let mut connection = self.open().await?;
        let mut share = Some(share);
        let agree = |group: u16, value: &[u8]| share.take()?.agree(group, value);
        let mut reader = ProtectedReader::new(hello, agree);
        let mut fault = None;
        let ended = self
            .talk(&mut connection, hello, patience, |bytes| {
                Ok(reader.push(bytes).unwrap_or_else(|found| {
                    fault = Some(found);
                    true
                }))
            })
            .await;
        match (fault, ended) {
            (Some(fault), _) => Err(Missing::Fault(fault)),
            (None, Ok(true)) => Ok(reader.into_flight()),
            (None, Ok(false)) => Err(Missing::Closed),
            (None, Err(error)) => Err(Missing::Net(error)),
        }
    }

    /// Sends a hello on a connection of its own, and reads the server's flight.
    async fn exchange(&self, hello: &[u8], purpose: Purpose, patience: Duration) -> Reply {
        let opened = self.open().await;
        self.note(purpose, &opened);
        let mut connection = match opened {
            Ok(connection) => connection,
            Err(error) => return error.into(),
        };
        let mut reader = FlightReader::default();
        let mut foreign = false;
        let ended = self
            .talk(&mut connection, hello, patience, |bytes| {
                let taken = reader.push(bytes);
                if taken == Err(FlightError::NotTls) {
                    foreign = true;
                }
                taken
            })
            .await;
        if foreign {
            return Reply::NotTls;
        }
        let received = reader.received();
        let flight = reader.into_flight();
        match (flight.hello.is_some(), flight.alert, ended) {
            // Whatever came later, the server has chosen.
            (true, ..) => Reply::Flight(Box::new(flight)),
            (false, Some(alert), _) => Reply::Alert(alert),
            (false, None, Ok(_)) if received == 0 => Reply::Closed,
            (false, None, Ok(_)) => {
                let detail = format!("{}: TLS: the answer ends too early", self.key());
                Reply::Failed(NetError::new(GapReason::Malformed, detail))
            }
            (false, None, Err(error)) => Reply::Failed(error),
        }
    }

    /// Sends bytes and hands over what comes until `take` has enough (`true`)
    /// or the other side closes (`false`).
    async fn talk(
        &self,
        connection: &mut Connection,
        bytes: &[u8],
        patience: Duration,
        mut take: impl FnMut(&[u8]) -> Result<bool, FlightError>,
    ) -> Result<bool, NetError> {
        let what = format!("{}: TLS", self.key());
        let until = Instant::now() + patience;
        connection.set_idle_timeout(patience);
        let late = || {
            let seconds = patience.as_secs_f32();
            NetError::new(
                GapReason::Timeout,
                format!("{what}: no whole answer within {seconds} s"),
            )
        };
        timeout_at(until, connection.write_all(bytes))
            .await
            .map_err(|_| late())?
            .map_err(|error| NetError::from_io(&error, &what))?;
        let mut buffer = vec![0; 8_192];
        loop {
            let count = timeout_at(until, connection.read(&mut buffer))
                .await
                .map_err(|_| late())?
                .map_err(|error| NetError::from_io(&error, &what))?;
            self.ahead.note_answer();
            let piece = buffer.get(..count).unwrap_or_default();
            if piece.is_empty() {
                return Ok(false);
            }
            match take(piece) {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(FlightError::TooLarge) => {
                    return Err(NetError::new(
                        GapReason::TooLarge,
                        format!("{what}: a huge flight"),
                    ));
                }
                Err(FlightError::NotTls) => {
                    return Err(NetError::new(
                        GapReason::Malformed,
                        format!("{what}: not TLS"),
                    ));
                }
                Err(FlightError::Malformed(part)) => {
                    return Err(NetError::new(
                        GapReason::Malformed,
                        format!("{what}: {part} is broken"),
                    ));
                }
            }
        }
    }
}

impl Ask for Endpoint<'_> {
    async fn ask(&self, hello: &[u8], purpose: Purpose, patience: Duration) -> Reply {
        let _together = self.gate.together().await;
        let _asking = (purpose == Purpose::Enumeration).then(|| self.ahead.asking());
        let exchange = Box::pin(self.exchange(hello, purpose, patience));
        let reply = self.ahead.unless_all_stalls(exchange).await;
        if matches!(reply, Reply::Failed(_) | Reply::Closed) {
            // It may not like that many. Whoever closes without a word is asked again,
            // alone, so that those that wait would be wasted.
            self.ahead.end();
        }
        reply
    }

    async fn ask_alone(&self, hello: &[u8], purpose: Purpose, patience: Duration) -> Reply {
        let _alone = self.alone().await;
        Box::pin(self.exchange(hello, purpose, patience)).await
    }
}

impl From<OpenError> for Reply {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Net(error) => Self::Failed(error),
            OpenError::NoTls => Self::NotTls,
        }
    }
}

impl From<HandshakeError> for OpenError {
    fn from(error: HandshakeError) -> Self {
        Self::Net(NetError::from(&error))
    }
}

/// Fills a hello's random part. Nothing secret hangs on it.
pub fn fill_random(bytes: &mut [u8]) {
    // A hello with zeros is as good, should the system have no randomness.
    let _ = aws_lc_rs::rand::fill(bytes);
}
