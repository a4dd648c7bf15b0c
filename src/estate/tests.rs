//! The servers answer as designed, to clients that are not ours.

use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use hickory_proto::{
    dnssec::{
        Verifier,
        rdata::{DNSSECRData, RRSIG},
    },
    op::{Edns, Message, MessageType, OpCode, Query, ResponseCode},
    rr::{DNSClass, Name, RData, Record, RecordType},
};
use rustls::{
    ClientConfig, NamedGroup, ProtocolVersion, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use x509_parser::{certificate::X509Certificate, extensions::ParsedExtension, prelude::FromDer};

use super::Estate;

/// What is new with each answer of a page makes no difference to its pin.
#[test]
fn pages_of_the_estate_keep_their_pins() {
    let mended = super::mended::Mended::default();
    let text = |nonce: &str| {
        let asked = super::web::Asked {
            secure: true,
            host: "vote.exemplary.example",
            path: "/register",
            mended: &mended,
            nonce,
        };
        let answer = super::offices::exemplary_portal(&asked);
        assert!(answer.body.contains(nonce));
        crate::wire::page_text::page_text(&answer.body)
    };
    let (first, second) = (text("bm9uY2Ux"), text("bm9uY2Uy"));
    assert_eq!(first, second);
    assert!(!first.lines.is_empty());
}

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

#[tokio::test]
async fn names_resolve_as_the_zones_say() {
    let estate = Estate::start().await.unwrap();
    let cases: &[(&str, RecordType, &[&str])] = &[
        ("exemplary.example.", RecordType::A, &["192.0.2.10"]),
        ("exemplary.example.", RecordType::AAAA, &["2001:db8:1::10"]),
        (
            "VOTE.exemplary.example.",
            RecordType::A,
            &["192.0.2.11", "192.0.2.12"],
        ),
        ("average.example.", RecordType::AAAA, &[]),
        (
            "average.example.",
            RecordType::MX,
            &["10 mail.average.example."],
        ),
        ("average.example.", RecordType::CAA, &[]),
        (
            "exemplary.example.",
            RecordType::NS,
            &["ns1.exemplary.example.", "ns2.exemplary.example."],
        ),
        (
            "_dmarc.average.example.",
            RecordType::TXT,
            &["v=DMARC1; p=none; rua=mailto:postmaster@average.example"],
        ),
        (
            "neglected.example.",
            RecordType::TXT,
            &[
                "v=spf1 +all",
                "v=spf1 a mx include:_spf.mailer.example ?all",
            ],
        ),
        (
            "_spf.mailer.example.",
            RecordType::TXT,
            &["v=spf1 ip4:203.0.113.64/28 -all"],
        ),
        (
            "www.neglected.example.",
            RecordType::A,
            &["203.0.113.10", "neglected.example."],
        ),
        ("average.example.", RecordType::DS, &[]),
    ];
    for (name, rtype, expected) in cases {
        let answer = ask(&estate, name, *rtype, false).await;
        let case = format!("{name} {rtype}");
        assert_eq!(
            answer.metadata.response_code,
            ResponseCode::NoError,
            "{case}"
        );
        assert!(answer.metadata.recursion_available, "{case}");
        let mut seen: Vec<String> = answer.answers.iter().map(|r| r.data.to_string()).collect();
        seen.sort();
        assert_eq!(seen, *expected, "{case}");
        if expected.is_empty() {
            let soa = answer
                .authorities
                .iter()
                .any(|r| r.record_type() == RecordType::SOA);
            assert!(
                soa,
                "{case}: an empty answer must prove itself with a SOA record"
            );
        }
    }
    assert_eq!(estate.counts().queries, cases.len() as u64);
}

#[tokio::test]
async fn what_is_not_there_is_not_there() {
    let estate = Estate::start().await.unwrap();
    let nothing = [
        "_dmarc.neglected.example.",
        "nobody.exemplary.example.",
        "unheard.example.",
        "www.example.org.",
    ];
    for name in nothing {
        let answer = ask(&estate, name, RecordType::A, false).await;
        assert_eq!(
            answer.metadata.response_code,
            ResponseCode::NXDomain,
            "{name}"
        );
    }
    // A resolver tells of the alias and of what became of its target.
    let dangling = ask(&estate, "results.neglected.example.", RecordType::A, false).await;
    assert_eq!(dangling.metadata.response_code, ResponseCode::NXDomain);
    let target = dangling.answers.first().unwrap().data.to_string();
    assert_eq!(target, "neglected-results.pages.hosting.example.");

    let mut chaos = Message::new(9, MessageType::Query, OpCode::Query);
    let mut question = Query::query(Name::from_ascii("version.bind.").unwrap(), RecordType::TXT);
    question.set_query_class(DNSClass::CH);
    chaos.add_query(question);
    let answer = exchange(&estate, &chaos).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::Refused);
    let transfer = ask(&estate, "exemplary.example.", RecordType::AXFR, false).await;
    assert_eq!(transfer.metadata.response_code, ResponseCode::Refused);
}

