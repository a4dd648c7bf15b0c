//! What no server of Debian's grants any more: SSL 2.0 and 3.0, export suites,
//! RC4; and refusals in forms that none here has. A scripted responder STANDS
//! IN for such servers: it reads the ClientHello, chooses as they did, and
//! sends a real certificate, but makes no key exchange.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use rustls::pki_types::{CertificateDer, pem::PemObject};
use scrutineer::{
    model::{gap::GapReason, level::Level},
    probes::tls::facts::{
        PreferenceBy,
        VersionName::{self, Ssl2, Ssl3, Tls10, Tls12},
    },
};

use crate::support::program;
use crate::tls::{Pki, Seen, observe};

/// RC4 with 40 bits, by a key exchange of at most 512 bits.
const EXPORT: &[u16] = &[3];

/// How it says no.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    Alert(u8),
    /// Closes without a word.
    Close,
    /// Cuts the connection.
    Reset,
}

/// The responder that stands in.
#[derive(Clone)]
struct StandIn {
    /// Whether SSL 2.0 is granted.
    ssl2: bool,
    /// Versions by their codes, the newest first.
    versions: &'static [u16],
    /// Suites by their codes, in its own order, in all versions.
    suites: &'static [u16],
    /// Most suites that it reads.
    most_suites: usize,
    refusal: Refusal,
    certificate: Vec<u8>,
}

impl StandIn {
    /// With an RSA certificate of 1,024 bits.
    fn new(versions: &'static [u16], suites: &'static [u16]) -> Option<Self> {
        program("openssl", "openssl", "old versions of TLS")?;
        let certificate = CertificateDer::from_pem_file(Pki::get().path("weak.pem"));
        Some(Self {
            ssl2: false,
            versions,
            suites,
            most_suites: usize::MAX,
            refusal: Refusal::Alert(40),
            certificate: certificate.unwrap().to_vec(),
        })
    }

    fn look(self) -> Seen {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let me = Arc::new(self);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let me = me.clone();
                // Whatever fails here is the end of one connection.
                thread::spawn(move || me.answer(stream));
            }
        });
        observe(port, None, Level::Standard)
    }

    fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let hello = peek(&stream)?;
        if let (Refusal::Reset, None) = (self.refusal, self.choose(&hello)) {
            // Closing with unread bytes makes the kernel send a reset.
            return Ok(());
        }
        stream.read_exact(&mut vec![0; hello.len()])?;
        match (self.choose(&hello), self.refusal) {
            (Some(answer), _) => end(stream, &answer),
            (None, Refusal::Alert(code)) => end(stream, &[21, 3, 1, 0, 2, 2, code]),
            (None, Refusal::Close | Refusal::Reset) => end(stream, &[]),
        }
    }

    /// The answer to a hello, if it takes anything of it.
    fn choose(&self, hello: &[u8]) -> Option<Vec<u8>> {
        if hello[0] == 0x80 {
            return self.ssl2.then(|| self.ssl2_hello());
        }
        let pair = |at: usize| u16::from_be_bytes([hello[at], hello[at + 1]]);
        let asked = pair(9);
        let after_session = 44 + usize::from(hello[43]);
        let begin = after_session + 2;
        let offered: Vec<u16> = hello[begin..begin + usize::from(pair(after_session))]
            .chunks(2)
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
            .collect();
        let version = self.versions.iter().find(|version| **version <= asked)?;
        let suite = self.suites.iter().find(|suite| offered.contains(suite))?;
        (offered.len() <= self.most_suites).then(|| self.hello(*version, *suite))
    }

    /// ServerHello, Certificate and ServerHelloDone in one record.
    fn hello(&self, version: u16, suite: u16) -> Vec<u8> {
        let mut body = version.to_be_bytes().to_vec();
        body.extend([7; 32]);
        body.push(0);
        body.extend(suite.to_be_bytes());
        body.push(0);
        let mut messages = message(2, &body);
        let list = [&long(self.certificate.len()), self.certificate.as_slice()].concat();
        messages.extend(message(11, &[&long(list.len()), list.as_slice()].concat()));
        if EXPORT.contains(&suite) {
            // A key of 512 bits for this exchange; nobody checks its signature.
            let key = [&[0, 64][..], &[0xc3; 64], &[0, 3, 1, 0, 1], &[0, 1, 0]].concat();
            messages.extend(message(12, &key));
        }
        messages.extend(message(14, &[]));
        let mut record = vec![22];
        record.extend(version.to_be_bytes());
        record.extend(u16::try_from(messages.len()).unwrap().to_be_bytes());
        record.extend(messages);
        record
    }

    /// SERVER-HELLO of SSL 2.0 with one cipher.
    fn ssl2_hello(&self) -> Vec<u8> {
        let size = u16::try_from(self.certificate.len()).unwrap();
        let mut body = vec![4, 0, 1, 0, 2];
        body.extend(size.to_be_bytes());
        body.extend([0, 3, 0, 16]);
        body.extend(&self.certificate);
        body.extend([7, 0, 0xc0]);
        body.extend([9; 16]);
        let length = u16::try_from(body.len()).unwrap() | 0x8000;
        [&length.to_be_bytes(), body.as_slice()].concat()
    }
}

/// The first message, without taking it.
fn peek(stream: &TcpStream) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; 16_384];
    loop {
        let count = stream.peek(&mut bytes)?;
        let whole = match bytes[0] {
            _ if count == 0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            0x80 => 2 + usize::from(bytes[1]),
            _ => 5 + usize::from(u16::from_be_bytes([bytes[3], bytes[4]])),
        };
        if count >= whole.max(5) {
            bytes.truncate(whole);
            return Ok(bytes);
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn long(length: usize) -> [u8; 3] {
    let [_, a, b, c] = u32::try_from(length).unwrap().to_be_bytes();
    [a, b, c]
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind], &long(body.len())[..], body].concat()
}

