//! One DNS question to one server: UDP first, TCP for what does not fit (RFC
//! 1035, RFC 6891, RFC 7766).

use hickory_proto::{
    op::{Edns, Message, Query, ResponseCode},
    rr::{DNSClass, Name, RecordType, rdata::opt::EdnsOption},
};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    time::{Instant, timeout, timeout_at},
};

use super::{error::NetError, meter::Meter, present::name_text};
use crate::model::gap::GapReason;

/// Size of UDP answers that we accept (DNS flag day 2020).
const UDP_PAYLOAD: u16 = 1232;
/// An option of EDNS for local and experimental use (RFC 6891 section 9).
pub const UNKNOWN_OPTION: u16 = 65_001;
/// A flag of EDNS without a meaning yet.
const UNKNOWN_FLAG: u16 = 1;
/// The option of RFC 5001.
const NSID: u16 = 3;
/// Most packets that do not answer the question before one attempt is given up.
const STRAY_PACKETS: u32 = 100;

/// What is asked of a server, and how.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DnsQuery {
    /// The name asked for.
    pub name: Name,
    /// The type asked for.
    pub rtype: RecordType,
    /// Whether the server is to ask others (RD).
    pub recursion: bool,
    /// Whether the server is to hand out what it could not validate (CD).
    pub checking_disabled: bool,
    /// Version of EDNS to speak, with DNSSEC records asked for (DO); `None` for plain DNS.
    pub edns: Option<u8>,
    /// Whether to ask over TCP alone.
    pub tcp: bool,
    /// The class: IN, or CH for what a server says of itself.
    pub class: DNSClass,
    /// What else stands in the question's EDNS record.
    pub extras: Extras,
    /// Whether this is a question of its own although the same name was asked in
    /// other letters: names are equal whatever their case.
    pub mixed_case: bool,
    /// Whether answers from other addresses than the one asked are taken too.
    pub any_source: bool,
}

/// What stands in the EDNS record of a question beside version and DO.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Extras {
    /// Nothing.
    #[default]
    None,
    /// An option and a flag that nobody has defined, which a server has to ignore
    /// (RFC 6891 sections 6.1.2 and 6.1.4).
    Unknown,
    /// The wish to be told which server of many answers (RFC 5001).
    Nsid,
}

/// What a server answered.
#[derive(Clone, Debug)]
pub struct DnsReply {
    /// The answer, with our id and our question.
    pub message: Message,
    /// Its size in octets, without the length that TCP puts before it.
    pub size: usize,
    /// Whether it came over TCP.
    pub tcp: bool,
    /// Whether an answer over UDP was cut off, so that TCP was asked.
    pub truncated: bool,
    /// Whether the question came back in the very letters that were asked.
    pub case_kept: bool,
    /// The address that answered in place of the one that was asked.
    pub other_source: Option<IpAddr>,
}

/// How long to wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waits {
    pub(super) udp: Duration,
    pub(super) tcp: Duration,
}

impl DnsQuery {
    /// A question with DNSSEC records asked for.
    pub fn new(name: Name, rtype: RecordType) -> Self {
        Self {
            name,
            rtype,
            recursion: false,
            checking_disabled: false,
            edns: Some(0),
            tcp: false,
            class: DNSClass::IN,
            extras: Extras::None,
            mixed_case: false,
            any_source: false,
        }
    }

    fn text(&self) -> String {
        format!("{} {}", name_text(&self.name), self.rtype)
    }

    /// Sends the question once and waits for its answer.
    pub(super) async fn send(
        &self,
        server: SocketAddr,
        waits: Waits,
        meter: &Meter,
    ) -> Result<DnsReply, NetError> {
        let question = Question::new(self)?;
        if self.tcp {
            return self.over_tcp(server, &question, waits, meter).await;
        }
        match self.over_udp(server, &question, waits, meter).await? {
            Some(reply) => Ok(reply),
            None => {
                let reply = self.over_tcp(server, &question, waits, meter).await?;
                Ok(DnsReply {
                    truncated: true,
                    ..reply
                })
            }
        }
    }

