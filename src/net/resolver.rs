//! Asks a recursive resolver: UDP first, TCP for what does not fit.

use hickory_proto::{
    op::{Edns, Message, Query, ResponseCode},
    rr::{DNSClass, Name, RecordType},
};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    sync::Semaphore,
    time::{Instant, sleep, timeout, timeout_at},
};

use super::{
    answer::{Answer, refusal},
    config::Limits,
    error::NetError,
    meter::Meter,
    present::name_text,
};
use crate::model::gap::GapReason;

/// Size of UDP answers that we accept (DNS flag day 2020).
const UDP_PAYLOAD: u16 = 1232;
/// Most packets that do not answer the question before one attempt is given up.
const STRAY_PACKETS: u32 = 100;
/// Name servers of the system that are used, as in the C library.
const SYSTEM_SERVERS: usize = 3;

/// Asks a recursive resolver.
pub(super) struct Resolver {
    servers: Vec<SocketAddr>,
    limits: Limits,
    in_flight: Semaphore,
}

impl Resolver {
    /// A resolver that asks `server`, or those that the system is set up with.
    pub(super) fn new(server: Option<SocketAddr>, limits: Limits) -> Result<Self, NetError> {
        let servers = match server {
            Some(server) => vec![server],
            None => system_servers()?,
        };
        Ok(Self {
            servers,
            in_flight: Semaphore::new(limits.dns_in_flight.clamp(1, 10_000)),
            limits,
        })
    }

    /// The first server, as address and port.
    pub(super) fn label(&self) -> String {
        self.servers
            .first()
            .map(SocketAddr::to_string)
            .unwrap_or_default()
    }

