//! Who takes mail, and what answers there.

use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{facts, gaps, missed, observe, observe_at};
use crate::{
    model::{gap::GapReason, level::Level},
    net::{RecordType, test_resolver::Fault},
};

#[tokio::test]
async fn who_takes_mail() {
    let implicit = json!([{
        "name": "county.example", "preference": 0, "null_mx": false, "implicit": true,
        "is_alias": false, "tlsa": [], "tlsa_signed": null, "tlsa_authenticated": false, "standing": "resolves",
    }]);
    let null = json!([{
        "name": ".", "preference": 0, "null_mx": true, "implicit": false, "endpoints": [],
        "is_alias": false, "tlsa": [], "tlsa_signed": null, "standing": null,
    }]);
    let cases = [
        ("county.example. IN MX 0 .", null, false),
        ("county.example. IN AAAA 2001:db8::1", implicit, true),
        ("county.example. IN TXT \"x\"", json!([]), false),
        ("other.example. IN A 192.0.2.1", json!([]), false),
    ];
    for (zone, mx, receives) in cases {
        let report = observe(zone, &[]).await;
        assert_eq!(
            (&facts(&report)["mx"], &facts(&report)["receives"]),
            (&mx, &json!(receives)),
            "{zone}"
        );
    }
    let faults = [("county.example", RecordType::A, Fault::Silent)];
    let report = observe("county.example. IN TXT \"x\"", &faults).await;
    assert!(
        facts(&report).get("mx").is_none(),
        "no MX and half of the addresses: unknown"
    );
    assert_eq!(
        gaps(&report),
        ["/mail/mx", "/mail/mx_authenticated", "/mail/receives"]
    );
}

/// A mail server that says each line in turn, after the greeting one for each line heard.
async fn mail_server(says: &'static [&'static str]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0u8; 512];
                for line in says {
                    let _ = stream.write_all(line.as_bytes()).await;
                    match stream.read(&mut buffer).await {
                        Ok(count) if count > 0 => {}
                        _ => return,
                    }
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn mail_servers_are_asked_what_they_offer() {
    let ehlo = "250-mx greets 192.0.2.99\r\n250-SIZE 100\r\n250 STARTTLS\r\n";
    // lines, greeting, STARTTLS, reason of the gap
    let cases: Vec<(&'static [&'static str], Value, Value, Option<GapReason>)> = vec![
        (
            Box::leak(Box::new(["220 mx ESMTP\x1b[2J\r\n", ehlo])),
            json!("mx ESMTP\u{FFFD}[2J"),
            json!(true),
            None,
        ),
        (
            &["220-mx\r\n220 ESMTP\r\n", "250 mx\r\n"],
            json!("mx"),
            json!(false),
            None,
        ),
        (
            &["220 mx\r\n", "502 what\r\n"],
            json!("mx"),
            json!(false),
            None,
        ),
        (
            &["220 mx\r\n", "421 busy\r\n"],
            json!("mx"),
            Value::Null,
            Some(GapReason::Refused),
        ),
        (
            &["554 go away\r\n"],
            json!("go away"),
            Value::Null,
            Some(GapReason::Refused),
        ),
        (
            &["HTTP/1.1 400 Bad\r\n"],
            Value::Null,
            Value::Null,
            Some(GapReason::Malformed),
        ),
        (&[], Value::Null, Value::Null, Some(GapReason::Reset)),
    ];
    let zone = "county.example. IN MX 10 mx.example.\nmx.example. IN A 192.0.2.25\n";
    for (says, greeting, starttls, reason) in cases {
        let server = mail_server(says).await;
        let rule = format!("192.0.2.25:25:{}:{}", server.ip(), server.port());
        let report = observe_at(Level::Standard, "county.example", zone, &[], |config| {
            config.connect_to = vec![rule.parse().expect("a rule")];
        })
        .await;
        let endpoint = &facts(&report)["mx"][0]["endpoints"][0];
        assert_eq!(endpoint["key"], "192.0.2.25:25");
        let seen = |key| endpoint.get(key).cloned().unwrap_or_default();
        assert_eq!(
            (seen("greeting"), seen("starttls")),
            (greeting.clone(), starttls),
            "{says:?}"
        );
        assert_eq!(
            missed(&report).first().map(|gap| gap.reason),
            reason,
            "{says:?}"
        );
        if let Some(gap) = missed(&report).first() {
            let place = if greeting.is_null() { "" } else { "/starttls" };
            assert_eq!(gap.at, format!("/mail/mx/0/endpoints/0{place}"));
        }
        // Our own address, which the server repeats, is nobody's business.
        let dialogue = report.evidence.iter().find(|e| e.at.contains("endpoints"));
        assert!(
            dialogue.is_none_or(|e| !e.data.contains("192.0.2.99")),
            "{dialogue:?}"
        );
    }
    // Without leave to connect there, the address is listed and not asked.
    let report = observe_at(Level::Standard, "county.example", zone, &[], |_| {}).await;
    assert_eq!(gaps(&report), ["/mail/mx/0/endpoints/0"]);
    assert_eq!(missed(&report)[0].reason, GapReason::PrivateAddress);
}

#[tokio::test]
async fn a_closed_port_25_says_what_else_it_may_be() {
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = closed.local_addr().expect("an address");
    drop(closed);
    let zone = "county.example. IN MX 10 mx.example.\nmx.example. IN A 192.0.2.25\n";
    let report = observe_at(Level::Standard, "county.example", zone, &[], |config| {
        let rule = format!("192.0.2.25:25:{}:{}", at.ip(), at.port());
        config.connect_to = vec![rule.parse().expect("a rule")];
    })
    .await;
    let missed = missed(&report);
    let [gap] = missed.as_slice() else {
        panic!("{:?}", report.gaps);
    };
    assert_eq!(gap.reason, GapReason::Unreachable);
    let detail = gap.detail.as_deref().unwrap_or_default();
    assert!(
        detail.contains("refused") && detail.contains("block port 25"),
        "{detail}"
    );
}

#[tokio::test]
async fn tlsa_records_of_exchangers() {
    let digest = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9";
    let zone = format!(
        "
county.example. IN MX 10 mx1.example.
county.example. IN MX 20 mx2.example.
_25._tcp.mx1.example. IN TLSA 3 1 1 {digest}
_25._tcp.mx1.example. IN TLSA 1 0 1 {digest}
"
    );
    let faults = [("_25._tcp.mx2.example", RecordType::TLSA, Fault::Silent)];
    let report = observe(&zone, &faults).await;
    let mx = &facts(&report)["mx"];
    assert_eq!(
        mx[0]["tlsa"],
        json!([
            {
                "key": "1 0 1 0a1b2c3d4e5f6071", "usage": 1, "selector": 0, "matching_type": 1,
                "data": digest, "usable": false, "fault": "pkix_usage", "matches": null,
            },
            {
                "key": "3 1 1 0a1b2c3d4e5f6071", "usage": 3, "selector": 1, "matching_type": 1,
                "data": digest, "usable": true, "fault": null,
            },
        ])
    );
    // This resolver has no signatures for anything, the root included.
    assert!(mx[0].get("tlsa_signed").is_none());
    assert_eq!(mx[0]["tlsa_authenticated"], false);
    assert!(mx[1].get("tlsa").is_none());
    assert_eq!(
        gaps(&report),
        [
            "/mail/mx/0/tlsa_signed",
            "/mail/mx/1/tlsa",
            "/mail/mx/1/tlsa_authenticated",
            "/mail/mx/1/tlsa_signed"
        ]
    );
}
