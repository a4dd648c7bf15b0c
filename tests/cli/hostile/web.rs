//! Web servers that stall, flood and mislead.

use flate2::{Compression, write::GzEncoder};
use std::{io::Write, thread::sleep, time::Duration};

use super::{
    encrypted,
    harness::{Case, OFFICE, Pipe, Serve, Trap, serve},
    names,
};

/// Text that must never reach a terminal as it is.
const EVIL: &str = "e\x1b[31mvil\u{202E}\u{2066}\u{9b}2J\u{7f}";

/// Reads a request, up to its empty line. `None` when the other side is gone.
pub fn request(pipe: &mut dyn Pipe) -> Option<String> {
    let mut text = Vec::new();
    let mut byte = [0; 512];
    while !text.windows(4).any(|four| four == b"\r\n\r\n") {
        match pipe.read(&mut byte) {
            Ok(count @ 1..) => text.extend_from_slice(&byte[..count]),
            _ => return None,
        }
    }
    Some(String::from_utf8_lossy(&text).into_owned())
}

/// Answers one request with bytes, and ends.
pub fn answer(pipe: &mut dyn Pipe, bytes: &[u8]) {
    if request(pipe).is_some() {
        let _ = pipe.write_all(bytes);
        let _ = pipe.flush();
    }
}

/// Says nothing until the other side has given up.
pub fn silence(pipe: &mut dyn Pipe) {
    let _ = pipe.read(&mut [0; 4096]);
    sleep(Duration::from_secs(30));
}

/// Sends a piece again and again, as long as the other side takes it, up to a size.
pub fn flood(pipe: &mut dyn Pipe, piece: &[u8], most: usize) {
    let mut block = Vec::new();
    while block.len() < 64 << 10 {
        block.extend_from_slice(piece);
    }
    let mut sent = 0;
    while sent < most && pipe.write_all(&block).is_ok() {
        sent += block.len();
    }
}

/// Sends bytes one by one.
pub fn drip(pipe: &mut dyn Pipe, bytes: &[u8], pause: Duration) {
    for byte in bytes {
        if pipe.write_all(&[*byte]).is_err() || pipe.flush().is_err() {
            return;
        }
        sleep(pause);
    }
}

fn page(headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn says(bytes: Vec<u8>) -> Serve {
    serve(move |pipe| answer(pipe, &bytes))
}

fn redirects(to: &str) -> Serve {
    says(format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").into_bytes())
}

fn after_request(what: impl Fn(&mut dyn Pipe) + Send + Sync + 'static) -> Serve {
    serve(move |pipe| {
        if request(pipe).is_some() {
            what(pipe);
        }
    })
}

pub fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = dead().into_iter().chain(odd()).collect();
    for case in &mut cases {
        // The same inside TLS.
        let inner = case.servers[0].1.clone();
        case.servers.push((443, encrypted::within(inner)));
    }
    cases.extend(elsewhere());
    cases.extend(turned_away());
    cases
}

fn case(
    what: &str,
    serve: Serve,
    reasons: &'static [&'static str],
    words: &'static [&'static str],
) -> Case {
    Case {
        servers: vec![(80, serve)],
        reasons,
        words,
        ..Case::new(what, "web")
    }
}

/// Servers of which nothing can be seen.
fn dead() -> Vec<Case> {
    let slowly = Duration::from_millis(900);
    let list: Vec<(&str, Serve, &'static [&'static str])> = vec![
        ("silent", serve(silence), &["timeout"]),
        ("closed at once", serve(|_| {}), &["reset", "tls_failed"]),
        (
            "closed after the request",
            after_request(|_| {}),
            &["reset"],
        ),
        (
            "reset within the head",
            after_request(|pipe| {
                let _ = pipe.write_all(b"HTTP/1.1 200 OK\r\nServer: x\r\n");
            }),
            &["reset"],
        ),
        (
            "status 999 with an escape",
            says(b"HTTP/1.1 999 \x1b[31m\r\nServer: \x1b[31mred\r\n\r\n".to_vec()),
            &[],
        ),
        (
            "head of 100 MB",
            after_request(|pipe| {
                let _ = pipe.write_all(b"HTTP/1.1 200 OK\r\nX: ");
                flood(pipe, b"aaaaaaaa", 100 << 20);
            }),
            &["too_large"],
        ),
        (
            "10,000 headers",
            after_request(|pipe| {
                let _ = pipe.write_all(b"HTTP/1.1 200 OK\r\n");
                for number in 0..10_000 {
                    let _ = write!(pipe, "X-{number}: y\r\n");
                }
                let _ = pipe.write_all(b"\r\n");
            }),
            &["too_large"],
        ),
        (
            "501 headers",
            says(
                format!(
                    "HTTP/1.1 200 OK\r\n{}Content-Length: 0\r\n\r\n",
                    (0..500)
                        .map(|n| format!("X-{n}: y\r\n"))
                        .collect::<String>()
                )
                .into_bytes(),
            ),
            &["too_large"],
        ),
        (
            "head at a byte a second",
            after_request(move |pipe| {
                drip(pipe, &b"HTTP/1.1 200 OK\r\nServer: x\r\n".repeat(4), slowly);
            }),
            &["timeout"],
        ),
        (
            "status 100 for ever",
            after_request(|pipe| {
                flood(pipe, b"HTTP/1.1 100 Continue\r\n\r\n", 1 << 30);
            }),
            &["timeout", "too_large", "malformed", "budget_spent"],
        ),
        (
            "status 103 for ever",
            after_request(|pipe| {
                flood(
                    pipe,
                    b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n",
                    1 << 30,
                );
            }),
            &["timeout", "too_large", "malformed", "budget_spent"],
        ),
    ];
    let cases = list.into_iter().map(|(what, serve, reasons)| {
        let mut case = case(what, serve, reasons, &[]);
        case.blind = !what.contains("999");
        case
    });
    let mut cases: Vec<Case> = cases.collect();
    // On the port itself, without TLS around it.
    let noise: Vec<u8> = (0..20_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    cases.push(Case {
        blind: false,
        ..case(
            "garbage",
            after_request(move |pipe| {
                let _ = pipe.write_all(&noise);
            }),
            &["malformed"],
            &[],
        )
    });
    cases
}

