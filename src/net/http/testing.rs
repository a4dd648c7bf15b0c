//! Servers on loopback that answer by script, for the tests of what asks them.

use hickory_proto::{
    op::{Message, MessageType, ResponseCode},
    rr::{
        RData, Record, RecordType,
        rdata::{A, AAAA},
    },
};
use rustls::{ServerConfig, pki_types::CertificateDer};
use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, UdpSocket},
};
use tokio_rustls::TlsAcceptor;

use super::super::{Limits, Net, NetConfig, Scope, Session, StopSignal};
use crate::model::{
    level::Level,
    target::{Pins, Role, Target},
};

/// What a server does in answer to a request.
#[derive(Clone)]
pub(crate) enum Act {
    Send(Vec<u8>),
    /// The same bytes so many times.
    Repeat(Vec<u8>, usize),
    Wait(Duration),
    /// Never goes on.
    Stall,
    /// Ends the connection with a TCP reset.
    Reset,
    Close,
}

/// The head of a request: first line and the rest.
pub(crate) type Script = Arc<dyn Fn(&str) -> Vec<Act> + Send + Sync>;

/// A server on loopback.
pub(crate) struct Server {
    pub(crate) at: SocketAddr,
    /// Heads of the requests that came, in order.
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) async fn plain(script: impl Fn(&str) -> Vec<Act> + Send + Sync + 'static) -> Self {
        Self::start(Arc::new(script), None).await
    }

    pub(crate) async fn tls(
        config: Arc<ServerConfig>,
        script: impl Fn(&str) -> Vec<Act> + Send + Sync + 'static,
    ) -> Self {
        Self::start(Arc::new(script), Some(config)).await
    }

    async fn start(script: Script, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let at = listener.local_addr().expect("an address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = asked.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, log, tls) = (script.clone(), log.clone(), tls.clone());
                let mut stream = stream;
                tokio::spawn(async move {
                    match tls {
                        None => {
                            if serve(&script, &log, &mut stream).await {
                                let _ = stream.set_zero_linger();
                            }
                        }
                        Some(config) => {
                            if let Ok(mut stream) = TlsAcceptor::from(config).accept(stream).await
                                && serve(&script, &log, &mut stream).await
                            {
                                let _ = stream.get_ref().0.set_zero_linger();
                            }
                        }
                    }
                });
            }
        });
        Self { at, asked }
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        let asked = self.asked.lock().expect("no panic");
        let path = |head: &String| head.split(' ').nth(1).unwrap_or_default().to_owned();
        asked.iter().map(path).collect()
    }
}

/// Answers requests of one connection; tells whether to end it with a reset.
async fn serve(
    script: &Script,
    log: &Mutex<Vec<String>>,
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
) -> bool {
    let mut bytes = Vec::new();
    loop {
        let end = loop {
            if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            let mut chunk = [0u8; 4096];
            match stream.read(&mut chunk).await {
                Ok(count) if count > 0 => bytes.extend_from_slice(&chunk[..count]),
                _ => return false,
            }
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        bytes.drain(..end);
        log.lock().expect("no panic").push(head.clone());
        for act in script(&head) {
            let sent = match act {
                Act::Send(data) => stream.write_all(&data).await,
                Act::Repeat(data, times) => {
                    let mut sent = Ok(());
                    for _ in 0..times {
                        sent = stream.write_all(&data).await;
                        if sent.is_err() {
                            break;
                        }
                    }
                    sent
                }
                Act::Wait(time) => {
                    tokio::time::sleep(time).await;
                    Ok(())
                }
                Act::Stall => std::future::pending().await,
                Act::Reset => return true,
                Act::Close => {
                    let _ = stream.shutdown().await;
                    return false;
                }
            };
            if sent.is_err() || stream.flush().await.is_err() {
                return false;
            }
        }
    }
}

/// An answer with a length, as a well-behaved server sends it.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> Vec<Act> {
    answer_bytes(status, headers, body.as_bytes())
}

