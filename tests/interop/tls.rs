//! The TLS probe against OpenSSL's `s_server`: what it finds is exactly what
//! the configuration offers.

use std::{path::Path, process::Command, sync::Arc, time::Duration};

use rustls::pki_types::{CertificateDer, pem::PemObject};
use scrutineer::{
    model::{gap::Gap, gap::GapReason, level::Level, observation::Cost, target::Target},
    net::{Limits, Net, NetConfig, Scope, StopSignal},
    probes::{
        registry::ProbeContext,
        tls::{PROBE, facts::*},
    },
    wire::ct_logs::LogList,
};

use crate::support::{Names, free_port};
use crate::tls_offers::{ALL_GROUPS, bars};
pub use crate::tls_pki::{Pki, serve};

pub const HOST: &str = "site.example";
const ADDRESS: &str = "192.0.2.80";
pub const ZONE: &str = "
$TTL 300
@ IN SOA ns1.site.example. hostmaster.site.example. 1 7200 3600 1209600 300
@ IN NS  ns1.site.example.
@ IN A   192.0.2.80
";
/// Where the authorities of the tests publish.
const PKI_ZONE: &str = "
$TTL 300
@    IN SOA ns1 hostmaster 1 7200 3600 1209600 300
@    IN NS  ns1
ocsp IN A   192.0.2.90
crl  IN A   192.0.2.91
home IN A   127.0.0.1
";
pub const ROOT: &str = "
$TTL 300
@ IN SOA ns. hostmaster. 1 7200 3600 1209600 300
@ IN NS ns.
";

/// What the probe saw of one endpoint.
pub struct Seen {
    pub endpoint: TlsEndpoint,
    pub gaps: Vec<Gap>,
    pub cost: Cost,
}

/// Looks at a port of this machine as `site.example:443`.
pub fn observe(port: u16, root: Option<&Path>, level: Level) -> Seen {
    let (mut facts, gaps, cost) = observe_target(&Question {
        zone: ZONE,
        roles: &["website"],
        rules: &[format!("{ADDRESS}:443:127.0.0.1:{port}")],
        root,
        level,
        ct_logs: None,
    });
    let endpoints = facts.endpoints.known_mut().unwrap();
    assert_eq!(endpoints.len(), 1);
    Seen {
        endpoint: endpoints.remove(0),
        gaps,
        cost,
    }
}

/// Facts that are asked for at level intrusive alone.
const INTRUSIVE: [&str; 3] = [
    "/client_renegotiation",
    "/client_renegotiations",
    "/vulnerabilities",
];
/// Needs a list of logs, which these scans are not given.
const TRANSPARENCY: [&str; 2] = ["/transparency", "/timestamps/-"];

/// What is looked at, and how.
pub struct Question<'a> {
    pub zone: &'a str,
    pub roles: &'a [&'a str],
    pub rules: &'a [String],
    pub root: Option<&'a Path>,
    pub level: Level,
    pub ct_logs: Option<LogList>,
}

/// Runs the probe on `site.example`.
pub fn observe_target(question: &Question<'_>) -> (TlsFacts, Vec<Gap>, Cost) {
    observe_among(question, &[])
}

/// As [`observe_target`], where DNS has these zones besides.
pub fn observe_among(
    question: &Question<'_>,
    others: &[(&str, &str)],
) -> (TlsFacts, Vec<Gap>, Cost) {
    let own = [
        (".", ROOT),
        ("site.example.", question.zone),
        ("pki.example.", PKI_ZONE),
    ];
    let names = Names::serve(&[&own[..], others].concat());
    let extra_roots = question
        .root
        .map(|path| CertificateDer::from_pem_file(path).unwrap());
    let rules = question.rules.iter().map(|rule| rule.parse().unwrap());
    let config = NetConfig {
        resolver: Some(names.address),
        connect_to: rules.collect(),
        extra_roots: extra_roots.into_iter().collect(),
        ct_logs: question.ct_logs.clone().map(Arc::new),
        limits: Limits {
            new_per_second: 0,
            ..Limits::default()
        },
        ..NetConfig::default()
    };
    let target: Target = serde_json::from_value(serde_json::json!({
        "name": HOST, "roles": question.roles,
    }))
    .unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let net = Net::new(config).unwrap();
        let scope = Scope::new(question.level, [HOST], [] as [&str; 0]);
        let deadline = Duration::from_secs(60);
        let session = net.session(&target, scope, deadline, StopSignal::never());
        let report = (PROBE.observe)(ProbeContext {
            target: &target,
            level: question.level,
            page_cap: 1,
            session: &session,
        })
        .await;
        let facts = serde_json::from_value(report.facts.unwrap()).unwrap();
        let mut gaps = report.gaps;
        if question.ct_logs.is_none() {
            gaps.retain(|gap| !TRANSPARENCY.iter().any(|fact| gap.at.ends_with(fact)));
        }
        // Most of these servers have no plain port beside them.
        gaps.retain(|gap| {
            !(gap.at.ends_with("/http_upgrade") && gap.reason == GapReason::PrivateAddress)
        });
        if question.level < Level::Intrusive {
            // Never asked below that level, whatever the server.
            gaps.retain(|gap| !INTRUSIVE.iter().any(|fact| gap.at.ends_with(fact)));
        }
        (facts, gaps, session.cost())
    })
}