#[tokio::test]
async fn the_signed_zones_verify_from_the_root_down() {
    let estate = Estate::start().await.unwrap();
    let data = |message: &Message| -> Vec<DNSSECRData> {
        let data = message.answers.iter().map(|record| record.data.clone());
        data.filter_map(|data| match data {
            RData::DNSSEC(data) => Some(data),
            _ => None,
        })
        .collect()
    };
    for zone in [".", "example.", "exemplary.example."] {
        let name = Name::from_ascii(zone).unwrap();
        let keys = ask(&estate, zone, RecordType::DNSKEY, true).await;
        let dnskey = data(&keys)
            .into_iter()
            .find_map(|data| match data {
                DNSSECRData::DNSKEY(key) => Some(key),
                _ => None,
            })
            .unwrap();
        if zone != "." {
            let parent = ask(&estate, zone, RecordType::DS, true).await;
            let matches = data(&parent).iter().any(|data| match data {
                DNSSECRData::DS(ds) => ds.covers(&name, &dnskey).unwrap(),
                _ => false,
            });
            assert!(matches, "DS of {zone}");
        }
        let soa = ask(&estate, zone, RecordType::SOA, true).await;
        let records: Vec<&Record> = soa
            .answers
            .iter()
            .filter(|r| r.record_type() == RecordType::SOA)
            .collect();
        let signature = data(&soa)
            .into_iter()
            .find_map(|data| match data {
                DNSSECRData::RRSIG(signature) => Some::<RRSIG>(signature),
                _ => None,
            })
            .unwrap();
        dnskey
            .verify_rrsig(&name, DNSClass::IN, &signature, records.into_iter())
            .unwrap();
    }
    let denied = ask(&estate, "nobody.exemplary.example.", RecordType::A, true).await;
    let proof = |r: &&Record| r.record_type() == RecordType::NSEC3;
    assert!(denied.authorities.iter().filter(proof).count() >= 2);
}