    /// The answer over UDP; `None` when it was truncated.
    async fn over_udp(
        &self,
        server: SocketAddr,
        question: &Question,
        waits: Waits,
        meter: &Meter,
    ) -> Result<Option<DnsReply>, NetError> {
        let what = || format!("asking {server} for {}", self.text());
        let io_error = |error: io::Error| NetError::from_io(&error, &what());
        meter.query()?;
        let any: SocketAddr = match server.ip() {
            IpAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            IpAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        // A fresh socket for each question has a fresh port; connected, it takes
        // packets from the server alone.
        let socket = UdpSocket::bind(any).await.map_err(io_error)?;
        if !self.any_source {
            socket.connect(server).await.map_err(io_error)?;
            socket.send(&question.bytes).await.map_err(io_error)?;
        } else {
            socket
                .send_to(&question.bytes, server)
                .await
                .map_err(io_error)?;
        }
        meter.sent(question.bytes.len());

        let until = Instant::now() + waits.udp;
        let mut buffer = vec![0u8; 65_535];
        let mut stray = 0u32;
        let mut garbled = false;
        loop {
            let (received, from) = match timeout_at(until, socket.recv_from(&mut buffer)).await {
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
                Reading::Answer(message) => {
                    return Ok(Some(DnsReply {
                        message: *message,
                        size: received,
                        tcp: false,
                        truncated: false,
                        case_kept: question.case_kept(packet),
                        other_source: (from.ip().to_canonical() != server.ip().to_canonical())
                            .then_some(from.ip()),
                    }));
                }
                Reading::Truncated => return Ok(None),
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

    async fn over_tcp(
        &self,
        server: SocketAddr,
        question: &Question,
        waits: Waits,
        meter: &Meter,
    ) -> Result<DnsReply, NetError> {
        let what = format!("asking {server} over TCP for {}", self.text());
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
        let answer = timeout(waits.tcp, exchange)
            .await
            .map_err(|_| NetError::new(GapReason::Timeout, format!("{what}: no answer")))?
            .map_err(|error| NetError::from_io(&error, &what))?;
        match question.read(&answer) {
            Reading::Answer(message) => Ok(DnsReply {
                message: *message,
                size: answer.len(),
                tcp: true,
                truncated: false,
                case_kept: question.case_kept(&answer),
                other_source: None,
            }),
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

impl Question {
    fn new(asked: &DnsQuery) -> Result<Self, NetError> {
        let mut query = Query::query(asked.name.clone(), asked.rtype);
        query.set_query_class(asked.class);
        let mut message = Message::query();
        message.metadata.recursion_desired = asked.recursion;
        message.metadata.checking_disabled = asked.checking_disabled;
        message.add_query(query.clone());
        if let Some(version) = asked.edns {
            let mut edns = Edns::new();
            edns.set_version(version)
                .set_max_payload(UDP_PAYLOAD)
                .set_dnssec_ok(true);
            match asked.extras {
                Extras::None => {}
                Extras::Unknown => {
                    edns.flags_mut().z = UNKNOWN_FLAG;
                    let option = EdnsOption::Unknown(UNKNOWN_OPTION, Vec::new());
                    edns.options_mut().insert(option);
                }
                Extras::Nsid => {
                    let option = EdnsOption::Unknown(NSID, Vec::new());
                    edns.options_mut().insert(option);
                }
            }
            message.set_edns(edns);
        }
        let bytes = message.to_vec().map_err(|error| {
            NetError::new(
                GapReason::Internal,
                format!(
                    "the question for {} cannot be written: {error}",
                    name_text(&asked.name)
                ),
            )
        })?;
        Ok(Self {
            id: message.metadata.id,
            query,
            bytes,
        })
    }

    /// Whether a packet repeats the name of the question letter by letter. The name
    /// stands right behind the header, in both uncompressed.
    fn case_kept(&self, packet: &[u8]) -> bool {
        let end = 12 + self.query.name().len();
        let (own, theirs) = (self.bytes.get(12..end), packet.get(12..end));
        own.is_some() && own == theirs
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
                    && query.query_class() == self.query.query_class()
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

/// Whether a response code says that there is no answer.
pub(super) fn is_failure(rcode: ResponseCode) -> bool {
    !matches!(rcode, ResponseCode::NoError | ResponseCode::NXDomain)
}

/// A random wait of up to 200 ms, so that many retries do not come together.
pub(super) fn jitter() -> Duration {
    Duration::from_millis(u64::from(Message::query().metadata.id) % 200)
}
