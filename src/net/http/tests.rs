use super::{super::Session, testing::*, *};
use crate::model::level::Level;
use flate2::{Compression, write::GzEncoder};
use std::io::Write;

const HOST: &str = "vote.example";
const IP: &str = "192.0.2.1";

async fn session_to(
    server: &Server,
    roots: &[rustls::pki_types::CertificateDer<'static>],
) -> Session {
    let rule = format!("{IP}::127.0.0.1:{}", server.at.port());
    session(&target(HOST), Level::Standard, &[IP], &[rule], roots).await
}

/// A request with a time that no answer on loopback takes, however busy the machine.
fn request(url: &str) -> HttpRequest {
    HttpRequest {
        time: Duration::from_secs(60),
        ..HttpRequest::new(url.parse().expect("a URL"), IP.parse().expect("an address"))
    }
}

/// The same with a time for servers that keep us waiting for ever.
fn short_request(url: &str) -> HttpRequest {
    HttpRequest {
        time: Duration::from_millis(1_500),
        ..request(url)
    }
}

/// The request for a case: `short` when only a timeout ends it.
fn request_for(reason: Option<GapReason>) -> HttpRequest {
    match reason {
        Some(GapReason::Timeout) => short_request("http://vote.example/"),
        _ => request("http://vote.example/"),
    }
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).expect("memory");
    encoder.finish().expect("memory")
}

