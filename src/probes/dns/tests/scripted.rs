//! Name servers that misbehave by a script, and a walk that is led astray.

use hickory_proto::{
    op::{Edns, Message, OpCode, ResponseCode},
    rr::{
        Name, RData, Record, RecordType,
        rdata::{A, NS, SOA},
    },
};
use serde_json::{Value, json};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, UdpSocket},
    task::JoinSet,
};

use super::super::PROBE;
use crate::{
    model::level::Level,
    net::{
        NetConfig, parse_name,
        test_resolver::{TestResolver, session, target_named},
    },
    probes::registry::{AreaReport, ProbeContext},
    wire::root_hints::RootServer,
};

/// What a server answers to a question; `None`: nothing.
pub(super) type Script = fn(&Message, u16) -> Option<Vec<u8>>;

/// A server on loopback that follows a script.
struct Scripted {
    address: SocketAddr,
    /// Questions that came.
    asked: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Scripted {
    async fn start(script: Script) -> Self {
        let (tcp, udp) = loop {
            let tcp = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            if let Ok(udp) = UdpSocket::bind(tcp.local_addr().expect("an address")).await {
                break (tcp, Arc::new(udp));
            }
        };
        let address = tcp.local_addr().expect("an address");
        let mut tasks = JoinSet::new();
        let asked = Arc::new(AtomicUsize::new(0));
        let (by_udp, by_tcp) = (Arc::clone(&asked), Arc::clone(&asked));
        tasks.spawn(async move {
            let mut buffer = [0u8; 4096];
            while let Ok((length, peer)) = udp.recv_from(&mut buffer).await {
                by_udp.fetch_add(1, Relaxed);
                let question = Message::from_vec(&buffer[..length]).expect("a question");
                if let Some(answer) = script(&question, 17) {
                    let _ = udp.send_to(&answer, peer).await;
                }
            }
        });
        tasks.spawn(async move {
            while let Ok((mut stream, _)) = tcp.accept().await {
                by_tcp.fetch_add(1, Relaxed);
                tokio::spawn(async move {
                    let length = stream.read_u16().await.unwrap_or(0);
                    let mut bytes = vec![0u8; usize::from(length)];
                    if stream.read_exact(&mut bytes).await.is_err() {
                        return;
                    }
                    let question = Message::from_vec(&bytes).expect("a question");
                    match script(&question, 6) {
                        Some(answer) => {
                            let length = u16::try_from(answer.len()).expect("a length");
                            let _ = stream.write_u16(length).await;
                            let _ = stream.write_all(&answer).await;
                        }
                        None => tokio::time::sleep(Duration::from_secs(60)).await,
                    }
                });
            }
        });
        Self {
            address,
            asked,
            _tasks: tasks,
        }
    }
}

pub(super) fn name(text: &str) -> Name {
    parse_name(text).expect("a name")
}

pub(super) fn reply(question: &Message) -> Message {
    let mut message = Message::response(question.metadata.id, OpCode::Query);
    message.add_queries(question.queries.clone());
    message.metadata.authoritative = true;
    if question.edns.is_some() {
        message.set_edns(Edns::new());
    }
    message
}

pub(super) fn bytes(message: Message) -> Option<Vec<u8>> {
    Some(message.to_vec().expect("a message"))
}

pub(super) fn record(owner: &str, data: RData) -> Record {
    Record::from_rdata(name(owner), 300, data)
}

fn soa() -> Record {
    let soa = SOA::new(
        name("ns1.county.example"),
        name("host.county.example"),
        7,
        3600,
        600,
        86_400,
        300,
    );
    record("county.example", RData::SOA(soa))
}

/// A server as it should be.
pub(super) fn sound(question: &Message, _: u16) -> Option<Vec<u8>> {
    let mut message = reply(question);
    let query = question.queries.first()?;
    if question
        .edns
        .as_ref()
        .is_some_and(|edns| edns.version() > 0)
    {
        message.set_edns(Edns::new());
        message.metadata.response_code = ResponseCode::BADVERS;
        return bytes(message);
    }
    if query.name().is_root() {
        message.metadata.authoritative = false;
        message.metadata.response_code = ResponseCode::Refused;
        return bytes(message);
    }
    match query.query_type() {
        RecordType::SOA => {
            message.add_answer(soa());
        }
        RecordType::NS => {
            for server in ["ns1.county.example", "ns2.county.example"] {
                message.add_answer(record("county.example", RData::NS(NS(name(server)))));
            }
        }
        _ => {
            message.add_authority(soa());
        }
    }
    bytes(message)
}

/// Wrong in every way that leaves it of some use.
fn unsound(question: &Message, transport: u16) -> Option<Vec<u8>> {
    let query = question.queries.first()?;
    let mut message = reply(question);
    if query.name().is_root() {
        message.metadata.authoritative = false;
        let root = Name::from_ascii("a.root-servers.net.").expect("a name");
        message.add_authority(Record::from_rdata(Name::root(), 300, RData::NS(NS(root))));
        return bytes(message);
    }
    if transport == 6 {
        return None;
    }
    match query.query_type() {
        RecordType::SOA => {
            message.add_answer(soa());
            let other = SOA::new(
                name("ns9.county.example"),
                name("host.county.example"),
                8,
                3600,
                600,
                86_400,
                300,
            );
            message.add_answer(record("county.example", RData::SOA(other)));
        }
        RecordType::NS => {
            message.add_answer(record(
                "county.example",
                RData::NS(NS(name("ns1.county.example"))),
            ));
        }
        RecordType::AAAA => {
            message.metadata.response_code = ResponseCode::NXDomain;
        }
        _ => {}
    }
    // The letters of the question are lost.
    let mut bytes = message.to_vec().expect("a message");
    bytes
        .get_mut(12..12 + query.name().len())?
        .make_ascii_lowercase();
    Some(bytes)
}

/// A server from before EDNS.
fn ancient(question: &Message, transport: u16) -> Option<Vec<u8>> {
    if question.edns.is_some() {
        let mut message = reply(question);
        message.edns = None;
        message.metadata.response_code = ResponseCode::FormErr;
        return bytes(message);
    }
    sound(question, transport)
}

pub(super) fn silent(_: &Message, _: u16) -> Option<Vec<u8>> {
    None
}

/// Sends garbage under the right id.
fn garbage(question: &Message, _: u16) -> Option<Vec<u8>> {
    let mut bytes = reply(question).to_vec().expect("a message");
    bytes.truncate(12);
    // One question and one answer, whose names point at themselves.
    bytes[4..12].copy_from_slice(&[0, 1, 0, 1, 0, 0, 0, 0]);
    bytes.extend_from_slice(&[
        0xc0, 12, 0, 1, 0, 1, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4,
    ]);
    Some(bytes)
}

/// Truncates everything, and over TCP sends 60 KiB.
fn giant(question: &Message, transport: u16) -> Option<Vec<u8>> {
    let mut message = reply(question);
    if transport == 17 {
        message.metadata.truncation = true;
        return bytes(message);
    }
    for number in 0..2_000u16 {
        let [a, b] = number.to_be_bytes();
        let ip = Ipv4Addr::new(10, 0, a, b);
        message.add_answer(record("county.example", RData::A(A(ip))));
    }
    bytes(message)
}

/// Refers to servers without addresses, which hang on each other.
fn circle(question: &Message, _: u16) -> Option<Vec<u8>> {
    let asked = question.queries.first()?.name().clone();
    let mut message = reply(question);
    message.metadata.authoritative = false;
    let (zone, server) = match name("example").zone_of(&asked) {
        true => ("example", "ns.city.test"),
        false => ("test", "ns.example"),
    };
    message.add_authority(record(zone, RData::NS(NS(name(server)))));
    bytes(message)
}

/// Refers to itself one label deeper each time, and to the sky in between.
fn endless(question: &Message, _: u16) -> Option<Vec<u8>> {
    let asked = question.queries.first()?.name().clone();
    let mut message = reply(question);
    message.metadata.authoritative = false;
    let server = Name::from_ascii(format!("ns{}.example.net.", question.metadata.id)).ok()?;
    message.add_authority(Record::from_rdata(
        asked.base_name(),
        300,
        RData::NS(NS(server)),
    ));
    bytes(message)
}

const ZONE: &str = "
example. IN SOA ns.example. host.example. 7 3600 600 86400 300
example. IN NS ns.example.
ns.example. IN A 203.0.113.1
county.example. IN SOA ns1.county.example. host.county.example. 7 3600 600 86400 300
county.example. IN NS ns1.county.example.
county.example. IN NS ns2.county.example.
ns1.county.example. IN A 192.0.2.53
ns2.county.example. IN A 198.51.100.53
";

/// Looks at county.example with these two servers; `root`: a server of the root.
async fn observe(scripts: [Script; 2], root: Option<Script>) -> AreaReport {
    observe_counted(scripts, root).await.0
}

/// Likewise, and how many questions each server and that of the root were asked.
pub(super) async fn observe_counted(
    scripts: [Script; 2],
    root: Option<Script>,
) -> (AreaReport, [usize; 3]) {
    let resolver = TestResolver::start(ZONE, &[]).await;
    let servers = [
        Scripted::start(scripts[0]).await,
        Scripted::start(scripts[1]).await,
    ];
    let above = Scripted::start(root.unwrap_or(sound)).await;
    let lead = |from: &str, to: SocketAddr| format!("{from}:53:{to}").parse().expect("a rule");
    let config = NetConfig {
        connect_to: vec![
            lead("192.0.2.53", servers[0].address),
            lead("198.51.100.53", servers[1].address),
            lead("203.0.113.1", above.address),
        ],
        root_hints: root.map(|_| {
            vec![RootServer {
                name: "a.root.example".to_owned(),
                addresses: vec![IpAddr::from([203, 0, 113, 1])],
            }]
        }),
        ..resolver.config()
    };
    let session = session(config, "county.example");
    let target = target_named("county.example");
    let context = ProbeContext {
        target: &target,
        level: Level::Standard,
        page_cap: 1,
        session: &session,
    };
    let report = (PROBE.observe)(context).await;
    let asked = [&servers[0], &servers[1], &above].map(|server| server.asked.load(Relaxed));
    (report, asked)
}

fn second(report: &AreaReport) -> &Value {
    &report.facts.as_ref().expect("facts")["servers"][1]
}

/// The gaps below a place.
pub(super) fn gaps<'a>(report: &'a AreaReport, at: &str) -> Vec<&'a str> {
    let all = report.gaps.iter().map(|gap| gap.at.as_str());
    all.filter(|gap| gap.starts_with(at)).collect()
}

