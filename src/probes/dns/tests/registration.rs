//! The registration of a domain, asked of a server on loopback.

use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::super::PROBE;
use crate::{
    model::{gap::GapReason, level::Level},
    net::{
        RdapSource,
        test_resolver::{TestResolver, session, target_named},
        testing,
    },
    probes::registry::{AreaReport, ProbeContext},
};

const ZONE: &str = "
example. IN SOA ns1.example. host.example. 7 3600 600 86400 300
county.example. IN SOA ns1.county.example. host.county.example. 7 3600 600 86400 300
county.example. IN NS ns1.county.example.
county.example. IN DS 60485 13 2 D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A
ns1.county.example. IN A 192.0.2.53
vote.county.example. IN A 192.0.2.1
";

/// Answers each request with the next of these, the last one for ever; counts requests.
async fn server(answers: Vec<String>) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0u8; 4096];
            let length = stream.read(&mut buffer).await.unwrap_or(0);
            let request = String::from_utf8_lossy(&buffer[..length]).into_owned();
            let index = counted.fetch_add(1, SeqCst).min(answers.len() - 1);
            let right = request.contains("accept: application/rdap+json")
                && request.starts_with("GET /rdap/domain/county.example HTTP/1.1");
            let answer = match right {
                true => answers[index].clone(),
                false => reply(400, &[], "wrong request"),
            };
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (port, count)
}

fn reply(status: u16, headers: &[&str], body: &str) -> String {
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    format!(
        "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}",
        body.len()
    )
}

fn answer(digest: &str) -> String {
    let body = json!({
        "objectClassName": "domain", "ldhName": "county.example",
        "status": ["client transfer prohibited"],
        "events": [{ "eventAction": "expiration", "eventDate": "2030-01-01T00:00:00Z" }],
        "secureDNS": { "delegationSigned": true, "dsData": [
            { "keyTag": 60485, "algorithm": 13, "digestType": 2, "digest": digest }] },
    });
    reply(200, &[], &body.to_string())
}

async fn observe(port: u16) -> AreaReport {
    let resolver = TestResolver::start(ZONE, &[]).await;
    let mut config = resolver.config();
    config.allow_private = true;
    let url = format!("http://127.0.0.1:{port}/rdap/");
    config.rdap = RdapSource::At(url.parse().expect("an address"));
    let name = "vote.county.example";
    let session = session(config, name);
    let target = target_named(name);
    (PROBE.observe)(ProbeContext {
        target: &target,
        level: Level::Passive,
        page_cap: 1,
        session: &session,
    })
    .await
}

const DIGEST: &str = "d4b7d520e7bb5f0f67674a0cceb1e3e0614b93c4f9e99b8383f6a1e4469da50a";

#[tokio::test]
async fn what_the_registry_says_is_held_against_dns() {
    let (port, count) = server(vec![answer(DIGEST)]).await;
    let report = observe(port).await;
    let known = &report.facts.as_ref().expect("facts")["registration"];
    assert_eq!(
        known,
        &json!({
            "domain": "county.example", "server": "127.0.0.1", "registrar": null,
            "states": [{ "name": "client transfer prohibited" }],
            "transfer_locked": true, "update_locked": false, "delete_locked": false,
            "registry_locked": false, "expires": "2030-01-01T00:00:00Z", "signed": true,
            "ds": [{
                "key": "60485/13/2", "key_tag": 60485, "algorithm": "ECDSAP256SHA256",
                "digest_type": "SHA-256",
            }],
            "ds_match": true,
        })
    );
    assert_eq!(count.load(SeqCst), 1);
    let mut evidence = report.evidence.iter();
    assert!(evidence.any(|proof| {
        proof.at == "/dns/registration" && proof.reproduce.contains("/rdap/domain/county.example")
    }));
    let (port, _) = server(vec![answer(&DIGEST.replace('d', "e"))]).await;
    let report = observe(port).await;
    let known = &report.facts.as_ref().expect("facts")["registration"];
    assert_eq!(known["ds_match"], false);
}

#[tokio::test]
async fn what_no_registry_says_is_a_gap() {
    let large = "x".repeat(600 << 10);
    let cases = [
        (reply(429, &["retry-after: 60"], ""), GapReason::Throttled),
        (reply(503, &[], ""), GapReason::Refused),
        (reply(200, &[], "<html>"), GapReason::Malformed),
        (reply(200, &[], &large), GapReason::TooLarge),
        (
            reply(302, &["location: ftp://example/"], ""),
            GapReason::Malformed,
        ),
        (
            answer(DIGEST).replace("county.example", "others.example"),
            GapReason::Malformed,
        ),
    ];
    for (text, reason) in cases {
        let (port, _) = server(vec![text]).await;
        let report = observe(port).await;
        let gap = report.gaps.iter().find(|gap| gap.at == "/dns/registration");
        assert_eq!(gap.map(|gap| gap.reason), Some(reason), "{gap:?}");
        let facts = report.facts.as_ref().expect("facts");
        assert!(facts.get("registration").is_none());
    }
    let (port, _) = server(vec![reply(404, &[], "")]).await;
    let report = observe(port).await;
    let facts = report.facts.as_ref().expect("facts");
    assert_eq!(facts.get("registration"), Some(&Value::Null));
    // Nothing listens there.
    let report = observe(1).await;
    let gap = report.gaps.iter().find(|gap| gap.at == "/dns/registration");
    assert_eq!(gap.map(|gap| gap.reason), Some(GapReason::Unreachable));
}