#[tokio::test]
async fn the_exemplary_office_keeps_every_rule() {
    let estate = Estate::start().await.unwrap();
    let stream = connect(&estate, "192.0.2.11:443").await;
    let stream = secure(stream, "vote.exemplary.example", Some(estate.root()))
        .await
        .unwrap();
    let (_, session) = stream.get_ref();
    assert_eq!(session.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    let group = session.negotiated_key_exchange_group().unwrap().name();
    assert_eq!(group, NamedGroup::X25519MLKEM768);
    let chain = session.peer_certificates().unwrap();
    assert_eq!(chain.len(), 2);
    let (_, leaf) = X509Certificate::from_der(&chain[0]).unwrap();
    let promises = leaf
        .extensions()
        .iter()
        .find_map(|e| match e.parsed_extension() {
            ParsedExtension::SCT(promises) => Some(promises),
            _ => None,
        });
    let logs: HashSet<_> = promises.unwrap().iter().map(|p| p.id.key_id).collect();
    assert_eq!(logs.len(), 2, "promises of two logs");

    let page = get(stream, "vote.exemplary.example", "/register").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let hsts = page.header("strict-transport-security").unwrap();
    assert_eq!(hsts, "max-age=63072000; includeSubDomains; preload");
    let cookie = page.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-session=") && cookie.contains("SameSite=Strict"));
    let policy = page.header("content-security-policy").unwrap();
    let nonce = policy
        .split("'nonce-")
        .nth(1)
        .unwrap()
        .split('\'')
        .next()
        .unwrap();
    assert!(page.body.contains(&format!("nonce=\"{nonce}\"")));
    let again = get_secure(
        &estate,
        "[2001:db8:1::11]:443",
        "vote.exemplary.example",
        "/register",
    );
    assert!(
        !again.await.body.contains(nonce),
        "a nonce must not come twice"
    );

    for host in ["exemplary.example", "www.exemplary.example"] {
        let plain = get(connect(&estate, "192.0.2.10:80").await, host, "/").await;
        let target = format!("https://{host}/");
        assert_eq!(
            (plain.status, plain.header("location")),
            (301, Some(&*target))
        );
    }
    let site = |path| get_secure(&estate, "192.0.2.10:443", "exemplary.example", path);
    let contact = site("/.well-known/security.txt").await;
    let expires = contact
        .body
        .lines()
        .find_map(|l| l.strip_prefix("Expires: "))
        .unwrap();
    assert!(expires.parse::<jiff::Timestamp>().unwrap() > jiff::Timestamp::now());
    assert_eq!(site("/nothing").await.status, 404);
    let policy = get_secure(
        &estate,
        "192.0.2.10:443",
        "mta-sts.exemplary.example",
        "/.well-known/mta-sts.txt",
    );
    assert!(policy.await.body.contains("mode: enforce\r\n"));
}

#[tokio::test]
async fn the_average_office_stopped_half_way() {
    let estate = Estate::start().await.unwrap();
    let away = get(
        connect(&estate, "198.51.100.10:80").await,
        "average.example",
        "/",
    )
    .await;
    assert_eq!(
        away.header("location"),
        Some("https://www.average.example/")
    );
    let home = get_secure(&estate, "198.51.100.10:443", "www.average.example", "/").await;
    assert_eq!(
        home.header("strict-transport-security"),
        Some("max-age=86400")
    );
    assert_eq!(home.header("content-security-policy"), None);
    assert_eq!(home.header("x-content-type-options"), None);
    let form = get_secure(
        &estate,
        "198.51.100.11:443",
        "register.average.example",
        "/lookup",
    );
    let form = form.await;
    let cookie = form.header("set-cookie").unwrap();
    assert!(!cookie.to_ascii_lowercase().contains("samesite"));
    let policy = form.header("content-security-policy").unwrap();
    assert!(policy.contains("'unsafe-inline'"));
    let stream = connect(&estate, "198.51.100.10:443").await;
    let stream = secure(stream, "www.average.example", Some(estate.root())).await;
    let stream = stream.unwrap();
    let group = stream.get_ref().1.negotiated_key_exchange_group();
    assert_eq!(group.unwrap().name(), NamedGroup::X25519);
}

#[tokio::test]
async fn the_neglected_office_leaks() {
    let estate = Estate::start().await.unwrap();
    let form = get(
        connect(&estate, "203.0.113.11:80").await,
        "register.neglected.example",
        "/lookup.php",
    );
    let form = form.await;
    assert_eq!((form.status, form.header("location")), (200, None));
    assert_eq!(form.header("server"), Some("Apache/2.2.15 (CentOS)"));
    assert_eq!(
        form.header("set-cookie"),
        Some("PHPSESSID=9b27d31c54; path=/")
    );
    assert!(form.body.contains("method=\"get\" action=\"http://"));
    assert!(form.body.contains("last4ssn"));
    let stream = connect(&estate, "203.0.113.11:443").await;
    let refused = secure(stream, "register.neglected.example", Some(estate.root())).await;
    assert!(refused.is_err(), "nobody may trust that certificate");
}

/// A ClientHello for one version, with these suites and no extensions.
fn hello(version: u16, suites: &[u16]) -> Vec<u8> {
    let mut body = version.to_be_bytes().to_vec();
    body.extend([7; 32]);
    body.push(0);
    body.extend((suites.len() as u16 * 2).to_be_bytes());
    body.extend(suites.iter().flat_map(|suite| suite.to_be_bytes()));
    body.extend([1, 0]);
    let mut message = vec![1, 0];
    message.extend((body.len() as u16).to_be_bytes());
    message.extend(body);
    let mut record = vec![22, 3, 1];
    record.extend((message.len() as u16).to_be_bytes());
    record.extend(message);
    record
}

#[tokio::test]
async fn old_versions_and_suites_are_met_at_the_neglected_office_alone() {
    const RSA_AES: u16 = 0x002f;
    const ECDHE_GCM: u16 = 0xc02f;
    let estate = Estate::start().await.unwrap();
    // Address, version and suites offered; version and suite of the ServerHello.
    type Case = (&'static str, u16, &'static [u16], Option<(u16, u16)>);
    let cases: &[Case] = &[
        (
            "203.0.113.10:443",
            0x0301,
            &[ECDHE_GCM, 0x000a, RSA_AES],
            Some((0x0301, RSA_AES)),
        ),
        (
            "203.0.113.10:443",
            0x0302,
            &[0x000a],
            Some((0x0302, 0x000a)),
        ),
        (
            "203.0.113.10:443",
            0x0303,
            &[RSA_AES],
            Some((0x0303, RSA_AES)),
        ),
        ("203.0.113.10:443", 0x0300, &[RSA_AES], None),
        ("203.0.113.10:443", 0x0301, &[0x0004], None),
        ("198.51.100.10:443", 0x0301, &[RSA_AES], None),
        ("192.0.2.10:443", 0x0302, &[RSA_AES], None),
    ];
    for (address, version, suites, expected) in cases {
        let mut stream = connect(&estate, address).await;
        stream.write_all(&hello(*version, suites)).await.unwrap();
        let mut header = [0; 5];
        timeout(PATIENCE, stream.read_exact(&mut header))
            .await
            .unwrap()
            .unwrap();
        let mut fragment = vec![0; usize::from(header[3]) << 8 | usize::from(header[4])];
        stream.read_exact(&mut fragment).await.unwrap();
        let seen = (header[0] == 22).then(|| {
            assert_eq!(
                (fragment[0], fragment[38]),
                (2, 0),
                "a ServerHello without session"
            );
            let at = |i: usize| u16::from_be_bytes([fragment[i], fragment[i + 1]]);
            (at(4), at(39))
        });
        assert_eq!(seen, *expected, "{address} {version:04x} {suites:04x?}");
    }
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
