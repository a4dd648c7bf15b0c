//! A resolver for tests that answers from a table, and misbehaves on request.

use base64::{Engine, engine::general_purpose::STANDARD};
use hickory_proto::{
    dnssec::{
        Algorithm, PublicKeyBuf,
        rdata::{DNSKEY, DNSSECRData},
    },
    op::{Edns, Message, OpCode, ResponseCode},
    rr::{
        Name, RData, Record, RecordType,
        rdata::{SOA, TXT, opt::EdnsOption},
    },
    serialize::txt::Parser,
};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, UdpSocket},
    task::JoinSet,
};

use super::{Answer, Limits, Net, NetConfig, Scope, Session, StopSignal, name_text, parse_name};
use crate::model::{level::Level, target::Target};

/// How the server treats a question.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Answers with this code.
    Code(ResponseCode),
    /// Says that a filter answers in the zone's place (RFC 8914).
    Filtered,
    /// Never answers.
    Silent,
    /// Does not answer so many packets, then does.
    Loses(u32),
    /// Sends answers with a wrong id, a wrong question and garbage before the right one.
    StrayFirst,
    /// Sends the right id and garbage.
    Garbage,
    /// Sends names that point to themselves.
    CompressionLoop,
    /// Answers truncated over UDP.
    Truncated,
    /// Answers FORMERR to questions with EDNS.
    NoEdns,
    /// Floods with stray packets.
    Flood,
}

/// A resolver on loopback with records and faults.
pub(crate) struct TestResolver {
    pub(crate) address: SocketAddr,
    asked: Arc<AtomicU32>,
    _tasks: JoinSet<()>,
}

struct Table {
    records: Vec<Record>,
    /// Names of zones, for negative answers.
    zones: Vec<Name>,
    faults: HashMap<(String, RecordType), Fault>,
    lost: AtomicU32,
    asked: Arc<AtomicU32>,
}

impl TestResolver {
    /// Serves records in master file format, below the root.
    pub(crate) async fn start(zone: &str, faults: &[(&str, RecordType, Fault)]) -> Self {
        let (keys, rest): (Vec<&str>, Vec<&str>) =
            zone.lines().partition(|line| line.contains(" IN DNSKEY "));
        let text = format!("$TTL 300\n{}\n", rest.join("\n"));
        let (_, sets) = Parser::new(text, None, Some(Name::root()))
            .parse()
            .expect("a readable zone");
        let records: Vec<Record> = sets
            .into_values()
            .flat_map(|set| set.records_without_rrsigs().cloned().collect::<Vec<_>>())
            .chain(keys.into_iter().map(key_record))
            .collect();
        let zones = records
            .iter()
            .filter(|record| record.record_type() == RecordType::SOA)
            .map(|record| record.name.clone())
            .collect();
        let asked = Arc::new(AtomicU32::new(0));
        let table = Arc::new(Table {
            records,
            zones,
            faults: faults
                .iter()
                .map(|(name, rtype, fault)| (((*name).to_owned(), *rtype), fault.clone()))
                .collect(),
            lost: AtomicU32::new(0),
            asked: asked.clone(),
        });
        // The same port for both; another process may take it in between.
        let (tcp, udp) = loop {
            let tcp = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = tcp.local_addr().expect("an address");
            if let Ok(udp) = UdpSocket::bind(address).await {
                break (tcp, udp);
            }
        };
        let address = tcp.local_addr().expect("an address");
        let mut tasks = JoinSet::new();
        tasks.spawn(serve_udp(udp, table.clone()));
        tasks.spawn(serve_tcp(tcp, table));
        Self {
            address,
            asked,
            _tasks: tasks,
        }
    }

    /// Questions received so far, over UDP and TCP.
    pub(crate) fn asked(&self) -> u32 {
        self.asked.load(Relaxed)
    }

