//! Vulnerabilities: no server in use has them any more, so that scripted ones
//! stand in, each with the fault and without it. They speak as much of TLS 1.2 as
//! the probe needs; renegotiation is tried on real ones (`tls_renegotiation`).

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use num_bigint::BigUint;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use scrutineer::{
    model::{gap::GapReason, level::Level},
    probes::tls::facts::VulnerabilityName::{self, *},
    wire::tls::Version,
};

use crate::support::program;
use crate::tls::{Pki, Seen, observe, serve};

/// How a scripted server behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// As it should.
    None,
    /// Answers a heartbeat whose payload is not there.
    Heartbleed,
    /// Grants heartbeats, and drops those that are wrong.
    Heartbeat,
    /// Decrypts after an early ChangeCipherSpec.
    EarlyChange,
    /// An alert of its own for wrong padding.
    StrongOracle,
    /// Tells only that the block does not begin as it should.
    WeakOracle,
    /// Tells it only by silence when nothing follows the key exchange.
    SilentOracle,
    /// Reacts by chance.
    Inconsistent,
}

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const UNEXPECTED_MESSAGE: u8 = 10;
const BAD_RECORD_MAC: u8 = 20;
const DECRYPT_ERROR: u8 = 51;

/// An RSA key.
struct Key {
    certificate: Vec<u8>,
    modulus: BigUint,
    private: BigUint,
}

impl Key {
    /// The small key of the test's PKI: large ones take long to use.
    fn read() -> Option<Self> {
        let openssl = program("openssl", "openssl", "TLS vulnerabilities")?;
        let pki = Pki::get();
        let text = Command::new(openssl)
            .args(["rsa", "-noout", "-text", "-in"])
            .arg(pki.path("weak.key"))
            .output()
            .unwrap();
        let text = String::from_utf8(text.stdout).unwrap();
        let number = |name: &str, end: &str| {
            let digits = text.split(name).nth(1).unwrap().split(end).next().unwrap();
            let digits: String = digits.chars().filter(char::is_ascii_hexdigit).collect();
            BigUint::parse_bytes(digits.as_bytes(), 16).unwrap()
        };
        let certificate = CertificateDer::from_pem_file(pki.path("weak.pem")).unwrap();
        Some(Self {
            certificate: certificate.to_vec(),
            modulus: number("modulus:", "publicExponent"),
            private: number("privateExponent:", "prime1"),
        })
    }

    /// The padded block of a ClientKeyExchange, with the zeros before it.
    fn decrypt(&self, message: &[u8]) -> Vec<u8> {
        let block = BigUint::from_bytes_be(message.get(6..).unwrap());
        let block = block.modpow(&self.private, &self.modulus).to_bytes_be();
        let mut whole = vec![0; 128 - block.len()];
        whole.extend(block);
        whole
    }
}

fn record(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![kind, 3, 3];
    out.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
    out.extend_from_slice(payload);
    out
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind], &length[1..], body].concat()
}

fn alert(code: u8) -> Vec<u8> {
    record(ALERT, &[2, code])
}

/// One record: its type and payload.
fn read_record(stream: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    stream.read_exact(&mut head).ok()?;
    let mut payload = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
    stream.read_exact(&mut payload).ok()?;
    Some((head[0], payload))
}

/// Whether a hello offers heartbeats and TLS_RSA_WITH_AES_128_CBC_SHA in TLS 1.2.
fn read_hello(hello: &[u8]) -> (bool, bool) {
    let version = hello.get(4..6) == Some(&Version::Tls12.code().to_be_bytes());
    let mut at = 38;
    let session = usize::from(hello[at]);
    at += 1 + session;
    let length = usize::from(u16::from_be_bytes([hello[at], hello[at + 1]]));
    let suites = &hello[at + 2..at + 2 + length];
    let offered = suites.chunks(2).any(|suite| suite == [0, 0x2f]);
    at += 2 + length;
    at += 1 + usize::from(hello[at]);
    let mut heartbeat = false;
    let mut extensions = hello.get(at + 2..).unwrap_or_default();
    while let [high, low, long, short, rest @ ..] = extensions {
        heartbeat |= [*high, *low] == [0, 15];
        extensions = rest
            .get(usize::from(u16::from_be_bytes([*long, *short]))..)
            .unwrap_or_default();
    }
    (heartbeat, version && offered)
}

