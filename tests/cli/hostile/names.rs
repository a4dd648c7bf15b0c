//! Name servers for hostile scans: ordinary ones, and such as answer what a closure says.

use hickory_proto::{
    op::{Message, MessageType, ResponseCode},
    rr::{Name, RData, Record, RecordType, rdata},
};
use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    str::FromStr,
    sync::Arc,
    thread,
    time::Duration,
};

pub const A: RecordType = RecordType::A;

/// Answers a query that came over TCP or not with packets.
pub type Zone = Arc<dyn Fn(&Message, bool) -> Vec<Vec<u8>> + Send + Sync>;

/// Serves a zone over UDP and TCP on the same free port, until the process ends.
pub fn start(zone: Zone) -> SocketAddr {
    let (udp, tcp) = (0..50)
        .find_map(|_| {
            let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).ok()?;
            let tcp = TcpListener::bind(udp.local_addr().ok()?).ok()?;
            Some((udp, tcp))
        })
        .unwrap();
    let at = udp.local_addr().unwrap();
    let over_tcp = zone.clone();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok((length, from)) = udp.recv_from(&mut buffer) {
            let Ok(query) = Message::from_vec(&buffer[..length]) else {
                continue;
            };
            for packet in zone(&query, false) {
                let _ = udp.send_to(&packet, from);
            }
        }
    });
    thread::spawn(move || {
        for stream in tcp.incoming() {
            let Ok(mut stream) = stream else { continue };
            let zone = over_tcp.clone();
            thread::spawn(move || {
                let mut length = [0; 2];
                while stream.read_exact(&mut length).is_ok() {
                    let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
                    if stream.read_exact(&mut query).is_err() {
                        return;
                    }
                    let Ok(query) = Message::from_vec(&query) else {
                        return;
                    };
                    let packets = zone(&query, true);
                    if packets.is_empty() {
                        thread::sleep(Duration::from_secs(40));
                    }
                    for packet in packets {
                        let length = u16::try_from(packet.len()).unwrap_or(u16::MAX);
                        let _ = stream.write_all(&length.to_be_bytes());
                        let _ = stream.write_all(&packet);
                    }
                }
            });
        }
    });
    at
}

pub fn name(text: &str) -> Name {
    Name::from_str(text).unwrap()
}

pub fn a(address: [u8; 4]) -> RData {
    RData::A(rdata::A(address.into()))
}

pub fn txt(text: &[u8]) -> RData {
    let parts = text.chunks(255).collect();
    RData::TXT(rdata::TXT::from_bytes(parts))
}

/// A reply to a query, without records.
pub fn reply(query: &Message, code: ResponseCode) -> Message {
    let mut reply = query.clone();
    reply.metadata.message_type = MessageType::Response;
    reply.metadata.recursion_available = true;
    reply.metadata.response_code = code;
    reply
}

/// A zone that answers every query with one code and no records.
pub fn always(code: ResponseCode) -> Zone {
    Arc::new(move |query, _| vec![reply(query, code).to_vec().unwrap()])
}

/// A zone that answers with the records of a closure, over TCP where they do not fit.
/// `None` answers as [`ordinary`] does.
pub fn records(
    what: impl Fn(&str, RecordType) -> Option<Vec<RData>> + Send + Sync + 'static,
) -> Zone {
    Arc::new(move |query, tcp| {
        let mut reply = reply(query, ResponseCode::NoError);
        let Some(question) = query.queries.first() else {
            return Vec::new();
        };
        let owner = question.name().clone();
        let text = owner.to_string().to_lowercase();
        let found = what(&text, question.query_type())
            .unwrap_or_else(|| plain(&text, question.query_type()));
        for data in found {
            reply
                .answers
                .push(Record::from_rdata(owner.clone(), 300, data));
        }
        vec![packed(reply, tcp)]
    })
}

/// A message in bytes: cut where UDP does not hold it, without the records that TCP cannot hold.
pub fn packed(mut message: Message, tcp: bool) -> Vec<u8> {
    let mut bytes = message.to_vec().unwrap_or_default();
    if !tcp && bytes.len() > 1232 {
        message.answers.clear();
        message.metadata.truncation = true;
        return message.to_vec().unwrap();
    }
    // The codec marks as truncated what does not fit.
    while bytes.get(2).is_none_or(|flags| flags & 0x02 != 0) {
        let half = message.answers.len() * 9 / 10;
        message.answers.truncate(half);
        bytes = message.to_vec().unwrap_or_default();
    }
    bytes
}

/// A zone with nothing odd in it.
pub fn ordinary() -> Zone {
    records(|_, _| None)
}

fn plain(owner: &str, rtype: RecordType) -> Vec<RData> {
    let ns = name("ns1.hostile.example.");
    match (owner, rtype) {
        (_, RecordType::A) => vec![a([192, 0, 2, 1])],
        ("office.hostile.example.", RecordType::MX) => {
            vec![RData::MX(rdata::MX::new(10, name("mx.hostile.example.")))]
        }
        ("office.hostile.example.", RecordType::NS) => vec![RData::NS(rdata::NS(ns))],
        ("office.hostile.example.", RecordType::SOA) => {
            let zone = name(owner);
            vec![RData::SOA(rdata::SOA::new(
                ns, zone, 1, 3600, 600, 86400, 300,
            ))]
        }
        _ => Vec::new(),
    }
}
