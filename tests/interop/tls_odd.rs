//! The TLS probe against servers that misbehave: each between the probe and a
//! real `openssl s_server`, or with nothing behind it.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use scrutineer::{
    model::{gap::GapReason, level::Level},
    probes::tls::facts::{PreferenceBy, VersionName},
};

use crate::support::free_port;
use crate::tls::{Seen, observe, serve};

/// What a server in between does with a connection.
pub enum Act {
    /// Passes everything on.
    Forward,
    /// Passes everything on, and closes without a word in place of an alert.
    HideAlerts,
    /// Passes everything on, and claims that DEFLATE was chosen where it was offered.
    Compress,
    /// Refuses hellos that offer DEFLATE, and passes on the others.
    RefuseDeflate,
    /// Refuses hellos that claim a version above TLS 1.2, and passes on the others.
    RefuseNewer,
    /// Refuses hellos with a suite that nobody registered, and passes on the others.
    RefuseUnknown,
    /// Resets the connection.
    Reset,
    /// Says nothing for as long as the other side waits.
    Silence,
    /// Answers with these bytes and closes.
    Say(Vec<u8>),
    /// Answers with these bytes, one every 100 ms.
    Drip(Vec<u8>),
    /// Sends as much as the other side takes.
    Flood(Vec<u8>),
}

/// A server in between. Its decision may depend on the number of the
/// connection, from 0, and on the size of the first packet.
pub struct Between {
    pub port: u16,
    count: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

impl Between {
    pub fn start(upstream: u16, act: impl Fn(usize, usize) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (count, stop) = (
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let act = Arc::new(act);
        let (counted, stopped) = (count.clone(), stop.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let number = counted.fetch_add(1, Ordering::Relaxed);
                let act = act.clone();
                let Ok(stream) = stream else { continue };
                thread::spawn(move || {
                    // Whatever fails here is the end of one connection.
                    let _ = serve_one(stream, upstream, number, act.as_ref());
                });
            }
        });
        Self { port, count, stop }
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

fn serve_one(
    mut client: TcpStream,
    upstream: u16,
    number: usize,
    act: &(impl Fn(usize, usize) -> Act + ?Sized),
) -> std::io::Result<()> {
    client.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut first = vec![0; 16_384];
    let length = client.peek(&mut first)?;
    match act(number, length) {
        // Closing with unread bytes makes the kernel send a reset.
        Act::Reset => Ok(()),
        Act::Silence => {
            while client.read(&mut first)? > 0 {}
            Ok(())
        }
        Act::Say(bytes) => {
            let _ = client.read(&mut first)?;
            client.write_all(&bytes)?;
            client.shutdown(Shutdown::Write)?;
            while client.read(&mut first)? > 0 {}
            Ok(())
        }
        Act::Drip(bytes) => {
            for byte in bytes {
                client.write_all(&[byte])?;
                thread::sleep(Duration::from_millis(100));
            }
            Ok(())
        }
        Act::Flood(bytes) => loop {
            client.write_all(&bytes)?;
        },
        Act::RefuseNewer if first.get(9..11) > Some(&[3, 3][..]) => {
            let _ = client.read(&mut first)?;
            client.write_all(&[21, 3, 3, 0, 2, 2, 70])
        }
        Act::RefuseUnknown if first_suite(&first[..length]) == Some([0x3a, 0x3a]) => {
            let _ = client.read(&mut first)?;
            client.write_all(&[21, 3, 3, 0, 2, 2, 47])
        }
        Act::RefuseDeflate if offers_deflate(&first[..length]) => {
            let _ = client.read(&mut first)?;
            client.write_all(&[21, 3, 3, 0, 2, 2, 40])
        }
        Act::Compress if offers_deflate(&first[..length]) => {
            let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream))?;
            let length = client.read(&mut first)?;
            server.write_all(&first[..length])?;
            let length = server.read(&mut first)?;
            // Record, message, version, random, session, suite, compression.
            let method = 46 + usize::from(first[43]);
            if first[0] == 22 {
                first[method] = 1;
            }
            client.write_all(&first[..length])
        }
        Act::Forward
        | Act::Compress
        | Act::RefuseDeflate
        | Act::RefuseNewer
        | Act::RefuseUnknown => relay(client, upstream, false),
        Act::HideAlerts => relay(client, upstream, true),
    }
}