#[tokio::test]
async fn an_answer_is_given_as_it_came() {
    let server = Server::plain(|_| {
        answer_bytes(
            "200 OK",
            "Set-Cookie: a=1\nX-Odd: \u{e9}\nSet-Cookie: b=2; Secure\nContent-Encoding: gzip",
            &gzip(b"hello"),
        )
    })
    .await;
    let session = session_to(&server, &[]).await;
    let response = session
        .get(&request("http://u:p@vote.example/a?b=c#d"))
        .await
        .expect("an answer");
    assert_eq!((response.version, response.status), ("HTTP/1.1", 200));
    assert_eq!(
        response.all("set-cookie"),
        [b"a=1".as_slice(), b"b=2; Secure"]
    );
    assert_eq!(response.all("x-odd"), ["\u{e9}".as_bytes()]);
    assert_eq!(
        (response.body.as_slice(), &response.body_gap),
        (b"hello".as_slice(), &None)
    );
    assert_eq!(response.certificate, None);
    let (head, cut) = response.head_text(10_000);
    assert!(
        head.contains("\nset-cookie: b=[...]; Secure") && !head.contains("b=2") && !cut,
        "{head}"
    );
    let asked = server.asked.lock().expect("no panic").join("");
    let expected = format!(
        "GET /a?b=c HTTP/1.1\r\nhost: vote.example\r\nuser-agent: scrutineer/{} (+mailto:scan@office.example)\r\n\
         accept: text/html,application/xhtml+xml,*/*;q=0.8\r\naccept-language: en\r\naccept-encoding: gzip\r\n\r\n",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(asked, expected);
    let cost = session.cost();
    assert_eq!(cost.connections, 1);
    assert!(cost.bytes_sent >= expected.len() as u64);
}

#[tokio::test]
async fn certificates_are_judged_or_noted() {
    let (config, root) = certificate(&[HOST]);
    let server = Server::tls(config, |_| answer("200 OK", "", "x")).await;
    let url = "https://vote.example/";
    let trusting = session_to(&server, std::slice::from_ref(&root)).await;
    let seen = trusting.get(&request(url)).await.expect("an answer");
    assert_eq!(seen.certificate, Some(Ok(())));
    assert!(trusting.get(&request(url).verified()).await.is_ok());

    let strict = session_to(&server, &[]).await;
    let error = strict
        .get(&request(url).verified())
        .await
        .expect_err("not trusted");
    assert_eq!(
        (error.reason, error.is_other_protocol()),
        (GapReason::TlsFailed, false)
    );
    let seen = strict.get(&request(url)).await.expect("an answer");
    assert!(
        matches!(seen.certificate, Some(Err(_))),
        "{:?}",
        seen.certificate
    );

    let other = session_to(&server, &[root]).await;
    let seen = other
        .get(&request("https://www.vote.example/"))
        .await
        .expect("an answer");
    assert!(
        matches!(&seen.certificate, Some(Err(why)) if why.contains("name")),
        "{seen:?}"
    );
}

#[tokio::test]
async fn connections_are_used_again_and_given_back() {
    let server = Server::plain(|head| match path(head) {
        // Closes without a word, which the next request must survive.
        "/last" => [answer("200 OK", "", "last"), vec![Act::Close]].concat(),
        _ => answer("200 OK", "", "x"),
    })
    .await;
    let session = session_to(&server, &[]).await;
    for path in ["/1", "/2", "/last", "/3", "/4"] {
        let url = format!("http://vote.example{path}");
        assert!(session.get(&request(&url)).await.is_ok(), "{path}");
    }
    assert_eq!(session.cost().connections, 2);
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(session.get(&request("http://vote.example/5")).await.is_ok());
    assert_eq!(session.cost().connections, 3);
    assert_eq!(server.paths(), ["/1", "/2", "/last", "/3", "/4", "/5"]);
}

/// What a hostile server does, then the expected reason and whether it is another protocol.
type Refusal = (&'static str, Vec<Act>, GapReason, bool);

#[tokio::test]
async fn hostile_heads_end_with_a_reason() {
    let send = |text: &str| Act::Send(text.as_bytes().to_vec());
    let cases: Vec<Refusal> = vec![
        ("stall", vec![Act::Stall], GapReason::Timeout, false),
        (
            "half a head",
            vec![send("HTTP/1.1 200 OK\r\nA: b\r\n"), Act::Stall],
            GapReason::Timeout,
            false,
        ),
        (
            "slow head",
            vec![send("HTTP/1.1 200 OK\r\n")]
                .into_iter()
                .chain(
                    (0..40).flat_map(|_| [send("a: b\r\n"), Act::Wait(Duration::from_millis(100))]),
                )
                .collect(),
            GapReason::Timeout,
            false,
        ),
        ("reset", vec![Act::Reset], GapReason::Reset, false),
        ("close", vec![Act::Close], GapReason::Reset, false),
        (
            "half a head, close",
            vec![send("HTTP/1.1 200 OK\r\nA: b\r\n"), Act::Close],
            GapReason::Reset,
            false,
        ),
        (
            "another protocol",
            vec![send("SSH-2.0-OpenSSH_9.2\r\n\r\n"), Act::Close],
            GapReason::Malformed,
            true,
        ),
        (
            "bad status",
            vec![send("HTTP/1.1 abc OK\r\n\r\n"), Act::Close],
            GapReason::Malformed,
            false,
        ),
        (
            "two lengths",
            vec![send(
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
            )],
            GapReason::Malformed,
            false,
        ),
        (
            "501 headers",
            vec![
                send("HTTP/1.1 200 OK\r\n"),
                Act::Repeat(b"a: b\r\n".to_vec(), 501),
                send("\r\n"),
            ],
            GapReason::TooLarge,
            false,
        ),
        (
            "100 MB in one header",
            vec![
                send("HTTP/1.1 200 OK\r\na: "),
                Act::Repeat(vec![b'x'; 1 << 20], 100),
                send("\r\n\r\n"),
            ],
            GapReason::TooLarge,
            false,
        ),
        (
            "100 MB of headers",
            vec![
                send("HTTP/1.1 200 OK\r\n"),
                Act::Repeat(b"abcdefgh: x\r\n".to_vec(), 8_000_000),
                send("\r\n"),
            ],
            GapReason::TooLarge,
            false,
        ),
        (
            "informational for ever",
            vec![Act::Repeat(
                format!(
                    "HTTP/1.1 103 Early Hints\r\nLink: {}\r\n\r\n",
                    "x".repeat(60_000)
                )
                .into_bytes(),
                1_000,
            )],
            GapReason::TooLarge,
            false,
        ),
    ];
    for (name, acts, reason, other) in cases {
        let server = Server::plain(move |_| acts.clone()).await;
        let session = session_to(&server, &[]).await;
        let error = session
            .get(&request_for(Some(reason)))
            .await
            .expect_err(name);
        assert_eq!(
            (error.reason, error.is_other_protocol()),
            (reason, other),
            "{name}: {error}"
        );
        assert!(
            session.cost().bytes_received < 9 << 20,
            "{name}: {:?}",
            session.cost()
        );
    }
}

#[tokio::test]
async fn hostile_bodies_leave_the_head_and_say_what_is_missing() {
    let head = |more: &str| Act::Send(format!("HTTP/1.1 200 OK\r\n{more}\r\n").into_bytes());
    let bomb = gzip(&vec![0u8; 50 << 20]);
    let length = "Content-Length: 104857600\r\n";
    let cases: Vec<(&str, Vec<Act>, Option<GapReason>, usize)> = vec![
        (
            "100 MB",
            vec![head(length), Act::Repeat(vec![b'x'; 1 << 20], 100)],
            Some(GapReason::TooLarge),
            MAX_BODY,
        ),
        (
            "no end",
            vec![head(""), Act::Repeat(vec![b'x'; 1 << 20], 1_000)],
            Some(GapReason::TooLarge),
            MAX_BODY,
        ),
        (
            "gzip bomb",
            answer_bytes("200 OK", "Content-Encoding: gzip", &bomb),
            Some(GapReason::TooLarge),
            MAX_BODY,
        ),
        (
            "exactly the cap",
            answer_bytes("200 OK", "", &vec![b'x'; MAX_BODY]),
            None,
            MAX_BODY,
        ),
        (
            "one above the cap",
            answer_bytes("200 OK", "", &vec![b'x'; MAX_BODY + 1]),
            Some(GapReason::TooLarge),
            MAX_BODY,
        ),
        (
            "stall",
            vec![head(length), Act::Send(b"some".to_vec()), Act::Stall],
            Some(GapReason::Timeout),
            4,
        ),
        (
            "cut off",
            vec![head(length), Act::Send(b"some".to_vec()), Act::Close],
            Some(GapReason::Reset),
            4,
        ),
        (
            "bad chunk",
            vec![
                head("Transfer-Encoding: chunked\r\n"),
                Act::Send(b"4\r\nsome\r\nzz\r\n".to_vec()),
            ],
            Some(GapReason::Malformed),
            4,
        ),
        (
            "bad gzip",
            answer("200 OK", "Content-Encoding: gzip", "no gzip at all"),
            Some(GapReason::Malformed),
            0,
        ),
        (
            "cut gzip",
            answer_bytes(
                "200 OK",
                "Content-Encoding: gzip",
                &gzip(&[b'a'; 100])[..20],
            ),
            Some(GapReason::Malformed),
            0,
        ),
        (
            "foreign",
            answer("200 OK", "Content-Encoding: br", "?"),
            Some(GapReason::Malformed),
            0,
        ),
        (
            "500 headers",
            answer("200 OK", &"a: b\n".repeat(499), "ok"),
            None,
            2,
        ),
        (
            "bad header line",
            answer("200 OK", "a b: c\nd: e", "ok"),
            None,
            2,
        ),
        (
            "until close",
            vec![head(""), Act::Send(b"ok".to_vec()), Act::Close],
            None,
            2,
        ),
    ];
    for (name, acts, reason, size) in cases {
        let server = Server::plain(move |_| acts.clone()).await;
        let session = session_to(&server, &[]).await;
        let response = session.get(&request_for(reason)).await.expect(name);
        let seen = response.body_gap.as_ref().map(|gap| gap.reason);
        assert_eq!(seen, reason, "{name}: {:?}", response.body_gap);
        // A cut stream of gzip gives what its beginning holds.
        assert!(
            response.body.len() == size || name == "cut gzip",
            "{name}: {}",
            response.body.len()
        );
        assert!(
            session.cost().bytes_received < 3 << 20,
            "{name}: {:?}",
            session.cost()
        );
    }
}

#[tokio::test]
async fn ports_without_tls_are_told_from_failed_tls() {
    let plain = Server::plain(|_| answer("200 OK", "", "x")).await;
    let session = session_to(&plain, &[]).await;
    // The server waits for the end of a head that never comes, so the silence is a timeout.
    let error = session
        .get(&short_request("https://vote.example/"))
        .await
        .expect_err("no TLS");
    assert_eq!(error.reason, GapReason::Timeout);

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    let rules = [format!("{IP}::127.0.0.1:{port}")];
    let session = testing::session(&target(HOST), Level::Standard, &[IP], &rules, &[]).await;
    let error = session
        .get(&request("https://vote.example/"))
        .await
        .expect_err("no TLS");
    assert!(error.is_other_protocol(), "{error}");
    assert!(!error.is_refused());
}

#[tokio::test]
async fn what_lies_outside_is_not_asked() {
    let server = Server::plain(|_| answer("200 OK", "", "x")).await;
    let session = session_to(&server, &[]).await;
    let cases = [
        ("http://other.example/", GapReason::OutOfScope),
        ("ftp://vote.example/", GapReason::Malformed),
    ];
    for (url, reason) in cases {
        let error = session.get(&request(url)).await.expect_err(url);
        assert_eq!(error.reason, reason, "{url}");
    }
    let guarded = testing::session(&target(HOST), Level::Standard, &["10.0.0.1"], &[], &[]).await;
    let mut inside = request("http://vote.example/");
    inside.ip = "10.0.0.1".parse().expect("an address");
    let error = guarded.get(&inside).await.expect_err("a private address");
    assert_eq!(error.reason, GapReason::PrivateAddress);
    assert_eq!(guarded.cost().connections, 0);
}

#[tokio::test]
async fn http2_is_spoken_and_bounded() {
    use http_body_util::Full;
    use hyper::{Request, Response, body::Incoming, server::conn::http2, service::service_fn};
    use hyper_util::rt::{TokioExecutor, TokioIo};
    let (config, root) = certificate(&[HOST]);
    let mut config = (*config).clone();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let serve = async |request: Request<Incoming>| {
        let size = if request.uri().path() == "/large" {
            20 << 20
        } else {
            5
        };
        let seen = format!("{:?} {}", request.headers().get("host"), request.uri());
        let response = Response::builder()
            .header("x-seen", seen)
            .header("set-cookie", "a=1");
        response.body(Full::new(Bytes::from(vec![b'x'; size])))
    };
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    let builder = http2::Builder::new(TokioExecutor::new());
                    let _ = builder
                        .serve_connection(TokioIo::new(stream), service_fn(serve))
                        .await;
                }
            });
        }
    });
    let rules = [format!("{IP}::127.0.0.1:{port}")];
    let session = testing::session(&target(HOST), Level::Standard, &[IP], &rules, &[root]).await;
    for _ in 0..2 {
        let response = session
            .get(&request("https://vote.example/a?b"))
            .await
            .expect("an answer");
        assert_eq!((response.version, response.status), ("HTTP/2", 200));
        assert_eq!(response.all("x-seen"), [b"None https://vote.example/a?b"]);
        assert_eq!(
            (response.body.as_slice(), &response.body_gap),
            (b"xxxxx".as_slice(), &None)
        );
        assert_eq!(response.certificate, Some(Ok(())));
    }
    assert_eq!(session.cost().connections, 1);
    let large = session
        .get(&request("https://vote.example/large"))
        .await
        .expect("an answer");
    assert_eq!(large.body.len(), MAX_BODY);
    assert_eq!(
        large.body_gap.map(|gap| gap.reason),
        Some(GapReason::TooLarge)
    );
    assert!(
        session.cost().bytes_received < 3 << 20,
        "{:?}",
        session.cost()
    );
}