/// Looks at the domain with IANA's list, a server of which plays on loopback too.
async fn by_iana(
    list: &'static str,
    registry: fn() -> Vec<testing::Act>,
) -> (AreaReport, Vec<String>) {
    let (tls, root) = testing::certificate(&["data.iana.org", "rdap.registry.example"]);
    let server = testing::Server::tls(tls, move |head| match testing::path(head) {
        "/rdap/dns.json" => testing::answer("200 OK", "content-type: application/json", list),
        "/v1/domain/county.example" => registry(),
        _ => testing::answer("404 x", "", ""),
    })
    .await;
    let zone =
        format!("{ZONE}data.iana.org. IN A 192.0.2.70\nrdap.registry.example. IN A 192.0.2.71\n");
    let resolver = TestResolver::start(&zone, &[]).await;
    let mut config = resolver.config();
    config.rdap = RdapSource::Iana;
    config.extra_roots = vec![root];
    config.connect_to = ["192.0.2.70", "192.0.2.71"]
        .iter()
        .map(|host| format!("{host}:443:{}", server.at).parse().expect("a rule"))
        .collect();
    let name = "vote.county.example";
    let session = session(config, name);
    let target = target_named(name);
    let look = async || {
        (PROBE.observe)(ProbeContext {
            target: &target,
            level: Level::Passive,
            page_cap: 1,
            session: &session,
        })
        .await
    };
    look().await;
    // A second look in the same run asks nobody again.
    let report = look().await;
    (report, server.paths())
}

fn known() -> Vec<testing::Act> {
    let body = r#"{ "objectClassName": "domain", "ldhName": "county.example", "status": ["client transfer prohibited"] }"#;
    testing::answer("200 OK", "content-type: application/rdap+json", body)
}

const LIST: &str = r#"{ "version": "1.0", "services": [
    [["test"], ["https://elsewhere.example/"]],
    [["example"], ["http://rdap.registry.example/", "https://rdap.registry.example/v1/"]]] }"#;

#[tokio::test]
async fn the_registry_is_found_by_the_list_of_iana() {
    let (report, paths) = by_iana(LIST, known).await;
    let facts = report.facts.as_ref().expect("facts");
    assert_eq!(
        facts["registration"]["transfer_locked"], true,
        "{:?}",
        report.gaps
    );
    assert_eq!(facts["registration"]["server"], "rdap.registry.example");
    assert_eq!(paths, ["/rdap/dns.json", "/v1/domain/county.example"]);
}

#[tokio::test]
async fn what_the_list_of_iana_does_not_tell_is_a_gap() {
    type Case = (
        &'static str,
        fn() -> Vec<testing::Act>,
        GapReason,
        &'static str,
        usize,
    );
    let limited = || testing::answer("429 x", "retry-after: 60", "");
    let cases: [Case; 5] = [
        (LIST, limited, GapReason::Throttled, "429", 2),
        (
            r#"{ "services": [[["test"], ["https://elsewhere.example/"]]] }"#,
            known,
            GapReason::NotAsked,
            "has no RDAP server for county.example",
            1,
        ),
        (
            "{}",
            known,
            GapReason::Malformed,
            "IANA's list of RDAP servers cannot be read",
            1,
        ),
        (
            r#"{ "services": [[["example"], ["ftp://rdap.registry.example/"]]] }"#,
            known,
            GapReason::Malformed,
            "is no address of an RDAP server",
            1,
        ),
        (
            r#"{ "services": [[["example"], ["https://gone.example/"]]] }"#,
            known,
            GapReason::Unresolved,
            "gone.example",
            1,
        ),
    ];
    for (list, registry, reason, detail, asked) in cases {
        let (report, paths) = by_iana(list, registry).await;
        let gap = report.gaps.iter().find(|gap| gap.at == "/dns/registration");
        assert_eq!(gap.map(|gap| gap.reason), Some(reason), "{list}: {gap:?}");
        let said = gap
            .and_then(|gap| gap.detail.as_deref())
            .unwrap_or_default();
        assert!(said.contains(detail), "{said}");
        assert_eq!(paths.len(), asked, "{list}: {paths:?}");
    }
}