/// The first suite of a ClientHello.
fn first_suite(hello: &[u8]) -> Option<[u8; 2]> {
    let suites = 44 + usize::from(*hello.get(43)?);
    hello.get(suites + 2..suites + 4)?.try_into().ok()
}

/// Whether a ClientHello offers DEFLATE.
fn offers_deflate(hello: &[u8]) -> bool {
    let suites = 44 + hello.get(43).map_or(0, |length| usize::from(*length));
    let Some([high, low]) = hello.get(suites..suites + 2) else {
        return false;
    };
    let methods = suites + 2 + usize::from(u16::from_be_bytes([*high, *low]));
    hello
        .get(methods..methods + 2)
        .is_some_and(|found| found[0] > 1 && found[1] == 1)
}

pub fn relay(client: TcpStream, upstream: u16, hide_alerts: bool) -> std::io::Result<()> {
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream))?;
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    let forth = thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
    });
    let (mut server, mut client) = (server, client);
    let mut buffer = vec![0; 16_384];
    loop {
        let count = server.read(&mut buffer)?;
        if count == 0 || (hide_alerts && buffer[0] == 21) {
            break;
        }
        client.write_all(&buffer[..count])?;
    }
    let _ = client.shutdown(Shutdown::Write);
    let _ = server.shutdown(Shutdown::Both);
    let _ = forth.join();
    Ok(())
}

/// How long a look may take: three times as long as the longest does on an idle machine.
const AT_MOST: Duration = Duration::from_secs(45);

/// Looks at a server in between.
fn look(between: &Between) -> Seen {
    let begin = Instant::now();
    let seen = observe(between.port, None, Level::Standard);
    let took = begin.elapsed();
    assert!(took < AT_MOST, "took {took:?}");
    seen
}

/// An intermediate server of OpenSSL.
const OPTIONS: &[&str] = &[
    "-no_tls1",
    "-no_tls1_1",
    "-groups",
    "X25519:P-256",
    "-cipher",
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384",
];

fn assert_complete(seen: &Seen) {
    // A session that is taken up makes every hello large.
    let gaps = seen
        .gaps
        .iter()
        .filter(|gap| !gap.at.contains("/resumption/"));
    assert_eq!(gaps.count(), 0, "{:?}", seen.gaps);
    assert_eq!(seen.versions(), [VersionName::Tls12, VersionName::Tls13]);
    assert_eq!(seen.suites(VersionName::Tls13).len(), 3);
    assert_eq!(
        seen.suites(VersionName::Tls12),
        [
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        ]
    );
    assert_eq!(seen.groups(), ["secp256r1", "x25519"]);
    assert_eq!(
        seen.preference(VersionName::Tls12),
        Some(PreferenceBy::Client)
    );
}

#[test]
fn nothing_that_answers_is_a_gap_and_costs_little() {
    // Records of the largest size, full of messages that say nothing.
    let flood: Vec<u8> = [22, 3, 3, 0x40, 0].into_iter().chain([0; 0x4000]).collect();
    let drip = flood.clone();
    let cases: Vec<(&str, Between, GapReason)> = vec![
        (
            "silent",
            Between::start(0, |_, _| Act::Silence),
            GapReason::Timeout,
        ),
        (
            "drip",
            Between::start(0, move |_, _| Act::Drip(drip.clone())),
            GapReason::Timeout,
        ),
        (
            "reset",
            Between::start(0, |_, _| Act::Reset),
            GapReason::Reset,
        ),
        (
            "close",
            Between::start(0, |_, _| Act::Say(Vec::new())),
            GapReason::Reset,
        ),
        (
            "flood",
            Between::start(0, move |_, _| Act::Flood(flood.clone())),
            GapReason::Malformed,
        ),
    ];
    for (name, between, reason) in cases {
        let seen = look(&between);
        let [gap] = seen.gaps.as_slice() else {
            panic!("{name}: {:?}", seen.gaps);
        };
        assert_eq!(
            (gap.at.as_str(), gap.reason),
            ("/tls/endpoints/0", reason),
            "{name}"
        );
        assert!(seen.endpoint.speaks_tls.is_unseen(), "{name}");
        assert!(seen.endpoint.versions.is_unseen(), "{name}");
    }
}

