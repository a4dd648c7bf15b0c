//! The TLS probe against OpenSSL's `s_server`: what it finds is exactly what
//! the configuration offers.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use scrutineer::{
    model::{gap::Gap, gap::GapReason, level::Level, observation::Cost, target::Target},
    net::{Limits, Net, NetConfig, Scope, StopSignal},
    probes::{
        registry::ProbeContext,
        tls::{PROBE, facts::*},
    },
    wire::{ct_logs::LogList, der},
};
use tempfile::TempDir;

use crate::support::{Names, Running, folder, free_port, program};
use crate::tls_offers::{ALL_GROUPS, bars};

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
const INTRUSIVE: [&str; 2] = ["/client_renegotiation", "/vulnerabilities"];
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
    let names = Names::serve(&[
        (".", ROOT),
        ("site.example.", question.zone),
        ("pki.example.", PKI_ZONE),
    ]);
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

/// Certificates for all tests, made once with OpenSSL.
pub struct Pki {
    folder: TempDir,
}

impl Pki {
    pub fn get() -> &'static Self {
        static PKI: OnceLock<Pki> = OnceLock::new();
        PKI.get_or_init(|| {
            let pki = Self { folder: folder() };
            pki.authority("root", None, "rsa:2048");
            pki.authority("inter", Some("root"), "rsa:2048");
            pki.authority("below", Some("inter"), "ec");
            let authority = "basicConstraints=critical,CA:TRUE";
            let short = format!("{authority},pathlen:0\n");
            pki.issue(
                "short",
                Some("root"),
                "ec",
                "Test short",
                &short,
                &["-days", "60"],
            );
            let bound = format!("{authority}\nnameConstraints=permitted;DNS:other.example\n");
            pki.issue(
                "bound",
                Some("root"),
                "ec",
                "Test bound",
                &bound,
                &["-days", "60"],
            );
            pki.authority("long", Some("short"), "ec");
            for (name, issuer, kind, host, more) in [
                (
                    "rsa",
                    "inter",
                    "rsa:2048",
                    HOST,
                    &["-days", "30", "-sha256"][..],
                ),
                ("ec", "inter", "ec", HOST, &["-days", "30"]),
                ("deep", "below", "ec", HOST, &["-days", "30"]),
                ("far", "long", "ec", HOST, &["-days", "30"]),
                ("outside", "bound", "ec", HOST, &["-days", "30"]),
                ("usurped", "ec", "ec", HOST, &["-days", "30"]),
                ("other", "inter", "ec", "other.example", &["-days", "30"]),
                ("ed", "inter", "ed25519", HOST, &["-days", "30"]),
                ("ended", "inter", "ec", "other.example", &["-days", "-1"]),
                ("weak", "inter", "rsa:1024", HOST, &["-days", "30"]),
                ("sha1", "inter", "rsa:2048", HOST, &["-days", "30", "-sha1"]),
                ("md5", "inter", "rsa:2048", HOST, &["-days", "30", "-md5"]),
                ("past", "inter", "ec", HOST, &["-days", "-1"]),
            ] {
                let usage = "extendedKeyUsage=serverAuth\n";
                let mut extensions = format!("subjectAltName=DNS:{host}\n{usage}");
                if ["rsa", "deep"].contains(&name) {
                    extensions += "authorityInfoAccess=caIssuers;URI:http://pki.example/i.der\n";
                }
                pki.issue(name, Some(issuer), kind, host, &extensions, more);
            }
            let client = format!("subjectAltName=DNS:{HOST}\nextendedKeyUsage=clientAuth\n");
            pki.issue(
                "client",
                Some("inter"),
                "ec",
                HOST,
                &client,
                &["-days", "30"],
            );
            pki.authority("self", None, "ec");
            let alone = format!("subjectAltName=DNS:{HOST}\n");
            pki.issue("alone", None, "ec", HOST, &alone, &["-days", "30"]);
            pki
        })
    }

    /// Signs bytes by SHA-256 with the key of this name.
    pub fn signature(&self, key: &str, bytes: &[u8]) -> Vec<u8> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let (message, signature) = (format!("message-{number}"), format!("signature-{number}"));
        fs::write(self.path(&message), bytes).unwrap();
        let key = format!("{key}.key");
        let sign = [
            "dgst", "-sha256", "-sign", &key, "-out", &signature, &message,
        ];
        self.openssl(&sign);
        fs::read(self.path(&signature)).unwrap()
    }

    /// A certificate of this PKI in DER.
    pub fn der(&self, name: &str) -> Vec<u8> {
        let pem = CertificateDer::from_pem_file(self.path(&format!("{name}.pem")));
        pem.unwrap().to_vec()
    }

    /// Writes a certificate that differs from another in its body, which its
    /// issuer signs anew with RSA.
    pub fn alter(&self, name: &str, as_name: &str, issuer: &str, edit: impl Fn(&[u8]) -> Vec<u8>) {
        let der = self.der(name);
        let mut parts = der::only(&der, der::SEQUENCE).unwrap().inside();
        let body = edit(parts.element().unwrap().whole);
        let algorithm = parts.element().unwrap().whole;
        let signature = [&[0][..], &self.signature(issuer, &body)].concat();
        let signature = der::write(der::BIT_STRING, &signature);
        self.keep(
            name,
            as_name,
            &der::sequence(&[&body, algorithm, &signature]),
        );
    }

    /// Writes a certificate for the key of another.
    pub fn keep(&self, name: &str, as_name: &str, der: &[u8]) {
        let text = BASE64_STANDARD.encode(der);
        let lines: Vec<&str> = text
            .as_bytes()
            .chunks(64)
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect();
        let lines = lines.join("\n");
        let pem = format!("-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n");
        fs::write(self.path(&format!("{as_name}.pem")), pem).unwrap();
        let key = |name: &str| self.path(&format!("{name}.key"));
        fs::copy(key(name), key(as_name)).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn openssl(&self, arguments: &[&str]) {
        let output = Command::new("openssl")
            .args(arguments)
            .current_dir(self.folder.path())
            .env("OPENSSL_CONF", "/dev/null")
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "openssl {arguments:?}: {errors}");
    }

    fn request(&self, name: &str, kind: &str, subject: &str) {
        let (key, csr) = (format!("{name}.key"), format!("{name}.csr"));
        let mut arguments = vec!["req", "-new", "-nodes", "-newkey", kind];
        if kind == "ec" {
            arguments.extend(["-pkeyopt", "ec_paramgen_curve:P-256"]);
        }
        fs::write(self.path("req.cnf"), "[req]\ndistinguished_name=dn\n[dn]\n").unwrap();
        let subject = format!("/CN={subject}");
        arguments.extend([
            "-config", "req.cnf", "-subj", &subject, "-keyout", &key, "-out", &csr,
        ]);
        self.openssl(&arguments);
    }

    fn sign(&self, name: &str, issuer: Option<&str>, extensions: &str, more: &[&str]) {
        let (csr, pem, key) = (
            format!("{name}.csr"),
            format!("{name}.pem"),
            format!("{name}.key"),
        );
        let file = format!("{name}.ext");
        fs::write(self.path(&file), extensions).unwrap();
        let mut arguments = vec!["x509", "-req", "-in", &csr, "-out", &pem, "-extfile", &file];
        let issuer = issuer.map(|issuer| (format!("{issuer}.pem"), format!("{issuer}.key")));
        match &issuer {
            Some((pem, key)) => arguments.extend(["-CA", pem, "-CAkey", key, "-CAcreateserial"]),
            None => arguments.extend(["-signkey", &key]),
        }
        arguments.extend(more);
        self.openssl(&arguments);
    }

    fn authority(&self, name: &str, issuer: Option<&str>, kind: &str) {
        let extensions = "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n";
        let subject = format!("Test {name}");
        self.issue(name, issuer, kind, &subject, extensions, &["-days", "60"]);
    }

    pub fn issue(
        &self,
        name: &str,
        issuer: Option<&str>,
        kind: &str,
        subject: &str,
        extensions: &str,
        more: &[&str],
    ) {
        self.request(name, kind, subject);
        self.sign(name, issuer, extensions, more);
    }
}

/// Starts `openssl s_server` with certificates and options.
pub fn serve(
    certificates: &[&str],
    chain: Option<&str>,
    options: &[&str],
) -> Option<(Running, u16)> {
    let openssl = program("openssl", "openssl", "TLS interop")?;
    let pki = Pki::get();
    let port = free_port();
    let mut command = Command::new(openssl);
    command.env("OPENSSL_CONF", "/dev/null");
    command.args([
        "s_server",
        "-quiet",
        "-accept",
        &format!("127.0.0.1:{port}"),
    ]);
    for (at, name) in certificates.iter().enumerate() {
        let (cert, key) = if at == 0 {
            ("-cert", "-key")
        } else {
            ("-dcert", "-dkey")
        };
        command.arg(cert).arg(pki.path(&format!("{name}.pem")));
        command.arg(key).arg(pki.path(&format!("{name}.key")));
    }
    if let Some(chain) = chain {
        command.arg("-cert_chain").arg(pki.path(chain));
        if certificates.len() > 1 {
            command.arg("-dcert_chain").arg(pki.path(chain));
        }
    }
    command.args(options);
    let log = pki.path(&format!("log-{port}"));
    Some((Running::start(&mut command, &[port], &log), port))
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
