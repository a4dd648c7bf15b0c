//! Connections opened ahead, against servers that tell what they saw.

use std::{
    future::pending,
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};

use super::Ahead;
use crate::net::{Limits, NetConfig, Session, test_resolver::session};
use crate::probes::tls::{
    exchange::{Ask, Endpoint, Purpose, Reply},
    gate::Gate,
};

/// Of the alert `handshake_failure`.
const ALERT: [u8; 7] = [21, 3, 3, 0, 2, 2, 40];
const PATIENCE: Duration = Duration::from_secs(5);

/// How a server treats connections.
#[derive(Clone, Copy)]
enum Manner {
    SideBySide,
    OneAfterTheOther,
    OnlyTheFirst,
}

/// What a server saw.
#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    hellos: AtomicUsize,
}

struct Server {
    port: u16,
    seen: Arc<Seen>,
}

impl Server {
    async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("loopback has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let seen = Arc::new(Seen::default());
        let server = Self {
            port,
            seen: seen.clone(),
        };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = seen.connections.fetch_add(1, Relaxed) + 1;
                match manner {
                    Manner::SideBySide => drop(tokio::spawn(answer(stream, seen.clone()))),
                    Manner::OneAfterTheOther => answer(stream, seen.clone()).await,
                    Manner::OnlyTheFirst if number > 1 => drop(stream),
                    Manner::OnlyTheFirst => answer(stream, seen.clone()).await,
                }
            }
        });
        server
    }

    fn endpoint<'a>(&self, session: &'a Session) -> Endpoint<'a> {
        Endpoint {
            session,
            host: "127.0.0.1".to_owned(),
            ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: self.port,
            starttls: None,
            gate: Gate::default(),
            ahead: Ahead::default(),
        }
    }

    /// Waits until it saw so many connections.
    async fn saw(&self, connections: usize) {
        let come = async {
            while self.seen.connections.load(Relaxed) < connections {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, come).await.expect("they come");
    }
}

async fn answer(mut stream: TcpStream, seen: Arc<Seen>) {
    let mut buffer = [0; 1_024];
    while let Ok(1..) = stream.read(&mut buffer).await {
        seen.hellos.fetch_add(1, Relaxed);
        let _ = stream.write_all(&ALERT).await;
    }
}

fn network(limits: Limits) -> Session {
    let config = NetConfig {
        allow_private: true,
        limits,
        ..NetConfig::default()
    };
    session(config, "127.0.0.1")
}

async fn ask(endpoint: &Endpoint<'_>, purpose: Purpose) {
    let reply = endpoint.ask(b"hello", purpose, PATIENCE).await;
    assert!(matches!(reply, Reply::Alert(_)), "{reply:?}");
}

#[tokio::test]
async fn the_next_hello_finds_its_connection_and_none_is_wasted() {
    let server = Server::start(Manner::SideBySide).await;
    let session = network(Limits::default());
    let endpoint = server.endpoint(&session);
    for asked in 1..=3 {
        ask(&endpoint, Purpose::Enumeration).await;
        server.saw(asked + 1).await;
    }
    ask(&endpoint, Purpose::Other).await;
    let cost = session.cost();
    assert_eq!((cost.connections, cost.enumeration), (4, Some(3)));
    assert_eq!(server.seen.hellos.load(Relaxed), 4);
    assert_eq!(server.seen.connections.load(Relaxed), 4);
}

#[tokio::test]
async fn one_that_is_expected_is_opened_behind_any_other() {
    let server = Server::start(Manner::SideBySide).await;
    let session = network(Limits::default());
    let endpoint = server.endpoint(&session);
    let expecting = endpoint.ahead.expecting();
    ask(&endpoint, Purpose::Other).await;
    server.saw(2).await;
    ask(&endpoint, Purpose::Enumeration).await;
    server.saw(3).await;
    drop(expecting);
    ask(&endpoint, Purpose::Other).await;
    assert_eq!(session.cost().connections, 3);
}

#[tokio::test]
async fn who_asks_alone_is_alone() {
    let server = Server::start(Manner::OneAfterTheOther).await;
    let session = network(Limits::default());
    let endpoint = server.endpoint(&session);
    ask(&endpoint, Purpose::Enumeration).await;
    server.saw(2).await;
    // The server listens to the one that waits, and to nobody else.
    let reply = endpoint.ask_alone(b"hello", Purpose::Other, PATIENCE).await;
    assert!(matches!(reply, Reply::Alert(_)), "{reply:?}");
    assert_eq!(server.seen.connections.load(Relaxed), 3);
}

#[tokio::test]
async fn what_waits_gives_way_when_nobody_is_answered() {
    let server = Server::start(Manner::OneAfterTheOther).await;
    let session = network(Limits::default());
    let endpoint = server.endpoint(&session);
    ask(&endpoint, Purpose::Enumeration).await;
    server.saw(2).await;
    let mut behind = session
        .connect("127.0.0.1", endpoint.ip, server.port)
        .await
        .expect("a connection");
    let exchange = async {
        behind.write_all(b"hello").await?;
        behind.read_u8().await
    };
    let answered = timeout(PATIENCE, endpoint.ahead.unless_all_stalls(exchange)).await;
    assert_eq!(answered.expect("in time").ok(), Some(ALERT[0]));
    // From then on the server has one connection at a time.
    drop(behind);
    ask(&endpoint, Purpose::Enumeration).await;
    ask(&endpoint, Purpose::Enumeration).await;
    assert_eq!(session.cost().connections, 5);
}

#[tokio::test]
async fn whoever_is_answered_shows_that_the_server_is_not_stuck() {
    let ahead = Ahead::default();
    let moves = async {
        for _ in 0..6 {
            sleep(super::GRACE / 2).await;
            ahead.note_answer();
        }
    };
    let exchange = ahead.unless_all_stalls(pending::<()>());
    tokio::select! {
        () = moves => {}
        () = exchange => panic!("nothing was awaited"),
    }
    assert!(!ahead.ended.load(Relaxed));
}

#[tokio::test]
async fn a_server_that_wants_one_connection_gets_no_other_ahead() {
    let server = Server::start(Manner::OnlyTheFirst).await;
    let session = network(Limits::default());
    let endpoint = server.endpoint(&session);
    ask(&endpoint, Purpose::Enumeration).await;
    server.saw(2).await;
    // The one that waits is closed, and so is this one.
    sleep(Duration::from_millis(100)).await;
    for _ in 0..2 {
        let reply = endpoint.ask(b"hello", Purpose::Enumeration, PATIENCE).await;
        assert!(!matches!(reply, Reply::Alert(_) | Reply::Flight(_)));
    }
    assert!(endpoint.ahead.ended.load(Relaxed));
    assert_eq!(session.cost().connections, 4);
}

#[tokio::test]
async fn limits_on_an_address_hold() {
    let server = Server::start(Manner::SideBySide).await;
    let session = network(Limits {
        connections_to_loopback: 1,
        ..Limits::default()
    });
    let endpoint = server.endpoint(&session);
    for _ in 0..3 {
        ask(&endpoint, Purpose::Enumeration).await;
    }
    assert_eq!(session.cost().connections, 3);
}
