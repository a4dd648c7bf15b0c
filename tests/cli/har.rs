//! `scrutineer import har`: a capture becomes a run that `judge` takes, and none of its secrets gets in.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::{Value, json};

const HOST: &str = "vote.county.example";

fn scrutineer(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_scrutineer"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn entry(
    method: &str,
    url: &str,
    status: u16,
    headers: &[(&str, &str)],
    body: Option<&str>,
) -> Value {
    let headers: Vec<Value> = headers
        .iter()
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect();
    let mut content = json!({ "size": body.map_or(100, str::len), "mimeType": "text/html" });
    if let Some(body) = body {
        content["text"] = json!(body);
    }
    json!({
        "startedDateTime": "2026-11-23T03:00:00.123Z", "time": 1, "cache": {}, "timings": {},
        "request": {
            "method": method, "url": url, "httpVersion": "h2", "cookies": [{ "name": "s", "value": "SECRET-SENT" }],
            "headers": [{ "name": "Authorization", "value": "Bearer SECRET-BEARER" }],
            "queryString": [], "postData": { "mimeType": "text/plain", "text": "dob=SECRET-POSTED" },
        },
        "response": {
            "status": status, "statusText": "", "httpVersion": "h2", "headers": headers, "cookies": [],
            "content": content, "redirectURL": "",
        },
    })
}

fn capture(entries: &[Value]) -> String {
    let creator = json!({ "name": "hand", "version": "1" });
    json!({ "log": { "version": "1.2", "creator": creator, "entries": entries } }).to_string()
}

/// Imports entries, and gives the observation and the run as text.
fn import(folder: &Path, entries: &[Value]) -> (Value, String) {
    fs::write(folder.join("login.har"), capture(entries)).unwrap();
    let _ = fs::remove_file(folder.join("run.jsonl"));
    let output = scrutineer(
        folder,
        &[
            "import",
            "har",
            "login.har",
            "--scope",
            HOST,
            "--portal",
            "--save",
            "run.jsonl",
        ],
    );
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let run = fs::read_to_string(folder.join("run.jsonl")).unwrap();
    let observation = run.lines().nth(1).unwrap();
    (serde_json::from_str(observation).unwrap(), run)
}

fn gap<'a>(observation: &'a Value, at: &str) -> Option<&'a str> {
    let gaps = observation["gaps"].as_array().unwrap();
    let found = gaps.iter().find(|gap| gap["at"] == at)?;
    found["reason"].as_str()
}

#[test]
fn pages_behind_a_login_are_judged_and_secrets_stay_out() {
    let folder = tempfile::tempdir().unwrap();
    let page = "<title>You</title><p>Jane SECRET-NAME</p><script src=/app.js?k=SECRET-SCRIPT></script>\
        <script src=https://static.hotjar.com/h.js></script>\
        <form id=me method=get action='/save;jsessionid=0123456789SECRETX?t=SECRET-ACTION'>\
        <input name=dob><input type=hidden name=csrf value=SECRET-HIDDEN></form>";
    let (observation, run) = import(
        folder.path(),
        &[
            entry(
                "GET",
                &format!("https://{HOST}/login?next=SECRET-QUERY"),
                302,
                &[
                    ("Location", "/me?token=SECRET-LOCATION"),
                    ("Set-Cookie", "session=SECRET-COOKIE; Path=/"),
                ],
                Some(""),
            ),
            entry(
                "GET",
                &format!("https://user:SECRET-USER@{HOST}/me?token=SECRET-LOCATION"),
                200,
                &[
                    ("content-type", "text/html; charset=iso-8859-1"),
                    ("x-debug-token", "SECRET-HEADER"),
                    (
                        "content-security-policy",
                        "default-src 'self'; report-uri https://r.example/c?key=SECRET-REPORT",
                    ),
                ],
                Some(page),
            ),
            entry(
                "GET",
                "https://bank.example/SECRET-OTHER",
                200,
                &[],
                Some("<p>SECRET-BODY"),
            ),
        ],
    );
    assert!(!run.contains("SECRET"), "{run}");
    let web = &observation["web"];
    let page = &web["pages"][0];
    assert_eq!(
        (page["key"].as_str(), page["status"].as_u64()),
        (Some("/me"), Some(200))
    );
    assert_eq!(page["forms"][0]["fields"][0]["kind"], "birth_date");
    assert_eq!(page["third_parties"][0]["key"], "hotjar.com");
    assert_eq!(page["session_in_urls"], json!(["jsessionid"]));
    let hops = web["chains"][0]["hops"].as_array().unwrap();
    assert_eq!(hops.len(), 2, "{hops:?}");
    assert_eq!(hops[0]["cookies"][0]["name"], "session");
    assert_eq!(hops[0]["location"], "/me");
    for place in [
        "/dns",
        "/tls",
        "/web/exposure",
        "/web/origins",
        "/web/second_looks",
    ] {
        assert_eq!(gap(&observation, place), Some("not_asked"), "{place}");
    }
    assert_eq!(web["observatory"]["score"], Value::Null);
    let judged = scrutineer(
        folder.path(),
        &[
            "judge",
            "run.jsonl",
            "--profile",
            "registration-portal",
            "--format",
            "json",
        ],
    );
    assert_eq!(judged.status.code(), Some(1), "{judged:?}");
    let document: Value = serde_json::from_slice(&judged.stdout).unwrap();
    let findings = document["findings"].as_array().unwrap();
    let failing: Vec<&str> = findings
        .iter()
        .filter(|finding| finding["verdict"] == "fail")
        .filter_map(|finding| finding["check"].as_str())
        .collect();
    for check in [
        "portal.form.no-get",
        "portal.page.no-session-in-url",
        "portal.page.no-tracker",
        "web.cookies.secure-on-redirects",
    ] {
        assert!(failing.contains(&check), "{check}: {failing:?}");
    }
}