/// Servers that answer, and odd things.
fn odd() -> Vec<Case> {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..300 {
        bomb.write_all(&vec![b'<'; 1 << 20]).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    let mut twice = GzEncoder::new(Vec::new(), Compression::best());
    twice.write_all(&bomb).unwrap();
    let twice = twice.finish().unwrap();
    let bomb = page("Content-Encoding: gzip\r\n", &bomb);
    let million = "<a>".repeat(1_000_000).into_bytes();
    let forms = "<form action=/x><input name=a>".repeat(30_000).into_bytes();
    let links: String = (0..50_000)
        .map(|n| format!("<a href=/p{n}>register</a>"))
        .collect();
    let attributes: String = (0..100_000).map(|n| format!(" a{n}=b")).collect();
    let deep = format!("{}x{}", "<div>".repeat(100_000), "</div>".repeat(100_000)).into_bytes();
    let evil_page = format!(
        "<!doctype html><title>{EVIL}\0</title><meta name=generator content=\"{EVIL}\">\
         <form action=\"http://forms.hostile.example/{EVIL}\" name=\"{EVIL}\" method=post>\
         <input name=\"{EVIL}\" type=password><label>{EVIL}<input name=dob></label></form>\
         <script src=\"http://cdn.example/{EVIL}.js\"></script><a href=\"/{EVIL}\">{EVIL}</a>"
    );
    let evil_head = format!(
        "Server: {EVIL}\r\nSet-Cookie: {EVIL}=1; Path=/{EVIL}\r\nContent-Security-Policy: {EVIL} {EVIL}\r\n\
         Strict-Transport-Security: max-age={EVIL}\r\nX-Powered-By: {EVIL}\r\nReferrer-Policy: {EVIL}\r\nX-Frame-Options: {EVIL}\r\n"
    );
    let long = "y".repeat(900_000);
    let invalid = [
        b"<title>".as_slice(),
        &[0xff, 0xfe, 0x80, 0xc0, 0x1b, 0x9b].repeat(5000),
        b"</title>",
    ]
    .concat();
    vec![
        case("closed within the body", says(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n<p>".to_vec()), &["reset", "malformed"], &[]),
        case("body of 100 MB", after_request(|pipe| {
            let _ = pipe.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n");
            flood(pipe, b"<p>hello ", 100 << 20);
        }), &["too_large"], &[]),
        case("gzip bomb", says(bomb), &["too_large"], &[]),
        // Only gzip is offered: what comes in another encoding is not unpacked, whatever its size.
        case("brotli that nobody asked for", says(page("Content-Encoding: br\r\n", &[0x5b; 4096])), &["malformed"], &[]),
        case("zstd that nobody asked for", says(page("Content-Encoding: zstd\r\n", b"\x28\xb5\x2f\xfd\x04\x00")), &["malformed"], &[]),
        case("gzip in gzip", says(page("Content-Encoding: gzip, gzip\r\n", &twice)), &["too_large", "malformed"], &[]),
        case("chunks for ever", after_request(|pipe| {
            let _ = pipe.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            flood(pipe, b"1\r\nx\r\n", 1 << 30);
        }), &["too_large", "timeout", "budget_spent"], &[]),
        case("body at a byte a second", after_request(|pipe| {
            let _ = pipe.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
            drip(pipe, &[b'x'; 60], Duration::from_millis(900));
        }), &["timeout", "budget_spent"], &[]),
        case("a million tags", says(page("", &million)), &["too_large"], &[]),
        case("thirty thousand forms", says(page("", &forms)), &["too_large"], &[]),
        case("fifty thousand links", after_request(move |pipe| {
            let _ = pipe.write_all(&page("", links.as_bytes()));
        }), &[], &[]),
        case("a tag of 100,000 attributes", says(page("", format!("<form{attributes}><input{attributes}>").as_bytes())), &[], &[]),
        case("nested 100,000 deep", says(page("", &deep)), &[], &[]),
        case("escapes everywhere", says(page(&evil_head, evil_page.as_bytes())), &[], &[]),
        case("a title of 900 KB", says(page("", format!("<title>{long}</title><form name={long}>").as_bytes())), &[], &[]),
        case("500 headers", says(page(&(0..498).map(|n| format!("X-{n}: y\r\n")).collect::<String>(), b"ok")), &[], &["\"status\":200"]),
        case("headers of 200 KB", says(page(&format!("Server: {}\r\nSet-Cookie: {}=1\r\n", &long[..100_000], &long[..100_000]), b"ok")), &[], &[]),
        case("invalid UTF-8", says(page("", &invalid)), &[], &[]),
        case("NUL and line ends in headers", says(b"HTTP/1.1 200 OK\r\nServer: a\0b\r\n folded\r\nSet-Cookie: a\0=b\rc\r\nContent-Length: 0\r\n\r\n".to_vec()), &[], &[]),
    ]
}

/// A filter, a rate limit and a maintenance page stand in the site's place: what they say is no word of the site.
fn turned_away() -> Vec<Case> {
    let list = [
        ("a filter that answers 403", "403 Forbidden", ""),
        (
            "a filter that marks its page",
            "200 OK",
            "CF-Mitigated: challenge\r\n",
        ),
        (
            "a rate limit that answers 429",
            "429 Too Many Requests",
            "Retry-After: 3600\r\n",
        ),
        (
            "a maintenance page that answers 503",
            "503 Service Unavailable",
            "Retry-After: 3600\r\n",
        ),
    ];
    let cases = list.into_iter().map(|(what, status, headers)| {
        let body = "<title>Not now</title><form action=http://elsewhere.example/><input name=dob></form>";
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/html\r\nSet-Cookie: session=1\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let inner = says(head.into_bytes());
        Case {
            servers: vec![(80, inner.clone()), (443, encrypted::within(inner))],
            faultless: true,
            ..case(what, serve(|_| {}), &["blocked"], &[])
        }
    });
    cases.collect()
}

/// Redirects to where the scan must not or cannot go.
fn elsewhere() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |what: &str, serve: Serve, words: &'static [&'static str], trap: Option<Trap>| {
        let mut case = case(what, serve, &[], words);
        case.servers
            .push((443, encrypted::within(case.servers[0].1.clone())));
        case.trap = trap;
        cases.push(case);
    };
    add(
        "redirects without end",
        serve(|pipe| {
            while let Some(text) = request(pipe) {
                let number: u64 = text
                    .split(['/', ' '])
                    .nth(2)
                    .and_then(|n| n.parse().ok())
                    .unwrap_or(0);
                let _ = write!(
                    pipe,
                    "HTTP/1.1 302 Found\r\nLocation: /{}\r\nContent-Length: 0\r\n\r\n",
                    number + 1
                );
            }
        }),
        &["too_many"],
        None,
    );
    add(
        "redirects in a circle",
        serve(|pipe| {
            while let Some(text) = request(pipe) {
                let to = if text.starts_with("GET /b") {
                    "/a"
                } else {
                    "/b"
                };
                let _ = write!(
                    pipe,
                    "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"
                );
            }
        }),
        &["loop"],
        None,
    );
    for to in [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "gopher://x/",
        "http://",
        "http://[::1",
        "//",
        "\x1b[31m",
    ] {
        add(
            &format!("redirect to {to:?}"),
            redirects(to),
            &["\"outcome\""],
            None,
        );
    }
    let trap = Trap::set();
    for host in [
        "127.0.0.1",
        "[::ffff:127.0.0.1]",
        "localhost",
        "2130706433",
        "0x7f.1",
        "0.0.0.0",
        "office.hostile.example.",
        "www.office.hostile.example",
        "user:pw@127.0.0.1",
    ] {
        let mut add_private = || {
            let to = format!("http://{host}:{}/", trap.port);
            add(
                &format!("redirect to {host} at a port"),
                redirects(&to),
                &[],
                Some(trap.clone()),
            );
        };
        // The office itself lives at an address of documentation; its sibling at home.
        if host != "office.hostile.example." {
            add_private();
        }
    }
    add(
        "redirect to 169.254.169.254",
        redirects("http://169.254.169.254/latest/meta-data/"),
        &["out_of_scope"],
        None,
    );
    add(
        "redirect to another host",
        redirects("http://other.example/"),
        &["out_of_scope"],
        None,
    );
    add(
        "redirect to a host with escapes",
        redirects("http://other.example/\u{202E}\x1b[31m"),
        &[],
        None,
    );
    for case in &mut cases {
        case.zone = names::records(|owner, rtype| match (owner, rtype) {
            ("www.office.hostile.example.", names::A) => Some(vec![names::a([127, 0, 0, 1])]),
            _ => None,
        });
        assert_eq!(case.target, OFFICE);
    }
    cases
}