/// Serves until the test ends.
fn start(fault: Fault) -> Option<u16> {
    let key = Arc::new(Key::read()?);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (key, count) = (key.clone(), count.clone());
            thread::spawn(move || answer(stream, fault, &key, &count));
        }
    });
    Some(port)
}

fn answer(mut stream: TcpStream, fault: Fault, key: &Key, count: &AtomicUsize) -> Option<()> {
    let Some((HANDSHAKE, hello)) = read_record(&mut stream) else {
        return None;
    };
    let (heartbeat, common) = read_hello(&hello);
    if !common {
        // handshake_failure
        return stream.write_all(&alert(40)).ok();
    }
    let mut body = vec![3, 3];
    body.extend([9; 32]);
    body.extend([0, 0, 0x2f, 0]);
    let mut extensions = vec![0xff, 1, 0, 1, 0];
    if heartbeat && matches!(fault, Fault::Heartbleed | Fault::Heartbeat) {
        extensions.extend([0, 15, 0, 1, 1]);
    }
    body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
    body.extend(extensions);
    let mut entry = u32::try_from(key.certificate.len()).unwrap().to_be_bytes()[1..].to_vec();
    entry.extend(&key.certificate);
    let mut list = u32::try_from(entry.len()).unwrap().to_be_bytes()[1..].to_vec();
    list.extend(entry);
    let flight = [message(2, &body), message(11, &list), message(14, &[])].concat();
    stream.write_all(&record(HANDSHAKE, &flight)).ok()?;
    let (kind, payload) = read_record(&mut stream)?;
    match (kind, fault) {
        // The payload that was claimed, and padding.
        (24, Fault::Heartbleed) => {
            let mut reply = vec![2];
            reply.extend(&payload[1..3]);
            reply.extend([0; 32]);
            stream.write_all(&record(24, &reply)).ok()
        }
        (24, _) => read_record(&mut stream).map(drop),
        (20, Fault::EarlyChange) => {
            read_record(&mut stream)?;
            stream.write_all(&alert(BAD_RECORD_MAC)).ok()
        }
        (HANDSHAKE, _) if payload.first() == Some(&16) => {
            let block = key.decrypt(&payload);
            let begins = block.starts_with(&[0, 2]);
            let whole = begins && block.get(79) == Some(&0) && block[2..79].iter().all(|b| *b != 0);
            let right = whole && block.get(80..82) == Some(&[3, 3]);
            let (code, silent) = match fault {
                Fault::StrongOracle if !begins => (DECRYPT_ERROR, false),
                Fault::StrongOracle if !whole => (47, false),
                Fault::WeakOracle if !right => (DECRYPT_ERROR, false),
                Fault::SilentOracle => (BAD_RECORD_MAC, !begins),
                Fault::Inconsistent => {
                    // Each look sees another picture.
                    let number = count.fetch_add(1, Ordering::Relaxed);
                    ([BAD_RECORD_MAC, DECRYPT_ERROR, 40][number % 7 % 3], false)
                }
                _ => (BAD_RECORD_MAC, false),
            };
            stream
                .set_read_timeout(Some(Duration::from_millis(300)))
                .ok()?;
            let goes_on = read_record(&mut stream).is_some() && read_record(&mut stream).is_some();
            if silent && !goes_on {
                thread::sleep(Duration::from_secs(3));
                return None;
            }
            stream.write_all(&alert(code)).ok()
        }
        _ => stream.write_all(&alert(UNEXPECTED_MESSAGE)).ok(),
    }
}

/// What was found of a vulnerability; `None` when it could not be told.
fn present(seen: &Seen, name: VulnerabilityName) -> Option<bool> {
    let list = seen.endpoint.vulnerabilities.known().unwrap();
    let one = list.iter().find(|one| one.name == name).unwrap();
    one.present.known().copied()
}