#[test]
fn what_a_capture_does_not_show_stays_open() {
    let folder = tempfile::tempdir().unwrap();
    let html = [("content-type", "text/html")];
    let url = |path: &str| format!("https://{HOST}{path}");
    let (observation, _) = import(
        folder.path(),
        &[
            entry("GET", &url("/"), 200, &html, Some("<p>hello")),
            entry("GET", &url("/bare"), 200, &html, None),
            entry("GET", &url("/cached"), 304, &html, Some("")),
            entry("GET", &url("/filtered"), 403, &html, Some("no")),
        ],
    );
    let pages = observation["web"]["pages"].as_array().unwrap();
    assert_eq!(pages.len(), 2);
    // No answer shows a cookie: the browser left them out.
    assert_eq!(
        gap(&observation, "/web/pages/0/cookies/-"),
        Some("not_asked")
    );
    assert_eq!(gap(&observation, "/web/pages/1/forms/-"), Some("not_asked"));
    assert_eq!(gap(&observation, "/web/pages/1/csp"), Some("not_asked"));
    let gaps = observation["gaps"].to_string();
    assert!(
        gaps.contains("/cached: came from the browser's cache"),
        "{gaps}"
    );
    assert!(gaps.contains("/filtered: status 403"), "{gaps}");
    let encoded = json!({
        "startedDateTime": "2026-11-23T03:00:00Z", "_resourceType": "document",
        "request": { "method": "GET", "url": url("/") },
        "response": { "status": 200, "headers": [{ "name": "Set-Cookie", "value": "a=b" }, { "name": "Content-Type", "value": "text/html" }],
            "content": { "size": 9, "mimeType": "text/html", "encoding": "base64", "text": "PGZvcm0+PGlucHV0IG5hbWU9c3NuPjwvZm9ybT4=" } },
    });
    let (observation, _) = import(folder.path(), &[encoded]);
    let page = &observation["web"]["pages"][0];
    assert_eq!(page["forms"][0]["fields"][0]["name"], "ssn");
    assert_eq!(gap(&observation, "/web/pages/0/cookies/-"), None);
}

#[test]
fn hostile_captures_are_told_with_file_and_place() {
    let folder = tempfile::tempdir().unwrap();
    let good = entry("GET", &format!("https://{HOST}/"), 200, &[], Some("<p>x"));
    let mut timeless = good.clone();
    timeless["startedDateTime"] = json!("yester\u{1b}day");
    let many: Vec<Value> = (0..20_001).map(|_| json!(null)).collect();
    let deep = format!("{{\"log\":{}", "[".repeat(200_000));
    let cases = [
        ("", "bad.har:1:0: is no HAR capture"),
        ("{\"log\":\n {\"entries\": 7}}", "bad.har:2:"),
        (deep.as_str(), "bad.har:1:"),
        (&capture(&[timeless]), "is no time"),
        (&capture(&many), "bad.har:1:"),
        (
            &capture(&[entry("GET", "https://other.example/", 200, &[], None)]),
            "bad.har: nothing in it lies in the scope: it holds other.example",
        ),
        (
            "{\"log\": {\"version\": \"9\", \"entries\": []}}",
            "`log.version` is \"9\"",
        ),
    ];
    for (text, expected) in cases {
        fs::write(folder.path().join("bad.har"), text).unwrap();
        let output = scrutineer(
            folder.path(),
            &[
                "import",
                "har",
                "bad.har",
                "--scope",
                HOST,
                "--save",
                "bad.jsonl",
            ],
        );
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{expected}: {said}");
        assert!(
            said.contains(expected) && !said.contains('\u{1b}'),
            "{expected}: {said}"
        );
        // One line, which names the file and says what to do.
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
        assert!(said.contains("save") || said.contains("--scope"), "{said}");
        assert!(!folder.path().join("bad.jsonl").exists());
    }
    let missing = scrutineer(
        folder.path(),
        &[
            "import",
            "har",
            "gone.har",
            "--scope",
            HOST,
            "--save",
            "bad.jsonl",
        ],
    );
    let said = String::from_utf8(missing.stderr).unwrap();
    assert_eq!(missing.status.code(), Some(2), "{said}");
    assert!(
        said.contains("gone.har: cannot read the capture") && said.trim_end().lines().count() == 1,
        "{said}"
    );
    // Odd URLs and statuses are passed over or stay open, and never end the program.
    let odd = [
        good,
        entry("GET", "javascript:alert(1)", 200, &[], None),
        entry(
            "GET",
            &format!("https://{HOST}/\u{202e}\u{1b}[31m"),
            200,
            &[("set-cookie", "\u{1b}=\n\n")],
            Some("<form><input name='\u{202e}'>"),
        ),
        entry(
            "GET",
            &format!("https://{HOST}/r"),
            302,
            &[("location", "//")],
            None,
        ),
        entry("GET", &format!("https://{HOST}/zero"), 0, &[], None),
    ];
    let (_, run) = import(folder.path(), &odd);
    assert!(
        !run.contains("\\u001b") && !run.contains('\u{202e}'),
        "{run}"
    );
}