    /// Configuration that asks this resolver, with short waits.
    pub(crate) fn config(&self) -> NetConfig {
        NetConfig {
            resolver: Some(self.address),
            limits: Limits {
                dns_timeout: Duration::from_millis(400),
                connect_timeout: Duration::from_secs(2),
                idle_timeout: Duration::from_secs(2),
                new_per_second: 0,
                ..Limits::default()
            },
            ..NetConfig::default()
        }
    }

    /// A session on a target.
    pub(crate) fn session(&self, target: &str) -> Session {
        session(self.config(), target)
    }
}

/// A session on a target at level standard, with a deadline of 10 seconds.
pub(crate) fn session(config: NetConfig, target: &str) -> Session {
    let scope = Scope::new(Level::Standard, [target], [""; 0]);
    Net::new(config).expect("a network").session(
        &target_named(target),
        scope,
        Duration::from_secs(10),
        StopSignal::never(),
    )
}

/// A target without roles.
pub(crate) fn target_named(name: &str) -> Target {
    Target {
        name: name.to_owned(),
        port: None,
        roles: Default::default(),
        paths: Vec::new(),
        ignore_robots: false,
        origin: Vec::new(),
        dkim_selectors: Vec::new(),
        pins: Default::default(),
        source: None,
    }
}

/// An answer with TXT records.
pub(crate) fn txt_answer(name: &str, texts: &[&str]) -> Answer {
    let name = parse_name(name).expect("a name");
    let mut message = Message::response(0, OpCode::Query);
    for text in texts {
        let data = RData::TXT(TXT::from_bytes(vec![text.as_bytes()]));
        message.add_answer(Record::from_rdata(name.clone(), 300, data));
    }
    Answer::from_message(&name, RecordType::TXT, message).expect("an answer")
}

/// A DNSKEY record, which the parser of master files does not take.
fn key_record(line: &str) -> Record {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [name, "IN", "DNSKEY", flags, "3", algorithm, key] = words.as_slice() else {
        panic!("{line}");
    };
    let algorithm = Algorithm::from_u8(algorithm.parse().expect("an algorithm"));
    let key = PublicKeyBuf::new(STANDARD.decode(key).expect("Base64"), algorithm);
    let key = DNSKEY::with_flags(flags.parse().expect("flags"), key);
    let data = RData::DNSSEC(DNSSECRData::DNSKEY(key));
    Record::from_rdata(parse_name(name).expect("a name"), 300, data)
}

impl Table {
    fn answer(&self, question: &Message) -> Message {
        let mut message = Message::response(question.metadata.id, OpCode::Query);
        message.metadata.recursion_available = true;
        let [query] = question.queries.as_slice() else {
            message.metadata.response_code = ResponseCode::FormErr;
            return message;
        };
        message.add_query(query.clone());
        let mut name = query.name().clone();
        for _ in 0..20 {
            let here: Vec<&Record> = self.records.iter().filter(|r| r.name == name).collect();
            let of_type = here
                .iter()
                .filter(|record| record.record_type() == query.query_type());
            let found: Vec<Record> = of_type.map(|record| (*record).clone()).collect();
            if !found.is_empty() {
                message.add_answers(found);
                return message;
            }
            let alias = here.iter().find_map(|record| match &record.data {
                RData::CNAME(target) => Some(target.0.clone()),
                _ => None,
            });
            let Some(target) = alias else { break };
            message.add_answers(
                here.iter()
                    .filter(|record| record.record_type() == RecordType::CNAME)
                    .map(|record| (*record).clone()),
            );
            name = target;
        }
        let below = |record: &Record| name.zone_of(&record.name);
        if !self.records.iter().any(below) {
            message.metadata.response_code = ResponseCode::NXDomain;
        }
        let zone = self.zones.iter().filter(|zone| zone.zone_of(&name));
        if let Some(zone) = zone.max_by_key(|zone| zone.num_labels()) {
            let soa = SOA::new(zone.clone(), zone.clone(), 1, 1, 1, 1, 1);
            message.add_authority(Record::from_rdata(zone.clone(), 300, RData::SOA(soa)));
        }
        message
    }