impl Seen {
    pub fn versions(&self) -> Vec<VersionName> {
        let versions = self.endpoint.versions.known().unwrap();
        versions.iter().map(|version| version.name).collect()
    }

    pub fn suites(&self, version: VersionName) -> Vec<&str> {
        let suites = self.endpoint.suites.known().unwrap();
        let suites = suites.iter().filter(|suite| suite.version == version);
        suites.map(|suite| suite.name.as_str()).collect()
    }

    pub fn groups(&self) -> Vec<&str> {
        let groups = self.endpoint.groups.known().unwrap();
        groups.iter().map(|group| group.name.as_str()).collect()
    }

    pub fn preference(&self, version: VersionName) -> Option<PreferenceBy> {
        let list = self.endpoint.preference.known()?;
        list.iter()
            .find(|entry| entry.version == version)
            .map(|entry| entry.by)
    }

    pub fn certificates(&self) -> &[Certificate] {
        self.endpoint.certificates.known().unwrap()
    }

    /// Reasons against the chain of the only certificate.
    pub fn problems(&self) -> Vec<ChainProblemName> {
        let [certificate] = self.certificates() else {
            panic!("{:?}", self.certificates());
        };
        certificate
            .chain
            .problems
            .iter()
            .map(|problem| problem.name)
            .collect()
    }
}

fn look(certificates: &[&str], options: &[&str]) -> Option<Seen> {
    let (_server, port) = serve(certificates, Some("inter.pem"), options)?;
    Some(observe(
        port,
        Some(&Pki::get().path("root.pem")),
        Level::Standard,
    ))
}

use VersionName::{Tls10, Tls11, Tls12, Tls13};

