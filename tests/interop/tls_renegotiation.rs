//! How many renegotiations a server grants to a client: OpenSSL, GnuTLS and Java set no
//! limit where they grant any, and Node.js hangs up after as many as it is told to. No
//! server at hand says no with an alert after the first few: a scripted one in front, which
//! knows nothing of TLS but the types of records, spoils a hello, so that OpenSSL complains.

use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    process::Command,
    thread,
};

use scrutineer::{
    model::{gap::GapReason, level::Level},
    probes::tls::facts::RenegotiationEnd::{self, *},
};

use crate::support::{Running, free_port, program};
use crate::tls::{Pki, Question, Seen, ZONE, observe, observe_target, serve};
use crate::tls_servers::{gnutls_serv, java};

/// Whether any is granted, how many, and why no more; `None` where no version knows them.
type Counted = Option<(bool, u32, RenegotiationEnd)>;

impl Seen {
    /// How many it grants.
    fn renegotiations(&self) -> Counted {
        let facts = &self.endpoint;
        assert!(
            !facts.client_renegotiation.is_unseen() && !facts.client_renegotiations.is_unseen(),
            "not counted: {:?}",
            self.gaps
        );
        let granted = facts.client_renegotiation.known().unwrap().as_ref();
        let count = facts.client_renegotiations.known().unwrap().as_ref();
        assert_eq!(granted.is_some(), count.is_some());
        granted.zip(count).map(|(granted, count)| {
            assert_eq!(*granted, count.granted > 0);
            (*granted, count.granted, count.ended)
        })
    }
}

/// A server with its port, and how many it grants.
type Case = (String, Option<(Running, u16)>, Counted);

const UNLIMITED: Counted = Some((true, 11, Cap));

/// All side by side: a look at level intrusive waits for several seconds.
#[test]
fn as_many_are_counted_as_each_server_grants() {
    let cases = openssl().into_iter().chain(gnutls_and_java());
    let cases = cases.chain(node_with_limits()).chain(node_without());
    let cases: Vec<Case> = cases.collect();
    thread::scope(|scope| {
        for (name, server, expected) in cases {
            scope.spawn(move || {
                let Some((_server, port)) = server else {
                    return;
                };
                let seen = observe(port, None, Level::Intrusive);
                assert_eq!(seen.renegotiations(), expected, "{name}");
            });
        }
    });
}

fn openssl() -> [Case; 3] {
    let cases: [(&[&str], _); 3] = [
        (&["-tls1_2"], Some((false, 0, Refused))),
        // It sleeps a second after each of them.
        (&["-client_renegotiation"], UNLIMITED),
        (&["-tls1_3", "-client_renegotiation"], None),
    ];
    cases.map(|(options, expected)| {
        let server = serve(&["ec"], None, &[&["-www"], options].concat());
        (options.join(" "), server, expected)
    })
}

fn gnutls_and_java() -> [Case; 2] {
    let priorities =
        "NONE:+VERS-TLS1.2:+ECDHE-ECDSA:+AES-128-GCM:+AEAD:+GROUP-SECP256R1:+SIGN-ALL:+COMP-NULL";
    let suites = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384";
    let (one, other) = (free_port(), free_port());
    let gnutls = gnutls_serv(one, &["ec", priorities]).map(|server| (server, one));
    let java = java(other, &["x25519", "TLSv1.2", suites]).map(|server| (server, other));
    [
        ("GnuTLS".to_owned(), gnutls, UNLIMITED),
        ("Java".to_owned(), java, UNLIMITED),
    ]
}

/// A server of Node.js that grants so many; with more of its options, or behind STARTTLS
/// of SMTP. Its own server of HTTPS hangs up by itself, others have to.
const NODE: &str = r#"
const [port, limit, certificate, key, more, starttls] = process.argv.slice(2);
const fs = require('fs'), https = require('https'), net = require('net'), tls = require('tls');
tls.CLIENT_RENEG_LIMIT = Number(limit);
const options = {
  cert: fs.readFileSync(certificate), key: fs.readFileSync(key), maxVersion: 'TLSv1.2',
  ...JSON.parse(more),
};
const strict = (socket) => socket.on('error', () => socket.destroy());
if (starttls) {
  const server = tls.createServer(options, strict).on('tlsClientError', () => {});
  net.createServer((socket) => {
    strict(socket);
    socket.write('220 mail.example ESMTP\r\n');
    socket.on('data', function talk(bytes) {
      if (/^EHLO/i.test(bytes)) socket.write('250-mail.example\r\n250 STARTTLS\r\n');
      else if (/^STARTTLS/i.test(bytes)) {
        socket.removeListener('data', talk);
        socket.write('220 go on\r\n', () => server.emit('connection', socket));
      } else socket.end('221 bye\r\n');
    });
  }).listen(Number(port), '127.0.0.1');
} else {
  https.createServer(options, (_, answer) => answer.end()).listen(Number(port), '127.0.0.1');
}
"#;

