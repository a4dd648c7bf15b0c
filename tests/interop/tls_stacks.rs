//! The TLS probe against servers of other TLS libraries: versions, suites,
//! their order and groups are exactly what the configuration offers.

use std::thread;

use scrutineer::{
    model::level::Level,
    probes::tls::facts::{PreferenceBy, VersionName},
};

use crate::support::{Running, free_port};
use crate::tls::{Seen, observe};
use crate::tls_offers::{A128, A256, CHACHA, MODERN, Offers, R128, R256, bars};
use crate::tls_servers::{gnutls_serv, go_server, java, selfserv};

use PreferenceBy::{Client, Server, Single};
use VersionName::{Tls10, Tls11, Tls12, Tls13};

/// A configuration and what it offers.
pub struct Case {
    pub name: &'static str,
    pub start: fn(u16, &[&str]) -> Option<Running>,
    /// What the configuration says, for `start` to put in its place.
    pub settings: &'static [&'static str],
    pub versions: &'static [VersionName],
    /// In the server's order, or by code point where the client's order decides.
    pub tls12: &'static [&'static str],
    pub tls13: &'static [&'static str],
    pub by: &'static [(VersionName, PreferenceBy)],
    pub groups: &'static [&'static str],
}

pub const E128: &str = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
pub const E256: &str = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384";
/// Groups of NSS without configuration.
const NSS: &[&str] = &[
    "secp256r1",
    "secp384r1",
    "secp521r1",
    "x25519",
    "ffdhe2048",
    "ffdhe3072",
    "ffdhe4096",
    "ffdhe6144",
    "ffdhe8192",
];

#[test]
fn gnutls() {
    all(&[
        Case {
            name: "two curves, both versions",
            start: gnutls_serv,
            settings: &[
                "ec",
                "NONE:+VERS-TLS1.2:+VERS-TLS1.3:+ECDHE-ECDSA:+AES-128-GCM:+AES-256-GCM:+AEAD:\
                 +GROUP-SECP256R1:+GROUP-X25519:+SIGN-ALL:+COMP-NULL",
            ],
            versions: MODERN,
            tls12: &[E128, E256],
            tls13: &[A128, A256],
            by: &[(Tls12, Client), (Tls13, Client)],
            groups: &["secp256r1", "x25519"],
        },
        Case {
            name: "its own order",
            start: gnutls_serv,
            settings: &[
                "rsa",
                "NONE:+VERS-TLS1.2:+VERS-TLS1.3:+ECDHE-RSA:+AES-256-GCM:+AES-128-GCM:+AEAD:\
                 +GROUP-X25519:+SIGN-ALL:+COMP-NULL:%SERVER_PRECEDENCE",
            ],
            versions: MODERN,
            tls12: &[R256, R128],
            tls13: &[A256, A128],
            by: &[(Tls12, Server), (Tls13, Server)],
            groups: &["x25519"],
        },
        Case {
            name: "finite fields of RFC 7919 in TLS 1.2",
            start: gnutls_serv,
            settings: &[
                "rsa",
                "NONE:+VERS-TLS1.2:+DHE-RSA:+AES-128-GCM:+AES-256-GCM:+AEAD:+GROUP-FFDHE2048:\
                 +GROUP-FFDHE3072:+SIGN-ALL:+COMP-NULL",
            ],
            versions: &[Tls12],
            tls12: &[
                "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
                "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
            ],
            tls13: &[],
            by: &[(Tls12, Client)],
            groups: &["ffdhe2048", "ffdhe3072"],
        },
        Case {
            name: "TLS 1.3 alone",
            start: gnutls_serv,
            settings: &[
                "ec",
                "NONE:+VERS-TLS1.3:+CHACHA20-POLY1305:+AEAD:+GROUP-X448:+GROUP-SECP521R1:\
                 +GROUP-FFDHE2048:+SIGN-ALL:+COMP-NULL",
            ],
            versions: &[Tls13],
            tls12: &[],
            tls13: &[CHACHA],
            by: &[(Tls13, Single)],
            groups: &["secp521r1", "x448", "ffdhe2048"],
        },
        Case {
            name: "old versions",
            start: gnutls_serv,
            settings: &[
                "rsa",
                "NONE:+VERS-TLS1.0:+VERS-TLS1.1:+VERS-TLS1.2:+ECDHE-RSA:+RSA:+AES-128-CBC:+SHA1:\
                 +GROUP-SECP256R1:+GROUP-SECP384R1:+SIGN-ALL:+COMP-NULL",
            ],
            versions: &[Tls10, Tls11, Tls12],
            tls12: &[
                "TLS_RSA_WITH_AES_128_CBC_SHA",
                "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
            ],
            tls13: &[],
            by: &[(Tls10, Client), (Tls12, Client)],
            groups: &["secp256r1", "secp384r1"],
        },
        Case {
            name: "RSA key exchange alone",
            start: gnutls_serv,
            settings: &[
                "rsa",
                "NONE:+VERS-TLS1.2:+RSA:+AES-256-GCM:+AEAD:+SIGN-ALL:+COMP-NULL",
            ],
            versions: &[Tls12],
            tls12: &["TLS_RSA_WITH_AES_256_GCM_SHA384"],
            tls13: &[],
            by: &[(Tls12, Single)],
            groups: &[],
        },
    ]);
}

