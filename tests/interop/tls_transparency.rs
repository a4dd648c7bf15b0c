//! Signed certificate timestamps by logs of the tests, in certificates and in
//! handshakes of OpenSSL, and those of the demo estate.

use std::{fs, sync::Arc, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use scrutineer::{
    estate::Estate,
    model::{level::Level, target::Target},
    net::{Limits, Net, NetConfig, Scope, StopSignal},
    probes::{
        registry::ProbeContext,
        tls::{
            PROBE,
            facts::{
                Certificate, RevocationSource, RevocationStatus, TimestampFault as Fault,
                TimestampSource as Source, TlsFacts,
            },
        },
    },
    wire::{ct_logs::LogList, der},
};
use sha2::{Digest, Sha256};

use crate::support::program;
use crate::tls::{HOST, Pki, Question, observe_target, serve};

const ZONE: &str = "
$TTL 300
@ IN SOA ns1.site.example. hostmaster.site.example. 1 7200 3600 1209600 300
@ IN NS  ns1.site.example.
@ IN A   192.0.2.80
";
/// When the logs sign, in milliseconds: the first of November 2026.
const AT: u64 = 1_793_491_200_000;
const POISON_FREE: [u8; 10] = [0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2];

/// The public key of a log, whose private key is that of a certificate.
fn public_key(pki: &Pki, log: &str) -> Vec<u8> {
    let (key, file) = (format!("{log}.key"), format!("{log}.pub"));
    pki.openssl(&[
        "pkey", "-in", &key, "-pubout", "-outform", "DER", "-out", &file,
    ]);
    fs::read(pki.path(&file)).unwrap()
}

/// A timestamp as RFC 6962 section 3.2 lays it out, over an entry with its type.
fn timestamp(pki: &Pki, log: &str, entry: &[u8]) -> Vec<u8> {
    let time = AT.to_be_bytes();
    let signed = [&[0, 0][..], &time, entry, &[0, 0]].concat();
    let signature = pki.signature(log, &signed);
    let length = u16::try_from(signature.len()).unwrap().to_be_bytes();
    let id = Sha256::digest(public_key(pki, log));
    [&[0][..], &id, &time, &[0, 0, 4, 3], &length, &signature].concat()
}

fn list(timestamps: &[Vec<u8>]) -> Vec<u8> {
    let length = |bytes: &[u8]| u16::try_from(bytes.len()).unwrap().to_be_bytes();
    let items = timestamps
        .iter()
        .map(|one| [&length(one)[..], one].concat());
    let items: Vec<u8> = items.flatten().collect();
    [&length(&items)[..], &items].concat()
}

fn long(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    [&length[1..], bytes].concat()
}

/// A log list with logs of the tests, by operator and state.
fn logs(pki: &Pki, logs: &[(&str, &str, &str)]) -> LogList {
    let operators: Vec<_> = logs
        .iter()
        .map(|(log, operator, state)| {
            let key = public_key(pki, log);
            let mut states = serde_json::Map::new();
            states.insert((*state).to_owned(), serde_json::json!({ "timestamp": "2025-01-01T00:00:00Z" }));
            serde_json::json!({ "name": operator, "logs": [{
                "description": log, "log_id": BASE64_STANDARD.encode(Sha256::digest(&key)),
                "key": BASE64_STANDARD.encode(&key), "state": states,
                "temporal_interval": { "start_inclusive": "2026-01-01T00:00:00Z", "end_exclusive": "2030-01-01T00:00:00Z" },
            }] })
        })
        .collect();
    LogList::parse(
        serde_json::json!({ "operators": operators })
            .to_string()
            .as_bytes(),
    )
    .unwrap()
}

fn look(pki: &Pki, port: u16, logs: LogList) -> Certificate {
    let (facts, ..) = observe_target(&Question {
        zone: ZONE,
        roles: &["website"],
        rules: &[format!("192.0.2.80:443:127.0.0.1:{port}")],
        root: Some(&pki.path("root.pem")),
        level: Level::Standard,
        ct_logs: Some(logs),
    });
    let endpoint = facts.endpoints.known().unwrap()[0].clone();
    endpoint.certificates.known().unwrap()[0].clone()
}

#[test]
fn timestamps_verify_by_the_list_of_logs() {
    let Some(_) = program("openssl", "openssl", "certificate transparency") else {
        return;
    };
    let pki = Pki::get();
    let any = format!("subjectAltName=DNS:{HOST}\n");
    for log in ["log-a", "log-b", "log-c"] {
        pki.issue(log, None, "ec", log, &any, &["-days", "30"]);
    }
    let usage = format!("{any}extendedKeyUsage=serverAuth\n");
    pki.issue(
        "logged",
        Some("inter"),
        "ec",
        HOST,
        &usage,
        &["-days", "30"],
    );
    let issuer = Sha256::digest(public_key(pki, "inter"));
    pki.alter("logged", "embedded", "inter", |body| {
        let entry = [&[0, 1][..], &issuer, &long(body)].concat();
        let right = [
            timestamp(pki, "log-a", &entry),
            timestamp(pki, "log-b", &entry),
        ];
        let wrong = timestamp(pki, "log-c", &[&[0, 1][..], &[0; 32], &long(body)].concat());
        let value = der::write(
            der::OCTET_STRING,
            &list(&[right[0].clone(), right[1].clone(), wrong]),
        );
        let extension = der::sequence(&[
            &der::write(der::OID, &POISON_FREE),
            &der::write(der::OCTET_STRING, &value),
        ]);
        let mut fields = der::only(body, der::SEQUENCE).unwrap().inside();
        let mut parts = Vec::new();
        while !fields.is_empty() {
            let field = fields.element().unwrap();
            match field.tag {
                0xa3 => {
                    let old = der::only(field.content, der::SEQUENCE).unwrap().content;
                    let all = der::write(der::SEQUENCE, &[old, &extension].concat());
                    parts.extend(der::write(0xa3, &all));
                }
                _ => parts.extend_from_slice(field.whole),
            }
        }
        der::write(der::SEQUENCE, &parts)
    });
    let known = [
        ("log-a", "One", "usable"),
        ("log-b", "Two", "readonly"),
        ("log-c", "Two", "usable"),
    ];
    let (_server, port) = serve(&["embedded"], Some("inter.pem"), &[]).unwrap();
    let seen = look(pki, port, logs(pki, &known));
    assert_eq!(seen.sct_count, 3);
    let told = seen.timestamps.known().unwrap();
    assert!(
        told.iter()
            .all(|one| one.source == Source::Embedded
                && one.at.to_string() == "2026-11-01T00:00:00Z")
    );
    let judged = seen.transparency.known().unwrap();
    let faults: Vec<_> = judged.timestamps.iter().map(|one| one.fault).collect();
    assert_eq!(faults, [None, None, Some(Fault::BadSignature)]);
    assert_eq!(
        (
            judged.embedded_logs,
            judged.embedded_current,
            judged.embedded_operators
        ),
        (2, 2, 2)
    );
    assert_eq!(judged.timestamps[1].operator.as_deref(), Some("Two"));
    // Retired before, and not in the list.
    let seen = look(
        pki,
        port,
        logs(
            pki,
            &[("log-a", "One", "retired"), ("log-c", "Two", "rejected")],
        ),
    );
    let judged = seen.transparency.known().unwrap();
    let faults: Vec<_> = judged.timestamps.iter().map(|one| one.fault).collect();
    assert_eq!(
        faults,
        [
            Some(Fault::Retired),
            Some(Fault::UnknownLog),
            Some(Fault::BadSignature)
        ]
    );
    assert_eq!(judged.embedded_logs, 0);

    // Beside the certificate, in the handshake of TLS 1.2.
    let entry = [&[0, 0][..], &long(&pki.der("logged"))].concat();
    let sent = list(&[
        timestamp(pki, "log-a", &entry),
        timestamp(pki, "log-b", &entry),
    ]);
    let length = u16::try_from(sent.len()).unwrap().to_be_bytes();
    let text = BASE64_STANDARD.encode([&[0, 18][..], &length, &sent].concat());
    let kind = "SERVERINFO FOR CT";
    fs::write(
        pki.path("info.pem"),
        format!(
            "-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n",
            wrapped(&text)
        ),
    )
    .unwrap();
    let info = pki.path("info.pem");
    let options = ["-serverinfo", info.to_str().unwrap(), "-no_tls1_3"];
    let (_server, port) = serve(&["logged"], Some("inter.pem"), &options).unwrap();
    let seen = look(pki, port, logs(pki, &known));
    assert_eq!(seen.sct_count, 0);
    let sources: Vec<_> = seen
        .timestamps
        .known()
        .unwrap()
        .iter()
        .map(|one| one.source)
        .collect();
    assert_eq!(sources, [Source::Tls, Source::Tls]);
    let judged = seen.transparency.known().unwrap();
    assert_eq!(
        (judged.outside_logs, judged.outside_operators),
        (2, 2),
        "{judged:?}"
    );

    // The same in the handshake of TLS 1.3, where they travel encrypted: for a
    // ClientHello, the ServerHello of TLS 1.2 and the Certificate of TLS 1.3.
    let context = [0, 0, 0x11, 0x80];
    let text = BASE64_STANDARD.encode([&context[..], &[0, 18], &length, &sent].concat());
    let kind = "SERVERINFOV2 FOR CT";
    let pem = format!(
        "-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n",
        wrapped(&text)
    );
    fs::write(pki.path("info13.pem"), pem).unwrap();
    let info = pki.path("info13.pem");
    let options = ["-serverinfo", info.to_str().unwrap(), "-tls1_3"];
    let (_server, port) = serve(&["logged"], Some("inter.pem"), &options).unwrap();
    let seen = look(pki, port, logs(pki, &known));
    let sources: Vec<_> = seen
        .timestamps
        .known()
        .unwrap()
        .iter()
        .map(|one| one.source)
        .collect();
    assert_eq!(sources, [Source::Tls, Source::Tls]);
    assert_eq!(seen.transparency.known().unwrap().outside_logs, 2);

    // And in the answer by OCSP that is stapled.
    answer_with(pki, "logged", "inter", &sent, "logged-sct.ocsp");
    let staple = pki.path("logged-sct.ocsp");
    for version in ["-tls1_3", "-no_tls1_3"] {
        let options = ["-status_file", staple.to_str().unwrap(), version];
        let (_server, port) = serve(&["logged"], Some("inter.pem"), &options).unwrap();
        let seen = look(pki, port, logs(pki, &known));
        let staple = seen.staple.known().unwrap().as_ref().unwrap();
        assert!(staple.sound, "{staple:?}");
        let sources: Vec<_> = seen
            .timestamps
            .known()
            .unwrap()
            .iter()
            .map(|one| one.source)
            .collect();
        assert_eq!(sources, [Source::Ocsp, Source::Ocsp], "{version}");
        assert_eq!(seen.transparency.known().unwrap().outside_logs, 2);
    }
}

/// Writes an answer by OCSP about a certificate, made by OpenSSL and signed anew
/// with timestamps in it (RFC 6962 section 3.3).
fn answer_with(pki: &Pki, about: &str, issuer: &str, timestamps: &[u8], file: &str) {
    const EXTENSION: [u8; 10] = [0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 5];
    let serial = x509_serial(&pki.der(about));
    let line = format!("V\t401231235959Z\t\t{serial}\tunknown\t/CN={about}\n");
    fs::write(pki.path("sct-index.txt"), line).unwrap();
    let (cert, signer, key) = (
        format!("{about}.pem"),
        format!("{issuer}.pem"),
        format!("{issuer}.key"),
    );
    pki.openssl(&[
        "ocsp",
        "-index",
        "sct-index.txt",
        "-CA",
        &signer,
        "-issuer",
        &signer,
        "-cert",
        &cert,
        "-rsigner",
        &signer,
        "-rkey",
        &key,
        "-ndays",
        "3",
        "-respout",
        file,
        "-noverify",
        "-no_nonce",
    ]);
    let bytes = fs::read(pki.path(file)).unwrap();
    let mut parts = der::only(&bytes, der::SEQUENCE).unwrap().inside();
    let status = parts.element().unwrap().whole;
    let inner = parts.element().unwrap().content;
    let mut inner = der::only(inner, der::SEQUENCE).unwrap().inside();
    let kind = inner.element().unwrap().whole;
    let basic = inner.element().unwrap().content;
    let mut basic = der::only(basic, der::SEQUENCE).unwrap().inside();
    let mut body = basic.element().unwrap().inside();
    let algorithm = basic.element().unwrap().whole;
    let (responder, produced) = (body.element().unwrap().whole, body.element().unwrap().whole);
    let mut singles = body.element().unwrap().inside();
    let single = singles.element().unwrap().content;
    let value = der::write(der::OCTET_STRING, timestamps);
    let extension = der::sequence(&[
        &der::write(der::OID, &EXTENSION),
        &der::write(der::OCTET_STRING, &value),
    ]);
    let extensions = der::write(0xa1, &der::sequence(&[&extension]));
    let single = der::sequence(&[single, &extensions]);
    let body = der::sequence(&[responder, produced, &der::sequence(&[&single])]);
    let signature = [&[0][..], &pki.signature(issuer, &body)].concat();
    let basic = der::sequence(&[&body, algorithm, &der::write(der::BIT_STRING, &signature)]);
    let basic = der::write(der::OCTET_STRING, &basic);
    let inner = der::write(0xa0, &der::sequence(&[kind, &basic]));
    fs::write(pki.path(file), der::sequence(&[status, &inner])).unwrap();
}

/// The serial number of a certificate as `index.txt` has it.
fn x509_serial(certificate: &[u8]) -> String {
    let read = scrutineer::wire::x509::Certificate::read(certificate).unwrap();
    read.serial.to_uppercase()
}

fn wrapped(text: &str) -> String {
    let lines = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_certificates_of_the_estate_are_logged_and_not_revoked() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let facts: TlsFacts = runtime.block_on(async {
        let estate = Estate::start().await.unwrap();
        let rules = estate.connect_rules().iter();
        let config = NetConfig {
            resolver: Some(estate.resolver()),
            connect_to: rules.map(|rule| rule.parse().unwrap()).collect(),
            extra_roots: vec![estate.root().clone()],
            ct_logs: Some(Arc::new(
                LogList::parse(estate.ct_logs().as_bytes()).unwrap(),
            )),
            limits: Limits {
                new_per_second: 0,
                ..Limits::default()
            },
            ..NetConfig::default()
        };
        let net = Net::new(config).unwrap();
        let name = "vote.exemplary.example";
        let target: Target =
            serde_json::from_value(serde_json::json!({ "name": name, "roles": ["website"] }))
                .unwrap();
        let scope = Scope::new(Level::Standard, [name], [] as [&str; 0]);
        let session = net.session(&target, scope, Duration::from_secs(60), StopSignal::never());
        let report = (PROBE.observe)(ProbeContext {
            target: &target,
            level: Level::Standard,
            page_cap: 1,
            session: &session,
        });
        serde_json::from_value(report.await.facts.unwrap()).unwrap()
    });
    let endpoints = facts.endpoints.known().unwrap();
    assert_eq!(endpoints.len(), 3);
    for endpoint in endpoints {
        let certificate = &endpoint.certificates.known().unwrap()[0];
        let judged = certificate.transparency.known().unwrap();
        assert_eq!(
            (judged.embedded_logs, judged.embedded_operators),
            (2, 2),
            "{judged:?}"
        );
        let revocation = certificate.revocation.known().unwrap().as_ref().unwrap();
        assert_eq!(
            (revocation.status, revocation.source),
            (RevocationStatus::Good, RevocationSource::Crl)
        );
    }
}