fn node(limit: u16, certificate: &str, more: &str, starttls: bool) -> Option<(Running, u16)> {
    let node = program("node", "nodejs", "a limit of renegotiations")?;
    let port = free_port();
    let script = Pki::get().path(&format!("node-{port}.js"));
    fs::write(&script, NODE).unwrap();
    let mut command = Command::new(node);
    command.env("OPENSSL_CONF", "/dev/null");
    command
        .arg(script)
        .args([port, limit].map(|number| number.to_string()));
    command.arg(Pki::get().path(&format!("{certificate}.pem")));
    command.arg(Pki::get().path(&format!("{certificate}.key")));
    command.arg(more).args(starttls.then_some("starttls"));
    let log = Pki::get().path(&format!("log-{port}"));
    Some((Running::start(&mut command, &[port], &log), port))
}

fn node_with_limits() -> [Case; 3] {
    let cases = [
        (3, (true, 3, Closed)),
        (10, (true, 10, Closed)),
        (11, (true, 11, Cap)),
    ];
    cases.map(|(limit, expected)| {
        let server = node(limit, "rsa", "{}", false);
        (limit.to_string(), server, Some(expected))
    })
}

/// Handshakes of every kind that our client completes.
fn node_without() -> [Case; 5] {
    let cases = [
        ("ec", r#"{"ciphers":"ECDHE-ECDSA-AES128-GCM-SHA256"}"#),
        (
            "ec",
            r#"{"ciphers":"ECDHE-ECDSA-AES256-GCM-SHA384","ecdhCurve":"secp384r1"}"#,
        ),
        (
            "ec",
            r#"{"ciphers":"ECDHE-ECDSA-CHACHA20-POLY1305","ecdhCurve":"prime256v1"}"#,
        ),
        // Its own first choice would be a suite that our client does not have.
        (
            "rsa",
            r#"{"ciphers":"AES256-SHA:ECDHE-RSA-AES256-GCM-SHA384","honorCipherOrder":true}"#,
        ),
        // It asks for a certificate each time.
        ("rsa", r#"{"requestCert":true,"rejectUnauthorized":false}"#),
    ];
    cases.map(|(certificate, more)| {
        let server = node(100, certificate, more, false);
        (more.to_owned(), server, UNLIMITED)
    })
}

/// What a server in front does with the hello after two renegotiations.
#[derive(Clone, Copy, PartialEq)]
enum Third {
    /// Spoils it, so that the server behind complains.
    Spoiled,
    /// Keeps it for itself.
    Kept,
}

fn in_front(mut client: TcpStream, upstream: u16, third: Third) -> Option<()> {
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream)).ok()?;
    let (mut from, mut to) = (server.try_clone().ok()?, client.try_clone().ok()?);
    thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
    // Three records a handshake: hello, key exchange, Finished.
    let mut handshake = 0;
    loop {
        let mut record = vec![0; 5];
        if client.read_exact(&mut record).is_err() {
            return server.shutdown(Shutdown::Write).ok();
        }
        let length = usize::from(u16::from_be_bytes([record[3], record[4]]));
        record.resize(5 + length, 0);
        client.read_exact(&mut record[5..]).ok()?;
        handshake += usize::from(record[0] == 22);
        if handshake == 10 && record[0] == 22 {
            match third {
                Third::Spoiled => record[30] ^= 1,
                Third::Kept => continue,
            }
        }
        server.write_all(&record).ok()?;
    }
}

/// Looks through the server in front.
fn look_through(third: Third) -> Option<Seen> {
    let (_server, upstream) = node(100, "ec", "{}", false)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || in_front(client, upstream, third));
        }
    });
    Some(observe(port, None, Level::Intrusive))
}

/// As above, side by side.
#[test]
fn how_they_end_is_told_behind_starttls_too() {
    thread::scope(|scope| {
        for case in [by_an_alert, by_silence, behind_starttls] {
            scope.spawn(case);
        }
    });
}

fn by_an_alert() {
    if let Some(seen) = look_through(Third::Spoiled) {
        assert_eq!(seen.renegotiations(), Some((true, 2, Refused)));
    }
}

fn by_silence() {
    let Some(seen) = look_through(Third::Kept) else {
        return;
    };
    // That some are granted is known all the same.
    let granted = seen.endpoint.client_renegotiation.known();
    assert_eq!(granted, Some(&Some(true)));
    assert!(seen.endpoint.client_renegotiations.is_unseen());
    let open = seen.gaps.iter().find(|gap| gap.at.contains("renegot"));
    let open = open.unwrap();
    assert_eq!(open.at, "/tls/endpoints/0/client_renegotiations");
    assert_eq!(open.reason, GapReason::Timeout);
    assert!(open.detail.as_deref().unwrap().contains("after 2"));
}

fn behind_starttls() {
    let Some((_server, port)) = node(3, "rsa", "{}", true) else {
        return;
    };
    let (mut facts, gaps, cost) = observe_target(&Question {
        zone: &format!("{ZONE}@ IN MX 10 mail\nmail IN A 192.0.2.81\n"),
        roles: &["mail-domain"],
        rules: &[format!("192.0.2.81:25:127.0.0.1:{port}")],
        root: None,
        level: Level::Intrusive,
        ct_logs: None,
    });
    let endpoint = facts.endpoints.known_mut().unwrap().remove(0);
    assert_eq!(endpoint.starttls.as_deref(), Some("smtp"));
    let seen = Seen {
        endpoint,
        gaps,
        cost,
    };
    assert_eq!(seen.renegotiations(), Some((true, 3, Closed)));
}
