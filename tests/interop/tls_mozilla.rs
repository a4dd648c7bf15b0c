//! Mozilla's three configurations, judged offline from one saved observation
//! of a server of each kind.

use std::{collections::BTreeSet, fs, process::Command};

use serde_json::Value;

use crate::support::{Names, folder, program, scan};
use crate::tls::{HOST, Pki, observe, serve};
use crate::tls_offers::bars;
use scrutineer::{
    model::level::Level,
    probes::tls::facts::{
        PreferenceBy,
        VersionName::{Tls12, Tls13},
    },
};

const ZONE: &str = "
$TTL 300
@ IN SOA ns1.site.example. hostmaster.site.example. 1 7200 3600 1209600 300
@ IN NS  ns1.site.example.
@ IN A   192.0.2.80
";
const ROOT: &str = "\n$TTL 300\n@ IN SOA ns hostmaster 1 7200 3600 1209600 300\n@ IN NS ns\n";

/// A server, and which checks fail under modern, intermediate and old.
struct Case {
    name: &'static str,
    leaf: &'static str,
    chain: &'static [&'static str],
    options: &'static [&'static str],
    fails: [&'static [&'static str]; 3],
}

const CASES: [Case; 3] = [
    Case {
        name: "modern",
        leaf: "deep",
        chain: &["below", "inter"],
        options: &["-tls1_3", "-groups", "X25519:P-256:P-384"],
        fails: [
            &[],
            &["tls.protocol.tls12-offered"],
            &[
                "cert.key.type",
                "cert.signature.allowed",
                "tls.protocol.tls12-offered",
            ],
        ],
    },
    Case {
        name: "intermediate",
        leaf: "rsa",
        chain: &["inter"],
        options: &[
            "-no_tls1",
            "-no_tls1_1",
            "-groups",
            "X25519:P-256:P-384",
            "-cipher",
            "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305",
        ],
        fails: [
            &[
                "cert.key.type",
                "cert.signature.allowed",
                "tls.protocol.allowed",
            ],
            &[],
            &["tls.preference.server"],
        ],
    },
    Case {
        name: "old",
        leaf: "rsa",
        chain: &["inter"],
        options: &[
            "-serverpref",
            "-groups",
            "X25519:P-256:P-384",
            "-cipher",
            "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA:AES128-SHA:@SECLEVEL=0",
        ],
        fails: [
            &[
                "cert.key.type",
                "cert.signature.allowed",
                "tls.preference.client",
                "tls.protocol.allowed",
            ],
            &[
                "tls.preference.client",
                "tls.protocol.allowed",
                "tls.suites.allowed",
            ],
            &[],
        ],
    },
];

/// Every suite of Mozilla's intermediate configuration, for both kinds of certificate.
const WHOLE: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:\
     ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:\
     ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:\
     DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384";

#[test]
fn the_whole_list_with_two_certificates_stays_below_the_bars() {
    for (more, by) in [
        (None, PreferenceBy::Client),
        (Some("-serverpref"), PreferenceBy::Server),
    ] {
        let groups = ["-groups", "X25519:P-256:P-384", "-cipher", WHOLE];
        let versions = ["-no_tls1", "-no_tls1_1"];
        let options: Vec<&str> = groups.into_iter().chain(versions).chain(more).collect();
        let Some((_server, port)) = serve(&["ec", "rsa"], None, &options) else {
            return;
        };
        let seen = observe(port, None, Level::Standard);
        assert_eq!(seen.versions(), [Tls12, Tls13]);
        assert_eq!(seen.suites(Tls12).len(), 8);
        assert_eq!(seen.preference(Tls12), Some(by));
        assert_eq!(seen.endpoint.certificates.known().unwrap().len(), 2);
        // On a busy machine, a connection that was opened ahead may be left over.
        let over = seen.over("whole list", bars(&[Tls12, Tls13], &[]));
        let over = over.and_then(|_| {
            let seen = observe(port, None, Level::Standard);
            seen.over("whole list", bars(&[Tls12, Tls13], &[]))
        });
        assert_eq!(over, None);
    }
}

#[test]
fn one_observation_is_judged_by_all_three() {
    let Some(_) = program("openssl", "openssl", "Mozilla's configurations") else {
        return;
    };
    let pki = Pki::get();
    for case in CASES {
        let name = case.name;
        let file = format!("mozilla-{name}.pem");
        let parts = case.chain.iter();
        let parts = parts.map(|part| fs::read_to_string(pki.path(&format!("{part}.pem"))).unwrap());
        fs::write(pki.path(&file), parts.collect::<String>()).unwrap();
        let (_server, port) = serve(&[case.leaf], Some(&file), case.options).unwrap();
        let names = Names::serve(&[(".", ROOT), ("site.example.", ZONE)]);
        let folder = folder();
        let run = folder.path().join("run.jsonl");
        scan([
            HOST.to_owned(),
            "--only=tls".to_owned(),
            "--connections-per-second=1000".to_owned(),
            format!("--resolver={}", names.address),
            format!("--connect-to=192.0.2.80:443:127.0.0.1:{port}"),
            format!("--ca-file={}", pki.path("root.pem").display()),
            format!("--save={}", run.display()),
        ]);
        for (profile, fails) in ["modern", "intermediate", "old"]
            .into_iter()
            .zip(case.fails)
        {
            let mut judge = Command::new(env!("CARGO_BIN_EXE_scrutineer"));
            judge.arg("judge").arg(&run).args(["--format", "json"]);
            let output = judge
                .arg(format!("--profile=mozilla-{profile}"))
                .output()
                .unwrap();
            let findings: Value = serde_json::from_slice(&output.stdout).unwrap();
            let of = |verdict: &str| -> BTreeSet<String> {
                let all = findings["findings"].as_array().unwrap().iter();
                all.filter(|finding| finding["verdict"] == verdict)
                    .map(|finding| finding["check"].as_str().unwrap().to_owned())
                    .collect()
            };
            let expected: BTreeSet<String> = fails.iter().map(|id| (*id).to_owned()).collect();
            assert_eq!(of("fail"), expected, "{name} under {profile}: {findings:#}");
            // The website itself was not looked at.
            let open = BTreeSet::from(["web.hsts.one-year".to_owned()]);
            assert_eq!(of("inconclusive"), open, "{name} under {profile}");
        }
    }
}