#[test]
fn versions_suites_and_groups_are_exactly_those_configured() {
    struct Case {
        name: &'static str,
        certificates: &'static [&'static str],
        options: &'static [&'static str],
        versions: &'static [VersionName],
        suites: &'static [(VersionName, &'static [&'static str])],
        preference: &'static [(VersionName, PreferenceBy)],
        groups: &'static [&'static str],
        kinds: &'static [&'static str],
    }
    let cases = [
        Case {
            name: "TLS 1.3 alone, three groups",
            certificates: &["ec"],
            options: &["-tls1_3", "-groups", "X25519:P-256:P-384"],
            versions: &[Tls13],
            suites: &[(
                Tls13,
                &[
                    "TLS_AES_128_GCM_SHA256",
                    "TLS_AES_256_GCM_SHA384",
                    "TLS_CHACHA20_POLY1305_SHA256",
                ],
            )],
            preference: &[(Tls13, PreferenceBy::Client)],
            groups: &["secp256r1", "secp384r1", "x25519"],
            kinds: &["ecdsa leaf"],
        },
        Case {
            name: "TLS 1.3 alone, one suite, server's order",
            certificates: &["rsa"],
            options: &[
                "-tls1_3",
                "-serverpref",
                "-ciphersuites",
                "TLS_AES_128_CCM_8_SHA256:TLS_AES_256_GCM_SHA384",
            ],
            versions: &[Tls13],
            suites: &[(
                Tls13,
                &["TLS_AES_128_CCM_8_SHA256", "TLS_AES_256_GCM_SHA384"],
            )],
            preference: &[(Tls13, PreferenceBy::Server)],
            groups: ALL_GROUPS,
            kinds: &["rsa leaf"],
        },
        Case {
            name: "intermediate, RSA",
            certificates: &["rsa"],
            options: &[
                "-no_tls1",
                "-no_tls1_1",
                "-serverpref",
                "-groups",
                "X25519:P-256:P-384",
                "-cipher",
                "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:\
                 ECDHE-RSA-CHACHA20-POLY1305:DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384",
            ],
            versions: &[Tls12, Tls13],
            suites: &[
                (
                    Tls12,
                    &[
                        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
                        "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
                        "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
                    ],
                ),
                (
                    Tls13,
                    &[
                        "TLS_AES_256_GCM_SHA384",
                        "TLS_CHACHA20_POLY1305_SHA256",
                        "TLS_AES_128_GCM_SHA256",
                    ],
                ),
            ],
            preference: &[(Tls12, PreferenceBy::Server), (Tls13, PreferenceBy::Server)],
            groups: &["secp256r1", "secp384r1", "x25519"],
            kinds: &["rsa leaf"],
        },
        Case {
            name: "TLS 1.2 alone, RSA and ECDSA, client's order",
            certificates: &["rsa", "ec"],
            options: &[
                "-tls1_2",
                "-groups",
                "X448:P-521:P-256",
                "-cipher",
                "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA",
            ],
            versions: &[Tls12],
            suites: &[(
                Tls12,
                &[
                    "TLS_RSA_WITH_AES_128_CBC_SHA",
                    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                ],
            )],
            preference: &[(Tls12, PreferenceBy::Client)],
            groups: &["secp256r1", "secp521r1", "x448"],
            kinds: &["ecdsa leaf", "rsa leaf"],
        },
        Case {
            name: "TLS 1.0 to 1.3, old suites, anonymous ones too",
            certificates: &["rsa"],
            options: &[
                "-groups",
                "P-256",
                "-cipher",
                "AES128-SHA:AES256-SHA:DHE-RSA-AES128-SHA:ADH-AES128-SHA:\
                 ECDHE-RSA-AES128-SHA:@SECLEVEL=0",
            ],
            versions: &[Tls10, Tls11, Tls12, Tls13],
            suites: &[(Tls10, OLD), (Tls11, OLD), (Tls12, OLD)],
            preference: &[(Tls10, PreferenceBy::Client), (Tls12, PreferenceBy::Client)],
            groups: &["secp256r1"],
            kinds: &["rsa leaf"],
        },
        Case {
            name: "TLS 1.0 alone",
            certificates: &["rsa"],
            options: &[
                "-tls1",
                "-groups",
                "P-384",
                "-cipher",
                "ECDHE-RSA-AES128-SHA:AES128-SHA:@SECLEVEL=0",
            ],
            versions: &[Tls10],
            suites: &[(
                Tls10,
                &[
                    "TLS_RSA_WITH_AES_128_CBC_SHA",
                    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
                ],
            )],
            preference: &[(Tls10, PreferenceBy::Client)],
            groups: &["secp384r1"],
            kinds: &["rsa leaf"],
        },
        Case {
            name: "TLS 1.2 alone, RSA key exchange alone",
            certificates: &["rsa"],
            options: &["-tls1_2", "-cipher", "AES256-GCM-SHA384"],
            versions: &[Tls12],
            suites: &[(Tls12, &["TLS_RSA_WITH_AES_256_GCM_SHA384"])],
            preference: &[(Tls12, PreferenceBy::Single)],
            groups: &[],
            kinds: &["rsa leaf"],
        },
        Case {
            name: "TLS 1.3 with a client's certificate demanded",
            certificates: &["ec"],
            options: &["-tls1_3", "-groups", "P-256", "-Verify", "1"],
            versions: &[Tls13],
            suites: &[],
            preference: &[],
            groups: &["secp256r1"],
            kinds: &["ecdsa leaf"],
        },
    ];
    let mut over = Vec::new();
    for case in cases {
        let Some(seen) = look(case.certificates, case.options) else {
            return;
        };
        let name = case.name;
        over.extend(seen.over(name, bars(case.versions, case.groups)));
        // Our own client has none of the old suites and versions to look further with.
        let gaps = seen
            .gaps
            .iter()
            .filter(|gap| !gap.at.ends_with("/tls12_id") && !gap.at.ends_with("/alpn/-"))
            // No fingerprint is made of less than all answers.
            .filter(|gap| !gap.at.ends_with("/fingerprint"));
        assert_eq!(gaps.count(), 0, "{name}: {:?}", seen.gaps);
        assert_eq!(seen.versions(), case.versions, "{name}");
        for (version, suites) in case.suites {
            assert_eq!(seen.suites(*version), *suites, "{name}: {version:?}");
        }
        for (version, by) in case.preference {
            assert_eq!(seen.preference(*version), Some(*by), "{name}: {version:?}");
        }
        assert_eq!(seen.groups(), case.groups, "{name}");
        let mut kinds: Vec<&str> = seen.certificates().iter().map(|c| c.key.as_str()).collect();
        kinds.sort_unstable();
        assert_eq!(kinds, case.kinds, "{name}");
        for certificate in seen.certificates() {
            assert_eq!(certificate.chain.problems, [], "{name}");
            assert!(
                certificate.chain.trusted && certificate.matches_host,
                "{name}"
            );
        }
        assert_eq!(seen.endpoint.speaks_tls.known(), Some(&true), "{name}");
        assert_eq!(seen.endpoint.staple.known(), Some(&None), "{name}");
    }
    assert_eq!(over, Vec::<String>::new());
}

