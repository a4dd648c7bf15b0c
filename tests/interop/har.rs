//! A capture recorded in Chromium: its pages are judged by the same checks, and no secret gets into the run.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::Path,
    process::Command,
    thread,
};

use serde_json::Value;

use crate::support::{folder, program};

const HOST: &str = "vote.har.example";

/// A site that lets nobody past its log-in without a cookie.
fn site() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            thread::spawn(move || {
                let mut head = [0; 8192];
                let read = stream.read(&mut head).unwrap_or(0);
                let head = String::from_utf8_lossy(&head[..read]).to_lowercase();
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                let known = head.contains("cookie: session=s3cret");
                let (status, more, body) = match path.split('?').next().unwrap_or_default() {
                    "/login" => (
                        "302 Found",
                        "Location: /me?ticket=s3cret\r\nSet-Cookie: session=s3cret\r\n",
                        "",
                    ),
                    "/me" if known => (
                        "200 OK",
                        "",
                        "<title>You</title><form id=me action=/save><input name=dob value=s3cret></form>",
                    ),
                    _ => ("404 Not Found", "", "no"),
                };
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\n{more}Content-Length: {}\r\n\
                     Connection: close\r\n\r\n{body}",
                    body.len()
                );
            });
        }
    });
    port
}

#[test]
fn a_capture_of_chromium_is_judged() {
    let what = "a capture recorded in Chromium";
    let found = program("chromium", "chromium", what).zip(program("node", "nodejs", what));
    let Some((chromium, node)) = found else {
        return;
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let validators = root.join("target/validators");
    if !validators.join("node_modules/playwright-core").is_dir() {
        println!(
            "\nLEFT OUT: {what}: `bash tests/reports/validators` installs what drives the browser\n"
        );
        return;
    }
    let folder = folder();
    let (capture, run) = (
        folder.path().join("login.har"),
        folder.path().join("run.jsonl"),
    );
    let recorded = Command::new(node)
        .arg(root.join("tests/interop/har.mjs"))
        .args([&validators, &chromium])
        .args([site().to_string(), "1".to_owned()])
        .arg(&capture)
        .arg(format!("http://{HOST}/login?next=s3cret"))
        .output()
        .unwrap();
    assert!(recorded.status.success(), "{recorded:?}");
    assert!(fs::read_to_string(&capture).unwrap().contains("s3cret"));
    let imported = Command::new(env!("CARGO_BIN_EXE_scrutineer"))
        .args(["import", "har"])
        .arg(&capture)
        .args(["--scope", HOST, "--portal", "--save"])
        .arg(&run)
        .output()
        .unwrap();
    assert_eq!(imported.status.code(), Some(0), "{imported:?}");
    let text = fs::read_to_string(&run).unwrap();
    assert!(!text.contains("s3cret"), "{text}");
    let observation: Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    let web = &observation["web"];
    assert_eq!(web["pages"][0]["key"], "/me");
    assert_eq!(
        web["pages"][0]["forms"][0]["fields"][0]["kind"],
        "birth_date"
    );
    assert_eq!(web["chains"][0]["hops"][0]["cookies"][0]["name"], "session");
    let judged = Command::new(env!("CARGO_BIN_EXE_scrutineer"))
        .arg("judge")
        .arg(&run)
        .args(["--profile", "registration-portal", "--format", "json"])
        .output()
        .unwrap();
    let document: Value = serde_json::from_slice(&judged.stdout).unwrap();
    let findings = document["findings"].as_array().unwrap();
    let named = findings.iter().any(|finding| {
        finding["check"] == "portal.form.no-get" && finding["instances"].to_string().contains("/me")
    });
    assert!(named, "{findings:?}");
}
