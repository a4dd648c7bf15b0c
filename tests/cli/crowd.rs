//! Many names on a few local servers: a name server that knows every name under
//! `crowd.example`, and one web server for them all.

use hickory_proto::{
    op::{Message, MessageType, ResponseCode},
    rr::{Name, RData, Record, RecordType, rdata},
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::{net::SocketAddr, str::FromStr, sync::Arc};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, UdpSocket},
    runtime::Runtime,
};

/// Documentation addresses that the names are spread over; all lead to the same servers.
const ADDRESSES: [[u8; 4]; 8] = [
    [192, 0, 2, 1],
    [192, 0, 2, 2],
    [192, 0, 2, 3],
    [192, 0, 2, 4],
    [192, 0, 2, 5],
    [192, 0, 2, 6],
    [192, 0, 2, 7],
    [192, 0, 2, 8],
];

/// The servers. They stop when this is dropped.
pub struct Crowd {
    _runtime: Runtime,
    /// Where the name server listens.
    pub resolver: SocketAddr,
    http: SocketAddr,
    https: SocketAddr,
    /// Root certificate in PEM.
    pub root: String,
}

impl Crowd {
    /// Starts the servers on free loopback ports.
    pub fn start() -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (root, tls) = certificate();
        let (dns, http, https) = runtime.block_on(async {
            (
                UdpSocket::bind("127.0.0.1:0").await.unwrap(),
                TcpListener::bind("127.0.0.1:0").await.unwrap(),
                TcpListener::bind("127.0.0.1:0").await.unwrap(),
            )
        });
        let crowd = Self {
            resolver: dns.local_addr().unwrap(),
            http: http.local_addr().unwrap(),
            https: https.local_addr().unwrap(),
            root,
            _runtime: runtime,
        };
        crowd._runtime.spawn(answer_queries(dns));
        crowd._runtime.spawn(serve(http, None));
        crowd._runtime.spawn(serve(https, Some(tls)));
        crowd
    }

    /// Arguments that lead a scan to these servers.
    pub fn arguments(&self, root: &std::path::Path) -> Vec<String> {
        std::fs::write(root, &self.root).unwrap();
        let mut arguments = vec![
            "--resolver".to_owned(),
            self.resolver.to_string(),
            "--ca-file".to_owned(),
            root.display().to_string(),
        ];
        for address in ADDRESSES {
            let address = address.map(|part| part.to_string()).join(".");
            for (port, server) in [(80, self.http), (443, self.https)] {
                arguments.push("--connect-to".to_owned());
                arguments.push(format!(
                    "{address}:{port}:{}:{}",
                    server.ip(),
                    server.port()
                ));
            }
        }
        arguments
    }
}

fn certificate() -> (String, Arc<rustls::ServerConfig>) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut root = rcgen::CertificateParams::new(Vec::new()).unwrap();
    root.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    root.distinguished_name
        .push(rcgen::DnType::CommonName, "Crowd root");
    let root_certificate = root.self_signed(&key).unwrap();
    let issuer = rcgen::Issuer::new(root, &key);
    let leaf_key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec!["*.crowd.example".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&leaf_key, &issuer).unwrap();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf_key.serialize_der())),
        )
        .unwrap();
    (root_certificate.pem(), Arc::new(config))
}

async fn answer_queries(socket: UdpSocket) {
    let mut buffer = [0_u8; 4096];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        let Ok(query) = Message::from_vec(&buffer[..length]) else {
            continue;
        };
        if let Ok(bytes) = answer(&query).to_vec() {
            let _ = socket.send_to(&bytes, from).await;
        }
    }
}

fn answer(query: &Message) -> Message {
    let mut reply = query.clone();
    reply.metadata.message_type = MessageType::Response;
    reply.metadata.recursion_available = true;
    reply.metadata.response_code = ResponseCode::NoError;
    let zone = Name::from_str("crowd.example.").unwrap();
    let Some(question) = query.queries.first() else {
        return reply;
    };
    let name = question.name().clone();
    let mut put = |data: RData| {
        reply
            .answers
            .push(Record::from_rdata(name.clone(), 300, data));
    };
    let ns = Name::from_str("ns1.crowd.example.").unwrap();
    match question.query_type() {
        RecordType::A => {
            let number = name.to_string().bytes().map(usize::from).sum::<usize>();
            put(RData::A(rdata::A(
                ADDRESSES[number % ADDRESSES.len()].into(),
            )));
        }
        RecordType::NS if name == zone => put(RData::NS(rdata::NS(ns))),
        RecordType::SOA if name == zone => {
            put(RData::SOA(rdata::SOA::new(
                ns,
                zone.clone(),
                1,
                3600,
                600,
                86400,
                300,
            )));
        }
        _ => {}
    }
    reply
}

async fn serve(listener: TcpListener, tls: Option<Arc<rustls::ServerConfig>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let tls = tls.clone();
        tokio::spawn(async move {
            match tls {
                Some(config) => {
                    if let Ok(stream) = tokio_rustls::TlsAcceptor::from(config).accept(stream).await
                    {
                        respond(stream, true).await;
                    }
                }
                None => respond(stream, false).await,
            }
        });
    }
}

/// Answers each request on a connection: with a redirect on HTTP, a page on HTTPS.
async fn respond<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, secure: bool) {
    let mut request = Vec::new();
    let mut buffer = [0_u8; 4096];
    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
        request.extend_from_slice(&buffer[..length]);
        if !request.windows(4).any(|four| four == b"\r\n\r\n") {
            continue;
        }
        let text = String::from_utf8_lossy(&request).into_owned();
        let host = text
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("host: ")
                    .map(str::to_owned)
            })
            .unwrap_or_default();
        let page = "<!doctype html><title>Office</title><p>Polling places and hours.</p>";
        let reply = if secure {
            format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nStrict-Transport-Security: max-age=63072000\r\n\r\n{page}",
                page.len()
            )
        } else {
            format!("HTTP/1.1 301 Moved\r\nLocation: https://{host}/\r\nContent-Length: 0\r\n\r\n")
        };
        if stream.write_all(reply.as_bytes()).await.is_err() {
            return;
        }
        request.clear();
    }
}
