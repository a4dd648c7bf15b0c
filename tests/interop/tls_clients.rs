//! What is derived for every client of the catalogue, held against what real servers
//! choose when they get that client's hello.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use rustls::{
    CipherSuite, NamedGroup,
    version::{TLS12, TLS13},
};
use scrutineer::{
    content::clients::embedded,
    derive::clients::{Client, fill},
    model::level::Level,
    net::tls::KeyShare,
    probes::tls::facts::*,
    wire::tls::{
        Version,
        client_hello::ClientHello,
        flight::{Flight, FlightReader},
        groups::{self, Kind},
        key_exchange::KeyExchange,
        suites,
    },
};

use crate::support::{Running, program};
use crate::tls::{HOST, Pki, Seen, observe, serve};
use crate::tls_rustls;
use crate::tls_servers::{gnutls_serv, java, nginx, selfserv};

/// A server that stays up as long as this is kept, and its port.
type Server = (Option<Running>, u16);

/// What a server answered: version, suite, group and the kind of its certificate.
#[derive(Debug, PartialEq)]
struct Answer {
    version: VersionName,
    suite: String,
    group: Option<String>,
    certificate: Option<&'static str>,
}

/// Starts a server; the number is how many clients it may leave open at most.
type Start = fn() -> Option<Server>;