/// Like [`answer`], with any bytes as body. `headers` are lines without line ends' carriage returns.
pub(crate) fn answer_bytes(status: &str, headers: &str, body: &[u8]) -> Vec<Act> {
    let lines: String = headers
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| format!("{line}\r\n"))
        .collect();
    let head = format!(
        "HTTP/1.1 {status}\r\n{lines}Content-Length: {}\r\n\r\n",
        body.len()
    );
    vec![Act::Send([head.as_bytes(), body].concat())]
}

/// The path of a request's head.
pub(crate) fn path(head: &str) -> &str {
    head.split(' ').nth(1).unwrap_or_default()
}

/// A server certificate for names, with the root that signed it.
pub(crate) fn certificate(names: &[&str]) -> (Arc<ServerConfig>, CertificateDer<'static>) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let signed = rcgen::generate_simple_self_signed(names).expect("a certificate");
    let der = signed.cert.der().clone();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![der.clone()], key.into())
        .expect("the key fits");
    (Arc::new(config), der)
}

/// A resolver that gives every name the same addresses.
pub(crate) async fn resolver(addresses: &[&str]) -> SocketAddr {
    let addresses: Vec<IpAddr> = addresses
        .iter()
        .map(|address| address.parse().expect("an address"))
        .collect();
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
    let at = socket.local_addr().expect("an address");
    tokio::spawn(async move {
        let mut buffer = [0u8; 4096];
        while let Ok((count, from)) = socket.recv_from(&mut buffer).await {
            let Ok(mut message) = Message::from_vec(&buffer[..count]) else {
                continue;
            };
            message.metadata.message_type = MessageType::Response;
            message.metadata.response_code = ResponseCode::NoError;
            let Some(query) = message.queries.first().cloned() else {
                continue;
            };
            for address in &addresses {
                let data = match (query.query_type(), address) {
                    (RecordType::A, IpAddr::V4(ip)) => RData::A(A(*ip)),
                    (RecordType::AAAA, IpAddr::V6(ip)) => RData::AAAA(AAAA(*ip)),
                    _ => continue,
                };
                message.add_answer(Record::from_rdata(query.name().clone(), 60, data));
            }
            let bytes = message.to_vec().expect("a message");
            let _ = socket.send_to(&bytes, from).await;
        }
    });
    at
}

/// The target `name` with the role of a website.
pub(crate) fn target(name: &str) -> Target {
    Target {
        name: name.to_owned(),
        port: None,
        roles: [Role::Website].into(),
        paths: Vec::new(),
        ignore_robots: false,
        origin: Vec::new(),
        dkim_selectors: Vec::new(),
        pins: Pins::default(),
        source: None,
    }
}

/// How long a session waits. Only a server that says nothing takes as long, so that
/// the usual patience holds on any machine, however busy.
#[derive(Clone, Copy)]
pub(crate) struct Patience {
    /// For the whole target.
    pub(crate) target: Duration,
    /// For a connection that stays silent.
    pub(crate) silence: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            target: Duration::from_secs(300),
            silence: Duration::from_secs(60),
        }
    }
}

/// A session for a target that lives at `addresses`, with rules of `--connect-to`.
pub(crate) async fn session(
    target: &Target,
    level: Level,
    addresses: &[&str],
    rules: &[String],
    roots: &[CertificateDer<'static>],
) -> Session {
    session_for(target, level, addresses, rules, roots, Patience::default()).await
}

/// Like [`session`], with a patience of its own.
pub(crate) async fn session_for(
    target: &Target,
    level: Level,
    addresses: &[&str],
    rules: &[String],
    roots: &[CertificateDer<'static>],
    patience: Patience,
) -> Session {
    let net = Net::new(NetConfig {
        resolver: Some(resolver(addresses).await),
        connect_to: rules
            .iter()
            .map(|rule| rule.parse().expect("a rule"))
            .collect(),
        extra_roots: roots.to_vec(),
        contact: Some("mailto:scan@office.example".to_owned()),
        limits: Limits {
            new_per_second: 0,
            idle_timeout: patience.silence,
            ..Limits::default()
        },
        ..NetConfig::default()
    })
    .expect("a network");
    let scope = Scope::new(level, [&target.name], [""; 0]);
    net.session(target, scope, patience.target, StopSignal::never())
}
