//! Fingerprints of servers: equal as long as nothing changes, different for every
//! library and setting, and not determined where an answer is missing.

use std::{collections::BTreeMap, thread};

use rustls::{
    CipherSuite, NamedGroup,
    version::{TLS12, TLS13},
};
use scrutineer::{
    model::level::Level,
    probes::tls::facts::{FingerprintPart, TlsEndpoint},
};

use crate::support::{Running, free_port};
use crate::tls::{Question, Seen, ZONE, observe, observe_target, serve};
use crate::tls_odd::{Act, Between};
use crate::tls_servers::{gnutls_serv, go_server, haproxy, java, selfserv};
use crate::{tls_rustls, tls_throttled};

const SUITES: &str = "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384";

fn fingerprint(seen: &Seen) -> String {
    let known = seen.endpoint.fingerprint.known();
    let known = known.and_then(Option::as_ref);
    known.unwrap_or_else(|| panic!("{:?}", seen.gaps)).clone()
}

/// Two fingerprints of each server, taken at different times.
fn twice(ports: &[(&'static str, u16)]) -> BTreeMap<&'static str, [String; 2]> {
    let look = |port| fingerprint(&observe(port, None, Level::Standard));
    thread::scope(|scope| {
        let looks: Vec<_> = ports
            .iter()
            .map(|(name, port)| (*name, scope.spawn(move || [look(*port), look(*port)])))
            .collect();
        let looks = looks.into_iter();
        looks
            .map(|(name, look)| (name, look.join().unwrap()))
            .collect()
    })
}

#[test]
fn every_library_has_its_own_and_keeps_it() {
    let mut servers: Vec<(&'static str, u16, Option<Running>)> = Vec::new();
    let start = |start: fn(u16, &[&str]) -> Option<Running>, settings: &[&str]| {
        let port = free_port();
        start(port, settings).map(|running| (port, running))
    };
    // As alike as their settings allow.
    let priority = "NONE:+VERS-TLS1.2:+VERS-TLS1.3:+ECDHE-RSA:+AES-128-GCM:+AES-256-GCM:+AEAD:\
                    +GROUP-X25519:+GROUP-SECP256R1:+SIGN-ALL:+COMP-NULL";
    let java_suites = "TLS_AES_256_GCM_SHA384,TLS_AES_128_GCM_SHA256,\
                       TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384";
    let go = "MinVersion: tls.VersionTLS12, CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256}, \
              CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, \
              tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384}";
    for (name, started) in [
        ("GnuTLS", start(gnutls_serv, &["rsa", priority])),
        ("NSS", start(selfserv, &["tls1.2:", ":1301:1302:C02F:C030"])),
        (
            "JSSE",
            start(java, &["x25519,secp256r1", "TLSv1.2,TLSv1.3", java_suites]),
        ),
        ("Go", start(go_server, &[go])),
    ] {
        servers.extend(started.map(|(port, running)| (name, port, Some(running))));
    }
    for (name, more) in [
        ("OpenSSL", &[][..]),
        ("OpenSSL, another order", &["-serverpref"][..]),
        (
            "OpenSSL, one more group",
            &["-groups", "X25519:P-256:P-384"][..],
        ),
    ] {
        let options = [&["-cipher", SUITES, "-groups", "X25519:P-256"][..], more].concat();
        let started = serve(&["rsa"], None, &options);
        servers.extend(started.map(|(running, port)| (name, port, Some(running))));
    }
    let suites = [
        CipherSuite::TLS13_AES_256_GCM_SHA384,
        CipherSuite::TLS13_AES_128_GCM_SHA256,
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    ];
    let groups = [NamedGroup::X25519, NamedGroup::secp256r1];
    let rustls = tls_rustls::serve(&[&TLS12, &TLS13], &suites, &groups, true);
    servers.extend(rustls.map(|port| ("rustls", port, None)));

    let ports: Vec<_> = servers
        .iter()
        .map(|(name, port, _)| (*name, *port))
        .collect();
    let found = twice(&ports);
    for (name, [first, second]) in &found {
        assert_eq!(first, second, "{name}");
        for (other, [theirs, _]) in &found {
            assert!(name == other || first != theirs, "{name} and {other}");
        }
    }
}

#[test]
fn a_lost_answer_changes_none() {
    let options = ["-cipher", SUITES, "-groups", "X25519:P-256"];
    let Some((_server, port)) = serve(&["rsa"], None, &options) else {
        return;
    };
    let [plain, unlucky, silent] = thread::scope(|scope| {
        let plain = scope.spawn(move || observe(port, None, Level::Standard));
        let unlucky = scope.spawn(move || {
            let between = Between::start(port, |number, _| match number % 7 {
                5 => Act::Reset,
                _ => Act::Forward,
            });
            observe(between.port, None, Level::Standard)
        });
        let silent = scope.spawn(move || {
            let between = Between::start(port, |number, _| match number {
                0..12 => Act::Forward,
                _ => Act::Reset,
            });
            observe(between.port, None, Level::Standard)
        });
        [plain, unlucky, silent].map(|seen| seen.join().unwrap())
    });
    let first = fingerprint(&plain);
    for seen in [unlucky, silent] {
        match seen.endpoint.fingerprint.known() {
            Some(Some(found)) => assert_eq!(found, &first),
            Some(None) => panic!("it speaks TLS"),
            None => {
                let told = seen.gaps.iter().any(|gap| gap.at.ends_with("/fingerprint"));
                assert!(told, "{:?}", seen.gaps);
            }
        }
    }
}

#[test]
fn a_server_that_turns_us_away_keeps_it_or_has_none() {
    let (free, limited) = (free_port(), free_port());
    let settings = "ssl-min-ver TLSv1.2 ciphers ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384 \
                    curves X25519:P-256";
    let Some(_free) = haproxy(free, &["rsa", settings]) else {
        return;
    };
    let Some(_limited) = tls_throttled::haproxy(limited, "conn_rate(2s)", "sc0_conn_rate gt 20")
    else {
        return;
    };
    let [free, limited] = thread::scope(|scope| {
        [free, limited]
            .map(|port| scope.spawn(move || observe(port, None, Level::Standard)))
            .map(|seen| seen.join().unwrap())
    });
    assert_eq!(limited.endpoint.throttles.known(), Some(&true));
    if let Some(found) = limited.endpoint.fingerprint.known() {
        assert_eq!(found.as_deref(), Some(fingerprint(&free).as_str()));
    }
}

/// Looks at two ports as two addresses of one name.
fn pool(ports: [u16; 2]) -> Vec<TlsEndpoint> {
    let zone = format!("{ZONE}@ IN A 192.0.2.81\n");
    let rules: Vec<String> = ["192.0.2.80", "192.0.2.81"]
        .iter()
        .zip(ports)
        .map(|(address, port)| format!("{address}:443:127.0.0.1:{port}"))
        .collect();
    let (mut facts, ..) = observe_target(&Question {
        zone: &zone,
        roles: &["website"],
        rules: &rules,
        root: None,
        level: Level::Standard,
        ct_logs: None,
    });
    facts.endpoints.known_mut().unwrap().drain(..).collect()
}

#[test]
fn a_forgotten_address_is_told_apart() {
    let options = ["-cipher", SUITES, "-groups", "X25519:P-256"];
    let forgotten = [&options[..], &["-no_tls1_3"]].concat();
    let (Some((_one, one)), Some((_other, other))) = (
        serve(&["rsa"], None, &options),
        serve(&["rsa"], None, &forgotten),
    ) else {
        return;
    };
    let [same, mixed] = thread::scope(|scope| {
        [[one, one], [one, other]]
            .map(|ports| scope.spawn(move || pool(ports)))
            .map(|seen| seen.join().unwrap())
    });
    for endpoint in &same {
        assert_eq!(endpoint.fingerprint, same[0].fingerprint);
        assert_eq!(endpoint.differs.known(), Some(&Vec::new()));
    }
    let [first, second] = &mixed[..] else {
        panic!("two addresses");
    };
    assert_ne!(first.fingerprint, second.fingerprint);
    assert_eq!(first.differs.known(), Some(&Vec::new()));
    let parts: Vec<FingerprintPart> = second
        .differs
        .known()
        .unwrap()
        .iter()
        .map(|part| part.name)
        .collect();
    assert!(parts.contains(&FingerprintPart::Versions), "{parts:?}");
    assert!(parts.contains(&FingerprintPart::Suites), "{parts:?}");
    assert!(!parts.contains(&FingerprintPart::Features), "{parts:?}");
}
