//! Servers that misbehave: each ends in time, as a fact or as an honest gap.

use super::*;
use flate2::{Compression, write::GzEncoder};
use std::io::Write;

/// How long a silent server is waited for in these tests.
const SILENCE: Patience = Patience {
    target: Duration::from_secs(300),
    silence: Duration::from_secs(3),
};

/// What a server on port 80 does; the gaps expected, and the number of pages.
struct Case {
    name: &'static str,
    acts: Vec<Act>,
    gaps: &'static [&'static str],
    pages: usize,
}

fn send(text: &str) -> Act {
    Act::Send(text.as_bytes().to_vec())
}

const NOTHING: fn(&'static str) -> &'static [&'static str] = |reason| match reason {
    "timeout" => &[
        "/web/chains/- timeout",
        "/web/origins/0/answers timeout",
        "/web/pages/- timeout",
        "/web/security_txt timeout",
    ],
    "reset" => &[
        "/web/chains/- reset",
        "/web/origins/0/answers reset",
        "/web/pages/- reset",
        "/web/security_txt reset",
    ],
    "malformed" => &[
        "/web/chains/- malformed",
        "/web/origins/0/answers malformed",
        "/web/pages/- malformed",
        "/web/security_txt malformed",
    ],
    _ => &[
        "/web/chains/- too_large",
        "/web/origins/0/answers too_large",
        "/web/pages/- too_large",
        "/web/security_txt too_large",
    ],
};

const BLOCKED: &[&str] = &[
    "/web/chains/0/ends_on_https blocked",
    "/web/chains/0/hops/0/cookies blocked",
    "/web/chains/0/hops/0/hsts blocked",
    "/web/chains/0/outcome blocked",
    "/web/chains/0/upgrades_same_host_first blocked",
    "/web/pages/- blocked",
    "/web/security_txt blocked",
];

/// A page of which the end was not seen, and a security.txt that could not be told from it.
const CUT: &[&str] = &[
    "/web/pages/0/forms/- too_large",
    "/web/pages/0/mixed_content/- too_large",
    "/web/pages/0/scripts/- too_large",
    "/web/security_txt too_large",
];

/// Servers that keep us waiting.
fn slow_ones() -> Vec<Case> {
    let html = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n";
    let slow = (0..40).flat_map(|_| [send("a: b\r\n"), Act::Wait(Duration::from_millis(500))]);
    vec![
        Case {
            name: "stall",
            acts: vec![Act::Stall],
            gaps: NOTHING("timeout"),
            pages: 0,
        },
        Case {
            name: "slow headers",
            acts: std::iter::once(send(html)).chain(slow).collect(),
            gaps: NOTHING("timeout"),
            pages: 0,
        },
        Case {
            name: "body that stalls in the head",
            acts: vec![
                send(html),
                send("Content-Length: 1000\r\n\r\n<title>x</title>"),
                Act::Stall,
            ],
            gaps: &[
                "/web/pages/0/csp timeout",
                "/web/pages/0/forms/- timeout",
                "/web/pages/0/mixed_content/- timeout",
                "/web/pages/0/referrer_policy timeout",
                "/web/pages/0/scripts/- timeout",
                "/web/security_txt timeout",
            ],
            pages: 1,
        },
    ]
}

/// Servers that answer at once, and badly.
fn quick_ones() -> Vec<Case> {
    let html = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n";
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    bomb.write_all(&vec![b'x'; 50 << 20]).expect("memory");
    let bomb = bomb.finish().expect("memory");
    vec![
        Case { name: "reset", acts: vec![Act::Reset], gaps: NOTHING("reset"), pages: 0 },
        Case { name: "bad status", acts: vec![send("HTTP/1.1 2x0 OK\r\n\r\n"), Act::Close], gaps: NOTHING("malformed"), pages: 0 },
        Case {
            name: "another protocol",
            acts: vec![send("220 mail.example ESMTP\r\n\r\n"), Act::Close],
            gaps: &["/web/pages/- malformed", "/web/security_txt malformed"],
            pages: 0,
        },
        Case {
            name: "100 MB header",
            acts: vec![send("HTTP/1.1 200 OK\r\na: "), Act::Repeat(vec![b'x'; 1 << 20], 100), send("\r\n\r\n")],
            gaps: NOTHING("too_large"),
            pages: 0,
        },
        Case { name: "500 headers", acts: answer("200 OK", &"a: b\n".repeat(498), "x"), gaps: &[], pages: 1 },
        Case {
            name: "endless redirects",
            acts: vec![],
            gaps: &["/web/pages/- refused", "/web/security_txt refused"],
            pages: 0,
        },
        Case {
            name: "circle",
            acts: answer("302 Found", "Location: /", ""),
            gaps: &["/web/pages/- refused", "/web/security_txt refused"],
            pages: 0,
        },
        Case {
            name: "circle for want of cookies",
            acts: answer("302 Found", "Location: /\nSet-Cookie: a=1", ""),
            gaps: &[
                "/web/chains/0/ends_on_https blocked", "/web/chains/0/hops/- blocked", "/web/chains/0/outcome blocked",
                "/web/pages/- blocked", "/web/security_txt blocked",
            ],
            pages: 0,
        },
        Case {
            name: "redirect to nowhere",
            acts: answer("302 Found", "Location: gopher://[", ""),
            gaps: &["/web/pages/- refused", "/web/security_txt refused"],
            pages: 0,
        },
        Case {
            name: "away",
            acts: answer("302 Found", "Location: http://other.example/", ""),
            gaps: &[
                "/web/chains/0/ends_on_https out_of_scope", "/web/chains/1/ends_on_https out_of_scope",
                "/web/pages/- out_of_scope", "/web/security_txt out_of_scope",
            ],
            pages: 0,
        },
        Case { name: "filter", acts: answer("403 Forbidden", "", "no"), gaps: BLOCKED, pages: 0 },
        Case { name: "rate limit", acts: answer("429 Too Many Requests", "", "no"), gaps: BLOCKED, pages: 0 },
        Case { name: "maintenance", acts: answer("503 Service Unavailable", "", "no"), gaps: BLOCKED, pages: 0 },
        Case { name: "failure", acts: answer("500 Internal Server Error", "", "no"), gaps: BLOCKED, pages: 0 },
        Case { name: "challenge", acts: answer("202 Accepted", "x-amzn-waf-action: challenge", ""), gaps: BLOCKED, pages: 0 },
        Case {
            name: "100 MB body",
            acts: vec![send(html), send("\r\n<title>x</title><p>"), Act::Repeat(vec![b'x'; 1 << 20], 100)],
            gaps: CUT,
            pages: 1,
        },
        Case {
            name: "gzip bomb",
            acts: answer_bytes("200 OK", "Content-Type: text/html\nContent-Encoding: gzip", &bomb),
            gaps: CUT,
            pages: 1,
        },
        Case {
            name: "a million tags",
            acts: answer_bytes("200 OK", "Content-Type: text/html", "<a href=x><form><input name=a>".repeat(33_000).as_bytes()),
            gaps: &[
                "/web/pages/0/forms/- too_large",
                "/web/pages/0/forms/0/fields/- too_large",
                "/web/pages/1/forms/- too_large",
                "/web/pages/1/forms/0/fields/- too_large",
            ],
            pages: 2,
        },
        Case {
            name: "escapes and invalid UTF-8",
            acts: vec![Act::Send(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nServer: a\x1b[31mb\xff\r\nX-Powered-By: c\xc2\x9b1md\r\n\
                  Set-Cookie: \xe2\x80\xaee=1\r\nContent-Length: 52\r\n\r\n<form id='a\x1b[2J' action='/\x1b'><input name='\xff\x07'></form>"
                    .to_vec(),
            )],
            gaps: &[],
            pages: 1,
        },
    ]
}

#[tokio::test]
async fn every_server_that_keeps_us_waiting_ends_as_a_timeout() {
    let cases = slow_ones().into_iter();
    futures_util::future::join_all(cases.map(|case| judge(case, SILENCE))).await;
}

// One after the other, so that none is kept waiting by what another costs.
#[tokio::test]
async fn every_misbehaving_server_ends_as_what_it_is() {
    for case in quick_ones() {
        judge(case, Patience::default()).await;
    }
}

async fn judge(case: Case, patience: Patience) {
    let acts = case.acts.clone();
    let endless = case.name == "endless redirects";
    let server = Server::plain(move |head| {
        if endless {
            let next = format!("Location: {}x", path(head));
            return answer("302 Found", &next, "");
        }
        acts.clone()
    })
    .await;
    let target = target("vote.example");
    let rules = rules(Some(&server), None).await;
    let session = session_for(&target, Level::Standard, &[IP], &rules, &[], patience).await;
    let report = observe(&target, Level::Standard, &session).await;
    // Each exchange ended by a bound of its own, well before the time for the target.
    assert!(session.check().is_ok(), "{}: the deadline", case.name);
    assert_eq!(
        gaps(&report),
        case.gaps,
        "{}: {:#?}",
        case.name,
        report.gaps
    );
    let pages = at(&report, "/pages").as_array().map_or(0, Vec::len);
    assert_eq!(pages, case.pages, "{}", case.name);
    assert!(
        session.cost().bytes_received < 12 << 20,
        "{}: {:?}",
        case.name,
        session.cost()
    );
    let answers = match case.name {
        "another protocol" => json!(false),
        _ if case.gaps.iter().any(|gap| gap.contains("/answers")) => json!(null),
        _ => json!(true),
    };
    assert_eq!(at(&report, "/origins/0/answers"), &answers, "{}", case.name);
    let text = serde_json::to_string(&(&report.facts, &report.gaps)).expect("JSON");
    let shown: Vec<char> = text.chars().filter(|letter| letter.is_control()).collect();
    assert!(
        shown.is_empty() && !text.contains("\\u001b") && !text.contains('\u{202e}'),
        "{}: {text}",
        case.name
    );
    for evidence in &report.evidence {
        let unsafe_letter = |letter: char| letter.is_control() && letter != '\n';
        assert!(
            !evidence.data.contains(unsafe_letter),
            "{}: {evidence:?}",
            case.name
        );
        assert!(
            !evidence.reproduce.contains(char::is_control),
            "{}: {evidence:?}",
            case.name
        );
    }
}