/// In the order of code points, as the server follows the client.
const OLD: &[&str] = &[
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_DHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_DH_anon_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
];

#[test]
fn passive_asks_once_and_says_what_it_did_not_ask() {
    let Some((_server, port)) = serve(&["ec"], Some("inter.pem"), &[]) else {
        return;
    };
    let seen = observe(port, Some(&Pki::get().path("root.pem")), Level::Passive);
    assert_eq!(seen.cost.connections, 1);
    assert_eq!(seen.versions(), [Tls13]);
    assert_eq!(seen.groups(), ["x25519"]);
    assert!(
        seen.gaps
            .iter()
            .all(|gap| gap.reason == GapReason::NotAsked)
    );
    let open: Vec<&str> = seen.gaps.iter().map(|gap| gap.at.as_str()).collect();
    assert_eq!(
        open,
        [
            "/tls/endpoints/0/alpn",
            "/tls/endpoints/0/certificate_compression",
            "/tls/endpoints/0/certificate_compression_algorithms",
            "/tls/endpoints/0/chacha_priority",
            "/tls/endpoints/0/compression",
            "/tls/endpoints/0/ech",
            "/tls/endpoints/0/encrypt_then_mac",
            "/tls/endpoints/0/extended_master_secret",
            "/tls/endpoints/0/fingerprint",
            "/tls/endpoints/0/finite_fields",
            "/tls/endpoints/0/group_preference",
            "/tls/endpoints/0/groups/-",
            "/tls/endpoints/0/heartbeat",
            "/tls/endpoints/0/http_upgrade",
            "/tls/endpoints/0/npn",
            "/tls/endpoints/0/preference",
            "/tls/endpoints/0/quic",
            "/tls/endpoints/0/refuses_fallback",
            "/tls/endpoints/0/resumption",
            "/tls/endpoints/0/reuses_dh",
            "/tls/endpoints/0/reuses_ecdh",
            "/tls/endpoints/0/secure_renegotiation",
            "/tls/endpoints/0/signature_algorithms",
            "/tls/endpoints/0/signature_schemes",
            "/tls/endpoints/0/suites/-",
            "/tls/endpoints/0/throttles",
            "/tls/endpoints/0/tolerates_newer_version",
            "/tls/endpoints/0/tolerates_unknown",
            "/tls/endpoints/0/truncated_hmac",
            "/tls/endpoints/0/versions/-",
            "/tls/endpoints/0/without_name",
            "/tls/endpoints/0/wrong_name",
        ]
    );
    let negotiated = seen.endpoint.negotiated.known().unwrap().as_ref().unwrap();
    assert_eq!(negotiated.version, Tls13);
    assert_eq!(negotiated.group.as_deref(), Some("x25519"));
}

#[test]
fn the_command_shows_what_the_probe_saw() {
    let options = ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"];
    let Some((_server, port)) = serve(&["ec"], Some("inter.pem"), &options) else {
        return;
    };
    let names = Names::serve(&[(".", ROOT), ("site.example.", ZONE)]);
    let closed = free_port();
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_scrutineer"))
            .args(["tls", HOST, &format!("--resolver={}", names.address)])
            .arg(format!("--connect-to={ADDRESS}:443:127.0.0.1:{port}"))
            .arg(format!("--connect-to={ADDRESS}:80:127.0.0.1:{closed}"))
            .arg(format!(
                "--ca-file={}",
                Pki::get().path("root.pem").display()
            ))
            .args(arguments)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), text)
    };
    let (exit, text) = run(&[]);
    assert_eq!(exit, Some(0), "{text}");
    for line in [
        "192.0.2.80:443",
        "  TLS1.2: 1 suite\n      TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256\n",
        "chain                    2 sent, trusted",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(!text.contains("Not observed"), "{text}");
    let (exit, text) = run(&["--format", "json"]);
    assert_eq!(exit, Some(0));
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        document["tls"]["endpoints"][0]["versions"][0]["name"],
        "TLS1.2"
    );
    assert!(document["evidence"].as_array().unwrap().len() >= 2);
}
