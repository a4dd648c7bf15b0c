//! The server behind a network in front: named in the inventory it must refuse the public, found by
//! way of DNS or a certificate it is a lead, and never told by anything but the page that it serves.

use hickory_proto::rr::{RData, RecordType, rdata};
use serde_json::Value;
use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    time::Duration,
};

use crate::{
    hostile::{
        encrypted,
        harness::{Serve, listen, serve},
        names::{self, a, name},
        web::answer,
    },
    support::scrutineer,
};

const HOST: &str = "portal.hostile.example";
const PAGE: &str = "<!doctype html><title>Votes</title><h1>County elections</h1><p>Polls close at 8 p.m.</p>\
     <p>Register by May 1</p><form action=/find method=post><input name=dob></form>";

/// A server that answers everything so, and with a page.
pub fn says(status: &'static str, headers: &'static str, body: &'static str) -> Serve {
    serve(move |pipe| {
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/html\r\n{headers}Content-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            body.len()
        );
        answer(pipe, head.as_bytes());
    })
}

pub fn closed() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// A port that takes no connection and refuses none: its queue is full.
fn silent() -> (SocketAddr, TcpListener, Vec<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&at, Duration::from_millis(300)) {
        waiting.push(stream);
        assert!(waiting.len() < 10_000, "the queue has no end");
    }
    (at, listener, waiting)
}

/// Addresses with what their ports 443 and 80 do.
type Places = Vec<(&'static str, SocketAddr, SocketAddr)>;

fn zone() -> names::Zone {
    names::records(|owner, rtype| {
        let found = match (owner, rtype) {
            ("portal.hostile.example.", RecordType::A) => vec![a([192, 0, 2, 80])],
            ("mail.hostile.example.", RecordType::A) => vec![a([192, 0, 2, 25])],
            ("old.hostile.example.", RecordType::A) => vec![a([192, 0, 2, 27])],
            ("mx.elsewhere.example.", RecordType::A) => vec![a([192, 0, 2, 28])],
            ("hostile.example.", RecordType::MX) => {
                ["mail.hostile.example.", "mx.elsewhere.example."]
                    .map(|host| RData::MX(rdata::MX::new(10, name(host))))
                    .to_vec()
            }
            ("hostile.example.", RecordType::TXT) => vec![names::txt(
                b"v=spf1 ip4:192.0.2.26 ip4:198.51.100.0/24 -all",
            )],
            _ => Vec::new(),
        };
        Some(found)
    })
}

/// Scans the portal, and gives its facts of the web and its findings.
fn scan(
    folder: &Path,
    places: &Places,
    root: &str,
    inventory: &str,
    level: &str,
) -> (Value, Value) {
    let resolver = names::start(zone());
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let run = folder.join("run.jsonl");
    let _ = fs::remove_file(&run);
    let mut command = scrutineer();
    command
        .args([
            "scan",
            "--only=web",
            "--format=json",
            "--profile=registration-portal",
        ])
        .args(["--connections-per-second=1000", "--pages=1"])
        .arg(format!("--level={level}"))
        .arg(format!("--resolver={resolver}"))
        .arg("--ca-file")
        .arg(file("root.pem", root))
        .arg("-i")
        .arg(file("inventory.yaml", inventory))
        .arg("--save")
        .arg(&run);
    for (address, https, http) in places {
        command.arg(format!(
            "--connect-to={address}:443:127.0.0.1:{}",
            https.port()
        ));
        command.arg(format!(
            "--connect-to={address}:80:127.0.0.1:{}",
            http.port()
        ));
    }
    let output = command.output().unwrap();
    let findings = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let saved = fs::read_to_string(run).unwrap();
    let observation: Value = serde_json::from_str(saved.lines().nth(1).unwrap()).unwrap();
    (observation["web"].clone(), findings)
}

/// The verdict of a check, and its instances as text.
pub fn verdict(findings: &Value, check: &str) -> (String, String) {
    let of = |list: &str| findings[list].as_array().cloned().unwrap_or_default();
    let verdict = of("verdicts").into_iter().find(|one| one["check"] == check);
    let finding = of("findings").into_iter().find(|one| one["check"] == check);
    (
        verdict.map_or(String::new(), |one| {
            one["verdict"].as_str().unwrap().to_owned()
        }),
        finding.map_or(String::new(), |one| one["instances"].to_string()),
    )
}

/// What each address answered: address, HTTPS, HTTP.
fn answers(web: &Value, list: &str) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("open").to_owned();
    let list = web[list]
        .as_array()
        .unwrap_or_else(|| panic!("no {list}: {web}"));
    list.iter()
        .map(|one| (text(&one["key"]), text(&one["https"]), text(&one["http"])))
        .collect()
}

fn rows(expected: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    let text = |text: &str| text.to_owned();
    expected
        .iter()
        .map(|(a, b, c)| (text(a), text(b), text(c)))
        .collect()
}