#[test]
fn what_is_no_tls_is_said_to_be_none() {
    let http = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    let between = Between::start(0, |_, _| Act::Say(http.to_vec()));
    let closed = free_port();
    for port in [between.port, closed] {
        let seen = observe(port, None, Level::Standard);
        assert_eq!(seen.gaps, []);
        assert_eq!(seen.endpoint.speaks_tls.known(), Some(&false));
        assert_eq!(seen.versions(), []);
        assert_eq!(seen.endpoint.negotiated.known(), Some(&None));
    }
}

#[test]
fn a_server_that_refuses_everything_is_not_called_safe() {
    let alert = [21, 3, 3, 0, 2, 2, 40];
    let between = Between::start(0, move |_, _| Act::Say(alert.to_vec()));
    let seen = look(&between);
    assert_eq!(seen.endpoint.speaks_tls.known(), Some(&true));
    assert_eq!(seen.endpoint.negotiated.known(), Some(&None));
    let open: Vec<&str> = seen.gaps.iter().map(|gap| gap.at.as_str()).collect();
    for place in ["versions/-", "suites/-", "groups/-", "certificates"] {
        let at = format!("/tls/endpoints/0/{place}");
        assert!(open.contains(&at.as_str()), "{place}: {open:?}");
    }
}

#[test]
fn throttling_is_told_and_keeps_what_was_seen() {
    let Some((_server, port)) = serve(&["ec"], None, OPTIONS) else {
        return;
    };
    let between = Between::start(port, |number, _| match number {
        0..8 => Act::Forward,
        _ => Act::Reset,
    });
    let seen = look(&between);
    let throttled = |place: &str| {
        let at = format!("/tls/endpoints/0/{place}");
        seen.gaps
            .iter()
            .any(|gap| gap.at == at && gap.reason == GapReason::Throttled)
    };
    assert!(throttled("suites/-"), "{:?}", seen.gaps);
    assert!(throttled("versions/-"), "{:?}", seen.gaps);
    assert!(seen.versions().contains(&VersionName::Tls13));
    assert!(!seen.endpoint.certificates.known().unwrap().is_empty());
    assert!(
        between.count.load(Ordering::Relaxed) < 36,
        "it went on asking: {:?}",
        between.count
    );
}

#[test]
fn servers_that_break_on_what_they_do_not_know_are_told() {
    let Some((_server, port)) = serve(&["ec"], None, OPTIONS) else {
        return;
    };
    let sound = Between::start(port, |_, _| Act::Forward);
    let version = Between::start(port, |_, _| Act::RefuseNewer);
    let values = Between::start(port, |_, _| Act::RefuseUnknown);
    let looks = [&sound, &version, &values].map(look);
    for seen in &looks {
        assert_complete(seen);
    }
    let told = looks.each_ref().map(|seen| {
        let newer = seen.endpoint.tolerates_newer_version.known();
        (
            newer.copied(),
            seen.endpoint.tolerates_unknown.known().copied(),
        )
    });
    assert_eq!(
        told,
        [
            (Some(Some(true)), Some(true)),
            (Some(Some(false)), Some(true)),
            (Some(Some(true)), Some(false)),
        ]
    );
    // Of TLS 1.3 alone no such version can be claimed.
    let (_server, port) = serve(&["ec"], None, &["-tls1_3"]).unwrap();
    let seen = observe(port, None, Level::Standard);
    assert_eq!(seen.endpoint.tolerates_newer_version.known(), Some(&None));
    assert_eq!(seen.endpoint.tolerates_unknown.known(), Some(&true));
}

#[test]
fn odd_servers_are_seen_whole() {
    let Some((_server, port)) = serve(&["ec"], None, OPTIONS) else {
        return;
    };
    // A refusal without a word, as BoringSSL gives some.
    let mute = Between::start(port, |_, _| Act::HideAlerts);
    // Bad luck now and then.
    let shaky = Between::start(port, |number, _| match number % 7 {
        3 => Act::Reset,
        _ => Act::Forward,
    });
    // No answer to hellos above 511 bytes, as from some old load balancers.
    let narrow = Between::start(port, |_, length| match length {
        517.. => Act::Silence,
        _ => Act::Forward,
    });
    for between in [mute, shaky, narrow] {
        let seen = look(&between);
        assert_complete(&seen);
    }
}
