//! The servers answer as designed, to clients that are not ours: here what they all have in
//! common, and mail; names and offices in files of their own.

use std::{collections::HashMap, net::SocketAddr, sync::Arc, time::Duration};

use hickory_proto::{
    op::{Edns, Message, MessageType, OpCode, Query},
    rr::{Name, RecordType},
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::Estate;

mod names;
mod offices;

/// How long an answer may take. Only what never comes takes as long.
const PATIENCE: Duration = Duration::from_secs(60);

async fn ask(estate: &Estate, name: &str, rtype: RecordType, dnssec: bool) -> Message {
    let mut message = Message::new(7, MessageType::Query, OpCode::Query);
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), rtype));
    let mut edns = Edns::new();
    edns.set_max_payload(1232);
    edns.set_dnssec_ok(dnssec);
    message.edns = Some(edns);
    exchange(estate, &message).await
}

async fn exchange(estate: &Estate, message: &Message) -> Message {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let query = message.to_vec().unwrap();
    socket.send_to(&query, estate.resolver()).await.unwrap();
    let mut buffer = [0; 4096];
    let read = timeout(PATIENCE, socket.recv(&mut buffer)).await;
    Message::from_vec(&buffer[..read.unwrap().unwrap()]).unwrap()
}

/// Where a documented address really is.
fn place(estate: &Estate, address: &str) -> SocketAddr {
    let rule = estate
        .connect_rules()
        .iter()
        .find_map(|rule| rule.strip_prefix(&format!("{address}:")));
    rule.unwrap().parse().unwrap()
}

async fn connect(estate: &Estate, address: &str) -> TcpStream {
    TcpStream::connect(place(estate, address)).await.unwrap()
}

/// Without a root, every certificate is refused.
async fn secure(
    stream: TcpStream,
    host: &str,
    root: Option<&CertificateDer<'static>>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(root.cloned());
    let mut provider = aws_lc_rs::default_provider();
    provider.kx_groups = vec![
        aws_lc_rs::kx_group::X25519MLKEM768,
        aws_lc_rs::kx_group::X25519,
        aws_lc_rs::kx_group::SECP256R1,
    ];
    let config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
        .connect(ServerName::try_from(host.to_owned()).unwrap(), stream)
        .await
}

struct Got {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Got {
    fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(n, _)| n == name);
        let first = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} comes twice");
        first
    }
}

async fn get(mut stream: impl AsyncRead + AsyncWrite + Unpin, host: &str, path: &str) -> Got {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut text)).await;
    let text = String::from_utf8(text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    let headers = lines.filter_map(|line| line.split_once(": "));
    Got {
        status: status.parse().unwrap(),
        headers: headers.map(|(n, v)| (n.to_owned(), v.to_owned())).collect(),
        body: body.to_owned(),
    }
}

async fn get_secure(estate: &Estate, address: &str, host: &str, path: &str) -> Got {
    let stream = connect(estate, address).await;
    let stream = secure(stream, host, Some(estate.root())).await.unwrap();
    get(stream, host, path).await
}

async fn say(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), line: &str) -> String {
    stream.write_all(line.as_bytes()).await.unwrap();
    let mut buffer = vec![0; 4096];
    let read = timeout(PATIENCE, stream.read(&mut buffer)).await;
    String::from_utf8(buffer[..read.unwrap().unwrap()].to_vec()).unwrap()
}

#[tokio::test]
async fn mail_exchangers_greet_and_some_offer_starttls() {
    let estate = Estate::start().await.unwrap();
    let cases = [
        ("192.0.2.25:25", "mx1.exemplary.example", true),
        ("198.51.100.25:25", "mail.average.example", true),
        ("203.0.113.10:25", "mail.neglected.example", false),
    ];
    for (address, host, offers) in cases {
        let mut stream = connect(&estate, address).await;
        let greeting = say(&mut stream, "").await;
        assert!(greeting.starts_with(&format!("220 {host} ")), "{greeting}");
        let answer = say(&mut stream, "EHLO scanner.example\r\n").await;
        assert_eq!(answer.contains("250-STARTTLS\r\n"), offers, "{host}");
        let ready = say(&mut stream, "STARTTLS\r\n").await;
        assert_eq!(ready.starts_with("220 "), offers, "{host}: {ready}");
        if offers {
            let mut stream = secure(stream, host, Some(estate.root())).await.unwrap();
            let answer = say(&mut stream, "EHLO scanner.example\r\n").await;
            assert!(answer.starts_with("250-") && !answer.contains("STARTTLS"));
            assert!(say(&mut stream, "QUIT\r\n").await.starts_with("221 "));
        }
    }
    assert_eq!(estate.counts().connections, 3);
}