    fn fault(&self, question: &Message) -> Option<Fault> {
        let query = question.queries.first()?;
        let name = name_text(query.name());
        self.faults.get(&(name, query.query_type())).cloned()
    }
}

async fn serve_udp(socket: UdpSocket, table: Arc<Table>) {
    let mut buffer = [0u8; 4096];
    while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
        let Ok(question) = Message::from_vec(&buffer[..length]) else {
            continue;
        };
        table.asked.fetch_add(1, Relaxed);
        for packet in packets(&table, &question) {
            let _ = socket.send_to(&packet, peer).await;
        }
    }
}

/// What is sent in answer to a question over UDP.
fn packets(table: &Table, question: &Message) -> Vec<Vec<u8>> {
    let message = table.answer(question);
    let right = message.to_vec().expect("a message");
    let wrong_id = {
        let mut packet = right.clone();
        packet[0] ^= 0xff;
        packet
    };
    match table.fault(question) {
        None => vec![right],
        Some(Fault::Silent) => vec![],
        Some(Fault::Loses(count)) => {
            if table.lost.fetch_add(1, Relaxed) < count {
                vec![]
            } else {
                vec![right]
            }
        }
        Some(Fault::Code(code)) => {
            let mut message = message;
            message.answers.clear();
            message.metadata.response_code = code;
            vec![message.to_vec().expect("a message")]
        }
        Some(Fault::Filtered) => {
            let mut message = message;
            let mut edns = Edns::new();
            let data = [&17u16.to_be_bytes()[..], b"by \x1bpolicy"].concat();
            edns.options_mut().insert(EdnsOption::Unknown(15, data));
            message.set_edns(edns);
            vec![message.to_vec().expect("a message")]
        }
        Some(Fault::StrayFirst) => {
            let mut other = message.clone();
            other.queries.clear();
            other.add_query(hickory_proto::op::Query::query(
                parse_name("other.example").expect("a name"),
                RecordType::A,
            ));
            vec![
                wrong_id,
                other.to_vec().expect("a message"),
                question.to_vec().expect("our own question"),
                vec![0; 5],
                right,
            ]
        }
        Some(Fault::Garbage) => {
            let mut packet = right[..12].to_vec();
            packet.extend_from_slice(&[0xff; 40]);
            vec![packet]
        }
        Some(Fault::CompressionLoop) => {
            let mut packet = right[..12].to_vec();
            packet[4..12].copy_from_slice(&[0, 1, 0, 1, 0, 0, 0, 0]);
            packet.extend_from_slice(&[
                0xc0, 12, 0, 1, 0, 1, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4,
            ]);
            vec![packet]
        }
        Some(Fault::Truncated) => {
            let mut message = message;
            message.metadata.truncation = true;
            message.answers.clear();
            let mut packet = message.to_vec().expect("a message");
            packet.truncate(packet.len() - 3);
            vec![packet]
        }
        Some(Fault::NoEdns) if question.edns.is_some() => {
            let mut message = message;
            message.metadata.response_code = ResponseCode::FormErr;
            message.queries.clear();
            message.answers.clear();
            vec![message.to_vec().expect("a message")]
        }
        Some(Fault::NoEdns) => vec![right],
        Some(Fault::Flood) => vec![wrong_id; 200],
    }
}

async fn serve_tcp(listener: TcpListener, table: Arc<Table>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let Ok(length) = stream.read_u16().await else {
            continue;
        };
        let mut bytes = vec![0u8; usize::from(length)];
        if stream.read_exact(&mut bytes).await.is_err() {
            continue;
        }
        let Ok(question) = Message::from_vec(&bytes) else {
            continue;
        };
        table.asked.fetch_add(1, Relaxed);
        let answer = table.answer(&question).to_vec().expect("a message");
        let length = u16::try_from(answer.len()).expect("a small answer");
        let _ = stream.write_u16(length).await;
        let _ = stream.write_all(&answer).await;
    }
}