#[test]
fn nss() {
    all(&[
        Case {
            name: "both versions",
            start: selfserv,
            settings: &["tls1.2:", ":1301:1302:1303:C02F:C030"],
            versions: MODERN,
            tls12: &[R128, R256],
            tls13: &[A128, CHACHA, A256],
            by: &[(Tls12, Server), (Tls13, Server)],
            groups: NSS,
        },
        Case {
            name: "TLS 1.3 alone, one suite",
            start: selfserv,
            settings: &["tls1.3:", ":1302"],
            versions: &[Tls13],
            tls12: &[],
            tls13: &[A256],
            by: &[(Tls13, Single)],
            groups: NSS,
        },
        Case {
            name: "TLS 1.2 alone",
            start: selfserv,
            settings: &["tls1.2:tls1.2", ":C030"],
            versions: &[Tls12],
            tls12: &[R256],
            tls13: &[],
            by: &[(Tls12, Single)],
            groups: &["secp256r1", "secp384r1", "secp521r1", "x25519"],
        },
    ]);
}

#[test]
fn go() {
    // Its own order for clients that put AES first; the first handshake and the hellos do.
    let usual: &'static [&'static str] = &[A128, A256, CHACHA];
    all(&[
        Case {
            name: "both versions",
            start: go_server,
            settings: &[
                "MinVersion: tls.VersionTLS12, CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256}, CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384}",
            ],
            versions: MODERN,
            tls12: &[R128, R256],
            tls13: usual,
            by: &[(Tls12, Server)],
            groups: &["secp256r1", "x25519"],
        },
        Case {
            name: "TLS 1.3 alone",
            start: go_server,
            settings: &[
                "MinVersion: tls.VersionTLS13, CurvePreferences: []tls.CurveID{tls.CurveP384}",
            ],
            versions: &[Tls13],
            tls12: &[],
            tls13: usual,
            by: &[],
            groups: &["secp384r1"],
        },
        Case {
            name: "TLS 1.0 to 1.2",
            start: go_server,
            settings: &[
                "MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS12, CurvePreferences: []tls.CurveID{tls.CurveP521}, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}",
            ],
            versions: &[Tls10, Tls11, Tls12],
            tls12: &[R128, "TLS_RSA_WITH_AES_128_CBC_SHA"],
            tls13: &[],
            by: &[(Tls12, Server)],
            groups: &["secp521r1"],
        },
    ]);
}

#[test]
fn jsse() {
    all(&[
        Case {
            name: "both versions",
            start: java,
            settings: &[
                "x25519,secp256r1",
                "TLSv1.2,TLSv1.3",
                "TLS_AES_256_GCM_SHA384,TLS_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            ],
            versions: MODERN,
            tls12: &[R128, R256],
            tls13: &[A256, A128],
            by: &[(Tls12, Server), (Tls13, Server)],
            groups: &["secp256r1", "x25519"],
        },
        Case {
            name: "TLS 1.2 alone",
            start: java,
            settings: &[
                "secp384r1",
                "TLSv1.2",
                "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            ],
            versions: &[Tls12],
            tls12: &[R256],
            tls13: &[],
            by: &[(Tls12, Single)],
            groups: &["secp384r1"],
        },
    ]);
}

/// Starts the servers of all cases side by side, and looks at each.
pub fn all(cases: &[Case]) {
    let running: Vec<Option<(Running, u16)>> = thread::scope(|scope| {
        let starts: Vec<_> = cases
            .iter()
            .map(|case| {
                let port = free_port();
                scope.spawn(move || Some(((case.start)(port, case.settings)?, port)))
            })
            .collect();
        starts
            .into_iter()
            .map(|start| start.join().unwrap())
            .collect()
    });
    let mut over = Vec::new();
    for (case, server) in cases.iter().zip(&running) {
        let Some((_, port)) = server else { return };
        let seen = observe(*port, None, Level::Standard);
        compare(case, &seen);
        over.extend(seen.over(case.name, bars(case.versions, case.groups)));
    }
    assert_eq!(over, Vec::<String>::new());
}

fn compare(case: &Case, seen: &Seen) {
    let offers = Offers {
        versions: case.versions,
        tls12: case.tls12,
        tls13: case.tls13,
        by: case.by,
        groups: case.groups,
    };
    offers.compare(case.name, seen);
}
