//! The TLS probe on mail exchangers: STARTTLS in front of `openssl s_server`,
//! and the ways in which there is none.

use std::{
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    thread,
};

use scrutineer::{
    model::{gap::Gap, gap::GapReason, level::Level},
    probes::tls::facts::{EndpointPurpose, TlsFacts, VersionName},
};

use crate::tls::{Question, observe_target, serve};
use crate::tls_odd::relay;

/// Serves SMTP with these greeting and capabilities; TLS comes from upstream.
fn exchanger(greeting: &'static str, capabilities: &'static str, upstream: u16) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Whatever fails here is the end of one connection.
            thread::spawn(move || dialogue(stream, greeting, capabilities, upstream));
        }
    });
    port
}

fn dialogue(
    mut stream: TcpStream,
    greeting: &str,
    capabilities: &str,
    upstream: u16,
) -> std::io::Result<()> {
    stream.write_all(greeting.as_bytes())?;
    loop {
        let mut line = String::new();
        // Unbuffered beyond the line, as TLS follows at once.
        BufReader::with_capacity(1, &stream).read_line(&mut line)?;
        match line.trim_end() {
            "" => return Ok(()),
            "STARTTLS" => {
                stream.write_all(b"220 go on\r\n")?;
                return relay(stream, upstream, false);
            }
            hello if hello.starts_with("EHLO [") => stream.write_all(capabilities.as_bytes())?,
            _ => stream.write_all(b"500 what?\r\n")?,
        }
    }
}

fn look(records: &str, port: u16, level: Level) -> (TlsFacts, Vec<Gap>) {
    let zone = format!(
        "$TTL 300\n@ IN SOA ns1.site.example. hostmaster.site.example. 1 7200 3600 1209600 300\n\
         @ IN NS ns1.site.example.\n{records}"
    );
    let (facts, gaps, _) = observe_target(&Question {
        zone: &zone,
        roles: &["mail-domain"],
        rules: &[format!("192.0.2.25:25:127.0.0.1:{port}")],
        root: None,
        level,
        ct_logs: None,
    });
    (facts, gaps)
}

const MX: &str = "@ IN MX 10 mx.site.example.\nmx IN A 192.0.2.25\n";
const OFFERS: &str = "250-mx.site.example\r\n250-SIZE 1000\r\n250 STARTTLS\r\n";

#[test]
fn an_exchanger_is_looked_at_like_a_website() {
    let options = [
        "-tls1_2",
        "-cipher",
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "-groups",
        "P-256",
    ];
    let Some((_server, upstream)) = serve(&["ec"], Some("inter.pem"), &options) else {
        return;
    };
    let port = exchanger("220-mx.site.example\r\n220 ESMTP\r\n", OFFERS, upstream);
    let (facts, gaps) = look(MX, port, Level::Standard);
    assert_eq!(gaps, []);
    let [endpoint] = facts.endpoints.known().unwrap().as_slice() else {
        panic!("{facts:?}");
    };
    assert_eq!(endpoint.key, "192.0.2.25:25");
    assert_eq!(endpoint.host, "mx.site.example");
    assert_eq!(endpoint.purpose, EndpointPurpose::Smtp);
    assert_eq!(endpoint.starttls.as_deref(), Some("smtp"));
    let versions = endpoint.versions.known().unwrap();
    assert_eq!(versions.len(), 1);
    assert_eq!(versions[0].name, VersionName::Tls12);
    assert_eq!(endpoint.suites.known().unwrap().len(), 1);
    assert_eq!(endpoint.groups.known().unwrap().len(), 1);
    let [certificate] = endpoint.certificates.known().unwrap().as_slice() else {
        panic!("{endpoint:?}");
    };
    assert!(!certificate.matches_host, "it is for site.example");
}

#[test]
fn an_exchanger_without_tls_is_told_from_one_that_refuses_to_talk() {
    let plain = exchanger("220 mx\r\n", "250-mx\r\n250 SIZE 1000\r\n", 0);
    let (facts, gaps) = look(MX, plain, Level::Standard);
    assert_eq!(gaps, []);
    let endpoint = &facts.endpoints.known().unwrap()[0];
    assert_eq!(endpoint.speaks_tls.known(), Some(&false));

    for (greeting, capabilities) in [
        ("554 no service for you\r\n", OFFERS),
        ("220 mx\r\n", "421 too many connections\r\n"),
    ] {
        let port = exchanger(greeting, capabilities, 0);
        let (facts, gaps) = look(MX, port, Level::Standard);
        let endpoint = &facts.endpoints.known().unwrap()[0];
        assert!(endpoint.speaks_tls.is_unseen());
        let [gap] = gaps.as_slice() else {
            panic!("{gaps:?}");
        };
        assert_eq!(gap.at, "/tls/endpoints/0");
        assert_eq!(gap.reason, GapReason::Refused);
    }
}

#[test]
fn domains_without_exchangers_have_no_endpoints() {
    for records in ["@ IN MX 0 .\n", "www IN A 192.0.2.1\n"] {
        let (facts, gaps) = look(records, 1, Level::Standard);
        assert_eq!(gaps, [], "{records}");
        assert_eq!(facts.endpoints.known(), Some(&Vec::new()), "{records}");
    }
    // Asked later, or not known: the list stays open.
    let (facts, gaps) = look(MX, 1, Level::Passive);
    assert_eq!(facts.endpoints.known(), Some(&Vec::new()));
    assert_eq!(gaps[0].at, "/tls/endpoints/-");
    assert_eq!(gaps[0].reason, GapReason::NotAsked);
}