#[tokio::test]
async fn a_sound_server_has_no_fault() {
    let report = observe([sound, sound], None).await;
    let server = second(&report);
    for fact in [
        "udp",
        "tcp",
        "authoritative",
        "edns",
        "edns_version_refused",
        "edns_unknown_ignored",
        "case_kept",
        "aaaa_answered",
    ] {
        assert_eq!(server[fact], true, "{fact} {server}");
    }
    assert_eq!(server["upward_referral"], false);
    assert_eq!(server["soa_records"], 1);
    let agreement = &report.facts.as_ref().expect("facts")["agreement"];
    assert_eq!(
        agreement,
        &json!({ "serial": true, "soa": true, "ns": true, "keys": true, "serials": [{ "name": "7" }] })
    );
    assert_eq!(gaps(&report, "/dns/servers"), [""; 0]);
}

#[tokio::test]
async fn each_fault_of_a_server_is_a_fact() {
    let report = observe([sound, unsound], None).await;
    let server = second(&report);
    for fact in ["edns_version_refused", "case_kept", "aaaa_answered"] {
        assert_eq!(server[fact], false, "{fact} {server}");
    }
    assert_eq!(server["upward_referral"], true);
    assert_eq!(server["soa_records"], 2);
    assert_eq!(gaps(&report, "/dns/servers"), ["/dns/servers/1/tcp"]);
    let agreement = &report.facts.as_ref().expect("facts")["agreement"];
    assert_eq!(agreement["ns"], false);

    let report = observe([sound, ancient], None).await;
    let server = second(&report);
    assert_eq!(
        (&server["edns"], &server["authoritative"]),
        (&json!(false), &json!(true))
    );
}

