//! `scrutineer web` on a scripted site whose faults stand on the third page, and pins of its pages.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    process::{Command, Output},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use serde_json::Value;

const HOST: &str = "vote.county.example";

/// A site over HTTP. Its front page says when polls close, and something new each time.
fn site(closing: &'static str, more: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicU64::new(0));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let count = Arc::clone(&count);
            thread::spawn(move || {
                let mut head = [0; 4096];
                let read = stream.read(&mut head).unwrap_or(0);
                let head = String::from_utf8_lossy(&head[..read]).into_owned();
                let number = count.fetch_add(1, Ordering::Relaxed);
                let body = match head.split(' ').nth(1).unwrap_or_default() {
                    "/" => format!(
                        "<title>Votes</title><h1>Hello \u{202e}voter\x1b[31m</h1><p>Polls close at {closing} p.m.</p>\
                         <input type=hidden name=csrf value={number}><p>Made at 03:42:{:02}</p>\
                         <a href=/voters>For voters</a>{more}",
                        number % 60
                    ),
                    "/voters" => "<title>Voters</title><a href=/register>Register to vote</a>".to_owned(),
                    "/register" => "<title>Register</title><script src=https://static.hotjar.com/h.js></script>\
                         <form id=reg method=get action=http://forms.example/x><label>Date of birth <input name=dob></label>\
                         <button>Go</button></form>"
                        .to_owned(),
                    _ => String::new(),
                };
                let status = if body.is_empty() {
                    "404 Not Found"
                } else {
                    "200 OK"
                };
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nSet-Cookie: session=V4LUE{number}\r\n\
                     Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                );
            });
        }
    });
    port
}

fn run(arguments: &[&str], port: u16, width: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_scrutineer"))
        .args(arguments)
        .arg(format!("--connect-to={HOST}:80:127.0.0.1:{port}"))
        .arg(format!("--connect-to={HOST}:443:127.0.0.1:1"))
        .env("COLUMNS", width)
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_site_is_shown_with_the_faults_of_its_third_page() {
    let port = site("8:00", "");
    let shown = run(&["web", HOST, "--portal"], port, "100");
    assert_eq!(shown.status.code(), Some(0), "{shown:?}");
    let shown = text(&shown);
    for part in [
        "3 pages visited",
        "/register  200 HTTP/1.1  unencrypted",
        "reg: get to http://forms.example/x; asks for dob (birth date)",
        "hotjar.com (analytics, records what visitors type): script",
        "session (session): not Secure, not HttpOnly, no SameSite",
        "/register: form reg puts dob",
        "MDN HTTP Observatory",
    ] {
        assert!(words(&shown).contains(&words(part)), "{part}: {shown}");
    }
    let odd = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
    assert!(!shown.contains(odd) && !shown.contains("V4LUE"), "{shown}");
    let plain = text(&run(&["web", HOST, "--ascii"], port, "60"));
    assert!(plain.is_ascii(), "{plain}");
    let (facts, _) = plain.split_once("Common baseline").unwrap();
    let wide: Vec<&str> = facts.lines().filter(|line| line.len() > 60).collect();
    assert!(wide.is_empty(), "{wide:?}");
    let document = run(&["web", HOST, "--format=json"], port, "100");
    let document: Value = serde_json::from_slice(&document.stdout).unwrap();
    assert_eq!(document["web"]["pages"][2]["key"], "/register");
    assert_eq!(document["findings"]["targets"][0]["key"], HOST);
    assert!(document["findings"]["targets"][0]["observatory"]["tests"].is_array());
    let folder = tempfile::tempdir().unwrap();
    let inventory = folder.path().join("inventory.yaml");
    fs::write(
        &inventory,
        format!("targets: [{{ name: {HOST}, roles: [registration-portal] }}]\n"),
    )
    .unwrap();
    let scanned = run(
        &[
            "scan",
            "-i",
            inventory.to_str().unwrap(),
            "--only=web",
            "--profile=registration-portal",
            "--format=json",
        ],
        port,
        "100",
    );
    let scanned: Value = serde_json::from_slice(&scanned.stdout).unwrap();
    let findings = scanned["findings"].as_array().unwrap();
    for (check, words) in [
        ("portal.form.no-get", ["/register", "reg", "dob"]),
        ("portal.form.https-page", ["/register", "", ""]),
        ("portal.page.no-tracker", ["/register", "hotjar.com", ""]),
        ("portal.page.no-store", ["/register", "", ""]),
    ] {
        let finding = findings.iter().find(|finding| finding["check"] == check);
        let finding = finding.unwrap_or_else(|| panic!("{check} is not found"));
        assert_eq!(finding["verdict"], "fail", "{check}");
        let instances = finding["instances"].to_string();
        assert!(
            words.iter().all(|word| instances.contains(word)),
            "{check}: {instances}"
        );
    }
    let dead = run(&["web", HOST], 1, "100");
    assert_eq!(dead.status.code(), Some(3), "{dead:?}");
}

/// A text with single spaces.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_pinned_page_that_changes_is_a_finding_with_its_lines() {
    let folder = tempfile::tempdir().unwrap();
    let inventory = folder.path().join("inventory.yaml");
    let as_it_was = site("8:00", "");
    let pins = run(&["web", HOST, "--pin", "--path=/voters"], as_it_was, "100");
    assert_eq!(pins.status.code(), Some(0), "{pins:?}");
    assert!(!text(&pins).contains('\x1b') && text(&pins).contains("Polls close at 8:00 p.m."));
    fs::write(&inventory, &pins.stdout).unwrap();
    let scan = |port: u16| -> Vec<(String, String)> {
        let file = inventory.to_str().unwrap();
        let output = run(
            &["scan", "-i", file, "--only=web", "--format=json"],
            port,
            "100",
        );
        let document: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {output:?}"));
        let findings = document["findings"].as_array().unwrap();
        let own = findings
            .iter()
            .filter(|finding| finding["check"] == "web.pins.as-pinned");
        own.map(|finding| {
            let verdict = finding["verdict"].as_str().unwrap().to_owned();
            (verdict, finding["instances"].to_string())
        })
        .collect()
    };
    assert_eq!(scan(as_it_was), []);
    let forged = scan(site(
        "5:00",
        "<script src=https://evil.example/x.js></script>",
    ));
    let [(verdict, instances)] = forged.as_slice() else {
        panic!("{forged:?}")
    };
    assert_eq!(verdict, "fail");
    for part in [
        "Polls close at 8:00 p.m.",
        "Polls close at 5:00 p.m.",
        "evil.example",
    ] {
        assert!(instances.contains(part), "{part}: {instances}");
    }
    let [(verdict, _)] = &scan(1)[..] else {
        panic!("an unreachable page leaves its pin open")
    };
    assert_eq!(verdict, "inconclusive");
    let unseen = run(&["web", HOST, "--pin", "--path=/gone"], as_it_was, "100");
    assert_eq!(unseen.status.code(), Some(3));
    assert!(
        text(&unseen).contains("# /gone: not observed: /gone: status 404"),
        "{unseen:?}"
    );
}