    /// Asks one question. A lost packet is sent again after a short random
    /// wait; a server that does not answer or fails gives way to the next.
    pub(super) async fn ask(
        &self,
        name: &Name,
        rtype: RecordType,
        meter: &Meter,
    ) -> Result<Answer, NetError> {
        let _turn = self.in_flight.acquire().await.map_err(|_| {
            NetError::new(GapReason::Internal, "the queue of DNS queries was closed")
        })?;
        let mut last = NetError::new(GapReason::Internal, "no resolver");
        let mut failed = 0usize;
        for attempt in 0..=self.limits.dns_retries.min(10) {
            let turn = usize::try_from(attempt).unwrap_or(usize::MAX);
            let Some(server) = turn
                .checked_rem(self.servers.len())
                .and_then(|index| self.servers.get(index))
            else {
                break;
            };
            if attempt > 0 && last.reason == GapReason::Timeout {
                sleep(jitter()).await;
            }
            match self.ask_server(*server, name, rtype, meter).await {
                Ok(message) if is_failure(message.metadata.response_code) => {
                    last = refusal(name, rtype, &message);
                    failed += 1;
                    // The protocol's own word: another server may know better, the same will not.
                    if failed >= self.servers.len() {
                        return Err(last);
                    }
                }
                Ok(message) => return Answer::from_message(name, rtype, message),
                Err(error)
                    if matches!(error.reason, GapReason::BudgetSpent | GapReason::Internal) =>
                {
                    return Err(error);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn ask_server(
        &self,
        server: SocketAddr,
        name: &Name,
        rtype: RecordType,
        meter: &Meter,
    ) -> Result<Message, NetError> {
        let message = self.ask_udp(server, name, rtype, true, meter).await?;
        match message.metadata.response_code {
            // A server from before EDNS (RFC 6891 section 7).
            ResponseCode::FormErr | ResponseCode::NotImp | ResponseCode::BADVERS => {
                self.ask_udp(server, name, rtype, false, meter).await
            }
            _ => Ok(message),
        }
    }

    async fn ask_udp(
        &self,
        server: SocketAddr,
        name: &Name,
        rtype: RecordType,
        edns: bool,
        meter: &Meter,
    ) -> Result<Message, NetError> {
        let what = || format!("asking {server} for {} {rtype}", name_text(name));
        let io_error = |error: io::Error| NetError::from_io(&error, &what());
        let question = question(name, rtype, edns)?;
        meter.query()?;
        let any: SocketAddr = match server.ip() {
            IpAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            IpAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        // A fresh socket for each question has a fresh port; connected, it takes
        // packets from the server alone.
        let socket = UdpSocket::bind(any).await.map_err(io_error)?;
        socket.connect(server).await.map_err(io_error)?;
        socket.send(&question.bytes).await.map_err(io_error)?;
        meter.sent(question.bytes.len());

        let until = Instant::now() + self.limits.dns_timeout;
        let mut buffer = vec![0u8; 65_535];
        let mut stray = 0u32;
        let mut garbled = false;
        loop {
            let received = match timeout_at(until, socket.recv(&mut buffer)).await {
                Ok(received) => received.map_err(io_error)?,
                Err(_) if garbled => {
                    return Err(NetError::new(
                        GapReason::Malformed,
                        format!("{}: the answer cannot be read", what()),
                    ));
                }
                Err(_) => {
                    return Err(NetError::new(
                        GapReason::Timeout,
                        format!("{}: no answer", what()),
                    ));
                }
            };
            meter.received(received);
            let packet = buffer.get(..received).unwrap_or_default();
            match question.read(packet) {
                Reading::Answer(message) => return Ok(*message),
                Reading::Truncated => return self.ask_tcp(server, &question, meter).await,
                Reading::Garbled => garbled = true,
                Reading::Stray => {}
            }
            stray += 1;
            if stray >= STRAY_PACKETS {
                return Err(NetError::new(
                    GapReason::Malformed,
                    format!("{}: only wrong packets came back", what()),
                ));
            }
        }
    }

    async fn ask_tcp(
        &self,
        server: SocketAddr,
        question: &Question,
        meter: &Meter,
    ) -> Result<Message, NetError> {
        let what = format!("asking {server} over TCP for {}", question.text());
        meter.query()?;
        meter.connection()?;
        let exchange = async {
            let mut stream = TcpStream::connect(server).await?;
            let length = u16::try_from(question.bytes.len())
                .map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
            let mut framed = length.to_be_bytes().to_vec();
            framed.extend_from_slice(&question.bytes);
            stream.write_all(&framed).await?;
            meter.sent(framed.len());
            let length = stream.read_u16().await?;
            let mut answer = vec![0u8; usize::from(length)];
            stream.read_exact(&mut answer).await?;
            meter.received(answer.len() + 2);
            Ok::<_, io::Error>(answer)
        };
        let answer = timeout(self.limits.connect_timeout, exchange)
            .await
            .map_err(|_| NetError::new(GapReason::Timeout, format!("{what}: no answer")))?
            .map_err(|error| NetError::from_io(&error, &what))?;
        match question.read(&answer) {
            Reading::Answer(message) => Ok(*message),
            _ => Err(NetError::new(
                GapReason::Malformed,
                format!("{what}: the answer cannot be read"),
            )),
        }
    }
}

/// A question as it is sent.
struct Question {
    id: u16,
    query: Query,
    bytes: Vec<u8>,
}

/// What a packet is to a question.
enum Reading {
    Answer(Box<Message>),
    /// It answers, but not all of the answer fitted.
    Truncated,
    /// It claims to answer and cannot be read.
    Garbled,
    /// It answers something else.
    Stray,
}

fn question(name: &Name, rtype: RecordType, edns: bool) -> Result<Question, NetError> {
    let query = Query::query(name.clone(), rtype);
    let mut message = Message::query();
    message.metadata.recursion_desired = true;
    message.add_query(query.clone());
    if edns {
        let mut edns = Edns::new();
        edns.set_max_payload(UDP_PAYLOAD).set_dnssec_ok(true);
        message.set_edns(edns);
    }
    let bytes = message.to_vec().map_err(|error| {
        NetError::new(
            GapReason::Internal,
            format!(
                "the question for {} cannot be written: {error}",
                name_text(name)
            ),
        )
    })?;
    Ok(Question {
        id: message.metadata.id,
        query,
        bytes,
    })
}

impl Question {
    fn text(&self) -> String {
        format!(
            "{} {}",
            name_text(self.query.name()),
            self.query.query_type()
        )
    }

    /// Reads a packet: it must have our id, be a response, and repeat our question.
    fn read(&self, packet: &[u8]) -> Reading {
        let Some(&[id_high, id_low, flags, ..]) = packet.first_chunk::<12>() else {
            return Reading::Stray;
        };
        let is_response = flags & 0x80 != 0;
        if u16::from_be_bytes([id_high, id_low]) != self.id || !is_response {
            return Reading::Stray;
        }
        // The end of a truncated answer may be cut anywhere, so it is not read at all.
        if flags & 0x02 != 0 {
            return Reading::Truncated;
        }
        let Ok(message) = Message::from_vec(packet) else {
            return Reading::Garbled;
        };
        let echoes = match message.queries.as_slice() {
            [query] => {
                query.name() == self.query.name()
                    && query.query_type() == self.query.query_type()
                    && query.query_class() == DNSClass::IN
            }
            // Servers that cannot read a question may leave it out.
            [] => is_failure(message.metadata.response_code),
            _ => false,
        };
        if echoes {
            Reading::Answer(Box::new(message))
        } else {
            Reading::Stray
        }
    }
}

fn is_failure(rcode: ResponseCode) -> bool {
    !matches!(rcode, ResponseCode::NoError | ResponseCode::NXDomain)
}

/// A random wait of up to 200 ms, so that many retries do not come together.
fn jitter() -> Duration {
    Duration::from_millis(u64::from(Message::query().metadata.id) % 200)
}

/// The name servers that the system is set up with.
fn system_servers() -> Result<Vec<SocketAddr>, NetError> {
    let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let servers = servers_of(&text);
    if servers.is_empty() {
        return Err(NetError::new(
            GapReason::Unreachable,
            "the system has no resolver set up (/etc/resolv.conf); give one with --resolver ADDR",
        ));
    }
    Ok(servers)
}

/// The servers that a resolv.conf names (resolv.conf(5)).
fn servers_of(text: &str) -> Vec<SocketAddr> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            (words.next() == Some("nameserver")).then(|| words.next())?
        })
        .filter_map(|word| {
            // `fe80::1%eth0`: a scope that std can read only as a number.
            let address: IpAddr = word.split('%').next()?.parse().ok()?;
            Some(SocketAddr::new(address, 53))
        })
        .take(SYSTEM_SERVERS)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolv_conf_is_read_leniently() {
        let text = "# nameserver 192.0.2.9\nsearch example\n nameserver  192.0.2.1 \nnameserver x\nnameserver 2001:db8::1\noptions edns0\n";
        let servers: Vec<String> = servers_of(text).iter().map(|s| s.to_string()).collect();
        assert_eq!(servers, ["192.0.2.1:53", "[2001:db8::1]:53"]);
        assert!(servers_of("").is_empty());
    }
}
