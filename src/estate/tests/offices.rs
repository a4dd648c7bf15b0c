//! The three offices and their websites: one that keeps every rule, one that stopped half
//! way, and one that was neglected, with old versions and suites of TLS.

use std::collections::HashSet;

use rustls::{NamedGroup, ProtocolVersion};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};
use x509_parser::{certificate::X509Certificate, extensions::ParsedExtension, prelude::FromDer};

use super::{PATIENCE, connect, get, get_secure, secure};
use crate::estate::Estate;

/// What is new with each answer of a page makes no difference to its pin.
#[test]
fn pages_of_the_estate_keep_their_pins() {
    let mended = crate::estate::mended::Mended::default();
    let text = |nonce: &str| {
        let asked = crate::estate::web::Asked {
            secure: true,
            host: "vote.exemplary.example",
            path: "/register",
            mended: &mended,
            nonce,
        };
        let answer = crate::estate::offices::exemplary_portal(&asked);
        assert!(answer.body.contains(nonce));
        crate::wire::page_text::page_text(&answer.body)
    };
    let (first, second) = (text("bm9uY2Ux"), text("bm9uY2Uy"));
    assert_eq!(first, second);
    assert!(!first.lines.is_empty());
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