/// An entry as the exporter of Firefox writes it (`har-builder.js`): no kind of thing, no attributes of
/// cookies, the time with its zone, and what it does not know left out or `null`.
fn of_firefox(
    path: &str,
    destination: &str,
    status: u16,
    headers: &[(&str, &str)],
    body: Option<&str>,
) -> Value {
    let headers: Vec<Value> = headers
        .iter()
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect();
    let mut content = json!({ "mimeType": "text/html; charset=utf-8", "size": body.map_or(-1, |text| text.len() as i64) });
    match body {
        Some(text) => content["text"] = json!(text),
        None => content["comment"] = json!("Response bodies are not included."),
    }
    json!({
        "pageref": "page_1", "startedDateTime": "2026-11-23T04:00:00.123+01:00", "time": 7, "cache": { "afterRequest": null },
        "timings": {}, "_securityState": "secure", "serverIPAddress": "192.0.2.1", "connection": "443",
        "request": {
            "bodySize": 0, "method": "GET", "url": format!("https://{HOST}{path}"), "httpVersion": "HTTP/2",
            "headers": [{ "name": "Cookie", "value": "s=SECRET-SENT" }, { "name": "Sec-Fetch-Dest", "value": destination }],
            "cookies": [{ "name": "s", "value": "SECRET-SENT" }], "queryString": [], "headersSize": 400,
        },
        "response": {
            "status": status, "statusText": "", "httpVersion": "HTTP/2", "headers": headers,
            "cookies": [{ "name": "session", "value": "SECRET-SET" }], "content": content,
            "redirectURL": "", "headersSize": 300, "bodySize": -1,
        },
    })
}

#[test]
fn a_capture_of_firefox_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let lines = [
        ("Content-Type", "text/html"),
        (
            "Set-Cookie",
            "session=SECRET-LINE; Secure; HttpOnly\nlang=en; Secure",
        ),
    ];
    let form =
        Some("<title>You</title><form id=me action=/save method=post><input name=dob></form>");
    let (observation, run) = import(
        folder.path(),
        &[
            of_firefox("/me", "document", 200, &lines, form),
            of_firefox(
                "/parts/menu",
                "empty",
                200,
                &lines,
                Some("<form><input name=ssn></form>"),
            ),
            of_firefox(
                "/bare",
                "document",
                200,
                &[("Content-Type", "text/html")],
                form,
            ),
            of_firefox("/unsaved", "document", 200, &lines, None),
        ],
    );
    assert!(!run.contains("SECRET"), "{run}");
    assert_eq!(observation["observed_at"], "2026-11-23T03:00:00Z");
    let pages = observation["web"]["pages"].as_array().unwrap();
    let keys: Vec<&str> = pages
        .iter()
        .map(|page| page["key"].as_str().unwrap())
        .collect();
    assert_eq!(
        keys,
        ["/me", "/bare", "/unsaved"],
        "a part that a script asked for is no page"
    );
    let cookies = pages[0]["cookies"].as_array().unwrap();
    assert_eq!(cookies.len(), 2, "{cookies:?}");
    assert_eq!(cookies[0]["http_only"], true);
    assert_eq!(pages[0]["forms"][0]["fields"][0]["kind"], "birth_date");
    // A cookie without its attributes is one that could not be seen, not one without them.
    assert_eq!(gap(&observation, "/web/pages/0/cookies/-"), None);
    assert_eq!(
        gap(&observation, "/web/pages/1/cookies/-"),
        Some("not_asked")
    );
    assert_eq!(pages[1]["cookies"], json!([]));
    assert_eq!(gap(&observation, "/web/pages/2/forms/-"), Some("not_asked"));
}