#[test]
fn each_vulnerability_is_seen_where_it_is_and_nowhere_else() {
    let (yes, no) = (Some(true), Some(false));
    // Heartbleed, early ChangeCipherSpec, ROBOT.
    let cases = [
        (Fault::None, [no, no, no]),
        (Fault::Heartbleed, [yes, no, no]),
        (Fault::Heartbeat, [no, no, no]),
        (Fault::EarlyChange, [no, yes, no]),
        (Fault::StrongOracle, [no, no, yes]),
        (Fault::WeakOracle, [no, no, yes]),
        (Fault::SilentOracle, [no, no, yes]),
        (Fault::Inconsistent, [no, no, None]),
    ];
    thread::scope(|scope| {
        for (fault, expected) in cases {
            scope.spawn(move || {
                let Some(port) = start(fault) else { return };
                let seen = observe(port, None, Level::Intrusive);
                let found =
                    [Heartbleed, EarlyChangeCipherSpec, Robot].map(|name| present(&seen, name));
                assert_eq!(found, expected, "{fault:?}: {:?}", seen.gaps);
                assert_eq!(present(&seen, Ticketbleed), no, "{fault:?}: no tickets");
                let open = |gap: &&scrutineer::model::gap::Gap| gap.at.contains("/vulnerabilities");
                let open: Vec<_> = seen.gaps.iter().filter(open).collect();
                match fault {
                    Fault::Inconsistent => {
                        assert_eq!(open.len(), 1, "{open:?}");
                        assert_eq!(open[0].at, "/tls/endpoints/0/vulnerabilities/2/present");
                        assert_eq!(open[0].reason, GapReason::Malformed);
                    }
                    _ => assert!(open.is_empty(), "{fault:?}: {open:?}"),
                }
            });
        }
    });
}

#[test]
fn real_servers_are_clean() {
    let suites = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305";
    let strong = "ECDHE-RSA-AES256-GCM-SHA384:AES128-GCM-SHA256";
    let cases: [(&str, &[&str]); 3] = [
        ("ec", &["-www", "-tls1_2", "-cipher", suites]),
        ("rsa", &["-www", "-tls1_2", "-cipher", strong]),
        ("ec", &["-tls1_3"]),
    ];
    for (certificate, options) in cases {
        let Some((_server, port)) = serve(&[certificate], None, options) else {
            return;
        };
        let seen = observe(port, None, Level::Intrusive);
        for name in [Heartbleed, EarlyChangeCipherSpec, Robot, Ticketbleed] {
            let told = present(&seen, name);
            assert_eq!(told, Some(false), "{options:?}: {:?}", seen.gaps);
        }
    }
}

/// A server with tickets, and in front of it one that fills up session ids, as
/// vulnerable load balancers did.
#[test]
fn a_session_id_that_comes_back_longer_is_ticketbleed() {
    let Some((_server, upstream)) = serve(&["ec"], None, &["-tls1_2"]) else {
        return;
    };
    for fills in [false, true] {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let short = Arc::new(AtomicUsize::new(0));
        let counted = short.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let counted = counted.clone();
                thread::spawn(move || in_front(client, upstream, fills, &counted));
            }
        });
        let seen = observe(port, None, Level::Intrusive);
        assert_eq!(present(&seen, Ticketbleed), Some(fills), "{:?}", seen.gaps);
        assert_eq!(short.load(Ordering::Relaxed), 1, "asked once");
        let proof: Vec<_> = seen
            .endpoint
            .vulnerabilities
            .known()
            .unwrap()
            .iter()
            .collect();
        assert_eq!(proof.len(), 4);
    }
}

fn in_front(mut client: TcpStream, upstream: u16, fills: bool, short: &AtomicUsize) -> Option<()> {
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream)).ok()?;
    let (kind, hello) = read_record(&mut client)?;
    server.write_all(&record(kind, &hello)).ok()?;
    if kind == HANDSHAKE && hello.get(38) == Some(&31) {
        short.fetch_add(1, Ordering::Relaxed);
        let (kind, mut flight) = read_record(&mut server)?;
        // It took the session up, with the id that was sent.
        assert_eq!(flight[38], 31);
        if fills {
            flight[38] = 32;
            flight.insert(39 + 31, 0xee);
            let length = u16::from_be_bytes([flight[2], flight[3]]) + 1;
            flight[2..4].copy_from_slice(&length.to_be_bytes());
        }
        client.write_all(&record(kind, &flight)).ok()?;
    }
    let (mut from, mut to) = (client.try_clone().ok()?, server.try_clone().ok()?);
    thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Write);
    });
    let _ = std::io::copy(&mut server, &mut client);
    let _ = client.shutdown(std::net::Shutdown::Both);
    Some(())
}