const SERVERS: &[(&str, usize, Start)] = &[
    ("OpenSSL, as it comes", 0, || openssl(&["rsa"], &[])),
    ("OpenSSL, own order, two certificates", 0, || {
        openssl(&["rsa", "ec"], &["-serverpref"])
    }),
    ("OpenSSL, ChaCha20 on request", 0, || {
        let suites = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:RSA+AES";
        openssl(
            &["rsa", "ec"],
            &["-serverpref", "-prioritize_chacha", "-cipher", suites],
        )
    }),
    ("OpenSSL, all that it has, of old", 12, || {
        let all = "ALL:@SECLEVEL=0";
        openssl(&["rsa"], &["-serverpref", "-cipher", all])
    }),
    ("OpenSSL, TLS 1.0 alone", 6, || {
        let all = "DHE:RSA:@SECLEVEL=0";
        openssl(&["rsa"], &["-tls1", "-cipher", all])
    }),
    ("OpenSSL, TLS 1.3 alone with P-384", 0, || {
        openssl(&["ec"], &["-tls1_3", "-groups", "P-384"])
    }),
    ("OpenSSL, P-521 and x448 before others", 0, || {
        openssl(
            &["rsa"],
            &["-serverpref", "-groups", "P-521:X448:X25519:P-256"],
        )
    }),
    ("OpenSSL, Ed25519 alone", 0, || openssl(&["ed"], &[])),
    ("nginx, Mozilla's intermediate", 0, || {
        own(
            nginx,
            &[
                "ssl_protocols TLSv1.2 TLSv1.3; ssl_ecdh_curve X25519:prime256v1:secp384r1; \
             ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:\
             ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:\
             ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305; \
             ssl_prefer_server_ciphers off;",
            ],
        )
    }),
    ("GnuTLS, as it comes", 0, || {
        own(gnutls_serv, &["rsa", "NORMAL"])
    }),
    ("GnuTLS, own order", 0, || {
        own(gnutls_serv, &["ec", "NORMAL:%SERVER_PRECEDENCE"])
    }),
    ("NSS", 0, || {
        own(
            selfserv,
            &["tls1.2:tls1.3", ":1301:1302:1303:C02F:C030:009C"],
        )
    }),
    ("JSSE", 0, || {
        own(
            java,
            &[
                "x25519,secp256r1",
                "TLSv1.2,TLSv1.3",
                "TLS_AES_256_GCM_SHA384,TLS_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,\
             TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            ],
        )
    }),
    ("rustls, hybrid groups first", 0, || {
        use CipherSuite as S;
        let port = tls_rustls::serve(
            &[&TLS12, &TLS13],
            &[
                S::TLS13_AES_256_GCM_SHA384,
                S::TLS13_AES_128_GCM_SHA256,
                S::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
                S::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            ],
            &[
                NamedGroup::X25519MLKEM768,
                NamedGroup::secp256r1,
                NamedGroup::X25519,
            ],
            false,
        )?;
        Some((None, port))
    }),
];

#[test]
fn servers_choose_what_was_derived() {
    let clients = embedded().unwrap();
    Pki::get();
    let faults: Vec<String> = thread::scope(|scope| {
        let looks: Vec<_> = SERVERS
            .iter()
            .map(|(name, open, start)| {
                let clients = &clients;
                scope.spawn(move || {
                    let (_running, port) = start()?;
                    Some(compare(name, *open, port, clients))
                })
            })
            .collect();
        let found = looks.into_iter().map(|look| look.join().unwrap());
        found.flatten().flatten().collect()
    });
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn openssl(certificates: &[&str], options: &[&str]) -> Option<Server> {
    let (running, port) = serve(certificates, None, options)?;
    Some((Some(running), port))
}

fn own(start: fn(u16, &[&str]) -> Option<Running>, settings: &[&str]) -> Option<Server> {
    let port = crate::support::free_port();
    Some((Some(start(port, settings)?), port))
}

/// A program that asks, what it has to say, and its entry in the catalogue.
type Program = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static str,
);

const PROGRAMS: [Program; 3] = [
    (
        "openssl-3-0",
        "openssl",
        &[
            "s_client",
            "-connect",
            "127.0.0.1:{port}",
            "-servername",
            HOST,
        ],
        "New, TLSv1.3, Cipher is {suite}",
    ),
    (
        "gnutls-3-7",
        "gnutls-cli",
        &[
            "--insecure",
            "--sni-hostname",
            HOST,
            "-p",
            "{port}",
            "127.0.0.1",
        ],
        "({group})-",
    ),
    (
        "curl-7",
        "curl",
        &[
            "-ksv",
            "--connect-to",
            "site.example:443:127.0.0.1:{port}",
            "https://site.example/",
        ],
        "SSL connection using TLSv1.3 / {suite}",
    ),
];

/// Mozilla promises its intermediate configuration (6.0) to Firefox 31, Android 4.4.2,
/// Chrome 49, Edge 15, Internet Explorer 11 on Windows 10, Java 8u161, OpenSSL 1.0.1l, Safari 9 and
/// what is newer; these are older.
const SHUT_OUT: [&str; 7] = [
    "android-2-3",
    "ie-8-windows-7",
    "ie-8-xp",
    "java-7",
    "openssl-0-9-8",
    "safari-6-ios",
    "safari-7-ios",
];

/// Each program gets what its entry says, and is refused where it says so.
#[test]
fn programs_get_what_was_derived_for_them() {
    let clients = embedded().unwrap();
    let wanted = |line: &str, suite: &str, group: &str| {
        let group = match group {
            "secp256r1" => "ECDHE-SECP256R1",
            other => other,
        };
        line.replace("{suite}", suite).replace("{group}", group)
    };
    for options in [
        &["-www", "-tls1_3", "-groups", "P-256"][..],
        &["-www", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
    ] {
        let Some((_running, port)) = serve(&["rsa"], None, options) else {
            return;
        };
        let outcomes = outcomes(&observe(port, None, Level::Standard), &clients);
        for (key, name, arguments, line) in PROGRAMS {
            let Some(path) = program(name, name, "clients of the catalogue") else {
                continue;
            };
            let outcome = outcomes.iter().find(|one| one.key == key).unwrap();
            let arguments = arguments
                .iter()
                .map(|word| word.replace("{port}", &port.to_string()));
            let output = Command::new(path)
                .args(arguments)
                .stdin(Stdio::null())
                .env("OPENSSL_CONF", "/dev/null")
                .output()
                .unwrap();
            let said =
                String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
            let connects = outcome.connects.known().unwrap();
            assert_eq!(
                output.status.success(),
                *connects,
                "{name} {options:?}: {said}"
            );
            if outcome.version == Some(VersionName::Tls13) {
                let ([suite], [group]) = (outcome.suites.as_slice(), outcome.groups.as_slice())
                else {
                    panic!("{outcome:?}");
                };
                let line = wanted(line, suite, group);
                assert!(said.contains(&line), "{line}: {said}");
            } else if *connects {
                assert_eq!(
                    (name, outcome.version),
                    ("gnutls-cli", Some(VersionName::Tls11))
                );
            } else {
                assert_eq!(outcome.refused, Some(ClientRefusal::NoCommonVersion));
            }
        }
    }
}

/// Derives the outcomes of all clients, and asks the server itself. `most`: how many
/// clients the facts may leave open.
fn compare(name: &str, most: usize, port: u16, clients: &[Client]) -> Vec<String> {
    let seen = observe(port, None, Level::Standard);
    let outcomes = outcomes(&seen, clients);
    assert_eq!(outcomes.len(), clients.len());
    let mut faults = Vec::new();
    let open = outcomes
        .iter()
        .filter(|one| one.connects.is_unseen())
        .count();
    if open > most {
        faults.push(format!("{name}: {open} clients are open"));
    }
    if name.contains("Mozilla") {
        let refused = outcomes
            .iter()
            .filter(|one| one.connects.known() == Some(&false));
        let refused: Vec<&str> = refused.map(|one| one.key.as_str()).collect();
        assert_eq!(refused, SHUT_OUT, "{name}");
    }
    for (client, outcome) in clients.iter().zip(&outcomes) {
        let answer = ask(port, client);
        let agrees = match (outcome.connects.known(), &answer) {
            (None, _) => true,
            (Some(true), Some(answer)) => {
                let of = |list: &[String], one: &Option<String>| match one {
                    Some(one) => list.contains(one),
                    None => list.is_empty(),
                };
                let kind = answer.certificate.map(|kind| format!("{kind} leaf"));
                outcome.version == Some(answer.version)
                    && outcome.suites.contains(&answer.suite)
                    && of(&outcome.groups, &answer.group)
                    && kind.is_none_or(|kind| outcome.certificates.contains(&kind))
            }
            (Some(true), None) => false,
            // The client's own refusals come after the server's answer.
            (Some(false), Some(_)) => matches!(
                outcome.refused,
                Some(
                    ClientRefusal::FiniteFieldTooSmall
                        | ClientRefusal::FiniteFieldTooLarge
                        | ClientRefusal::CertificateKeyTooSmall
                        | ClientRefusal::NoSecureRenegotiation
                )
            ),
            (Some(false), None) => true,
        };
        if !agrees {
            faults.push(format!("{name}: {answer:?}, and derived was {outcome:?}"));
        }
    }
    faults
}

fn outcomes(seen: &Seen, clients: &[Client]) -> Vec<ClientOutcome> {
    let mut facts = TlsFacts {
        endpoints: scrutineer::model::seen::Seen::Known(vec![seen.endpoint.clone()]),
    };
    fill(&mut facts, &seen.gaps, clients);
    let endpoint = &facts.endpoints.known().unwrap()[0];
    endpoint.clients.known().unwrap().clone()
}

/// Sends the client's hello. `None` when the server refuses it.
fn ask(port: u16, client: &Client) -> Option<Answer> {
    let hello = hello(client);
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    stream.write_all(&hello.encode()).unwrap();
    let mut reader = FlightReader::default();
    let mut bytes = [0; 8192];
    loop {
        // A connection that is cut is a refusal, as an alert is.
        let length = stream.read(&mut bytes).unwrap_or(0);
        if length == 0 || reader.push(&bytes[..length]).unwrap() {
            break;
        }
    }
    let finite = |id: &u16| {
        groups::by_id(*id).is_some_and(|group| matches!(group.kind, Kind::FiniteField(_)))
    };
    answer(reader.flight(), client.offer.groups.iter().any(finite))
}

/// `finite`: whether a finite field has a name for this client (RFC 7919).
fn answer(flight: &Flight, finite: bool) -> Option<Answer> {
    let hello = flight.hello.as_ref()?;
    let version = hello.version().unwrap();
    if !flight.complete {
        return None;
    }
    let suite = suites::by_id(hello.suite).unwrap();
    let exchange = flight.key_exchange.as_ref();
    let exchange = exchange.and_then(|body| KeyExchange::parse(body, suite.key_exchange, false));
    let group = match &exchange {
        Some(KeyExchange::Curve(group)) => Some(groups::name_of(*group)),
        Some(other) => other.ffdhe_name().filter(|_| finite).map(str::to_owned),
        None => hello.group.map(groups::name_of),
    };
    let leaf = flight.certificates.as_ref().and_then(|chain| chain.first());
    Some(Answer {
        version: match version {
            Version::Ssl3 => VersionName::Ssl3,
            Version::Tls10 => VersionName::Tls10,
            Version::Tls11 => VersionName::Tls11,
            Version::Tls12 => VersionName::Tls12,
            Version::Tls13 => VersionName::Tls13,
        },
        suite: suite.name.to_owned(),
        group,
        certificate: leaf.map(|leaf| match leaf {
            leaf if *leaf == Pki::get().der("rsa") => "rsa",
            leaf if *leaf == Pki::get().der("ec") => "ecdsa",
            _ => "ed25519",
        }),
    })
}

/// The very hello of a client, with key shares of our own.
fn hello(client: &Client) -> ClientHello {
    let offer = &client.offer;
    let newest = *offer.versions.last().unwrap();
    let mut hello = ClientHello::new(newest, [7; 32]);
    let tls13 = newest == Version::Tls13;
    hello.supported_versions = match tls13 {
        true => offer.versions.iter().rev().copied().collect(),
        false => Vec::new(),
    };
    hello.suites.clone_from(&offer.suites);
    hello.groups.clone_from(&offer.groups);
    hello.signature_schemes.clone_from(&offer.signature_schemes);
    hello.server_name = offer.server_name.then(|| HOST.to_owned());
    hello.alpn = offer
        .alpn
        .iter()
        .map(|name| name.clone().into_bytes())
        .collect();
    hello.grease = offer.grease;
    hello.extended_master_secret = newest > Version::Ssl3;
    hello.renegotiation_info = newest > Version::Ssl3;
    hello.key_shares = offer
        .key_shares
        .iter()
        .map(|group| {
            let share = KeyShare::for_one_of(&[*group]).unwrap();
            (*group, share.public().to_vec())
        })
        .collect();
    hello
}