#[test]
fn an_origin_is_told_by_the_page_that_it_serves() {
    let folder = tempfile::tempdir().unwrap();
    let front = says("200 OK", "CF-Ray: 1\r\nServer: cloudflare\r\n", PAGE);
    let (root, https) = encrypted::serving(&[HOST, "old.hostile.example"], front.clone());
    let open = |serve: Serve| listen(serve);
    let places: Places = vec![
        ("192.0.2.80", open(https.clone()), open(front.clone())),
        // The mail server is the web server too; it redirects nobody.
        ("192.0.2.25", closed(), open(says("200 OK", "", PAGE))),
        // The same name as on the certificate leads through the network as well.
        ("192.0.2.27", open(https), open(front)),
        (
            "192.0.2.26",
            closed(),
            open(says(
                "200 OK",
                "",
                "<title>Votes</title><p>Log in to your mail",
            )),
        ),
        ("192.0.2.28", closed(), open(says("200 OK", "", PAGE))),
    ];
    let inventory = format!(
        "contact: security@hostile.example\nscope: {{ domains: [hostile.example] }}\n\
         authorisation: {{ by: The tests, until: \"2099-12-31\", targets: [{HOST}] }}\n\
         targets:\n  - {{ name: {HOST}, roles: [registration-portal] }}\n"
    );
    let (web, findings) = scan(folder.path(), &places, &root, &inventory, "standard");
    assert_eq!(web["shield"], "Cloudflare");
    let of_scope = [
        ("192.0.2.25", "closed", "site"),
        ("192.0.2.27", "fronted", "fronted"),
    ];
    assert_eq!(
        answers(&web, "origin_leads"),
        rows(&of_scope),
        "an exchanger of others is left alone"
    );
    assert_eq!(
        web["origin_leads"][0]["named_by"],
        "MX mail.hostile.example"
    );
    assert_eq!(
        web["origin_leads"][1]["named_by"],
        "certificate old.hostile.example"
    );
    let (lead, instances) = verdict(&findings, "expo.origin.not-found");
    assert_eq!(lead, "fail");
    assert!(
        instances.contains("192.0.2.25") && instances.contains("MX mail.hostile.example"),
        "{instances}"
    );
    assert!(!instances.contains("192.0.2.27"), "{instances}");
    let (named, _) = verdict(&findings, "expo.origin.refuses-public");
    assert_eq!(named, "not_applicable");

    let (web, _) = scan(folder.path(), &places, &root, &inventory, "intrusive");
    let with_spf = [
        ("192.0.2.25", "closed", "site"),
        ("192.0.2.26", "closed", "other_page"),
        ("192.0.2.27", "fronted", "fronted"),
    ];
    assert_eq!(answers(&web, "origin_leads"), rows(&with_spf));
    let agrees = web["origin_leads"][1]["agrees"].to_string();
    assert_eq!(agrees, r#"["title"]"#, "a title alone makes no site");

    // Without a network in front there is nothing to go round.
    let plain = vec![("192.0.2.80", closed(), open(says("200 OK", "", PAGE)))];
    let (web, findings) = scan(folder.path(), &plain, &root, &inventory, "standard");
    assert_eq!(answers(&web, "origin_leads"), rows(&[]));
    assert_eq!(
        verdict(&findings, "expo.origin.not-found").0,
        "not_applicable"
    );
}

#[test]
fn a_named_origin_must_refuse_the_public() {
    let folder = tempfile::tempdir().unwrap();
    let front = says("200 OK", "CF-Ray: 1\r\n", PAGE);
    let (root, https) = encrypted::serving(&[HOST], front.clone());
    let (_, own) = encrypted::serving(&[HOST], says("200 OK", "", PAGE));
    // An alert: unrecognized_name (RFC 6066 section 3).
    let alert = serve(|pipe| {
        let _ = pipe.read(&mut [0; 4096]);
        let _ = pipe.write_all(&[0x15, 3, 3, 0, 2, 2, 112]);
        let _ = pipe.flush();
    });
    let (silent, _listener, _waiting) = silent();
    let to_front = says(
        "301 Moved Permanently",
        "Location: https://www.portal.hostile.example/\r\n",
        "",
    );
    let refusing: Places = vec![
        ("192.0.2.80", listen(https), listen(front)),
        (
            "192.0.2.91",
            closed(),
            listen(says("403 Forbidden", "", "no")),
        ),
        ("192.0.2.92", listen(alert), closed()),
        ("192.0.2.93", silent, silent),
    ];
    let inventory = |addresses: &str| {
        format!(
            "targets:\n  - {{ name: {HOST}, roles: [registration-portal], origin: [{addresses}] }}\n"
        )
    };
    let safe = inventory("192.0.2.91, 192.0.2.92, 192.0.2.93");
    let (web, findings) = scan(folder.path(), &refusing, &root, &safe, "standard");
    let told = [
        ("192.0.2.91", "closed", "refused"),
        ("192.0.2.92", "refused", "closed"),
        ("192.0.2.93", "silent", "silent"),
    ];
    assert_eq!(answers(&web, "named_origins"), rows(&told));
    assert_eq!(verdict(&findings, "expo.origin.refuses-public").0, "pass");

    let mut open = refusing;
    open.extend([
        ("192.0.2.94", listen(own), closed()),
        ("192.0.2.95", closed(), listen(to_front)),
        (
            "192.0.2.96",
            closed(),
            listen(says("503 Service Unavailable", "", "later")),
        ),
    ]);
    let loose = inventory("192.0.2.91, 192.0.2.94, 192.0.2.95, 192.0.2.96");
    let (web, findings) = scan(folder.path(), &open, &root, &loose, "standard");
    let told = [
        ("192.0.2.91", "closed", "refused"),
        ("192.0.2.94", "site", "closed"),
        ("192.0.2.95", "closed", "redirect"),
        ("192.0.2.96", "closed", "open"),
    ];
    assert_eq!(answers(&web, "named_origins"), rows(&told));
    let (named, instances) = verdict(&findings, "expo.origin.refuses-public");
    assert_eq!(named, "fail");
    for (address, is_there) in [
        ("192.0.2.91", false),
        ("192.0.2.94", true),
        ("192.0.2.95", true),
    ] {
        assert_eq!(
            instances.contains(address),
            is_there,
            "{address}: {instances}"
        );
    }
    let failing = inventory("192.0.2.96");
    let (_, findings) = scan(folder.path(), &open, &root, &failing, "standard");
    assert_eq!(
        verdict(&findings, "expo.origin.refuses-public").0,
        "inconclusive",
        "a failing server is no refusal"
    );
}