/// Sends the last words, and waits until the other side has read them.
fn end(mut stream: TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    stream.write_all(bytes)?;
    stream.shutdown(Shutdown::Write)?;
    let mut rest = [0; 1_024];
    while stream.read(&mut rest)? > 0 {}
    Ok(())
}

const RC4_MD5: &str = "TLS_RSA_WITH_RC4_128_MD5";
const RC4_SHA: &str = "TLS_RSA_WITH_RC4_128_SHA";
const EXPORT_RC4: &str = "TLS_RSA_EXPORT_WITH_RC4_40_MD5";
const AES: &str = "TLS_RSA_WITH_AES_128_CBC_SHA";

fn suites(seen: &Seen) -> Vec<(VersionName, &str)> {
    let suites = seen.endpoint.suites.known().unwrap();
    let suites = suites
        .iter()
        .map(|suite| (suite.version, suite.name.as_str()));
    suites.collect()
}

/// Gaps in what is enumerated.
fn open(seen: &Seen) -> Vec<(&str, GapReason)> {
    let lists = ["/versions", "/suites", "/preference"];
    let gaps = seen
        .gaps
        .iter()
        .filter(|gap| lists.iter().any(|list| gap.at.contains(list)));
    gaps.map(|gap| (gap.at.as_str(), gap.reason)).collect()
}

#[test]
fn a_stand_in_for_servers_of_the_nineties_is_seen_whole() {
    let Some(stand_in) = StandIn::new(&[0x0301, 0x0300], &[5, 4, 3]) else {
        return;
    };
    let seen = StandIn {
        ssl2: true,
        ..stand_in
    }
    .look();
    assert_eq!(seen.versions(), [Ssl2, Ssl3, Tls10]);
    assert_eq!(
        suites(&seen),
        [
            (Ssl3, RC4_SHA),
            (Ssl3, RC4_MD5),
            (Ssl3, EXPORT_RC4),
            (Tls10, RC4_SHA),
            (Tls10, RC4_MD5),
            (Tls10, EXPORT_RC4),
        ]
    );
    for version in [Ssl3, Tls10] {
        assert_eq!(seen.preference(version), Some(PreferenceBy::Server));
    }
    let export = seen.endpoint.suites.known().unwrap().iter();
    let export: Vec<_> = export.filter(|suite| suite.export).collect();
    assert_eq!(export.len(), 2);
    for suite in export {
        assert_eq!(suite.kex_bits.known(), Some(&Some(512)));
    }
    assert_eq!(open(&seen), []);
    let [certificate] = seen.endpoint.certificates.known().unwrap().as_slice() else {
        panic!("{:?}", seen.endpoint.certificates);
    };
    assert_eq!(certificate.public_key.bits, Some(1_024));
    // A modern client gets nothing from it.
    assert_eq!(seen.endpoint.speaks_tls.known(), Some(&true));
    assert!(seen.endpoint.negotiated.known().is_none_or(Option::is_none));
}

#[test]
fn refusals_of_every_form_leave_the_lists_exact() {
    // Alert 10 comes from JSSE, 80 from servers that break; older ones only close.
    for refusal in [
        Refusal::Alert(10),
        Refusal::Alert(47),
        Refusal::Alert(80),
        Refusal::Close,
    ] {
        let Some(stand_in) = StandIn::new(&[0x0301], &[0x2f, 5]) else {
            return;
        };
        let seen = StandIn {
            refusal,
            ..stand_in
        }
        .look();
        assert_eq!(seen.versions(), [Tls10], "{refusal:?}");
        assert_eq!(
            suites(&seen),
            [(Tls10, AES), (Tls10, RC4_SHA)],
            "{refusal:?}"
        );
        assert_eq!(open(&seen), [], "{refusal:?}");
    }
}

#[test]
fn a_reset_in_place_of_an_alert_is_never_a_refusal() {
    let Some(stand_in) = StandIn::new(&[0x0303], &[0x2f, 5]) else {
        return;
    };
    let seen = StandIn {
        refusal: Refusal::Reset,
        ..stand_in
    }
    .look();
    assert_eq!(seen.versions(), [Tls12]);
    // By code point, as the order cannot be told either.
    assert_eq!(suites(&seen), [(Tls12, RC4_SHA), (Tls12, AES)]);
    let open = open(&seen);
    for list in ["versions/-", "suites/-", "preference/-"] {
        let at = format!("/tls/endpoints/0/{list}");
        assert!(open.iter().any(|gap| gap.0 == at), "{list}: {open:?}");
    }
}

#[test]
fn suites_of_tls_1_2_are_not_asked_of_older_versions() {
    // It would choose GCM in TLS 1.0, as s2n and mbedTLS do.
    let Some(stand_in) = StandIn::new(&[0x0301], &[0x9c, 0x3c, 0x2f]) else {
        return;
    };
    let seen = stand_in.look();
    assert_eq!(seen.versions(), [Tls10]);
    assert_eq!(suites(&seen), [(Tls10, AES)]);
    assert_eq!(open(&seen), []);
}

#[test]
fn a_server_that_reads_150_suites_at_most_is_seen_whole() {
    // As wolfSSL does.
    let Some(stand_in) = StandIn::new(&[0x0303], &[0x2f, 5]) else {
        return;
    };
    let seen = StandIn {
        most_suites: 150,
        ..stand_in
    }
    .look();
    assert_eq!(seen.versions(), [Tls12]);
    assert_eq!(suites(&seen), [(Tls12, AES), (Tls12, RC4_SHA)]);
    assert_eq!(open(&seen), []);
}