#[tokio::test]
async fn every_address_in_the_zones_leads_somewhere() {
    let estate = Estate::start().await.unwrap();
    let mut ports: HashMap<String, Vec<u16>> = HashMap::new();
    for rule in estate.connect_rules() {
        let (from, to) = rule.split_once(":127.0.0.1:").unwrap();
        let (host, port) = from.rsplit_once(':').unwrap();
        assert!(to.parse::<u16>().unwrap() > 0);
        let host = host.trim_matches(['[', ']']).to_owned();
        ports.entry(host).or_default().push(port.parse().unwrap());
    }
    for zone in super::offices::plan(&estate.authority, &Default::default())
        .unwrap()
        .zones
    {
        let addresses = zone.text.lines().filter(|line| !line.starts_with(';'));
        for line in addresses.filter(|line| line.contains(" IN A ") || line.contains(" IN AAAA ")) {
            let address = line.split_whitespace().last().unwrap();
            // The hosting company has no site of ours.
            let known = address == "203.0.113.80" || ports.contains_key(address);
            assert!(known, "{address} leads nowhere");
        }
    }
}

#[tokio::test]
async fn servers_stop_when_the_estate_is_dropped() {
    let estate = Estate::start().await.unwrap();
    let address = place(&estate, "192.0.2.10:80");
    assert!(TcpStream::connect(address).await.is_ok());
    drop(estate);
    let closes = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(timeout(PATIENCE, closes).await.is_ok());
}

#[tokio::test]
async fn servers_outlive_peers_that_talk_nonsense() {
    let estate = Estate::start().await.unwrap();
    let long = [b"GET /".to_vec(), vec![b'a'; 100_000]].concat();
    let nonsense: [&[u8]; 5] = [
        b"",
        b"\0\0\0\0\0\0\0\0",
        b"\x16\x03\x01\xff\xff\x01",
        b"EHLO \xff\xfe\r\nDATA\r\n\r\n",
        &long,
    ];
    for rule in estate
        .connect_rules()
        .iter()
        .filter(|r| !r.contains(":53:"))
    {
        for bytes in nonsense {
            let (_, port) = rule.rsplit_once(':').unwrap();
            let mut stream = TcpStream::connect(format!("127.0.0.1:{port}"))
                .await
                .unwrap();
            // Some servers hang up while they are still talked to.
            let _ = stream.write_all(bytes).await;
            let _ = stream.shutdown().await;
        }
    }
    let datagram = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for bytes in nonsense.iter().filter(|bytes| bytes.len() < 512) {
        datagram.send_to(bytes, estate.resolver()).await.unwrap();
    }
    let page = get_secure(&estate, "192.0.2.10:443", "exemplary.example", "/").await;
    assert_eq!(page.status, 200);
    let page = get(
        connect(&estate, "203.0.113.10:80").await,
        "neglected.example",
        "/",
    )
    .await;
    assert_eq!(page.status, 200);
    let mut mail = connect(&estate, "192.0.2.25:25").await;
    assert!(say(&mut mail, "").await.starts_with("220 "));
    let answer = ask(&estate, "exemplary.example.", RecordType::A, false).await;
    assert_eq!(answer.answers.len(), 1);
}

#[tokio::test]
async fn a_long_line_and_many_commands_end_a_mail_session() {
    let estate = Estate::start().await.unwrap();
    let mut stream = connect(&estate, "192.0.2.25:25").await;
    stream.write_all(&b"NOOP\r\n".repeat(100)).await.unwrap();
    let mut answers = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answers))
        .await
        .unwrap();
    let count = String::from_utf8_lossy(&answers).matches("250 ").count();
    assert_eq!(count, 40, "the session is bounded");
}