#[tokio::test]
async fn a_silent_server_costs_seconds_and_hides_nobody() {
    // How long it is waited for follows from how often it is asked: see `hostile`.
    let report = observe([sound, silent], None).await;
    assert_eq!(gaps(&report, "/dns/servers"), ["/dns/servers/1"]);
    let first = &report.facts.as_ref().expect("facts")["servers"][0];
    assert_eq!(
        (&first["authoritative"], &first["case_kept"]),
        (&json!(true), &json!(true))
    );
    // What the others agree on is not what all agree on.
    assert!(gaps(&report, "/dns/agreement").contains(&"/dns/agreement/serial"));
}

#[tokio::test]
async fn hostile_answers_leave_gaps() {
    for script in [garbage as Script, giant] {
        let report = observe([sound, script], None).await;
        let first = &report.facts.as_ref().expect("facts")["servers"][0];
        assert_eq!(first["authoritative"], true);
        assert_ne!(second(&report)["authoritative"], true);
    }
}

#[tokio::test]
async fn a_walk_that_is_led_astray_ends() {
    for (script, why) in [
        (circle as Script, "circle"),
        (endless, "wait for each other"),
        (garbage, "cannot be read"),
        (giant, ""),
        (silent, "no answer"),
    ] {
        let report = observe([sound, sound], Some(script)).await;
        let delegation = report
            .gaps
            .iter()
            .find(|gap| gap.at == "/dns/delegation/path");
        // A server of the root that answers for everything is its own parent.
        if let Some(gap) = delegation {
            let detail = gap.detail.as_deref().unwrap_or_default();
            assert!(detail.contains(why), "{why}: {detail}");
        } else {
            assert_eq!(why, "");
        }
        let first = &report.facts.as_ref().expect("facts")["servers"][0];
        assert_eq!(first["authoritative"], true, "{why}");
    }
}
